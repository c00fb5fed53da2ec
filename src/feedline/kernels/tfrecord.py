"""TFRecord framing: finding records in a buffer, checking them, and putting frames around them.

A record is an uint64 length, its masked CRC32C, the payload, and the payload's masked CRC32C, all little-endian
(TensorFlow's guide "TFRecord and tf.train.Example", section "TFRecords format details").
"""

from __future__ import annotations

import numpy as np
from numba import njit

from feedline.kernels.crc32c import masked_crc32c_of

HEADER = 12
FOOTER = 4

MORE, TRUNCATED, BAD_HEADER, BAD_DATA = 0, 1, 2, 3


@njit(nogil=True, cache=True)
def _load_4_bytes(buffer, position):
    at = np.uint64(position)
    return (
        np.uint32(buffer[at])
        | (np.uint32(buffer[at + np.uint64(1)]) << np.uint32(8))
        | (np.uint32(buffer[at + np.uint64(2)]) << np.uint32(16))
        | (np.uint32(buffer[at + np.uint64(3)]) << np.uint32(24))
    )


@njit(nogil=True, cache=True)
def _load_8_bytes(buffer, position):
    return np.uint64(_load_4_bytes(buffer, position)) | (
        np.uint64(_load_4_bytes(buffer, position + 4)) << np.uint64(32)
    )


@njit(nogil=True, cache=True)
def _store_4_bytes(buffer, position, value):
    for byte in range(4):
        buffer[position + byte] = np.uint8((np.uint32(value) >> np.uint32(8 * byte)) & np.uint32(255))


@njit(nogil=True, cache=True)
def scan_headers(buffer, filled, limit, position, offsets, lengths):
    """Finds records by their headers alone; payloads need not be in the buffer.

    Args:
        buffer: uint8 `(n,)`: a piece of the file.
        filled: how many bytes of it are valid.
        limit: how far the file reaches, counted from the start of the buffer.
        position: where the first header is, in the buffer.
        offsets: int64 `(m,)`: gets where payloads begin, counted from the start of the buffer.
        lengths: int64 `(m,)`: gets their lengths.

    Returns:
        `(state, records, position)`: MORE: the next header, at `position`, is not in the buffer, is the end of the
        file, or does not fit in `offsets`; TRUNCATED or BAD_HEADER: the record at `position` is.
    """
    filled = min(np.int64(filled), np.int64(buffer.size))
    position = max(np.int64(position), np.int64(0))
    count = np.int64(0)
    while position < limit and count < offsets.size:
        if limit - position < HEADER:
            return TRUNCATED, count, position
        if filled - position < HEADER:
            break
        if _load_4_bytes(buffer, position + 8) != masked_crc32c_of(buffer, position, 8):
            return BAD_HEADER, count, position
        length = _load_8_bytes(buffer, position)
        space = limit - position - HEADER - FOOTER
        if space < 0 or length > np.uint64(space):
            return TRUNCATED, count, position
        offsets[count] = position + HEADER
        lengths[count] = np.int64(length)
        count += 1
        position += HEADER + np.int64(length) + FOOTER
    return MORE, count, position


@njit(nogil=True, cache=True)
def scan_records(buffer, filled, position, verify, offsets, lengths):
    """Finds the records that lie whole in a buffer.

    Args:
        buffer: uint8 `(n,)`.
        filled: how many bytes of it are valid.
        position: where the first header is.
        verify: whether to check the payloads' checksums; the headers' are always checked.
        offsets: int64 `(m,)`: gets where payloads begin, counted from the start of the buffer.
        lengths: int64 `(m,)`: gets their lengths.

    Returns:
        `(state, records, position, needed)`. MORE: the record at `position` is not whole, or does not fit in
        `offsets`; `needed` is the number of bytes from `position` on that it takes as far as is known, uint64.
        BAD_HEADER or BAD_DATA: the record at `position` is.
    """
    filled = min(np.int64(filled), np.int64(buffer.size))
    position = max(np.int64(position), np.int64(0))
    count = np.int64(0)
    needed = np.uint64(HEADER)
    while filled - position >= HEADER:
        if _load_4_bytes(buffer, position + 8) != masked_crc32c_of(buffer, position, 8):
            return BAD_HEADER, count, position, needed
        length = _load_8_bytes(buffer, position)
        space = filled - position - HEADER - FOOTER
        if space < 0 or length > np.uint64(space) or count >= offsets.size:
            needed = length + np.uint64(HEADER + FOOTER)
            if needed < length:  # a length so large that the sum wrapped around
                needed = length
            return MORE, count, position, needed
        start = position + HEADER
        end = start + np.int64(length)
        if verify and _load_4_bytes(buffer, end) != masked_crc32c_of(buffer, start, np.int64(length)):
            return BAD_DATA, count, position, needed
        offsets[count] = start
        lengths[count] = np.int64(length)
        count += 1
        position = end + FOOTER
    return MORE, count, position, needed


@njit(nogil=True, cache=True)
def first_corrupt(buffer, offsets, lengths):
    """Returns the number of the first payload whose checksum, behind it, is wrong or out of the buffer; -1 if none.

    Args:
        buffer: uint8 `(n,)`.
        offsets: int64 `(m,)`: where payloads begin.
        lengths: int64 `(m,)`.
    """
    for number in range(min(offsets.size, lengths.size)):
        start, length = offsets[number], lengths[number]
        if start < 0 or length < 0 or start > buffer.size or length > buffer.size - start - FOOTER:
            return number
        if _load_4_bytes(buffer, start + length) != masked_crc32c_of(buffer, start, length):
            return number
    return -1


@njit(nogil=True, cache=True)
def frame_records(payloads, lengths, framed):
    """Puts a frame around each payload.

    Args:
        payloads: uint8 `(n,)`: one after the other.
        lengths: int64 `(m,)`: of each.
        framed: uint8: gets the framed records; at least `n + 16 * m` long.

    Returns:
        The number of bytes written, -1 where the lengths do not fit.
    """
    source = np.int64(0)
    target = np.int64(0)
    for number in range(lengths.size):
        length = lengths[number]
        if length < 0 or length > payloads.size - source or length > framed.size - target - HEADER - FOOTER:
            return np.int64(-1)
        _store_4_bytes(framed, target, np.uint32(length & 0xFFFFFFFF))
        _store_4_bytes(framed, target + 4, np.uint32(length >> 32))
        _store_4_bytes(framed, target + 8, masked_crc32c_of(framed, target, 8))
        target += HEADER
        framed[target : target + length] = payloads[source : source + length]
        _store_4_bytes(framed, target + length, masked_crc32c_of(payloads, source, length))
        target += length + FOOTER
        source += length
    return target
