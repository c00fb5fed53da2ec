import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.formats.number_text import read_float

SINGLE, DOUBLE = np.dtype("float32"), np.dtype("float64")


@settings(deadline=None, max_examples=200)
@given(st.floats(allow_nan=False))
def test_doubles_come_back(number) -> None:
    assert read_float(repr(number).encode(), DOUBLE) == number
    if math.isfinite(number):
        assert read_float(number.hex().encode(), DOUBLE) == number


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 0x7F7FFFFF), st.sampled_from([-1, 0, 1]), st.booleans())
def test_what_is_near_the_middle_of_two_singles(bits, side, hexadecimal) -> None:
    low = np.uint32(bits).view(np.float32)
    high = np.uint32(bits + 1).view(np.float32)
    top = Fraction(2) ** 128 if np.isinf(high) else Fraction(float(high))
    middle = (Fraction(float(low)) + top) / 2
    tiny = Fraction(1, 2**400)
    exact = middle + side * tiny
    even = low if bits % 2 == 0 else high
    wanted = {-1: low, 0: even, 1: high}[side]
    if hexadecimal:
        text = f"{exact.numerator * 2**400 // exact.denominator:#x}p-400".encode()
    else:
        text = f"{exact.numerator * 10**600 // exact.denominator}e-600".encode()
        if side == 0 and exact.numerator * 10**600 % exact.denominator:
            return
    assert read_float(text, SINGLE) == float(wanted)


def test_numbers_too_long_or_large_for_anything() -> None:
    for dtype in (SINGLE, DOUBLE):
        assert read_float(b"1" * 5000, dtype) == math.inf
        assert read_float(b"-1e" + b"9" * 5000, dtype) == -math.inf
        assert read_float(b"1e-" + b"9" * 5000, dtype) == 0
        assert read_float(b"0." + b"0" * 5000 + b"1e5001", dtype) == 1
        assert read_float(b"0x1p99999999", dtype) == math.inf
        assert read_float(b"-0x1p99999999", dtype) == -math.inf
        assert read_float(b"0x1p-99999999", dtype) == 0
    assert read_float(b"16777217." + b"0" * 6000, SINGLE) == 16777216
    assert read_float(b"16777217." + b"0" * 6000 + b"1", SINGLE) == 16777218


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b".",
        b"e5",
        b"1e",
        b"1_0",
        b"0x",
        b"0x.",
        b"0x1p",
        b"in",
        b"nan(",
        b"nan(-)",
        b"1\x00",
        b"\xff",
        b"1,0",
    ],
)
def test_what_is_no_number(text) -> None:
    assert read_float(text, SINGLE) is None
    assert read_float(text, DOUBLE) is None
