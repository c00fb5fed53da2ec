"""Objects of all kinds that a function refers to: what it reads of them counts, what it writes to them does not."""

from __future__ import annotations

import argparse
import array
import collections
import datetime
import decimal
import enum
import functools
import operator
import re
import types

import numpy as np
import pytest

import feedline as fl


def of(function) -> int:
    return int(fl.Dataset.range(10).map(function).fingerprint())


def giving(value):
    return lambda number: value


class Fitted:
    def fit(self, mean):
        self.mean = mean
        return self

    def __call__(self, number):
        return number - self.mean


class Adder:
    def __init__(self, amount) -> None:
        self.amount = amount

    def add(self, number):
        return number + self.amount


class Number(int):
    pass


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def compared_with_a_member(value):
    colour = Colour(value)
    return lambda number: number if colour is Colour.RED else number + 1


def added_by_an_object(amount):
    adder = Adder(amount)
    return lambda number: adder.add(number)


def added_by_a_module(amount):
    module = types.ModuleType("users_sums")
    exec(f"def add(number):\n    return number + {amount}", module.__dict__)
    return lambda number: module.add(number)


def stored_in_a_slice(mean):
    means = [mean]

    def function(number):
        image = np.zeros((2, 2, 2))
        image[:, :, 0] = number - means[0]
        return image

    return function


def with_an_attribute(scale):
    def function(number):
        return number * function.scale

    function.scale = scale
    return function


def with_a_list_in_its_class(mean):
    kind = type("Means", (), {"MEAN": [mean], "__module__": __name__})
    return lambda number: number - kind.MEAN[0]


def one(number):
    return number


def other(number):
    return number + 1


def in_a_list(which):
    functions = [one, other, (one, other)[which - 1]]
    return lambda number: [function(number) for function in functions]


def chained(factor):
    function = giving(factor)
    for _ in range(300):
        function = (lambda inner: lambda number: inner(number))(function)
    return function


def in_one_column(value):
    return np.asfortranarray(np.stack([np.zeros(6 << 20, np.int8), np.full(6 << 20, value, np.int8)]))


KINDS = {
    "a namespace": lambda value: giving(types.SimpleNamespace(a=value)),
    "arguments": lambda value: giving(argparse.Namespace(a=value)),
    "a pattern": lambda value: giving(re.compile(str(value))),
    "a deque": lambda value: giving(collections.deque([value])),
    "bytes": lambda value: giving(bytearray([value])),
    "a slice": lambda value: giving(slice(0, value)),
    "a date": lambda value: giving(datetime.date(2000, 1, value)),
    "a decimal": lambda value: giving(decimal.Decimal(value)),
    "an array of Python's": lambda value: giving(array.array("i", [value])),
    "a view of a dict": lambda value: giving(types.MappingProxyType({"a": value})),
    "an itemgetter": lambda value: operator.itemgetter(value),
    "a dict's method": lambda value: {value: value}.get,
    "a set of tuples": lambda value: giving({(value, 2), (3, 4)}),
    "a function with a cache": lambda value: functools.lru_cache(giving(value)),
    "np.vectorize": lambda value: np.vectorize(giving(value)),
    "a masked array": lambda value: giving(np.ma.masked_array([1, 2], mask=[value == 1, 0])),
    "an array with objects": lambda value: giving(np.array([(value, "a")], [("a", int), ("b", object)])),
    "a matrix": lambda value: giving(np.matrix([[value]])),
    "a large array of columns": lambda value: giving(in_one_column(value)),
    "a large array with gaps": lambda value: giving(np.full((6 << 20, 2), value, np.int8)[:, :1]),
    "what was learnt": lambda value: Fitted().fit(value),
    "a method named add": added_by_an_object,
    "a module's function named add": added_by_a_module,
    "a list read where a slice is stored": stored_in_a_slice,
    "an attribute of the function": with_an_attribute,
    "a list in a class": with_a_list_in_its_class,
    "the order of functions": in_a_list,
    "a number of a class of its own": lambda value: giving(Number(value)),
    "a member of an enum": lambda value: giving(Colour(value)),
    "a member that is compared": compared_with_a_member,
    "a very deep chain": chained,
    "a dataset": lambda value: giving(fl.Dataset.range(value)),
    "a dataset's function": lambda value: giving(fl.Dataset.range(3).map(giving(value))),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_read_counts(name) -> None:
    make = KINDS[name]
    assert of(make(1)) == of(make(1))
    assert of(make(1)) != of(make(2))


def test_tensors_count() -> None:
    torch = pytest.importorskip("torch")
    assert of(giving(torch.tensor([1.0]))) == of(giving(torch.tensor([1.0]))) != of(giving(torch.tensor([2.0])))
    half = torch.ones(2, dtype=torch.bfloat16, requires_grad=True)
    assert of(giving(half)) != of(giving(half * 2))


def test_models_count_by_how_they_were_made() -> None:
    torch = pytest.importorskip("torch")
    first, second = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    assert of(giving(first)) == of(giving(second)) != of(giving(torch.nn.Linear(2, 4)))


def test_arrays_in_files_count_by_what_they_hold(tmp_path) -> None:
    found = []
    for name, value in (("a", 1), ("b", 1), ("c", 2)):
        np.save(tmp_path / f"{name}.npy", np.full((50, 3), value))
        found.append(fl.Dataset.from_tensor_slices(np.load(tmp_path / f"{name}.npy", mmap_mode="r")).fingerprint())
    assert found[0] == found[1] != found[2]


class Lazy:
    @functools.cached_property
    def table(self):
        return {1: 2}

    def __call__(self, number):
        return number * self.table[1]


class Noting:
    def __init__(self) -> None:
        self.cache: dict = {}
        self.calls = 0
        self.numbers: list = []

    def __call__(self, number):
        cache = self.cache
        cache[int(number)] = 1
        self.note(number)
        return number

    def note(self, number):
        self.calls += 1
        self.numbers.append(int(number))


BUFFER = np.zeros(())
BUCKETS: dict = collections.defaultdict(list)
CALLS = 0


def into_a_buffer(number):
    return np.multiply(number, 2.0, out=BUFFER) + 0


def into_buckets(number):
    BUCKETS[int(number) % 2].append(1)
    return number


def count():
    global CALLS
    CALLS += 1


def counted_by_another(number):
    count()
    return number + 0 * CALLS


@pytest.mark.parametrize("function", [Lazy(), Noting(), into_a_buffer, into_buckets, counted_by_another])
def test_what_is_written_does_not_count(function) -> None:
    before = of(function)
    list(fl.Dataset.range(5).map(function))
    assert of(function) == before


class Trainer:
    def __init__(self) -> None:
        self.step = 0
        self.scale = 2

    def augment(self, number):
        return number * self.scale

    def train(self):
        self.step += 1


def test_what_other_methods_are_for_does_not_count() -> None:
    trainer = Trainer()
    before = of(trainer.augment)
    trainer.train()
    assert of(trainer.augment) == before
    trainer.scale = 3
    assert of(trainer.augment) != before


def test_a_function_may_refer_to_its_own_dataset() -> None:
    dataset = fl.Dataset.range(5)
    dataset = dataset.map(lambda number: number if dataset is not None else 0)
    assert dataset.fingerprint() == dataset.fingerprint()


class Raising:
    @property
    def __dict__(self):
        raise RuntimeError

    def __len__(self):
        raise RuntimeError


def test_what_cannot_be_looked_at_is_left_out() -> None:
    assert of(giving(Raising())) == of(giving(Raising()))
    loop: set = set()
    noting = Noting()
    noting.numbers.append(loop)
    loop.add(noting)
    assert of(giving(noting)) == of(giving(noting))
