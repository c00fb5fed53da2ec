"""Undoing PNG's row filters.

The filters are those of the PNG specification, section 9: each byte was written as its difference from a guess made of
the bytes to the left (`a`), above (`b`) and above left (`c`) of the same channel. A row's channels do not depend on one
another, so three or four of them are undone side by side with their neighbours held in registers. Places are
addresses, whose rows the kernel has checked.
"""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import CONSTANT_BYTES, INT64, array, kernel, part, stay_apart
from feedline.kernels.wire import address_of, copy_bytes, load8, load64, store8, store64

_ZERO = np.int64(0)
_LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)


@part
def _paeth(a, b, c):  # type: ignore[no-untyped-def]
    # The specification's predictor without its three distances: it picks the larger of a and b where c is below
    # both, the smaller where c is above both, and c between. Fabian Giesen's form, as in stb_image.
    low = a if a < b else b
    high = b if a < b else a
    threshold = 3 * c - (a + b)
    middle = low if high <= threshold else c
    return high if threshold <= low else middle


@part
def _sub_1(source, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a = _ZERO
    for at in range(0, length, step):
        a = (a + load8(source + at)) & 255
        store8(row + at, a)


@part
def _sub_3(source, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a0 = a1 = a2 = _ZERO
    for at in range(0, length, step):
        a0 = (a0 + load8(source + at)) & 255
        a1 = (a1 + load8(source + at + 1)) & 255
        a2 = (a2 + load8(source + at + 2)) & 255
        store8(row + at, a0)
        store8(row + at + 1, a1)
        store8(row + at + 2, a2)


@part
def _sub_4(source, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a0 = a1 = a2 = a3 = _ZERO
    for at in range(0, length, step):
        a0 = (a0 + load8(source + at)) & 255
        a1 = (a1 + load8(source + at + 1)) & 255
        a2 = (a2 + load8(source + at + 2)) & 255
        a3 = (a3 + load8(source + at + 3)) & 255
        store8(row + at, a0)
        store8(row + at + 1, a1)
        store8(row + at + 2, a2)
        store8(row + at + 3, a3)


@part
def _average_1(source, above, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a = _ZERO
    for at in range(0, length, step):
        a = (load8(source + at) + ((a + load8(above + at)) >> 1)) & 255
        store8(row + at, a)


@part
def _average_3(source, above, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a0 = a1 = a2 = _ZERO
    for at in range(0, length, step):
        a0 = (load8(source + at) + ((a0 + load8(above + at)) >> 1)) & 255
        a1 = (load8(source + at + 1) + ((a1 + load8(above + at + 1)) >> 1)) & 255
        a2 = (load8(source + at + 2) + ((a2 + load8(above + at + 2)) >> 1)) & 255
        store8(row + at, a0)
        store8(row + at + 1, a1)
        store8(row + at + 2, a2)


@part
def _average_4(source, above, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a0 = a1 = a2 = a3 = _ZERO
    for at in range(0, length, step):
        a0 = (load8(source + at) + ((a0 + load8(above + at)) >> 1)) & 255
        a1 = (load8(source + at + 1) + ((a1 + load8(above + at + 1)) >> 1)) & 255
        a2 = (load8(source + at + 2) + ((a2 + load8(above + at + 2)) >> 1)) & 255
        a3 = (load8(source + at + 3) + ((a3 + load8(above + at + 3)) >> 1)) & 255
        store8(row + at, a0)
        store8(row + at + 1, a1)
        store8(row + at + 2, a2)
        store8(row + at + 3, a3)


@part
def _paeth_1(source, above, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a = c = _ZERO
    for at in range(0, length, step):
        b = load8(above + at)
        a = (load8(source + at) + _paeth(a, b, c)) & 255
        store8(row + at, a)
        c = b


@part
def _paeth_3(source, above, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a0 = a1 = a2 = c0 = c1 = c2 = _ZERO
    for at in range(0, length, step):
        b0 = load8(above + at)
        b1 = load8(above + at + 1)
        b2 = load8(above + at + 2)
        a0 = (load8(source + at) + _paeth(a0, b0, c0)) & 255
        a1 = (load8(source + at + 1) + _paeth(a1, b1, c1)) & 255
        a2 = (load8(source + at + 2) + _paeth(a2, b2, c2)) & 255
        store8(row + at, a0)
        store8(row + at + 1, a1)
        store8(row + at + 2, a2)
        c0 = b0
        c1 = b1
        c2 = b2


@part
def _paeth_4(source, above, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a0 = a1 = a2 = a3 = c0 = c1 = c2 = c3 = _ZERO
    for at in range(0, length, step):
        b0 = load8(above + at)
        b1 = load8(above + at + 1)
        b2 = load8(above + at + 2)
        b3 = load8(above + at + 3)
        a0 = (load8(source + at) + _paeth(a0, b0, c0)) & 255
        a1 = (load8(source + at + 1) + _paeth(a1, b1, c1)) & 255
        a2 = (load8(source + at + 2) + _paeth(a2, b2, c2)) & 255
        a3 = (load8(source + at + 3) + _paeth(a3, b3, c3)) & 255
        store8(row + at, a0)
        store8(row + at + 1, a1)
        store8(row + at + 2, a2)
        store8(row + at + 3, a3)
        c0 = b0
        c1 = b1
        c2 = b2
        c3 = b3


@part
def _average_first(source, row, length, step):  # type: ignore[no-untyped-def]
    stay_apart()
    a = _ZERO
    for at in range(0, length, step):
        a = (load8(source + at) + (a >> 1)) & 255
        store8(row + at, a)


@part
def _add(source, above, row, length):  # type: ignore[no-untyped-def]
    stay_apart()
    for at in range(0, length - 7, 8):  # eight sums at once: the highest bit of each apart from what carries into it
        a, b = load64(source + at), load64(above + at)
        store64(row + at, np.int64(((a & _LOW_BITS) + (b & _LOW_BITS)) ^ ((a ^ b) & ~_LOW_BITS)))
    for at in range(length & ~7, length):
        store8(row + at, load8(source + at) + load8(above + at))


@part
def unfilter_rows(filtered, out, height, length, step):  # type: ignore[no-untyped-def]
    """Undoes the filters of rows.

    Args:
        filtered: the address of `height * (1 + length)` bytes, each row after the byte of its filter.
        out: the address of `height * length` bytes, written.
        height, length: how many rows there are, and of how many bytes.
        step: bytes from a sample to the same channel's next, which `length` is a multiple of.

    Returns:
        -1 if all is well, or the number of the first row whose filter is unknown.
    """
    stay_apart()
    together = 3 if step % 3 == 0 else (4 if step % 4 == 0 else 1)
    for y in range(height):
        source = filtered + y * (length + 1) + 1
        kind = load8(source - 1)
        row = out + y * length
        above = row - length
        if y == 0:  # what is above is zeros: nothing to add, and of two bytes the one to the left
            if kind == 2:
                kind = 0
            elif kind == 4:
                kind = 1
        if kind == 0:
            copy_bytes(row, source, length)
        elif kind == 1:
            for first in range(0, step, together):
                if together == 3:
                    _sub_3(source + first, row + first, length - first, step)
                elif together == 4:
                    _sub_4(source + first, row + first, length - first, step)
                else:
                    _sub_1(source + first, row + first, length - first, step)
        elif kind == 2:
            _add(source, above, row, length)
        elif kind == 3 and y == 0:
            for first in range(step):
                _average_first(source + first, row + first, length - first, step)
        elif kind == 3:
            for first in range(0, step, together):
                if together == 3:
                    _average_3(source + first, above + first, row + first, length - first, step)
                elif together == 4:
                    _average_4(source + first, above + first, row + first, length - first, step)
                else:
                    _average_1(source + first, above + first, row + first, length - first, step)
        elif kind == 4:
            for first in range(0, step, together):
                if together == 3:
                    _paeth_3(source + first, above + first, row + first, length - first, step)
                elif together == 4:
                    _paeth_4(source + first, above + first, row + first, length - first, step)
                else:
                    _paeth_1(source + first, above + first, row + first, length - first, step)
        else:
            return y
    return -1


@kernel((CONSTANT_BYTES, array(types.uint8, 2), INT64))
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
    return unfilter_rows(address_of(filtered), address_of(out), height, length, step)
