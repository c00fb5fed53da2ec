"""Copies of the arrays that a function refers to: they lie in memory as the arrays do, which sums depend on."""

from __future__ import annotations

import numpy as np
from numpy.lib.array_utils import byte_bounds


def copy_as_it_lies(array: np.ndarray, most_bytes: int) -> np.ndarray | None:
    """Returns a copy with the strides of an array; None where it is spread over too much memory.

    Args:
        array: of numbers.
        most_bytes: how much memory the copy may take.

    Example:
        >>> table = np.arange(12.0).reshape(3, 4)
        >>> copy_as_it_lies(table.T, 1000).strides, copy_as_it_lies(table[:, ::-2], 1000).strides
        ((8, 32), (32, -16))
    """
    copy = array.copy(order="K")
    if copy.strides == array.strides or array.size < 2:
        return copy
    low, high = byte_bounds(array)
    if high - low > most_bytes:
        return None
    memory = np.empty(-(-(high - low) // array.itemsize), array.dtype)
    steps = zip(array.strides, array.shape, strict=True)
    start = -sum(step * (length - 1) for step, length in steps if step < 0)
    spread = np.ndarray(array.shape, array.dtype, memory, start, array.strides)
    spread[...] = array
    return spread
