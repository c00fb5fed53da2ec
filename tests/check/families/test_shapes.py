"""FL109: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
PHOTOS = [GENERATOR.integers(0, 255, (20 + number % 3, 30, 3)).astype(np.uint8) for number in range(20)]


def elements(images: list[Any]) -> Any:
    def rows() -> Iterator[Any]:
        for number, image in enumerate(images):
            yield image, number % 2

    signature = (fl.TensorSpec(None, images[0].dtype), fl.TensorSpec((), fl.int64))
    return fl.Dataset.from_generator(rows, output_signature=signature)


class TestShapesDiffer:
    def test_images(self, flagged: Look, clean: Look) -> None:
        ds = elements(PHOTOS).batch(4)
        finding = flagged(ds, "FL109")
        assert "x has shape (21, 30, 3) in one element and (20, 30, 3) in another" in finding.message
        assert finding.fix == "Write fl.image.resize(image, [21, 30]) in a map in front of .batch(4)."
        assert "(20, 30, 3) in" in finding.seen
        assert any("element 1" in place for place in finding.where)
        clean(ds, "FL100")
        clean(ds, "FL1", ignore="FL109")

    def test_images_resized(self, clean: Look) -> None:
        ds = elements(PHOTOS).map(lambda image, label: (fl.image.resize(image, [20, 20]), label))
        clean(ds.batch(4), "FL1")

    def test_channels(self, flagged: Look) -> None:
        images = [photo[:20, :, : 1 + 2 * (number % 2)] for number, photo in enumerate(PHOTOS)]
        assert flagged(elements(images).batch(4), "FL109").fix == "Give the decoder the number of channels: channels=3."

    def test_with_and_without_channels(self, flagged: Look) -> None:
        images = [photo[:20, :, :1] if number % 2 else photo[:20, :, 0] for number, photo in enumerate(PHOTOS)]
        assert "one rank" in flagged(elements(images).batch(4), "FL109").fix

    def test_sequences(self, flagged: Look, clean: Look) -> None:
        ds = fl.Dataset.range(1, 30).map(lambda number: np.arange(int(number) % 7 + 1))
        assert ".padded_batch(4) in place of .batch(4)" in flagged(ds.batch(4), "FL109").fix
        clean(ds.padded_batch(4), "FL1")
        clean(ds.ragged_batch(4), "FL1")

    def test_a_list_of_pairs(self, flagged: Look) -> None:
        pairs = [(np.zeros((5 + number % 3, 2)), number % 2) for number in range(20)]
        flagged(fl.Dataset.from_tensor_slices(pairs).batch(4), "FL109")

    def test_one_far_from_the_start(self, flagged: Look) -> None:
        ds = fl.Dataset.range(400).map(lambda number: np.zeros(5 if number == 301 else 4)).batch(8)
        assert any("element 301" in place for place in flagged(ds, "FL109").where)

    def test_batches_of_one(self, clean: Look) -> None:
        clean(elements(PHOTOS).batch(1), "FL109")

    def test_batches_that_are_alike_each(self, clean: Look) -> None:
        ds = fl.Dataset.range(32).map(lambda number: np.zeros(1 + int(number) // 4)).batch(4)
        clean(ds, "FL109")

    @pytest.mark.parametrize("text", ["a", "bb"])
    def test_texts_of_any_length(self, clean: Look, text: str) -> None:
        clean(fl.Dataset.from_tensor_slices([text * number for number in range(1, 20)]).batch(4), "FL109")
