"""Functions that pick values out of tensors, order them, or put others in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf import ragged_joining
from feedline.compat.tf.arithmetic import both
from feedline.compat.tf.convert import axis_of, fitting, need_kinds, to_array, to_tensor, whole, wholes
from feedline.compat.tf.making import lengths_of
from feedline.compat.tf.ragged_broadcast import any_ragged, elementwise
from feedline.compat.tf.ragged_parts import as_sparse
from feedline.compat.tf.ragged_tensor import RaggedTensor, by_value
from feedline.compat.tf.results import Unique, UniqueWithCounts
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError
from feedline.spec import as_dtype


def _indices(values: Any, name: str = "indices") -> np.ndarray:
    array = to_array(values, None, name)
    if array.size == 0 and array.dtype == np.float32 and not isinstance(values, np.ndarray):
        return array.astype(np.int32)
    need_kinds(array, "iu", "indexing")
    return array


def _check_bounds(indices: np.ndarray, length: int) -> None:
    outside = (indices < 0) | (indices >= length)
    if outside.any():
        raise ArgumentError(
            f"the index {indices[outside].reshape(-1)[0]} is not from 0 to {length - 1}.",
            fix="Check where the indices come from; negative ones do not count from the end here.",
        )


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: Any = 0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Returns the rows of a tensor at indices.

    Args:
        params: the tensor.
        indices: integers, from 0.
        validate_indices: not used: they are always checked.
        axis: the dimension whose rows they are; None for the first, or the first behind `batch_dims`.
        batch_dims: how many leading dimensions `params` and `indices` have in common.

    Raises:
        ArgumentError: an index is out of range.
    """
    if any_ragged(params, indices):
        return ragged_joining.gather(params, indices, axis, batch_dims)
    array, where = to_array(params, None, "params"), _indices(indices)
    common = whole(batch_dims, "batch_dims")
    common = common + where.ndim if common < 0 else common
    axis = axis_of(common if axis is None else axis, array.ndim)
    _check_bounds(where, array.shape[axis])
    if common == 0:
        return as_tensor(np.take(array, where, axis))
    if array.shape[:common] != where.shape[:common] or axis < common:
        raise ShapeError(f"the first {common} dimensions of {array.shape} and {where.shape} differ.")
    rows = array.reshape(-1, *array.shape[common:])
    flat = where.reshape(len(rows), *where.shape[common:])
    taken = [np.take(row, index, axis - common) for row, index in zip(rows, flat, strict=True)]
    shape = (*array.shape[:axis], *where.shape[common:], *array.shape[axis + 1 :])
    return as_tensor(np.array(taken, array.dtype).reshape(shape))


def _places(indices: np.ndarray, lengths: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Returns the index arrays that the last dimension of `indices` holds, checked against the lengths."""
    if indices.ndim == 0 or indices.shape[-1] > len(lengths):
        raise ShapeError(f"indices of shape {indices.shape} do not point into a tensor of shape {lengths}.")
    for number in range(indices.shape[-1]):
        _check_bounds(indices[..., number], lengths[number])
    return tuple(np.moveaxis(indices, -1, 0))


def gather_nd(
    params: Any, indices: Any, batch_dims: Any = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """Returns the values, or slices, of a tensor at places.

    Args:
        params: the tensor.
        indices: integers `(..., n)`: each row is a place in the first n dimensions.
        batch_dims: must be 0.
        name: not used.
        bad_indices_policy: "", "DEFAULT" or "ERROR" for an error; "IGNORE" for 0 where there is no such place.
    """
    if whole(batch_dims, "batch_dims"):
        raise ArgumentError("gather_nd with batch_dims is not covered.", fix="Use tf.gather, which has batch_dims.")
    ignored = _ignores(bad_indices_policy)
    if isinstance(params, RaggedTensor):
        return ragged_joining.gather_nd(params, _indices(indices))
    array, where = to_array(params, None, "params"), _indices(indices)
    if ignored and where.ndim and where.shape[-1] <= array.ndim:
        inside = _inside(where, array.shape)
        found = array[_places(np.where(inside[..., None], where, 0), array.shape)]
        empty = b"" if array.dtype == object else np.zeros((), array.dtype)
        return as_tensor(np.where(inside.reshape(inside.shape + (1,) * (found.ndim - inside.ndim)), found, empty))
    return as_tensor(array[_places(where, array.shape)])


def _ignores(policy: str) -> bool:
    if policy not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise ArgumentError(f"bad_indices_policy is {policy!r}.", fix='Use "ERROR" or "IGNORE".')
    return policy == "IGNORE"


def _inside(indices: np.ndarray, lengths: tuple[int, ...]) -> np.ndarray:
    """Says which places in the last dimension of `indices` are there."""
    inside = (indices >= 0) & (indices < np.array(lengths[: indices.shape[-1]], np.int64))
    return np.asarray(np.all(inside, axis=-1))


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Returns a tensor with other values at some places.

    Args:
        tensor: the tensor.
        indices: integers `(..., n)`: each row is a place in the first n dimensions.
        updates: what stands there, of the tensor's dtype.
    """
    array = to_array(tensor, None, "tensor").copy()
    where = _places(_indices(indices), array.shape)
    values = to_array(updates, array.dtype, "updates")
    if array[where].shape != values.shape:
        raise ShapeError(f"updates has the shape {values.shape} where {array[where].shape} is needed.")
    array[where] = values
    return as_tensor(array)


def _scattered(public: str, function: np.ufunc, what: str) -> Callable[..., Tensor]:
    def scattered(
        tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
    ) -> Tensor:
        array = to_array(tensor, None, "tensor").copy()
        need_kinds(array, "iufc", public)
        places, values = _indices(indices), to_array(updates, array.dtype, "updates")
        if _ignores(bad_indices_policy) and places.ndim:
            inside = _inside(places, array.shape)
            places, values = places[inside], values[inside]
        where = _places(places, array.shape)
        if array[where].shape != values.shape:
            raise ShapeError(f"updates has the shape {values.shape} where {array[where].shape} is needed.")
        function.at(array, where, values)
        return as_tensor(array)

    scattered.__name__ = scattered.__qualname__ = public
    scattered.__doc__ = f"Returns a tensor with {what} at some places; the arguments are `tensor_scatter_nd_update`'s."
    return scattered


tensor_scatter_nd_add = _scattered("tensor_scatter_nd_add", np.add, "values added")
tensor_scatter_nd_sub = _scattered("tensor_scatter_nd_sub", np.subtract, "values subtracted")
tensor_scatter_nd_max = _scattered("tensor_scatter_nd_max", np.maximum, "the larger of two values")
tensor_scatter_nd_min = _scattered("tensor_scatter_nd_min", np.minimum, "the smaller of two values")


def scatter_nd(indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """Returns zeros with values at some places; those for one place are added.

    Args:
        indices: integers `(..., n)`: each row is a place in the first n dimensions.
        updates: numbers.
        shape: the shape of the result.
        bad_indices_policy: "", "DEFAULT" or "ERROR" for an error; "IGNORE" to leave out what has no such place.
        name: not used.
    """
    values = to_array(updates, None, "updates")
    need_kinds(values, "iufc", "scatter_nd")
    result = np.zeros(lengths_of(shape), values.dtype)
    places = _indices(indices)
    if _ignores(bad_indices_policy) and places.ndim:
        inside = _inside(places, result.shape)
        places, values = places[inside], values[inside]
    where = _places(places, result.shape)
    if result[where].shape != values.shape:
        raise ShapeError(f"updates has the shape {values.shape} where {result[where].shape} is needed.")
    np.add.at(result, where, values)
    return as_tensor(result)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Returns x where a condition is True and y elsewhere; or, without both, the places where it is True.

    Args:
        condition: bools; without x and y also numbers, of which those that are not 0 count.
        x: values.
        y: values of the same dtype.

    Returns:
        The values, or int64 places `(number, rank)`.
    """
    if (x is None) != (y is None):
        raise ArgumentError("where was given one of x and y.", fix="Give both, or none.")
    if any_ragged(condition, x, y):
        return _where_ragged(condition, x, y)
    if x is None:
        array = to_array(condition, None, "condition")
        need_kinds(array, "biufc", "where")
        return as_tensor(np.argwhere(array).astype(np.int64))
    chosen = to_array(condition, bool, "condition")
    return as_tensor(fitting(np.where, chosen, *both("where", x, y)))


def _where_ragged(condition: Any, x: Any, y: Any) -> Any:
    if x is None:
        return as_tensor(np.asarray(as_sparse(condition).indices)[np.asarray(condition.flat_values).reshape(-1) != 0])
    dtype = next((value.dtype for value in (x, y) if isinstance(value, RaggedTensor | Tensor)), None)
    if dtype is None:
        dtype = to_array(x, None, "x").dtype
    values = [value if isinstance(value, RaggedTensor) else to_tensor(value, dtype) for value in (x, y)]
    chosen = condition if isinstance(condition, RaggedTensor) else to_tensor(condition, bool)
    return elementwise(where, chosen, *values)


def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Tensor:
    """Returns the rows of a tensor where a mask is True.

    Args:
        tensor: a tensor.
        mask: bools in the shape of the dimensions that are masked.
        axis: the first of these; None for 0.

    Raises:
        ShapeError: the shapes differ.
    """
    array = to_array(tensor, None, "tensor")
    kept = to_array(mask, None, "mask").astype(bool)
    first = 0 if axis is None else axis_of(axis, array.ndim)
    if kept.ndim == 0 or array.shape[first : first + kept.ndim] != kept.shape:
        raise ShapeError(f"the mask has the shape {kept.shape}, and the tensor {array.shape}.")
    return as_tensor(array[(slice(None),) * first + (kept,)])


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Returns a part of a tensor.

    Args:
        input_: the tensor.
        begin: where the part begins, a number for each dimension.
        size: how long it is; -1 for all that follows.

    Raises:
        ArgumentError: the part reaches beyond the tensor.
    """
    array = to_array(input_, None, "input_")
    begins, sizes = wholes(begin, "begin"), wholes(size, "size")
    if len(begins) != array.ndim or len(sizes) != array.ndim:
        raise ArgumentError(f"begin and size need {array.ndim} numbers each for the shape {array.shape}.")
    cut = []
    for first, count, length in zip(begins, sizes, array.shape, strict=True):
        last = length if count == -1 else first + count
        if not 0 <= first <= last <= length:
            raise ArgumentError(f"a part of {count} from {first} is not within a length of {length}.")
        cut.append(slice(first, last))
    return as_tensor(array[tuple(cut)])


slice_.__name__ = slice_.__qualname__ = "slice"


@by_value
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Returns a tensor whose values below one bound become it, and those above another become that.

    Args:
        t: numbers.
        clip_value_min: the lower bound, of the same dtype.
        clip_value_max: the upper bound; where it is below the lower, that wins.
    """
    array = to_array(t, None, "t")
    need_kinds(array, "iuf", "clip_by_value")
    low = to_array(clip_value_min, array.dtype, "clip_value_min")
    high = to_array(clip_value_max, array.dtype, "clip_value_max")
    clipped = fitting(lambda values, least, most: np.maximum(np.minimum(values, most), least), array, low, high)
    if np.shape(clipped) != array.shape:
        raise ShapeError(f"bounds of the shapes {low.shape} and {high.shape} do not fit the shape {array.shape}.")
    return as_tensor(clipped)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor whose Euclidean length is at most a number, its direction kept.

    Args:
        t: floats.
        clip_norm: the greatest length.
        axes: the axes along which the length is taken; None for all.
        name: not used.
    """
    array = to_array(t, None, "t")
    need_kinds(array, "f", "clip_by_norm")
    most = to_array(clip_norm, array.dtype, "clip_norm")
    where = None if axes is None else tuple(axis_of(number, array.ndim, "axes") for number in wholes(axes, "axes"))
    lengths = np.sqrt(np.sum(np.square(array), where, keepdims=True))
    return as_tensor((array * most / np.maximum(lengths, most)).astype(array.dtype))


def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Returns values in order along an axis.

    Args:
        values: numbers.
        axis: the axis.
        direction: "ASCENDING" or "DESCENDING".
    """
    array = to_array(values, None, "values")
    need_kinds(array, "iuf", "sort")
    where = axis_of(axis, array.ndim)
    ordered = np.sort(array, where)
    return as_tensor(np.flip(ordered, where) if _descending(direction) else ordered)


def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """Returns the int32 places of values in order; the first of equal ones comes first.

    Args:
        values: numbers.
        axis: the axis.
        direction: "ASCENDING" or "DESCENDING".
        stable: not used: the order is stable in any case.
    """
    array = to_array(values, None, "values")
    need_kinds(array, "iuf", "argsort")
    where = axis_of(axis, array.ndim)
    if not _descending(direction):
        return as_tensor(np.argsort(array, where, kind="stable").astype(np.int32))
    backwards = np.argsort(np.flip(array, where), where, kind="stable")
    return as_tensor((array.shape[where] - 1 - np.flip(backwards, where)).astype(np.int32))


def _descending(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ArgumentError(f"direction is {direction!r}.", fix='Use "ASCENDING" or "DESCENDING".')
    return direction == "DESCENDING"


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = np.int32, name: str | None = None
) -> Tensor:
    """Returns where values would go into a sorted row.

    Args:
        sorted_sequence: numbers in order, `(n,)`.
        values: numbers of the same dtype, `(m,)`.
        side: "left" to go before equal values, "right" to go behind them.
        out_type: int32 or int64.
    """
    row, wanted = both("searchsorted", sorted_sequence, values)
    if row.ndim != 1:
        raise ShapeError(f"sorted_sequence has the shape {row.shape}; one row is wanted.", fix="Go row by row.")
    return as_tensor(np.searchsorted(row, wanted, side).astype(as_dtype(out_type)))  # type: ignore[call-overload]


def unique(x: Any, out_idx: Any = np.int32, name: str | None = None) -> Unique:
    """Returns the different values of a row in the order in which they come first, and which of them each is.

    Args:
        x: a row, `(n,)`.
        out_idx: the dtype of the numbers.
    """
    return Unique(*unique_with_counts(x, out_idx)[:2])


def unique_with_counts(x: Any, out_idx: Any = np.int32, name: str | None = None) -> UniqueWithCounts:
    """Returns what `unique` does, and how often each value comes."""
    array = to_array(x, None, "x")
    if array.ndim != 1:
        raise ShapeError(f"x has the shape {array.shape}; one row is wanted.", fix="tf.reshape it to [-1].")
    numbers: dict[Any, int] = {}
    which = [numbers.setdefault(value, len(numbers)) for value in array.tolist()]
    firsts = np.zeros(len(numbers), np.int64)
    firsts[which[::-1]] = np.arange(len(which))[::-1]
    dtype = as_dtype(out_idx)
    counts = np.bincount(np.array(which, np.int64), minlength=len(numbers)).astype(dtype)
    return UniqueWithCounts(as_tensor(array[firsts]), as_tensor(np.array(which, dtype)), as_tensor(counts))
