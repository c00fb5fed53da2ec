"""Kernels for TFRecord framing: no length, however wrong, leads them out of the buffer."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from feedline.kernels import pread
from feedline.kernels import tfrecord as kernels
from feedline.kernels.compile import constant
from feedline.kernels.crc32c import masked_crc32c


def frame(length: int, payload: bytes = b"") -> bytes:
    header = struct.pack("<Q", length)
    crc = struct.pack("<I", masked_crc32c(header))
    return header + crc + payload + struct.pack("<I", masked_crc32c(payload))


def scan(data: bytes, filled: int | None = None, room: int = 10):
    offsets, lengths = np.zeros(room, np.int64), np.zeros(room, np.int64)
    buffer = np.frombuffer(bytearray(data), np.uint8)
    result = kernels.scan_records(buffer, len(data) if filled is None else filled, 0, True, offsets, lengths)
    return (*result, offsets[: result[1]].tolist(), lengths[: result[1]].tolist())


def test_scan_finds_whole_records():
    data = frame(3, b"abc") + frame(0) + frame(5, b"de")
    state, count, position, needed, offsets, lengths = scan(data)
    assert (state, count, position, needed) == (kernels.MORE, 2, 35, 21)
    assert (offsets, lengths) == ([12, 31], [3, 0])


def test_scan_stops_where_there_is_no_room():
    assert scan(frame(0) * 3, room=2)[:3] == (kernels.MORE, 2, 32)


@pytest.mark.parametrize("length", [2**63 - 1, 2**63, 2**64 - 1, 2**64 - 16, 2**64 - 12, 2**31, 5])
def test_absurd_lengths_are_not_followed(length):
    data = frame(length, b"abc")
    state, count, _, needed, *_ = scan(data)
    assert (state, count) == (kernels.MORE, 0)
    assert int(needed) >= length
    offsets = np.zeros(2, np.int64)
    result = kernels.scan_headers(np.frombuffer(bytearray(data), np.uint8), len(data), len(data), 0, offsets, offsets)
    assert result == (kernels.TRUNCATED, 0, 0)


def test_claims_about_the_buffer_are_not_believed():
    data = frame(3, b"abc")
    assert scan(data, filled=10**15)[:3] == (kernels.MORE, 1, len(data))
    buffer = np.frombuffer(bytearray(data), np.uint8)
    offsets = np.zeros(4, np.int64)
    assert kernels.scan_headers(buffer, 10**15, len(data), -5, offsets, offsets.copy())[1] == 1
    state, count, position = kernels.scan_headers(buffer, len(data), 2**62, 0, offsets, offsets.copy())
    assert (state, count, position) == (kernels.MORE, 1, len(data))


@pytest.mark.parametrize(
    ("offset", "length"), [(-1, 2), (0, -1), (2**62, 2**62), (12, 4), (16, 0), (2**63 - 1, 1), (0, 2**63 - 1), (17, 0)]
)
def test_first_corrupt_refuses_what_lies_outside(offset, length):
    buffer = np.zeros(16, np.uint8)
    assert kernels.first_corrupt(buffer, np.array([offset]), np.array([length])) == 0


def test_records_are_placed_in_pieces_and_only_those_that_there_are():
    index_offsets, index_lengths = constant(np.array([12, 31, 47])), constant(np.array([3, 0, 5]))

    def placed(numbers, room=None):
        room = len(numbers) if room is None else room
        arrays = [np.full(room, -7, np.int64) for _ in range(5)]
        pieces, total = kernels.place_records(index_offsets, index_lengths, np.array(numbers, np.int64), *arrays)
        return int(pieces), int(total), *(array.tolist() for array in arrays)

    assert placed([1, 2, 0, 2]) == (
        3,
        41,
        [0, 16, 25, 32],
        [0, 5, 3, 5],
        [31, 12, 47, -7],
        [25, 7, 9, -7],
        [0, 25, 32, -7],
    )
    assert placed([0, 0])[:3] == (2, 14, [0, 7])
    assert placed([]) == (0, 0, [], [], [], [], [])
    for wrong in ([-1], [3], [0, 1, 2, 3], [-(2**63)], [2**63 - 1]):
        assert placed(wrong)[0] == -1
    assert placed([0, 2, 1], room=2)[:2] == (2, 16)


def test_frame_records_equals_reference_and_checks_lengths():
    payloads = np.frombuffer(b"abcdefgh", np.uint8)
    framed = np.zeros(8 + 32, np.uint8)
    assert kernels.frame_records(payloads, np.array([3, 5]), framed) == 40
    assert framed.tobytes() == frame(3, b"abc") + frame(5, b"defgh")
    for lengths in ([9], [-1], [2**62, 2**62], [3, 6]):
        assert kernels.frame_records(payloads, np.array(lengths), framed) == -1
    assert kernels.frame_records(payloads, np.array([3, 5]), np.zeros(39, np.uint8)) == -1


@pytest.mark.skipif(not pread.AVAILABLE, reason="no pread with 64-bit offsets here")
def test_read_pieces_stays_within_file_and_buffer(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(100)))
    buffer = np.zeros(10, np.uint8)
    with open(path, "rb") as file:
        descriptor = file.fileno()

        def read(positions, sizes, targets):
            arrays = (np.array(values, np.int64) for values in (positions, sizes))
            return pread.read_pieces(descriptor, *arrays, buffer, np.array(targets, np.int64))

        assert read([50, 0], [5, 5], [0, 5]) == -1
        assert buffer.tolist() == [50, 51, 52, 53, 54, 0, 1, 2, 3, 4]
        assert read([0, 96], [1, 5], [0, 0]) == 1
        for bad in ([[0], [11], [0]], [[0], [1], [10]], [[0], [-1], [0]], [[-1], [1], [0]], [[0], [1], [-1]]):
            assert read(*bad) == 0
        assert read([0], [2**62], [2**62]) == 0
    assert read([0], [1], [0]) == 0  # closed
