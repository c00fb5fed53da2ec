"""What functions refer to: changes are seen where another process would not see them, and told by name."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

import numpy as np
import pytest

from feedline.run.referred_state import ReferredState

calls = 0
words: dict[int, int] = {}


def counting(number):
    global calls
    calls += 1
    return number


def numbering(number):
    return words.setdefault(int(number), len(words))


def closure_of_a_counter() -> Callable:
    count = 0

    def counted(number):
        nonlocal count
        count += 1
        return number

    return counted


def closure_of_a_list() -> Callable:
    last = [0, 0]

    def noted(number):
        last[0] = number
        return number

    return noted


def through_another_function() -> Callable:
    def inner(number):
        return numbering(number)

    return lambda number: inner(number)


def drawing() -> Callable:
    generator = np.random.default_rng(0)
    return lambda number: number + generator.normal()


def drawing_without_numpy() -> Callable:
    generator = random.Random(0)
    return lambda number: number + generator.random()


class Vocabulary:
    """Numbers words, as a method and when it is called."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {}
        self.last = 0

    def number(self, word):
        return self.words.setdefault(word, len(self.words))

    def note(self, word):
        self.last = word

    def __call__(self, word):
        return self.number(word)


CHANGING = {
    "variable 'calls'": counting,
    "variable 'words'": numbering,
    "variable 'count'": closure_of_a_counter(),
    "variable 'last'": closure_of_a_list(),
    "variable 'words' ": through_another_function(),
    "variable 'generator'": drawing(),
    "variable 'generator' ": drawing_without_numpy(),
    "attribute 'words' of its object": Vocabulary().number,
    "attribute 'words' of its object ": Vocabulary(),
    "an attribute of its object": Vocabulary().note,
    "variable 'words'  ": functools.partial(numbering),
}


@pytest.mark.parametrize("name", CHANGING)
def test_what_a_function_changes_is_told_once(name) -> None:
    words.clear()
    function = CHANGING[name]
    state = ReferredState([(7, function)])
    function(1)
    assert state.changed() is None  # the first look
    assert state.changed() is None
    function(2000)
    assert state.changed() == (7, name.strip())
    function(3000)
    assert state.changed() is None


def test_what_functions_only_read_does_not_change() -> None:
    settings = {"scale": 2.0, "names": ["a", "b"], "mean": np.ones(3)}
    vocabulary = Vocabulary()

    def scaled(number):
        return number * settings["scale"] + settings["mean"] + len(settings["names"]) + vocabulary.last

    functions = [scaled, np.add, len, functools.partial(scaled), int]
    state = ReferredState(enumerate(functions))
    for number in range(5):
        scaled(number)
        assert state.changed() is None


def test_what_a_function_makes_when_it_is_first_called_is_no_change() -> None:
    made: dict[str, np.ndarray] = {}

    def lazily(number):
        if not made:
            made["table"] = np.arange(10)
        return made["table"][number]

    state = ReferredState([(0, lazily)])
    for number in range(5):
        lazily(number)
        assert state.changed() is None


def test_an_array_of_its_own_that_a_function_writes_to_is_no_change() -> None:
    buffer = np.zeros(10)

    def filled(number):
        buffer[:] = number
        return buffer.sum()

    state = ReferredState([(0, filled)])
    for number in range(5):
        filled(number)
        assert state.changed() is None
