"""`decode_base64` and `encode_base64`: bytes as text that may stand in a URL.

Format: RFC 4648, section 5, with or without padding.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import numpy as np

from feedline.errors import FileFormatError
from feedline.io.strings_given import as_strings

_TEXT = re.compile(rb"[A-Za-z0-9_-]*={0,2}")


def decode_base64(input: Any, name: str | None = None) -> Any:
    """Decodes web-safe base64.

    Args:
        input: `bytes`, or an array of them; "-" and "_" stand for 62 and 63, padding with "=" may be left out.
        name: not used.

    Returns:
        `bytes`, or an object array of them of the same shape.

    Raises:
        FileFormatError: it is no such text.

    Example:
        >>> decode_base64(b"aGk_")
        b'hi?'
    """
    texts = as_strings(input, "decode_base64")
    out = np.empty(texts.shape, object)
    for index, text in np.ndenumerate(texts):
        out[index] = _decoded(text)
    return out[()]


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Encodes bytes as web-safe base64.

    Args:
        input: `bytes`, or an array of them.
        pad: whether to fill up to a multiple of four letters with "=".
        name: not used.

    Returns:
        `bytes`, or an object array of them of the same shape.

    Example:
        >>> encode_base64(b"hi?"), encode_base64(b"h"), encode_base64(b"h", pad=True)
        (b'aGk_', b'aA', b'aA==')
    """
    values = as_strings(input, "encode_base64")
    out = np.empty(values.shape, object)
    for index, value in np.ndenumerate(values):
        text = base64.urlsafe_b64encode(value)
        out[index] = text if pad else text.rstrip(b"=")
    return out[()]


def _decoded(text: bytes) -> bytes:
    letters = text.rstrip(b"=")
    padded = len(letters) != len(text)
    if not _TEXT.fullmatch(text) or len(letters) % 4 == 1 or (padded and len(text) % 4):
        hint = ' "+" and "/" are written "-" and "_" there.' if b"+" in text or b"/" in text else ""
        raise FileFormatError(
            f"{text!r:.60} is not web-safe base64.{hint}", fix="Use Python's base64.b64decode for other kinds of it."
        )
    try:
        return base64.urlsafe_b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error as error:
        raise FileFormatError(f"{text!r:.60} is not base64: {error}.", fix="Look where it was cut off.") from None
