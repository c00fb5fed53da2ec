"""`tf.compat` by feedline: text and bytes."""

from __future__ import annotations

from typing import Any

from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import plain
from feedline.errors import DtypeError

__all__ = ["as_bytes", "as_str", "as_text"]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.compat", name, __all__)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Returns text, or bytes, as bytes."""
    value = plain(bytes_or_text)
    if isinstance(value, str):
        return value.encode(encoding)
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise DtypeError(f"{value!r:.60} is neither text nor bytes.", fix="Give str or bytes.")


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Returns bytes, or text, as text."""
    value = plain(bytes_or_text)
    return value if isinstance(value, str) else as_bytes(value).decode(encoding)


as_str = as_text
