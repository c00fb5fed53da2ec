"""`decode_webp`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.formats.image import as_image_dtype, check_channels, decode


def decode_webp(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> np.ndarray:
    """Decodes a still WebP, by OpenCV.

    Args:
        contents: the whole file, as `read_file` returns it.
        channels: 0, or as many as the file has: 3, or 4 where it has alpha.
        dtype: uint8.
        name: not used.

    Returns:
        uint8 (1, height, width, channels), with the dimension for frames that TensorFlow's has.

    Raises:
        ImageDecodeError: it is not a WebP, is damaged, or is animated.

    Example:
        >>> import cv2
        >>> file = cv2.imencode(".webp", np.zeros((2, 3, 3), np.uint8))[1].tobytes()
        >>> decode_webp(file).shape
        (1, 2, 3, 3)
    """
    as_image_dtype(dtype, "decode_webp", (np.dtype(np.uint8),))
    return decode(contents, "decode_webp", check_channels(channels, "decode_webp", (0, 3, 4)))
