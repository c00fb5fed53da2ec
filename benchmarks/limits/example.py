"""Reading, checking and parsing the table's TFRecords in one unguarded loop.

A sketch for measuring: it trusts every length, so it is for the benchmark's own file alone. Its checksums are
feedline's, the fastest known here. The formats:
https://www.tensorflow.org/tutorials/load_data/tfrecord (framing, masked CRC32C) and
https://protobuf.dev/programming-guides/encoding/ (the wire format of an Example).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import njit

from benchmarks import data
from benchmarks.limits import on_all_cores
from feedline.kernels.crc32c import masked_crc32c_of, masked_crc32c_of_8
from feedline.kernels.wire import address_of, copy_bytes, load8, load32, load64

NAMES = (b"id", b"label", b"x", b"cat")
FLOATS = 20
RECORDS_A_UNIT = 4096

_INT64, _FLOATS, _BYTES = 26, 18, 10  # the tag of each kind of list inside a Feature


@njit(nogil=True)
def _varint(at: int) -> Any:
    byte = load8(at)
    if byte < 128:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    while byte >= 128:
        at += 1
        byte = load8(at)
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, at + 1


@njit(nogil=True)
def _which(at: int, length: int, names: int, starts: np.ndarray) -> int:
    for name in range(len(starts) - 1):
        if starts[name + 1] - starts[name] == length:
            same = True
            for letter in range(length):
                same &= load8(at + letter) == load8(names + starts[name] + letter)
            if same:
                return name
    return -1


@njit(nogil=True)
def _parse(
    data: np.ndarray,
    records: int,
    names: np.ndarray,
    starts: np.ndarray,
    integers: np.ndarray,
    floats: np.ndarray,
    strings: np.ndarray,
) -> int:
    begin = address_of(data)
    at = begin
    for record in range(records):
        length = np.int64(load64(at))
        body = at + 12
        if masked_crc32c_of_8(at) != load32(at + 8) or masked_crc32c_of(body, length) != load32(body + length):
            return -1
        at = body + length + 4
        length, body = _varint(body + 1)  # the one field of an Example: its Features
        end = body + length
        while body < end:
            length, body = _varint(body + 1)
            entry_end = body + length
            length, body = _varint(body + 1)
            name = _which(body, length, address_of(names), starts)
            if name >= 0:
                _, body = _varint(body + length + 1)
                kind = load8(body)
                _, body = _varint(body + 1)
                length, body = _varint(body + 1)
                if kind == _INT64:
                    integers[record, name], body = _varint(body)
                elif kind == _FLOATS:
                    copy_bytes(address_of(floats) + record * floats.shape[1], body, floats.shape[1])
                elif kind == _BYTES:
                    strings[record, 0], strings[record, 1] = body - begin, length
            body = entry_end
    return records


def units(path: str) -> list[tuple[int, int, int]]:
    """Returns (first byte, bytes, records) of each unit of RECORDS_A_UNIT records."""
    found, start, position, records = [], 0, 0, 0
    content = memoryview(np.fromfile(path, np.uint8))
    while position < len(content):
        position += 16 + struct.unpack_from("<Q", content, position)[0]
        records += 1
        if records == RECORDS_A_UNIT or position == len(content):
            found.append((start, position - start, records))
            start, records = position, 0
    return found


def parse_unit(content: np.ndarray, records: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the columns of a run of framed records: (id, label), x, and where each cat lies.

    Args:
        content: uint8, whole framed records one after the other.
        records: how many there are.
    """
    names = np.frombuffer(b"".join(NAMES), np.uint8)
    starts = np.cumsum([0] + [len(name) for name in NAMES])
    integers, floats = np.empty((records, 2), np.int64), np.empty((records, FLOATS * 4), np.uint8)
    strings = np.empty((records, 2), np.int64)
    if _parse(content, records, names, starts, integers, floats, strings) != records:
        raise ValueError("a record of the benchmark's table is damaged: make the data anew")
    return integers, floats.view(np.float32), strings


def table() -> Iterator[int]:
    """Yields how many records were read, checked and parsed, on all cores."""
    path = str(data.TABLE_RECORDS)
    runs = units(path)
    file = os.open(path, os.O_RDONLY)

    def work(unit: int) -> int:
        start, length, records = runs[unit]
        parse_unit(np.frombuffer(os.pread(file, length, start), np.uint8), records)
        return records

    try:
        yield from on_all_cores(work, len(runs))
    finally:
        os.close(file)
