"""`decode_image`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.formats.image import check_channels, decode
from feedline.spec import as_dtype

_DIRECT = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = "uint8",
    name: str | None = None,
    expand_animations: bool = True,
) -> np.ndarray:
    """Decodes a PNG, JPEG, GIF, BMP or WebP, by what the bytes are.

    Args:
        contents: the whole file, as `read_file` returns it.
        channels: None or 0 for as many as the file has, 1 for grey, 3 for RGB, 4 for RGBA. JPEG has no 4, GIF only
            3, BMP no 1.
        dtype: uint8, or another dtype to scale to: uint16, or a float of 0 to 1.
        name: not used.
        expand_animations: whether a GIF or WebP gives four dimensions, frames first; if not, it is the first frame.

    Returns:
        (height, width, channels), or (frames, height, width, channels), of dtype.

    Raises:
        ImageDecodeError: it is none of these formats, or is damaged.
        ImageTooLargeError: its header promises too many pixels.

    Example:
        >>> from feedline.io.encode_png import encode_png
        >>> decode_image(encode_png(np.full((1, 1, 3), 255, np.uint8)), dtype="float32")
        array([[[1., 1., 1.]]], dtype=float32)
    """
    channels = check_channels(channels, "decode_image")
    wanted = as_dtype(dtype)
    if wanted in _DIRECT:
        return decode(contents, "decode_image", channels, wanted, expand_animations)
    from feedline.image.convert_image_dtype import convert_image_dtype

    return convert_image_dtype(decode(contents, "decode_image", channels, _DIRECT[1], expand_animations), wanted)
