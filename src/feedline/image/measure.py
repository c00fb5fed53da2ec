"""Gradients of images, and measures of how much two images differ.

SSIM: Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.array_ops import cast
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.image.as_image import as_count, as_image, as_number, needs_numbers
from feedline.image.convert_image_dtype import convert_image_dtype


def total_variation(images: Any, name: str | None = None) -> np.ndarray:
    """Returns the sum of the absolute differences of neighbouring pixels: how noisy an image is.

    Args:
        images: `(height, width, channels)` or `(batch, height, width, channels)`, signed integers or floats.
        name: ignored; here because `tf.image.total_variation` has it.

    Returns:
        A scalar, or one number an image, of the same dtype.

    Raises:
        ShapeError: the images are not 3-D or 4-D.
        DtypeError: the images are unsigned: their differences would wrap round.

    Example:
        >>> total_variation(np.array([[[0.0], [1.0], [3.0]]], np.float32))
        np.float32(3.0)
    """
    images = as_image(images, "images")
    needs_numbers(images, "total_variation")
    if images.dtype.kind == "u":
        raise DtypeError(
            f"total_variation would wrap round in {images.dtype}.",
            fix='Convert first with feedline.image.convert_image_dtype(image, "float32").',
        )
    down = np.abs(np.diff(images, axis=-3)).sum(axis=(-3, -2, -1), dtype=images.dtype)
    along = np.abs(np.diff(images, axis=-2)).sum(axis=(-3, -2, -1), dtype=images.dtype)
    with np.errstate(over="ignore"):  # integers wrap round, as the sums before do
        return down + along


def image_gradients(image: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns the differences to the pixel below and to the pixel to the right; 0 in the last row and column.

    Args:
        image: `(batch, height, width, channels)`, integers or floats.

    Returns:
        dy and dx, each of the image's shape and dtype.

    Raises:
        ShapeError: the image is not 4-D.

    Example:
        >>> dy, dx = image_gradients(np.arange(4).reshape(1, 2, 2, 1))
        >>> dy.ravel(), dx.ravel()
        (array([2, 2, 0, 0]), array([1, 0, 1, 0]))
    """
    image = as_image(image, ranks=(4,))
    needs_numbers(image, "image_gradients")
    down, along = np.zeros_like(image), np.zeros_like(image)
    np.subtract(image[:, 1:], image[:, :-1], out=down[:, :-1])
    np.subtract(image[:, :, 1:], image[:, :, :-1], out=along[:, :, :-1])
    return down, along


def sobel_edges(image: Any) -> np.ndarray:
    """Returns the vertical and horizontal edges by Sobel's filter, the border mirrored.

    Args:
        image: `(batch, height, width, channels)`, floats, at least 2x2.

    Returns:
        `(batch, height, width, channels, 2)`: dy and dx, of the same dtype.

    Raises:
        ShapeError: the image is not 4-D, or is smaller than 2x2.
        DtypeError: the image is no float.

    Example:
        >>> sobel_edges(np.array([[[[0.0], [1.0]], [[0.0], [1.0]]]], np.float32)).shape
        (1, 2, 2, 1, 2)
    """
    image = as_image(image, ranks=(4,))
    needs_numbers(image, "sobel_edges", floating=True)
    if min(image.shape[1:3]) < 2:
        raise ShapeError(f"sobel_edges wants 2x2 pixels or more, got {image.shape}.", fix="Leave such images out.")
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    two = image.dtype.type(2)
    smooth = padded[:, :, :-2] + two * padded[:, :, 1:-1] + padded[:, :, 2:]
    down = smooth[:, 2:] - smooth[:, :-2]
    smooth = padded[:, :-2] + two * padded[:, 1:-1] + padded[:, 2:]
    along = smooth[:, :, 2:] - smooth[:, :, :-2]
    return np.stack([down, along], axis=-1)


def psnr(a: Any, b: Any, max_val: float, name: str | None = None) -> np.ndarray:
    """Returns the peak signal-to-noise ratio of two images, in decibels.

    Args:
        a: `(..., height, width, channels)`, integers or floats.
        b: the same shape; where its dtype is another, each is taken in the range of its own.
        max_val: the largest value a pixel of `a` can have, such as 255.
        name: ignored; here because `tf.image.psnr` has it.

    Returns:
        float32, one number a pair of images; infinite for equal images.

    Raises:
        ShapeError: the shapes do not agree.
        DtypeError: an image holds neither integers nor floats.
        ArgumentError: the dtype of `a` cannot hold `max_val`.

    Example:
        >>> psnr(np.zeros((2, 2, 1), np.float32), np.full((2, 2, 1), 0.1, np.float32), max_val=1.0).round(3)
        np.float32(20.0)
    """
    a, b, peak = _as_pair(a, b, max_val)
    error = np.square(a - b).mean(axis=(-3, -2, -1))
    with np.errstate(divide="ignore"):
        return np.float32(20) * np.log(peak) / np.log(np.float32(10)) - np.float32(10 / np.log(10)) * np.log(error)


def ssim(
    img1: Any,
    img2: Any,
    max_val: float,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> np.ndarray:
    """Returns the structural similarity of two images: 1 for equal images.

    Args:
        img1: `(..., height, width, channels)`, integers or floats.
        img2: the same shape and dtype.
        max_val: the largest value a pixel can have, such as 255.
        filter_size: the side of the Gaussian window; no image may be smaller.
        filter_sigma: the window's standard deviation.
        k1: steadies the luminance.
        k2: steadies the contrast.
        return_index_map: returns the similarity at every place instead of its mean.

    Returns:
        float32, one number a pair of images, or `(..., height - filter_size + 1, width - filter_size + 1)`.

    Raises:
        ShapeError: the shapes do not agree, or an image is smaller than the window.
        DtypeError: the dtypes differ.
        ArgumentError: the dtype cannot hold `max_val`, or the window is none.

    Example:
        >>> ssim(np.ones((16, 16, 1), np.float32), np.ones((16, 16, 1), np.float32), max_val=1.0)
        np.float32(1.0)
    """
    first, second, peak = _as_pair(img1, img2, max_val, same_dtype=True)
    window = as_count(filter_size, "filter_size", 1)
    if min(*first.shape[-3:-1], *second.shape[-3:-1]) < window:
        raise ShapeError(
            f"an image of {first.shape} is smaller than the window of {window}x{window}.",
            fix="Give a smaller filter_size.",
        )
    sigma = as_number(filter_sigma, "filter_sigma")
    if not sigma > 0:
        raise ArgumentError(f"filter_sigma is {sigma}; a positive number is wanted.", fix="Use 1.5.")
    weights = np.exp(-0.5 * np.square((np.arange(window) - (window - 1) / 2) / sigma))
    weights = weights / weights.sum()
    # In float64: the differences of nearly equal means below would lose most of float32's digits.
    first, second = first.astype(np.float64), second.astype(np.float64)
    floor, steady = (k1 * float(peak)) ** 2, (k2 * float(peak)) ** 2
    mean1, mean2 = _smooth(first, weights), _smooth(second, weights)
    product, squares = 2 * mean1 * mean2, np.square(mean1) + np.square(mean2)
    luminance = (product + floor) / (squares + floor)
    structure = 2 * _smooth(first * second, weights) - product
    spread = _smooth(np.square(first) + np.square(second), weights) - squares
    index = (luminance * (structure + steady) / (spread + steady)).astype(np.float32)
    return index.mean(axis=-1) if return_index_map else index.mean(axis=(-3, -2, -1))


def _smooth(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    tall, wide = images.shape[-3] - len(weights) + 1, images.shape[-2] - len(weights) + 1
    rows = sum(weight * images[..., shift : shift + tall, :, :] for shift, weight in enumerate(weights))
    return sum(weight * rows[..., shift : shift + wide, :] for shift, weight in enumerate(weights))


def _as_pair(
    first: Any, second: Any, max_val: float, *, same_dtype: bool = False
) -> tuple[np.ndarray, np.ndarray, np.float32]:
    first, second = as_image(first, "the first image", ranks=None), as_image(second, "the second image", ranks=None)
    needs_numbers(first, "the comparison")
    needs_numbers(second, "the comparison")
    if same_dtype and first.dtype != second.dtype:
        raise DtypeError(
            f"the images are {first.dtype} and {second.dtype}.", fix="Convert one with convert_image_dtype."
        )
    try:
        np.broadcast_shapes(first.shape[:-3], second.shape[:-3])
        agree = first.shape[-3:] == second.shape[-3:]
    except ValueError:
        agree = False
    if not agree:
        raise ShapeError(
            f"the images have the shapes {first.shape} and {second.shape}.", fix="Resize one of them first."
        )
    largest = as_number(max_val, "max_val")
    if first.dtype.kind in "iu" and not np.iinfo(first.dtype).min <= largest <= np.iinfo(first.dtype).max:
        raise ArgumentError(
            f"max_val is {largest}, which {first.dtype} cannot hold.",
            fix=f"Give the largest value of a pixel, such as {np.iinfo(first.dtype).max}.",
        )
    peak = convert_image_dtype(cast(np.asarray(largest), first.dtype), np.float32)
    return convert_image_dtype(first, np.float32), convert_image_dtype(second, np.float32), np.float32(peak)
