"""Arithmetic on every value of arrays in one pass: cast, flip, add, multiply, while the values are in the cache.

The order of the float32 operations is that of NumPy calls one after the other, so the bytes are the same.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ADD, SUBTRACT, MULTIPLY, DIVIDE, ADD_AMOUNT = range(5)
"""What can be done to each value. ADD_AMOUNT adds a number of the element's own."""

LEFT_RIGHT, UP_DOWN = 1, 2
"""How an element may be flipped; the sum of both turns it by half."""

_EXPONENT = np.int32(0x7F800000)


@njit(nogil=True, cache=True, error_model="numpy")  # without it, each division looks for a zero
def _compute_on(values, what, operands, start, amounts, element):
    """Does to each value what is asked for; the operands of `values` begin at `start`."""
    for k in range(what.size):
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


@njit(nogil=True, cache=True)
def _load_reversed(source, width, channels, values):
    """Fills values with the pixels of a row from the last to the first."""
    if channels == 3:  # written out, since loops of three are not unrolled
        for x in range(width):
            last = (width - 1 - x) * 3
            values[x * 3] = source[last]
            values[x * 3 + 1] = source[last + 1]
            values[x * 3 + 2] = source[last + 2]
    else:
        for x in range(width):
            for c in range(channels):
                values[x * channels + c] = source[(width - 1 - x) * channels + c]


@njit(nogil=True, cache=True)
def _are_finite(values):
    bits = values.view(np.int32)
    found = 0
    for i in range(bits.size):
        found |= (bits[i] & _EXPONENT) == _EXPONENT
    return found == 0


@njit(nogil=True, cache=True)
def pointwise(memory, starts, out, height, width, channels, flips, what, operands, amounts, most, check):
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

    Returns:
        Whether all of them are finite, as far as that was looked at; `out` is complete only then.
    """
    count, size = out.shape
    period = operands.shape[1]
    line = width * channels
    flipped = flips.size > 0
    if starts.size != count or most < 1 or (what.size and period < 1):
        return False
    if operands.shape[0] != what.size or amounts.shape[0] != what.size or (what.size and amounts.shape[1] < count):
        return False
    if flipped and (flips.size != count or line < 1 or height * line != size or most % line or period % line):
        return False
    for n in range(count):
        if starts[n] < 0 or starts[n] > memory.size or size > memory.size - starts[n]:
            return False
        array = memory[starts[n] : starts[n] + size]
        done = 0
        while done < size:
            stop = min(done + most, size)
            start = 0
            if what.size:
                start = done % period
                stop = min(stop, done + period - start)
            values = out[n, done:stop]
            if flipped and flips[n]:
                for target in range(0, values.size, line):
                    y = (done + target) // line
                    first = (height - 1 - y if flips[n] & UP_DOWN else y) * line
                    source = array[first : first + line]
                    if flips[n] & LEFT_RIGHT:
                        _load_reversed(source, width, channels, values[target : target + line])
                    else:
                        for i in range(line):
                            values[target + i] = source[i]
            else:
                source = array[done:stop]
                for i in range(values.size):
                    values[i] = source[i]
            _compute_on(values, what, operands, start, amounts, n)
            if check and not _are_finite(values):
                return False
            done = stop
    return True
