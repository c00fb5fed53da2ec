"""`decode_gif`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.formats.image import decode


def decode_gif(contents: Any, name: str | None = None) -> np.ndarray:
    """Decodes a GIF with all its frames.

    Each frame is drawn over the one before, as in TensorFlow. PNGs and JPEGs are taken too, as one frame.

    Args:
        contents: the whole file, as `read_file` returns it.
        name: not used.

    Returns:
        uint8 (frames, height, width, 3).

    Raises:
        ImageDecodeError: it is not a GIF, or is damaged.
        ImageTooLargeError: its frames have too many pixels.

    Example:
        >>> one_red_pixel = bytes.fromhex("47494638396101000100800000ff00000000002c00000000010001000002024401003b")
        >>> decode_gif(one_red_pixel)
        array([[[[255,   0,   0]]]], dtype=uint8)
    """
    return decode(contents, "decode_gif", 3)
