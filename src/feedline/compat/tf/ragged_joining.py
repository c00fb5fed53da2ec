"""Ragged tensors put together, taken apart and given more dimensions: what `tf.concat` and its kin do with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.compat.tf.convert import axis_of, to_array, whole, wholes
from feedline.compat.tf.ragged_making import splits_of
from feedline.compat.tf.ragged_parts import leading, picked, ragged_as, take_rows
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import dtype_name


def concat(values: Sequence[Any], axis: Any) -> Any:
    """Returns tensors, some of them ragged, one after the other along a dimension.

    Raises:
        ShapeError: they differ in another dimension, or in rank.
        DtypeError: their dtypes differ.
    """
    parts = _of_one_kind(values)
    where = axis_of(axis, len(parts[0].shape))
    return _concat(parts, where)


def _of_one_kind(values: Sequence[Any]) -> list[RaggedTensor]:
    """Returns tensors as ragged ones with as many ragged dimensions and one dtype."""
    ragged = [value for value in values if isinstance(value, RaggedTensor)]
    dtype = next((value.dtype for value in values if isinstance(value, Tensor | RaggedTensor)), None)
    parts = [value if isinstance(value, RaggedTensor) else to_array(value, dtype) for value in values]
    if len({len(part.shape) for part in parts}) > 1:
        shapes = ", ".join(str(tuple(part.shape)) for part in parts[:5])
        raise ShapeError(f"the shapes {shapes} are of different ranks.", fix="Use tf.expand_dims first.")
    dtypes = {part.dtype for part in parts}
    if len(dtypes) > 1:
        raise DtypeError(
            f"the tensors are of {' and '.join(sorted(map(dtype_name, dtypes)))}.", fix="Use tf.cast on one of them."
        )
    if len(parts[0].shape) < 2:
        raise ShapeError("tensors of one dimension have no rows.", fix="Use tf.concat of dense tensors.")
    depth = max((part.ragged_rank for part in ragged), default=1)
    splits = np.int32 if ragged and all(part.row_splits.dtype == np.int32 for part in ragged) else np.int64
    return [ragged_as(part, depth, splits) for part in parts]


def _concat(parts: Sequence[Any], axis: int) -> Any:
    if not isinstance(parts[0], RaggedTensor):
        return _concat_dense([np.asarray(part) for part in parts], axis)
    if len(parts) == 1:
        return parts[0]
    lengths = [np.diff(np.asarray(part.row_splits)) for part in parts]
    if axis == 0:
        inner = _concat([part.values for part in parts], 0)
        return RaggedTensor._with_splits(inner, splits_of(np.concatenate(lengths)))
    if len({len(part) for part in parts}) > 1 or (
        axis > 1 and any(not np.array_equal(length, lengths[0]) for length in lengths)
    ):
        raise ShapeError("the ragged tensors differ in more than one dimension.", fix="Make all other lengths equal.")
    if axis > 1:
        return parts[0].with_values(_concat([part.values for part in parts], axis - 1))
    inner = _concat([part.values for part in parts], 0)
    before = np.cumsum([0, *(len(part.values) for part in parts[:-1])])
    starts = np.stack([np.asarray(part.row_splits)[:-1] for part in parts], axis=1) + before
    counts = np.stack(lengths, axis=1)
    order = np.repeat(starts.reshape(-1) - splits_of(counts.reshape(-1))[:-1], counts.reshape(-1))
    rows = take_rows(inner, order + np.arange(len(order)))
    return RaggedTensor._with_splits(rows, splits_of(counts.sum(axis=1, dtype=lengths[0].dtype)))


def _concat_dense(arrays: list[np.ndarray], axis: int) -> np.ndarray:
    if len({(*array.shape[:axis], *array.shape[axis + 1 :]) for array in arrays}) > 1:
        shapes = ", ".join(str(array.shape) for array in arrays[:5])
        raise ShapeError(
            f"the innermost values have the shapes {shapes}, which differ in more than one dimension.",
            fix="Make all other lengths equal.",
        )
    return np.concatenate(arrays, axis)


def stack(values: Sequence[Any], axis: Any = 0) -> Any:
    """Returns tensors, which may differ in length and be ragged, as the rows of a ragged tensor.

    Args:
        values: the tensors, of one rank.
        axis: where the new dimension goes.
    """
    ragged = [value for value in values if isinstance(value, RaggedTensor)]
    dtype = next((value.dtype for value in values if isinstance(value, Tensor | RaggedTensor)), None)
    parts: list[Any] = [value if isinstance(value, RaggedTensor) else to_array(value, dtype) for value in values]
    if not parts:
        raise ArgumentError("stack was given no tensors.", fix="Give at least one.")
    rank = len(parts[0].shape)
    where = axis_of(axis, rank + 1)
    if any(len(part.shape) != rank for part in parts):
        shapes = ", ".join(str(tuple(part.shape)) for part in parts[:5])
        raise ShapeError(f"the shapes {shapes} are of different ranks.", fix="Use tf.expand_dims first.")
    if not ragged and where == rank:
        if len({part.shape for part in parts}) > 1:
            raise ShapeError(f"the shapes {', '.join(str(part.shape) for part in parts[:5])} differ.")
        return as_tensor(np.stack(parts, where))
    if where > 0:
        return concat([expand_dims(as_ragged(part), where) for part in parts], where)
    if rank == 1:
        lengths = np.array([len(part) for part in parts], np.int32)  # as TensorFlow has it for dense rows
        return RaggedTensor.from_row_lengths(np.concatenate(parts), lengths)
    same = _of_one_kind(parts)
    lengths = np.array([len(part) for part in same], same[0].row_splits.dtype)
    return RaggedTensor.from_row_lengths(_concat(same, 0), lengths)


def as_ragged(value: Any) -> RaggedTensor:
    """Returns a ragged tensor as it is, and a dense one as a ragged one."""
    return value if isinstance(value, RaggedTensor) else RaggedTensor.from_tensor(value)


def expand_dims(value: RaggedTensor, axis: Any) -> RaggedTensor:
    """Returns a ragged tensor with one more dimension, of length 1."""
    where = axis_of(axis, len(value.shape) + 1)
    if where == 0:
        return leading(value, (1, len(value)), value.row_splits.dtype)
    if where == 1:
        return RaggedTensor._with_splits(value, np.arange(len(value) + 1, dtype=value.row_splits.dtype), 1)
    inner = value.values
    if isinstance(inner, RaggedTensor):
        return value.with_values(expand_dims(inner, where - 1))
    return value.with_values(np.expand_dims(np.asarray(inner), where - 1))


def squeeze(value: RaggedTensor, axis: Any = None) -> Any:
    """Returns a ragged tensor without dimensions of length 1.

    Raises:
        ShapeError: a dimension in `axis` has another length.
        ArgumentError: `axis` is not given: which lengths are 1 may be an accident.
    """
    rank = len(value.shape)
    if axis is None:
        raise ArgumentError("squeeze of a ragged tensor needs axis.", fix="Say which dimensions are to go.")
    axes = sorted({axis_of(number, rank) for number in wholes(axis, "axis")})
    result: Any = value
    for number in reversed(axes):
        if not _has_length_1(value, number):
            raise ShapeError(f"dimension {number} of {value.shape} is not of length 1.", fix="Leave it out of axis.")
        result = _without(result, number)
    return result if isinstance(result, RaggedTensor) else as_tensor(np.asarray(result))


def _has_length_1(value: Any, axis: int) -> bool:
    if axis == 0:
        return len(value) == 1
    if not isinstance(value, RaggedTensor):
        return value.shape[axis] == 1
    if axis > 1:
        return _has_length_1(value.values, axis - 1)
    return bool((np.diff(np.asarray(value.row_splits)) == 1).all())


def _without(value: Any, axis: int) -> Any:
    if not isinstance(value, RaggedTensor):
        return np.squeeze(np.asarray(value), axis)
    if axis == 0:
        return picked(value, 0)
    return value.values if axis == 1 else value.with_values(_without(value.values, axis - 1))


def tile(value: RaggedTensor, multiples: Any) -> RaggedTensor:
    """Returns a ragged tensor again and again along each dimension."""
    counts = wholes(multiples, "multiples")
    if len(counts) != len(value.shape) or any(count < 0 for count in counts):
        raise ArgumentError(
            f"multiples is {counts} for a ragged tensor of shape {value.shape}.",
            fix="Give one number from 0 for each dimension.",
        )
    result: Any = value
    for axis, count in enumerate(counts):
        if count == 0:
            result = picked(result, (*[slice(None)] * axis, slice(0, 0)))
        elif count > 1:
            result = _concat([result] * count, axis)
    return result


def reverse(value: RaggedTensor, axis: Any) -> RaggedTensor:
    """Returns a ragged tensor turned round along axes."""
    axes = {axis_of(number, len(value.shape)) for number in wholes(axis, "axis")}
    return picked(value, tuple(slice(None, None, -1 if number in axes else None) for number in range(len(value.shape))))


def gather(params: Any, indices: Any, axis: Any, batch_dims: Any) -> Any:
    """Returns the rows of a tensor at indices, where one of the two is ragged.

    Args:
        params: the tensor.
        indices: whole numbers from 0.
        axis: the dimension whose rows they are; None for the first behind `batch_dims`.
        batch_dims: how many leading dimensions both have in common.
    """
    common = whole(batch_dims, "batch_dims")
    rank = len(indices.shape) if isinstance(indices, RaggedTensor) else np.ndim(indices)
    common = common + rank if common < 0 else common
    where = common if axis is None else axis_of(axis, len(np.shape(params) if not _ragged(params) else params.shape))
    if common > 0:
        return _gather_in_rows(params, indices, where, common)
    if isinstance(indices, RaggedTensor):
        if where:
            raise ArgumentError("gather with ragged indices is for axis 0.", fix="Give batch_dims, or dense indices.")
        return indices.with_values(gather(params, indices.values, 0, 0))
    if not isinstance(params, RaggedTensor):
        from feedline.compat.tf.picking import gather as gather_dense

        return gather_dense(params, indices, None, where)
    places = to_array(indices, None, "indices")
    places = places.astype(np.int64) if places.size == 0 else places
    if where > 0:
        found = _gather_along(params, places, where)
        return found if isinstance(found, RaggedTensor) else as_tensor(np.asarray(found))
    _check(places, len(params))
    rows = take_rows(params, places.reshape(-1))
    return picked(rows, 0) if places.ndim == 0 else leading(rows, places.shape, params.row_splits.dtype, False)


def gather_nd(params: RaggedTensor, places: np.ndarray) -> Any:
    """Returns the values, or rows, of a ragged tensor at places, which are the rows of an array."""
    if places.ndim == 0 or places.shape[-1] > len(params.shape):
        raise ShapeError(f"indices of shape {places.shape} do not point into {params.shape}.", fix="Give places.")
    rows = [picked(params, tuple(place)) for place in _checked(params, places.reshape(-1, places.shape[-1]))]
    if not rows:
        raise ArgumentError("gather_nd was given no places.", fix="Leave empty tensors out.")
    made = stack(rows) if len(rows[0].shape) else as_tensor(np.stack([np.asarray(row) for row in rows]))
    splits = params.row_splits.dtype
    if isinstance(made, RaggedTensor):
        return leading(made.with_row_splits_dtype(splits), places.shape[:-1], splits)
    return as_tensor(leading(made, places.shape[:-1]))


def _checked(params: RaggedTensor, places: np.ndarray) -> list[list[int]]:
    if (places < 0).any():
        raise ArgumentError("indices has negative numbers, which do not count from the end here.")
    return places.tolist()


def _gather_along(params: RaggedTensor, places: np.ndarray, axis: int) -> Any:
    """Returns what `gather` takes out of each row along a further dimension."""
    if axis > 1:
        inner = params.values
        if isinstance(inner, RaggedTensor):
            return params.with_values(_gather_along(inner, places, axis - 1))
        return params.with_values(np.take(np.asarray(inner), places, axis - 1))
    lengths = np.diff(np.asarray(params.row_splits))
    if places.size and len(lengths):
        _check(places, int(lengths.min()))
    starts = np.asarray(params.row_splits)[:-1]
    rows = take_rows(params.values, (starts[:, None] + places.reshape(-1)).reshape(-1))
    return leading(rows, (len(params), *places.shape), params.row_splits.dtype, False)


def _gather_in_rows(params: Any, indices: Any, axis: int, common: int) -> Any:
    """Returns what `gather` takes out of each row by that row's own indices."""
    if len(params) != len(indices):
        raise ShapeError(f"params has {len(params)} rows and indices {len(indices)}.", fix="Give as many.")
    rows = [_gather_row(*pair, axis - 1, common - 1) for pair in zip(params, indices, strict=True)]
    if not rows:
        return params if _ragged(params) else indices.with_flat_values(np.asarray(params).reshape(-1)[:0])
    if not _ragged(indices) and not any(_ragged(row) for row in rows):
        return as_tensor(np.stack([np.asarray(row) for row in rows]))
    return _as_int64(stack(rows))


def _gather_row(params: Any, indices: Any, axis: int, common: int) -> Any:
    if _ragged(params) or _ragged(indices):
        return gather(params, indices, axis, common)
    from feedline.compat.tf.picking import gather as gather_dense

    places = np.asarray(indices)
    return gather_dense(params, places.astype(np.int64) if places.size == 0 else places, None, axis, common)


def _as_int64(value: RaggedTensor) -> RaggedTensor:
    return value.with_row_splits_dtype(np.int64)


def _ragged(value: Any) -> bool:
    return isinstance(value, RaggedTensor)


def _check(places: np.ndarray, length: int) -> None:
    outside = (places < 0) | (places >= length)
    if outside.any():
        raise ArgumentError(
            f"the index {places[outside].reshape(-1)[0]} is not from 0 to {length - 1}.",
            fix="Check where the indices come from; negative ones do not count from the end here.",
        )
