"""Functions of each value of several tensors, some of them ragged: their rows are brought together first.

A dimension of length 1 is repeated, as in NumPy; rows of ragged dimensions must have the same lengths on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedline.compat.tf.ragged_making import splits_of
from feedline.compat.tf.ragged_parts import leading, take_rows
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import as_tensor
from feedline.errors import ShapeError


def any_ragged(*values: Any) -> bool:
    """Says whether one of the values is ragged."""
    return any(isinstance(value, RaggedTensor) for value in values)


def elementwise(function: Callable[..., Any], *values: Any) -> Any:
    """Returns what a function of tensors, which it broadcasts, makes of tensors of which some are ragged.

    Args:
        function: the function.
        *values: ragged tensors, and tensors of the same dtype or what the function makes them of.

    Raises:
        ShapeError: the shapes do not go together.
    """
    ragged = [value for value in values if isinstance(value, RaggedTensor)]
    widest = max(ragged, key=lambda value: value.ragged_rank)
    others = [value for value in values if not isinstance(value, RaggedTensor)]
    inner = widest.flat_values.ndim - 1
    if all(_same_rows(value, widest) for value in ragged) and all(np.ndim(value) <= inner for value in others):
        flat = function(*(value.flat_values if isinstance(value, RaggedTensor) else value for value in values))
        return widest.with_flat_values(flat)
    rank = max(_rank(value) for value in values)
    same_rank = [_with_rank(value, rank) for value in values]
    count = _common([len(value) for value in same_rank], [len(value) == 1 for value in same_rank], values)
    rows = [value if len(value) == count else take_rows(value, np.zeros(count, np.int64)) for value in same_rank]
    brought = _with_same_rows(rows, widest.row_splits.dtype)
    return brought[0].with_flat_values(function(*(value.flat_values for value in brought)))


def _same_rows(one: RaggedTensor, other: RaggedTensor) -> bool:
    pairs = zip(one.nested_row_splits, other.nested_row_splits, strict=False)
    return one.ragged_rank == other.ragged_rank and all(np.array_equal(a, b) for a, b in pairs)


def _rank(value: Any) -> int:
    return len(value.shape) if isinstance(value, RaggedTensor) else np.ndim(value)


def _with_rank(value: Any, rank: int) -> Any:
    """Returns a value with dimensions of length 1 put before its own until it has a rank."""
    array = value if isinstance(value, RaggedTensor) else np.asarray(value)
    for _ in range(rank - _rank(value)):
        array = leading(array, (1, len(array)) if isinstance(array, RaggedTensor) else (1, *array.shape[:1]))
    return array


def _with_same_rows(values: Sequence[Any], dtype: Any) -> list[Any]:
    """Returns values with as many rows each, some of them ragged, with all rows as long as those of the others.

    Args:
        values: ragged tensors and arrays.
        dtype: the dtype of new row splits.
    """
    if not any_ragged(*values):
        return [as_tensor(np.asarray(value)) for value in values]
    lengths = [_row_lengths(value) for value in values]
    repeated = [value.shape[1] == 1 for value in values]
    wanted = _common(lengths, repeated, values)
    inner = []
    for value, have in zip(values, lengths, strict=True):
        rows = value.values if isinstance(value, RaggedTensor) else value.reshape(-1, *value.shape[2:])
        same = np.array_equal(have, wanted)
        inner.append(rows if same else take_rows(rows, np.repeat(np.arange(len(wanted)), wanted)))
    splits = splits_of(wanted.astype(dtype))
    return [RaggedTensor._with_splits(value, splits) for value in _with_same_rows(inner, dtype)]


def _common(lengths: Sequence[Any], repeated: Sequence[bool], values: Sequence[Any]) -> Any:
    """Returns the lengths that all values have which cannot be repeated.

    Raises:
        ShapeError: these have different ones.
    """
    fixed = [length for length, free in zip(lengths, repeated, strict=True) if not free]
    if any(not np.array_equal(length, fixed[0]) for length in fixed):
        shapes = " and ".join(str(tuple(np.shape(value) if _dense(value) else value.shape)) for value in values)
        raise ShapeError(
            f"the rows of {shapes} differ in length.",
            fix="Bring them to one length, for example with .to_tensor(), or repeat dimensions of length 1.",
        )
    return fixed[0] if fixed else lengths[0]


def _dense(value: Any) -> bool:
    return not isinstance(value, RaggedTensor)


def _row_lengths(value: Any) -> np.ndarray:
    if isinstance(value, RaggedTensor):
        return np.diff(np.asarray(value.row_splits)).astype(np.int64)
    return np.full(len(value), value.shape[1], np.int64)
