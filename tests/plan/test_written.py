"""What functions write is no part of a plan, however they write it; what they read is."""

from __future__ import annotations

import collections
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

shared: dict[int, int] = {}
counts: collections.defaultdict[int, int] = collections.defaultdict(int)
unknown: collections.defaultdict[str, int] = collections.defaultdict(lambda: 7)
noted: list[int] = []
note = noted.append
room = np.zeros(4)


def plan_of(function: Callable) -> fl.Dataset:
    return fl.Dataset.range(10).map(function)


def in_a_default(factor: int) -> Callable:
    def function(number, known={}, *, seen=[]):  # noqa: B006
        seen.append(1)
        if int(number) not in known:
            known[int(number)] = int(number) * factor
        return known[int(number)]

    return function


def looked_up(known, key, factor):
    return stored(known, key, factor)


def stored(known, key, factor):
    if key not in known:
        known[key] = key * factor
    return known[key]


def by_helpers_of_helpers(factor: int) -> Callable:
    return lambda number: looked_up(shared, int(number), factor) + 0 * factor


def filled(room, value):
    room[:] = value
    return room


def in_a_buffer_that_is_passed(factor: int) -> Callable:
    return lambda number: filled(room, float(number) * factor).copy()


def by_reading_what_is_missing(factor: int) -> Callable:
    return lambda number: number * factor + counts[int(number)] + unknown[str(int(number))]


class Learning(dict):
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __missing__(self, key):
        value = self[key] = key * self.factor
        return value


def in_a_dictionary_of_its_own_class(factor: int) -> Callable:
    known = Learning(factor)
    return lambda number: known[int(number)]


class Noting:
    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.seen: list[int] = []

    def __call__(self, number):
        seen = self.seen
        seen += [1]
        if not hasattr(self, "table"):
            setattr(self, "table", [3])  # noqa: B010
        self.__dict__["last"] = int(number)
        return number * self.factor


def by_a_method_that_is_held(factor: int) -> Callable:
    def function(number):
        note(int(number))
        return number * factor

    return function


@pytest.mark.parametrize(
    "make",
    [
        in_a_default,
        by_helpers_of_helpers,
        in_a_buffer_that_is_passed,
        by_reading_what_is_missing,
        in_a_dictionary_of_its_own_class,
        Noting,
        by_a_method_that_is_held,
    ],
)
def test_what_is_written_is_no_part_and_what_is_read_is(make: Callable[[int], Callable]) -> None:
    plan = plan_of(make(3))
    before = int(plan.fingerprint())
    assert before != int(plan_of(make(4)).fingerprint())
    shared.clear()
    list(plan)
    assert int(plan.fingerprint()) == before


@pytest.mark.parametrize("values", [([1], [2]), ({1: 2}, {1: 3}), (2, 3), ((1,), (2,))])
def test_what_is_passed_to_a_helper_that_only_reads_counts(values: tuple[Any, Any]) -> None:
    def reads(known):
        return len(str(known))

    def giving(value):
        return lambda number: number + reads(value)

    assert int(plan_of(giving(values[0])).fingerprint()) != int(plan_of(giving(values[1])).fingerprint())


def test_a_number_that_is_added_to_counts() -> None:
    def adding(start):
        def function(number):
            total = start
            total += number
            return total

        return function

    assert int(plan_of(adding(1)).fingerprint()) != int(plan_of(adding(2)).fingerprint())


def test_large_sets_are_the_same_in_every_process() -> None:
    program = """if True:
        import feedline as fl
        known = {f"word {number}" for number in range(20_000)}
        pairs = {(word, 1) for word in known}
        mixed = {frozenset([word]) for word in known}
        plan = fl.Dataset.range(3).map(lambda number: number + len(known) + len(pairs) + len(mixed))
        print(int(plan.fingerprint()))
    """
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.parametrize("kind", [set, dict.fromkeys, list])
def test_one_more_word_of_many_counts(kind: Callable) -> None:
    words = [f"word {number}" for number in range(200_000)]

    def giving(known):
        return lambda number: number + len(known)

    assert int(plan_of(giving(kind(words))).fingerprint()) != int(plan_of(giving(kind(words[:-1]))).fingerprint())
