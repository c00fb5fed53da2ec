"""Samples of images: packed bits to bytes, colour to grey."""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import BYTES, INT64, array, kernel

_SHORTS, _SHORT_ROWS = array(types.uint16), array(types.uint16, 2)
_BYTE_ROWS = array(types.uint8, 2)
_index = np.uintp


@kernel((_BYTE_ROWS, INT64, _BYTE_ROWS))
def unpack_bits(packed, depth, out):  # type: ignore[no-untyped-def]
    """Spreads samples of 1, 2 or 4 bits, the highest bits first, over a byte each.

    Args:
        packed: uint8 (height, row length).
        depth: bits of a sample.
        out: uint8 (height, width), written.

    Returns:
        False if a row is too short for its width.
    """
    height, width = out.shape
    if packed.shape[0] < height or packed.shape[1] * 8 < width * depth:
        return False
    mask = (1 << depth) - 1
    for y in range(height):
        source = packed[y]
        row = out[y]
        for x in range(width):
            bit = x * depth
            row[x] = (source[bit >> 3] >> (8 - depth - (bit & 7))) & mask
    return True


@kernel((BYTES,))
def highest(samples):  # type: ignore[no-untyped-def]
    """Returns the largest of some uint8 samples (n,), 0 where there are none."""
    most = np.uint8(0)
    for i in range(samples.size):
        if samples[i] > most:
            most = samples[i]
    return most


@kernel((_BYTE_ROWS, INT64, INT64, INT64, BYTES), (_SHORT_ROWS, INT64, INT64, INT64, _SHORTS))
def gray_of_rgb(samples, red, green, rounding, out):  # type: ignore[no-untyped-def]
    """Mixes red, green and blue into grey: `(red * r + green * g + blue * b + rounding) >> 15`.

    Args:
        samples: uint8 or uint16 (n, at least 3).
        red, green: weights; the three add up to 32768.
        rounding: 0 or 16384.
        out: of the samples' dtype (n,), written.
    """
    r = np.uint32(red)
    g = np.uint32(green)
    b = np.uint32(32768 - red - green)
    half = np.uint32(rounding)
    for i in range(min(samples.shape[0], out.size)):
        out[i] = (r * samples[i, 0] + g * samples[i, 1] + b * samples[i, 2] + half) >> np.uint32(15)


@kernel(
    (_BYTE_ROWS, INT64, INT64, BYTES, BYTES, BYTES, BYTES),
    (_SHORT_ROWS, INT64, INT64, _SHORTS, _SHORTS, _SHORTS, _SHORTS),
)
def gray_of_rgb_by_tables(samples, red, green, to_linear, from_linear, unchanged, out):  # type: ignore[no-untyped-def]
    """Mixes red, green and blue into grey in linear light.

    Args:
        samples: uint8 or uint16 (n, at least 3).
        red, green: weights; the three add up to 32768.
        to_linear, from_linear: a value for each value of a sample.
        unchanged: what becomes of samples that are grey already, for each value of a sample.
        out: of the samples' dtype (n,), written.

    Returns:
        False if a table is too short.
    """
    values = 65536 if samples.itemsize == 2 else 256
    if to_linear.size < values or from_linear.size < values or unchanged.size < values:
        return False
    blue = 32768 - red - green
    for i in range(min(samples.shape[0], out.size)):
        r = samples[i, 0]
        g = samples[i, 1]
        b = samples[i, 2]
        if r == g and r == b:
            out[i] = unchanged[r]
        else:
            mixed = (red * to_linear[r] + green * to_linear[g] + blue * to_linear[b] + 16384) >> 15
            out[i] = from_linear[min(max(mixed, 0), values - 1)]
    return True
