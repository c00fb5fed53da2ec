"""What a program changes while processes work with copies of it: it is told, or what is left is computed here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

import feedline as fl
from feedline.run.changes_here import ChangesHere
from feedline.run.concurrency import available_cores

level = 1
two_cores = pytest.mark.skipif(available_cores() < 2, reason="AUTOTUNE takes processes where there are two cores")


class Curriculum:
    """Has what a program changes as it goes on."""

    size = 1
    steps: ClassVar[list[int]] = []

    def __init__(self) -> None:
        self.level = 1
        self.step = 0
        self.losses = {"last": 1.0}

    def raised(self, number):
        return number + self.level

    def train(self):
        self.step += 1
        self.losses["last"] = 1 / self.step


def set_global() -> None:
    global level
    level += 1


def set_class() -> None:
    Curriculum.size += 1


curriculum = Curriculum()
settings = {"level": 1}
sizes = [1, 2]


CHANGES: dict[str, tuple[Callable, Callable[[], Any]]] = {
    "variable 'level'": (lambda number: number + level, set_global),
    "attribute 'size' of class Curriculum": (lambda number: number + Curriculum.size, set_class),
    "an attribute of Curriculum: level": (curriculum.raised, lambda: setattr(curriculum, "level", time.monotonic_ns())),
    "what a dict holds": (
        lambda number: number + settings["level"],
        lambda: settings.__setitem__("level", settings["level"] + 1),
    ),
    "what a list holds": (lambda number: number + sizes[0], lambda: sizes.__setitem__(0, sizes[0] + 1)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_program_changes_is_told_once(what) -> None:
    function, change = CHANGES[what]
    changes = ChangesHere([(0, np.add), (5, function)])
    assert changes.changed() is None
    change()
    assert changes.changed() == (5, what)
    assert changes.changed() is None


def test_what_a_function_does_not_name_may_change() -> None:
    one = Curriculum()
    changes = ChangesHere([(0, one.raised)])
    one.train()
    assert changes.changed() is None


def test_what_is_made_when_it_is_first_needed_or_grows_is_no_change() -> None:
    made: dict[int, int] = {}
    table = None
    buffer = np.zeros(3)

    def lazily(number):
        nonlocal table
        table = table or 5
        buffer[:] = number
        return made.setdefault(number, table)

    changes = ChangesHere([(0, lazily)])
    for number in range(3):
        lazily(number)
        assert changes.changed() is None


def busy(seconds: float = 2e-3) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_who_asked_for_processes_is_warned() -> None:
    size = 1

    def sized(number):
        return number * 0 + size

    dataset = fl.Dataset.range(4000).map(sized, 2).with_options(fl.Options(executor="processes"))
    elements = iter(dataset)
    next(elements)
    size = 2
    with pytest.warns(fl.errors.FeedlineWarning, match=r"map\(sized\) refers to .*'size'.*next iteration") as caught:
        list(elements)
    assert caught[0].filename == __file__
    assert {int(element) for element in dataset} == {2}


@two_cores
def test_what_is_left_is_computed_here_where_nobody_asked_for_processes() -> None:
    size = 1

    def sized(number):
        busy()
        return number * 0 + size

    seen = []
    for number, element in enumerate(fl.Dataset.range(3000).map(sized, fl.AUTOTUNE)):
        size = 2 if number >= 2000 else 1
        seen.append(int(element))
    assert set(seen[:2000]) == {1}
    assert seen[-1] == 2
