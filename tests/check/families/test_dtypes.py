"""FL504: what must be flagged, and close neighbours that must not."""

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
IMAGES = GENERATOR.integers(0, 256, (48, 16, 16, 3)).astype(np.uint8)
CLASSES = GENERATOR.integers(0, 3, 96)
NAMES = np.array(["cat", "dog", "fox"])[CLASSES]
IDS = GENERATOR.integers(0, 50, (96, 7))


def table(x: Any, y: Any = CLASSES) -> Any:
    return fl.Dataset.from_tensor_slices((x, y[: len(x)])).shuffle(96).batch(16)


def sequential(*layers: Any) -> Any:
    made = keras.Sequential([*layers, keras.layers.Dense(3, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy")
    return made


class TestStrings:
    def test_labels(self, flagged: Look) -> None:
        finding = flagged(table(ROWS, NAMES), "FL504", model=sequential(keras.Input((8,))))
        assert "labels are strings" in finding.message
        assert "CLASSES = ['cat', 'dog', 'fox']" in finding.fix
        assert ".map(lambda x, y: (x, CLASSES.index(y.decode()))) in front of .batch(16)" in finding.fix

    def test_inputs(self, flagged: Look) -> None:
        ds = table(NAMES)
        assert "'input" in flagged(ds, "FL504", model=sequential(keras.Input((1,)))).message
        assert "the model takes numbers" in flagged(ds, "FL504", model=sequential(keras.layers.Dense(4))).message

    def test_paths_of_images(self, flagged: Look) -> None:
        paths = np.array([f"images/{number}.png" for number in range(96)])
        model = sequential(keras.Input((16, 16, 3)), keras.layers.Flatten())
        assert "fl.io.read_file(x)" in flagged(table(paths), "FL504", model=model).fix

    def test_a_model_that_takes_strings(self, clean: Look) -> None:
        inputs = keras.Input((), dtype="string")
        model = keras.Model(inputs, inputs)
        clean(table(NAMES), "FL504", model=model)

    def test_labels_for_a_loss_of_the_users_own(self, clean: Look) -> None:
        model = sequential(keras.Input((8,)))
        model.compile(loss=lambda y, p: p)
        clean(table(ROWS, NAMES), "FL504", model=model)


class TestNumbers:
    def test_fractions_into_an_embedding(self, flagged: Look) -> None:
        model = sequential(keras.Input((8,)), keras.layers.Embedding(50, 4), keras.layers.Flatten())
        finding = flagged(table(ROWS), "FL504", model=model)
        assert "cut off" in finding.message
        assert "embedding" in finding.message
        assert finding.severity == "error"

    def test_fractions_into_whole_numbers(self, flagged: Look) -> None:
        model = sequential(keras.Input((8,), dtype="uint8"))
        assert 'dtype="float32"' in flagged(table(ROWS), "FL504", model=model).fix

    def test_whole_numbers_in_a_float(self, clean: Look) -> None:
        model = sequential(keras.Input((7,)), keras.layers.Embedding(50, 4), keras.layers.Flatten())
        for ids in (IDS, IDS.astype(np.int32), IDS.astype(np.float32)):
            clean(table(ids), "FL5", model=model)

    def test_images_of_bytes(self, clean: Look) -> None:
        clean(table(IMAGES), "FL5", model=sequential(keras.Input((16, 16, 3)), keras.layers.Flatten()))

    def test_large_numbers(self, flagged: Look, clean: Look) -> None:
        large = IDS + 20_000_000
        finding = flagged(table(large), "FL504", model=sequential(keras.Input((7,))))
        assert finding.severity == "warning"
        assert "20,000,04" in finding.message
        clean(table(large.astype(np.float64)), "FL504", model=sequential(keras.Input((7,))))
        clean(table(IDS + 16_000_000), "FL504", model=sequential(keras.Input((7,))))
        clean(table(large), "FL504", model=sequential(keras.Input((7,), dtype="int64")))
