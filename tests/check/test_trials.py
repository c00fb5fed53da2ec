"""Trials: what a map's function draws, seen by calling it again."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.context import Context

IMAGES = np.random.default_rng(0).random((40, 9, 8, 3), np.float32)
GENERATOR = np.random.default_rng(2)


def trial_of(function: Callable[[Any], Any]) -> Any:
    context = Context(fl.Dataset.from_tensor_slices(IMAGES).map(function).batch(8).node)
    return context.trial(context.plan.maps[0])


@pytest.mark.parametrize(
    ("function", "drawn", "changing"),
    [
        (lambda image: image * 2, set(), ()),
        (lambda image: fl.image.random_flip_left_right(image), {"feedline"}, (0,)),
        (lambda image: image + fl.random.normal(image.shape), {"feedline"}, (0,)),
        (lambda image: image + np.random.rand(), {"NumPy"}, (0,)),  # noqa: NPY002
        (lambda image: image + random.random(), {"Python"}, (0,)),
        (lambda image: image + GENERATOR.random(), {"a generator"}, (0,)),
        (lambda image: image + np.random.default_rng().random(), set(), (0,)),
        (lambda image: (image, fl.random.uniform(())), {"feedline"}, (1,)),
        (lambda image: fl.image.random_flip_left_right(image) if len(image) < 3 else image, set(), ()),
    ],
)
def test_what_is_drawn(function: Any, drawn: set[str], changing: tuple[int, ...]) -> None:
    trial = trial_of(function)
    assert len(trial.tried) >= 3
    assert trial.drawn == drawn
    assert trial.changing == changing


def test_seeds_that_are_set_within() -> None:
    def seeded(image: Any) -> Any:
        np.random.seed(3)  # noqa: NPY002
        return image + np.random.rand()  # noqa: NPY002

    trial = trial_of(seeded)
    assert all(tried.seeded == {"NumPy"} for tried in trial.tried)
    assert trial.changing == ()


def test_image_operations_are_noted() -> None:
    def prepared(image: Any) -> Any:
        return fl.image.resize(fl.image.random_brightness(image * 0 + 1, 0.5, seed=1), [4, 5], antialias=True)

    calls = trial_of(prepared).tried[0].calls
    brightness = next(call for call in calls if call.function is fl.image.random_brightness)
    assert brightness.given == (1, 1)
    assert brightness.returned != (1, 1)
    resize = next(call for call in calls if call.function is fl.image.resize)
    assert (resize.arguments["size"], resize.arguments["antialias"], resize.arguments["method"]) == (
        [4, 5], True, "bilinear",
    )  # fmt: skip


def test_nothing_changes() -> None:
    def noisy(image: Any) -> Any:
        return image + np.random.rand() + random.random() + GENERATOR.random()  # noqa: NPY002

    before = str(np.random.get_state()), random.getstate(), str(GENERATOR.bit_generator.state)  # noqa: NPY002
    trial_of(noisy)
    assert (str(np.random.get_state()), random.getstate(), str(GENERATOR.bit_generator.state)) == before  # noqa: NPY002


def test_a_function_that_raises_is_left_alone() -> None:
    def broken(image: Any) -> Any:
        raise ValueError("no")

    assert trial_of(broken).tried == []


def test_elements_keep_what_they_have() -> None:
    def in_place(image: Any) -> Any:
        image += np.random.rand()  # noqa: NPY002
        return image

    copy = IMAGES.copy()
    assert trial_of(in_place).changing == (0,)
    assert np.array_equal(IMAGES, copy)
