"""Arrays in pickles, whole, damaged and harmful."""

from __future__ import annotations

import io
import math
import pickle
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.datasets import pickled

PROTOCOLS = range(3, pickle.HIGHEST_PROTOCOL + 1)  # those that write bytes as such, in Python 3
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
NAMES = ["u1", "i1", "<i2", ">u2", "<i4", ">i8", "<u8", "<f2", ">f4", "<f8", "?"]


def load(contents: bytes, encoding: str = "ASCII") -> object:
    return pickled.load(io.BytesIO(contents), encoding)


def reconstructed(array: np.ndarray) -> np.ndarray:
    """An array that is pickled by its state with every protocol, as those of data sets are."""

    class ByItsState(np.ndarray):
        def __reduce_ex__(self, protocol: int) -> tuple:
            return np.asarray(self).__reduce__()

    return array.view(ByItsState)


def numbers(shape_and_name: tuple[tuple[int, ...], str]) -> np.ndarray:
    shape, name = shape_and_name
    count = math.prod(shape) * np.dtype(name).itemsize
    drawn = np.frombuffer(np.random.default_rng(count).bytes(count), np.uint8)
    return (drawn % 2 if name == "?" else drawn).view(name).reshape(shape)


def objects(values_and_shape: tuple[list, tuple[int, ...]]) -> np.ndarray:
    values, shape = values_and_shape
    array = np.empty(math.prod(shape), object)
    for place in range(array.size):
        array[place] = values[place % len(values)]
    return array.reshape(shape)


ARRAYS = st.tuples(SHAPES, st.sampled_from(NAMES)).map(numbers)
WORDS = st.lists(st.integers(0, 88000), max_size=300)
OBJECTS = st.tuples(st.lists(WORDS | st.text() | st.none() | st.floats(), min_size=1), SHAPES).map(objects)
BATCHES = st.dictionaries(st.binary() | st.text(), ARRAYS | OBJECTS | WORDS | st.binary(), max_size=5)


@settings(deadline=None, max_examples=300)
@given(BATCHES, st.booleans(), st.sampled_from(PROTOCOLS))
def test_arrays_are_those_that_numpy_reads(batch, fortran, protocol):
    if fortran:
        batch = {
            key: np.asfortranarray(value) if isinstance(value, np.ndarray) else value for key, value in batch.items()
        }
    written = {key: reconstructed(value) if isinstance(value, np.ndarray) else value for key, value in batch.items()}
    contents = pickle.dumps(written, protocol)
    found = load(contents)
    assert isinstance(found, dict)
    assert list(found) == list(batch)
    for key, expected in batch.items():
        if not isinstance(expected, np.ndarray):
            assert found[key] == expected
            continue
        assert type(found[key]) is np.ndarray
        assert (found[key].dtype, found[key].shape) == (expected.dtype.newbyteorder("="), expected.shape)
        assert found[key].flags.writeable
        assert repr(found[key].tolist()) == repr(expected.tolist())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_within_arrays_and_lists(protocol):
    inner = np.arange(3)
    array = np.empty(3, object)
    array[:] = [reconstructed(inner), {"a": reconstructed(inner)}, [reconstructed(inner)]]
    found = load(pickle.dumps([array, array], protocol))
    assert isinstance(found, list)
    assert found[0] is found[1]
    for held in (found[0][0], found[0][1]["a"], found[0][2][0]):
        assert type(held) is np.ndarray
        assert held.tolist() == [0, 1, 2]


def test_a_batch_of_python_2():
    contents = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85"
        b"U\x01b\x87Rq\x05(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff"
        b"\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06abcdeftbU\x06labels]q\x08(K\x06K\x09eu."
    )
    found = load(contents, "bytes")
    assert isinstance(found, dict)
    assert found[b"data"].tolist() == [[97, 98, 99], [100, 101, 102]]
    assert found[b"labels"] == [6, 9]


ARRAY, NUMPYS_DTYPE = b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\ndtype\n"
UINT8 = NUMPYS_DTYPE + b"\x8c\x02u1\x85R(K\x03\x8c\x01|tb"
OBJECT = NUMPYS_DTYPE + b"\x8c\x01O\x85R(K\x03\x8c\x01|tb"


def state(shape: bytes, data: bytes, dtype: bytes = UINT8) -> bytes:
    """Opcodes that put an array's state on the stack."""
    return b"(K\x01" + shape + dtype + b"\x89" + data + b"t"


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little")


BYTES = b"B" + (50_000).to_bytes(4, "little") + bytes(50_000)
NONES = b"](" + b"N" * 50_000 + b"e"
WIDE = b")" + b"q\x09h\x09\x86" * 60  # a tuple that has 2 ** 60 within it

HARMFUL = {
    "one state of many arrays": b"](" + state(number(50_000) + b"\x85", BYTES) + b"q\x01" + ARRAY + b"q\x02"
    + b"h\x02)Rh\x01b" * 10_000 + b"e.",
    "one list of many arrays": b"](" + state(number(50_000) + b"\x85", NONES, OBJECT) + b"q\x01" + ARRAY + b"q\x02"
    + b"h\x02)Rh\x01b" * 10_000 + b"e.",
    "a shape of 2 ** 60 shapes": ARRAY + b")R" + state(WIDE, BYTES) + b"b.",
    "a shape of many numbers": ARRAY + b")R" + state(b"(" + number((1 << 31) - 1) * 50_000 + b"t", BYTES) + b"b.",
    "a shape of large numbers": ARRAY + b")R" + state(b"(" + b"\x8a\x40" * 1 + b"\x7f" * 64 + b"t", BYTES) + b"b.",
    "a shape larger than its bytes": ARRAY + b")R" + state(number(1 << 30) + b"\x85", BYTES) + b"b.",
    "a dtype whose name has 2 ** 60 within it": ARRAY + b")R"
    + state(number(50_000) + b"\x85", BYTES, NUMPYS_DTYPE + WIDE + b"\x85R") + b"b.",
    "a dtype whose order has 2 ** 60 within it": ARRAY + b")R"
    + state(number(50_000) + b"\x85", BYTES, NUMPYS_DTYPE + b"\x8c\x02u1\x85R(K\x03" + WIDE + b"tb") + b"b.",
    "a dtype of large items": ARRAY + b")R"
    + state(b"K\x01\x85", BYTES, NUMPYS_DTYPE + b"\x8c\x0aV999999999\x85R") + b"b.",
    "an array without a state": ARRAY + b")R.",
    "an array within itself": ARRAY + b")Rq\x01" + state(b"K\x01\x85", b"]h\x01a", OBJECT) + b"b.",
    "a state of a dtype that is none": ARRAY + b")R" + state(b"K\x01\x85", b"C\x01a", b"N") + b"b.",
    "a dtype without a size": ARRAY + b")R" + state(b"K\x01\x85", b"C\x01a", NUMPYS_DTYPE + b"\x8c\x02i3\x85R") + b"b.",
    "a name as long as the file": b"c" + b"a" * 50_000 + b"\n" + b"b" * 50_000 + b"\n.",
}  # fmt: skip


@pytest.mark.parametrize("name", HARMFUL)
def test_a_small_file_takes_little_memory(name, at_most):
    with at_most(64), pytest.raises(pickle.UnpicklingError) as caught:
        load(HARMFUL[name])
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("repeated", [b"\x8c\x02u1", b"B" + (50_000).to_bytes(4, "little") + b"u" * 50_000])
def test_many_dtypes_of_one_name(repeated, at_most):
    contents = b"](" + NUMPYS_DTYPE + b"q\x01" + repeated + b"\x85q\x02" + b"h\x01h\x02R" * 10_000 + b"e."
    with at_most(64):
        assert len(load(contents)) == 10_002


class Endless:
    """A file whose end does not come."""

    def read(self, count: int = -1) -> bytes:
        return b"]" * min(count, 1 << 20) if count >= 0 else b"]" * (1 << 40)


def test_a_file_far_larger_than_any_data_set(at_most):
    with at_most(700), pytest.raises(pickle.UnpicklingError, match="more bytes"):
        pickled.load(Endless())


WHOLE = [
    pickle.dumps(reconstructed(np.arange(6.0).reshape(2, 3)), 3),
    pickle.dumps(objects(([[1, 2, 3], [300, 70000]], (4,))), 2 + 1),
    pickle.dumps(objects(([[1, 2, 3], [300, 70000]], (4,))), 4),
    pickle.dumps({b"data": reconstructed(np.zeros((2, 30), np.uint8)), b"labels": [3, 7], b"names": [b"a", b"bc"]}, 3),
]


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(WHOLE), st.integers(0, 1 << 30), st.booleans())
def test_damage_takes_no_memory(at_most, whole, seed, cut):
    chance = random.Random(seed)
    contents = bytearray(whole[: chance.randrange(len(whole))] if cut else whole)
    for _ in range(chance.randrange(4) if contents else 0):
        contents[chance.randrange(len(contents))] = chance.choice(
            [0, 0x7F, 0x80, 0xFF, *b"rpjBX\x8e\x8d", chance.randrange(256)]
        )
    with at_most(64):
        try:
            found = load(bytes(contents), "bytes")
        except pickle.UnpicklingError:
            return
    assert not isinstance(found, np.ndarray) or repr(found)  # every value of it can be looked at
