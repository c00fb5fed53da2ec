"""FL503 and FL509: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

keras = pytest.importorskip("keras")

layers = keras.layers

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.random((96, 8), np.float32)
IMAGES = GENERATOR.random((96, 16, 16, 3), np.float32)
CLASSES = GENERATOR.integers(0, 4, 96)


def table(values: Any) -> Any:
    return fl.Dataset.from_tensor_slices((values, CLASSES)).shuffle(96).batch(16)


def batches() -> Iterator[Any]:
    for start in range(0, 96, 12):
        yield ROWS[start : start + 12], CLASSES[start : start + 12]


def model(shape: Any, *inside: Any) -> Any:
    made = keras.Sequential([keras.Input(shape), *inside, layers.Dense(4, activation="softmax")])
    made.compile(loss="sparse_categorical_crossentropy")
    return made


class TestInputShape:
    def test_images_into_a_model_of_vectors(self, flagged: Look, clean: Look) -> None:
        finding = flagged(table(IMAGES), "FL503", model=model((768,)))
        assert finding.message.startswith("x has the shape (16, 16, 3) an element, and the input ")
        assert "np.reshape(x, (768,))" in finding.fix
        assert "Flatten()" in finding.fix
        clean(table(IMAGES.reshape(96, 768)), "FL5", model=model((768,)))

    def test_images_of_another_size(self, flagged: Look, clean: Look) -> None:
        large = model((32, 32, 3), layers.Flatten())
        assert "fl.image.resize(x, (32, 32))" in flagged(table(IMAGES), "FL503", model=large).fix
        clean(table(IMAGES), "FL5", model=model((None, None, 3), layers.GlobalAveragePooling2D()))

    def test_grey_images(self, flagged: Look) -> None:
        finding = flagged(table(IMAGES[..., :1]), "FL503", model=model((16, 16, 3), layers.Flatten()))
        assert "channels=3" in finding.fix
        assert "grayscale_to_rgb" in finding.fix

    def test_no_batches(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((ROWS, CLASSES)).shuffle(96)
        assert flagged(ds, "FL503", model=model((8,))).fix == "Add .batch(32) to the dataset."

    def test_batched_twice(self, flagged: Look, clean: Look) -> None:
        assert flagged(table(ROWS).batch(2), "FL503", model=model((8,))).fix == "Leave out one .batch(...)."
        clean(table(ROWS).batch(2), "FL511", model=model((8,)))  # the labels too, and for the same reason
        clean(table(ROWS), "FL5", model=model((8,)))

    def test_batches_of_a_generator_batched_once_more(self, flagged: Look, clean: Look) -> None:
        ds = fl.Dataset.from_generator(batches)
        finding = flagged(ds.batch(4), "FL503", model=model((8,)))
        assert finding.message.startswith("from_generator(batches) gives batches, it seems")
        assert finding.fix == "Leave out .batch(4), or write .unbatch() in front of it."
        clean(ds, "FL503", model=model((8,)))
        clean(ds.unbatch().batch(4), "FL503", model=model((8,)))

    def test_rows_of_a_generator_of_another_length(self, flagged: Look) -> None:
        ds = fl.Dataset.from_generator(lambda: zip(ROWS, CLASSES, strict=True)).batch(4)
        assert "keras.Input((8,))" in flagged(ds, "FL503", model=model((9,))).fix


class TestChannelOrder:
    def test_channels_first(self, flagged: Look, clean: Look) -> None:
        pooled = layers.GlobalAveragePooling2D()
        finding = flagged(
            table(np.moveaxis(IMAGES, -1, 1)), "FL509", model=model((16, 16, 3), layers.Conv2D(2, 3), pooled)
        )
        assert "channels first, (3, 16, 16)" in finding.message
        assert "np.moveaxis(x, 0, -1)" in finding.fix
        clean(table(IMAGES), "FL5", model=model((16, 16, 3), layers.Conv2D(2, 3), pooled))

    def test_a_model_built_for_them(self, flagged: Look, clean: Look) -> None:
        first = table(np.moveaxis(IMAGES, -1, 1))
        made_wrong = model((3, 16, 16), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D())
        assert 'data_format="channels_first"' in flagged(first, "FL509", model=made_wrong).fix
        convolution = layers.Conv2D(2, 3, data_format="channels_first")
        clean(first, "FL5", model=model((3, 16, 16), convolution, layers.Flatten()))
