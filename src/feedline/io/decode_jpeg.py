"""`decode_jpeg`, `decode_and_crop_jpeg`, `extract_jpeg_shape`, `is_jpeg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError
from feedline.formats.image import check_channels, decode
from feedline.formats.signature import as_contents
from feedline.spec import as_dtype, dtype_name


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1.0,
    dct_method: str = "",
    name: str | None = None,
) -> np.ndarray:
    """Decodes a JPEG: baseline and progressive, grey, colour and CMYK.

    The pixels are TensorFlow's bit for bit (the exceptions are listed in `feedline.formats.jpeg`). The orientation in
    the EXIF data is not looked at, as in TensorFlow. Unlike TensorFlow it takes no damaged file. As in TensorFlow,
    PNGs and GIFs of one frame are taken too.

    Args:
        contents: the whole file, as `read_file` returns it.
        channels: 0 for as many as the file has (CMYK becomes RGB), 1 for grey, 3 for RGB.
        ratio: 1, 2, 4 or 8: how much smaller to decode; faster than to resize.
        fancy_upscaling: whether to interpolate colour that is stored at a lower resolution.
        try_recover_truncated: whether to return what is left of a damaged file instead of an error.
        acceptable_fraction: must be 1; use `try_recover_truncated` for damaged files.
        dct_method: "" or "INTEGER_FAST", or "INTEGER_ACCURATE" (slower, nearer to what other libraries return).
        name: not used.

    Returns:
        uint8 (ceil(height / ratio), ceil(width / ratio), channels).

    Raises:
        ImageDecodeError: it is not a JPEG, or is damaged.
        ImageTooLargeError: its header promises too many pixels.

    Example:
        >>> from feedline.io.encode_jpeg import encode_jpeg
        >>> decode_jpeg(encode_jpeg(np.zeros((20, 30, 3), np.uint8)), ratio=2).shape
        (10, 15, 3)
    """
    channels = check_channels(channels, "decode_jpeg")
    options = _options(ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method)
    return decode(contents, "decode_jpeg", channels, **options)


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1.0,
    dct_method: str = "",
    name: str | None = None,
) -> np.ndarray:
    """Decodes a window of a JPEG: exactly the window of what `decode_jpeg` returns.

    Args:
        contents: the whole file.
        crop_window: four integers: first row, first column, height, width, in pixels of the decoded image.
        channels, ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method, name: as in
            `decode_jpeg`.

    Returns:
        uint8 (crop height, crop width, channels).

    Raises:
        ArgumentError: the window is empty or reaches beyond the image.
        ImageDecodeError: it is not a JPEG, or is damaged.

    Example:
        >>> from feedline.io.encode_jpeg import encode_jpeg
        >>> decode_and_crop_jpeg(encode_jpeg(np.zeros((20, 30, 3), np.uint8)), [2, 3, 4, 5]).shape
        (4, 5, 3)
    """
    options = (channels, ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method)
    return np.ascontiguousarray(decode_window_of_jpeg(contents, crop_window, *options))


def decode_window_of_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1.0,
    dct_method: str = "",
    name: str | None = None,
) -> np.ndarray:
    """As `decode_and_crop_jpeg`; what it returns may be a view of a larger image, not C-contiguous."""
    channels = check_channels(channels, "decode_and_crop_jpeg")
    options = _options(ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method)
    window = np.asarray(crop_window)
    if window.shape != (4,) or window.dtype.kind not in "iu":
        raise ArgumentError(
            f"crop_window is {crop_window!r}; it must be four integers.",
            fix="Give [first row, first column, height, width].",
        )
    top, left, height, width = window.tolist()
    wanted = (top, left, height, width) if min(top, left) >= 0 and min(height, width) > 0 else None
    image = decode(contents, "decode_and_crop_jpeg", channels, window=wanted, **options)
    rows, columns = image.shape[:2]
    if top < 0 or left < 0 or height <= 0 or width <= 0 or top + height > rows or left + width > columns:
        raise ArgumentError(
            f"the crop window [{top}, {left}, {height}, {width}] does not lie within the image of {rows} rows and "
            f"{columns} columns.",
            fix="Give [first row, first column, height, width].",
        )
    return image[top : top + height, left : left + width]


def _options(
    ratio: Any, fancy_upscaling: Any, try_recover_truncated: Any, acceptable_fraction: Any, dct_method: Any
) -> dict[str, Any]:
    if ratio not in (1, 2, 4, 8):
        raise ArgumentError(f"ratio is {ratio!r}; it must be 1, 2, 4 or 8.", fix="Use fl.image.resize for other sizes.")
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise ArgumentError(
            f"dct_method is {dct_method!r}.", fix='Use "", "INTEGER_FAST" (the same) or "INTEGER_ACCURATE".'
        )
    if acceptable_fraction < 1:
        raise ArgumentError(
            f"acceptable_fraction is {acceptable_fraction}; only 1 is supported.",
            fix="Use try_recover_truncated=True to take damaged files.",
        )
    return {
        "ratio": int(ratio),
        "fancy_upscaling": bool(fancy_upscaling),
        "try_recover_truncated": bool(try_recover_truncated),
        "dct_method": dct_method,
    }


def extract_jpeg_shape(contents: Any, output_type: Any = "int32", name: str | None = None) -> np.ndarray:
    """Returns a JPEG's height, width and channels, from its header alone.

    Args:
        contents: the file, or its beginning.
        output_type: int32 or int64.
        name: not used.

    Returns:
        (3,) of output_type. A CMYK image has 4 channels.

    Raises:
        ImageDecodeError: it is not a JPEG, or ends before its frame header.
        DtypeError: `output_type` is neither int32 nor int64.

    Example:
        >>> from feedline.io.encode_jpeg import encode_jpeg
        >>> extract_jpeg_shape(encode_jpeg(np.zeros((20, 30, 3), np.uint8)))
        array([20, 30,  3], dtype=int32)
    """
    from feedline.formats.jpeg import parse_jpeg_header

    wanted = as_dtype(output_type)
    if wanted not in (np.int32, np.int64):
        raise DtypeError(
            f"extract_jpeg_shape gives int32 or int64, not {dtype_name(wanted)}.",
            fix="Cast the result with feedline.cast.",
        )
    header = parse_jpeg_header(as_contents(contents, "extract_jpeg_shape"))
    return np.array([header.height, header.width, header.components], wanted)


def is_jpeg(contents: Any, name: str | None = None) -> np.ndarray | np.bool_:
    """Says whether bytes begin like a JPEG.

    Args:
        contents: `bytes`, or an array of them.
        name: not used.

    Returns:
        A bool, or an array of bools of the same shape.

    Example:
        >>> bool(is_jpeg(b"\\xff\\xd8\\xff\\xe0")), bool(is_jpeg(b"GIF89a"))
        (True, False)
    """
    if isinstance(contents, bytes):
        return np.bool_(contents.startswith(b"\xff\xd8\xff"))
    values = np.asarray(contents, object)
    found = np.array([bytes(one).startswith(b"\xff\xd8\xff") for one in values.reshape(-1)], bool)
    return found.reshape(values.shape)[()]
