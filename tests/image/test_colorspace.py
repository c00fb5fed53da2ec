import numpy as np
import pytest

from feedline import image
from feedline.errors import DtypeError, ShapeError

RGB = np.random.default_rng(4).random((2, 9, 8, 3)).astype(np.float32)


def test_gray():
    assert image.rgb_to_grayscale(np.full((2, 2, 3), 255, np.uint8))[0, 0, 0] == 255
    assert image.rgb_to_grayscale(RGB.astype(np.float16)).dtype == np.float16
    assert image.rgb_to_grayscale(RGB[0, 0]).shape == (8, 1)
    for shape in ((2, 2, 1), (2, 2, 4), (), (2, 2, 0)):
        with pytest.raises(ShapeError):
            image.rgb_to_grayscale(np.zeros(shape))


def test_gray_to_rgb():
    gray = np.arange(6).reshape(2, 3, 1)
    np.testing.assert_array_equal(image.grayscale_to_rgb(gray), np.repeat(gray, 3, axis=-1))
    for dtype in ("bool", "uint16", "float16"):
        assert image.grayscale_to_rgb(gray.astype(dtype)).dtype == dtype
    for shape in ((2, 2, 3), (1,), (), (2, 2)):
        with pytest.raises(ShapeError):
            image.grayscale_to_rgb(np.zeros(shape))


@pytest.mark.parametrize("space", ["hsv", "yiq", "yuv"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_there_and_back(space, dtype):
    colors = RGB.astype(dtype)
    there = getattr(image, f"rgb_to_{space}")(colors)
    back = getattr(image, f"{space}_to_rgb")(there)
    assert there.dtype == back.dtype == colors.dtype
    np.testing.assert_allclose(back, colors, atol=5e-3 if dtype == "float16" else 1e-4)


def test_known_colors():
    colors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [1, 1, 1], [1, 0, 1]], np.float32)
    third = 1 / 3
    expected = [[0, 1, 1], [third, 1, 1], [2 * third, 1, 1], [0, 0, 0], [0, 0, 1], [5 / 6, 1, 1]]
    np.testing.assert_allclose(image.rgb_to_hsv(colors), expected, atol=1e-6)
    np.testing.assert_allclose(image.hsv_to_rgb(image.rgb_to_hsv(colors)), colors, atol=1e-6)
    np.testing.assert_allclose(image.rgb_to_yuv(colors[4]), [1, 0, 0], atol=1e-6)


@pytest.mark.parametrize("name", ["rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb"])
def test_refusals(name):
    function = getattr(image, name)
    with pytest.raises(DtypeError, match="uint8") as caught:
        function(np.zeros((2, 2, 3), np.uint8))
    assert "convert_image_dtype" in caught.value.fix
    with pytest.raises(ShapeError):
        function(np.zeros((2, 2, 1), np.float32))
    with pytest.raises(DtypeError):
        function(np.full((2, 2, 3), b"x", object))


def test_gray_of_every_color_equals_tensorflow():
    tf = pytest.importorskip("tensorflow")
    ramp = np.arange(256, dtype=np.uint8)
    for red in range(0, 256, 51):
        colors = np.empty((256, 256, 3), np.uint8)
        colors[..., 0], colors[..., 1], colors[..., 2] = red, ramp[:, None], ramp
        np.testing.assert_array_equal(image.rgb_to_grayscale(colors), tf.image.rgb_to_grayscale(colors).numpy())
