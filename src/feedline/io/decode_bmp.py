"""`decode_bmp`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.formats.image import check_channels, decode


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> np.ndarray:
    """Decodes an uncompressed BMP of 8 (grey), 24 or 32 bits a pixel.

    Args:
        contents: the whole file, as `read_file` returns it.
        channels: 0 for as many as the file has, 3 for RGB, 4 for RGBA.
        name: not used.

    Returns:
        uint8 (height, width, channels).

    Raises:
        ImageDecodeError: it is not a BMP, is damaged, or is of a kind that TensorFlow does not show as it is.
        ImageTooLargeError: its header promises too many pixels.

    Example:
        >>> import struct
        >>> head = b"BM" + struct.pack("<IIIIiiHHIIIIII", 58, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
        >>> decode_bmp(head + bytes([3, 2, 1, 0]))
        array([[[1, 2, 3]]], dtype=uint8)
    """
    return decode(contents, "decode_bmp", check_channels(channels, "decode_bmp"))
