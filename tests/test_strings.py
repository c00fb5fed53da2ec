"""PackedStrings behaves as the object array of bytes that it stands for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.strings import PackedStrings


def packed(strings: list[bytes], gap: bytes = b"") -> PackedStrings:
    lengths = np.array([len(text) for text in strings], np.int64)
    offsets = np.cumsum([0, *(lengths[:-1] + len(gap))])[: len(strings)].astype(np.int64)
    return PackedStrings(np.frombuffer(gap.join(strings) or b"\0", np.uint8), offsets, lengths)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=8), st.binary(max_size=3))
def test_it_is_the_array_of_its_strings(strings, gap):
    column = packed(strings, gap)
    assert list(column) == column.tolist() == np.asarray(column).tolist() == strings
    assert len(column) == column.size == column.shape[0] == len(strings)
    assert column.dtype == object
    assert column.ndim == 1
    assert [packed(strings, gap)[index] for index in range(len(strings))] == strings
    assert list(packed(strings, gap)[1:3]) == strings[1:3]
    assert list(packed(strings, gap)[::-1]) == strings[::-1]
    order = np.arange(len(strings))[::-1]
    assert list(packed(strings, gap).take(order)) == strings[::-1]
    assert list(pickle.loads(pickle.dumps(column))) == strings


def test_it_compares_and_joins_as_an_array():
    column = packed([b"a", b"b", b"a"])
    assert (column == b"a").tolist() == [True, False, True]
    assert (column + b"!").tolist() == [b"a!", b"b!", b"a!"]
    assert np.unique(column).tolist() == [b"a", b"b"]
    assert np.concatenate([column, column]).tolist() == [b"a", b"b", b"a"] * 2
    assert np.stack([column, column]).shape == (2, 3)
    assert column.reshape(3, 1).shape == (3, 1)
    assert column[np.array([True, False, True])].tolist() == [b"a", b"a"]
    assert column[-1] == b"a"
    assert b"b" in column
    assert packed([b"1", b"22"]).astype(int).tolist() == [1, 22]


def test_out_of_range_and_writing_are_errors():
    column = packed([b"a"])
    with pytest.raises(IndexError):
        column[1]
    with pytest.raises(ValueError, match="read-only"):
        column[0] = b"b"
    with pytest.raises(AttributeError):
        column.no_such_name


def test_many_strings_are_made_objects_like_few() -> None:
    import feedline.kernels.compile  # noqa: F401  the kernel is used only where there are others

    rng = np.random.default_rng(3)
    words = [bytes(rng.integers(0, 256, int(length), np.uint8)) for length in rng.integers(0, 30, 1000)]
    lengths = np.array([len(word) for word in words])
    packed = PackedStrings(np.frombuffer(b"".join(words), np.uint8), np.cumsum(lengths) - lengths, lengths)
    assert packed[10:900].array().tolist() == words[10:900]
    assert packed.take(np.array([7, 0, 999] * 100)).array().tolist() == [words[7], words[0], words[999]] * 100
    assert packed.array().tolist() == words
    assert packed.take(np.array([7, 0, 999])).array().tolist() == [words[7], words[0], words[999]]
