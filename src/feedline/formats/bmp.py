"""BMP files: uncompressed grey, BGR and BGRA.

Format: Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER. Refused, because TensorFlow would return something else than
the picture: compressed images, 16-bit pixels, and 8-bit images whose palette is not grey (TensorFlow returns the
palette's indices).
"""

from __future__ import annotations

import struct

import numpy as np

from feedline.errors import ImageDecodeError, ImageTooLargeError

MAX_PIXELS = (2**31 - 1) // 8 - 1  # TensorFlow's limit
_fields = struct.Struct("<IIiiHHI").unpack_from
_CONVERT = "Convert it to an uncompressed BMP of 24 bits, or to PNG."


def _defect(what: str, offset: int, fix: str = _CONVERT) -> ImageDecodeError:
    return ImageDecodeError(what, where=[f"byte {offset} of the BMP"], fix=fix)


def decode_bmp_bytes(contents: bytes | memoryview, channels: int = 0) -> np.ndarray:
    """Returns a BMP's pixels.

    Args:
        contents: the whole file.
        channels: 0 for as many as the file has, 3 or 4.

    Returns:
        uint8 (height, width, channels).

    Raises:
        ImageDecodeError: it is not a BMP, is damaged, or is of a kind that is not decoded.
        ImageTooLargeError: it promises more pixels than `MAX_PIXELS`.
    """
    size = len(contents)
    if bytes(contents[:2]) != b"BM":
        from feedline.formats.signature import describe

        raise _defect(
            f"the contents are not a BMP: {describe(contents)}.",
            0,
            "Use fl.io.decode_image to decode by what the bytes are.",
        )
    if size < 54:
        raise _defect(f"the BMP ends after {size} bytes, within its header of 54.", size)
    start, header_length, width, height, _, bits, compression = _fields(contents, 10)
    if header_length < 40:
        raise _defect(f"the header is {header_length} bytes long, of OS/2's kind, which is not decoded.", 14)
    if width <= 0 or height == 0:
        raise _defect(f"the image is {width} x {height} pixels.", 18, "The file is damaged: write it again.")
    if bits not in (8, 24, 32):
        raise _defect(f"the image has {bits} bits a pixel; 8 (grey), 24 and 32 are decoded.", 28)
    if compression and not (compression in (3, 6) and bits == 32):
        raise _defect(f"the image is compressed (method {compression}), which is not decoded.", 30)
    if compression:
        masks = struct.unpack_from("<3I", contents, 54) if size >= 66 else ()
        if masks != (0xFF0000, 0xFF00, 0xFF):
            raise _defect("the channels are not in the order blue, green, red, alpha.", 54)
    stored, rows = bits // 8, abs(height)
    if width * rows > MAX_PIXELS:
        raise ImageTooLargeError(
            f"the BMP's header promises {width:,} x {rows:,} pixels; at most {MAX_PIXELS:,} are decoded.",
            where=["byte 18 of the BMP"],
            fix="If the image is real, cut it into tiles; if not, leave the file out.",
        )
    row_length = (stored * width + 3) // 4 * 4
    if start < 14 + header_length or size - start != row_length * rows:
        raise _defect(
            f"{width} x {rows} pixels of {bits} bits from byte {start} on need {row_length * rows:,} bytes; "
            f"there are {max(0, size - start):,}.",
            10,
            "The file is cut off or damaged: fetch or write it again.",
        )
    if stored == 1:
        _check_gray_palette(contents, 14 + header_length, start)
    padded = np.frombuffer(contents, np.uint8, row_length * rows, start).reshape(rows, row_length)
    pixels = padded[:, : stored * width].reshape(rows, width, stored)
    return _convert(pixels if height < 0 else pixels[::-1], channels or stored)


def _check_gray_palette(contents: bytes | memoryview, first: int, end: int) -> None:
    count = min((end - first) // 4, 256)
    palette = np.frombuffer(contents, np.uint8, count * 4, first).reshape(-1, 4)[:, :3]
    if count and not (palette == np.arange(count, dtype=np.uint8)[:, None]).all():
        raise _defect("the 8-bit image has a palette of colours, which is not decoded.", first)


def _convert(pixels: np.ndarray, channels: int) -> np.ndarray:
    stored = pixels.shape[2]
    out = np.empty((*pixels.shape[:2], channels), np.uint8)
    if stored == 1:
        out[:, :, : min(channels, 3)] = pixels
    else:
        out[:, :, :3] = pixels[:, :, 2::-1]
    if channels == 4:
        out[:, :, 3] = pixels[:, :, 3] if stored == 4 else 255
    return out
