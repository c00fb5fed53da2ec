"""Code that is sent to processes: functions with caches, and classes with cached properties."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

import feedline as fl
from feedline.plan.libraries import is_users
from feedline.run.plan_message import value_message

PROCESSES = fl.Options(executor="processes")


def last_of(function: Callable) -> int:
    return int(list(fl.Dataset.range(40).map(function, 2).with_options(PROCESSES))[-1])


@functools.lru_cache(maxsize=8)
def doubled_of_this_file(number):
    return 2 * number


def test_functions_with_caches_are_sent() -> None:
    plus = 3

    @functools.lru_cache(maxsize=8, typed=True)
    def raised(number):
        return number + plus

    assert last_of(lambda number: raised(int(number))) == 42
    assert last_of(lambda number: doubled_of_this_file(int(number))) == 78


def test_a_function_with_a_cache_that_counts_is_told() -> None:
    numbers: dict[int, int] = {}

    @functools.cache
    def numbered(word):
        return numbers.setdefault(word, len(numbers))

    with pytest.warns(fl.errors.FeedlineWarning, match="'numbers'"):
        last_of(lambda number: numbered(int(number)))


def test_classes_with_cached_properties_are_sent() -> None:
    class Settings:
        @functools.cached_property
        def scale(self):
            return 3

    settings = Settings()
    assert last_of(lambda number: number * settings.scale) == 117


def test_a_cached_function_of_a_module_stays_what_it_is() -> None:
    pickled, _ = value_message(is_users)
    assert pickle.loads(pickled) is is_users


def test_a_cached_function_of_a_program(tmp_path) -> None:
    file = tmp_path / "program.py"
    file.write_text(
        textwrap.dedent(
            """
            import functools
            import feedline as fl

            @functools.cache
            def doubled(number):
                return 2 * number

            dataset = fl.Dataset.range(40).map(lambda number: doubled(int(number)), 2)
            assert int(list(dataset.with_options(fl.Options(executor="processes")))[-1]) == 78
            """
        )
    )
    ended = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
