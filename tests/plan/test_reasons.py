"""Reasons are told with the construct and the line that they are about."""

from __future__ import annotations

import numpy as np
import pytest

from feedline.plan.reasons import in_words
from feedline.plan.vectorise import why_not


def _loops(value):
    total = 0
    for part in range(3):
        total = total + value[part]
    return total


def _while(value):
    while value > 3:
        value = value - 1
    return value


def _both(value):
    return value > 3 and value < 5


def _asserts(value):
    kept = value + 1
    assert kept > 0
    return kept


def _calls(value):
    return value + _loops(value)


def _makes(value):
    return [value + number for number in range(3)]


CASES = [
    (_loops, "it has a for on line {2} (write it as one expression of whole arrays)"),
    (_while, "it has a while on line {1} (write it as one expression of whole arrays)"),
    (_both, "it has an and on line {1} (write np.logical_and)"),
    (_asserts, "it has an assert on line {2}"),
    (lambda value: 1 < value < 3, "it has a comparison of several on line {0}"),
    (lambda value: value if value > 1 else -value, "it has an if on line {0} (np.where chooses between values)"),
    (lambda value: not value, "it uses not (np.logical_not may do)"),
    (lambda value: value is None, "it uses is"),
    (lambda value: f"{value}", "it makes a string"),
    (lambda value: float(value), "it calls float() (write x.astype(float))"),
    (lambda value: np.linalg.norm(value), "it calls numpy.linalg.norm(), which is not known to work on blocks"),
]


@pytest.mark.parametrize(("function", "told"), CASES, ids=[told for _, told in CASES])
def test_constructs_are_named_with_their_lines(function, told: str) -> None:
    first = function.__code__.co_firstlineno
    reason = why_not(function)
    assert reason is not None
    for offset in range(3):
        told = told.replace(f"{{{offset}}}", str(first + offset))
    assert in_words(function, reason) == told


def test_what_a_function_calls_is_named() -> None:
    line = _loops.__code__.co_firstlineno + 2
    assert f"it has a for on line {line}, in _loops()" in in_words(_calls, why_not(_calls) or "")


def test_a_comprehension_is_one_on_every_version_of_python() -> None:
    assert "it has a comprehension" in in_words(_makes, why_not(_makes) or "")


def test_without_its_source_a_function_is_told_of_all_the_same() -> None:
    names: dict = {}
    exec("def choose(value):\n    return value if value else 1", names)
    assert in_words(names["choose"], why_not(names["choose"]) or "") == "it branches or loops on line 2"
