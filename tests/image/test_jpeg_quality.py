import numpy as np
import pytest

from feedline import image
from feedline.errors import ArgumentError, DtypeError, ShapeError

RAMP = (np.arange(24)[:, None, None] * 4 + np.arange(32)[None, :, None] * 3 + np.arange(3) * 20).astype(np.uint8)


def test_less_quality_is_less_like_the_image():
    errors = [np.abs(image.adjust_jpeg_quality(RAMP, q).astype(int) - RAMP).mean() for q in (0, 10, 50, 95)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 2 * errors[-1]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "float16", "float32", "float64"])
def test_dtype_and_shape_are_kept(dtype):
    photo = image.convert_image_dtype(RAMP, dtype)
    for one in (photo, photo[..., :1], photo[:1, :1], photo[::-1, ::2]):
        result = image.adjust_jpeg_quality(one, 80)
        assert result.dtype == one.dtype
        assert result.shape == one.shape


def test_floats_are_clipped():
    doc = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 3)
    assert (image.adjust_jpeg_quality(doc, 75) == 1).all()


def test_random_quality():
    results = {image.stateless_random_jpeg_quality(RAMP, 10, 90, (1, n)).tobytes() for n in range(10)}
    assert len(results) > 4
    np.testing.assert_array_equal(
        image.stateless_random_jpeg_quality(RAMP, 10, 90, (1, 2)),
        image.stateless_random_jpeg_quality(RAMP, 10, 90, (1, 2)),
    )
    np.testing.assert_array_equal(image.random_jpeg_quality(RAMP, 50, 51), image.adjust_jpeg_quality(RAMP, 50))


def test_refusals():
    for quality in (-1, 101, 50.5, "best"):
        with pytest.raises(ArgumentError, match="jpeg_quality"):
            image.adjust_jpeg_quality(RAMP, quality)
    for bounds in ((-1, 50), (50, 101), (50, 50), (60, 50)):
        with pytest.raises(ArgumentError, match="jpeg_quality"):
            image.random_jpeg_quality(RAMP, *bounds)
    for shape in ((4, 4), (1, 4, 4, 3), (4, 4, 4), (4, 4, 2)):
        with pytest.raises(ShapeError):
            image.adjust_jpeg_quality(np.zeros(shape, np.uint8), 50)
    with pytest.raises(DtypeError):
        image.adjust_jpeg_quality(np.zeros((4, 4, 3), bool), 50)
    with pytest.raises(ArgumentError, match="dct_method"):
        image.adjust_jpeg_quality(RAMP, 50, dct_method="SLOW")


def test_equals_tensorflow_to_the_last_bit():
    tf = pytest.importorskip("tensorflow")
    noise = np.random.default_rng(1).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    for photo in (RAMP, noise, noise[..., :1], noise[:1, :1]):
        for quality in (0, 1, 30, 75, 96, 100):
            for method in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
                expected = tf.image.adjust_jpeg_quality(photo, quality, dct_method=method).numpy()
                np.testing.assert_array_equal(image.adjust_jpeg_quality(photo, quality, method), expected)
