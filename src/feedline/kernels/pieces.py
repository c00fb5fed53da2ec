"""Copying many pieces of one buffer to places in another."""

from __future__ import annotations

import numpy as np

from feedline.kernels.compile import BYTES, CONSTANT_BYTES, INT64, INTS, constant, kernel
from feedline.kernels.wire import address_of, copy_bytes


@kernel((CONSTANT_BYTES, INTS, INTS, BYTES, INTS))
def _copy_pieces(source, offsets, lengths, target, targets):
    for number in range(min(offsets.size, lengths.size, targets.size)):
        start, length, place = offsets[number], lengths[number], targets[number]
        if start < 0 or length < 0 or start > source.size or length > source.size - start:
            return number
        if place < 0 or place > target.size or length > target.size - place:
            return number
        if length < 32:
            for byte in range(length):
                target[np.uint64(place + byte)] = source[np.uint64(start + byte)]
        else:
            copy_bytes(address_of(target) + place, address_of(source) + start, length)
    return -1


@kernel((CONSTANT_BYTES, INTS, INTS, INT64))
def _first_unlike(buffer, offsets, lengths, start):
    for number in range(min(offsets.size, lengths.size)):
        at, length = offsets[number], lengths[number]
        if at < 0 or length < start or at > buffer.size or length > buffer.size - at:
            return number
        for byte in range(start):
            if buffer[at + byte] != buffer[offsets[0] + byte]:
                return number
    return -1


def copy_pieces(
    source: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, target: np.ndarray, targets: np.ndarray
) -> int:
    """Copies pieces.

    Args:
        source: uint8 `(n,)`.
        offsets: int64 `(k,)`: where pieces begin in it.
        lengths: int64 `(k,)`: how long they are.
        target: uint8 `(m,)`: gets the pieces.
        targets: int64 `(k,)`: where each goes.

    Returns:
        The number of the first piece that is out of bounds, which ends the copying; -1 if none.
    """
    return int(_copy_pieces(constant(source), offsets, lengths, target, targets))


def first_unlike(buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, start: int) -> int:
    """Returns the number of the first piece that does not begin with the same bytes as the first; -1 if none.

    Args:
        buffer: uint8 `(n,)`.
        offsets: int64 `(k,)`: where pieces begin.
        lengths: int64 `(k,)`: how long they are.
        start: how many bytes are compared.
    """
    return int(_first_unlike(constant(buffer), offsets, lengths, start))
