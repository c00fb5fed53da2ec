"""TFRecord framing: finding records in a buffer, checking them, and putting frames around them.

A record is an uint64 length, its masked CRC32C, the payload, and the payload's masked CRC32C, all little-endian
(TensorFlow's guide "TFRecord and tf.train.Example", section "TFRecords format details").
"""

from __future__ import annotations

import numpy as np

from feedline.kernels.compile import BOOL, BYTES, CONSTANT_BYTES, CONSTANT_INTS, INT64, INTS, constant, kernel
from feedline.kernels.crc32c import masked_crc32c_of, masked_crc32c_of_8
from feedline.kernels.wire import address_of, copy_bytes, load32, load64, store32, store64

HEADER = 12
FOOTER = 4

MORE, TRUNCATED, BAD_HEADER, BAD_DATA = 0, 1, 2, 3


@kernel((BYTES, INT64, INT64, INT64, INTS, INTS))
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
    base = address_of(buffer)
    count = np.int64(0)
    while position < limit and count < offsets.size:
        if limit - position < HEADER:
            return TRUNCATED, count, position
        if filled - position < HEADER:
            break
        if load32(base + position + 8) != masked_crc32c_of_8(base + position):
            return BAD_HEADER, count, position
        length = load64(base + position)
        space = limit - position - HEADER - FOOTER
        if space < 0 or length > np.uint64(space):
            return TRUNCATED, count, position
        offsets[count] = position + HEADER
        lengths[count] = np.int64(length)
        count += 1
        position += HEADER + np.int64(length) + FOOTER
    return MORE, count, position


@kernel((BYTES, INT64, INT64, BOOL, INTS, INTS))
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
    base = address_of(buffer)
    count = np.int64(0)
    needed = np.uint64(HEADER)
    while filled - position >= HEADER:
        if load32(base + position + 8) != masked_crc32c_of_8(base + position):
            return BAD_HEADER, count, position, needed
        length = load64(base + position)
        space = filled - position - HEADER - FOOTER
        if space < 0 or length > np.uint64(space) or count >= offsets.size:
            needed = length + np.uint64(HEADER + FOOTER)
            if needed < length:  # a length so large that the sum wrapped around
                needed = length
            return MORE, count, position, needed
        start = position + HEADER
        end = start + np.int64(length)
        if verify and load32(base + end) != masked_crc32c_of(base + start, np.int64(length)):
            return BAD_DATA, count, position, needed
        offsets[count] = start
        lengths[count] = np.int64(length)
        count += 1
        position = end + FOOTER
    return MORE, count, position, needed


@kernel((CONSTANT_INTS, CONSTANT_INTS, INTS, INTS, INTS, INTS, INTS, INTS))
def place_records(index_offsets, index_lengths, numbers, offsets, lengths, positions, sizes, targets):
    """Lays records out in one buffer, in pieces: records that follow one another in the file are one.

    Args:
        index_offsets: int64 `(r,)`: where each payload of the file begins, in bytes.
        index_lengths: int64 `(r,)`: of the payloads, in bytes.
        numbers: int64 `(n,)`: which records; one may come more than once.
        offsets: int64 `(n,)`: gets where their payloads begin in the buffer.
        lengths: int64 `(n,)`: gets the payloads' lengths.
        positions: int64 `(n,)`: gets where each piece begins in the file.
        sizes: int64 `(n,)`: gets how many bytes each piece has, the last checksum among them.
        targets: int64 `(n,)`: gets where each piece goes in the buffer.

    Returns:
        `(pieces, total)`: how many pieces there are, and how many bytes they have together; -1 pieces where there is
        no record of a number.
    """
    pieces, total, before = np.int64(0), np.int64(0), np.int64(-2)
    position = target = np.int64(0)
    for row in range(min(numbers.size, offsets.size, lengths.size, positions.size, sizes.size, targets.size)):
        number = numbers[row]
        if number < 0 or number >= min(index_offsets.size, index_lengths.size):
            return np.int64(-1), total
        begin, length = index_offsets[number], index_lengths[number]
        if number != before + 1:
            position, target = begin, total
            positions[pieces] = position
            targets[pieces] = target
            pieces += 1
        offsets[row] = target + begin - position
        lengths[row] = length
        sizes[pieces - 1] = begin + length + FOOTER - position
        total = target + begin + length + FOOTER - position
        before = number
    return pieces, total


@kernel((BYTES, INTS, INTS))
def first_corrupt(buffer, offsets, lengths):
    """Returns the number of the first payload whose checksum, behind it, is wrong or out of the buffer; -1 if none.

    Args:
        buffer: uint8 `(n,)`.
        offsets: int64 `(m,)`: where payloads begin.
        lengths: int64 `(m,)`.
    """
    base = address_of(buffer)
    for number in range(min(offsets.size, lengths.size)):
        start, length = offsets[number], lengths[number]
        if start < 0 or length < 0 or start > buffer.size or length > buffer.size - start - FOOTER:
            return number
        if load32(base + start + length) != masked_crc32c_of(base + start, length):
            return number
    return -1


@kernel((CONSTANT_BYTES, INTS, BYTES))
def _frame_records(payloads, lengths, framed):
    source = np.int64(0)
    target = np.int64(0)
    for number in range(lengths.size):
        length = lengths[number]
        if length < 0 or length > payloads.size - source or length > framed.size - target - HEADER - FOOTER:
            return np.int64(-1)
        at = address_of(framed) + target
        payload = address_of(payloads) + source
        store64(at, length)
        store32(at + 8, masked_crc32c_of_8(at))
        copy_bytes(at + HEADER, payload, length)
        store32(at + HEADER + length, masked_crc32c_of(payload, length))
        target += HEADER + length + FOOTER
        source += length
    return target


def frame_records(payloads: np.ndarray, lengths: np.ndarray, framed: np.ndarray) -> int:
    """Puts a frame around each payload.

    Args:
        payloads: uint8 `(n,)`: one after the other.
        lengths: int64 `(m,)`: of each.
        framed: uint8: gets the framed records; at least `n + 16 * m` long.

    Returns:
        The number of bytes written, -1 where the lengths do not fit.
    """
    return int(_frame_records(constant(payloads), lengths, framed))
