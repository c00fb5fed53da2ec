"""RGB to grey, HSV, YIQ and YUV, and back.

Weights of grey: ITU-R BT.601. HSV: A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.array_ops import cast
from feedline.errors import ShapeError
from feedline.image.as_image import as_numbers, needs_channels, needs_numbers
from feedline.image.convert_image_dtype import convert_image_dtype

_GRAY = (0.2989, 0.587, 0.114)
_RGB_TO_YIQ = ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955))
_YIQ_TO_RGB = ((1, 1, 1), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049))
_RGB_TO_YUV = ((0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026))
_YUV_TO_RGB = ((1, 1, 1), (0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0))


def rgb_to_grayscale(images: Any, name: str | None = None) -> np.ndarray:
    """Returns the grey value of every pixel: 0.2989 red + 0.587 green + 0.114 blue.

    Args:
        images: `(..., 3)`, integers or floats.
        name: ignored; here because `tf.image.rgb_to_grayscale` has it.

    Returns:
        `(..., 1)` of the same dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images hold neither integers nor floats.

    Example:
        >>> rgb_to_grayscale(np.array([[[1.0, 2.0, 3.0]]], np.float32)).round(4)
        array([[[1.8149]]], dtype=float32)
    """
    images = as_numbers(images, "images")
    needs_numbers(images, "rgb_to_grayscale")
    needs_channels(images, 3, "rgb_to_grayscale")
    floats = convert_image_dtype(images, np.float32)
    red, green, blue = (np.float32(weight) for weight in _GRAY)
    gray = floats[..., 0:1] * red
    gray += floats[..., 1:2] * green
    gray += floats[..., 2:3] * blue
    return convert_image_dtype(gray, images.dtype)


def grayscale_to_rgb(images: Any, name: str | None = None) -> np.ndarray:
    """Repeats the one channel of grey images three times.

    Args:
        images: `(..., 1)`, any dtype, two dimensions or more.
        name: ignored; here because `tf.image.grayscale_to_rgb` has it.

    Returns:
        `(..., 3)` of the same dtype.

    Raises:
        ShapeError: there is not one channel.

    Example:
        >>> grayscale_to_rgb(np.array([[[7], [8]]]))
        array([[[7, 7, 7],
                [8, 8, 8]]])
    """
    images = as_numbers(images, "images")
    if images.ndim < 2 or images.shape[-1] != 1:
        raise ShapeError(
            f"grayscale_to_rgb wants (..., 1), and the image has the shape {images.shape}.",
            fix="An image with three channels is RGB already; add a missing channel with image[..., np.newaxis].",
        )
    rgb = np.empty((*images.shape[:-1], 3), images.dtype)
    rgb[...] = images
    return rgb


def rgb_to_hsv(images: Any, name: str | None = None) -> np.ndarray:
    """Returns hue, saturation and value, each of 0..1 for RGB of 0..1.

    Args:
        images: `(..., 3)`, floats.
        name: ignored; here because `tf.image.rgb_to_hsv` has it.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images are no floats.

    Example:
        >>> rgb_to_hsv(np.array([[[0.0, 1.0, 0.0]]], np.float32)).round(3)
        array([[[0.333, 1.   , 1.   ]]], dtype=float32)
    """
    images = _as_float_rgb(images, "rgb_to_hsv")
    kind = images.dtype.type
    red, green, blue = images[..., 0], images[..., 1], images[..., 2]
    value = images.max(axis=-1)
    spread = value - images.min(axis=-1)
    result = np.empty_like(images)
    with np.errstate(all="ignore"):
        unit = (kind(1) / spread) * (kind(1) / kind(6))
        hue = np.where(
            red == value,
            unit * (green - blue),
            np.where(
                green == value,
                unit * (blue - red) + kind(2) / kind(6),
                unit * (red - green) + kind(4) / kind(6),
            ),
        )
        hue = np.where(spread > 0, hue, kind(0))
        result[..., 0] = np.where(hue < 0, hue + kind(1), hue)
        result[..., 1] = np.where(value > 0, spread / value, kind(0))
    result[..., 2] = value
    return result


def hsv_to_rgb(images: Any, name: str | None = None) -> np.ndarray:
    """Returns red, green and blue of hue, saturation and value.

    Args:
        images: `(..., 3)`, floats.
        name: ignored; here because `tf.image.hsv_to_rgb` has it.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images are no floats.

    Example:
        >>> hsv_to_rgb(np.array([[[0.5, 1.0, 1.0]]], np.float32))
        array([[[0., 1., 1.]]], dtype=float32)
    """
    images = _as_float_rgb(images, "hsv_to_rgb")
    kind = images.dtype.type
    turn, saturation, value = images[..., 0] * kind(6), images[..., 1], images[..., 2]
    gray = kind(1) - saturation
    result = np.empty_like(images)
    shares = (
        np.abs(turn - kind(3)) - kind(1),
        kind(2) - np.abs(turn - kind(2)),
        kind(2) - np.abs(turn - kind(4)),
    )
    for channel, share in enumerate(shares):
        result[..., channel] = (gray + saturation * np.clip(share, kind(0), kind(1))) * value
    return result


def rgb_to_yiq(images: Any) -> np.ndarray:
    """Returns luma and the two chroma values of NTSC.

    Args:
        images: `(..., 3)`, floats of 0..1.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images are no floats.

    Example:
        >>> rgb_to_yiq(np.array([[[1.0, 1.0, 1.0]]], np.float32)).round(3)[..., 0]
        array([[1.]], dtype=float32)
    """
    return _multiply(images, _RGB_TO_YIQ, "rgb_to_yiq")


def yiq_to_rgb(images: Any) -> np.ndarray:
    """Returns red, green and blue of YIQ.

    Args:
        images: `(..., 3)`, floats.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images are no floats.
    """
    return _multiply(images, _YIQ_TO_RGB, "yiq_to_rgb")


def rgb_to_yuv(images: Any) -> np.ndarray:
    """Returns luma and the two chroma values of PAL.

    Args:
        images: `(..., 3)`, floats of 0..1.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images are no floats.
    """
    return _multiply(images, _RGB_TO_YUV, "rgb_to_yuv")


def yuv_to_rgb(images: Any) -> np.ndarray:
    """Returns red, green and blue of YUV.

    Args:
        images: `(..., 3)`, floats.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: there are not three channels.
        DtypeError: the images are no floats.
    """
    return _multiply(images, _YUV_TO_RGB, "yuv_to_rgb")


def _as_float_rgb(images: Any, operation: str) -> np.ndarray:
    images = as_numbers(images, "images")
    needs_numbers(images, operation, floating=True)
    needs_channels(images, 3, operation)
    return images


def _multiply(images: Any, matrix: tuple[tuple[float, ...], ...], operation: str) -> np.ndarray:
    # Written out instead of np.matmul: a BLAS adds in another order on every machine.
    images = _as_float_rgb(images, operation)
    wide = images if images.dtype.itemsize >= 4 else images.astype(np.float32)
    weights = np.array(matrix, images.dtype).astype(wide.dtype)
    result = wide[..., 0:1] * weights[0]
    result += wide[..., 1:2] * weights[1]
    result += wide[..., 2:3] * weights[2]
    return cast(result, images.dtype)
