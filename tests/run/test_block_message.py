"""Blocks of every kind, written to memory and read from it."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.block import Block
from feedline.packed_rows import PackedRows
from feedline.run.block_message import Writing, describe_block, read_block
from feedline.strings import PackedStrings
from feedline.structure import flatten

TREE = flatten(0)[1]


def packed(values: list[bytes], unused: int = 0) -> PackedStrings:
    lengths = np.array([len(value) for value in values], np.int64)
    buffer = np.frombuffer(b"?" * unused + b"".join(values), np.uint8)
    return PackedStrings(buffer, np.cumsum(lengths) - lengths + unused, lengths)


def objects(values: list, shape: tuple) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


def sent(column):
    """Returns a column as it comes out, and how much memory it took."""
    writing = Writing()
    block = Block(len(column), [column], TREE)
    described = describe_block(block, writing)
    memory = bytearray(writing.nbytes)
    if writing.nbytes:
        writing.write(memory)
    given = read_block(described, np.frombuffer(memory, np.uint8), TREE)
    assert given.length == len(column)
    return given.columns[0], writing.nbytes


COLUMNS = {
    "numbers": np.arange(5, dtype=np.int16),
    "images": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "bools": np.array([True, False]),
    "complex": np.array([1 + 2j, 3]),
    "not contiguous": np.arange(60).reshape(6, 10)[::2, ::3],
    "transposed": np.arange(60).reshape(6, 10).T,
    "one value for all": np.broadcast_to(np.float64(3), (4, 5)),
    "rows of nothing": np.zeros((3, 0, 2), np.uint8),
    "lengths that differ": [np.arange(3), np.arange(0), np.arange(7)],
    "lists of text": [objects([b"a", b"", b"bc\0"], (3,)), objects([], (0,))],
    "bytes": objects([b"a", b"", b"\0\0"], (3,)),
    "batches of bytes": objects([b"a", b"bb", b"c", b"dd"], (2, 2)),
    "scalars": [np.float32(1), np.float32(2)],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_out_as_it_was(name) -> None:
    column = COLUMNS[name]
    given, _ = sent(column)
    assert type(given) is type(column)
    for value, expected in zip(given, column, strict=True):
        np.testing.assert_array_equal(value, expected)
        assert getattr(value, "dtype", bytes) == getattr(expected, "dtype", bytes)


def test_bfloat16_stays_bfloat16() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    given, _ = sent(np.arange(4).astype(ml_dtypes.bfloat16))
    assert given.dtype == ml_dtypes.bfloat16
    assert given.astype(np.float32).tolist() == [0, 1, 2, 3]


def test_packed_strings_stay_packed_and_only_they_are_sent() -> None:
    strings = packed([b"one", b"", b"three"], unused=100_000)
    given, nbytes = sent(strings)
    assert isinstance(given, PackedStrings)
    assert list(given) == [b"one", b"", b"three"]
    assert nbytes < 2000


def test_parts_of_one_whole_are_so_still() -> None:
    whole = packed([b"a", b"bb", b"ccc", b"dddd"])
    given, _ = sent([whole.part(0, 2), whole.part(2, 4)])
    assert [list(part) for part in given] == [[b"a", b"bb"], [b"ccc", b"dddd"]]
    assert given[0].whole is given[1].whole
    assert [part.first for part in given] == [0, 2]


def test_a_small_part_goes_without_its_whole() -> None:
    whole = packed([b"x" * 1000] * 1000)
    given, nbytes = sent([whole.part(5, 7)])
    assert list(given[0]) == [b"x" * 1000] * 2
    assert nbytes < 10_000


def test_ragged_and_sparse_tensors() -> None:
    ragged = fl.RaggedTensor.from_row_lengths(objects([b"a", b"b", b"c"], (3,)), [1, 0, 2])
    sparse = fl.SparseTensor([[1, 2]], np.array([3.0], np.float32), [4, 5])
    given, _ = sent([ragged, ragged])
    assert given[1].to_list() == [[b"a"], [], [b"b", b"c"]]
    given, _ = sent([sparse])
    assert given[0].indices.tolist() == [[1, 2]]
    assert given[0].values.dtype == np.float32
    assert np.asarray(given[0].dense_shape).tolist() == [4, 5]


def test_what_comes_out_is_a_view_that_may_be_written_to() -> None:
    writing = Writing()
    described = describe_block(Block(4, [np.zeros(4)], TREE), writing)
    memory = np.zeros(writing.nbytes, np.uint8)
    writing.write(memory)
    column = read_block(described, memory, TREE).columns[0]
    column[:] = 7.0
    assert memory.any()


def test_packed_rows() -> None:
    rows = PackedRows([b"ab", b"c"], [2, 1], (), np.dtype("uint8"))
    given, _ = sent(rows)
    assert isinstance(given, PackedRows)
    assert [row.tolist() for row in given] == [[97, 98], [99]]
