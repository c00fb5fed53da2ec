"""Statistics of components, beside NumPy's."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.statistics import Statistics

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize("batched", [True, False])
def test_moments(dtype: str, batched: bool) -> None:
    values = [(GENERATOR.random((5, 4)) * 100).astype(dtype) for _ in range(7)]
    found = Statistics(values, batched)
    whole = np.stack(values).astype(np.float64)
    assert found.count == whole.size
    assert found.minimum == whole.min()
    assert found.maximum == whole.max()
    assert found.mean == pytest.approx(whole.mean())
    assert found.std == pytest.approx(whole.std(), rel=1e-4)
    assert (found.nan_count, found.inf_count, found.constant) == (0, 0, False)
    assert found.integer_valued == (np.dtype(dtype).kind in "iu")
    assert sum(found.row_shapes.values()) == (35 if batched else 7)


def test_values_that_are_not_finite() -> None:
    values = [np.array([1, np.nan, 3], np.float32), np.array([np.inf, -np.inf, np.nan], np.float32)]
    found = Statistics(values, False)
    assert (found.count, found.nan_count, found.inf_count) == (2, 2, 2)
    assert (found.minimum, found.maximum, found.mean) == (1, 3, 2)
    nothing = Statistics([np.full(3, np.nan)], False)
    assert nothing.minimum is nothing.maximum is nothing.mean is nothing.std is None
    assert not nothing.in_unit


def test_large_numbers_do_not_overflow() -> None:
    found = Statistics([np.array([1e30, -1e30], np.float32)], False)
    assert found.std == pytest.approx(1e30)


def test_ranges() -> None:
    unit, byte = Statistics([np.linspace(0, 1, 9)], False), Statistics([np.arange(256, dtype=np.uint8)], False)
    assert (unit.in_unit, unit.in_255) == (True, False)
    assert (byte.in_unit, byte.in_255) == (False, True)
    assert unit.within(0, 1)
    assert not unit.within(0.1, 1)


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ([np.zeros((2, 2)), np.zeros((2, 2))], True),
        ([np.zeros(2), np.ones(2)], False),
        ([np.zeros(2), np.array([0, np.nan])], False),
        ([b"a", b"a"], True),
        ([b"a", b"b"], False),
        ([np.True_, np.True_], True),
    ],
)
def test_constant(values: list[Any], constant: bool) -> None:
    assert Statistics(values, False).constant is constant


def test_distinct_values() -> None:
    assert Statistics([np.int64(3), np.int64(3), np.int64(5)], False).distinct == Counter({3: 2, 5: 1})
    assert Statistics([np.array([3, 3]), np.array([5])], True).distinct == Counter({3: 2, 5: 1})
    assert Statistics([b"a", b"b"], False).distinct == Counter({b"a": 1, b"b": 1})
    assert Statistics([np.zeros(3)], False).distinct is None
    assert Statistics([np.float32(1), np.float32("nan")], False).distinct == Counter({1.0: 1})


def test_whole_numbers_as_floats() -> None:
    assert Statistics([np.array([1.0, 2.0])], False).integer_valued
    assert not Statistics([np.array([1.0, 2.5])], False).integer_valued


def test_lengths() -> None:
    assert Statistics([np.zeros(3), np.zeros((5, 2))], False).lengths.tolist() == [3, 5]
    assert Statistics([np.zeros((2, 7)), np.zeros((1, 4))], True).lengths.tolist() == [7, 7, 4]
    assert Statistics([np.float32(1)], False).lengths.tolist() == []


def test_ragged_values() -> None:
    ds = fl.Dataset.from_generator(lambda: iter([np.arange(3), np.arange(1)])).ragged_batch(2)
    found = Statistics(list(ds), True)
    assert found.lengths.tolist() == [3, 1]
    assert (found.count, found.maximum) == (4, 2)
    assert found.row_shapes == Counter({(3,): 1, (1,): 1})


def test_no_values() -> None:
    nothing = Statistics([], False)
    assert (nothing.dtype, nothing.count, nothing.constant, nothing.is_number) == (None, 0, False, False)
