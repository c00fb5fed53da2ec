"""FL601 and FL602: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((200, 10, 10, 3), np.float32)
LABELS = np.random.default_rng(1).integers(0, 4, 200)


def table() -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES, LABELS))


def flipped(image: Any, label: Any) -> Any:
    return fl.image.random_flip_left_right(image), label


def noisy(image: Any, label: Any) -> Any:
    return image + np.random.normal(0, 0.01, image.shape).astype(np.float32), label  # noqa: NPY002


def loaded(image: Any, label: Any, training: bool) -> Any:
    if training:
        image = fl.image.random_flip_left_right(image)
    return image * 2, label


class TestAugmentationBeforeCache:
    def test_a_flip(self, flagged: Look) -> None:
        finding = flagged(table().map(flipped).cache().shuffle(200).batch(20), "FL601")
        assert finding.severity == "warning"
        assert finding.fix == "Move .map(flipped) behind .cache()."
        assert "elements come out differently when they are made anew" in finding.seen
        assert "fl.image.random_flip_left_right" in finding.seen

    def test_it_is_in_fact_frozen(self) -> None:
        kept = table().map(flipped).cache()
        first, second = ([image for image, _ in kept] for _ in range(2))
        assert np.array_equal(first, second)
        fresh = table().cache().map(flipped)
        first, second = ([image for image, _ in fresh] for _ in range(2))
        assert not np.array_equal(first, second)

    def test_numpys_numbers(self, flagged: Look) -> None:
        assert "np.random.normal" in flagged(table().map(noisy).cache().batch(20), "FL601").seen

    def test_a_snapshot(self, flagged: Look, tmp_path: Any) -> None:
        finding = flagged(table().map(flipped).snapshot(str(tmp_path / "kept")).batch(20), "FL601")
        assert "snapshot" in finding.message

    def test_batches(self, flagged: Look) -> None:
        flagged(table().batch(20).map(flipped).cache(), "FL601")

    def test_a_stream(self, flagged: Look) -> None:
        def rows() -> Iterator[Any]:
            yield from zip(IMAGES, LABELS, strict=True)

        flagged(fl.Dataset.from_generator(rows).map(flipped).cache().shuffle(200).batch(20), "FL601")

    def test_a_function_that_does_more(self, flagged: Look) -> None:
        def decoded(number: Any) -> Any:
            return fl.image.random_flip_left_right(IMAGES[number]), LABELS[number]

        finding = flagged(fl.Dataset.range(200).map(decoded).cache().batch(20), "FL601")
        assert finding.fix.startswith("Split the function of .map(decoded) in two")

    @pytest.mark.parametrize("training", [True, False])
    def test_a_branch_that_is_taken_or_not(self, training: bool, flagged: Look, clean: Look) -> None:
        ds = table().map(functools.partial(loaded, training=training)).cache().shuffle(200).batch(20)
        if training:
            flagged(ds, "FL601")
        else:
            clean(ds, "FL6")

    @pytest.mark.parametrize("training", [True, False])
    def test_a_keras_layer(self, training: bool, flagged: Look, clean: Look) -> None:
        layers = keras.Sequential([keras.layers.RandomFlip("horizontal")])
        ds = table().map(lambda image, label: (layers(image, training=training), label)).cache().batch(20)
        if training:
            assert "RandomFlip" in flagged(ds, "FL601").seen
        else:
            clean(ds, "FL601")

    def test_the_state_of_a_keras_layer_is_put_back(self) -> None:
        layer = keras.layers.RandomFlip("horizontal", seed=3)
        ds = table().map(lambda image, label: (layer(image), label)).cache().batch(20)
        before = np.array(layer.generator.state)
        assert "FL601" in ds.check(show=False).codes
        assert np.array_equal(before, layer.generator.state)

    def test_before_a_split_that_keeps_the_first_epoch(self, flagged: Look) -> None:
        import feedline.keras

        left, _ = feedline.keras.split_dataset(table().map(flipped), left_size=0.8)
        assert "behind the split" in flagged(left.batch(20), "FL601").fix

    def test_some_of_it_behind_the_cache(self, flagged: Look) -> None:
        assert flagged(table().map(flipped).cache().map(noisy).batch(20), "FL601").severity == "hint"

    def test_behind_the_cache(self, clean: Look) -> None:
        clean(table().cache().shuffle(200).map(flipped).batch(20), "FL6")

    def test_several_variants_of_each(self, clean: Look) -> None:
        clean(table().repeat(5).map(flipped).cache().shuffle(1000).batch(20), "FL601")

    def test_data_that_are_made_at_random(self, clean: Look) -> None:
        def made(number: Any) -> Any:
            return fl.random.normal((8,)), number % 4

        clean(fl.Dataset.range(200).map(made).cache().shuffle(200).batch(20), "FL601")

    def test_validation_data(self, clean: Look) -> None:
        clean(table().map(flipped).cache().batch(20), "FL601", use="validation")


class TestAugmentationInValidation:
    def test_in_the_other_dataset(self, flagged: Look) -> None:
        train = table().shuffle(200).map(flipped).batch(20)
        finding = flagged(train, "FL602", against=table().map(flipped).batch(20))
        assert finding.severity == "warning"
        assert finding.fix == "Leave .map(flipped) out of the validation data."

    def test_in_the_dataset_itself(self, flagged: Look) -> None:
        flagged(table().map(flipped).batch(20), "FL602", use="validation")

    def test_before_the_split(self, flagged: Look) -> None:
        whole = table().map(flipped)
        finding = flagged(whole.skip(50).shuffle(150).batch(20), "FL602", against=whole.take(50).batch(20))
        assert finding.fix.startswith("Make the two datasets first")

    def test_noise(self, flagged: Look) -> None:
        flagged(table().map(noisy).batch(20), "FL602", use="validation")

    def test_only_in_training(self, clean: Look) -> None:
        clean(table().shuffle(200).map(flipped).batch(20), "FL6", against=table().batch(20))

    def test_a_branch_that_is_not_taken(self, clean: Look) -> None:
        train = table().shuffle(200).map(functools.partial(loaded, training=True)).batch(20)
        clean(train, "FL6", against=table().map(functools.partial(loaded, training=False)).batch(20))

    def test_noise_that_is_to_be_taken_away(self, clean: Look) -> None:
        def task(image: Any, label: Any) -> Any:
            return image + fl.random.normal(image.shape, stddev=0.1), image

        clean(table().map(task).batch(20), "FL602", use="validation")

    def test_two_views_without_labels(self, clean: Look) -> None:
        def views(image: Any, label: Any) -> Any:
            return {"one": fl.image.random_flip_left_right(image), "two": fl.image.random_flip_left_right(image)}

        clean(table().map(views).batch(20), "FL602", use="validation")

    def test_words_that_are_to_be_guessed(self, clean: Look) -> None:
        words = np.random.default_rng(2).integers(1, 90, (200, 12))

        def masked(row: Any) -> Any:
            return np.where(fl.random.uniform((12,)) < 0.2, 0, row), row

        clean(fl.Dataset.from_tensor_slices(words).map(masked).batch(20), "FL602", use="validation")
