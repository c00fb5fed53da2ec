"""CSV: numbers out of text, rounded as the nearest number that the dtype has.

A decimal number is digits times a power of ten. Up to 2**53 and 10**22 both are exact as doubles, and so one operation
of theirs rounds correctly (Clinger: "How to read floating point numbers accurately", PLDI 1990). Up to 10**27 the
product or quotient is computed in integers of 128 bits, and rounded once. What is left is told apart, for
`feedline.formats.number_text` to read.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types

from feedline.kernels.compile import BOOL, BOOLS, BYTES, INTS, UINT64, array, kernel, part, stay_apart

READ, LEFT, WRONG = 0, 1, 2

_EXACT_POWERS = np.array([10.0**power for power in range(23)])
_POWERS = np.array([float(f"1e{power}") for power in range(61)])
_FIVES = np.array([5**power for power in range(28)], np.uint64)
_LOW = np.uint64(0xFFFFFFFF)


@part
def _is_space(byte):
    return byte == 32 or (byte >= 9 and byte <= 13)


@part
def _trimmed(buffer, start, length):
    """Returns where a field begins and ends without the white space around it; an empty one if it is out of bounds."""
    stay_apart()
    if start < 0 or length < 0 or start > buffer.size or length > buffer.size - start:
        return np.int64(0), np.int64(0)
    end = start + length
    while start < end and _is_space(buffer[start]):
        start += 1
    while end > start and _is_space(buffer[end - 1]):
        end -= 1
    return start, end


@kernel((BYTES, INTS, INTS, BOOLS, UINT64, array(types.int32), INTS), (BYTES, INTS, INTS, BOOLS, UINT64, INTS, INTS))
def read_integers(buffer, starts, lengths, chosen, largest, numbers, states):
    """Reads fields as integers.

    Args:
        buffer: uint8 `(n,)`.
        starts: int64 `(m,)`: where fields begin.
        lengths: int64 `(m,)`: how long they are.
        chosen: bool `(m,)`: which to read.
        largest: uint64: the largest value of the dtype; the smallest is -largest - 1.
        numbers: int32 or int64 `(m,)`: gets the values.
        states: int64 `(m,)`: gets READ or WRONG.
    """
    for number in range(min(starts.size, lengths.size, chosen.size, numbers.size, states.size)):
        if not chosen[number]:
            continue
        states[number] = WRONG
        at, end = _trimmed(buffer, starts[number], lengths[number])
        negative = at < end and buffer[at] == 45
        if at < end and (buffer[at] == 45 or buffer[at] == 43):
            at += 1
        if at >= end:
            continue
        bound = np.uint64(largest) + np.uint64(1) if negative else np.uint64(largest)
        value = np.uint64(0)
        good = True
        while at < end:
            digit = np.int64(buffer[at]) - 48
            if digit < 0 or digit > 9 or value > (bound - np.uint64(digit)) // np.uint64(10):
                good = False
                break
            value = value * np.uint64(10) + np.uint64(digit)
            at += 1
        if good:
            # The magnitude of the smallest value is one more than int64 holds: its bits are that value's.
            signed = np.int64(value)
            numbers[number] = -signed if negative else signed
            states[number] = READ


@part
def _decimal(buffer, at, end):
    """Returns `(digits, power of ten, whether digits were left out, whether it is such a number)`."""
    stay_apart()
    digits = np.uint64(0)
    kept = 0
    power = np.int64(0)
    left_out = False
    any_digit = False
    point = False
    while at < end:
        byte = np.int64(buffer[at])
        if 48 <= byte <= 57:
            any_digit = True
            if kept < 19:
                digits = digits * np.uint64(10) + np.uint64(byte - 48)
                if digits > np.uint64(0):
                    kept += 1
                if point:
                    power -= 1
            else:
                if byte != 48:
                    left_out = True
                if not point:
                    power += 1
        elif byte == 46 and not point:
            point = True
        else:
            break
        at += 1
    if not any_digit:
        return digits, power, left_out, False
    if at < end and (buffer[at] == 101 or buffer[at] == 69):
        at += 1
        minus = at < end and buffer[at] == 45
        if at < end and (buffer[at] == 45 or buffer[at] == 43):
            at += 1
        if at >= end:
            return digits, power, left_out, False
        exponent = np.int64(0)
        while at < end and 48 <= buffer[at] <= 57:
            if exponent > 100000:
                return digits, power, left_out, False
            exponent = exponent * 10 + (np.int64(buffer[at]) - 48)
            at += 1
        power += -exponent if minus else exponent
    return digits, power, left_out, at == end


@part
def _bit_length(value):
    length = np.int64(0)
    step = np.int64(32)
    while step > 0:
        if value >> np.uint64(step):
            value >>= np.uint64(step)
            length += step
        step >>= 1
    return length + np.int64(value)


@part
def _rounded(value, sticky, shift):
    """Returns `value * 2**shift` as the nearest double, for a value of at least 55 bits.

    Args:
        value: uint64.
        sticky: whether a little more than `value` is meant.
        shift: so that the result is neither too large nor too small for a normal double.
    """
    stay_apart()
    extra = np.uint64(_bit_length(value) - 53)
    kept = value >> extra
    left = value & ((np.uint64(1) << extra) - np.uint64(1))
    half = np.uint64(1) << (extra - np.uint64(1))
    if left > half or (left == half and (sticky or (kept & np.uint64(1)) == np.uint64(1))):
        kept += np.uint64(1)
    return math.ldexp(np.float64(kept), shift + np.int64(extra))


@part
def _times_power(digits, power):
    """Returns `digits * 10**power` as the nearest double; 0 <= power <= 27, digits > 0."""
    stay_apart()
    five = _FIVES[power]
    a, b = digits >> np.uint64(32), digits & _LOW
    c, d = five >> np.uint64(32), five & _LOW
    low = b * d
    middle = a * d + (low >> np.uint64(32))
    cross = b * c + (middle & _LOW)
    high = a * c + (middle >> np.uint64(32)) + (cross >> np.uint64(32))
    low = (cross << np.uint64(32)) | (low & _LOW)
    shift = power
    if high == np.uint64(0):
        missing = np.uint64(64 - _bit_length(low))
        return _rounded(low << missing, high != np.uint64(0), shift - np.int64(missing))
    missing = np.uint64(64 - _bit_length(high))
    if missing > np.uint64(0):
        high = (high << missing) | (low >> (np.uint64(64) - missing))
        low <<= missing
    return _rounded(high, low != np.uint64(0), shift + 64 - np.int64(missing))


@part
def _over_power(digits, power):
    """Returns `digits / 10**power` as the nearest double; 0 <= power <= 27, digits > 0."""
    stay_apart()
    five = _FIVES[power]
    step = np.uint64(64 - _bit_length(five))
    missing = np.uint64(64 - _bit_length(digits))
    digits <<= missing
    quotient = digits // five
    rest = digits % five
    shift = -np.int64(missing) - power
    while _bit_length(quotient) < 56:
        move = min(step, np.uint64(64 - _bit_length(quotient)))
        rest <<= move
        quotient = (quotient << move) | (rest // five)
        rest %= five
        shift -= np.int64(move)
    return _rounded(quotient, rest != np.uint64(0), shift)


@part
def _near_a_middle(value):
    """Says whether a double may lie on the other side of the middle between two float32 than what it stands for."""
    if not 1e-37 < value < 3e38:
        return value != 0.0
    scaled = math.frexp(value)[0] * 16777216.0  # 24 bits before the point
    return abs(scaled - math.floor(scaled) - 0.5) < 1e-7


@kernel((BYTES, INTS, INTS, BOOLS, BOOL, array(types.float64), INTS))
def read_floats(buffer, starts, lengths, chosen, single, numbers, states):
    """Reads fields as floating point numbers.

    Args:
        buffer: uint8 `(n,)`.
        starts: int64 `(m,)`: where fields begin.
        lengths: int64 `(m,)`: how long they are.
        chosen: bool `(m,)`: which to read.
        single: whether the results are to be rounded to float32.
        numbers: float64 `(m,)`: gets the values; as float32 they are correctly rounded where `single`.
        states: int64 `(m,)`: gets READ, or LEFT for what is another kind of number, or none.
    """
    for number in range(min(starts.size, lengths.size, chosen.size, numbers.size, states.size)):
        if not chosen[number]:
            continue
        states[number] = LEFT
        at, end = _trimmed(buffer, starts[number], lengths[number])
        negative = at < end and buffer[at] == 45
        if at < end and (buffer[at] == 45 or buffer[at] == 43):
            at += 1
        digits, power, left_out, good = _decimal(buffer, at, end)
        if not good:
            continue
        if digits == np.uint64(0):
            value = 0.0
        elif not left_out and digits <= np.uint64(1 << 53) and -22 <= power <= 22:
            value = np.float64(digits)
            value = value * _EXACT_POWERS[power] if power >= 0 else value / _EXACT_POWERS[-power]
        elif single and -60 <= power <= 60:
            value = np.float64(digits)  # a few units in the last place off: more than enough for a float32
            value = value * _POWERS[power] if power >= 0 else value / _POWERS[-power]
        elif not left_out and 0 <= power <= 27:
            value = _times_power(digits, power)
        elif not left_out and -27 <= power < 0:
            value = _over_power(digits, -power)
        else:
            continue
        if single and _near_a_middle(value):
            continue
        numbers[number] = -value if negative else value
        states[number] = READ
