"""Functions that make one value of many along axes: sums, means, largest values."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.compat.tf import ragged_reductions as ragged
from feedline.compat.tf.convert import axis_of, kind_of, need_kinds, to_array, wholes
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError
from feedline.spec import as_dtype

# NumPy 2.5 types keepdims as a literal: calls that pass it on are marked.

Axes = tuple[int, ...]


def _axes(axis: Any, rank: int) -> Axes:
    if axis is None:
        return tuple(range(rank))
    found = tuple(axis_of(number, rank) for number in wholes(axis, "axis"))
    if len(set(found)) < len(found):
        raise ArgumentError(f"axis is {axis!r:.60}, which names one axis twice.", fix="Name each axis once.")
    return found


def _input(values: Any, axis: Any, kinds: str, function: str) -> tuple[np.ndarray, Axes]:
    array = to_array(values, None, "input_tensor")
    need_kinds(array, kinds, function)
    return array, _axes(axis, array.ndim)


def _as_floats(values: RaggedTensor) -> RaggedTensor:
    """Returns ragged integers as float64, of which alone TensorFlow makes means; floats as they are."""
    return values if kind_of(values.dtype) != "i" else values.with_flat_values(np.asarray(values.flat_values, float))


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the sum, in the dtype of the input: integers wrap round.

    Args:
        input_tensor: numbers.
        axis: an axis, several, or None for all.
        keepdims: whether the axes stay, with length 1.
    """
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_sum, ragged.SUM)
    array, axes = _input(input_tensor, axis, "iufc", "reduce_sum")
    with np.errstate(all="ignore"):
        return as_tensor(np.sum(array, axes, dtype=array.dtype, keepdims=keepdims))  # type: ignore[call-overload]


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the product, in the dtype of the input; the arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_prod, ragged.PRODUCT)
    array, axes = _input(input_tensor, axis, "iufc", "reduce_prod")
    with np.errstate(all="ignore"):
        return as_tensor(np.prod(array, axes, dtype=array.dtype, keepdims=keepdims))  # type: ignore[call-overload]


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the mean, in the dtype of the input: that of integers is cut off to an integer.

    The arguments are `reduce_sum`'s.
    """
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(_as_floats(input_tensor), axis, keepdims, reduce_mean, ragged.MEAN)
    array, axes = _input(input_tensor, axis, "iufc", "reduce_mean")
    with np.errstate(all="ignore"):
        if array.dtype.kind not in "iu":
            count = int(np.prod([array.shape[where] for where in axes], dtype=np.int64))
            if count == 0:
                shape = np.sum(array, axes, keepdims=keepdims).shape  # type: ignore[call-overload]
                return as_tensor(np.full(shape, np.nan, array.dtype))
            wide = np.float32 if array.dtype.itemsize == 2 else array.dtype
            return as_tensor(np.mean(array, axes, dtype=wide, keepdims=keepdims).astype(array.dtype))  # type: ignore[call-overload]
        sums = np.asarray(np.sum(array, axes, dtype=np.int64 if array.dtype.kind == "i" else np.uint64, keepdims=True))
        count = array.size // max(1, sums.size) or 1
        means = np.sign(sums) * (np.abs(sums) // count) if array.dtype.kind == "i" else sums // np.uint64(count)
        result = means.astype(array.dtype)
    return as_tensor(result if keepdims else result.reshape(np.sum(array, axes).shape))


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the largest value; of no values, the lowest that the dtype has. The arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_max, ragged.LARGEST)
    array, axes = _input(input_tensor, axis, "iuf", "reduce_max")
    return as_tensor(np.max(array, axes, keepdims=keepdims, initial=_bound(array.dtype, lowest=True)))  # type: ignore[call-overload]


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the smallest value; of no values, the highest that the dtype has. The arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_min, ragged.SMALLEST)
    array, axes = _input(input_tensor, axis, "iuf", "reduce_min")
    return as_tensor(np.min(array, axes, keepdims=keepdims, initial=_bound(array.dtype, lowest=False)))  # type: ignore[call-overload]


def _bound(dtype: np.dtype, *, lowest: bool) -> Any:
    if kind_of(dtype) == "f":
        return dtype.type(-np.inf if lowest else np.inf)
    return np.iinfo(dtype).min if lowest else np.iinfo(dtype).max


def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Says whether one value is True. The input is bool; the arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_any, ragged.ANY)
    array = to_array(input_tensor, bool, "input_tensor")
    return as_tensor(np.any(array, _axes(axis, array.ndim), keepdims=keepdims))  # type: ignore[call-overload]


def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Says whether all values are True. The input is bool; the arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_all, ragged.ALL)
    array = to_array(input_tensor, bool, "input_tensor")
    return as_tensor(np.all(array, _axes(axis, array.ndim), keepdims=keepdims))  # type: ignore[call-overload]


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the mean squared distance from the mean. The input is floats; the arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(_as_floats(input_tensor), axis, keepdims, reduce_variance, ragged.VARIANCE)
    array, axes = _input(input_tensor, axis, "f", "reduce_variance")
    means = np.asarray(reduce_mean(as_tensor(array), axes, keepdims=True))
    with np.errstate(all="ignore"):
        return reduce_mean(as_tensor(np.square(array - means)), axes, keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns the standard deviation. The input is floats; the arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(_as_floats(input_tensor), axis, keepdims, reduce_std, ragged.DEVIATION)
    return as_tensor(np.sqrt(np.asarray(reduce_variance(input_tensor, axis, keepdims))))


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Returns log(sum(exp(input_tensor))), without overflow. The input is floats; the arguments are `reduce_sum`'s."""
    if isinstance(input_tensor, RaggedTensor):
        return ragged.reduced(input_tensor, axis, keepdims, reduce_logsumexp, ragged.LOGARITHM_OF_SUM)
    array, axes = _input(input_tensor, axis, "f", "reduce_logsumexp")
    with np.errstate(all="ignore"):
        largest = np.max(array, axes, keepdims=True, initial=-np.inf)
        shift = np.where(np.isfinite(largest), largest, array.dtype.type(0))
        sums = np.log(np.sum(np.exp(array - shift), axes, keepdims=True)) + shift
    result = np.asarray(sums).astype(array.dtype)
    return as_tensor(result if keepdims else result.reshape(np.sum(array, axes).shape))


def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool | None = None, dtype: Any = np.int64, name: str | None = None
) -> Tensor:
    """Returns how many values are not 0, False or empty.

    Args:
        input: a tensor.
        axis: an axis, several, or None for all.
        keepdims: whether the axes stay, with length 1.
        dtype: the dtype of the result.
    """
    array = to_array(input, None, "input")
    filled = array != b"" if kind_of(array.dtype) == "O" else array != 0
    filled = np.asarray(filled, bool)
    axes = _axes(axis, array.ndim)
    return as_tensor(np.sum(filled, axes, dtype=as_dtype(dtype), keepdims=bool(keepdims)))  # type: ignore[call-overload]


def argmax(input: Any, axis: Any = None, output_type: Any = np.int64, name: str | None = None) -> Tensor:
    """Returns where the largest value along an axis is, the first of equal ones.

    Args:
        input: numbers or bools.
        axis: the axis; None for the first.
        output_type: the integer dtype of the result.
    """
    return _arg(input, axis, output_type, "argmax")


def argmin(input: Any, axis: Any = None, output_type: Any = np.int64, name: str | None = None) -> Tensor:
    """Returns where the smallest value along an axis is; the arguments are `argmax`'s."""
    return _arg(input, axis, output_type, "argmin")


def _arg(values: Any, axis: Any, output_type: Any, function: str) -> Tensor:
    array = to_array(values, None, "input")
    need_kinds(array, "biuf", function)
    where = axis_of(0 if axis is None else axis, array.ndim)
    if array.shape[where] == 0:
        raise ArgumentError(f"{function} of no values: the shape is {array.shape}.", fix="Leave empty tensors out.")
    if kind_of(array.dtype) == "f":
        array = np.where(np.isnan(array), _bound(array.dtype, lowest=function == "argmax"), array)
    compute = np.argmax if function == "argmax" else np.argmin
    return as_tensor(compute(array, where).astype(as_dtype(output_type)))
