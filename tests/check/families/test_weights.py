"""FL508: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.random((96, 8), np.float32)
CLASSES = GENERATOR.integers(0, 4, 96)
WEIGHTS = GENERATOR.uniform(0.5, 2, 96).astype(np.float32)
STEPS = GENERATOR.random((96, 5, 8), np.float32)
STEP_CLASSES = GENERATOR.integers(0, 4, (96, 5))

SPARSE = "sparse_categorical_crossentropy"


def table(*parts: Any) -> Any:
    return fl.Dataset.from_tensor_slices(parts).shuffle(96).batch(16)


def model(loss: Any = SPARSE, units: int = 4, activation: str | None = "softmax") -> Any:
    made = keras.Sequential([keras.Input((8,)), keras.layers.Dense(units, activation=activation)])
    made.compile(loss=loss)
    return made


def of_steps(loss: Any = SPARSE, units: int = 4, activation: str | None = "softmax") -> Any:
    layers = [keras.layers.LSTM(3, return_sequences=True), keras.layers.Dense(units, activation=activation)]
    made = keras.Sequential([keras.Input((5, 8)), *layers])
    made.compile(loss=loss)
    return made


def test_one_for_each_element(clean: Look) -> None:
    for weights in (WEIGHTS, WEIGHTS[:, None], np.ones(96, np.int64), WEIGHTS * (CLASSES > 0)):
        clean(table(ROWS, CLASSES, weights), "FL5", model=model())


def test_negative_ones(flagged: Look) -> None:
    finding = flagged(table(ROWS, CLASSES, WEIGHTS - 1), "FL508", model=model())
    assert "negative" in finding.message
    assert ".map(lambda x, y, w: (x, y, np.maximum(w, 0))) in front of .batch(16)" in finding.fix
    assert finding.severity == "warning"


def test_zeros(flagged: Look) -> None:
    assert flagged(table(ROWS, CLASSES, WEIGHTS * 0), "FL508", model=model()).severity == "error"


def test_one_for_each_class(flagged: Look) -> None:
    weights = np.eye(4, dtype=np.float32)[CLASSES] * 2
    assert "(4,)" in flagged(table(ROWS, CLASSES, weights), "FL508", model=model()).message


def test_of_steps(flagged: Look, clean: Look) -> None:
    steps = np.ones((96, 5), np.float32)
    steps[:, 3:] = 0
    clean(table(STEPS, STEP_CLASSES, steps), "FL5", model=of_steps())
    clean(table(STEPS, STEP_CLASSES, steps[..., None]), "FL5", model=of_steps())
    clean(table(STEPS, STEP_CLASSES, WEIGHTS[:, None]), "FL5", model=of_steps())
    finding = flagged(table(STEPS, STEP_CLASSES, WEIGHTS), "FL508", model=of_steps())
    assert "w[None]" in finding.fix
    numbers = STEPS[:, :, 0]
    finding = flagged(table(STEPS, numbers, steps), "FL508", model=of_steps("mse", 1, None))
    assert ".map(lambda x, y, w: (x, y[..., None], w))" in finding.fix
    clean(table(STEPS, numbers[..., None], steps), "FL5", model=of_steps("mse", 1, None))
    clean(table(STEPS, numbers, WEIGHTS), "FL5", model=of_steps("mse", 1, None))
    flagged(table(STEPS, numbers[..., None], WEIGHTS), "FL508", model=of_steps("mse", 1, None))


def test_weights_in_the_place_of_labels(flagged: Look, clean: Look) -> None:
    ds = table(ROWS, WEIGHTS, CLASSES)
    finding = flagged(ds, "FL508", model=model())
    assert "Exchange them: .map(lambda x, w, y: (x, y, w)) in front of .batch(16)." in finding.fix
    clean(ds, "FL505", model=model())
    flagged(table(ROWS, WEIGHTS, CLASSES % 2), "FL508", model=model("binary_crossentropy", 1, "sigmoid"))


def test_soft_labels_with_weights_of_0_and_1(clean: Look) -> None:
    clean(table(ROWS, WEIGHTS / 2, CLASSES % 2), "FL5", model=model("binary_crossentropy", 1, "sigmoid"))


def test_one_for_all_outputs_and_one_for_each(flagged: Look, clean: Look) -> None:
    inputs = keras.Input((8,))
    outputs = [keras.layers.Dense(4, activation="softmax", name="kind")(inputs), keras.layers.Dense(1)(inputs)]
    made = keras.Model(inputs, outputs)
    made.compile(loss=[SPARSE, "mse"])
    labels = (CLASSES, ROWS[:, 0])
    clean(table(ROWS, labels, WEIGHTS), "FL5", model=made)
    clean(table(ROWS, labels, (WEIGHTS, WEIGHTS)), "FL5", model=made)
    finding = flagged(table(ROWS, labels, (WEIGHTS, WEIGHTS - 1)), "FL508", model=made)
    assert "(w[0], np.maximum(w[1], 0))" in finding.fix
