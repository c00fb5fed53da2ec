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


def _by_the_formula(images, out_height, out_width, flips):
    """Returns what TensorFlow's formula gives, in float32, one pixel of the result after the other."""

    def neighbours(size, count):
        scale, half = np.float32(size) / np.float32(count), np.float32(0.5)
        position = (np.arange(count, dtype=np.float32) + half) * scale - half
        floor = np.floor(position)
        lower, upper = (np.clip(side.astype(np.int64), 0, size - 1) for side in (floor, np.ceil(position)))
        return lower, upper, position - floor

    top, bottom, down = neighbours(images.shape[1], out_height)
    left, right, along = neighbours(images.shape[2], out_width)
    along, down = along[:, np.newaxis], down[:, np.newaxis, np.newaxis]
    values = images.astype(np.float32)
    above, below = (
        values[:, rows][:, :, left] + (values[:, rows][:, :, right] - values[:, rows][:, :, left]) * along
        for rows in (top, bottom)
    )
    result = above + (below - above) * down
    return np.stack([one[:, ::-1] if flip else one for one, flip in zip(result, flips, strict=True)])


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_bytes_are_interpolated_as_the_formula_says(channels):
    rng = np.random.default_rng(channels)
    sides = [1, 2, 3, 4, 5, 8, 13, 40]
    for number in range(200):
        height, width, out_height, out_width = (int(side) for side in rng.choice(sides, 4))
        images = rng.choice([0, 1, 127, 254, 255], (2, height, width, channels)).astype(np.uint8)
        flips = rng.integers(0, 2, 2).astype(np.uint8) if number % 2 else np.zeros(2, np.uint8)
        out = np.empty((2, out_height, out_width, channels), np.float32)
        given = flips if number % 2 else np.empty(0, np.uint8)
        bilinear(images, out, np.float32(1), *no_arithmetic(out_width * channels), given)
        expected = _by_the_formula(images, out_height, out_width, flips)
        assert out.tobytes() == expected.tobytes(), (images.shape, out.shape, flips)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("width", [1, 2, 7])
def test_windows_are_interpolated_as_copies_of_them(channels, width):
    whole = np.random.default_rng(width).integers(0, 256, (1, 9, 10, channels), dtype=np.uint8)
    for window in (whole[:, 2:6, 1 : 1 + width], whole[:, 5:, 10 - width :]):  # the second ends where memory does
        one, other = np.empty((2, 1, 6, 5, channels), np.float32)
        for images, out in ((window, one), (window.copy(), other)):
            bilinear(images, out, np.float32(1), *no_arithmetic(5 * channels))
        assert one.tobytes() == other.tobytes()
