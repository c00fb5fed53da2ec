"""What is told of a function from its code."""

from __future__ import annotations

import functools
import random as python_random
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.functions import FunctionFacts

GENERATOR = np.random.default_rng(1)
SCALE = 255


def scaled(image: Any) -> Any:
    return fl.cast(image, fl.float32) / SCALE


def outer(image: Any) -> Any:
    return scaled(image)


class Augmenter:
    def __init__(self) -> None:
        self.generator = np.random.RandomState(1)
        self.factor = 0.5

    def __call__(self, image: Any) -> Any:
        return fl.image.random_flip_left_right(image) * self.generator.rand()

    def method(self, image: Any) -> Any:
        return outer(image)


def test_what_is_mentioned() -> None:
    assert FunctionFacts(lambda image: fl.image.resize(image, [2, 2])).mentions(fl.image.resize) == ["fl.image.resize"]
    assert FunctionFacts(outer).mentions(fl.cast) == ["fl.cast"]
    assert FunctionFacts(functools.partial(outer)).mentions(fl.cast) == ["fl.cast"]
    assert FunctionFacts(Augmenter().method).mentions(fl.cast) == ["fl.cast"]
    assert FunctionFacts(outer).mentions(fl.image.resize) == []


def test_a_function_within_a_function() -> None:
    def made() -> Any:
        def inner(image: Any) -> Any:
            return scaled(image)

        return inner

    assert FunctionFacts(lambda image: made()(image)).mentions(fl.cast) == ["fl.cast"]
    assert FunctionFacts(lambda images: [scaled(image) for image in images]).mentions(fl.cast) == ["fl.cast"]


def test_constants() -> None:
    assert 255 in FunctionFacts(lambda image: image / 255).constants
    assert 0.5 in FunctionFacts(lambda image: outer(image) * 0.5).constants


@pytest.mark.parametrize(
    ("function", "foreign"),
    [
        (lambda image: fl.image.random_flip_left_right(image), False),
        (lambda image: image + fl.random.uniform(image.shape), False),
        (lambda image: image + np.random.rand(), True),  # noqa: NPY002
        (lambda image: image + np.random.default_rng().random(), True),
        (lambda image: image + GENERATOR.random(), True),
        (lambda image: image + python_random.random(), True),
        (Augmenter(), True),
    ],
)
def test_random_functions(function: Any, foreign: bool) -> None:
    facts = FunctionFacts(function)
    assert facts.random_calls
    assert bool(facts.foreign_random_calls) is foreign


@pytest.mark.parametrize("function", [scaled, outer, np.sqrt, abs, lambda image: fl.image.flip_left_right(image)])
def test_functions_that_draw_nothing(function: Any) -> None:
    facts = FunctionFacts(function)
    assert facts.random_calls == ()
    assert facts.generators == ()
    assert facts.one_shot == ()


def test_generators() -> None:
    augmenter = Augmenter()
    assert FunctionFacts(augmenter).generators == (augmenter.generator,)
    assert FunctionFacts(lambda image: GENERATOR.random()).generators == (GENERATOR,)
    own = np.random.default_rng(3)
    assert FunctionFacts(lambda image: own.random()).generators == (own,)
    assert FunctionFacts(own.random).generators == (own,)


def test_recursion_ends() -> None:
    def turns(depth: int) -> Any:
        return turns(depth - 1) if depth else scaled(depth)

    assert FunctionFacts(turns).mentions(fl.cast) == ["fl.cast"]
