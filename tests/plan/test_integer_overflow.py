"""That integers overflow is found as it is for single integers of NumPy's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from feedline.plan.integer_overflow import OVERFLOWING, overflows


def _warns(function: np.ufunc, values: tuple) -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        OVERFLOWING[function](*values)
    return bool(caught)


@pytest.mark.parametrize("function", OVERFLOWING, ids=lambda function: function.__name__)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_all_pairs_are_told_as_numpy_tells_of_single_ones(function: np.ufunc, dtype: str) -> None:
    limits = np.iinfo(dtype)
    ends = sorted({limits.min, limits.min + 1, limits.min // 2, 0, 1, 2, limits.max // 2, limits.max - 1, limits.max})
    numbers = np.array(ends, dtype)
    for one in numbers:
        for other in numbers if function.nin == 2 else numbers[:1]:
            values = (one, other)[: function.nin]
            given = [np.array([value]) for value in values]
            assert overflows(function, given, numbers.dtype) == _warns(function, values)


def test_those_that_only_could_overflow_if_they_met_do_not() -> None:
    numbers = np.array([100, -100], np.int8)
    assert not overflows(np.subtract, [numbers, numbers], numbers.dtype)
    assert overflows(np.subtract, [numbers, -numbers], numbers.dtype)
