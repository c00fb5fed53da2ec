import collections
import itertools

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "x y")


def stream(count):
    return fl.Dataset.from_generator(lambda: iter(np.arange(count)))


def plain(dataset) -> list:
    return [fl_map(int, element) for element in dataset]


def fl_map(function, element):
    if isinstance(element, tuple):
        parts = [fl_map(function, part) for part in element]
        return type(element)(*parts) if hasattr(element, "_fields") else tuple(parts)
    if isinstance(element, dict):
        return {key: fl_map(function, part) for key, part in element.items()}
    return function(element)


@pytest.mark.parametrize("first", [fl.Dataset.range(4), stream(4)])
@pytest.mark.parametrize("second", [fl.Dataset.range(3), stream(3), fl.Dataset.range(3).repeat(), stream(3).repeat()])
def test_ends_with_the_shortest(first, second) -> None:
    expected = list(zip(range(4), itertools.cycle(range(3)), strict=False))
    got = plain(fl.Dataset.zip(first, second))
    assert got == expected[: len(got)]
    assert len(got) == (4 if fl.INFINITE_CARDINALITY in (first.cardinality(), second.cardinality()) else len(got))
    assert len(got) in (3, 4)
    assert plain(fl.Dataset.zip(second, first)) == [(b, a) for a, b in got]


def test_structures() -> None:
    a, b = fl.Dataset.range(2), stream(2)
    assert plain(fl.Dataset.zip((a, b))) == [(0, 0), (1, 1)]
    assert plain(fl.Dataset.zip({"a": a, "b": (b, a)})) == [{"a": 0, "b": (0, 0)}, {"a": 1, "b": (1, 1)}]
    assert plain(fl.Dataset.zip(datasets=(a,))) == [(0,), (1,)]
    assert plain(fl.Dataset.zip(Pair(a, b))) == [Pair(0, 0), Pair(1, 1)]
    assert plain(fl.Dataset.zip(a)) == [0, 1]
    nested = fl.Dataset.zip(fl.Dataset.zip(a, a), {"c": a})
    assert plain(nested) == [((0, 0), {"c": 0}), ((1, 1), {"c": 1})]
    assert nested.element_spec == ((fl.TensorSpec((), "int64"),) * 2, {"c": fl.TensorSpec((), "int64")})


def test_the_same_dataset_twice() -> None:
    shuffled = fl.Dataset.range(50).shuffle(50, seed=1)
    assert all(int(a) == int(b) for a, b in fl.Dataset.zip(shuffled, shuffled))
    assert plain(fl.Dataset.zip(stream(3), stream(3).skip(1))) == [(0, 1), (1, 2)]


def test_an_error_in_one_comes_after_the_whole_elements_before_it() -> None:
    def broken():
        yield from range(3)
        raise ValueError("broken")

    iterator = iter(fl.Dataset.zip(fl.Dataset.range(10), fl.Dataset.from_generator(broken)))
    assert [fl_map(int, next(iterator)) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(fl.errors.UserFunctionError, match="broken"):
        next(iterator)
    assert list(iterator) == []


def test_bad_arguments() -> None:
    for arguments in ((), ((),), ({},), (3,), ([fl.Dataset.range(2), fl.Dataset.range(2)],), (fl.Dataset.range(2), 3)):
        with pytest.raises(fl.errors.ArgumentError, match="zip"):
            fl.Dataset.zip(*arguments)
