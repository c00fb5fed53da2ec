"""The kernels alone: whatever the shapes, nothing outside the arrays is read or written."""

import numpy as np
import pytest

from feedline.image.resize import no_arithmetic
from feedline.kernels import resize as kernels
from feedline.kernels.bilinear import bilinear

_GUARD = 64


def _guarded(shape, dtype, fill):
    """An array in the middle of a larger one, so that a write beyond it is seen."""
    size = int(np.prod(shape))
    whole = np.full(size + 2 * _GUARD, fill, dtype)
    return whole, whole[_GUARD : _GUARD + size].reshape(shape)


def _bilinear(images, out):
    bilinear(images, out, np.float32(1), *no_arithmetic(out.shape[2] * out.shape[3]))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_reads_and_writes_stay_inside(channels, dtype):
    rng = np.random.default_rng(channels)
    for height, width, tall, wide in [
        (1, 1, 1, 1),
        (1, 1, 5, 5),
        (2, 1, 1, 9),
        (1, 2, 3, 1),
        (3, 4, 7, 2),
        (5, 2, 2, 5),
    ]:
        # Beside the image stands NaN or 255: a read beyond it would show in the result.
        beyond = np.nan if dtype == np.float32 else 255
        _, images = _guarded((2, height, width, channels), dtype, beyond)
        images[...] = rng.integers(0, 100, images.shape)
        for name, resize in (("bilinear", _bilinear), ("area", kernels.area)):
            whole, out = _guarded((2, tall, wide, channels), np.float32, -7)
            resize(images, out)
            assert out.min() >= 0, name
            assert out.max() < 100, name
            assert (whole[:_GUARD] == -7).all(), name
            assert (whole[-_GUARD:] == -7).all(), name


def test_shapes_that_do_not_fit_are_left_alone():
    images = np.zeros((2, 4, 4, 3), np.uint8)
    for shape in [(1, 2, 2, 3), (3, 2, 2, 3), (2, 2, 2, 4)]:
        out = np.full(shape, -7, np.float32)
        _bilinear(images, out)
        kernels.area(images, out)
        assert (out == -7).all()
    out = np.full((2, 2, 2, 3), -7, np.float32)
    starts, weights = np.zeros(3, np.int64), np.ones((3, 1), np.float32)
    kernels.spans(images, starts, weights, starts, weights, out)
    assert (out == -7).all()


def test_spans_beyond_the_edge_are_cut():
    images = np.ones((1, 3, 3, 1), np.uint8)
    out = np.zeros((1, 1, 1, 1), np.float32)
    for start, expected in [(-(10**9), 9.0), (2, 1.0), (10**9, 1.0)]:
        starts, weights = np.array([start]), np.ones((1, 50), np.float32)
        kernels.spans(images, starts, weights, starts, weights, out)
        assert out[0, 0, 0, 0] == expected


def test_boxes_of_images_that_are_not_there_are_left_alone():
    images = np.ones((1, 3, 3, 1), np.uint8)
    boxes = np.array([[0, 0, 1, 1]] * 3, np.float32)
    out = np.full((3, 2, 2, 1), -7, np.float32)
    kernels.crop_and_resize(images, boxes, np.array([-1, 0, 1]), False, np.float32(0), out)
    assert out[:, 0, 0, 0].tolist() == [-7, 1, -7]
