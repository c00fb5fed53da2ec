"""Whether integers overflow in an operation: NumPy tells of that for single values, and not for arrays of them."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

OVERFLOWING: dict[Callable[..., Any], Callable[..., int]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.negative: operator.neg,
    np.absolute: operator.abs,
}
"""The operations of single integers that warn, as they are for integers without end."""


def overflows(function: Callable[..., Any], values: list[Any], dtype: np.dtype) -> bool:
    """Says whether an operation gives, for any of its integers, what a dtype has no room for.

    Args:
        function: one of `OVERFLOWING`.
        values: what it is called with: arrays and single integers.
        dtype: the dtype of its results.

    Example:
        >>> numbers = np.array([1, 100], np.int8)
        >>> overflows(np.add, [numbers, 27], numbers.dtype), overflows(np.add, [numbers, 28], numbers.dtype)
        (False, True)
    """
    least, most = _limits(dtype)
    ends = [(int(value.min()), int(value.max())) if np.ndim(value) else (int(value),) for value in values]
    met = [OVERFLOWING[function](*one) for one in itertools.product(*ends)]
    if least <= min(met) and max(met) <= most:  # whichever of them meet
        return False
    exact = function(*(np.asarray(value).astype(object) for value in values))
    return bool(exact.min() < least or exact.max() > most)


@functools.cache
def _limits(dtype: np.dtype) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)
