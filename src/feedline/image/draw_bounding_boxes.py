"""`draw_bounding_boxes`: the outlines of boxes, drawn onto images."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_image, as_numbers, needs_numbers

_COLORS = np.array(
    [[1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1],
     [0.5, 0.5, 0, 1], [0.5, 0, 0, 1], [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1]],
    np.float32,
)  # fmt: skip
"""Yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia."""


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any, name: str | None = None) -> np.ndarray:
    """Draws the outlines of boxes onto copies of images.

    Args:
        images: `(batch, height, width, channels)` with 1, 3 or 4 channels, floats.
        boxes: `(batch, boxes, 4)`: y1, x1, y2, x2, where 0 is the first and 1 the last row or column. What lies
            outside of the image is not drawn, nor is a box with y1 > y2 or x1 > x2.
        colors: `(colors, channels or more)`, taken by turns; None for ten colours (for grey images all white).
        name: ignored; here because `tf.image.draw_bounding_boxes` has it.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: an argument has another shape.
        DtypeError: the images are no floats.
        ArgumentError: a box is not finite.

    Example:
        >>> image = np.zeros((1, 3, 3, 1), np.float32)
        >>> draw_bounding_boxes(image, [[[0.0, 0.0, 1.0, 1.0]]], None)[0, ..., 0]
        array([[1., 1., 1.],
               [1., 0., 1.],
               [1., 1., 1.]], dtype=float32)
    """
    images = as_image(images, "images", ranks=(4,))
    needs_numbers(images, "draw_bounding_boxes", floating=True)
    batch, height, width, channels = images.shape
    if channels not in (1, 3, 4):
        raise ShapeError(f"the images have {channels} channels.", fix="Draw on images of 1, 3 or 4 channels.")
    corners = as_numbers(boxes, "boxes").astype(np.float32, copy=False)
    if corners.ndim != 3 or corners.shape[2] != 4 or len(corners) != batch:
        raise ShapeError(
            f"boxes has the shape {corners.shape}; ({batch}, boxes, 4) is wanted.",
            fix="Give y1, x1, y2, x2 for every box of every image.",
        )
    if not np.isfinite(corners).all():
        raise ArgumentError("boxes holds a value that is not finite.", fix="Leave such boxes out.")
    palette = _palette(colors, channels).astype(images.dtype)
    result = images.copy()
    lengths = np.array([height - 1, width - 1, height - 1, width - 1], np.float32)
    # Cut off towards 0, as TensorFlow does; far beyond the image is as far as beyond it.
    pixels = np.clip(corners * lengths, -1.0 - max(height, width), 2.0 * max(height, width)).astype(np.int64)
    for canvas, outlines in zip(result, pixels.tolist(), strict=True):
        for number, (top, left, bottom, right) in enumerate(outlines):
            _draw(canvas, top, left, bottom, right, palette[number % len(palette)])
    return result


def _palette(colors: Any, channels: int) -> np.ndarray:
    if colors is not None:
        given = as_numbers(colors, "colors")
        if given.ndim != 2 or given.shape[1] < channels:
            raise ShapeError(
                f"colors has the shape {given.shape}; (colors, {channels}) is wanted.",
                fix="Give one number for every channel of every colour.",
            )
        if len(given):
            return given[:, :channels]
    return _COLORS[:, :channels] if channels > 1 else np.ones((1, 1), np.float32)


def _draw(canvas: np.ndarray, top: int, left: int, bottom: int, right: int, color: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    if top > bottom or left > right or top >= height or left >= width or bottom < 0 or right < 0:
        return
    rows, columns = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            canvas[row, columns] = color
    for column in (left, right):
        if 0 <= column < width:
            canvas[rows, column] = color
