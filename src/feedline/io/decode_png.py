"""`decode_png`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.formats.image import as_image_dtype, check_channels, decode

_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16))


def decode_png(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> np.ndarray:
    """Decodes a PNG: every colour type, bit depth and interlacing.

    The pixels are TensorFlow's bit for bit. Unlike TensorFlow it takes no damaged file: each chunk's checksum is
    looked at, and the pixels must be exactly as many as the header promises. As in TensorFlow, JPEGs and GIFs of one
    frame are taken too, and `channels=4` of an opaque image of less than 8 bits has the alpha 1, 3 or 15, not 255.

    Args:
        contents: the whole file, as `read_file` returns it.
        channels: 0 for as many as the file has, 1 for grey, 3 for RGB, 4 for RGBA.
        dtype: uint8 or uint16.
        name: not used.

    Returns:
        (height, width, channels) of dtype.

    Raises:
        ImageDecodeError: it is not a PNG, or has a defect; the chunk and the byte are named.
        ImageTooLargeError: its header promises too many pixels; nothing has been inflated.

    Example:
        >>> from feedline.io.encode_png import encode_png
        >>> decode_png(encode_png(np.full((1, 2, 3), 7, np.uint8)))
        array([[[7, 7, 7],
                [7, 7, 7]]], dtype=uint8)
    """
    channels = check_channels(channels, "decode_png")
    return decode(contents, "decode_png", channels, as_image_dtype(dtype, "decode_png", _DTYPES))
