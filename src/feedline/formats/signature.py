"""What bytes are, by how they begin."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from feedline.errors import DtypeError, FileFormatError, ImageDecodeError, ShapeError, with_article

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
)
_OTHERS = (
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "ZIP (or .npz)"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "PDF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"version https://git-lfs", "Git LFS pointer"),
)
_DECODERS = {
    "JPEG": "io.decode_jpeg",
    "PNG": "io.decode_png",
    "GIF": "io.decode_gif",
    "BMP": "io.decode_bmp",
    "WebP": "io.decode_webp",
    "npy": "io.decode_npy",
}


def image_format(contents: bytes | memoryview) -> str | None:
    """Returns "JPEG", "PNG", "GIF", "BMP" or "WebP" by the first bytes, or None where they are no image's.

    The tests are TensorFlow's, and as short: two bytes make a BMP.

    Example:
        >>> image_format(b"GIF89a..."), image_format(b"hello")
        ('GIF', None)
    """
    head = bytes(contents[:16])
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return None


def known_format(contents: bytes | memoryview) -> str | None:
    """Returns the name of the format that bytes begin like, image or not, or None where it is not known."""
    head = bytes(contents[:32])
    for signature, name in _OTHERS:
        if head.startswith(signature):
            return name
    found = image_format(contents)
    # Two letters are thin evidence: a BMP also has a header.
    return None if found == "BMP" and len(contents) < 26 else found


def whole_file_format(contents: bytes | memoryview) -> str | None:
    """Returns "npy", "PNG", "JPEG" or "GIF" where bytes begin as such a file does and raw numbers hardly can."""
    head = bytes(contents[:16])
    if head[:6] == b"\x93NUMPY" and head[6:7] in (b"\1", b"\2", b"\3"):
        return "npy"
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:] == b"IHDR":
        return "PNG"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if head[:3] == b"\xff\xd8\xff" and head[3:4] in (b"\xe0", b"\xe1", b"\xe2", b"\xee", b"\xdb", b"\xfe"):
        # The first segment's length must lead to another marker.
        at = 4 + int.from_bytes(head[4:6], "big")
        return "JPEG" if bytes(contents[at : at + 1]) == b"\xff" else None
    return None


def decoder_of(name: str) -> str | None:
    """Returns the function of feedline that decodes a format, or None."""
    return _DECODERS.get(name)


def describe(contents: bytes | memoryview) -> str:
    """Says how many bytes there are and what they look like.

    Example:
        >>> describe(b"GIF89a")
        '6 bytes that begin like a GIF file'
        >>> describe(b"hello")
        "5 bytes of no known format (they begin b'hello')"
    """
    size = f"{len(contents):,} byte{'' if len(contents) == 1 else 's'}"
    name = known_format(contents)
    if name is not None:
        return f"{size} that begin like a {name} file"
    return f"{size} of no known format (they begin {bytes(contents[:8])!r})"


def as_contents(contents: Any, function: str, empty: type[FileFormatError] = ImageDecodeError) -> bytes | memoryview:
    """Returns the bytes that a decoder was given: a `bytes`, or a scalar that holds one.

    Args:
        contents: `bytes`, another buffer, or a scalar array or tensor of one string.
        function: the decoder's name, for messages.
        empty: the error to raise where there are no bytes.

    Raises:
        DtypeError: it is not bytes; a `str` is taken for a file's name.
        ShapeError: it is an array of several strings.
        FileFormatError: there are no bytes.
    """
    if type(contents) is not bytes:
        contents = _unwrap(contents, function)
    if not len(contents):
        raise empty(f"{function} was given no bytes at all.", fix="The file is empty: delete it or write it again.")
    return contents


def _unwrap(contents: Any, function: str) -> bytes | memoryview:
    if isinstance(contents, str | os.PathLike):
        raise DtypeError(
            f"{function} needs a file's bytes; it was given {os.fspath(contents)!r}, which is text.",
            fix=f"If it is a file's name, read the file first: {function}(fl.io.read_file(name)).",
        )
    if isinstance(contents, bytes):
        return bytes(contents)
    if isinstance(contents, bytearray | memoryview):
        return memoryview(contents).cast("B")
    if hasattr(contents, "numpy") and not isinstance(contents, np.ndarray):
        contents = contents.numpy()
        if isinstance(contents, bytes):
            return contents
    if isinstance(contents, np.ndarray):
        if contents.shape == ():
            return _unwrap(contents.item(), function)
        if contents.dtype.kind in "SUO":
            raise ShapeError(
                f"{function} decodes one file's bytes; it was given an array of {contents.shape} strings.",
                fix="Decode before the batch: ds.map(decode).batch(n), or index the array.",
            )
        raise DtypeError(
            f"{function} needs a file's bytes; it was given a {contents.dtype} array of shape {contents.shape}.",
            fix="The image may be decoded already; if it is raw file bytes, pass array.tobytes().",
        )
    raise DtypeError(
        f"{function} needs a file's bytes; it was given {with_article(type(contents).__name__)}.",
        fix="Pass bytes, as fl.io.read_file returns them.",
    )
