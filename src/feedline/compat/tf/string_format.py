"""`tf.strings.format`: tensors written into a template."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.compat.tf.convert import kind_of, to_array, whole
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, DtypeError

_DIGITS = {np.dtype(np.float64): (15, 17)}
"""How many digits a float is written with, and how many where these do not tell it from its neighbours."""

_ESCAPED = {9: rb"\t", 10: rb"\n", 13: rb"\r", 34: rb"\"", 39: rb"\'", 92: rb"\\"}


def format(template: Any, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None) -> Tensor:
    """Returns a template with tensors in place of its placeholders, as TensorFlow writes them.

    Args:
        template: the text.
        inputs: a tensor, or a list with a value for each placeholder.
        placeholder: what stands in the template for a value.
        summarize: how many values at each end of a dimension are written; -1 for all.
        name: not used.

    Raises:
        ArgumentError: there are more or fewer values than placeholders.
        DtypeError: a value is ragged, sparse or complex.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.strings.format("image_{}.png", [7]).numpy()
        b'image_7.png'
    """
    if not isinstance(inputs, list | tuple | Tensor):
        raise ArgumentError(f"inputs is {inputs!r:.60}.", fix="Give a tensor, or a list of values.")
    edge = whole(summarize, "summarize")
    if edge < 1 and edge != -1:
        raise ArgumentError(f"summarize is {edge}.", fix="Give 1 or more, or -1 for all values.")
    values = [inputs] if isinstance(inputs, Tensor) else inputs
    texts = [_shown(to_array(value, None, "an input"), edge, 0) for value in values]
    parts = (template if isinstance(template, str) else bytes(to_array(template).item()).decode()).split(placeholder)
    if len(parts) - 1 != len(texts):
        raise ArgumentError(
            f"the template has {len(parts) - 1} placeholders {placeholder!r} for {len(texts)} values.",
            fix="Give one value for each.",
        )
    pieces = [piece for part, text in zip(parts, [*texts, b""], strict=True) for piece in (part.encode(), text)]
    return as_tensor(b"".join(pieces))


def _shown(array: np.ndarray, edge: int, depth: int) -> bytes:
    if array.ndim == 0:
        return _item(array)
    rows: list[bytes] = [_shown(array[number, ...], edge, depth + 1) for number in _numbers(len(array), edge)]
    if 0 <= 2 * edge < len(array):
        rows.insert(edge, b"...")
    between = b" " if array.ndim == 1 else b"\n" * (array.ndim - 1) + b" " * (depth + 1)
    return b"[" + between.join(rows) + b"]"


def _numbers(length: int, edge: int) -> list[int]:
    numbers = list(range(length))
    return numbers if edge < 0 or length <= 2 * edge else numbers[:edge] + numbers[-edge:]


def _item(array: np.ndarray) -> bytes:
    kind = kind_of(array.dtype)
    if kind == "O":
        return b'"' + b"".join(map(_escaped, array.item())) + b'"'
    if kind == "c":
        raise DtypeError("complex numbers are not written.", fix="Give their parts.")
    if kind != "f":
        return str(int(array)).encode()
    few, many = _DIGITS.get(array.dtype, (6, 9))
    wide = np.float64 if array.dtype == np.float64 else np.float32
    number = wide(array)
    text = f"{float(number):.{few}g}"
    same = wide(float(text)) == number or np.isnan(number)
    return (text if same else f"{float(number):.{many}g}").encode()


def _escaped(byte: int) -> bytes:
    if byte in _ESCAPED:
        return _ESCAPED[byte]
    return b"\\%03o" % byte if byte < 32 or byte == 127 else bytes([byte])
