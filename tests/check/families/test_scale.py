"""FL203 and FL204: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (96, 16, 16, 3)).astype(np.uint8)
LABELS = GENERATOR.integers(0, 4, 96)
TABLE = GENERATOR.normal(size=(300, 4)).astype(np.float32)


def images(pictures: Any = IMAGES) -> Any:
    return fl.Dataset.from_tensor_slices((pictures, LABELS)).shuffle(96)


def as_float(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32), label


def scaled(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 255, label


def again(image: Any, label: Any) -> Any:
    return image / 255, label


def model(*first: Any, shape: tuple[int, ...] = (16, 16, 3), build: bool = True) -> Any:
    keras = pytest.importorskip("keras")
    layers = [keras.layers.Flatten(), keras.layers.Dense(4)]
    return keras.Sequential([*([keras.Input(shape)] if build else []), *first, *layers])


def rescaling(scale: float, offset: float = 0.0) -> Any:
    keras = pytest.importorskip("keras")
    return keras.layers.Rescaling(scale, offset)


class TestValueRange:
    def test_floats_to_255_without_a_model(self, flagged: Look) -> None:
        finding = flagged(images().map(as_float).batch(32), "FL203")
        assert finding.severity == "hint"
        assert "x is float32 from 0 to 255" in finding.seen
        assert "fl.cast(x, fl.float32) / 255 in map(as_float)" in finding.fix

    @pytest.mark.parametrize("build", [True, False])
    def test_into_a_model_that_does_not_scale(self, build: bool, flagged: Look) -> None:
        finding = flagged(images().map(as_float).batch(32), "FL203", model=model(build=build))
        assert finding.severity == "warning"
        assert "nothing scales them" in finding.message

    def test_whole_numbers_into_a_model(self, flagged: Look) -> None:
        assert flagged(images().batch(32), "FL203", model=model()).severity == "warning"

    def test_resized(self, flagged: Look) -> None:
        ds = images().map(lambda image, label: (fl.image.resize(image, [24, 24]), label))
        flagged(ds.batch(32), "FL203")

    def test_pictures_laid_out_as_vectors(self, flagged: Look) -> None:
        flagged(images(IMAGES[..., 0].reshape(96, -1)).map(as_float).batch(32), "FL203")

    def test_sixteen_bits(self, flagged: Look) -> None:
        flagged(images(IMAGES.astype(np.uint16) * 257).map(as_float).batch(32), "FL203")

    def test_images_of_two_scales(self, flagged: Look) -> None:
        mixed = IMAGES.astype(np.float32)
        mixed[::2] /= 255
        finding = flagged(images(mixed).batch(32), "FL203")
        assert "some images go from 0 to 1, others from 0 to 255" in finding.message
        assert "48 images up to 1, 48 up to 255" in finding.seen

    def test_columns_of_very_different_scale(self, flagged: Look) -> None:
        rows = TABLE * np.array([1, 50_000, 10, 3], np.float32)
        ds = fl.Dataset.from_tensor_slices((rows, LABELS.repeat(4)[:300])).shuffle(300).batch(32)
        assert flagged(ds, "FL203").severity == "hint"
        keras = pytest.importorskip("keras")
        finding = flagged(ds, "FL203", model=keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]))
        assert finding.severity == "warning"
        assert "column 1 goes from" in finding.seen

    def test_columns_into_a_model_that_normalises(self, clean: Look) -> None:
        keras = pytest.importorskip("keras")
        rows = TABLE * np.array([1, 50_000, 10, 3], np.float32)
        ds = fl.Dataset.from_tensor_slices((rows, LABELS.repeat(4)[:300])).shuffle(300).batch(32)
        for first in (keras.layers.Normalization(), keras.layers.BatchNormalization()):
            clean(ds, "FL203", model=keras.Sequential([keras.Input((4,)), first, keras.layers.Dense(4)]))

    def test_columns_of_about_one_scale(self, clean: Look) -> None:
        rows = TABLE * np.array([1, 40, 10, 3], np.float32)
        clean(fl.Dataset.from_tensor_slices((rows, LABELS.repeat(4)[:300])).shuffle(300).batch(32), "FL203")

    def test_one_hot_beside_large_numbers(self, clean: Look) -> None:
        rows = np.concatenate([np.eye(4)[LABELS], LABELS[:, None] * 1000.0], axis=1).astype(np.float32)
        clean(fl.Dataset.from_tensor_slices((rows, LABELS)).shuffle(96).batch(32), "FL203")

    def test_into_a_model_that_rescales(self, clean: Look) -> None:
        clean(images().map(as_float).batch(32), "FL203", model=model(rescaling(1 / 255)))
        clean(images().batch(32), "FL203", model=model(rescaling(1 / 127.5, -1), build=False))

    def test_into_a_model_that_divides(self, clean: Look) -> None:
        keras = pytest.importorskip("keras")
        given = keras.Input((16, 16, 3))
        divided = keras.Model(given, keras.layers.Dense(4)(keras.layers.Flatten()(given / 255)))
        clean(images().map(as_float).batch(32), "FL203", model=divided)

    def test_scaled(self, clean: Look) -> None:
        clean(images().map(scaled).batch(32), "FL2", model=model())
        clean(images().map(lambda image, label: (fl.cast(image, fl.float32) / 127.5 - 1, label)).batch(32), "FL2")

    def test_whole_numbers_without_a_model(self, clean: Look) -> None:
        clean(images().batch(32), "FL203")

    def test_mean_subtracted(self, clean: Look) -> None:
        mean = np.array([123.68, 116.78, 103.94], np.float32)
        clean(images().map(lambda image, label: (fl.cast(image, fl.float32) - mean, label)).batch(32), "FL203")

    def test_words(self, clean: Look) -> None:
        words = GENERATOR.integers(0, 256, (96, 64))
        clean(fl.Dataset.from_tensor_slices((words, LABELS)).shuffle(96).batch(32), "FL203")


class TestScaledTwice:
    def test_by_two_steps(self, flagged: Look) -> None:
        finding = flagged(images().map(scaled).map(again).batch(32), "FL204")
        assert "from 0 to 0.003922" in finding.seen
        assert "out of map(again)" in finding.fix
        assert any(place.startswith("map(scaled)") for place in finding.where)

    def test_behind_the_batches(self, flagged: Look) -> None:
        flagged(images().map(scaled).batch(32).map(again), "FL204")

    def test_by_a_conversion_that_scales(self, flagged: Look) -> None:
        def converted(image: Any, label: Any) -> Any:
            return fl.image.convert_image_dtype(image, fl.float32) / 255, label

        assert "convert_image_dtype scales already" in flagged(images().map(converted).batch(32), "FL204").fix

    def test_to_minus_one_to_one(self, flagged: Look) -> None:
        ds = images().map(scaled).map(lambda image, label: (image / 127.5 - 1, label))
        flagged(ds.batch(32), "FL204")

    def test_of_arrays_that_are_scaled_already(self, flagged: Look) -> None:
        flagged(images(IMAGES.astype(np.float32) / 255).map(again).batch(32), "FL204")

    def test_of_a_stream(self, flagged: Look) -> None:
        def rows() -> Iterator[Any]:
            yield from zip(IMAGES / np.float32(255 * 255), LABELS, strict=True)

        flagged(fl.Dataset.from_generator(rows).batch(32), "FL204")

    @pytest.mark.parametrize("build", [True, False])
    def test_by_the_pipeline_and_the_model(self, build: bool, flagged: Look) -> None:
        finding = flagged(
            images().map(scaled).batch(32), "FL204", model=model(rescaling(1 / 255), build=build)
        )  # fmt: skip
        assert "again by the model's layer" in finding.message
        assert "multiplies by 0.003922" in finding.seen

    def test_by_a_model_within_a_model(self, flagged: Look) -> None:
        keras = pytest.importorskip("keras")
        inner = model(rescaling(1 / 255))
        whole = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.RandomFlip(), inner])
        flagged(images().map(scaled).batch(32), "FL204", model=whole)

    def test_once(self, clean: Look) -> None:
        clean(images().map(scaled).batch(32), "FL2")
        clean(images().map(scaled).batch(32), "FL2", model=model())
        clean(images().map(as_float).batch(32), "FL2", model=model(rescaling(1 / 255)))
        clean(images().batch(32), "FL2", model=model(rescaling(1 / 127.5, -1)))

    def test_small_numbers_that_are_no_pictures(self, clean: Look) -> None:
        rows = np.abs(TABLE) / 1000
        clean(fl.Dataset.from_tensor_slices((rows, LABELS.repeat(4)[:300])).shuffle(300).batch(32), "FL204")

    def test_dark_pictures(self, clean: Look) -> None:
        dark = (IMAGES // 32).astype(np.float32) / 255
        clean(images(dark).batch(32), "FL204")

    def test_black_pictures(self, clean: Look) -> None:
        clean(images(np.zeros((96, 16, 16, 3), np.float32)).batch(32), "FL204")
