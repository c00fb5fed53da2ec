"""Keyed random numbers and permutations: any part of a shuffled order without the rest of it."""

from __future__ import annotations

import numpy as np

from feedline.kernels.compile import INT64, INTS, UINT64, array, kernel, part


@part
def _mix(value):  # type: ignore[no-untyped-def]
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel((UINT64, INT64, INT64, INTS))
def keyed_integers(key, start, bound, out):  # type: ignore[no-untyped-def]
    """Writes integers of [0, bound) to `out`: numbers start, start + 1, ... of the stream of `key`."""
    for index in range(len(out)):
        number = _mix(np.uint64(key) ^ _mix(np.uint64(start) + np.uint64(index)))
        out[index] = np.int64(number % np.uint64(bound))


@kernel((UINT64, INT64, INTS, INTS))
def keyed_exchange(key, start, buffer, out):  # type: ignore[no-untyped-def]
    """Writes to `out` what a shuffle's buffer gives while positions enter it one after the other.

    For number start, start + 1, ... of the stream of `key` a place of the buffer gives its position, and the next one
    enters there; the first to enter is `start + len(buffer)`.
    """
    size = len(buffer)
    for index in range(len(out)):
        number = _mix(np.uint64(key) ^ _mix(np.uint64(start) + np.uint64(index)))
        place = np.int64(number % np.uint64(size))
        out[index] = buffer[place]
        buffer[place] = start + index + size


@kernel((UINT64, INT64, INTS))
def keyed_order(key, start, out):  # type: ignore[no-untyped-def]
    """Writes 0 .. len(out) - 1 to `out` in the order in which a shuffle's buffer is emptied.

    Each takes one number of the stream of `key`, from number `start` on.
    """
    length = len(out)
    for index in range(length):
        out[index] = index
    for index in range(length):
        number = _mix(np.uint64(key) ^ _mix(np.uint64(start) + np.uint64(index)))
        other = index + np.int64(number % np.uint64(length - index))
        out[index], out[other] = out[other], out[index]


@kernel((UINT64, INTS))
def keyed_shuffle(key, out):  # type: ignore[no-untyped-def]
    """Writes a permutation of 0 .. len(out) - 1 to `out`: Fisher and Yates' shuffle, driven by `key`."""
    for index in range(len(out)):
        out[index] = index
    for index in range(len(out) - 1, 0, -1):
        number = _mix(np.uint64(key) ^ _mix(np.uint64(index)))
        other = np.int64(number % np.uint64(index + 1))
        out[index], out[other] = out[other], out[index]


@kernel((array(UINT64), INT64, INTS, INTS))
def keyed_permutation(keys, length, positions, out):  # type: ignore[no-untyped-def]
    """Writes to `out` where each position goes in the permutation of 0 .. length - 1 that its key names.

    A Feistel network of six rounds over the next even number of bits; results beyond the length are sent through
    again until they fall within it ("cycle walking": Black and Rogaway, "Ciphers with arbitrary finite domains",
    CT-RSA 2002).
    """
    half = np.uint64(1)
    while (np.uint64(1) << (np.uint64(2) * half)) < np.uint64(length):
        half += np.uint64(1)
    mask = (np.uint64(1) << half) - np.uint64(1)
    for index in range(len(positions)):
        value = np.uint64(positions[index])
        key = np.uint64(keys[index])
        while True:
            left = value >> half
            right = value & mask
            for turn in range(6):
                left, right = right, (left ^ _mix(right ^ _mix(key + np.uint64(turn)))) & mask
            value = (left << half) | right
            if value < np.uint64(length):
                break
        out[index] = np.int64(value)
