"""FL215: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
COUNT = 400
ROWS = GENERATOR.normal(10, 2, (COUNT, 5)).astype(np.float32)
HEIGHTS = GENERATOR.normal(170, 9, COUNT).astype(np.float32)
LABELS = GENERATOR.integers(0, 3, COUNT)
SOME = np.arange(COUNT) % 23 == 5


def table(values: Any) -> Any:
    return fl.Dataset.from_tensor_slices((values, LABELS)).shuffle(COUNT).batch(32)


def with_column(values: Any, column: int = 2) -> np.ndarray:
    rows = ROWS.copy()
    rows[:, column] = values
    return rows


@pytest.mark.parametrize("value", [-999, -9999, 9999, 999999, -99, 1e20, np.finfo(np.float32).min])
def test_a_column(value: float, flagged: Look) -> None:
    finding = flagged(table(with_column(np.where(SOME, value, ROWS[:, 2]))), "FL215")
    assert finding.message.startswith("column 2 of x is ")
    assert finding.message.endswith(" where a value is missing.")
    assert "comes 18 times in all 400 elements" in finding.seen
    assert finding.where[0].startswith("element ")


def test_the_fix_mends_it(flagged: Look, clean: Look) -> None:
    rows = with_column(np.where(SOME, -999, ROWS[:, 2]))
    assert "np.where(x == -999, np.nan, x)" in flagged(table(rows), "FL215").fix
    clean(table(np.where(rows == -999, np.median(rows), rows)), "FL215")


def test_a_column_of_a_dict(flagged: Look) -> None:
    features = {"height": np.where(SOME, -1, HEIGHTS).astype(np.float32), "age": ROWS[:, 0]}
    assert flagged(table(features), "FL215").message == "x['height'] is -1 where a value is missing."


def test_incomes_of_any_size(flagged: Look) -> None:
    incomes = GENERATOR.lognormal(10, 2, COUNT)
    flagged(table(with_column(np.where(SOME, -999, incomes))), "FL215")


def test_minus_1_among_small_numbers(clean: Look) -> None:
    clean(table(with_column(np.where(SOME, -1, GENERATOR.random(COUNT)))), "FL215")
    clean(table(with_column(np.where(SOME, -1, GENERATOR.integers(0, 40, COUNT)))), "FL215")


def test_balances_below_zero(clean: Look) -> None:
    balances = np.round(GENERATOR.normal(100, 800, COUNT))
    balances[:5] = -999
    clean(table(with_column(balances)), "FL215")


def test_values_cut_off_at_9999(clean: Look) -> None:
    clean(table(with_column(np.minimum(9999, GENERATOR.lognormal(8, 1.5, COUNT)))), "FL215")


def test_one_such_number_is_none(clean: Look) -> None:
    clean(table(with_column(np.where(np.arange(COUNT) == 3, -999, ROWS[:, 2]))), "FL215")


def test_few_different_values(clean: Look) -> None:
    clean(table(with_column(np.where(SOME, -99, GENERATOR.integers(0, 4, COUNT)))), "FL215")


def test_rows_that_are_filled_up(clean: Look) -> None:
    lengths = GENERATOR.integers(2, 13, COUNT)
    padded = np.where(np.arange(12) < lengths[:, None], GENERATOR.random((COUNT, 12)), -999).astype(np.float32)
    clean(table(padded), "FL215")
    clean(table(padded[:, ::-1].copy()), "FL215")
    clean(table(padded[..., None]), "FL215")


def test_a_model_that_knows_it(flagged: Look, clean: Look) -> None:
    keras = pytest.importorskip("keras")

    class FillIn(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.where(x == -999.0, 10.0, x)

    def model(*first: Any) -> Any:
        model = keras.Sequential([keras.Input((5,)), *first, keras.layers.Dense(3, activation="softmax")])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        return model

    ds = table(with_column(np.where(SOME, -999, ROWS[:, 2])))
    flagged(ds, "FL215", model=model())
    clean(ds, "FL215", model=model(FillIn()))
    clean(ds, "FL215", model=model(keras.layers.Masking(mask_value=-999.0)))
    clean(ds, "FL215", model=model(keras.layers.Lambda(lambda x: keras.ops.where(x == -999.0, 10.0, x))))


def test_pictures_and_whole_numbers(clean: Look) -> None:
    clean(table(np.where(SOME, -999, GENERATOR.integers(0, 50, COUNT))), "FL215")
    pictures = GENERATOR.normal(0, 1, (COUNT, 8, 8, 1)).astype(np.float32)
    pictures[SOME, :2] = -999
    clean(table(pictures), "FL215")
