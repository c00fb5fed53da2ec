"""What a list becomes: the table was read off TensorFlow 2.21, and is compared with it where it is installed."""

import datetime
import re

import numpy as np
import pytest

import feedline as fl

GIVEN = {
    # a first whole number: int32, or int64 where one is larger; float32 with a float among them
    "int32": ([1, 2], [2, True], range(3), range(5, 0, -2), [range(2), range(2)], [[1, 2], [3, 4]], [np.int64(1), 2],
              [1, np.int64(2)], [np.int32(1), np.int64(2)], [np.int8(1), 300], [np.uint64(1), np.int8(1)],
              [np.zeros(2, np.int32), np.zeros(2, np.int64)], [np.zeros(2, np.int64), [1, 2]],
              [[1, 2], np.zeros(2, np.uint8)]),
    "int64": ([1, 1 << 40], [-(1 << 31) - 1], [np.int64(1 << 40), 1], [np.zeros(2, np.int64)] * 2, np.arange(2)),
    "float32": ([1, 2.5], [2.5, 1], [1.5, True], [1, np.float64(2)], [1.5, np.float64(2)], [np.float32(1), 2.5],
                [np.float32(1), np.float64(2)], [[1, 2], [3, 4.5]], [1 << 40, 1.5], [float("inf"), 1], [16777217, 1.5],
                [np.zeros(2, np.int32), np.zeros(2, np.float64)], [np.zeros(2, np.float32), np.zeros(2)]),
    "float64": ([np.float64(1), 2.5], [np.float64(1.5)], [np.zeros(2), np.zeros(2, np.float32)], [np.zeros(2), [1, 2]]),
    "float16": ([np.float16(1), 2], [np.zeros(1, np.float16), np.zeros(1)]),
    "complex128": ([1j, 2], [1j, True], [np.complex64(1)], [1j, np.float32(2)]),
    "complex64": ([np.zeros(1, np.complex64)],),
    "uint8": ([np.zeros(2, np.uint8)] * 2, np.zeros(3, np.uint8)),
    "bool": ([True, False], [np.bool_(True), False], [[True], [False]]),
    "object": (["a", b"b"], [np.str_("a"), "b"], [["a"], ["b"]], [np.array(["a"]), np.array(["b"])]),
}  # fmt: skip
REFUSED = [
    [True, 2], [True, 2.5], [np.bool_(True), 2], [True, np.int64(2)], [1, np.bool_(True)], [1.5, np.bool_(True)],
    [1, 1j], [2.5, 1j], [1, "a"], ["a", 1], [1.5, b"a"], [[True, False], [1, 2]], [1 << 63], [1, -(1 << 63) - 1],
    [np.uint64(1 << 63), 1], [1.5, 1e300], [1, 1e300], [1, None], [None], [{1}], [[1], [2, 3], 4], [1, [2]],
    [np.zeros(2, bool), np.zeros(2, np.int64)], [np.zeros(2), np.zeros(2, np.complex64)],
    np.array([1, "a"], object), np.array([True, 2], object), np.array([1, 2], object), np.zeros(2, np.longdouble),
    [datetime.date(2020, 1, 1)], [object()],
]  # fmt: skip
CASES = [(dtype, value) for dtype, values in GIVEN.items() for value in values]


def named(value) -> str:
    """The same in every process, which the address of an object is not."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize(("dtype", "value"), CASES, ids=named)
def test_what_is_given_to_a_source(dtype, value) -> None:
    whole = fl.Dataset.from_tensors(value)
    assert whole.element_spec.dtype == np.dtype(dtype)
    if dtype != "object":
        expected = np.array([list(row) if isinstance(row, range) else row for row in value]).astype(dtype)
        np.testing.assert_array_equal(whole[0], expected)
    assert fl.Dataset.from_tensor_slices(value).element_spec.dtype == np.dtype(dtype)


@pytest.mark.parametrize("value", REFUSED, ids=named)
def test_what_a_source_refuses(value) -> None:
    with pytest.raises(fl.errors.DtypeError) as caught:
        fl.Dataset.from_tensors(value)
    assert caught.value.fix


@pytest.mark.parametrize(("dtype", "value"), [*CASES, *((None, value) for value in REFUSED)], ids=named)
def test_as_in_tensorflow(dtype, value) -> None:
    tf = pytest.importorskip("tensorflow")
    if dtype is None:
        with pytest.raises((ValueError, TypeError, tf.errors.InvalidArgumentError)):
            tf.data.Dataset.from_tensors(value)
        return
    theirs = next(tf.data.Dataset.from_tensors(value).as_numpy_iterator())
    ours = fl.Dataset.from_tensors(value)[0]
    assert np.asarray(theirs).dtype == ours.dtype
    np.testing.assert_array_equal(theirs, ours)


def test_what_a_function_returns() -> None:
    """NumPy's numbers stand for what are tensors in tf.data: they keep their dtype, and Python's take it on."""

    def dtype(make):
        return fl.Dataset.range(1).map(lambda number: {"a": make(number)})[0]["a"].dtype.name

    assert dtype(lambda number: [number, number + 1]) == "int64"
    assert dtype(lambda number: [number, 1]) == dtype(lambda number: [1, number]) == "int64"
    assert dtype(lambda number: [np.float32(number), 1, 2.5]) == "float32"
    assert dtype(lambda number: [np.float64(number), 2.5]) == "float64"
    assert dtype(lambda number: [np.uint8(1), 255]) == "uint8"
    assert dtype(lambda number: [[number, 1], [2, 3]]) == "int64"
    assert dtype(lambda number: [np.zeros(2, np.int16), [1, 2]]) == "int16"
    assert dtype(lambda number: [1, 2]) == "int32"
    assert dtype(lambda number: [1, 2.5]) == "float32"
    for make in (
        lambda number: [number, 2.5],
        lambda number: [number, np.float32(1)],
        lambda number: [number, True],
        lambda number: [np.uint8(1), 256],
        lambda number: [np.bool_(True), 1],
        lambda number: [np.float16(1), 1e6],
        lambda number: [number, "a"],
        lambda number: [number, [1]],
        lambda number: [fl.Dataset.range(2).repeat()],
        lambda number: [np.ma.masked_array([1, 2], [0, 1])],
    ):
        with pytest.raises(fl.errors.DtypeError):
            dtype(make)


def test_lists_in_map_are_as_in_tensorflow() -> None:
    tf = pytest.importorskip("tensorflow")
    for make in (
        lambda number: [number, number],
        lambda number: [number, 1],
        lambda number: [1, number],
        lambda number: [1, 2],
        lambda number: [1, 2.5],
        lambda number: 1 << 40,
        lambda number: [1 << 40],
    ):
        theirs = tf.data.Dataset.range(1).map(lambda number, make=make: {"a": make(number)})
        ours = fl.Dataset.range(1).map(lambda number, make=make: {"a": make(number)})
        assert theirs.element_spec["a"].dtype.name == ours.element_spec["a"].dtype.name
    with pytest.raises((ValueError, TypeError)):
        tf.data.Dataset.range(1).map(lambda number: {"a": [number, 2.5]})
