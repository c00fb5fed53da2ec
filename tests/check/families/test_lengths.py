"""FL110: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
LENGTHS = GENERATOR.integers(4, 30, 40).tolist()
PHOTOS = GENERATOR.integers(0, 255, (12, 32, 32, 3)).astype(np.uint8)
MASKS = (PHOTOS[..., :1] > 120).astype(np.uint8)


def given(make: Callable[[int, int], Any]) -> Any:
    def rows() -> Iterator[Any]:
        for number, length in enumerate(LENGTHS):
            yield make(number, length)

    return fl.Dataset.from_generator(rows)


def features(length: int) -> np.ndarray:
    return np.ones((length, 3), np.float32)


class TestInSomeElements:
    def test_labels_of_steps(self, flagged: Look) -> None:
        ds = given(lambda number, n: (features(n), np.zeros(n - (number == 17), np.int64))).padded_batch(4)
        finding = flagged(ds, "FL110")
        assert finding.message == (
            f"x has the length {LENGTHS[17]} and y {LENGTHS[17] - 1}, where they agree everywhere else."
        )
        assert any("element 17" in place for place in finding.where)

    def test_labels_of_every_step(self, clean: Look) -> None:
        clean(given(lambda number, n: (features(n), np.zeros(n, np.int64))).padded_batch(4), "FL110")

    def test_weights(self, flagged: Look) -> None:
        def row(number: int, n: int) -> Any:
            return features(n), np.zeros(n, np.int64), np.ones(n + (number in (3, 5)), np.float32)

        finding = flagged(given(row).padded_batch(4), "FL110")
        assert finding.seen == "so in 2 of 40 elements that were looked at"

    def test_inputs_that_go_together(self, flagged: Look) -> None:
        def row(number: int, n: int) -> Any:
            return {"ids": np.arange(n), "mask": np.ones(n - (number == 9), np.int64)}

        flagged(given(row).padded_batch(4), "FL110")

    def test_batches_of_a_generator(self, flagged: Look) -> None:
        def row(number: int, n: int) -> Any:
            return np.ones((8, 5), np.float32), np.zeros(8 if number < 39 else 7, np.int64)

        flagged(given(row), "FL110")

    def test_a_summary_of_any_length(self, clean: Look) -> None:
        clean(given(lambda number, n: (np.arange(n), np.arange(LENGTHS[-number - 1]))).padded_batch(4), "FL110")

    def test_a_vector_of_classes(self, clean: Look) -> None:
        clean(given(lambda number, n: (np.arange(n), np.eye(12)[number % 12])).padded_batch(4), "FL110")


class TestShiftedByOne:
    def test_inputs_that_keep_their_last_step(self, flagged: Look) -> None:
        texts = fl.Dataset.from_tensor_slices(GENERATOR.integers(1, 90, (40, 21)))
        finding = flagged(texts.map(lambda text: (text, text[1:])).batch(4), "FL110")
        assert finding.fix.startswith("Give x[:-1] and y")

    def test_both_cut(self, clean: Look) -> None:
        texts = fl.Dataset.from_tensor_slices(GENERATOR.integers(1, 90, (40, 21)))
        clean(texts.map(lambda text: (text[:-1], text[1:])).batch(4), "FL110")

    def test_the_next_value_of_a_series(self, clean: Look) -> None:
        series = fl.Dataset.from_tensor_slices(GENERATOR.normal(size=(40, 21)).astype(np.float32))
        clean(series.map(lambda values: (values[:-1], values[-1:])).batch(4), "FL110")


class TestMasks:
    def test_only_the_image_is_resized(self, flagged: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((PHOTOS, MASKS))
        finding = flagged(ds.map(lambda image, mask: (fl.image.resize(image, [24, 24]), mask)).batch(4), "FL110")
        assert finding.message == "x is 24 x 24 and its mask y 32 x 32: only one of them is resized."
        assert 'fl.image.resize(mask, [24, 24], method="nearest")' in finding.fix

    def test_both_are(self, clean: Look) -> None:
        def resized(image: Any, mask: Any) -> Any:
            return fl.image.resize(image, [24, 24]), fl.image.resize(mask, [24, 24], method="nearest")

        clean(fl.Dataset.from_tensor_slices((PHOTOS, MASKS)).map(resized).batch(4), "FL110")

    @pytest.fixture
    def paths(self, tmp_path: pathlib.Path) -> tuple[list[str], list[str]]:
        images = [str(tmp_path / f"image_{number}.png") for number in range(12)]
        masks = [str(tmp_path / f"mask_{number}.png") for number in range(12)]
        for image, mask, photo, pixels in zip(images, masks, PHOTOS, MASKS, strict=True):
            pathlib.Path(image).write_bytes(fl.io.encode_png(photo))
            pathlib.Path(mask).write_bytes(fl.io.encode_png(pixels))
        return images, masks

    def test_where_they_are_read(self, flagged: Look, clean: Look, paths: tuple[list[str], list[str]]) -> None:
        def load(both: bool) -> Any:
            def loaded(image: bytes, mask: bytes) -> Any:
                pixels = fl.io.decode_png(fl.io.read_file(mask), channels=1)
                photo = fl.image.resize(fl.io.decode_png(fl.io.read_file(image), channels=3), [16, 16])
                return photo, fl.image.resize(pixels, [16, 16], method="nearest") if both else pixels

            return fl.Dataset.from_tensor_slices(paths).map(loaded).batch(4)

        flagged(load(False), "FL110")
        clean(load(True), "FL110")

    def test_a_small_image_and_the_large_one(self, clean: Look) -> None:
        ds = fl.Dataset.from_tensor_slices(PHOTOS).map(lambda image: (fl.image.resize(image, [16, 16]), image))
        clean(ds.batch(4), "FL110")

    def test_a_mask_that_was_always_smaller(self, clean: Look) -> None:
        clean(fl.Dataset.from_tensor_slices((PHOTOS, MASKS[:, ::4, ::4])).batch(4), "FL110")
