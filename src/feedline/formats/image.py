"""Decoding an image by what its bytes are, with TensorFlow's rules for which function takes which format."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ImageDecodeError
from feedline.formats.signature import as_contents, describe, image_format
from feedline.spec import as_dtype, dtype_name

_UINT8, _UINT16, _FLOAT32 = np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32)
# What TensorFlow's functions take besides their own format. GIF: of one frame only, except by decode_gif.
TAKES = {
    "decode_png": ("PNG", "JPEG", "GIF"),
    "decode_jpeg": ("JPEG", "PNG", "GIF"),
    "decode_gif": ("GIF", "PNG", "JPEG"),
    "decode_bmp": ("BMP",),
    "decode_webp": ("WebP",),
    "decode_and_crop_jpeg": ("JPEG",),
    "decode_image": ("PNG", "JPEG", "GIF", "BMP", "WebP"),
}


def check_channels(channels: Any, function: str, allowed: tuple[int, ...] = (0, 1, 3, 4)) -> int:
    """Returns `channels` as an int, 0 for None.

    Raises:
        ArgumentError: the number is not allowed.
    """
    if channels is None:
        return 0
    if isinstance(channels, bool) or channels not in allowed:
        listed = ", ".join(map(str, allowed[:-1])) + f" or {allowed[-1]}"
        raise ArgumentError(
            f"{function} was given channels={channels!r}; it must be {listed}.",
            fix="0 means as many as the file has; 1 is grey, 3 is RGB, 4 is RGBA.",
        )
    return int(channels)


def decode(
    contents: Any,
    function: str,
    channels: int = 0,
    dtype: np.dtype = _UINT8,
    expand_animations: bool = True,
    **jpeg_options: Any,
) -> np.ndarray:
    """Returns the pixels of an image of any format that `function` takes.

    Args:
        contents: the whole file.
        function: the public function's name.
        channels: 0 for as many as the file has, 1, 3 or 4.
        dtype: uint8, uint16 or float32.
        expand_animations: whether a GIF gives all its frames.
        **jpeg_options: what `decode_jpeg_bytes` takes.

    Raises:
        ArgumentError: the format does not have so many channels.
        ImageDecodeError: the format is not one that `function` takes, or the file is damaged.
    """
    contents = as_contents(contents, function)
    found = image_format(contents)
    if found not in TAKES[function]:
        raise _wrong_format(contents, found, function)
    if found == "PNG":
        image = _decode_png(contents, channels, dtype)
    else:
        image = _scale(
            _decode_8_bits(contents, found, function, channels, dtype, expand_animations, jpeg_options), dtype
        )
    return image[None] if function == "decode_gif" and image.ndim == 3 else image


def _decode_png(contents: bytes | memoryview, channels: int, dtype: np.dtype) -> np.ndarray:
    from feedline.formats.png import decode_png_bytes

    if dtype != _FLOAT32:
        return decode_png_bytes(contents, channels, dtype)
    image = decode_png_bytes(contents, channels, _UINT16).astype(_FLOAT32)
    image *= np.float32(1 / 65535)
    return image


def _decode_8_bits(
    contents: bytes | memoryview,
    found: str,
    function: str,
    channels: int,
    dtype: np.dtype,
    expand_animations: bool,
    jpeg_options: dict[str, Any],
) -> np.ndarray:
    if found == "JPEG":
        from feedline.formats.jpeg import decode_jpeg_bytes

        _check_has(channels, "JPEG", (0, 1, 3))
        return decode_jpeg_bytes(contents, channels, **jpeg_options)
    if found == "GIF":
        from feedline.formats.gif import decode_gif_bytes

        _check_has(channels, "GIF", (0, 3))
        frames = decode_gif_bytes(contents, first_only=not expand_animations)
        if function in ("decode_png", "decode_jpeg") and len(frames) > 1:
            raise ImageDecodeError(
                f"the GIF has {len(frames)} frames; {function} takes GIFs of one.",
                fix="Use fl.io.decode_gif, or fl.io.decode_image(contents, expand_animations=False).",
            )
        return frames if function == "decode_gif" or (function == "decode_image" and expand_animations) else frames[0]
    if found == "BMP":
        from feedline.formats.bmp import decode_bmp_bytes

        _check_has(channels, "BMP", (0, 3, 4))
        return decode_bmp_bytes(contents, channels)
    from feedline.formats.webp import decode_webp_bytes

    _check_has(channels, "WebP", (0, 3, 4))
    if dtype != _UINT8:
        raise DtypeError(
            f"a WebP decodes to uint8, not {dtype_name(dtype)}.", fix="Convert it: fl.image.convert_image_dtype."
        )
    image = decode_webp_bytes(contents, channels)
    return image[None] if expand_animations else image


def _scale(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    # TensorFlow multiplies 8 bits by 256 here, where a PNG's are multiplied by 257.
    if dtype == _UINT8:
        return image
    if dtype == _UINT16:
        return image * np.uint16(256)
    scaled = image.astype(_FLOAT32)
    scaled *= np.float32(1 / 255)
    return scaled


def _check_has(channels: int, name: str, allowed: tuple[int, ...]) -> None:
    if channels not in allowed:
        listed = ", ".join(map(str, allowed[:-1])) + f" or {allowed[-1]}"
        raise ArgumentError(
            f"a {name} does not decode to channels={channels}; it must be {listed}.",
            fix="Decode it with channels=3, then convert that, for instance with fl.image.rgb_to_grayscale.",
        )


def _wrong_format(contents: bytes | memoryview, found: str | None, function: str) -> ImageDecodeError:
    if found is not None:
        own = {"BMP": "decode_bmp", "WebP": "decode_webp"}.get(found, f"decode_{found.lower()}")
        fix = f"Use fl.io.{own}, or fl.io.decode_image, which takes every format."
    elif contents[:6] == b"\x93NUMPY":
        fix = "Use fl.io.decode_npy."
    else:
        fix = "Look at the file: it may be damaged, a web page, or not an image at all."
    takes = TAKES[function]
    listed = takes[0] if len(takes) == 1 else ", ".join(takes[:-1]) + " or " + takes[-1]
    return ImageDecodeError(f"{function} takes {listed}; the contents are {describe(contents)}.", fix=fix)


def as_image_dtype(dtype: Any, function: str, allowed: tuple[np.dtype, ...]) -> np.dtype:
    """Returns a dtype that a decoder makes.

    Raises:
        DtypeError: it is not one of `allowed`.
    """
    found = as_dtype(dtype)
    if found not in allowed:
        names = " or ".join(dtype_name(one) for one in allowed)
        raise DtypeError(
            f"{function} makes {names}, not {dtype_name(found)}.",
            fix="Use fl.io.decode_image(contents, dtype=...), or fl.image.convert_image_dtype.",
        )
    return found
