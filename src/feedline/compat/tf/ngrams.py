"""`tf.strings.ngrams`: neighbouring strings joined."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.compat.tf.convert import to_array, whole, wholes
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import as_tensor
from feedline.compat.tf.text import row_of
from feedline.errors import ArgumentError, ShapeError
from feedline.spec import string


def ngrams(
    data: Any, ngram_width: Any, separator: Any = " ", pad_values: Any = None, padding_width: Any = None,
    preserve_short_sequences: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Returns the strings that each n neighbours make.

    Args:
        data: strings, dense or ragged; the innermost dimension is a row of neighbours.
        ngram_width: n; or several, whose results come one after the other.
        separator: what stands between.
        pad_values: a string that is put before and after each row, or a pair of them; None for none.
        padding_width: how many at each end; None, and at the most, n - 1.
        preserve_short_sequences: whether a row that is too short for all n becomes one string.
        name: not used.

    Raises:
        ShapeError: there is no row.
        ArgumentError: n or the padding is below 1.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.strings.ngrams(["a", "b", "c"], 2).numpy().tolist()
        [b'a b', b'b c']
    """
    widths = wholes(ngram_width, "ngram_width")
    if any(width < 1 for width in widths):
        raise ArgumentError(f"ngram_width is {ngram_width!r}.", fix="Give 1 or more.")
    if padding_width is not None and (pad_values is None or whole(padding_width, "padding_width") < 1):
        raise ArgumentError(f"padding_width is {padding_width!r}.", fix="Give 1 or more, and pad_values.")
    between: Any = to_array(separator, string, "separator")[()]
    left, right = _pads(pad_values)
    most = whole(padding_width, "padding_width") if padding_width is not None else max(widths, default=1) - 1

    def made(row: list[bytes]) -> list[bytes]:
        found = []
        for width in widths:
            count = 0 if left is None else min(most, width - 1)
            padded = [left] * count + row + [right] * count
            found += [between.join(padded[at : at + width]) for at in range(len(padded) - width + 1)]
        if not found and row and preserve_short_sequences:
            count = 0 if left is None else most
            found = [between.join([left] * count + row + [right] * count)]
        return found

    if not isinstance(data, RaggedTensor):
        array = to_array(data, None, "data")
        array = to_array(data, string, "data") if array.size else array.astype(object)
        if array.ndim == 0:
            raise ShapeError("a single string has no neighbours.", fix="Use tf.strings.split first.")
        count = int(np.prod(array.shape[:-1], dtype=np.int64))
        rows = [made(row) for row in array.reshape(count, array.shape[-1]).tolist()]
        if not rows:
            return as_tensor(np.empty((*array.shape[:-1], 0), object))
        return as_tensor(row_of([text for row in rows for text in row]).reshape(*array.shape[:-1], len(rows[0])))
    values = data.values
    if isinstance(values, RaggedTensor) or len(values.shape) > 1:
        return data.with_values(ngrams(values, widths, separator, pad_values, padding_width, preserve_short_sequences))
    rows = [made(row.numpy().tolist()) for row in data]
    lengths = np.array([len(row) for row in rows], data.row_splits.dtype)
    return RaggedTensor.from_row_lengths(row_of([text for row in rows for text in row]), lengths)


def _pads(pad_values: Any) -> tuple[Any, Any]:
    if pad_values is None:
        return None, None
    if isinstance(pad_values, list | tuple):
        if len(pad_values) != 2:
            raise ArgumentError(f"pad_values has {len(pad_values)} strings.", fix="Give one, or a pair.")
        left, right = pad_values
    else:
        left = right = pad_values
    return to_array(left, string, "pad_values")[()], to_array(right, string, "pad_values")[()]
