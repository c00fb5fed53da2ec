"""`decode_compressed`: what zlib or gzip compressed, as it was.

Formats: RFC 1950 (zlib), RFC 1952 (gzip).
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, FileFormatError
from feedline.io.strings_given import as_strings

_WINDOWS = {"": 0, "ZLIB": 15, "GZIP": 31}


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Decompresses strings.

    Args:
        bytes: `bytes`, or an array of them, each compressed whole.
        compression_type: "ZLIB", "GZIP", or "" for what is not compressed.
        name: not used.

    Returns:
        `bytes`, or an object array of them of the same shape.

    Raises:
        FileFormatError: a string is not compressed that way, or is damaged or cut off.
        ArgumentError: there is no such compression.

    Example:
        >>> decode_compressed(zlib.compress(b"hello"), "ZLIB")
        b'hello'
    """
    if compression_type not in _WINDOWS:
        raise ArgumentError(f"compression_type is {compression_type!r}.", fix='Use "ZLIB", "GZIP" or "".')
    values = as_strings(bytes, "decode_compressed")
    if not compression_type:
        return values[()]
    out = np.empty(values.shape, object)
    for index, value in np.ndenumerate(values):
        out[index] = _inflated(value, compression_type)
    return out[()]


def _inflated(value: bytes, compression_type: str) -> bytes:
    parts: list[bytes] = []
    rest = value
    while rest or not parts:
        inflater = zlib.decompressobj(_WINDOWS[compression_type])
        try:
            parts.append(inflater.decompress(rest))
        except zlib.error as error:
            raise FileFormatError(
                f"the {len(value):,} bytes are not {compression_type}: {error}.",
                fix="Give the compression_type that they were written with.",
            ) from None
        if not inflater.eof:
            raise FileFormatError(
                f"the {compression_type} data of {len(value):,} bytes ends before it is complete.",
                fix="Look where the bytes were cut off.",
            )
        rest = inflater.unused_data
    return b"".join(parts)
