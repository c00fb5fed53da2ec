"""Numbers out of text, as C's `strtod` and `strtof` read them (ISO C17, 7.22.1.3).

The common ones are read by `feedline.kernels.csv_numbers`; the rare ones here: very long, very large or small,
hexadecimal, infinite, or none at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np

_SPACE = b" \t\n\v\f\r"
_DECIMAL = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL = re.compile(rb"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?")
_PARTS = re.compile(rb"([+-]?)0[xX]([0-9a-fA-F.]+)(?:[pP]([+-]?[0-9]+))?")
_SPECIAL = re.compile(rb"([+-]?)(?:(inf(?:inity)?)|nan(?:\([A-Za-z0-9_]*\))?)", re.IGNORECASE)


def read_numbers(
    buffer: np.ndarray, starts: np.ndarray, lengths: np.ndarray, chosen: np.ndarray, dtype: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Reads fields as numbers.

    Args:
        buffer: uint8 `(n,)`.
        starts: int64 `(m,)`: where fields begin.
        lengths: int64 `(m,)`: how long they are.
        chosen: bool `(m,)`: which to read; the others become 0.
        dtype: int32, int64, float32 or float64.

    Returns:
        The values `(m,)`, and which of those to be read are no such numbers, bool `(m,)`.
    """
    from feedline.kernels import csv_numbers as kernels

    states = np.zeros(len(starts), np.int64)
    if dtype.kind == "i":
        values = np.zeros(len(starts), dtype)
        kernels.read_integers(buffer, starts, lengths, chosen, np.uint64(np.iinfo(dtype).max), values, states)
        return values, states != kernels.READ
    numbers = np.zeros(len(starts))
    kernels.read_floats(buffer, starts, lengths, chosen, dtype == np.float32, numbers, states)
    for row in np.flatnonzero(states == kernels.LEFT).tolist():
        start = int(starts[row])
        number = read_float(buffer[start : start + int(lengths[row])].tobytes(), dtype)
        states[row] = kernels.WRONG if number is None else kernels.READ
        numbers[row] = 0.0 if number is None else number
    with np.errstate(over="ignore"):
        return numbers.astype(dtype), states == kernels.WRONG


def read_float(text: bytes, dtype: np.dtype) -> float | None:
    """Returns the number that text stands for, rounded once, to the nearest that the dtype has; None if it is none.

    Args:
        text: the number; white space around it does not count.
        dtype: float32 or float64.

    Example:
        >>> read_float(b" 0x10 ", np.dtype("float32")), read_float(b"-Infinity", np.dtype("float64"))
        (16.0, -inf)
        >>> read_float(b"1_000", np.dtype("float64")) is None
        True
    """
    text = text.strip(_SPACE)
    special = _SPECIAL.fullmatch(text)
    if special is not None:
        value = math.inf if special[2] else math.nan
        return -value if special[1] == b"-" else value
    if _DECIMAL.fullmatch(text):
        value = float(text)
        beyond = _beyond_decimal
    elif _HEXADECIMAL.fullmatch(text):
        value = _from_hexadecimal(text)
        beyond = _beyond_hexadecimal
    else:
        return None
    return value if dtype == np.float64 else _rounded_once(value, text, beyond)


def _from_hexadecimal(text: bytes) -> float:
    try:
        return float.fromhex(text.decode())
    except OverflowError:
        return -math.inf if text.startswith(b"-") else math.inf


def _beyond_decimal(text: bytes, value: float) -> int:
    exact, near = Decimal(text.decode()), Decimal(value)
    return (exact > near) - (exact < near)


def _beyond_hexadecimal(text: bytes, value: float) -> int:
    sign, digits, power = _PARTS.fullmatch(text).groups()  # type: ignore[union-attr]
    before, _, after = digits.partition(b".")
    exact = Fraction(int(before + after, 16)) * Fraction(2) ** (int(power or b"0") - 4 * len(after))
    exact, near = -exact if sign == b"-" else exact, Fraction(value)
    return (exact > near) - (exact < near)


def _rounded_once(value: float, text: bytes, beyond: Callable[[bytes, float], int]) -> float:
    """Returns a float32 value: where the double lies right between two of them, the text decides.

    Args:
        value: the double.
        text: the number.
        beyond: says whether the number is above the double (1), below it (-1), or the same (0).
    """
    with np.errstate(over="ignore"):
        near = float(np.float32(value))
        if near == value or not math.isfinite(value):
            return near
        other = float(np.nextafter(np.float32(near), np.float32(math.copysign(math.inf, value - near))))
        bound = math.copysign(2.0**128, value)  # what would come after the largest
        middle = (bound if math.isinf(near) else near) / 2 + (bound if math.isinf(other) else other) / 2
        side = beyond(text, value) if middle == value else 0
        return near if side == 0 else float(np.float32(math.nextafter(value, side * math.inf)))
