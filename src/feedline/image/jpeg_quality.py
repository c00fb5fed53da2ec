"""The noise of JPEG: an image is encoded with a lower quality and decoded again."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, ShapeError
from feedline.image.as_image import as_count, as_image, needs_numbers
from feedline.image.convert_image_dtype import convert_image_dtype
from feedline.image.seeds import element_stream, stateless_stream
from feedline.random import Stream


def adjust_jpeg_quality(image: Any, jpeg_quality: int, dct_method: str = "", name: str | None = None) -> np.ndarray:
    """Encodes an image as JPEG of a quality, and decodes it again.

    Args:
        image: `(height, width, channels)` with 1 or 3 channels, integers or floats; floats of 0..1 are clipped.
        jpeg_quality: from 0 to 100.
        dct_method: how it is decoded: "INTEGER_FAST" (also for ""), or "INTEGER_ACCURATE".
        name: ignored; here because `tf.image.adjust_jpeg_quality` has it.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D, or has neither 1 nor 3 channels.
        DtypeError: the image holds neither integers nor floats.
        ArgumentError: the quality is not within 0..100, or there is no such method.

    Example:
        >>> adjust_jpeg_quality(np.full((8, 8, 3), 128, np.uint8), 50)[0, 0]
        array([128, 128, 128], dtype=uint8)
    """
    image = as_image(image, ranks=(3,))
    needs_numbers(image, "adjust_jpeg_quality")
    quality = _as_quality(jpeg_quality, "jpeg_quality")
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise ArgumentError(f"{dct_method!r} is no dct_method.", fix='Use "INTEGER_FAST" or "INTEGER_ACCURATE".')
    channels = image.shape[-1]
    if channels not in (1, 3):
        raise ShapeError(
            f"a JPEG has 1 or 3 channels, and the image has the shape {image.shape}.", fix="Drop the alpha channel."
        )
    import cv2
    import simplejpeg

    # OpenCV's encoder and TurboJPEG's decoder take the same integer transforms as TensorFlow: equal to the last bit.
    pixels = np.ascontiguousarray(convert_image_dtype(image, np.uint8, saturate=True)[..., ::-1])
    coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    space = "RGB" if channels == 3 else "GRAY"
    decoded = simplejpeg.decode_jpeg(coded, space, fastdct=dct_method != "INTEGER_ACCURATE", fastupsample=False)
    return convert_image_dtype(decoded.reshape(image.shape), image.dtype, saturate=True)


def random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> np.ndarray:
    """Encodes an image as JPEG of one random quality of [min, max), and decodes it again.

    Args:
        image: `(height, width, channels)` with 1 or 3 channels, integers or floats.
        min_jpeg_quality: the lowest quality, 0 or more.
        max_jpeg_quality: the bound above, at most 100.
        seed: a seed for this operation; see `feedline.random`.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D, or has neither 1 nor 3 channels.
        ArgumentError: the qualities are out of order or of range.

    Example:
        >>> random_jpeg_quality(np.zeros((8, 8, 3), np.uint8), 75, 95, seed=1).shape
        (8, 8, 3)
    """
    return adjust_jpeg_quality(image, _draw_quality(min_jpeg_quality, max_jpeg_quality, element_stream(seed)))


def stateless_random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any) -> np.ndarray:
    """As `random_jpeg_quality`, always the same for the same `seed` of two ints.

    Args:
        image: `(height, width, channels)` with 1 or 3 channels, integers or floats.
        min_jpeg_quality: the lowest quality, 0 or more.
        max_jpeg_quality: the bound above, at most 100.
        seed: two ints. The draws are not those of TensorFlow.

    Returns:
        The same shape and dtype.

    Raises:
        ShapeError: the image is not 3-D, or has neither 1 nor 3 channels.
        ArgumentError: the qualities are out of order or of range, or `seed` is not two ints.
    """
    return adjust_jpeg_quality(image, _draw_quality(min_jpeg_quality, max_jpeg_quality, stateless_stream(seed)))


def _as_quality(value: Any, title: str) -> int:
    quality = as_count(value, title)
    if quality > 100:
        raise ArgumentError(f"{title} is {quality}; an int from 0 to 100 is wanted.", fix="Use for example 75.")
    return quality


def _draw_quality(lowest: int, bound: int, draws: Stream) -> int:
    low, high = _as_quality(lowest, "min_jpeg_quality"), _as_quality(bound, "max_jpeg_quality")
    if low >= high:
        raise ArgumentError(
            f"min_jpeg_quality is {low} and max_jpeg_quality {high}; the first must be smaller.",
            fix="Use for example 75 and 95.",
        )
    return low + int(draws.random() * (high - low))
