"""Crops and paddings. Crops return views: nothing is copied."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_count, as_image, as_number, as_numbers
from feedline.image.resize import ResizeMethod, resize
from feedline.image.seeds import element_stream, stateless_stream
from feedline.random import Stream


def central_crop(image: Any, central_fraction: float) -> np.ndarray:
    """Cuts out the middle of an image, or of each image of a batch.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        central_fraction: the share of the height and of the width to keep, above 0 and at most 1.

    Returns:
        A view of the same rank and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: the fraction is out of range.

    Example:
        >>> central_crop(np.arange(16).reshape(4, 4, 1), 0.5)[..., 0]
        array([[ 5,  6],
               [ 9, 10]])
    """
    image = as_image(image)
    fraction = as_number(central_fraction, "central_fraction")
    if not 0 < fraction <= 1:
        raise ArgumentError(
            f"central_fraction is {fraction}; a number above 0 and up to 1 is wanted.", fix="Use for example 0.875."
        )
    height, width = image.shape[-3:-1]
    top, left = int((height - height * fraction) / 2), int((width - width * fraction) / 2)
    return image[..., top : height - top, left : width - left, :]


def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> np.ndarray:
    """Cuts a box out of an image, or out of each image of a batch.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        offset_height: the box's first row.
        offset_width: the box's first column.
        target_height: the box's height.
        target_width: the box's width.

    Returns:
        A view of the same rank and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: the box is empty, or is not inside the image.

    Example:
        >>> crop_to_bounding_box(np.arange(9).reshape(3, 3, 1), 1, 0, 2, 2)[..., 0]
        array([[3, 4],
               [6, 7]])
    """
    image = as_image(image)
    top, left = as_count(offset_height, "offset_height"), as_count(offset_width, "offset_width")
    tall, wide = as_count(target_height, "target_height", 1), as_count(target_width, "target_width", 1)
    height, width = image.shape[-3:-1]
    if top + tall > height or left + wide > width:
        raise ArgumentError(
            f"the box of {tall}x{wide} at row {top}, column {left} is not inside the image of {height}x{width}.",
            fix="Give a smaller box, or resize or pad the image first.",
        )
    return image[..., top : top + tall, left : left + wide, :]


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> np.ndarray:
    """Puts an image, or each image of a batch, into a larger one of zeros.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        offset_height: the number of rows of zeros above.
        offset_width: the number of columns of zeros to the left.
        target_height: the new height.
        target_width: the new width.

    Returns:
        The same rank and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: the image does not fit.

    Example:
        >>> pad_to_bounding_box(np.ones((1, 2, 1), np.uint8), 1, 0, 2, 3)[..., 0]
        array([[0, 0, 0],
               [1, 1, 0]], dtype=uint8)
    """
    image = as_image(image)
    top, left = as_count(offset_height, "offset_height"), as_count(offset_width, "offset_width")
    tall, wide = as_count(target_height, "target_height"), as_count(target_width, "target_width")
    height, width, channels = image.shape[-3:]
    if top + height > tall or left + width > wide:
        raise ArgumentError(
            f"the image of {height}x{width} at row {top}, column {left} does not fit into {tall}x{wide}.",
            fix="Give a larger target, or crop or resize the image first.",
        )
    if (tall, wide) == (height, width):
        return image
    padded = np.zeros((*image.shape[:-3], tall, wide, channels), image.dtype)
    padded[..., top : top + height, left : left + width, :] = image
    return padded


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> np.ndarray:
    """Crops an image's middle, or pads it evenly with zeros, to a height and width; no pixel is scaled.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        target_height: the new height.
        target_width: the new width.

    Returns:
        The same rank and dtype; a view where nothing is padded.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: a length is not positive.

    Example:
        >>> resize_with_crop_or_pad(np.arange(1, 4, dtype=np.uint8).reshape(3, 1, 1), 1, 3)[..., 0]
        array([[0, 2, 0]], dtype=uint8)
    """
    image = as_image(image)
    tall, wide = as_count(target_height, "target_height", 1), as_count(target_width, "target_width", 1)
    height, width = image.shape[-3:-1]
    kept_tall, kept_wide = min(tall, height), min(wide, width)
    cut = crop_to_bounding_box(image, max((height - tall) // 2, 0), max((width - wide) // 2, 0), kept_tall, kept_wide)
    return pad_to_bounding_box(cut, max((tall - height) // 2, 0), max((wide - width) // 2, 0), tall, wide)


def resize_with_pad(
    image: Any, target_height: int, target_width: int, method: str = ResizeMethod.BILINEAR, antialias: bool = False
) -> np.ndarray:
    """Resizes an image without distortion so that it fits into a height and width, and pads the rest with zeros.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, integers or floats.
        target_height: the new height.
        target_width: the new width.
        method: as in `resize`.
        antialias: as in `resize`.

    Returns:
        float32 of the same rank; "nearest" keeps the dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: a length is not positive, or there is no such method.

    Example:
        >>> resize_with_pad(np.ones((2, 4, 1), np.float32), 4, 4)[..., 0]
        array([[0., 0., 0., 0.],
               [1., 1., 1., 1.],
               [1., 1., 1., 1.],
               [0., 0., 0., 0.]], dtype=float32)
    """
    image = as_image(image)
    tall, wide = as_count(target_height, "target_height", 1), as_count(target_width, "target_width", 1)
    height, width = (np.float32(length) for length in image.shape[-3:-1])
    ratio = max(width / np.float32(wide), height / np.float32(tall))
    new_height, new_width = height / ratio, width / ratio
    top = max(0, int(np.floor((np.float32(tall) - new_height) / np.float32(2))))
    left = max(0, int(np.floor((np.float32(wide) - new_width) / np.float32(2))))
    size = int(np.floor(new_height)), int(np.floor(new_width))
    if 0 in size:
        raise ArgumentError(
            f"an image of {image.shape[-3]}x{image.shape[-2]} fitted into {tall}x{wide} would be {size[0]}x{size[1]}: "
            "one side has no pixel.",
            fix="Give a larger target, or crop the image first.",
        )
    return pad_to_bounding_box(resize(image, size, method, antialias=antialias), top, left, tall, wide)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> np.ndarray:
    """Cuts a box of a given size out of an array, at a random place.

    Args:
        value: an array of any rank and dtype.
        size: the box's length in every dimension, the channels included.
        seed: a seed for this operation; see `feedline.random`.
        name: ignored; here because `tf.image.random_crop` has it.

    Returns:
        A view of the shape `size`.

    Raises:
        ShapeError: `size` has another number of lengths than the value has dimensions, or is larger than the value.

    Example:
        >>> random_crop(np.zeros((5, 6, 3)), (2, 2, 3), seed=1).shape
        (2, 2, 3)
    """
    return _random_crop(value, size, element_stream(seed))


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> np.ndarray:
    """As `random_crop`, always the same for the same `seed` of two ints.

    Args:
        value: an array of any rank and dtype.
        size: the box's length in every dimension, the channels included.
        seed: two ints. The draws are not those of TensorFlow.
        name: ignored; here because `tf.image.stateless_random_crop` has it.

    Returns:
        A view of the shape `size`.

    Raises:
        ShapeError: `size` has another number of lengths than the value has dimensions, or is larger than the value.
        ArgumentError: `seed` is not two ints.
    """
    return _random_crop(value, size, stateless_stream(seed))


def _random_crop(value: Any, size: Any, draws: Stream) -> np.ndarray:
    array = as_numbers(value, "value")
    lengths = tuple(as_count(length, "a length of size") for length in np.asarray(size).ravel())
    if len(lengths) != array.ndim or any(wanted > held for wanted, held in zip(lengths, array.shape, strict=True)):
        raise ShapeError(
            f"a crop of {lengths} cannot be cut out of an array of {array.shape}.",
            fix="Give one length for every dimension, none larger than the array's: (height, width, channels).",
        )
    offsets = [int(draws.random() * (held - wanted + 1)) for wanted, held in zip(lengths, array.shape, strict=True)]
    return array[tuple(slice(first, first + length) for first, length in zip(offsets, lengths, strict=True))]
