"""Mirrors and turns. All but the random flips of batches return views: nothing is copied."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError
from feedline.image.as_image import as_image
from feedline.image.seeds import element_stream, stateless_stream
from feedline.random import Stream


def flip_left_right(image: Any) -> np.ndarray:
    """Mirrors an image, or each image of a batch, left to right.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.

    Returns:
        A view of the same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.

    Example:
        >>> flip_left_right(np.arange(3).reshape(1, 3, 1)).ravel()
        array([2, 1, 0])
    """
    return as_image(image)[..., ::-1, :]


def flip_up_down(image: Any) -> np.ndarray:
    """Mirrors an image, or each image of a batch, upside down.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.

    Returns:
        A view of the same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.

    Example:
        >>> flip_up_down(np.arange(3).reshape(3, 1, 1)).ravel()
        array([2, 1, 0])
    """
    return as_image(image)[..., ::-1, :, :]


def transpose(image: Any, name: str | None = None) -> np.ndarray:
    """Swaps the height and the width of an image, or of each image of a batch.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        name: ignored; here because `tf.image.transpose` has it.

    Returns:
        A view, `(width, height, channels)` or `(batch, width, height, channels)`.

    Raises:
        ShapeError: the image is not 3-D or 4-D.

    Example:
        >>> transpose(np.zeros((2, 5, 3))).shape
        (5, 2, 3)
    """
    return np.swapaxes(as_image(image), -3, -2)


def rot90(image: Any, k: int = 1, name: str | None = None) -> np.ndarray:
    """Turns an image, or each image of a batch, by 90 degrees counter-clockwise.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        k: how many times; negative turns clockwise.
        name: ignored; here because `tf.image.rot90` has it.

    Returns:
        A view.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: `k` is no int.

    Example:
        >>> rot90(np.arange(4).reshape(2, 2, 1))[..., 0]
        array([[1, 3],
               [0, 2]])
    """
    image = as_image(image)
    times = np.asarray(k)
    if times.ndim or times.dtype.kind not in "iu":
        raise ArgumentError(f"k is {k!r}; an int is wanted.", fix="Give the number of quarter turns.")
    return np.rot90(image, int(times) % 4, axes=(-3, -2))


def random_flip_left_right(image: Any, seed: int | None = None) -> np.ndarray:
    """Mirrors an image left to right with a chance of one half; each image of a batch on its own.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        seed: a seed for this operation; see `feedline.random`.

    Returns:
        The image, or the mirrored image, of the same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.

    Example:
        >>> random_flip_left_right(np.zeros((2, 3, 1), np.uint8), seed=1).shape
        (2, 3, 1)
    """
    return _random_flip(as_image(image), -2, element_stream(seed))


def random_flip_up_down(image: Any, seed: int | None = None) -> np.ndarray:
    """Mirrors an image upside down with a chance of one half; each image of a batch on its own.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        seed: a seed for this operation; see `feedline.random`.

    Returns:
        The image, or the mirrored image, of the same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
    """
    return _random_flip(as_image(image), -3, element_stream(seed))


def stateless_random_flip_left_right(image: Any, seed: Any) -> np.ndarray:
    """As `random_flip_left_right`, but always the same for the same seed.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        seed: two ints. The draws are not those of TensorFlow.

    Returns:
        The image, or the mirrored image, of the same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: `seed` is not two ints.
    """
    return _random_flip(as_image(image), -2, stateless_stream(seed))


def stateless_random_flip_up_down(image: Any, seed: Any) -> np.ndarray:
    """As `random_flip_up_down`, but always the same for the same seed.

    Args:
        image: `(height, width, channels)` or `(batch, height, width, channels)`, any dtype.
        seed: two ints. The draws are not those of TensorFlow.

    Returns:
        The image, or the mirrored image, of the same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D or 4-D.
        ArgumentError: `seed` is not two ints.
    """
    return _random_flip(as_image(image), -3, stateless_stream(seed))


def _random_flip(image: np.ndarray, axis: int, draws: Stream) -> np.ndarray:
    if image.ndim == 3:
        return np.flip(image, axis) if draws.random() < 0.5 else image
    turned = [index for index in range(len(image)) if draws.random() < 0.5]
    result = image.copy()
    for index in turned:
        result[index] = np.flip(image[index], axis)
    return result
