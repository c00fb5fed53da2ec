"""Parts of ragged tensors: rows and slices of them, the places of their values, dimensions merged."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.compat.tf.convert import axis_of
from feedline.compat.tf.ragged_making import splits_of
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.sparse_tensor import SparseTensor
from feedline.compat.tf.tensor import Tensor, as_tensor, plain_index
from feedline.errors import ArgumentError


def coordinates(value: RaggedTensor) -> list[np.ndarray]:
    """Returns where the innermost values of a ragged tensor stand, an array for each dimension up to the last ragged.

    Example:
        >>> import feedline.compat.tf as tf
        >>> [places.tolist() for places in coordinates(tf.ragged.constant([[1, 2], [], [3]]))]
        [[0, 0, 2], [0, 1, 0]]
    """
    places: list[np.ndarray] = [np.arange(len(value))]
    for splits in value.nested_row_splits:
        starts, lengths = np.asarray(splits)[:-1], np.diff(np.asarray(splits))
        within = np.arange(int(splits[-1])) - np.repeat(starts, lengths)
        places = [*(np.repeat(numbers, lengths) for numbers in places), within]
    return places


def as_sparse(value: RaggedTensor) -> SparseTensor:
    """Returns a ragged tensor as a sparse one that holds every value."""
    flat, outer = np.asarray(value.flat_values), coordinates(value)
    size = int(np.prod(flat.shape[1:], dtype=np.int64))
    inner = np.indices(flat.shape[1:], np.int64).reshape(flat.ndim - 1, size)
    columns = [np.repeat(places, size) for places in outer] + [np.tile(places, len(flat)) for places in inner]
    return SparseTensor(np.stack(columns, axis=1), flat.reshape(-1), value.bounding_shape().numpy().astype(np.int64))


def take_rows(value: Any, rows: np.ndarray) -> Any:
    """Returns the rows of a ragged tensor, or of an array, at these numbers, which must be there."""
    if not isinstance(value, RaggedTensor):
        return np.asarray(value)[rows]
    splits = np.asarray(value.row_splits)
    lengths = np.diff(splits)[rows]
    new = splits_of(lengths.astype(splits.dtype))
    places = np.arange(int(new[-1])) + np.repeat(splits[:-1][rows] - new[:-1], lengths)
    return RaggedTensor._with_splits(take_rows(value.values, places), new, value._uniform_row_length)


def leading(value: Any, shape: tuple[int, ...], dtype: Any = np.int64, uniform: bool = True) -> Any:
    """Returns the rows of a ragged tensor, or of an array, in rows of rows: the first dimension becomes several.

    Args:
        value: what has as many rows as `shape` has places.
        shape: the lengths that take the place of the first.
        dtype: the dtype of new row splits.
        uniform: whether the new dimensions are known to be of one length.
    """
    if not isinstance(value, RaggedTensor):
        return np.asarray(value).reshape(*shape, *np.shape(value)[1:])
    for axis in range(len(shape) - 1, 0, -1):
        count = int(np.prod(shape[:axis], dtype=np.int64))
        splits = np.arange(count + 1, dtype=dtype) * shape[axis]
        value = RaggedTensor._with_splits(value, splits.astype(dtype), shape[axis] if uniform else None)
    return value


def ragged_as(value: Any, ragged_rank: int, dtype: Any) -> Any:
    """Returns an array, or a ragged tensor of fewer ragged dimensions, with so many of them."""
    if ragged_rank == 0:
        return value
    if isinstance(value, RaggedTensor):
        inner = ragged_as(value.values, ragged_rank - 1, dtype)
        return RaggedTensor._with_splits(inner, np.asarray(value.row_splits).astype(dtype), value._uniform_row_length)
    return RaggedTensor.from_tensor(value, ragged_rank=ragged_rank, row_splits_dtype=dtype)


def merged(value: RaggedTensor, outer_axis: Any, inner_axis: Any) -> Any:
    """Returns what `RaggedTensor.merge_dims` does."""
    rank = len(value.shape)
    first, last = axis_of(outer_axis, rank, "outer_axis"), axis_of(inner_axis, rank, "inner_axis")
    if first > last:
        raise ArgumentError(
            f"outer_axis is {first} and inner_axis {last}: there is nothing between them.", fix="Give them in order."
        )
    result: Any = value
    for _ in range(last - first):
        result = _merged_with_next(result, first)
    return result if isinstance(result, RaggedTensor) else as_tensor(np.asarray(result))


def _merged_with_next(value: Any, axis: int) -> Any:
    if not isinstance(value, RaggedTensor):
        shape = np.shape(value)
        return np.asarray(value).reshape(*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])
    if axis == 0:
        return value.values
    if axis > 1:
        return value.with_values(_merged_with_next(value.values, axis - 1))
    splits, inner = np.asarray(value.row_splits), value.values
    if isinstance(inner, RaggedTensor):
        return RaggedTensor._with_splits(inner.values, np.asarray(inner.row_splits)[splits])
    shape = np.shape(inner)
    flat = np.asarray(inner).reshape(shape[0] * shape[1], *shape[2:])
    uniform = value._uniform_row_length
    return RaggedTensor._with_splits(
        flat, (splits * shape[1]).astype(splits.dtype), None if uniform is None else uniform * shape[1]
    )


def picked(value: RaggedTensor, key: Any) -> Any:
    """Returns what `ragged[key]` does.

    Raises:
        ArgumentError: a number is given for a dimension whose rows have different lengths.
        IndexError: there is no such row.
    """
    keys = list(key) if isinstance(key, tuple | list) else [key]
    keys = [plain_index(part) for part in keys]
    if sum(part is Ellipsis for part in keys):
        at = next(number for number, part in enumerate(keys) if part is Ellipsis)
        dimensions = sum(part is not None and part is not Ellipsis for part in keys)
        keys[at : at + 1] = [slice(None)] * max(0, len(value.shape) - dimensions)
    found = _picked(value, keys)
    return found if isinstance(found, RaggedTensor) else as_tensor(found)


def _picked(value: Any, keys: list[Any]) -> Any:
    if not isinstance(value, RaggedTensor):
        return np.asarray(value)[tuple(keys)]
    if not keys:
        return value
    first, *rest = keys
    if first is None:
        return leading(_picked(value, rest), (1, len(value)), value.row_splits.dtype)
    if isinstance(first, slice):
        rows = value if first == slice(None) else take_rows(value, np.arange(len(value))[first])
        return _picked_within(rows, rest)
    number = _row_number(first)
    if not -len(value) <= number < len(value):
        raise IndexError(f"row {number} of a ragged tensor with {len(value)} rows")
    splits = np.asarray(value.row_splits)
    start, stop = splits[number % len(value)], splits[number % len(value) + 1]
    inner = value.values
    if isinstance(inner, RaggedTensor):
        return _picked(take_rows(inner, np.arange(start, stop)), rest)
    return _picked(np.asarray(inner)[start:stop], rest)


def _row_number(key: Any) -> int:
    if isinstance(key, bool) or not isinstance(key, int | np.integer):
        raise ArgumentError(
            f"a ragged tensor is indexed with {key!r:.60}.",
            fix="Use ragged[i], ragged[a:b] or ragged[:, a:b]; tf.gather for rows, tf.ragged.boolean_mask for a mask.",
        )
    return int(key)


def _picked_within(value: RaggedTensor, keys: list[Any]) -> Any:
    """Returns a ragged tensor with each of its rows indexed by the same keys."""
    if not keys:
        return value
    first, *rest = keys
    dtype = value.row_splits.dtype
    if first is None:
        inner = _picked_within(value, rest)
        return RaggedTensor._with_splits(inner, np.arange(len(value) + 1, dtype=dtype), 1)
    if isinstance(first, slice):
        rows = value if first == slice(None) else _sliced_rows(value, first)
        if not rest:
            return rows
        inner = rows.values
        found = _picked_within(inner, rest) if isinstance(inner, RaggedTensor) else _dense_within(inner, rest)
        return rows.with_values(found)
    number, length = _row_number(first), value._uniform_row_length
    if length is None:
        raise ArgumentError(
            f"the number {number} is given for a dimension whose rows have different lengths.",
            fix="Slice it, as in ragged[:, :1], or make it dense with .to_tensor().",
        )
    if not -length <= number < length:
        raise IndexError(f"the number {number} in rows of {length}")
    column = take_rows(value.values, np.asarray(value.row_splits)[:-1] + number % length)
    return _picked_within(column, rest) if isinstance(column, RaggedTensor) else _dense_within(column, rest)


def _dense_within(values: Any, keys: list[Any]) -> Tensor:
    return as_tensor(np.asarray(values)[(slice(None), *keys)])


def _sliced_rows(value: RaggedTensor, part: slice) -> RaggedTensor:
    splits = np.asarray(value.row_splits)
    bounds = [part.indices(int(length)) for length in np.diff(splits)]
    places = [np.arange(*bound) + start for bound, start in zip(bounds, splits[:-1], strict=True)]
    lengths = np.array([len(row) for row in places], splits.dtype)
    rows = np.concatenate(places).astype(np.int64) if places else np.zeros(0, np.int64)
    uniform = value._uniform_row_length
    return RaggedTensor._with_splits(
        take_rows(value.values, rows),
        splits_of(lengths),
        None if uniform is None else len(range(*part.indices(uniform))),
    )
