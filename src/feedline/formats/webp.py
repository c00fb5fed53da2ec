"""WebP files, by OpenCV's libwebp."""

from __future__ import annotations

import numpy as np

from feedline.errors import ArgumentError, ImageDecodeError


def decode_webp_bytes(contents: bytes | memoryview, channels: int = 0) -> np.ndarray:
    """Returns a still WebP's pixels.

    Args:
        contents: the whole file.
        channels: 0, or as many as the file has: 3, or 4 where it has alpha.

    Returns:
        uint8 (height, width, channels).

    Raises:
        ArgumentError: the file has another number of channels.
        ImageDecodeError: it does not decode, or is animated.
    """
    import cv2

    size = 8 + int.from_bytes(bytes(contents[4:8]), "little")
    if size > len(contents):
        raise ImageDecodeError(
            f"the WebP says it is {size:,} bytes long; there are {len(contents):,}: it is cut off.",
            where=["byte 4 of the WebP"],
            fix="The file is damaged: fetch or write it again.",
        )
    if bytes(contents[12:16]) == b"VP8X" and contents[20] & 2:
        raise ImageDecodeError("the WebP is animated, which is not decoded.", fix="Convert it to a GIF or to PNGs.")
    try:
        image = cv2.imdecode(np.frombuffer(contents, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ImageDecodeError(
            f"the WebP does not decode: {error.err}.", fix="The file is damaged: fetch or write it again."
        ) from error
    if image is None:
        raise ImageDecodeError("the WebP does not decode.", fix="The file is damaged: fetch or write it again.")
    if channels not in (0, image.shape[2]):
        raise ArgumentError(
            f"the WebP has {image.shape[2]} channels; channels={channels} was asked for.",
            fix="Decode it with channels=0, then convert that.",
        )
    return cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)
