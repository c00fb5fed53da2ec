"""window: each component becomes a dataset of its values in the window."""

import collections

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl

Pair = collections.namedtuple("Pair", "b a")


def batched(lib, count, **arguments):
    return lib.Dataset.range(count).window(**arguments).flat_map(lambda window: window.batch(10))


CASES = {
    "size": (lambda lib: batched(lib, 7, size=3), [[0, 1, 2], [3, 4, 5], [6]]),
    "size, without remainder": (lambda lib: batched(lib, 7, size=3, drop_remainder=True), [[0, 1, 2], [3, 4, 5]]),
    "shift 1": (lambda lib: batched(lib, 5, size=3, shift=1), [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4], [4]]),
    "shift 1, without remainder": (
        lambda lib: batched(lib, 5, size=3, shift=1, drop_remainder=True),
        [[0, 1, 2], [1, 2, 3], [2, 3, 4]],
    ),
    "shift beyond the size": (lambda lib: batched(lib, 11, size=2, shift=4), [[0, 1], [4, 5], [8, 9]]),
    "stride": (lambda lib: batched(lib, 10, size=3, stride=2), [[0, 2, 4], [3, 5, 7], [6, 8], [9]]),
    "stride, without remainder": (
        lambda lib: batched(lib, 10, size=3, stride=2, drop_remainder=True),
        [[0, 2, 4], [3, 5, 7]],
    ),
    "shift and stride": (
        lambda lib: batched(lib, 10, size=3, shift=2, stride=3),
        [[0, 3, 6], [2, 5, 8], [4, 7], [6, 9], [8]],
    ),
    "shift and stride, without remainder": (
        lambda lib: batched(lib, 10, size=3, shift=2, stride=3, drop_remainder=True),
        [[0, 3, 6], [2, 5, 8]],
    ),
    "longer than the dataset": (lambda lib: batched(lib, 3, size=5), [[0, 1, 2]]),
    "longer than the dataset, without remainder": (lambda lib: batched(lib, 3, size=5, drop_remainder=True), []),
    "of nothing": (lambda lib: batched(lib, 0, size=2), []),
    "of what has no end": (
        lambda lib: lib.Dataset.range(3).repeat().window(4).flat_map(lambda window: window.batch(4)).take(3),
        [[0, 1, 2, 0], [1, 2, 0, 1], [2, 0, 1, 2]],
    ),
    "datasets as they are": (lambda lib: lib.Dataset.range(5).window(2), [[0, 1], [2, 3], [4]]),
    "of pairs": (
        lambda lib: (
            lib.Dataset.from_tensor_slices((np.arange(5), ["a", "b", "c", "d", "e"]))
            .window(3, shift=2)
            .flat_map(lambda a, b: lib.Dataset.zip((a.batch(3), b.batch(3))))
        ),
        [([0, 1, 2], [b"a", b"b", b"c"]), ([2, 3, 4], [b"c", b"d", b"e"]), ([4], [b"e"])],
    ),
    "of dicts and tuples": (
        lambda lib: (
            lib.Dataset.from_tensor_slices({"x": np.arange(4), "y": (np.zeros((4, 2)), np.arange(4.0))})
            .window(2)
            .flat_map(lambda window: lib.Dataset.zip((window["x"].batch(2), window["y"][0].batch(2))))
        ),
        [([0, 1], [[0.0, 0.0], [0.0, 0.0]]), ([2, 3], [[0.0, 0.0], [0.0, 0.0]])],
    ),
    "of a namedtuple": (
        lambda lib: (
            lib.Dataset.zip(Pair(lib.Dataset.range(4), lib.Dataset.range(5, 9)))
            .window(2)
            .flat_map(lambda window: lib.Dataset.zip(Pair(window.b.batch(2), window.a)))
        ),
        [Pair(b=[0, 1], a=5), Pair(b=[2, 3], a=7)],
    ),
    "of windows": (
        lambda lib: (
            lib.Dataset.range(4)
            .window(2)
            .flat_map(lambda window: window.window(2, shift=1))
            .flat_map(lambda window: window.batch(3))
        ),
        [[0, 1], [1], [2, 3], [3]],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"size": 0}, "size"), ({"size": -1}, "size"), ({"size": 1.5}, "size"), ({"size": None}, "size"),
        ({"size": 2, "shift": 0}, "shift"), ({"size": 2, "stride": 0}, "stride"), ({"size": 2, "stride": -1}, "stride"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_work(arguments, name) -> None:
    with pytest.raises(fl.errors.ArgumentError, match=name) as caught:
        fl.Dataset.range(3).window(**arguments)
    assert "test_window.py:" in str(caught.value)


def test_lengths() -> None:
    for length in range(12):
        for size, shift, stride, drop in ((3, 3, 1, False), (3, 1, 1, True), (2, 3, 4, True), (2, 5, 3, False)):
            dataset = fl.Dataset.range(length).window(size, shift, stride, drop)
            assert len(dataset) == len(list(dataset))
    assert fl.Dataset.range(3).repeat().window(2).cardinality() == fl.INFINITE_CARDINALITY


def test_a_window_cannot_stand_in_a_batch_but_says_what_can() -> None:
    with pytest.raises(fl.errors.DtypeError, match="is a dataset"):
        list(fl.Dataset.range(4).window(2).batch(2))


def test_each_window_is_a_dataset_that_can_be_gone_through_again() -> None:
    windows = list(fl.Dataset.range(5).window(2))
    assert [[int(n) for n in window] for window in windows] == [[0, 1], [2, 3], [4]]
    assert [len(window) for window in windows] == [2, 2, 1]
    assert [int(n) for n in windows[0].repeat(2).map(lambda n: n + 1)] == [1, 2, 1, 2]


def test_a_window_with_an_element_that_cannot_be_computed_fails_and_the_others_do_not() -> None:
    def fail(number):
        if number == 3:
            raise ValueError("refused")
        return number

    windows = fl.Dataset.range(6).map(fail).window(2).flat_map(lambda window: window.batch(2))
    assert [window.tolist() for window in windows.ignore_errors()] == [[0, 1], [4, 5]]
    with pytest.raises(fl.errors.UserFunctionError, match="refused"):
        list(windows)


def test_rows_of_different_lengths() -> None:
    windows = fl.Dataset.range(4).map(lambda n: np.arange(n)).window(2)
    padded = windows.flat_map(lambda window: window.padded_batch(2))
    assert [batch.tolist() for batch in padded] == [[[0], [0]], [[0, 1, 0], [0, 1, 2]]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 150), st.integers(1, 9), st.integers(1, 12), st.integers(1, 4), st.booleans(), st.integers(0, 200)
)
def test_windows_that_are_read_late_hold_what_they_should(length, size, shift, stride, drop, refused) -> None:
    def refuse(number):
        if number == refused:
            raise ValueError("refused")
        return number, np.float32(number) * 2

    dataset = fl.Dataset.range(length).map(refuse).window(size, shift, stride, drop).ignore_errors()
    found = [[list(part) for part in window] for window in list(dataset)]
    reach = (size - 1) * stride + 1
    expected = []
    for begin in range(0, length, shift):
        numbers = list(range(begin, min(begin + reach, length), stride))
        if refused not in numbers and (len(numbers) == size or not drop):
            expected.append([numbers, [2.0 * number for number in numbers]])
    assert found == expected
