"""FL216 and FL217: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
COUNT = 400
ROWS = GENERATOR.normal(size=(COUNT, 5)).astype(np.float32)
PRICES = (200 + 40 * ROWS[:, 0] + 5 * GENERATOR.normal(size=COUNT)).astype(np.float32)
LABELS = (ROWS[:, 0] + GENERATOR.normal(size=COUNT) > 0).astype(np.int64)
NUMBERS = np.arange(COUNT, dtype=np.float32)[:, None]


def table(values: Any, labels: Any) -> Any:
    return fl.Dataset.from_tensor_slices((values, labels)).shuffle(COUNT).batch(32)


def with_target(target: Any) -> np.ndarray:
    return np.concatenate([ROWS, np.asarray(target, np.float32)[:, None]], axis=1)


def test_the_target_is_a_column(flagged: Look) -> None:
    finding = flagged(table(with_target(PRICES), PRICES), "FL216")
    assert finding.severity == "error"
    assert finding.message == "column 5 of x is the target."
    assert "y = column 5 of x in all 400 elements" in finding.seen
    assert "np.delete(x, 5, axis=-1)" in finding.fix


def test_the_fix_mends_it(clean: Look) -> None:
    clean(table(np.delete(with_target(PRICES), 5, axis=-1), PRICES), "FL216")


def test_the_target_on_another_scale(flagged: Look) -> None:
    scaled = (PRICES - PRICES.mean()) / PRICES.std()
    finding = flagged(table(with_target(scaled), PRICES), "FL216")
    assert finding.message == "column 5 of x is the target on another scale."
    assert "* column 5 of x + " in finding.seen


def test_the_class_is_a_column(flagged: Look) -> None:
    classes = GENERATOR.integers(0, 4, COUNT)
    assert flagged(table(with_target(classes), classes), "FL216").severity == "warning"
    flagged(table(with_target(10 - classes), classes), "FL216")


def test_one_of_two_classes(flagged: Look, clean: Look) -> None:
    """A mark may tell it by nature; what is named as the label does not."""
    clean(table(with_target(LABELS), LABELS), "FL216")
    features = {"age": ROWS[:, 0], "income": ROWS[:, 1], "mark": LABELS.astype(np.float32)}
    clean(table(features, LABELS), "FL216")
    features["Label"] = features.pop("mark")
    flagged(table(features, LABELS), "FL216")


def test_a_dict_that_kept_its_target(flagged: Look, clean: Look) -> None:
    features = {"age": ROWS[:, 0], "income": ROWS[:, 1], "rooms": ROWS[:, 2]}
    finding = flagged(table({**features, "price": PRICES}, PRICES), "FL216")
    assert finding.message == "x['price'] is the target."
    clean(table(features, PRICES), "FL216")


def test_what_is_kept_beside_the_inputs(flagged: Look, clean: Look) -> None:
    keras = pytest.importorskip("keras")
    columns = {"age": ROWS[:, 0], "income": ROWS[:, 1], "exact": PRICES}
    clean(fl.Dataset.from_tensor_slices({**columns, "target": PRICES / 100}).batch(32), "FL216")

    def model(*names: str) -> Any:
        inputs = {name: keras.Input((1,), name=name) for name in names}
        model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(list(inputs.values()))))
        model.compile("adam", "mse")
        return model

    rows = {name: values[:, None] for name, values in columns.items()}
    clean(table(rows, PRICES), "FL216", model=model("age", "income"))
    flagged(table(rows, PRICES), "FL216", model=model("age", "income", "exact"))


def test_what_only_nearly_tells_it(clean: Look) -> None:
    noise = 0.01 * GENERATOR.normal(size=COUNT)
    clean(table(with_target(PRICES + noise), PRICES), "FL216")
    classes = GENERATOR.integers(0, 4, COUNT)
    clean(table(with_target(np.where(np.arange(COUNT) == 7, 3 - classes, classes)), classes), "FL216")
    clean(table(with_target(np.log(PRICES)), PRICES), "FL216")


def test_a_straight_line(clean: Look) -> None:
    line = np.linspace(-1, 1, COUNT, dtype=np.float32)
    clean(table(line, 2 * line + 1), "FL216")
    clean(table(line[:, None], 2 * line + 1), "FL216")


def test_classes_that_the_model_takes_as_well(clean: Look) -> None:
    pictures = GENERATOR.random((COUNT, 8, 8, 3), np.float32)
    clean(table({"image": pictures, "label": LABELS}, LABELS), "FL216")
    clean(table({"row": ROWS, "label": LABELS}, LABELS), "FL216")


def test_one_class_nearly_everywhere(clean: Look) -> None:
    rare = (np.arange(COUNT) % 50 == 3).astype(np.int64)
    clean(table(with_target(rare), rare), "FL216")


def test_series_that_go_on_as_they_went(clean: Look) -> None:
    for series in (np.arange(430.0), np.sin(np.arange(430) * 2 * np.pi / 24), np.arange(430) % 8.0):
        windows = np.lib.stride_tricks.sliding_window_view(series, 25).astype(np.float32)[:COUNT]
        clean(table(windows[:, :24], windows[:, 24]), "FL216")


def test_further_elements_are_looked_at(clean: Look) -> None:
    rows = GENERATOR.normal(size=(3000, 3)).astype(np.float32)
    target = rows.sum(axis=1)
    column = target.copy()
    column[1::2] += 1
    from feedline.check.looking import spread

    seen = spread(3000, 512)
    column[seen] = target[seen]
    rows = np.concatenate([rows, column[:, None]], axis=1)
    clean(fl.Dataset.from_tensor_slices((rows, target)), "FL216")


def test_the_number_of_the_row(flagged: Look) -> None:
    rows = np.concatenate([NUMBERS, ROWS], axis=1)
    finding = flagged(table(rows, LABELS), "FL217")
    assert finding.message == "column 0 of x is the number of the row."
    assert "np.delete(x, 0, axis=-1)" in finding.fix
    flagged(table(rows + np.eye(1, 6, dtype=np.float32), LABELS), "FL217")
    flagged(fl.Dataset.from_tensor_slices((rows, LABELS)).batch(32), "FL217")


def test_the_number_of_the_row_scaled(flagged: Look) -> None:
    ds = fl.Dataset.from_tensor_slices((np.concatenate([NUMBERS, ROWS], axis=1), LABELS)).shuffle(COUNT)
    flagged(ds.map(lambda row, label: (row / np.float32(100), label)).batch(32), "FL217")
    clean_again = ds.map(lambda row, label: (row[1:], label)).batch(32)
    assert "FL217" not in clean_again.check(show=False).codes


def test_of_many_rows(flagged: Look) -> None:
    rows = np.stack([np.arange(50_000.0), GENERATOR.normal(size=50_000)], axis=1).astype(np.float32)
    flagged(fl.Dataset.from_tensor_slices((rows, GENERATOR.integers(0, 2, 50_000))).shuffle(50_000).batch(32), "FL217")


def test_numbers_in_another_order(clean: Look) -> None:
    order = GENERATOR.permutation(COUNT)
    clean(table(np.concatenate([NUMBERS[order], ROWS], axis=1), LABELS), "FL217")
    clean(table(np.concatenate([NUMBERS + 1900, ROWS], axis=1), LABELS), "FL217")


def test_numbers_that_stand_for_rows(clean: Look) -> None:
    clean(table(NUMBERS.repeat(4, axis=1), LABELS), "FL217")


def test_time_as_an_input_of_a_prediction(clean: Look) -> None:
    clean(table(np.concatenate([NUMBERS, ROWS], axis=1), PRICES), "FL217")


def test_numbers_kept_beside_the_inputs(flagged: Look, clean: Look) -> None:
    keras = pytest.importorskip("keras")
    ds = table({"id": NUMBERS, "row": ROWS}, LABELS)
    clean(ds, "FL217")

    def model(*names: str) -> Any:
        inputs = {name: keras.Input((1 if name == "id" else 5,), name=name) for name in names}
        joined = keras.layers.Concatenate()(list(inputs.values())) if len(inputs) > 1 else inputs["row"]
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(joined))
        model.compile("adam", "binary_crossentropy")
        return model

    clean(ds, "FL217", model=model("row"))
    flagged(ds, "FL217", model=model("id", "row"))
