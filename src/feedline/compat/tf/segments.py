"""Values that belong together by a number: `tf.math.segment_sum`, `tf.math.bincount` and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf import ragged_reductions as grouped
from feedline.compat.tf.convert import axis_of, need_kinds, to_array, whole
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError
from feedline.spec import as_dtype


def _numbers(data: Any, segment_ids: Any, kinds: str, function: str) -> tuple[np.ndarray, np.ndarray]:
    array, numbers = to_array(data, None, "data"), to_array(segment_ids, None, "segment_ids")
    need_kinds(array, kinds, function)
    if numbers.size == 0:
        numbers = numbers.astype(np.int32)
    need_kinds(numbers, "iu", function)
    if numbers.ndim == 0 or array.shape[: numbers.ndim] != numbers.shape:
        raise ShapeError(
            f"segment_ids has the shape {numbers.shape}, and the data {array.shape}.", fix="Give one for each row."
        )
    return array, numbers


def _sorted(public: str, gather: grouped.Gather, kinds: str, what: str) -> Callable[..., Tensor]:
    def function(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
        array, numbers = _numbers(data, segment_ids, kinds, public)
        if numbers.ndim != 1 or (np.diff(numbers) < 0).any() or (len(numbers) and numbers[0] < 0):
            raise ArgumentError(
                "segment_ids must be a row that rises from 0.", fix=f"Sort it, or use unsorted_{public}."
            )
        count = int(numbers[-1]) + 1 if len(numbers) else 0
        made = _made(gather, array, numbers, count)
        made[np.bincount(numbers, minlength=count) == 0] = 1 if public == "segment_prod" else 0
        return as_tensor(made)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"Returns for each number the {what} of the rows that have it; the numbers rise from 0."
    return function


def _unsorted(public: str, gather: grouped.Gather, kinds: str, what: str) -> Callable[..., Tensor]:
    def function(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
        array, numbers = _numbers(data, segment_ids, kinds, public)
        count = whole(num_segments, "num_segments")
        if (numbers >= count).any():
            raise ArgumentError(f"segment_ids has numbers above {count - 1}.", fix="Raise num_segments.")
        rows = array.reshape(numbers.size, *array.shape[numbers.ndim :])
        if array.dtype.kind in "iu" and gather in (_mean_or_0, _sum_by_root):
            rows = rows.astype(np.float64)
        there = numbers.reshape(-1) >= 0
        return as_tensor(_made(gather, rows[there], numbers.reshape(-1)[there], count))

    function.__name__ = function.__qualname__ = public
    function.__doc__ = (
        f"Returns for each number from 0 to below `num_segments` the {what} of what has it; negative ones are left out."
    )
    return function


def _made(gather: grouped.Gather, rows: np.ndarray, numbers: np.ndarray, count: int) -> np.ndarray:
    with np.errstate(all="ignore"):
        return gather(rows, numbers.astype(np.int64), count)


def _mean_or_0(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    return _divided(flat, group, count, lambda numbers: numbers)


def _sum_by_root(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    return _divided(flat, group, count, np.sqrt)


def _divided(flat: np.ndarray, group: np.ndarray, count: int, of: Callable[..., Any]) -> np.ndarray:
    numbers = np.maximum(np.bincount(group, minlength=count), 1).reshape(-1, *[1] * (flat.ndim - 1))
    return (grouped.SUM(flat, group, count) / of(numbers).astype(flat.dtype)).astype(flat.dtype)


segment_sum = _sorted("segment_sum", grouped.SUM, "iufc", "sum")
segment_prod = _sorted("segment_prod", grouped.PRODUCT, "iufc", "product")
segment_min = _sorted("segment_min", grouped.SMALLEST, "iuf", "smallest")
segment_max = _sorted("segment_max", grouped.LARGEST, "iuf", "largest")
segment_mean = _sorted("segment_mean", _mean_or_0, "iufc", "mean")
unsorted_segment_sum = _unsorted("unsorted_segment_sum", grouped.SUM, "iufc", "sum")
unsorted_segment_prod = _unsorted("unsorted_segment_prod", grouped.PRODUCT, "iufc", "product")
unsorted_segment_min = _unsorted("unsorted_segment_min", grouped.SMALLEST, "iuf", "smallest")
unsorted_segment_max = _unsorted("unsorted_segment_max", grouped.LARGEST, "iuf", "largest")
unsorted_segment_mean = _unsorted("unsorted_segment_mean", _mean_or_0, "iuf", "mean")
unsorted_segment_sqrt_n = _unsorted(
    "unsorted_segment_sqrt_n", _sum_by_root, "iuf", "sum, divided by the root of their number,"
)


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = np.int32,
    name: str | None = None, axis: Any = None, binary_output: bool = False,
) -> Tensor:  # fmt: skip
    """Returns how often each number comes.

    Args:
        arr: whole numbers from 0, dense or ragged.
        weights: what each counts for, in the shape of `arr`; None for 1.
        minlength: how many numbers are counted at least.
        maxlength: how many at the most; greater numbers are left out.
        dtype: the dtype of the result without weights.
        name: not used.
        axis: -1 to count each row of a tensor of rank 2 by itself; None, or 0, for all together.
        binary_output: whether to say with 1 that a number comes, however often.

    Raises:
        ArgumentError: a number is negative.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.math.bincount([1, 1, 3]).numpy()
        array([0, 2, 0, 1], dtype=int32)
    """
    if axis not in (None, 0, -1):
        raise ArgumentError(f"axis is {axis!r}.", fix="Give -1 to count each row, or None.")
    if binary_output and weights is not None:
        raise ArgumentError("bincount was given weights and binary_output.", fix="Give one of them.")
    ragged = isinstance(arr, RaggedTensor)
    array = to_array(arr.flat_values if ragged else arr, None, "arr")
    array = array.astype(np.int32) if array.size == 0 else array
    need_kinds(array, "iu", "bincount")
    if (array < 0).any():
        raise ArgumentError("arr has negative numbers, which cannot be counted.", fix="Leave them out.")
    counted = None if weights is None else to_array(weights.flat_values if ragged else weights, None, "weights")
    if counted is not None and counted.shape != array.shape:
        raise ShapeError(f"weights has the shape {counted.shape}, and arr {array.shape}.", fix="Give one for each.")
    length = max(int(array.max(initial=-1)) + 1, 0 if minlength is None else whole(minlength, "minlength"))
    length = length if maxlength is None else min(length, whole(maxlength, "maxlength"))
    by_row = axis == -1 and (ragged or array.ndim > 1)
    if by_row and len(arr.shape if ragged else array.shape) != 2:
        raise ShapeError("bincount with axis -1 is for tensors of rank 2.", fix="Use tf.map_fn for others.")
    rows = np.zeros(array.size, np.int64)
    if ragged and by_row:
        rows = np.asarray(arr.value_rowids()).astype(np.int64)
    elif by_row:
        rows = np.repeat(np.arange(len(array)), array.shape[1])
    flat, inside = array.reshape(-1), array.reshape(-1) < length
    result = np.zeros((len(arr) if by_row else 1, length), as_dtype(dtype) if counted is None else counted.dtype)
    places = (rows[inside], flat[inside])
    if binary_output:
        result[places] = 1
    else:
        np.add.at(result, places, 1 if counted is None else counted.reshape(-1)[inside])
    return as_tensor(result if by_row else result[0])


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """Returns the sum of tensors of one shape and dtype.

    Raises:
        ShapeError: the shapes differ.
    """
    from feedline.compat.tf.convert import to_arrays

    arrays = to_arrays(inputs, "inputs")
    if not arrays:
        raise ArgumentError("add_n was given no tensors.", fix="Give at least one.")
    need_kinds(arrays[0], "iufc", "add_n")
    if len({array.shape for array in arrays}) > 1:
        raise ShapeError(f"the inputs have the shapes {', '.join(str(array.shape) for array in arrays[:5])}.")
    total = arrays[0].copy()
    with np.errstate(all="ignore"):
        for array in arrays[1:]:
            total = total + array
    return as_tensor(np.asarray(total, arrays[0].dtype))


def dynamic_partition(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> list[Tensor]:
    """Returns a list of what a number says belongs together.

    Args:
        data: the values.
        partitions: for each value the number of its place in the list, in the shape of the data's first dimensions.
        num_partitions: how many places there are.
        name: not used.

    Raises:
        ShapeError: the shapes differ.
        ArgumentError: a number is not from 0 to below `num_partitions`.
    """
    array, numbers = to_array(data, None, "data"), to_array(partitions, None, "partitions")
    count = whole(num_partitions, "num_partitions")
    if array.shape[: numbers.ndim] != numbers.shape:
        raise ShapeError(f"partitions has the shape {numbers.shape}, and the data {array.shape}.", fix="Make them fit.")
    if ((numbers < 0) | (numbers >= count)).any():
        raise ArgumentError(f"partitions has numbers that are not from 0 to {count - 1}.", fix="Raise num_partitions.")
    return [as_tensor(array[numbers == number]) for number in range(count)]


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None
) -> Tensor:
    """Returns a tensor with the beginning of each row turned round.

    Args:
        input: the tensor.
        seq_lengths: how much of each row.
        seq_axis: the dimension along which it is turned.
        batch_axis: the dimension of the rows; None for the first.
        name: not used.

    Raises:
        ArgumentError: both dimensions are one, or a length is longer than the row.
        ShapeError: there are more or fewer lengths than rows.
    """
    array, lengths = to_array(input, None, "input"), to_array(seq_lengths, None, "seq_lengths")
    if seq_axis is None:
        raise ArgumentError("reverse_sequence needs seq_axis.", fix="Say along which dimension to turn.")
    along, rows = axis_of(seq_axis, array.ndim), axis_of(0 if batch_axis is None else batch_axis, array.ndim)
    if along == rows:
        raise ArgumentError(f"seq_axis and batch_axis are both {along}.", fix="Give two dimensions.")
    if lengths.shape != (array.shape[rows],):
        raise ShapeError(
            f"seq_lengths has the shape {lengths.shape} for {array.shape[rows]} rows.", fix="Give as many."
        )
    if ((lengths < 0) | (lengths > array.shape[along])).any():
        raise ArgumentError(
            f"seq_lengths has lengths beyond {array.shape[along]}.", fix="Give at most the row's length."
        )
    turned = np.moveaxis(array.copy(), (rows, along), (0, 1))
    for row, length in zip(turned, lengths.tolist(), strict=True):
        row[:length] = row[:length][::-1].copy()
    return as_tensor(np.moveaxis(turned, (0, 1), (rows, along)))
