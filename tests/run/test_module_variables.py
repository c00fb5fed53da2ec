"""Variables of modules: what a program sets in them holds in processes, too."""

from __future__ import annotations

import argparse
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.run.module_variables import set_variables, variables_of

PROCESSES = fl.Options(executor="processes")
SETTINGS = """
import threading
size = 1
names = ["a"]
arguments = None
table = {}
large = list(range(10_000))
lock = threading.Lock()

class Config:
    size = 1

class Sized:
    def __init__(self, size):
        self.size = size

    def __eq__(self, other):
        raise ValueError

chosen = Sized(1)

def scaled(number):
    return number * size

def scaled_by_class(number):
    return number * Config.size
"""


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Iterator[Any]:
    (tmp_path / "settings_of_users.py").write_text(SETTINGS)
    monkeypatch.syspath_prepend(tmp_path)
    import settings_of_users  # type: ignore[import-not-found]

    yield settings_of_users
    sys.modules.pop("settings_of_users")


def import_within(number):
    import settings_of_users

    return number * settings_of_users.size


def last_of(function: Callable) -> int:
    return int(list(fl.Dataset.range(4).map(function, 2).with_options(PROCESSES))[-1])


def test_variables_that_a_program_sets_hold_in_processes(settings) -> None:
    assert last_of(settings.scaled) == 3
    settings.size, settings.Config.size = 3, 5
    settings.table["size"] = 7
    settings.arguments = argparse.Namespace(size=11)
    settings.chosen = settings.Sized(13)
    assert last_of(settings.scaled) == 9
    assert last_of(lambda number: settings.scaled(number)) == 9
    assert last_of(lambda number: number * settings.size) == 9
    assert last_of(import_within) == 9
    assert last_of(settings.scaled_by_class) == 15
    assert last_of(lambda number: number * settings.Config.size) == 15
    assert last_of(lambda number: number * settings.table["size"]) == 21
    assert last_of(lambda number: number * settings.arguments.size) == 33
    assert last_of(lambda number: number * settings.chosen.size) == 39


def test_each_epoch_sees_what_was_set_before_it_whatever_ran_meanwhile(settings) -> None:
    dataset = fl.Dataset.range(4).map(settings.scaled, 2).with_options(PROCESSES)
    other = fl.Dataset.range(6).map(settings.scaled, 2).with_options(PROCESSES)
    seen = []
    for size in (2, 2, 3):
        settings.size = size
        seen.append(int(list(dataset)[-1]))
        settings.size = 10
        assert int(list(other)[-1]) == 50
    assert seen == [6, 6, 9]


def test_only_what_is_named_and_plain_is_taken(settings) -> None:
    def function(number):
        with settings.lock:
            return settings.large[number], settings.names, settings.Config.size

    found = [(owner, name) for _, owner, name, _ in variables_of([function])]
    assert set(found) >= {("", "names"), ("Config", "size")}
    assert not {name for _, name in found} & {"large", "lock", "Config", "table"}


def test_what_is_the_same_is_left_as_it_is(settings) -> None:
    variables = variables_of([lambda number: (settings.names, settings.chosen)])
    names, chosen = settings.names, settings.chosen
    set_variables(variables)
    assert settings.names is names
    assert settings.chosen is chosen
    settings.names = ["b"]
    set_variables(variables)
    assert settings.names == ["a"]


def test_functions_without_modules_of_the_users_have_none() -> None:
    lock, array = threading.Lock(), np.zeros(3)
    assert variables_of([np.add, len, lambda number: (lock, array, types.MappingProxyType({}))]) == []
