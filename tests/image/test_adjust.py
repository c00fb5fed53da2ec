import numpy as np
import pytest

from feedline import image
from feedline.errors import ArgumentError, DtypeError, ShapeError

RNG = np.random.default_rng(9)
PHOTO = RNG.integers(0, 256, (40, 37, 3), dtype=np.uint8)
DOC = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 3)


def test_examples_of_the_tensorflow_documentation():
    np.testing.assert_allclose(image.adjust_brightness(DOC, 0.1), DOC + np.float32(0.1))
    contrast = [[[-3.5, -2.5, -1.5], [2.5, 3.5, 4.5]], [[8.5, 9.5, 10.5], [14.5, 15.5, 16.5]]]
    assert image.adjust_contrast(DOC, 2.0).tolist() == contrast
    gamma = [1.0, 1.1486983, 1.2457309, 1.319508, 1.3797297, 1.4309691, 1.4757731, 1.5157166, 1.5518456]
    np.testing.assert_allclose(image.adjust_gamma(DOC, 0.2).ravel()[:9], gamma, rtol=1e-6)
    hue = [[2.3999996, 1.0, 3.0], [5.3999996, 4.0, 6.0], [8.4, 7.0, 9.0], [11.4, 10.0, 12.0]]
    np.testing.assert_allclose(image.adjust_hue(DOC, 0.2).reshape(4, 3), hue, rtol=1e-6)
    whole = np.arange(1, 19, dtype=np.int32).reshape(3, 2, 3)
    expected = np.array([[2, 1, 3], [5, 4, 6], [8, 7, 9], [11, 10, 12], [14, 13, 15], [17, 16, 18]])
    np.testing.assert_array_equal(image.adjust_hue(whole, 0.2).reshape(6, 3), expected)
    saturation = image.adjust_saturation(DOC, 0.5).reshape(4, 3)
    np.testing.assert_allclose(saturation, [[2, 2.5, 3], [5, 5.5, 6], [8, 8.5, 9], [11, 11.5, 12]], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float16", "float32", "float64"])
def test_neutral_arguments_change_nothing(dtype):
    photo = image.convert_image_dtype(PHOTO, dtype)
    step = 0 if photo.dtype.kind != "f" else {"float16": 2e-3}.get(dtype, 1e-6)
    if dtype == "int32":
        step = 2**12  # float32 has 24 bits of the 31
    for result in (
        image.adjust_brightness(photo, 0.0),
        image.adjust_gamma(photo),
        image.adjust_contrast(photo, 1.0),
        image.adjust_hue(photo, 0.0),
        image.adjust_hue(photo, 1.0),
        image.adjust_saturation(photo, 1.0),
    ):
        assert result.dtype == photo.dtype
        allowed = max(step, 1) if photo.dtype.kind in "iu" else step
        assert np.abs(result.astype(np.float64) - photo.astype(np.float64)).max() <= allowed


def test_small_and_large_images_agree():
    for call in (
        lambda x: image.adjust_gamma(x, 0.6, 1.1),
        lambda x: image.adjust_brightness(x, -0.2),
        lambda x: image.adjust_hue(x, 0.3),
    ):
        np.testing.assert_array_equal(call(PHOTO)[:5, :5], call(PHOTO[:5, :5]))


def test_integers_saturate():
    bright = image.adjust_brightness(np.array([0, 100, 250], np.uint8), 0.2)
    assert bright.tolist() == [51, 151, 255]
    assert image.adjust_brightness(np.array([0, 100, 250], np.uint8), -0.2).tolist() == [0, 49, 199]


def test_brightness_by_channel():
    result = image.adjust_brightness(np.zeros((2, 2, 3), np.float32), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(result[1, 1], [0.1, 0.2, 0.3], rtol=1e-6)


def test_contrast_is_of_each_image_and_channel():
    images = RNG.random((2, 3, 5, 4, 2), np.float32)
    together = image.adjust_contrast(images, 1.7)
    for row in range(2):
        for column in range(3):
            np.testing.assert_array_equal(together[row, column], image.adjust_contrast(images[row, column], 1.7))
    mean = images.mean(axis=(-3, -2), keepdims=True)
    np.testing.assert_allclose(together, (images - mean) * 1.7 + mean, atol=1e-6)


def test_no_saturation_is_gray_and_full_turns_of_hue_are_none():
    gray = image.adjust_saturation(PHOTO, 0.0)
    assert (gray == PHOTO.max(axis=-1, keepdims=True)).all()
    floats = image.convert_image_dtype(PHOTO, "float32")
    there = image.adjust_hue(image.adjust_hue(floats, 0.3), -0.3)
    np.testing.assert_allclose(there, floats, atol=1e-6)


def test_odd_pixels_do_no_harm():
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-40, 3e38], np.float32)
    pixels = np.stack(np.meshgrid(odd, odd, odd), axis=-1).reshape(7, 49, 3)
    with np.errstate(all="ignore"):
        for result in (image.adjust_hue(pixels, 0.4), image.adjust_saturation(pixels, 2.0)):
            assert result.shape == pixels.shape


def test_refusals():
    for function in (image.adjust_hue, image.adjust_saturation):
        with pytest.raises(ShapeError, match=r"3 channel.*\(4, 4, 1\)") as caught:
            function(np.zeros((4, 4, 1), np.uint8), 0.5)
        assert "grayscale_to_rgb" in caught.value.fix
        with pytest.raises(ShapeError):
            function(np.zeros((4, 3), np.uint8), 0.5)
    with pytest.raises(ShapeError, match="3-D or more"):
        image.adjust_contrast(np.zeros((4, 4)), 0.5)
    for delta in (2.0, -1.1, np.nan):
        with pytest.raises(ArgumentError, match="-1 to 1"):
            image.adjust_hue(PHOTO, delta)
    for gamma in (-0.1, np.nan):
        with pytest.raises(ArgumentError, match="negative"):
            image.adjust_gamma(PHOTO, gamma)
    with pytest.raises(ArgumentError, match="one number"):
        image.adjust_contrast(PHOTO, [1.0, 2.0])
    for function in (image.adjust_brightness, image.adjust_gamma, image.adjust_contrast, image.adjust_saturation):
        with pytest.raises(DtypeError, match="bool"):
            function(np.zeros((4, 4, 3), bool), 0.5)
        with pytest.raises(DtypeError, match="bytes"):
            function(np.array([[[b"a"] * 3]], object), 0.5)


def test_a_delta_that_does_not_go_with_the_image():
    with pytest.raises(ShapeError, match=r"\(5,\)"):
        image.adjust_brightness(PHOTO, np.zeros(5))
    with pytest.raises(DtypeError, match="delta"):
        image.adjust_brightness(PHOTO, "much")


def test_integers_equal_tensorflow_to_the_last_bit():
    tf = pytest.importorskip("tensorflow")
    for dtype in ("uint8", "int16", "uint16"):
        photo = image.convert_image_dtype(RNG.integers(0, 256, (128, 64, 3), dtype=np.uint8), dtype)
        for amount in np.linspace(-0.5, 0.5, 5):
            for name, argument in (
                ("adjust_brightness", amount),
                ("adjust_contrast", 1 + amount),
                ("adjust_hue", amount),
                ("adjust_saturation", 1 + amount),
            ):
                expected = getattr(tf.image, name)(photo, argument).numpy()
                np.testing.assert_array_equal(
                    getattr(image, name)(photo, argument), expected, err_msg=f"{name} {dtype}"
                )
    for gamma in (0.45, 1.0, 2.2):
        photo = np.tile(np.arange(256, dtype=np.uint8), (64, 1))[..., np.newaxis]
        np.testing.assert_array_equal(image.adjust_gamma(photo, gamma), tf.image.adjust_gamma(photo, gamma).numpy())
