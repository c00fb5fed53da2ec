"""FL611: what must be flagged, and close neighbours that must not; how often chance alone is flagged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.families.randomness.differences import _IMAGES, _OTHERS, apart

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 4, 400)
LEVELS = np.array([0.2, 0.4, 0.6, 0.8])[LABELS][:, None, None, None]
IMAGES = np.clip(LEVELS + GENERATOR.normal(0, 0.15, (400, 10, 10, 3)), 0, 1).astype(np.float32)
ROWS = GENERATOR.normal(size=(400, 6)).astype(np.float32)


def table(values: Any, rows: Any, labels: Any = LABELS) -> Any:
    return fl.Dataset.from_tensor_slices((values[rows], labels[rows])).shuffle(400).batch(20)


TRAIN, VALIDATION = np.arange(280), np.arange(280, 400)


class TestStatisticsDiffer:
    def test_images_that_were_not_scaled(self, flagged: Look) -> None:
        finding = flagged(table(IMAGES, TRAIN), "FL611", against=table(IMAGES * 255, VALIDATION))
        assert finding.severity == "error"
        assert "mean and spread" in finding.message
        assert "standard errors apart, compared class by class" in finding.seen

    def test_images_of_another_range(self, flagged: Look) -> None:
        finding = flagged(table(IMAGES, TRAIN), "FL611", against=table(IMAGES * 2 - 1, VALIDATION))
        assert finding.severity == "warning"

    def test_a_table_that_was_not_scaled(self, flagged: Look) -> None:
        raw = ROWS * 40 + 200
        assert "in 6 of 6 columns" in flagged(table(ROWS, TRAIN), "FL611", against=table(raw, VALIDATION)).seen

    def test_the_same_preparation(self, clean: Look) -> None:
        clean(table(IMAGES, TRAIN), "FL6", against=table(IMAGES, VALIDATION))
        clean(table(ROWS, TRAIN), "FL6", against=table(ROWS, VALIDATION))

    def test_another_mixture_of_classes(self, clean: Look) -> None:
        bright = np.concatenate([np.flatnonzero(LABELS[280:] == 3), np.flatnonzero(LABELS[280:] == 0)[:10]]) + 280
        dark = np.concatenate([np.flatnonzero(LABELS[:280] == 0), np.flatnonzero(LABELS[:280] == 3)[:10]])
        assert abs(IMAGES[bright].mean() - IMAGES[dark].mean()) > 0.3
        clean(table(IMAGES, dark), "FL611", against=table(IMAGES, bright))

    def test_augmentation_in_training(self, clean: Look) -> None:
        def augmented(images: Any, labels: Any) -> Any:
            return np.clip(fl.image.random_contrast(fl.image.random_brightness(images, 0.3), 0.6, 1.4), 0, 1), labels

        clean(table(IMAGES, TRAIN).map(augmented), "FL611", against=table(IMAGES, VALIDATION))

    def test_a_column_that_rises_with_time(self, clean: Look) -> None:
        rows = np.column_stack([np.arange(400), ROWS]).astype(np.float32)
        clean(table(rows, TRAIN), "FL611", against=table(rows, VALIDATION))

    def test_a_series_with_a_trend(self, clean: Look) -> None:
        steps = np.arange(1000)
        series = (steps * 0.01 + np.sin(steps / 9)).astype(np.float32)
        windows = np.lib.stride_tricks.sliding_window_view((series - series[:800].mean()) / series[:800].std(), 11)
        train, validation = (
            fl.Dataset.from_tensor_slices((part[:, :10].copy(), part[:, 10:].copy()))
            for part in (windows[:790], windows[800:])
        )
        clean(train.shuffle(800).batch(20), "FL6", against=validation.batch(20))

    def test_word_numbers(self, clean: Look) -> None:
        words = GENERATOR.integers(0, 50, (400, 9))
        clean(table(words, TRAIN), "FL611", against=table(words * 20, VALIDATION))

    def test_too_few_to_tell(self, clean: Look) -> None:
        clean(table(IMAGES, TRAIN), "FL611", against=table(IMAGES * 2 - 1, np.arange(280, 300)))

    def test_other_labels(self, clean: Look) -> None:
        clean(table(IMAGES, TRAIN), "FL611", against=table(IMAGES * 2 - 1, VALIDATION, LABELS + 7))


def rows_of(kind: str, generator: np.random.Generator, count: int) -> np.ndarray:
    shape = (count, 8, 1)
    if kind == "heavy tails":
        return generator.standard_t(3, shape)
    if kind == "skewed":
        return generator.lognormal(0, 1.5, shape)
    return (generator.random(shape) < 0.05) * generator.exponential(1, shape)


class TestChance:
    @pytest.mark.parametrize("kind", ["heavy tails", "skewed", "mostly 0"])
    def test_rows_of_one_kind_are_never_told_apart(self, kind: str) -> None:
        generator = np.random.default_rng(3)
        for _ in range(300):
            first, second = (rows_of(kind, generator, int(generator.integers(24, 200))) for _ in range(2))
            assert apart(first, second, None, None, _OTHERS) is None

    def test_images_of_classes_are_never_told_apart(self) -> None:
        generator = np.random.default_rng(4)
        for _ in range(300):
            levels = generator.random(4)
            sides = []
            for count in generator.integers(60, 200, 2).tolist():
                classes = generator.choice(4, count, p=generator.dirichlet(np.ones(4)))
                images = levels[classes][:, None, None] + generator.normal(0, 0.2, (count, 1, 40))
                sides.append((images, classes.astype(str)))
            (first, classes), (second, others) = sides
            assert apart(first, second, classes, others, _IMAGES) is None

    def test_rows_of_another_scale_are(self) -> None:
        generator = np.random.default_rng(5)
        first, second = generator.normal(size=(60, 8, 1)), 20 * generator.normal(size=(60, 8, 1))
        found = apart(first, second, None, None, _OTHERS)
        assert found is not None
        assert len(found.columns) == found.of == 8
        assert found.errors > 6
