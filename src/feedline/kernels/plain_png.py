"""Decoding many plain PNG files in one call, without the GIL.

Format: W3C Portable Network Graphics (PNG) Specification, third edition. Plain is a file of 8 bits a sample without a
palette, a transparent colour, a colour space or interlacing. Everything that is checked elsewhere is checked here, and
what is not as it should be is left to `feedline.formats.png`, which says what is wrong with it.
"""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import BYTES, CONSTANT_BYTES, INTS, array, kernel, part, stay_apart
from feedline.kernels.crc32c import byte_tables, crc_by_tables
from feedline.kernels.inflate import SLACK, TABLE, TABLE_SIZE, inflate
from feedline.kernels.unfilter import unfilter_rows
from feedline.kernels.wire import address_of, copy_bytes, load8, load64

__all__ = ["SLACK", "TABLE_SIZE", "decode_plain_pngs"]

_CRC_TABLES = byte_tables(np.uint32(0xEDB88320))  # CRC-32 of ISO 3309, reflected
_SIGNATURE = np.uint64(int.from_bytes(b"\x89PNG\r\n\x1a\n", "little"))
_HEADER, _DATA, _END = 0x49484452, 0x49444154, 0x49454E44  # IHDR, IDAT, IEND
_PALETTE, _TRANSPARENCY = 0x504C5445, 0x74524E53  # PLTE, tRNS
_GAMMA, _RGB, _PROFILE, _BITS = 0x67414D41, 0x73524742, 0x69434350, 0x73424954  # gAMA, sRGB, iCCP, sBIT
_COLOURS = np.array([0, 0, 4, 2, 6])  # the colour type of so many channels


@part
def _big32(at):  # type: ignore[no-untyped-def]
    return load8(at) << 24 | load8(at + 1) << 16 | load8(at + 2) << 8 | load8(at + 3)


@part
def _harmless(kind):  # type: ignore[no-untyped-def]
    """Says whether a chunk is of no consequence for a plain file's pixels."""
    if kind in (_TRANSPARENCY, _GAMMA, _RGB, _PROFILE, _BITS):
        return False
    for shift in (0, 8, 16, 24):
        letter = kind >> shift & 0xDF
        if letter < 65 or letter > 90:
            return False
    return (kind >> 29 & 1) == 1  # its name begins with a small letter: whoever does not know it may skip it


@part
def _adler32(at, length):  # type: ignore[no-untyped-def]
    """Returns the checksum of RFC 1950, section 8.2."""
    stay_apart()
    first, second = np.uint64(1), np.uint64(0)
    done = 0
    while done < length:
        count = min(length - done, 4096)
        total, weighted = np.uint32(0), np.uint32(0)
        for index in range(count):
            value = np.uint32(load8(at + done + index))
            total += value
            weighted += value * np.uint32(index)
        second += first * np.uint64(count) + np.uint64(count) * np.uint64(total) - np.uint64(weighted)
        first = (first + np.uint64(total)) % np.uint64(65521)
        second %= np.uint64(65521)
        done += count
    return np.int64(second << np.uint64(16) | first)


@part
def _deflated(at, end, height, width, channels, room):  # type: ignore[no-untyped-def]
    """Finds the deflated pixels of a plain PNG; where they are in several chunks, they are joined at `room`.

    Returns:
        Their address and that of what follows them; -1 where the file is no such PNG.
    """
    stay_apart()
    none = np.int64(-1)
    if end - at < 8 or load64(at) != _SIGNATURE:
        return none, none
    at += 8
    start = stop = np.int64(0)
    chunks, over = 0, False
    while True:
        if end - at < 12:
            return none, none
        length, kind = _big32(at), _big32(at + 4)
        if length > end - at - 12:
            return none, none
        body = at + 8
        if np.int64(crc_by_tables(_CRC_TABLES, at + 4, length + 4)) != _big32(body + length):
            return none, none
        if chunks == 0:
            if kind != _HEADER or length != 13 or _big32(body) != width or _big32(body + 4) != height:
                return none, none
            if load8(body + 8) != 8 or load8(body + 9) != _COLOURS[channels]:
                return none, none
            if load8(body + 10) != 0 or load8(body + 11) != 0 or load8(body + 12) != 0:
                return none, none
        elif kind == _DATA:
            if over:
                return none, none
            if stop == 0:
                start, stop = body, body + length
            else:
                if start != room:
                    copy_bytes(room, start, stop - start)
                    start, stop = room, room + (stop - start)
                copy_bytes(stop, body, length)
                stop += length
        else:
            over = stop != 0
            if kind == _END:
                if length or not over:
                    return none, none
                return start, stop
            if not _harmless(kind):
                return none, none
        chunks += 1
        at = body + length + 4


@kernel((CONSTANT_BYTES, INTS, INTS, array(types.uint8, 4), BYTES, TABLE))
def decode_plain_pngs(buffer, offsets, lengths, images, room, tables):  # type: ignore[no-untyped-def]
    """Decodes plain PNG files, until one is none, or is damaged.

    Args:
        buffer: uint8, the files.
        offsets, lengths: int64 `(n,)`: where each file begins in the buffer, and how many bytes it has.
        images: uint8 `(n, height, width, channels)`, written.
        room: uint8, for `height * (1 + width * channels) + SLACK` bytes and as many as the longest file has.
        tables: uint32 `(TABLE_SIZE,)`, written.

    Returns:
        How many are decoded; -1 where the sizes do not agree.
    """
    count, height, width, channels = images.shape
    row = width * channels
    size = height * (row + 1)
    if channels < 1 or channels > 4 or offsets.size < count or lengths.size < count or tables.size < TABLE_SIZE:
        return -1
    filtered = address_of(room)
    for number in range(count):
        offset, length = offsets[number], lengths[number]
        if offset < 0 or length < 0 or length > buffer.size - offset or length > room.size - size - SLACK:
            return -1
        at = address_of(buffer) + offset
        start, stop = _deflated(at, at + length, height, width, channels, filtered + size + SLACK)
        # RFC 1950: the method is deflate, the two bytes are a multiple of 31, and there is no dictionary
        if start < 0 or stop - start < 6 or load8(start) & 15 != 8 or load8(start) >> 4 > 7:
            return number
        if (load8(start) << 8 | load8(start + 1)) % 31 != 0 or load8(start + 1) & 32 != 0:
            return number
        if inflate(start + 2, stop - 4, filtered, size, tables) != stop - 4:
            return number
        if _adler32(filtered, size) != _big32(stop - 4):
            return number
        if unfilter_rows(filtered, address_of(images) + number * height * row, height, row, channels) != -1:
            return number
    return count
