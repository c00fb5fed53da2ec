"""`encode_png`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import dtype_name


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> bytes | np.ndarray:
    """Encodes an image, or a batch of images, as PNG.

    Args:
        image: uint8 or uint16 (height, width, channels): 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. Dimensions before
            these are a batch.
        compression: -1 for zlib's default, or 0 (none) to 9 (smallest, slowest).
        name: not used.

    Returns:
        The file's bytes, or an object array of them in the shape of the batch. They are not the bytes that TensorFlow
        writes, but decode to the same pixels.

    Raises:
        DtypeError: the image is not uint8 or uint16.
        ShapeError: it has another shape, or no pixels.

    Example:
        >>> encode_png(np.zeros((2, 2, 3), np.uint8))[:8]
        b'\\x89PNG\\r\\n\\x1a\\n'
    """
    from feedline.formats.png_write import write_png

    array = np.asarray(image)
    if array.dtype not in (np.uint8, np.uint16):
        raise DtypeError(
            f"encode_png takes uint8 or uint16; the image is {dtype_name(array.dtype)}.",
            fix='Convert it first: fl.image.convert_image_dtype(image, "uint8").',
        )
    if array.ndim < 3 or not 1 <= array.shape[-1] <= 4 or 0 in array.shape[-3:]:
        raise ShapeError(
            f"encode_png takes (height, width, 1 to 4 channels); the image has the shape {array.shape}.",
            fix="Add the channels to a grey image: image[:, :, None].",
        )
    if isinstance(compression, bool) or compression not in range(-1, 10):
        raise ArgumentError(f"compression is {compression!r}; it must be -1 or 0 to 9.", fix="Leave it at -1.")
    if array.ndim == 3:
        return write_png(array, int(compression))
    out = np.empty(array.shape[:-3], object)
    for index in np.ndindex(out.shape):
        out[index] = write_png(array[index], int(compression))
    return out
