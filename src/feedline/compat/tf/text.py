"""What the functions of `tf.strings` share: something done to each string of a tensor, or of a ragged one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.convert import to_array
from feedline.compat.tf.ragged_parts import leading
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import as_tensor
from feedline.errors import ArgumentError
from feedline.spec import as_dtype, string


def each(values: Any, function: Callable[[bytes], Any], dtype: Any = string) -> Any:
    """Returns what a function makes of each string, in the shape of the input."""
    if isinstance(values, RaggedTensor):
        return values.on_flat_values(lambda flat: each(flat, function, dtype))
    array = to_array(values, string, "the text")
    result = np.empty(array.shape, as_dtype(dtype))
    flat = result.reshape(-1)
    for number, value in enumerate(array.reshape(-1).tolist()):
        flat[number] = function(value)
    return as_tensor(result)


def parts(input: Any, function: Callable[[bytes], list[Any]], dtype: Any = string) -> Any:
    """Returns what a function cuts each string into, as a tensor for one string and as a ragged one for several."""
    if isinstance(input, RaggedTensor):
        return input.on_flat_values(lambda flat: parts(flat, function, dtype))
    array = to_array(input, string, "input")
    if array.ndim == 0:
        return as_tensor(row_of(function(array.item()), dtype))
    rows = [function(value) for value in array.reshape(-1).tolist()]
    values = row_of([part for row in rows for part in row], dtype)
    made = RaggedTensor.from_row_lengths(values, np.array([len(row) for row in rows], np.int64))
    return leading(made, array.shape)


def row_of(values: list[Any], dtype: Any = string) -> np.ndarray:
    """Returns a list of strings, or of numbers, as an array."""
    array = np.empty(len(values), as_dtype(dtype))
    array[:] = values
    return array


def decoded(value: bytes) -> str:
    """Returns the text that a string holds in UTF-8.

    Raises:
        ArgumentError: it is not UTF-8.
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ArgumentError(
            f"the string {value[:40]!r} is not UTF-8.", fix="Decode it before, or work on its bytes."
        ) from None


def single_text(value: Any, name: str) -> str:
    """Returns an argument that must be one string.

    Raises:
        ArgumentError: it is several, or not UTF-8.
    """
    array = to_array(value, string, name)
    if array.ndim:
        raise ArgumentError(f"{name} has the shape {array.shape}; one string is wanted.", fix="Give one string.")
    return decoded(array.item())
