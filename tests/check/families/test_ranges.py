"""FL605: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((200, 10, 10, 3), np.float32)
BYTES = (IMAGES * 255).astype(np.uint8)
LABELS = np.random.default_rng(1).integers(0, 4, 200)


def table(images: Any = IMAGES) -> Any:
    return fl.Dataset.from_tensor_slices((images, LABELS)).shuffle(200)


def brighter(image: Any, label: Any) -> Any:
    return fl.image.random_brightness(image, 0.3), label


def clipped(image: Any, label: Any) -> Any:
    return np.clip(image, 0, 1), label


def normalised(image: Any, label: Any) -> Any:
    return (image - 0.5) / 0.25, label


class TestOutOfRange:
    def test_brightness(self, flagged: Look) -> None:
        finding = flagged(table().map(brighter).batch(20), "FL605")
        assert finding.severity == "warning"
        assert "from 0 to 1" in finding.message
        assert "np.clip(image, 0, 1)" in finding.fix
        assert finding.where[0].startswith("element ")

    def test_the_values_are_in_fact_outside(self) -> None:
        values = np.stack([image for image, _ in table().map(brighter)])
        assert values.min() < -0.1
        assert values.max() > 1.1

    def test_within_a_function_that_scales_first(self, flagged: Look) -> None:
        def prepared(image: Any, label: Any) -> Any:
            return fl.image.random_contrast(fl.cast(image, fl.float32) / 255, 0.5, 1.5), label

        flagged(table(BYTES).map(prepared).batch(20), "FL605")

    @pytest.mark.parametrize("kind", ["brightness", "noise"])
    def test_by_arithmetic_of_the_users_own_behind_the_scaling(self, kind: str, flagged: Look, clean: Look) -> None:
        def change(image: Any) -> Any:
            image = fl.cast(image, "float32") / 255
            if kind == "brightness":
                return image + np.float32(np.random.uniform(-0.3, 0.3))  # noqa: NPY002
            return image + np.random.normal(0, 0.2, image.shape).astype(np.float32)  # noqa: NPY002

        finding = flagged(table(BYTES).map(lambda image, label: (change(image), label)).batch(20), "FL605")
        assert "from 0 to 1" in finding.message
        clean(table(BYTES).map(lambda image, label: (np.clip(change(image), 0, 1), label)).batch(20), "FL605")

    def test_a_little_brighter_in_a_function_that_scales(self, flagged: Look) -> None:
        def change(image: Any, label: Any) -> Any:
            return fl.image.random_brightness(fl.cast(image, "float32") / 255, 0.08), label

        for _ in range(4):
            flagged(table(BYTES).map(change).batch(20), "FL605")

    @pytest.mark.parametrize("mean", [0.1, 0.5])
    def test_a_mean_that_is_taken_off(self, mean: float, clean: Look) -> None:
        dark = (BYTES * (2 * mean)).astype(np.uint8)
        dark[:, 0] = 0
        dark[:, -1, -1] = 255

        def mirrored(image: Any, label: Any) -> Any:
            return fl.image.random_flip_left_right(fl.cast(image, "float32") / 255 - np.float32(mean)), label

        def cut_out(image: Any, label: Any) -> Any:
            return fl.image.random_crop(fl.cast(image, "float32") / 255 - np.float32(mean), [9, 10, 3]), label

        clean(table(dark).map(mirrored).batch(20), "FL605")
        clean(table(dark).map(cut_out).batch(20), "FL605")

    def test_within_a_function_that_decodes(self, flagged: Look, tmp_path: Any) -> None:
        for number in range(20):
            (tmp_path / f"{number}.png").write_bytes(fl.io.encode_png(BYTES[number]))

        def load(path: Any) -> Any:
            image = fl.cast(fl.io.decode_png(fl.io.read_file(path), channels=3), fl.float32) / 255
            return fl.image.random_brightness(image, 0.4)

        flagged(fl.Dataset.list_files(str(tmp_path / "*.png")).map(load).batch(5), "FL605")

    def test_noise(self, flagged: Look) -> None:
        def noisy(image: Any, label: Any) -> Any:
            return image + fl.random.normal(image.shape, stddev=0.2), label

        flagged(table().map(noisy).batch(20), "FL605")

    def test_before_a_normalisation(self, flagged: Look) -> None:
        flagged(table().map(brighter).map(normalised).batch(20), "FL605")

    def test_a_layer_for_another_range(self, flagged: Look, clean: Look) -> None:
        wrong, right = keras.layers.RandomBrightness(0.2), keras.layers.RandomBrightness(0.2, value_range=(0, 1))
        finding = flagged(table().map(lambda image, label: (wrong(image), label)).batch(20), "FL605")
        assert finding.fix == "Write RandomBrightness(..., value_range=(0, 1))."
        clean(table().map(lambda image, label: (right(image), label)).batch(20), "FL605")

    def test_clipped(self, clean: Look) -> None:
        def both(image: Any, label: Any) -> Any:
            return clipped(*brighter(image, label))

        clean(table().map(both).batch(20), "FL6")
        clean(table().map(brighter).map(clipped).batch(20), "FL6")
        clean(table().map(both).map(normalised).batch(20), "FL6")

    def test_clipped_and_normalised_in_one(self, clean: Look) -> None:
        def all_in_one(image: Any, label: Any) -> Any:
            return normalised(*clipped(*brighter(image, label)))

        clean(table().map(all_in_one).batch(20), "FL605")

    def test_bytes_are_clipped_by_themselves(self, clean: Look) -> None:
        clean(table(BYTES).map(brighter).batch(20), "FL605")

    def test_a_normalisation_that_is_meant(self, clean: Look) -> None:
        def flipped(image: Any, label: Any) -> Any:
            return normalised(fl.image.random_flip_left_right(image), label)

        clean(table().map(flipped).batch(20), "FL605")

    def test_noise_that_hardly_shows(self, clean: Look) -> None:
        def noisy(image: Any, label: Any) -> Any:
            return image + fl.random.normal(image.shape, stddev=0.01), label

        clean(table().map(noisy).batch(20), "FL605")

    def test_features_that_have_no_range(self, clean: Look) -> None:
        def noisy(row: Any, label: Any) -> Any:
            return row + fl.random.normal(row.shape, stddev=0.3), label

        clean(table(IMAGES.reshape(200, -1)).map(noisy).batch(20), "FL605")
