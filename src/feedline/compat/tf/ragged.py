"""`tf.ragged` by feedline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from feedline.compat.tf import ragged_joining
from feedline.compat.tf.convert import leaves, to_array, to_tensor, whole
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.ragged_making import positions, rows_values, splits_dtype, splits_of
from feedline.compat.tf.ragged_parts import ragged_as, take_rows
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError

__all__ = [
    "boolean_mask", "constant", "map_flat_values", "range", "row_splits_to_segment_ids", "segment_ids_to_row_splits",
    "stack", "stack_dynamic_partitions",
]  # fmt: skip


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
        ragged_rank: how many dimensions are ragged; None for all but the outermost, and those of `inner_shape`.
        inner_shape: the shape of the innermost values, which are dense; None for single values, or what `ragged_rank`
            leaves.
        name: not used.
        row_splits_dtype: the dtype of the row splits.

    Raises:
        ShapeError: values stand at different depths, or have another shape than `inner_shape`.
        ArgumentError: there is no such `ragged_rank`.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.ragged.constant([[1, 2], [], [3]])
        <tf.RaggedTensor [[1, 2], [], [3]], dtype=int32>
    """
    splits = splits_dtype(row_splits_dtype)
    inner = None if inner_shape is None else tuple(inner_shape)
    pylist = _as_lists(pylist)
    of_values, of_lists = _depths(pylist)
    if of_values is not None and of_values < of_lists:
        raise ShapeError("an empty list stands deeper than the values.", fix="Nest all lists equally deep.")
    rank = ragged_rank if ragged_rank is not None else max(0 if inner is None else 1, of_lists - 1 - len(inner or ()))
    if not isinstance(rank, int) or rank < 0 or (rank >= max(of_lists, 1) and of_values is not None):
        raise ArgumentError(f"ragged_rank is {rank} for lists {of_lists} deep.", fix=f"Give at most {of_lists - 1}.")
    if dtype is None:
        found = list(leaves(pylist)) if isinstance(pylist, list | tuple) else pylist
        dtype = to_array(found).dtype
    made = _rows(pylist, rank, dtype, splits)
    flat = made.flat_values if isinstance(made, RaggedTensor) else made
    if inner is not None and tuple(flat.shape[1:] if rank else flat.shape) != inner:
        if flat.shape[0] or not rank:
            raise ShapeError(
                f"the innermost values have the shape {flat.shape[1:]}, not {inner}.", fix="Leave inner_shape out."
            )
        return made.with_flat_values(np.zeros((0, *inner), flat.dtype))
    return made


def _as_lists(value: Any) -> Any:
    """Returns nested lists with arrays in them as lists too."""
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
        return [_as_lists(part) for part in value]
    return value


def _depths(value: Any) -> tuple[int | None, int]:
    """Returns how deep the values in nested lists stand, None where there are none, and how deep the lists do."""
    if not isinstance(value, list | tuple):
        return 0, 0
    found = {_depths(part) for part in value}
    of_values = {depth for depth, _ in found if depth is not None}
    if len(of_values) > 1:
        raise ShapeError("values stand at different depths of the lists.", fix="Nest all values equally deep.")
    return next((1 + depth for depth in of_values), None), 1 + max((depth for _, depth in found), default=0)


def _rows(values: Any, rank: int, dtype: Any, splits: np.dtype) -> Any:
    if rank == 0:
        return to_tensor(values, dtype)
    inner = [value for row in values for value in row] if len(values) else []
    lengths = np.array([len(row) for row in values], splits)
    return RaggedTensor.from_row_lengths(_rows(inner, rank - 1, dtype, splits), lengths)


def stack(values: Any, axis: Any = 0, name: str | None = None) -> Any:
    """Returns tensors, whose lengths may differ, as the rows of a ragged tensor.

    Args:
        values: tensors, or ragged tensors, of one rank.
        axis: where the new dimension goes.
        name: not used.

    Raises:
        ShapeError: they differ in rank, or in a dimension that stays dense.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.ragged.stack([tf.constant([1, 2]), tf.constant([3])])
        <tf.RaggedTensor [[1, 2], [3]], dtype=int32>
    """
    return ragged_joining.stack(list(values), axis)


def range(
    starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None,
    row_splits_dtype: Any = np.int64,
) -> Any:  # fmt: skip
    """Returns a ragged tensor whose rows are numbers in a row; the arguments are `tf.range`'s, one for each row."""
    from feedline.compat.tf import making

    if limits is None:
        starts, limits = 0, starts
    arrays = [to_array(value) for value in (starts, limits, deltas)]
    if any(array.ndim > 1 for array in arrays) or len({len(array) for array in arrays if array.ndim}) > 1:
        raise ShapeError(
            f"starts, limits and deltas have the shapes {', '.join(str(array.shape) for array in arrays)}.",
            fix="Give lists of one length, or single numbers.",
        )
    columns = [np.atleast_1d(column) for column in np.broadcast_arrays(*arrays)]
    if (columns[2] == 0).any():
        raise ArgumentError("deltas has a 0: such a row has no end.", fix="Give numbers that lead to the limit.")
    rows = [
        np.asarray(making.range(start, max(start, limit) if delta > 0 else min(start, limit), delta, dtype))
        for start, limit, delta in zip(*columns, strict=True)
    ]
    values = np.concatenate(rows) if rows else np.asarray(making.range(0, 0, 1, dtype or arrays[0].dtype))
    return RaggedTensor.from_row_lengths(values, np.array([len(row) for row in rows], splits_dtype(row_splits_dtype)))


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """Returns what is left of each row where a mask is True.

    Args:
        data: a tensor or a ragged tensor.
        mask: bools in the shape of its first dimensions.
        name: not used.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.ragged.boolean_mask([[1, 2], [3, 4]], [[True, False], [True, True]])
        <tf.RaggedTensor [[1], [3, 4]], dtype=int32>
    """
    kept: Any = mask if isinstance(mask, RaggedTensor) else to_array(mask, bool, "mask")
    values: Any = data if isinstance(data, RaggedTensor) else to_array(data, None, "data")
    depth = len(kept.shape)
    if depth == 0 or len(values.shape) < depth:
        raise ShapeError(f"the mask has the shape {kept.shape}, and the data {values.shape}.", fix="Give one for each.")
    splits = next((value.row_splits.dtype for value in (data, mask) if isinstance(value, RaggedTensor)), np.int64)
    kept, values = ragged_as(kept, depth - 1, splits), ragged_as(values, max(depth - 1, 0), splits)
    outer: list[np.ndarray] = []
    while isinstance(kept, RaggedTensor):
        if not isinstance(values, RaggedTensor) or not np.array_equal(kept.row_splits, values.row_splits):
            raise ShapeError("the rows of the mask and of the data differ in length.", fix="Make the mask of the data.")
        outer.append(np.asarray(kept.row_splits))
        kept, values = kept.values, values.values
    flags = to_array(kept, bool, "mask")
    if len(flags) != len(values):
        raise ShapeError(f"the mask has {len(flags)} rows, and the data {len(values)}.", fix="Give one for each row.")
    result = take_rows(values, np.flatnonzero(flags))
    if outer:
        left = splits_of(flags.astype(splits))[outer.pop()]
        result = RaggedTensor._with_splits(result, left)
    for rows in reversed(outer):
        result = RaggedTensor._with_splits(result, rows)
    return result if isinstance(result, RaggedTensor) else as_tensor(result)


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Returns what a function makes of the innermost values of ragged tensors, in rows of the same lengths.

    Args:
        op: the function; ragged tensors among its arguments, also those in lists and dicts, are given as tensors.
        *args: its arguments.
        **kwargs: its keyword arguments.

    Raises:
        ShapeError: the ragged tensors have rows of different lengths, or the function returns another number of values.
    """
    found = list(_ragged_within((args, kwargs)))
    result = op(*_flat(args), **_flat(kwargs))
    if not found:
        return result
    for value in found[1:]:
        pairs = zip(value.nested_row_splits, found[0].nested_row_splits, strict=False)
        if value.ragged_rank != found[0].ragged_rank or not all(np.array_equal(a, b) for a, b in pairs):
            raise ShapeError("the rows of the ragged tensors differ in length.", fix="Bring them to one length.")
    return found[0].with_flat_values(result)


def _ragged_within(value: Any) -> Iterator[RaggedTensor]:
    if isinstance(value, RaggedTensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _ragged_within(part)
    elif isinstance(value, dict):
        yield from _ragged_within(list(value.values()))


def _flat(value: Any) -> Any:
    if isinstance(value, RaggedTensor):
        return value.flat_values
    if type(value) in (list, tuple):
        return type(value)(_flat(part) for part in value)
    if type(value) is dict:
        return {key: _flat(part) for key, part in value.items()}
    return value


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """Returns the number of the row that each value is in.

    Args:
        splits: where each row starts and the last ends.
        name: not used.
        out_type: int32 or int64; None for the dtype of `splits`.

    Raises:
        ArgumentError: the splits do not rise.
    """
    bounds = positions(splits, "splits")
    lengths = np.diff(bounds)
    if len(bounds) == 0 or (lengths < 0).any():
        raise ArgumentError(f"the splits {bounds.tolist()} do not rise.", fix="Give the start of each row and the end.")
    dtype = bounds.dtype if out_type is None else splits_dtype(out_type)
    return as_tensor(np.repeat(np.arange(len(lengths), dtype=dtype), lengths))


def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None
) -> Tensor:
    """Returns where the rows start and the last ends, of which the number of each value's row is given.

    Args:
        segment_ids: the number of each value's row, rising.
        num_segments: how many rows there are; None for as many as have values.
        out_type: int32 or int64; None for the dtype of `segment_ids`.
        name: not used.

    Raises:
        ArgumentError: the numbers do not rise, or one is not below `num_segments`.
    """
    rows = positions(segment_ids, "segment_ids")
    count = whole(num_segments, "num_segments") if num_segments is not None else int(rows[-1]) + 1 if len(rows) else 0
    if (np.diff(rows) < 0).any() or (len(rows) and (rows[0] < 0 or rows[-1] >= count)):
        raise ArgumentError(f"segment_ids must rise, from 0 to below {count}.", fix="Sort the values by row.")
    dtype = rows.dtype if out_type is None else splits_dtype(out_type)
    return as_tensor(splits_of(np.bincount(rows, minlength=count).astype(dtype)))


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> Any:
    """Returns a ragged tensor whose rows are the values that a number says belong there.

    Args:
        data: the values.
        partitions: for each value the number of its row, in the shape of the data's first dimensions.
        num_partitions: how many rows there are.
        name: not used.

    Raises:
        ShapeError: the shapes differ.
        ArgumentError: a number is not from 0 to below `num_partitions`.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.ragged.stack_dynamic_partitions(["a", "b", "c"], [1, 0, 1], 3)
        <tf.RaggedTensor [[b'b'], [b'a', b'c'], []], dtype=string>
    """
    values = rows_values(data)
    places, count = to_array(partitions, None, "partitions"), whole(num_partitions, "num_partitions")
    if places.size == 0:
        places = places.astype(np.int32)
    if places.ndim == 0 or tuple(values.shape)[: places.ndim] != places.shape:
        raise ShapeError(
            f"partitions has the shape {places.shape}, and the data {values.shape}.", fix="Give one for each value."
        )
    if ((places < 0) | (places >= count)).any():
        raise ArgumentError(f"partitions has numbers that are not from 0 to {count - 1}.", fix="Raise num_partitions.")
    if not isinstance(values, RaggedTensor):
        values = values.reshape(-1, *values.shape[places.ndim :])
    splits = values.row_splits.dtype if isinstance(values, RaggedTensor) else np.dtype(np.int32)
    flat = places.reshape(-1)
    rows = take_rows(values, np.argsort(flat, kind="stable"))
    return RaggedTensor.from_row_lengths(rows, np.bincount(flat, minlength=count).astype(splits))
