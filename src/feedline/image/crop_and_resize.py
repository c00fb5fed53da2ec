"""`crop_and_resize`: boxes cut out of a batch of images, all resized to one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_image, as_number, as_numbers, needs_numbers
from feedline.image.resize import as_size


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: str | None = None,
) -> np.ndarray:
    """Cuts boxes out of images and resizes each to one size; the corners of box and crop coincide.

    Args:
        image: `(batch, height, width, channels)`, integers or floats.
        boxes: `(boxes, 4)`: y1, x1, y2, x2, where 0 is the first and 1 the last row or column. A box may be mirrored
            (y1 > y2) and may reach beyond the image.
        box_indices: `(boxes,)`: which image of the batch each box is of.
        crop_size: two ints, the height and width of the crops.
        method: "bilinear" or "nearest".
        extrapolation_value: the value of what lies beyond the image.
        name: ignored; here because `tf.image.crop_and_resize` has it.

    Returns:
        float32 `(boxes, crop height, crop width, channels)`.

    Raises:
        ShapeError: an argument has another shape.
        ArgumentError: an index is out of range, a box is not finite, or there is no such method.

    Example:
        >>> image = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
        >>> crop_and_resize(image, [[0.0, 0.0, 1.0, 1.0]], [0], (2, 2))[0, ..., 0]
        array([[0., 2.],
               [6., 8.]], dtype=float32)
    """
    image = as_image(image, ranks=(4,))
    needs_numbers(image, "crop_and_resize")
    corners = np.ascontiguousarray(as_numbers(boxes, "boxes"), np.float32)
    indices = as_numbers(box_indices, "box_indices")
    height, width = as_size(crop_size, "crop_size")
    if corners.ndim != 2 or corners.shape[1] != 4 or indices.shape != corners.shape[:1]:
        raise ShapeError(
            f"boxes has the shape {corners.shape} and box_indices {indices.shape}; (boxes, 4) and (boxes,) are wanted.",
            fix="Give y1, x1, y2, x2 for every box, and the index of its image.",
        )
    if indices.size and (indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() >= len(image)):
        raise ArgumentError(
            f"box_indices holds {indices.dtype} from {indices.min()} to {indices.max()}, and the batch has "
            f"{len(image)} image(s).",
            fix="Give the index of an image of the batch for every box.",
        )
    if not np.isfinite(corners).all():
        raise ArgumentError("boxes holds a value that is not finite.", fix="Leave such boxes out.")
    if method not in ("bilinear", "nearest"):
        raise ArgumentError(f"{method!r} is no method of crop_and_resize.", fix='Use "bilinear" or "nearest".')
    if image.dtype != np.uint8:
        image = image.astype(np.float32, copy=False)
    out = np.empty((len(corners), height, width, image.shape[-1]), np.float32)
    from feedline.kernels.resize import crop_and_resize as kernel

    fill = np.float32(as_number(extrapolation_value, "extrapolation_value"))
    kernel(np.ascontiguousarray(image), corners, indices.astype(np.int64, copy=False), method == "nearest", fill, out)
    return out
