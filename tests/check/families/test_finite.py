"""FL201: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

ROWS = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, 300)


def with_value(value: float, row: int = 70, column: int = 2) -> np.ndarray:
    rows = ROWS.copy()
    rows[row, column] = value
    return rows


def table(rows: Any, labels: Any = LABELS) -> Any:
    return fl.Dataset.from_tensor_slices((rows, labels))


def test_a_cell_of_a_table(flagged: Look) -> None:
    finding = flagged(table(with_value(np.nan)).batch(32), "FL201")
    assert "NaN 1 time, in 1 of 300 elements, in column 2 of 5" in finding.seen
    assert "element 70, which is row 70 of the arrays" in finding.where
    assert ".filter(lambda x, y: np.isfinite(x).all()) in front of .batch(32)" in finding.fix


def test_the_fix_mends_it(clean: Look) -> None:
    ds = table(with_value(np.nan)).filter(lambda x, y: bool(np.isfinite(x).all()))
    clean(ds.batch(32), "FL201")


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity(value: float, flagged: Look) -> None:
    assert "infinity is among the inputs" in flagged(table(with_value(value)).batch(32), "FL201").message


def test_labels_and_weights(flagged: Look) -> None:
    targets = with_value(np.nan)[:, 2]
    assert "among the labels" in flagged(table(ROWS, targets).batch(32), "FL201").message
    weighted = fl.Dataset.from_tensor_slices((ROWS, LABELS, targets))
    assert "among the sample weights" in flagged(weighted.batch(32), "FL201").message


def test_a_feature_of_a_dict(flagged: Look) -> None:
    inputs = {"age": with_value(np.nan)[:, 2], "size": ROWS[:, 0]}
    finding = flagged(table(inputs).batch(32), "FL201")
    assert "x['age']" in finding.seen
    assert "np.isfinite(x['age']).all()" in finding.fix


def test_the_step_that_makes_it(flagged: Look) -> None:
    rows = np.abs(ROWS)
    rows[9] = 0

    def logarithms(x: Any, y: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(x), y

    finding = flagged(table(rows).map(lambda x, y: (x * 2, y)).map(logarithms).batch(32), "FL201")
    assert "map(logarithms) makes it of finite numbers" in finding.message


def test_a_step_behind_the_batches(flagged: Look) -> None:
    def divided(x: Any, y: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return (x - x) / x.std(axis=1, keepdims=True), y

    flagged(table(np.ones_like(ROWS)).batch(30).map(divided), "FL201")


def test_in_a_stream(flagged: Look) -> None:
    def rows() -> Iterator[Any]:
        yield from zip(with_value(np.nan), LABELS, strict=True)

    flagged(fl.Dataset.from_generator(rows).batch(32), "FL201")


def test_mended_behind_the_batches(clean: Look) -> None:
    clean(table(with_value(np.nan)).batch(32).map(lambda x, y: (np.nan_to_num(x), y)), "FL201")


def test_finite(clean: Look) -> None:
    clean(table(ROWS).batch(32), "FL201")
    clean(table(ROWS * 1e37).batch(32), "FL201")
    clean(table(np.where(ROWS > 3, np.finfo(np.float32).max, ROWS)).batch(32), "FL201")


def test_a_mask_that_attention_adds(clean: Look) -> None:
    mask = np.where(ROWS > 0, 0, -np.inf).astype(np.float32)
    clean(table({"words": np.abs(ROWS * 100).astype(np.int64), "mask": mask}).batch(32), "FL201")


def test_strings_and_integers(clean: Look) -> None:
    clean(table((np.array([b"nan", b"inf", b"x"], object)[LABELS], LABELS)).batch(32), "FL201")


def test_labels_are_not_made_up(flagged: Look) -> None:
    labels = LABELS.astype(np.float32)
    labels[7] = np.nan
    fix = flagged(table(ROWS, labels).batch(32), "FL201").fix
    assert "np.isfinite(y).all()" in fix
    assert "mend them where the labels come from" in fix
    assert "median" not in fix


def test_numpy_warns_of_nothing(flagged: Look, recwarn: Any) -> None:
    rows = np.random.default_rng(0).integers(0, 2**32, (96, 16), dtype=np.uint32).view(np.float32)
    flagged(table(rows, np.arange(96) % 3).shuffle(96).batch(8), "FL201", against=table(rows[:48], np.arange(48) % 3))
    assert [str(warning.message) for warning in recwarn.list if warning.category is RuntimeWarning] == []


def test_what_the_user_has_raise_is_found(flagged: Look) -> None:
    with np.errstate(divide="raise"):
        ds = table(ROWS, LABELS).map(lambda x, y: (x / np.zeros(1, np.float32), y)).batch(32)
        assert "FloatingPointError" in flagged(ds, "FL100").message
