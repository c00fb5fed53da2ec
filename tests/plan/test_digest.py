"""A plan is another where anything differs that its functions read, not where they differ by what they wrote."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
import textwrap
import threading
import types

import numpy as np
import pytest

import feedline as fl
from feedline.plan.fingerprint import fingerprint_of, steps_of


def of(function) -> str:
    return fingerprint_of(steps_of(fl.Dataset.range(10).map(function).node))


class Scale:
    unit = 1

    def __init__(self, factor) -> None:
        self.factor = factor
        self.seen = 0
        self.rng = np.random.default_rng()
        self.lock = threading.Lock()
        self.cache: dict = {}

    def __call__(self, number):
        self.seen += 1
        self.cache[int(number)] = 1
        return self.times(number)

    def times(self, number):
        return number * self.factor

    @staticmethod
    def twice(number):
        return number * 2


@dataclasses.dataclass
class Settings:
    scale: float
    names: list


def with_array(mean):
    return lambda number: number - mean


def with_dict(config):
    return lambda number: number * config["scale"]


def with_attribute(settings):
    return lambda number: number * settings.scale


def chained(depth, factor):
    function = with_array(factor)
    for _ in range(depth):
        function = (lambda inner: lambda number: inner(number))(function)
    return function


def in_a_module(factor):
    module = types.ModuleType("users_augment")
    exec(f"def f(number):\n    return number * {factor}", module.__dict__)
    return (lambda augment: lambda number: augment.f(number))(module)


PAIRS = {
    "an array": [with_array(np.float32([value])) for value in (1, 500)],
    "a list": [with_dict(value) for value in ([1, 2], [1, 3])],
    "a dict": [with_dict({"scale": value}) for value in (1, 100)],
    "a dict within a dict": [with_dict({"scale": {"x": value}}) for value in (1, 100)],
    "a set": [with_dict({value}) for value in (1, 100)],
    "an attribute": [with_attribute(Settings(value, [])) for value in (1.0, 2.0)],
    "a list in an attribute": [with_attribute(Settings(1.0, [value])) for value in (1.0, 2.0)],
    "the object of a method": [Scale(value).times for value in (1, 2)],
    "an object that is called": [Scale(value) for value in (1, 2)],
    "a partial": [functools.partial(np.multiply, value) for value in (1, 2)],
    "a function of a module": [in_a_module(value) for value in (2, 3)],
    "a chain of closures": [chained(12, value) for value in (1, 2)],
    "a deep chain of closures": [chained(25, value) for value in (1, 2)],
    "a large array": [with_array(np.full((40, 1 << 20), value, np.int8)) for value in (1, 2)],
    "large strings": [with_array(np.array([b"%d" % (value * number) for number in range(30000)])) for value in (1, 2)],
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_a_function_reads_is_part_of_it(name) -> None:
    one, other = PAIRS[name]
    assert of(one) != of(other)
    assert of(one) == of(one)


def test_edited_methods_are_another_plan(monkeypatch) -> None:
    def function(number):
        return Scale.twice(number)

    before = of(function)
    monkeypatch.setattr(Scale, "twice", staticmethod(lambda number: number * 3))
    assert of(function) != before


COUNTS = {"calls": 0}
SEEN: list = []
TOTAL = 0


def counting(number):
    global TOTAL
    TOTAL += 1
    COUNTS["calls"] = COUNTS["calls"] + 1
    SEEN.append(number)
    return number


def test_what_a_function_writes_is_no_part_of_it() -> None:
    count = 0

    def nonlocal_counter(number):
        nonlocal count
        count += 1
        return number

    called = Scale(2)
    for function in (counting, nonlocal_counter, called):
        before = of(function)
        list(fl.Dataset.range(5).map(function))
        assert of(function) == before, function
    assert called.seen == 5


class Odd:
    """What may be met in an object, and cannot be looked at."""

    def __init__(self) -> None:
        self.itself = self
        self.lock = threading.Lock()
        self.file = sys.stdout
        self.rng = np.random.default_rng()
        self.generator = (number for number in range(3))
        self.loop: list = []
        self.loop.append(self.loop)

    @property
    def broken(self):
        raise RuntimeError

    def __call__(self, number):
        return number


def test_odd_objects_do_not_matter() -> None:
    assert of(Odd()) == of(Odd())


def test_it_is_the_same_in_another_process() -> None:
    program = textwrap.dedent(
        """
        import numpy as np, feedline as fl
        from feedline.plan.fingerprint import fingerprint_of, steps_of
        class Scale:
            def __init__(self):
                self.names = {"a", "b", "c"}
                self.rng = np.random.default_rng()
                self.table = {"x": [1, 2.5, None], "y": np.arange(5)}
            def __call__(self, number):
                return number * len(self.names)
        config = {"scale": 2, "classes": {"cat", "dog", "cow"}, "own": Scale()}
        dataset = fl.Dataset.range(10).map(lambda number: number * config["scale"]).map(Scale())
        print(fingerprint_of(steps_of(dataset.node)))
        """
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
