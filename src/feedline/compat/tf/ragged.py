"""`tf.ragged` by feedline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.convert import leaves, to_array, to_tensor
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.picking import boolean_mask as _boolean_mask
from feedline.compat.tf.ragged_tensor import RaggedTensor, as_plain_ragged
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError

__all__ = ["boolean_mask", "constant", "map_flat_values", "range", "stack"]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.ragged", name, __all__)


def constant(
    pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None, name: str | None = None,
    row_splits_dtype: Any = np.int64,
) -> Any:  # fmt: skip
    """Returns nested lists, whose lengths may differ, as a ragged tensor.

    Args:
        pylist: the lists; all values stand equally deep.
        dtype: the dtype; None for the values' own.
        ragged_rank: how many dimensions are ragged; None for all but the outermost.
        inner_shape: not covered.
        name: not used.
        row_splits_dtype: the dtype of the row splits.

    Raises:
        ShapeError: values stand at different depths.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.ragged.constant([[1, 2], [], [3]])
        <tf.RaggedTensor [[1, 2], [], [3]], dtype=int32>
    """
    if inner_shape is not None:
        raise ArgumentError("ragged.constant with inner_shape is not covered.", fix="Give ragged_rank.")
    depth = _depth(pylist)
    if depth <= 1 and not ragged_rank:
        return to_tensor(pylist, dtype)
    rank = depth - 1 if ragged_rank is None else ragged_rank
    if not 0 <= rank < max(depth, 2):
        raise ArgumentError(f"ragged_rank is {rank} for lists {depth} deep.", fix=f"Give at most {depth - 1}.")
    if dtype is None:
        values = list(leaves(pylist))
        dtype = to_array(values).dtype
    return _rows(pylist, rank, dtype, row_splits_dtype)


def _depth(value: Any) -> int:
    """Returns how deep the values in nested lists stand; an empty list may stand for any depth below it."""
    if isinstance(value, np.ndarray):
        return value.ndim
    if not isinstance(value, list | tuple):
        return 0
    depths = {(_depth(part), isinstance(part, list | tuple) and not len(part)) for part in value}
    full = {depth for depth, empty in depths if not empty}
    empty = max((depth for depth, empty in depths if empty), default=0)
    if len(full) > 1 or (full and empty > max(full)):
        raise ShapeError("values stand at different depths of the lists.", fix="Nest all values equally deep.")
    return 1 + max(full, default=empty)


def _rows(values: Any, rank: int, dtype: Any, splits_dtype: Any) -> Any:
    if rank == 0:
        return to_tensor(values, dtype)
    lengths = [len(row) for row in values]
    inner = [value for row in values for value in row]
    return RaggedTensor.from_row_lengths(
        _rows(inner, rank - 1, dtype, splits_dtype), np.array(lengths, np.int64), splits_dtype
    )


def stack(values: Any, axis: Any = 0, name: str | None = None) -> Any:
    """Returns tensors as the rows of a ragged tensor.

    Args:
        values: tensors that agree in all dimensions but the first, or ragged tensors.
        axis: must be 0.
    """
    if axis != 0:
        raise ArgumentError(f"ragged.stack with axis {axis} is not covered.", fix="Stack along axis 0.")
    rows = [value if isinstance(value, RaggedTensor) else to_array(value) for value in values]
    if rows and isinstance(rows[0], np.ndarray) and rows[0].ndim == 0:
        return to_tensor(values)
    return RaggedTensor.from_rows([as_plain_ragged(_ragged_within(row)) for row in rows])


def _ragged_within(row: Any) -> Any:
    """Returns a tensor of rank 2 or more with all dimensions but the first ragged: rows may differ in any."""
    if isinstance(row, RaggedTensor) or row.ndim < 2:
        return row
    flat = row.reshape(-1, *row.shape[2:])
    return RaggedTensor.from_row_lengths(_ragged_within(flat), np.full(len(row), row.shape[1], np.int64))


def range(starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None) -> Any:
    """Returns a ragged tensor whose rows are numbers in a row; the arguments are `tf.range`'s, one for each row."""
    from feedline.compat.tf import making

    if limits is None:
        starts, limits = 0, starts
    columns = np.broadcast_arrays(*[to_array(value) for value in (starts, limits, deltas)])
    rows = zip(*(np.atleast_1d(column) for column in columns), strict=True)
    return stack([making.range(start, limit, delta, dtype) for start, limit, delta in rows])


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """Returns what is left of each row where a mask is True.

    Args:
        data: a tensor or a ragged tensor.
        mask: bools of the same shape.
    """
    if not isinstance(data, RaggedTensor):
        array, kept = to_array(data), to_array(mask, bool, "mask")
        if kept.ndim < 2:
            return _boolean_mask(array, kept)
        data = RaggedTensor.from_tensor(array)
        mask = RaggedTensor.from_tensor(kept)
    rows = [_boolean_mask(row, kept) for row, kept in zip(data, mask, strict=True)]
    return RaggedTensor.from_rows([np.asarray(row) for row in rows])


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Returns what a function makes of the innermost values of ragged tensors, in rows of the same lengths."""
    first = next((value for value in (*args, *kwargs.values()) if isinstance(value, RaggedTensor)), None)
    flat = [_flat(value) for value in args]
    result = op(*flat, **{name: _flat(value) for name, value in kwargs.items()})
    return result if first is None else first.with_flat_values(result)


def _flat(value: Any) -> Tensor | Any:
    return as_tensor(np.asarray(value.flat_values)) if isinstance(value, RaggedTensor) else value
