"""Reading, checking and parsing the table's TFRecords in one unguarded loop.

A sketch for measuring: it trusts every length, so it is for the benchmark's own file alone. The formats:
https://www.tensorflow.org/tutorials/load_data/tfrecord (framing, masked CRC32C) and
https://protobuf.dev/programming-guides/encoding/ (the wire format of an Example).
"""

from __future__ import annotations

import os
import platform
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import njit, types, uint8, uint32, uint64
from numba.extending import intrinsic

from benchmarks import data
from benchmarks.limits import on_all_cores

NAMES = (b"id", b"label", b"x", b"cat")
FLOATS = 20
RECORDS_A_UNIT = 4096
HAS_CRC_INSTRUCTION = platform.machine().lower() in ("x86_64", "amd64")

_INT64, _FLOATS, _BYTES = 26, 18, 10  # the tag of each kind of list inside a Feature


def _crc_intrinsic(width: int, name: str, argument: Any, result: Any) -> Any:
    from llvmlite import ir

    wide = 64 if width == 64 else 32

    @intrinsic
    def step(typing_context: Any, crc: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(ir.IntType(wide), [ir.IntType(wide), ir.IntType(width)])
            return builder.call(builder.module.declare_intrinsic(name, fnty=kind), arguments)

        return result(result, argument), generate

    return step


_crc_of_8_bytes = _crc_intrinsic(64, "llvm.x86.sse42.crc32.64.64", types.uint64, types.uint64)
_crc_of_a_byte = _crc_intrinsic(8, "llvm.x86.sse42.crc32.32.8", types.uint8, types.uint32)


@njit(nogil=True)
def number_at(data: np.ndarray, position: int, length: int) -> Any:
    value = uint64(0)
    for byte in range(length):
        value |= uint64(data[position + byte]) << uint64(8 * byte)
    return value


@njit(nogil=True)
def masked_crc(data: np.ndarray, position: int, length: int) -> Any:
    crc = uint64(0xFFFFFFFF)
    end = position + length
    while position + 8 <= end:
        crc = _crc_of_8_bytes(crc, number_at(data, position, 8))
        position += 8
    rest = uint32(crc)
    while position < end:
        rest = _crc_of_a_byte(rest, uint8(data[position]))
        position += 1
    rest ^= uint32(0xFFFFFFFF)
    return uint32(((rest >> uint32(15)) | (rest << uint32(17))) + uint32(0xA282EAD8))


@njit(nogil=True)
def _varint(data: np.ndarray, position: int) -> Any:
    value, shift = uint64(0), uint64(0)
    while True:
        byte = data[position]
        position += 1
        value |= uint64(byte & 0x7F) << shift
        if byte < 128:
            return np.int64(value), position
        shift += uint64(7)


@njit(nogil=True)
def _which(data: np.ndarray, position: int, length: int, names: np.ndarray, starts: np.ndarray) -> int:
    for name in range(len(starts) - 1):
        if starts[name + 1] - starts[name] == length:
            same = True
            for letter in range(length):
                if data[position + letter] != names[starts[name] + letter]:
                    same = False
                    break
            if same:
                return name
    return -1


@njit(nogil=True)
def _parse(
    data: np.ndarray,
    records: int,
    check: bool,
    names: np.ndarray,
    starts: np.ndarray,
    integers: np.ndarray,
    floats: np.ndarray,
    strings: np.ndarray,
) -> int:
    position = 0
    for record in range(records):
        length = np.int64(number_at(data, position, 8))
        body = position + 12
        if check and (
            masked_crc(data, position, 8) != number_at(data, position + 8, 4)
            or masked_crc(data, body, length) != number_at(data, body + length, 4)
        ):
            return -1
        position = body + length + 4
        _, body = _varint(data, body)  # the one field of an Example: its Features
        length, body = _varint(data, body)
        end = body + length
        while body < end:
            _, body = _varint(data, body)
            length, body = _varint(data, body)
            entry_end = body + length
            _, body = _varint(data, body)
            length, body = _varint(data, body)
            name = _which(data, body, length, names, starts)
            if name >= 0:
                _, body = _varint(data, body + length)
                _, body = _varint(data, body)
                kind, body = _varint(data, body)
                _, body = _varint(data, body)
                _, body = _varint(data, body)
                if kind == _INT64:
                    _, body = _varint(data, body)
                    integers[record, name], body = _varint(data, body)
                elif kind == _FLOATS:
                    length, body = _varint(data, body)
                    for byte in range(length):
                        floats[record, byte] = data[body + byte]
                elif kind == _BYTES:
                    length, body = _varint(data, body)
                    strings[record, 0], strings[record, 1] = body, length
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
    if _parse(content, records, HAS_CRC_INSTRUCTION, names, starts, integers, floats, strings) != records:
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
