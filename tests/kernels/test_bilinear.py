"""The bilinear kernel's arithmetic: the bytes of NumPy's, one operation after the other."""

import numpy as np
import pytest

from feedline.errors import ShapeError
from feedline.image.resize import ARITHMETIC, no_arithmetic, resize_and_compute
from feedline.kernels.bilinear import bilinear
from feedline.kernels.pointwise import ADD, DIVIDE, MULTIPLY, SUBTRACT

UFUNCS = {ADD: np.add, SUBTRACT: np.subtract, MULTIPLY: np.multiply, DIVIDE: np.true_divide}


def test_the_numbers_are_those_of_the_functions():
    assert [ARITHMETIC[code] for code in UFUNCS] == list(UFUNCS.values())


def test_operands_for_other_channels_are_refused():
    images, out = np.ones((1, 4, 4, 1), np.uint8), np.empty((1, 2, 2, 1), np.float32)
    with pytest.raises(ShapeError, match="operands"):
        resize_and_compute(images, (2, 2), 1.0, np.array([ADD], np.uint8), np.ones((1, 6), np.float32), out=out)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("codes", [[DIVIDE], [MULTIPLY, SUBTRACT, DIVIDE], [ADD]])
@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_arithmetic_is_done_in_order_and_rounded_as_numpy_rounds_it(channels, codes, scale):
    rng = np.random.default_rng(channels)
    images = rng.integers(0, 256, (2, 7, 11, channels), dtype=np.uint8)
    operands = rng.random((len(codes), 5 * channels)).astype(np.float32) + np.float32(0.5)
    expected = np.empty((2, 9, 5, channels), np.float32)
    bilinear(images * np.float32(scale), expected, np.float32(1), *no_arithmetic(5 * channels))
    for code, operand in zip(codes, operands, strict=True):
        expected = UFUNCS[code](expected, operand.reshape(5, channels))
    out = np.empty_like(expected)
    bilinear(images, out, np.float32(scale), np.array(codes, np.uint8), operands)
    assert out.tobytes() == expected.tobytes()


def test_operands_that_do_not_fit_are_not_read():
    images, out = np.ones((1, 4, 4, 3), np.uint8), np.full((1, 2, 2, 3), -7, np.float32)
    for shape in [(1, 5), (2, 6), (0, 6)]:
        bilinear(images, out, np.float32(1), np.array([ADD], np.uint8), np.ones(shape, np.float32))
        assert (out == -7).all()
