"""FL209: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(600, 6)).astype(np.float32)
LABELS = GENERATOR.integers(0, 5, 600)
RARELY = GENERATOR.random(600) < 0.03
IMAGES = GENERATOR.random((600, 16, 16, 1), np.float32)


def table(labels: Any, rows: Any = ROWS) -> Any:
    return fl.Dataset.from_tensor_slices((rows, labels)).shuffle(600).batch(32)


def model(units: int, loss: Any = "sparse_categorical_crossentropy") -> Any:
    keras = pytest.importorskip("keras")
    activation = "softmax" if units > 1 else "sigmoid"
    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(units, activation=activation, name="classes")])
    made.compile(loss=loss)
    return made


def segmenter(units: int, loss: Any) -> Any:
    keras = pytest.importorskip("keras")
    activation = "softmax" if units > 1 else "sigmoid"
    made = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(units, 1, activation=activation)])
    made.compile(loss=loss)
    return made


def test_labels_from_one(flagged: Look) -> None:
    finding = flagged(table(LABELS + 1), "FL209", model=model(5))
    assert finding.message == "labels from 1 to 5 go to the output 'classes', which knows 0 to 4."
    assert "(x, y - 1)" in finding.fix


@pytest.mark.parametrize("shape", [(600,), (600, 1)])
def test_minus_one(shape: tuple[int, ...], flagged: Look) -> None:
    labels = np.where(RARELY, -1, LABELS).reshape(shape)
    assert flagged(table(labels), "FL209", model=model(5)).severity == "error"
    finding = flagged(table(labels), "FL209")
    assert finding.severity == "warning"
    assert finding.seen.startswith("y is -1 in ")


def test_one_too_few(flagged: Look) -> None:
    assert "They begin at -1" in flagged(table(LABELS - 1), "FL209").fix


def test_two_classes_that_are_not_0_and_1(flagged: Look) -> None:
    flagged(table(LABELS % 2 + 1), "FL209", model=model(1, "binary_crossentropy"))
    flagged(table((LABELS % 2).astype(np.float32) * 2 - 1), "FL209", model=model(1, "binary_crossentropy"))


def test_a_class_of_each_pixel(flagged: Look, clean: Look) -> None:
    keras = pytest.importorskip("keras")
    masks = np.where(IMAGES[..., 0] > 0.95, 255, LABELS[:, None, None]).astype(np.uint8)
    loss = keras.losses.SparseCategoricalCrossentropy
    assert "ignore_class=255" in flagged(table(masks, IMAGES), "FL209", model=segmenter(5, loss())).fix
    clean(table(masks, IMAGES), "FL209", model=segmenter(5, loss(ignore_class=255)))


def test_masks_of_0_and_255(flagged: Look, clean: Look) -> None:
    masks = np.where(IMAGES > 0.6, 255, 0).astype(np.uint8)
    assert flagged(table(masks, IMAGES), "FL209", model=segmenter(1, "binary_crossentropy")).severity == "error"
    assert "fl.cast(mask > 127, fl.float32)" in flagged(table(masks, IMAGES), "FL209").fix
    clean(table(masks // 255, IMAGES), "FL209", model=segmenter(1, "binary_crossentropy"))
    clean(table(masks, (IMAGES * 255).astype(np.uint8)), "FL209")  # nothing is scaled yet


def test_in_range(clean: Look) -> None:
    clean(table(LABELS), "FL209", model=model(5))
    clean(table(LABELS), "FL209", model=model(8))
    clean(table(LABELS % 2), "FL209", model=model(1, "binary_crossentropy"))
    clean(table((LABELS % 2) * 0.8 + 0.1), "FL209", model=model(1, "binary_crossentropy"))


def test_what_weighs_nothing(clean: Look) -> None:
    labels, weights = np.where(RARELY, -1, LABELS), np.where(RARELY, 0, 1).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices((ROWS, labels, weights)).batch(32)
    clean(ds, "FL209", model=model(5))
    clean(ds, "FL209")


def test_what_the_loss_ignores(clean: Look) -> None:
    keras = pytest.importorskip("keras")
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    clean(table(np.where(RARELY, -1, LABELS)), "FL209", model=model(5, loss))


@pytest.mark.parametrize(
    "labels",
    [
        LABELS % 2 * 2 - 1,
        LABELS % 3 - 1,
        np.round(ROWS[:, 0] * 3).astype(np.int64),
        ROWS[:, 0],
        LABELS + 1,
    ],
    ids=["-1 and 1", "-1, 0 and 1", "whole numbers to be predicted", "numbers to be predicted", "from 1"],
)
def test_what_may_be_meant_without_a_model(labels: Any, clean: Look) -> None:
    clean(table(labels), "FL209")


def test_a_regression(clean: Look) -> None:
    keras = pytest.importorskip("keras")
    made = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    made.compile(loss="mse")
    clean(table(np.round(ROWS[:, 0] * 3)), "FL209", model=made)


def test_outputs_by_key(clean: Look, flagged: Look) -> None:
    keras = pytest.importorskip("keras")
    inputs = keras.Input((6,))
    outputs = {"kind": keras.layers.Dense(5, "softmax")(inputs), "animal": keras.layers.Dense(2, "softmax")(inputs)}
    made = keras.Model(inputs, outputs)
    made.compile(loss=dict.fromkeys(outputs, "sparse_categorical_crossentropy"))
    clean(table({"kind": LABELS, "animal": LABELS % 2}), "FL209", model=made)
    assert "from 1 to 5" in flagged(table({"kind": LABELS + 1, "animal": LABELS % 2}), "FL209", model=made).message
