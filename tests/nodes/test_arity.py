"""Which numbers of arguments a user's function takes, and what is said where it takes another."""

import functools

import numpy as np
import pytest

import feedline as fl


class Callable:
    def __call__(self, x):
        return x

    def method(self, x, y):
        return x

    @staticmethod
    def static(x, y):
        return x


def wrapped(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


ONE = fl.Dataset.range(3)
TWO = fl.Dataset.zip(ONE, ONE)
FITS = {
    "one": (ONE, lambda x: x),
    "two": (TWO, lambda x, y: x),
    "any number": (TWO, lambda *xs: xs[0]),
    "one and any number": (TWO, lambda x, *xs: x),
    "a default": (TWO, lambda x, y, z=1: x),
    "defaults only": (ONE, lambda x=1, y=2: x),
    "by name": (ONE, lambda x, *, y=2: x),
    "any names": (ONE, lambda x, **rest: x),
    "an object": (ONE, Callable()),
    "a method": (TWO, Callable().method),
    "a static method": (TWO, Callable.static),
    "a part of a function": (ONE, functools.partial(lambda y, x: x, 1)),
    "a part by name": (ONE, functools.partial(lambda x, y: x, y=1)),
    "a wrapped function": (TWO, wrapped(lambda x, y: x)),
    "a class": (ONE, np.float32),
    "a function of NumPy": (ONE, np.negative),
    "one written in C": (ONE, abs),
    "one without a signature": (TWO, max),
    "a namedtuple is one": (fl.Dataset.from_tensors({"a": 1, "b": 2}), lambda element: element["a"]),
}
MISFITS = {
    "one too many": (ONE, lambda x, y: x, "2 arguments"),
    "one too few": (TWO, lambda x: x, "1 argument."),
    "none": (ONE, lambda: 1, "0 arguments"),
    "more by default": (TWO, lambda x, y, z, w=1: x, "3 to 4 arguments"),
    "more and any number": (TWO, lambda x, y, z, *w: x, "3 or more arguments"),
    "one by name": (ONE, lambda x, *, y: x, "1 argument, and y by name"),
    "an object": (TWO, Callable(), "Callable() in map(Callable) takes 1 argument"),
    "a method": (ONE, Callable().method, "method() in map(method) takes 2 arguments"),
    "a part": (ONE, functools.partial(lambda x, y, z: x, 1), "2 arguments"),
}


@pytest.mark.parametrize("name", FITS)
def test_functions_that_fit(name) -> None:
    dataset, function = FITS[name]
    assert len(list(dataset.map(function))) == len(dataset)


@pytest.mark.parametrize("name", MISFITS)
def test_functions_that_do_not(name) -> None:
    dataset, function, text = MISFITS[name]
    with pytest.raises(fl.errors.StructureError) as caught:
        dataset.map(function)
    assert text in str(caught.value)


STEPS = {
    "filter": lambda ds, function: ds.filter(function),
    "flat_map": lambda ds, function: ds.flat_map(function),
    "interleave": lambda ds, function: ds.interleave(function),
    "take_while": lambda ds, function: ds.take_while(function),
    "group_by_window": lambda ds, function: ds.group_by_window(function, lambda key, window: window, 2),
    "rejection_resample": lambda ds, function: ds.rejection_resample(function, [0.5, 0.5]),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("known", [True, False])
def test_every_step_says_so(name, known) -> None:
    pairs = TWO if known else TWO.map(lambda x, y: (x, y))
    with pytest.raises(fl.errors.StructureError, match="elements are tuples of 2") as caught:
        list(STEPS[name](pairs, lambda x: x))
    assert f"{name}" in str(caught.value)
    assert "lambda x, y: ..." in caught.value.fix
    assert "test_arity.py:" in str(caught.value)


def test_the_element_of_scan_and_reduce_is_one_argument() -> None:
    for build in (
        lambda: TWO.scan(np.int64(0), lambda state, x, y: (state, x)),
        lambda: TWO.reduce(np.int64(0), lambda state, x, y: state),
    ):
        with pytest.raises(fl.errors.StructureError, match=r"takes 3 arguments, but is called with the state and"):
            build()


def test_the_arguments_of_buckets() -> None:
    pairs = fl.Dataset.from_tensor_slices(([[1], [2]], [3, 4]))
    with pytest.raises(fl.errors.FeedlineError, match="argument"):
        list(pairs.bucket_by_sequence_length(lambda x: len(x), [2], [2, 2]))


def doubled(function):
    """Gives a function of one component another of two, under its name."""

    @functools.wraps(function)
    def both(first, second):
        return function(first), function(second)

    return both


@doubled
def negative(value):
    return -value


def test_a_decorated_function_is_asked_for_its_own_arguments_not_for_those_of_what_it_wraps() -> None:
    dataset = fl.Dataset.from_tensor_slices(([1, 2], [3, 4]))
    assert [(int(a), int(b)) for a, b in dataset.map(negative)] == [(-1, -3), (-2, -4)]
    with pytest.raises(fl.errors.StructureError, match="takes 2 arguments"):
        fl.Dataset.range(2).map(negative)
