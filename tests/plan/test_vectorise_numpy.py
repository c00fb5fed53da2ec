"""What NumPy does beyond values, on blocks as for single elements: rounding, casts, warnings, overflows."""

from __future__ import annotations

import warnings

import numpy as np
import optree
import pytest

import feedline as fl
from feedline.plan import vectorise


def _late(value: float, dtype: str = "float32", shape: tuple[int, ...] = (3,)) -> np.ndarray:
    """Returns rows that look harmless in the blocks that are compared, and do not behind them."""
    rows = np.ones((800, *shape), dtype)
    rows[600:] = value
    return rows


def _both_ways(function, rows: np.ndarray, monkeypatch) -> tuple[list[bytes], list[bytes]]:
    dataset = fl.Dataset.from_tensor_slices(rows).map(function).batch(50)
    on_blocks = [batch.tobytes() for batch in dataset]
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    return on_blocks, [batch.tobytes() for batch in dataset]


def _maximum_in_place(row):
    np.maximum(row, 0, out=row)
    return row


def _clip_in_place(row):
    np.clip(row, 0, 1, row)
    return row


@pytest.mark.parametrize(
    ("function", "rows"),
    [
        (lambda row: np.add(row, 1, dtype=np.int64), _late(255, "uint8")),
        (lambda row: np.multiply(row, 2, where=row > 0, out=np.array([7.0, 7, 7], np.float32)), _late(-1)),
        (_maximum_in_place, _late(-1)),
        (_clip_in_place, _late(-1)),
    ],
)
def test_what_numpy_is_told_beyond_values_counts(function, rows, monkeypatch) -> None:
    on_blocks, one_by_one = _both_ways(function, rows, monkeypatch)
    assert on_blocks == one_by_one


@pytest.mark.parametrize(
    "function",
    [
        lambda row: np.sum(np.transpose(row)),
        lambda row: np.mean(np.transpose(row) * 2, axis=0),
        lambda row: np.sum(fl.image.transpose(row[..., None]) * 2),
    ],
)
def test_sums_are_added_up_in_the_same_order(function, monkeypatch) -> None:
    rows = _late(1, shape=(40, 30))
    rows[600:] = np.random.default_rng(0).normal(size=(200, 40, 30))
    on_blocks, one_by_one = _both_ways(function, rows, monkeypatch)
    assert on_blocks == one_by_one


@pytest.mark.parametrize("value", [-5e9, 1e10, np.nan])
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_casts_beyond_the_range_are_those_of_one_element(value, monkeypatch) -> None:
    on_blocks, one_by_one = _both_ways(lambda row: row.astype(np.uint32), _late(value), monkeypatch)
    assert on_blocks == one_by_one


def test_numpy_warns_and_raises_as_it_would_for_one_element() -> None:
    dataset = fl.Dataset.from_tensor_slices(_late(0)).map(lambda row: 1 / row).batch(50)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        list(dataset)
    with np.errstate(divide="raise"), pytest.raises(fl.errors.UserFunctionError, match="element 600"):
        list(dataset)
    with np.errstate(divide="ignore"):
        assert np.isinf(list(dataset)[-1]).all()


OVERFLOWING = {
    "plus": lambda number: number + 100,
    "minus": lambda number: -100 - number,
    "times": lambda number: number * 2,
    "negative": lambda number: -(-number - 1),
    "absolute": lambda number: abs(-number - 1),
}


@pytest.mark.parametrize("name", OVERFLOWING)
@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_single_integers_that_overflow_warn_and_raise_at_the_users_line(name: str, dtype: str) -> None:
    rows = np.ones(400, dtype)
    rows[200:] = np.iinfo(dtype).max
    dataset = fl.Dataset.from_tensor_slices(rows).map(OVERFLOWING[name]).batch(50)
    with pytest.warns(RuntimeWarning, match="overflow encountered in scalar") as caught:
        warned = [batch.tobytes() for batch in dataset]
    assert {warning.filename for warning in caught} == {__file__}
    with np.errstate(over="raise"), pytest.raises(fl.errors.UserFunctionError, match="element 200"):
        list(dataset)
    with np.errstate(over="ignore"):
        assert [batch.tobytes() for batch in dataset] == warned


def test_integers_that_do_not_overflow_stay_on_blocks() -> None:
    rows = np.array([-(1 << 30), 1 << 30] * 100, np.int32)
    dataset = fl.Dataset.from_tensor_slices((rows, -rows // 4)).map(lambda one, other: one + other).batch(50)
    assert [int(batch.sum()) for batch in dataset] == [0] * 4
    assert "; runs on blocks\n" in dataset.explain()


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a * b,
        lambda a, b: np.square(a) + b,
        lambda a, b: abs(a) + b,
        lambda a, b: (a * np.complex64(1 + 2j), b),
        lambda a, b: a**2,
    ],
)
def test_single_complex_numbers_have_the_bits_of_single_elements(function, monkeypatch) -> None:
    values = np.zeros(800, np.complex64)
    values[600:] = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32).view(np.complex64)[:, 0]
    dataset = fl.Dataset.from_tensor_slices((values, values[::-1].copy())).map(function).batch(50)
    on_blocks = [[part.tobytes() for part in optree.tree_leaves(batch)] for batch in dataset]
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    assert on_blocks == [[part.tobytes() for part in optree.tree_leaves(batch)] for batch in dataset]


def test_numpy_compares_strings_on_blocks_as_it_does_single_ones(monkeypatch) -> None:
    texts = np.array([b"dog"] * 300 + [b"cat", b"cat\0"] * 50, object)
    dataset = fl.Dataset.from_tensor_slices(texts).map(lambda text: np.equal(text, b"cat")).batch(50)
    assert sum(int(batch.sum()) for batch in dataset) == 100


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda row: row.astype(np.float32), 1e300),
        (lambda row: row.astype(np.int32), np.nan),
        (lambda row: np.mean(row), np.inf),
        (lambda row: np.round(row * 1e308, 1), 1e300),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_warnings_name_the_line_that_they_name_for_single_elements(function, value, first, monkeypatch) -> None:
    rows = _late(value, "float64")
    rows[600:, 0] = -value
    rows = rows[::-1] if first else rows
    dataset = fl.Dataset.from_tensor_slices(rows).map(function).batch(50)

    def told() -> set[tuple[str, int]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            list(dataset)
        return {(warning.filename, warning.lineno) for warning in caught}

    on_blocks = told()
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    assert on_blocks == told()
    assert not any("plan" in filename and "src" in filename for filename, _ in on_blocks)
