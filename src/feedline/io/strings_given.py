"""Strings as functions of `tf.io` are given them: one, or an array of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.strings import PackedStrings


def as_strings(value: Any, operation: str) -> np.ndarray:
    """Returns an object array of `bytes`, of no dimension for a single string.

    Args:
        value: `bytes`, `str`, or an array, list or tensor of them.
        operation: who asks, for messages.

    Raises:
        DtypeError: it holds something else.
        ShapeError: it is lists of differing lengths.

    Example:
        >>> as_strings([b"a", "b"], "decode_csv")
        array([b'a', b'b'], dtype=object)
    """
    if isinstance(value, PackedStrings):
        return value.array()
    if not isinstance(value, np.ndarray) and hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, bytes | str | bytearray | memoryview):
        single = np.empty((), object)
        single[()] = value.encode() if isinstance(value, str) else bytes(value)
        return single
    try:
        array = np.array(value, object) if not isinstance(value, np.ndarray) else value.astype(object)
    except ValueError:
        array = np.empty(1, object)
    flat = [one.encode() if isinstance(one, str) else one for one in array.reshape(-1).tolist()]
    for one in flat:
        if isinstance(one, list | tuple | np.ndarray):
            raise ShapeError(
                f"{operation} was given lists of differing lengths.", fix="Give one list, or one string at a time."
            )
        if not isinstance(one, bytes):
            raise DtypeError(
                f"{operation} takes bytes; it was given a {type(one).__name__}.",
                fix="Give the bytes that read_file or a dataset of lines gave.",
            )
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(array.shape)


def as_text(value: Any, name: str) -> bytes:
    """Returns an argument that is text as bytes.

    Raises:
        ArgumentError: it is not text.
    """
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return bytes(value)
    raise ArgumentError(f"{name} is {value!r:.60}, which is not text.", fix="Give a str.")
