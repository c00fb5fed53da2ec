"""Arithmetic on every value of arrays in one pass: cast, flip, add, multiply, while the values are in the cache.

The order of the float32 operations is that of NumPy calls one after the other, so the bytes are the same.
"""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import (
    BOOL,
    BYTES,
    FLOAT32,
    FLOATS,
    INT64,
    INTS,
    array,
    constant,
    kernel,
    part,
    stay_apart,
)
from feedline.kernels.past_caches import copy_past_caches, finish_writing
from feedline.kernels.wire import address_of, copy_bytes

_ROWS = array(FLOAT32, 2)

ADD, SUBTRACT, MULTIPLY, DIVIDE, ADD_AMOUNT = range(5)
"""What can be done to each value. ADD_AMOUNT adds a number of the element's own."""

LEFT_RIGHT, UP_DOWN = 1, 2
"""How an element may be flipped; the sum of both turns it by half."""

_EXPONENT = np.int32(0x7F800000)


@part
def compute_on(values, first, what, operands, start, amounts, element):
    """Does to each value what is asked for, from operation `first` on; the operands of `values` begin at `start`."""
    stay_apart()
    for k in range(first, what.size):
        operand = operands[k, start : start + values.size]
        if what[k] == ADD:
            for i in range(values.size):
                values[i] = values[i] + operand[i]
        elif what[k] == SUBTRACT:
            for i in range(values.size):
                values[i] = values[i] - operand[i]
        elif what[k] == MULTIPLY:
            for i in range(values.size):
                values[i] = values[i] * operand[i]
        elif what[k] == DIVIDE:
            for i in range(values.size):
                values[i] = values[i] / operand[i]
        else:
            amount = amounts[k, element]
            for i in range(values.size):
                values[i] = values[i] + amount


@part
def _load(array, done, height, width, channels, flip, turned, values):
    """Fills values with those of an array from `done` on; those of a flipped one are whole rows."""
    stay_apart()
    if flip == 0:
        source = array[done : done + values.size]  # of which indices from 0 on are taken, so that it is vectorised
        for i in range(values.size):
            values[i] = source[i]
        return
    line = width * channels
    for target in range(0, values.size, line):
        y = (done + target) // line
        first = (height - 1 - y if flip & UP_DOWN else y) * line
        source, row = array[first : first + line], values[target : target + line]
        to = turned if flip & LEFT_RIGHT else row  # memory is read from its start, however it is turned
        for i in range(line):
            to[i] = source[i]
        if flip & LEFT_RIGHT:
            _turn(turned, row, width, channels)


@part
def _turn(line, row, width, channels):
    """Puts the pixels of a line into a row, the last first; there is room for one value more behind the line."""
    if channels == 3:
        # A pixel is moved with the value behind it, in one step; the next pixel overwrites that.
        to, of = address_of(row), address_of(line) + 12 * (width - 1)
        for _ in range(width - 1):
            copy_bytes(to, of, 16)
            to += 12
            of -= 12
        copy_bytes(to, of, 12)
    else:
        for x in range(width):
            for c in range(channels):
                row[x * channels + c] = line[(width - 1 - x) * channels + c]


@part
def _load_scaled(array, done, divide, operand, values):
    """Fills values with those of an array of bytes from `done` on, divided or multiplied: how most chains begin."""
    stay_apart()
    source = array[done : done + values.size]
    if divide:
        for i in range(values.size):
            values[i] = np.float32(source[i]) / operand[i]
    else:
        for i in range(values.size):
            values[i] = np.float32(source[i]) * operand[i]


@part
def _are_finite(values):
    stay_apart()
    bits = values.view(np.int32)
    found = 0
    for i in range(bits.size):
        found |= (bits[i] & _EXPONENT) == _EXPONENT
    return found == 0


_SOURCES = tuple(array(dtype, constant=True) for dtype in (types.uint8, types.float32, types.float64))


@kernel(
    (
        *_SOURCES,
        *_SOURCES,
        *(INTS, _ROWS, FLOATS, FLOATS, INT64, INT64, INT64, BYTES, BYTES, _ROWS, _ROWS, INT64, BOOL),
    )
)
def _pointwise(
    bytes_, floats, doubles, near_bytes, near_floats, near_doubles, starts, out, near_values, turned, height, width,
    channels, flips, what, operands, amounts, most, check,
):  # fmt: skip
    count, size = out.shape
    period = operands.shape[1]
    line = width * channels
    flipped = flips.size > 0
    if starts.size != count or most < 1 or (what.size and period < 1):
        return False
    if operands.shape[0] != what.size or amounts.shape[0] != what.size or (what.size and amounts.shape[1] < count):
        return False
    if flipped and (
        flips.size != count or line < 1 or turned.size <= line or height * line != size or most % line or period % line
    ):
        return False
    held = max(bytes_.size, floats.size, doubles.size)
    near = near_bytes.size + near_floats.size + near_doubles.size > 0
    if near and (near_bytes.size if bytes_.size else near_floats.size if floats.size else near_doubles.size) < size:
        return False
    past_caches = near_values.size > 0
    if past_caches and near_values.size < min(most, size):
        return False
    for n in range(count):
        if starts[n] < 0 or starts[n] > held or size > held - starts[n]:
            return False
        first, after = starts[n], starts[n] + size
        if near:
            if bytes_.size > 0:
                copy_bytes(address_of(near_bytes), address_of(bytes_) + first, size)
            elif floats.size > 0:
                copy_bytes(address_of(near_floats), address_of(floats) + 4 * first, 4 * size)
            else:
                copy_bytes(address_of(near_doubles), address_of(doubles) + 8 * first, 8 * size)
            first, after = np.int64(0), size
        some_bytes = near_bytes if near else bytes_
        some_floats = near_floats if near else floats
        some_doubles = near_doubles if near else doubles
        done = np.int64(0)
        while done < size:
            stop = min(done + most, size)
            start = 0
            if what.size:
                start = done % period
                stop = min(stop, done + period - start)
            values = near_values[: stop - done] if past_caches else out[n, done:stop]
            flip = flips[n] if flipped else np.uint8(0)
            begun = 0
            if bytes_.size > 0 and flip == 0 and what.size and (what[0] == MULTIPLY or what[0] == DIVIDE):
                operand = operands[0, start : start + values.size]
                _load_scaled(some_bytes[first:after], done, what[0] == DIVIDE, operand, values)
                begun = 1
            elif bytes_.size > 0:
                _load(some_bytes[first:after], done, height, width, channels, flip, turned, values)
            elif floats.size > 0:
                _load(some_floats[first:after], done, height, width, channels, flip, turned, values)
            else:
                _load(some_doubles[first:after], done, height, width, channels, flip, turned, values)
            compute_on(values, begun, what, operands, start, amounts, n)
            if check and not _are_finite(values):
                return False
            if past_caches:
                target = address_of(out) + 4 * (n * size + done)
                copy_past_caches(target, address_of(near_values), 4 * (stop - done))
            done = stop
    if past_caches:
        finish_writing()
    return True


_EMPTY = tuple(constant(np.empty(0, dtype)) for dtype in (np.uint8, np.float32, np.float64))


def pointwise(
    memory: np.ndarray,
    starts: np.ndarray,
    out: np.ndarray,
    height: int,
    width: int,
    channels: int,
    flips: np.ndarray,
    what: np.ndarray,
    operands: np.ndarray,
    amounts: np.ndarray,
    most: int,
    check: bool,
    far: bool = False,
    past_caches: bool = False,
) -> bool:
    """Casts arrays to float32, flips them, and does arithmetic on each value.

    Args:
        memory: uint8, float32 or float64, what holds the arrays.
        starts: int64 `(n,)`: where each array begins, counted in values.
        out: float32 `(n, size)`.
        height, width, channels: the shape of the arrays, which are images, where some are flipped.
        flips: uint8 `(n,)`: LEFT_RIGHT, UP_DOWN, both or 0 for each; empty where none is flipped.
        what: uint8 `(k,)`: what to do, in this order.
        operands: float32 `(k, period)`: what is added to the values and so on, again and again for each period.
        amounts: float32 `(k, n)`: what ADD_AMOUNT adds to each element.
        most: how many values are gone through together; whole rows of pixels where `flips` has something.
        check: whether to look for values that are not finite.
        far: whether the arrays are most likely in no cache. Each is then copied before it is looked at: that gets
            values out of memory at more than twice the pace of a loop that computes.
        past_caches: whether `out` is written to memory past the caches.

    Returns:
        Whether all of them are finite, as far as that was looked at; `out` is complete only then.
    """
    given = [constant(memory) if memory.dtype == empty.dtype else empty for empty in _EMPTY]
    near = [
        constant(np.empty(out.shape[1], part.dtype)) if far and part.size else empty
        for part, empty in zip(given, _EMPTY, strict=True)
    ]
    near_values = np.empty(min(most, out.shape[1]) if past_caches else 0, np.float32)
    turned = np.empty(width * channels + 1 if flips.size else 0, np.float32)
    return bool(
        _pointwise(
            *(*given, *near, starts, out, near_values, turned),
            *(height, width, channels, flips, what, operands, amounts, most, check),
        )
    )
