"""How a fitted Preprocess is written: JSON that gives every number back bit by bit, and its fingerprint."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import numpy as np

from feedline.errors import FileFormatError, FingerprintError

FORMAT = "feedline.Preprocess"
VERSION = 1
_WIDTH = 100
_DTYPES = ("bool", "int32", "int64", "float32", "float64")


def encoded(value: Any) -> Any:
    """Returns a value as JSON holds it: bytes as `{"text": ...}` or `{"base64": ...}`, arrays as `{"float64": ...}`.

    Raises:
        TypeError: it is of a kind that is not stored.

    Example:
        >>> encoded(np.array([0.1, 2.0])), encoded([b"a", b"b"])
        ({'float64': [0.1, 2.0]}, {'texts': ['a', 'b']})
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.name not in _DTYPES:
            raise TypeError(f"an array of {value.dtype}")
        return {value.dtype.name: value.tolist()}
    if isinstance(value, bytes):
        return {"text": value.decode()} if _is_text(value) else {"base64": base64.b64encode(value).decode()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(part, bytes) and _is_text(part) for part in value):
            return {"texts": [part.decode() for part in value]}
        return [encoded(part) for part in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {"dict": {name: encoded(part) for name, part in value.items()}}
    raise TypeError(f"a {type(value).__name__}")


def decoded(value: Any) -> Any:
    """Returns the value that `encoded` made JSON of.

    Raises:
        ValueError: it was made by something else.
    """
    if isinstance(value, list):
        return [decoded(part) for part in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind in _DTYPES:
        array = np.array(content, kind)
        return array if array.ndim else array[()]
    if kind == "text":
        return content.encode()
    if kind == "texts":
        return [text.encode() for text in content]
    if kind == "base64":
        return base64.b64decode(content, validate=True)
    if kind == "dict":
        return {name: decoded(part) for name, part in content.items()}
    raise ValueError(f"a value of the kind {kind!r}")


def encoded_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """Returns named values as JSON holds them."""
    return {name: encoded(value) for name, value in parts.items()}


def decoded_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """Returns the named values that `encoded_parts` made JSON of."""
    return {name: decoded(value) for name, value in parts.items()}


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def fingerprint_of(body: dict[str, Any]) -> str:
    """Returns 32 hexadecimal digits that stand for all that a Preprocess does."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def to_text(body: dict[str, Any]) -> str:
    """Returns the content of a file."""
    whole = {"format": FORMAT, "version": VERSION, "fingerprint": fingerprint_of(body), **body}
    return _laid_out(whole, "") + "\n"


def _laid_out(value: Any, margin: str) -> str:
    """Returns JSON with what is short on one line, and long lists of short things as running text."""
    short = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(short) + len(margin) <= _WIDTH or not isinstance(value, list | dict):
        return short
    inner = margin + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name, ensure_ascii=False)}: {_laid_out(part, inner)}" for name, part in value.items()]
    else:
        parts = [_laid_out(part, inner) for part in value]
    if isinstance(value, list) and not any(isinstance(part, list | dict) for part in value):
        lines = [""]
        for part in parts:
            if lines[-1] and len(inner) + len(lines[-1]) + len(part) > _WIDTH:
                lines.append("")
            lines[-1] += f"{part}, "
        body = f"\n{inner}".join(line.rstrip() for line in lines).removesuffix(",")
    else:
        body = f",\n{inner}".join(parts)
    first, last = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{first}\n{inner}{body}\n{margin}{last}"


def from_text(content: bytes, path: str) -> dict[str, Any]:
    """Returns what is in the content of a file, checked against its fingerprint.

    Raises:
        FileFormatError: it is none of ours, cut short, or from a later version.
        FingerprintError: it was changed after it was written.
    """
    try:
        whole = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FileFormatError(
            f"{path} is not JSON, or is cut short ({error}).",
            fix="Save the fitted Preprocess again: preprocess.save(path).",
        ) from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise FileFormatError(
            f"{path} was not written by Preprocess.save().", fix="Give the file that preprocess.save(path) wrote."
        )
    version = whole.get("version")
    if version != VERSION:
        raise FileFormatError(
            f"{path} has version {version!r} of the format, and this feedline reads version {VERSION}.",
            fix="Read it with the feedline that wrote it, or a later one.",
        )
    body = {name: part for name, part in whole.items() if name not in ("format", "version", "fingerprint")}
    try:
        found: str | None = fingerprint_of(body)
    except (ValueError, TypeError):  # NaN, which we never write
        found = None
    if found != whole.get("fingerprint"):
        raise FingerprintError(
            f"{path} was changed after it was saved: its fingerprint is {whole.get('fingerprint')}, that of its "
            f"content {found}.",
            fix="Take the file that was saved with the model, or fit and save anew; it is not meant to be edited.",
        )
    return body
