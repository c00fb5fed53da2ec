"""Brightness, contrast, gamma, hue and saturation.

Integers are made float32 of 0..1 first, adjusted, and made integers again, as in TensorFlow; float64 is adjusted in
float32 too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.array_ops import cast
from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_image, as_number, as_numbers, needs_channels, needs_numbers
from feedline.image.convert_image_dtype import convert_image_dtype


def adjust_brightness(image: Any, delta: Any) -> np.ndarray:
    """Adds `delta` to every value.

    Args:
        image: integers or floats, of any shape.
        delta: what to add, where 1 is the dtype's full range; a number, or an array that broadcasts.

    Returns:
        The same shape and dtype; integers that leave the range are set to its end.

    Raises:
        DtypeError: the image holds neither integers nor floats.
        ShapeError: `delta` is an array that does not go with the image's shape.

    Example:
        >>> adjust_brightness(np.array([[[0, 200]]], np.uint8), 0.2)
        array([[[ 51, 251]]], dtype=uint8)
    """
    image = as_numbers(image)
    needs_numbers(image, "adjust_brightness")
    floats = _as_float(image)
    amount = as_numbers(delta, "delta").astype(floats.dtype)
    try:
        return convert_image_dtype(floats + amount, image.dtype, saturate=True)
    except ValueError:
        raise ShapeError(
            f"delta has the shape {amount.shape}, which does not go with the image's {image.shape}.",
            fix="Give one number, or one for every channel.",
        ) from None


def adjust_gamma(image: Any, gamma: float = 1, gain: float = 1) -> np.ndarray:
    """Returns `gain * image ** gamma`.

    Args:
        image: integers or floats, of any shape; floats of 0..1.
        gamma: the exponent, not negative: above 1 darkens, below 1 brightens.
        gain: the factor.

    Returns:
        The same shape and dtype; integers that leave the range are set to its end.

    Raises:
        ArgumentError: `gamma` is negative.
        DtypeError: the image holds neither integers nor floats.

    Example:
        >>> adjust_gamma(np.array([[[0.25, 1.0]]], np.float32), 0.5)
        array([[[0.5, 1. ]]], dtype=float32)
    """
    image = as_numbers(image)
    needs_numbers(image, "adjust_gamma")
    gamma, gain = as_number(gamma, "gamma"), as_number(gain, "gain")
    if not gamma >= 0:
        raise ArgumentError(f"gamma is {gamma}; it must not be negative.", fix="Use for example 0.8 or 1.2.")

    def bend(values: np.ndarray) -> np.ndarray:
        floats = _as_float(values)
        kind = floats.dtype.type
        with np.errstate(all="ignore"):
            # Rounded once, from float64: NumPy's own float32 power is not the same on every machine.
            bent = cast(floats.astype(np.float64) ** float(kind(gamma)), floats.dtype)
            return convert_image_dtype(kind(gain) * bent, values.dtype, saturate=True)

    return _by_table(image, bend)


def adjust_contrast(images: Any, contrast_factor: float) -> np.ndarray:
    """Moves every value away from its channel's mean: `(x - mean) * contrast_factor + mean`.

    Args:
        images: `(..., height, width, channels)`, integers or floats; the mean is of each image and channel.
        contrast_factor: above 1 for more contrast, below 1 for less.

    Returns:
        The same shape and dtype; integers that leave the range are set to its end.

    Raises:
        ShapeError: the images have fewer than three dimensions.
        DtypeError: the images hold neither integers nor floats.

    Example:
        >>> adjust_contrast(np.array([[[0.4], [0.6]]], np.float32), 2.0).round(3).ravel()
        array([0.3, 0.7], dtype=float32)
    """
    images = as_image(images, "images", ranks=None)
    needs_numbers(images, "adjust_contrast")
    factor = np.float32(as_number(contrast_factor, "contrast_factor"))
    floats = _as_float(images).astype(np.float32, copy=False)
    height, width, channels = images.shape[-3:]
    mean = _channel_means(floats.reshape(-1, height * width, channels))
    mean = np.tile(mean, (1, 1, width))  # as long as a row: NumPy is slow along an axis of three
    adjusted = floats.reshape(-1, height, width * channels) - mean
    adjusted *= factor
    adjusted += mean
    return _back(adjusted.reshape(images.shape), images.dtype, saturate=True)


def _channel_means(flat: np.ndarray) -> np.ndarray:
    # Folded in half again and again: TensorFlow's order of additions, and fast because every addition is a long one.
    count = flat.shape[1]
    total, left = flat, count
    while left > 1:
        right = left // 2
        left -= right
        folded = total[:, :left].copy()
        folded[:, :right] += total[:, left : left + right]
        total = folded
    return total[:, :1] * (np.float32(1) / np.float32(count))


def adjust_hue(image: Any, delta: float, name: str | None = None) -> np.ndarray:
    """Turns the hue of RGB images.

    Args:
        image: `(..., height, width, 3)`, integers or floats.
        delta: the turn, from -1 to 1; 1 is a full turn.
        name: ignored; here because `tf.image.adjust_hue` has it.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: the image has fewer than three dimensions, or not three channels.
        DtypeError: the image holds neither integers nor floats.
        ArgumentError: `delta` is out of range.

    Example:
        >>> adjust_hue(np.array([[[1.0, 0.0, 0.0]]], np.float32), 1 / 3).round(3)
        array([[[0., 1., 0.]]], dtype=float32)
    """
    image = _as_rgb(image, "adjust_hue")
    delta = as_number(delta, "delta")
    if not -1 <= delta <= 1:
        raise ArgumentError(f"delta is {delta}; a number from -1 to 1 is wanted.", fix="1 is a full turn of the hue.")
    from feedline.kernels.color import turn_hue

    return _by_pixels(image, turn_hue, np.float32(delta))


def adjust_saturation(image: Any, saturation_factor: float, name: str | None = None) -> np.ndarray:
    """Multiplies the saturation of RGB images.

    Args:
        image: `(..., height, width, 3)`, integers or floats.
        saturation_factor: 0 makes the image grey, 1 leaves it, above 1 strengthens its colours.
        name: ignored; here because `tf.image.adjust_saturation` has it.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: the image has fewer than three dimensions, or not three channels.
        DtypeError: the image holds neither integers nor floats.

    Example:
        >>> adjust_saturation(np.array([[[1.0, 0.5, 0.5]]], np.float32), 0.0)
        array([[[1., 1., 1.]]], dtype=float32)
    """
    image = _as_rgb(image, "adjust_saturation")
    factor = np.float32(as_number(saturation_factor, "saturation_factor"))
    from feedline.kernels.color import scale_saturation

    return _by_pixels(image, scale_saturation, factor)


def _as_rgb(image: Any, operation: str) -> np.ndarray:
    image = as_image(image, ranks=None)
    needs_numbers(image, operation)
    needs_channels(image, 3, operation)
    return image


def _by_pixels(image: np.ndarray, kernel: Callable, argument: np.float32) -> np.ndarray:
    floats = np.ascontiguousarray(_as_float(image), np.float32)
    result = np.empty_like(floats)
    from feedline.kernels.compile import constant

    kernel(constant(floats.reshape(-1, 3)), argument, result.reshape(-1, 3))
    return _back(result, image.dtype, saturate=False)


def _as_float(image: np.ndarray) -> np.ndarray:
    return image if image.dtype == np.float16 else convert_image_dtype(image, np.float32)


def _back(floats: np.ndarray, dtype: np.dtype, saturate: bool) -> np.ndarray:
    return cast(floats, dtype) if dtype == np.float16 else convert_image_dtype(floats, dtype, saturate)


def _by_table(image: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Applies a function of single values; for large uint8 images by a table of its 256 values."""
    if image.dtype != np.uint8 or image.size < 1024:
        return function(image)
    from feedline.kernels.color import look_up_uint8
    from feedline.kernels.compile import constant

    result = np.empty(image.shape, np.uint8)
    table = function(np.arange(256, dtype=np.uint8))
    look_up_uint8(constant(np.ascontiguousarray(image).reshape(-1)), table, result.reshape(-1))
    return result
