"""`extract_patches`: the small windows of images, side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_count, as_image, needs_numbers


def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> np.ndarray:
    """Cuts images into windows, and puts the pixels of each window into one row of channels.

    Args:
        images: `(batch, height, width, channels)`, integers or floats.
        sizes: `[1, rows, columns, 1]`: the size of a window.
        strides: `[1, rows, columns, 1]`: how far the next window is.
        rates: `[1, rows, columns, 1]`: how far apart the pixels of a window are; 1 for neighbours.
        padding: "VALID" for the windows that lie within the image, "SAME" for one at every stride, with zeros around
            the image.
        name: ignored; here because `tf.image.extract_patches` has it.

    Returns:
        `(batch, windows down, windows across, rows * columns * channels)` of the same dtype.

    Raises:
        ShapeError: the images are not 4-D, or a window is larger than they are.
        ArgumentError: another argument cannot work.
        DtypeError: the images hold neither integers nor floats.

    Example:
        >>> image = np.arange(16).reshape(1, 4, 4, 1)
        >>> extract_patches(image, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")[0, 0]
        array([[0, 1, 4, 5],
               [2, 3, 6, 7]])
    """
    images = as_image(images, "images", ranks=(4,))
    needs_numbers(images, "extract_patches")
    if padding not in ("SAME", "VALID"):
        raise ArgumentError(f"padding is {padding!r}.", fix='Use "SAME" or "VALID".')
    windows = []
    for axis, (size, stride, rate) in enumerate(
        zip(
            _across_space(sizes, "sizes"), _across_space(strides, "strides"), _across_space(rates, "rates"), strict=True
        )
    ):
        span = (size - 1) * rate + 1
        length = images.shape[1 + axis]
        if padding == "SAME":
            missing = max(((length - 1) // stride) * stride + span - length, 0)
            around = [(0, 0)] * 4
            around[1 + axis] = (missing // 2, missing - missing // 2)
            images = np.pad(images, around)
        elif span > length:
            raise ShapeError(
                f"a window of {span} pixels does not lie within an image of shape {images.shape[1:]}.",
                fix='Give smaller sizes or rates, or padding="SAME".',
            )
        windows.append((size, stride, rate, span))
    (rows, down, row_rate, tall), (columns, across, column_rate, wide) = windows
    found = np.lib.stride_tricks.sliding_window_view(images, (tall, wide), axis=(1, 2))
    found = found[:, ::down, ::across, :, ::row_rate, ::column_rate]
    batch, high, broad, channels = found.shape[:4]
    return found.transpose(0, 1, 2, 4, 5, 3).reshape(batch, high, broad, rows * columns * channels)


def _across_space(values: Any, title: str) -> tuple[int, int]:
    """Returns the two lengths of `[1, rows, columns, 1]`."""
    if isinstance(values, list | tuple | np.ndarray) and len(values) == 4:
        first, rows, columns, last = (as_count(value, f"a length of {title}", 1) for value in values)
        if first == last == 1:
            return rows, columns
    raise ArgumentError(
        f"{title} is {values!r}; [1, rows, columns, 1] is wanted.", fix=f"Give for example {title}=[1, 2, 2, 1]."
    )
