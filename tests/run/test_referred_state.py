"""What functions refer to: changes are seen where another process would not see them, and told by name."""

from __future__ import annotations

import array
import functools
import io
import itertools
import os
import random
import sys
import types
from collections import OrderedDict, UserDict, deque
from collections.abc import Callable
from typing import Any, ClassVar

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


class Settings:
    """Holds all at one place, as programs do."""

    __slots__ = ("count",)
    number = 0
    words: ClassVar[dict[int, int]] = {}

    def __init__(self) -> None:
        self.count = 0

    @staticmethod
    def number_of(word):
        return Settings.words.setdefault(word, len(Settings.words))

    @classmethod
    def next(cls, element):
        cls.number += 1
        return element + cls.number

    def counted(self, element):
        self.count += 1
        return element + self.count


class DrawingOfTheUsers(random.Random):
    """Is known by what it is derived from."""


def counting_in_a_class(element):
    Settings.number += 1
    return element


def counting_in_itself(element):
    counting_in_itself.calls += 1
    return element


counting_in_itself.calls = 0


def with_a_keyword(element, *, calls=[0]):  # noqa: B006
    calls[0] += 1
    return element


def that_changes_its_defaults(element, number=0):
    that_changes_its_defaults.__defaults__ = (number + 1,)
    return element


def through_an_import_of_its_own(element):
    import users_settings  # type: ignore[import-not-found]

    users_settings.number += 1
    return element


@pytest.fixture(autouse=True)
def users_module(monkeypatch) -> None:
    module = types.ModuleType("users_settings")
    module.number = 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "users_settings", module)


def closure_of(make: Callable[[], Any], change: Callable[[Any], Any]) -> Callable:
    held = make()

    def function(element):
        change(held)
        return element

    return function


def rotate(queue: Any) -> None:
    queue.append(queue.popleft())


def raise_first(numbers: Any) -> None:
    numbers[0] += 1


def set_place(numbers: Any) -> None:
    numbers[17] += 1


def replace_one(numbers: set) -> None:
    numbers.add(max(numbers) + 1)
    numbers.remove(min(numbers))


def count_in_namespace(space: Any) -> None:
    space.count += 1


def move_first(numbers: OrderedDict) -> None:
    numbers.move_to_end(next(iter(numbers)))


HOLDING = {
    "count": (itertools.count, next),
    "list iterator": (lambda: iter(list(range(5000))), next),
    "range iterator": (lambda: iter(range(5000)), next),
    "zip": (lambda: zip(range(5000), range(5000), strict=True), next),
    "bound method of an iterator": (lambda: itertools.count().__next__, lambda held: held()),
    "bound method of a generator": (lambda: random.Random(0).random, lambda held: held()),
    "generator of the user's class": (lambda: DrawingOfTheUsers(0), lambda held: held.random()),
    "file in memory": (lambda: io.BytesIO(bytes(5000)), lambda held: held.read(1)),
    "large list": (lambda: [0] * 1000, raise_first),
    "large list, in the middle": (lambda: [0] * 35, set_place),
    "large dict": (lambda: dict.fromkeys(range(1000), 0), raise_first),
    "large deque": (lambda: deque(range(1000)), rotate),
    "set of the same size": (lambda: {1, 2, 3}, replace_one),
    "large ordered dict": (lambda: OrderedDict.fromkeys(range(1000)), move_first),
    "namespace": (lambda: types.SimpleNamespace(count=0), count_in_namespace),
    "dict of the user's": (lambda: UserDict({0: 0}), raise_first),
}


@pytest.mark.parametrize("name", HOLDING)
def test_changes_of_what_a_function_holds_are_seen(name) -> None:
    function = closure_of(*HOLDING[name])
    state = ReferredState([(7, function)])
    function(1)
    assert state.changed() is None
    if name != "zip":  # of which cannot be seen how far it is
        assert state.changed() is None
    function(2)
    key, what = state.changed() or (None, "")
    assert key == 7
    assert "'held'" in what


CHANGING = {
    "an attribute of class Settings": counting_in_a_class,
    "attribute 'words' of class Settings": Settings.number_of,
    "an attribute of class Settings ": Settings.next,
    "an attribute of its object  ": Settings().counted,
    "an attribute of counting_in_itself()": counting_in_itself,
    "a default argument": with_a_keyword,
    "a default argument ": that_changes_its_defaults,
    "variable 'number' of users_settings": through_an_import_of_its_own,
    "the random numbers of random": lambda element: random.random(),
    "the random numbers of numpy.random": lambda element: np.random.rand(),  # noqa: NPY002
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


def filling(memory: Any) -> Callable:
    def filled(number):
        memory[0] = number % 256
        return memory[0]

    return filled


def adding(memory: Any) -> Callable:
    def added(number):
        memory[0] = (memory[0] + number) % 256
        return memory[0]

    return added


ARRAYS = {
    "numpy": lambda: np.zeros(10),
    "large": lambda: np.zeros((1000, 1000)).reshape(-1),
    "array": lambda: array.array("l", [0] * 10),
    "bytearray": lambda: bytearray(10),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_is_filled_for_each_element_is_no_change(name) -> None:
    filled = filling(ARRAYS[name]())
    state = ReferredState([(0, filled)])
    for number in range(5):
        first = filled(number)
        filled(number + 1)
        assert state.changed(lambda first=first, number=number: filled(number) == first) is None


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_a_function_builds_on_is_told(name) -> None:
    added = adding(ARRAYS[name]())
    state = ReferredState([(3, added)])
    added(1)
    assert state.changed() is None
    first = added(2)
    assert state.changed() is None  # where it cannot be asked
    assert state.changed(lambda: added(2) == first) == (3, "variable 'memory'")
    assert state.changed(lambda: False) is None


def test_arrays_are_asked_about_a_few_times_only() -> None:
    filled = filling(np.zeros(3))
    state = ReferredState([(0, filled)])
    asked: list[int] = []
    for number in range(20):
        filled(number)
        state.changed(lambda: asked.append(0) is None)
    assert len(asked) == 3
    assert not state.may_ask


def test_an_environment_that_a_function_changes_is_told(monkeypatch) -> None:
    def counted(number):
        monkeypatch.setenv("FEEDLINE_TESTED", str(number))
        return os.environ["FEEDLINE_TESTED"]

    state = ReferredState([(0, counted)])
    counted(1)
    assert state.changed() is None
    counted(2)
    assert state.changed() == (0, "os.environ")


def test_random_numbers_that_are_set_anew_for_each_element_are_no_change() -> None:
    def drawn(number):
        np.random.seed(number)  # noqa: NPY002
        random.seed(number)
        return np.random.rand() + random.random()  # noqa: NPY002

    state = ReferredState([(0, drawn)])
    for number in range(5):
        drawn(number)
        assert state.changed() is None


def test_what_a_function_refers_to_itself_is_looked_at_though_there_is_much_else() -> None:
    settings = {number: {"names": [number], "more": {"deep": [number]}} for number in range(200)}
    totals = [0]

    def totalled(number):
        totals[0] += settings[0]["names"][0] + 1
        return totals[0]

    state = ReferredState([(0, totalled)])
    state.changed()
    totalled(1)
    assert state.changed() == (0, "variable 'totals'")


def test_what_others_have_changed_is_not_told() -> None:
    settings = {"size": 1}
    state = ReferredState([(0, lambda element: settings["size"])])
    state.look_again()
    assert state.changed() is None
    settings["size"] = 2
    state.look_again()
    assert state.changed() is None
    settings["size"] = 3
    assert state.changed() == (0, "variable 'settings'")


class Shy(dict):
    """Does not let itself be looked at."""

    def __len__(self):
        raise RuntimeError

    def __getattr__(self, name):
        raise RuntimeError


def test_objects_that_do_not_want_to_be_looked_at_are_left_alone() -> None:
    shy = Shy()
    state = ReferredState([(0, lambda element: shy)])
    assert state.changed() is None
    assert state.changed() is None


def test_batch_normalisation_that_goes_on_learning_is_seen() -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.BatchNorm1d(2)

    def normalised(batch):
        return layer(torch.ones(4, 2))

    state = ReferredState([(0, normalised)])
    for _ in range(2):
        state.changed()
    normalised(0)
    assert state.changed() == (0, "a buffer of variable 'layer'")
    layer.eval()
    state = ReferredState([(0, normalised)])
    for _ in range(3):
        normalised(0)
        assert state.changed() is None
