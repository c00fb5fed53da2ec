"""`per_image_standardization`: every image with mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.image.as_image import as_image, needs_numbers


def per_image_standardization(image: Any) -> np.ndarray:
    """Scales each image to mean 0 and variance 1: `(x - mean) / max(stddev, 1 / sqrt(number of values))`.

    Args:
        image: `(..., height, width, channels)`, numbers or booleans.

    Returns:
        float32 of the same shape.

    Raises:
        ShapeError: the image has fewer than three dimensions, or no pixel.
        DtypeError: the image holds strings or complex numbers.

    Example:
        >>> per_image_standardization(np.array([[[1], [3]]], np.uint8)).ravel()
        array([-1.,  1.], dtype=float32)
    """
    image = as_image(image, ranks=None)
    if image.dtype != np.bool_:
        needs_numbers(image, "per_image_standardization")
    count = image.shape[-3] * image.shape[-2] * image.shape[-1]
    flat = image.astype(np.float32).reshape(-1, count)
    flat -= flat.mean(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # int64 can be too large to square; TensorFlow divides by infinity then, too
        deviation = np.sqrt(np.square(flat).mean(axis=1, keepdims=True))
    flat /= np.maximum(deviation, np.float32(1) / np.sqrt(np.float32(count)))
    return flat.reshape(image.shape)
