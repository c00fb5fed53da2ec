"""Undoing PNG's row filters.

The filters are those of the PNG specification, section 9: each byte was written as its difference from a guess made of
the bytes to the left (`a`), above (`b`) and above left (`c`) of the same channel. A row's channels do not depend on one
another, so three or four of them are undone side by side with their neighbours held in registers. Indices are unsigned
because Numba then leaves out the test for negative ones, which costs more than the arithmetic.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_compile = njit(nogil=True, cache=True)
_inline = njit(nogil=True, cache=True, inline="always")
_index = np.uintp
_byte = np.uint8
_wide = np.int32


@_inline
def _paeth(a, b, c):  # type: ignore[no-untyped-def]
    # The specification's predictor without its three distances: it picks the larger of a and b where c is below
    # both, the smaller where c is above both, and c between. Fabian Giesen's form, as in stb_image.
    low = min(a, b)
    high = max(a, b)
    threshold = 3 * c - (a + b)
    middle = low if high <= threshold else c
    return high if threshold <= low else middle


@_compile
def _sub_1(source, row, first, step):  # type: ignore[no-untyped-def]
    a = _byte(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        a = _byte(a + source[i])
        row[i] = a


@_compile
def _sub_3(source, row, first, step):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = _byte(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        j = i + _index(1)
        k = i + _index(2)
        a0 = _byte(a0 + source[i])
        a1 = _byte(a1 + source[j])
        a2 = _byte(a2 + source[k])
        row[i] = a0
        row[j] = a1
        row[k] = a2


@_compile
def _sub_4(source, row, first, step):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = a3 = _byte(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        j = i + _index(1)
        k = i + _index(2)
        m = i + _index(3)
        a0 = _byte(a0 + source[i])
        a1 = _byte(a1 + source[j])
        a2 = _byte(a2 + source[k])
        a3 = _byte(a3 + source[m])
        row[i] = a0
        row[j] = a1
        row[k] = a2
        row[m] = a3


@_compile
def _average_1(source, above, row, first, step):  # type: ignore[no-untyped-def]
    a = _wide(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        a = (_wide(source[i]) + ((a + _wide(above[i])) >> 1)) & 255
        row[i] = _byte(a)


@_compile
def _average_3(source, above, row, first, step):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = _wide(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        j = i + _index(1)
        k = i + _index(2)
        a0 = (_wide(source[i]) + ((a0 + _wide(above[i])) >> 1)) & 255
        a1 = (_wide(source[j]) + ((a1 + _wide(above[j])) >> 1)) & 255
        a2 = (_wide(source[k]) + ((a2 + _wide(above[k])) >> 1)) & 255
        row[i] = _byte(a0)
        row[j] = _byte(a1)
        row[k] = _byte(a2)


@_compile
def _average_4(source, above, row, first, step):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = a3 = _wide(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        j = i + _index(1)
        k = i + _index(2)
        m = i + _index(3)
        a0 = (_wide(source[i]) + ((a0 + _wide(above[i])) >> 1)) & 255
        a1 = (_wide(source[j]) + ((a1 + _wide(above[j])) >> 1)) & 255
        a2 = (_wide(source[k]) + ((a2 + _wide(above[k])) >> 1)) & 255
        a3 = (_wide(source[m]) + ((a3 + _wide(above[m])) >> 1)) & 255
        row[i] = _byte(a0)
        row[j] = _byte(a1)
        row[k] = _byte(a2)
        row[m] = _byte(a3)


@_compile
def _paeth_1(source, above, row, first, step):  # type: ignore[no-untyped-def]
    a = c = _wide(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        b = _wide(above[i])
        a = (_wide(source[i]) + _paeth(a, b, c)) & 255
        row[i] = _byte(a)
        c = b


@_compile
def _paeth_3(source, above, row, first, step):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = c0 = c1 = c2 = _wide(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        j = i + _index(1)
        k = i + _index(2)
        b0 = _wide(above[i])
        b1 = _wide(above[j])
        b2 = _wide(above[k])
        a0 = (_wide(source[i]) + _paeth(a0, b0, c0)) & 255
        a1 = (_wide(source[j]) + _paeth(a1, b1, c1)) & 255
        a2 = (_wide(source[k]) + _paeth(a2, b2, c2)) & 255
        row[i] = _byte(a0)
        row[j] = _byte(a1)
        row[k] = _byte(a2)
        c0 = b0
        c1 = b1
        c2 = b2


@_compile
def _paeth_4(source, above, row, first, step):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = a3 = c0 = c1 = c2 = c3 = _wide(0)
    for pixel in range(row.size // step):
        i = _index(pixel * step + first)
        j = i + _index(1)
        k = i + _index(2)
        m = i + _index(3)
        b0 = _wide(above[i])
        b1 = _wide(above[j])
        b2 = _wide(above[k])
        b3 = _wide(above[m])
        a0 = (_wide(source[i]) + _paeth(a0, b0, c0)) & 255
        a1 = (_wide(source[j]) + _paeth(a1, b1, c1)) & 255
        a2 = (_wide(source[k]) + _paeth(a2, b2, c2)) & 255
        a3 = (_wide(source[m]) + _paeth(a3, b3, c3)) & 255
        row[i] = _byte(a0)
        row[j] = _byte(a1)
        row[k] = _byte(a2)
        row[m] = _byte(a3)
        c0 = b0
        c1 = b1
        c2 = b2
        c3 = b3


@_compile
def unfilter(filtered, out, step):  # type: ignore[no-untyped-def]
    """Undoes the filters of an image, or of one pass of an interlaced one.

    Args:
        filtered: uint8 (height * (1 + row length)), each row after the byte of its filter.
        out: uint8 (height, row length), C-contiguous, written.
        step: bytes from a sample to the same channel's next: 1, 2, 3, 4, 6 or 8.

    Returns:
        -1 if all is well, the number of the first row whose filter is unknown, or -2 if the sizes do not agree.
    """
    height, length = out.shape
    if filtered.size != height * (length + 1) or step < 1 or length % step != 0:
        return -2
    above = np.zeros(length, np.uint8)
    for y in range(height):
        start = y * (length + 1)
        kind = filtered[start]
        source = filtered[start + 1 : start + 1 + length]
        row = out[y]
        if kind == 0:
            for i in range(length):
                row[i] = source[i]
        elif kind == 1:
            if step % 3 == 0:
                for first in range(0, step, 3):
                    _sub_3(source, row, first, step)
            elif step % 4 == 0:
                for first in range(0, step, 4):
                    _sub_4(source, row, first, step)
            else:
                for first in range(step):
                    _sub_1(source, row, first, step)
        elif kind == 2:
            for i in range(length):
                row[i] = _byte(source[i] + above[i])
        elif kind == 3:
            if step % 3 == 0:
                for first in range(0, step, 3):
                    _average_3(source, above, row, first, step)
            elif step % 4 == 0:
                for first in range(0, step, 4):
                    _average_4(source, above, row, first, step)
            else:
                for first in range(step):
                    _average_1(source, above, row, first, step)
        elif kind == 4:
            if step % 3 == 0:
                for first in range(0, step, 3):
                    _paeth_3(source, above, row, first, step)
            elif step % 4 == 0:
                for first in range(0, step, 4):
                    _paeth_4(source, above, row, first, step)
            else:
                for first in range(step):
                    _paeth_1(source, above, row, first, step)
        else:
            return y
        above = row
    return -1
