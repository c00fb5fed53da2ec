import numpy as np
import pytest

from feedline.kernels.csv_fields import find_missing, undouble_quotes
from feedline.kernels.csv_numbers import read_floats, read_integers
from feedline.kernels.pieces import copy_pieces, first_unlike

FAR = (1 << 63) - 1


def test_pieces_are_copied() -> None:
    source = np.arange(200, dtype=np.uint8)
    target = np.zeros(150, np.uint8)
    assert copy_pieces(source, np.array([5, 100]), np.array([3, 100]), target, np.array([147, 0])) == -1
    assert target.tolist() == [*range(100, 200), *[0] * 47, 5, 6, 7]


@pytest.mark.parametrize(
    ("offset", "length", "place"),
    [(-1, 1, 0), (0, -1, 0), (0, 1, -1), (9, 2, 0), (0, 2, 9), (FAR, 1, 0), (0, FAR, 0), (0, 1, FAR), (FAR, FAR, FAR)],
)
def test_pieces_out_of_bounds_are_not_copied(offset, length, place) -> None:
    source, target = np.ones(10, np.uint8), np.zeros(10, np.uint8)
    assert copy_pieces(source, np.array([0, offset]), np.array([1, length]), target, np.array([5, place])) == 1
    assert target.sum() == 1
    assert first_unlike(source, np.array([0, offset]), np.array([1, length]), 1) in (1, -1)


def test_pieces_that_begin_alike() -> None:
    data = np.frombuffer(b"abcabdabc", np.uint8)
    assert first_unlike(data, np.array([0, 3, 6]), np.array([3, 3, 3]), 2) == -1
    assert first_unlike(data, np.array([0, 3, 6]), np.array([3, 3, 3]), 3) == 1
    assert first_unlike(data, np.array([0, 6]), np.array([3, 2]), 3) == 1


@pytest.mark.parametrize(("start", "length"), [(-5, 2), (0, -2), (3, 2), (FAR, 1), (1, FAR), (FAR, FAR)])
def test_fields_out_of_bounds_hold_nothing(start, length) -> None:
    buffer = np.frombuffer(b'1""', np.uint8).copy()
    starts, lengths, chosen = np.array([start]), np.array([length]), np.ones(1, bool)
    states = np.zeros(1, np.int64)
    read_integers(buffer, starts, lengths, chosen, np.uint64(100), np.zeros(1, np.int32), states)
    assert states[0] != 0
    states[:] = 0
    read_floats(buffer, starts, lengths, chosen, True, np.zeros(1), states)
    assert states[0] != 0
    assert not find_missing(buffer, starts, lengths, np.frombuffer(b"ab", np.uint8)).any()
    undouble_quotes(buffer, starts, lengths, chosen)
    assert buffer.tobytes() == b'1""'
    assert lengths[0] == length
