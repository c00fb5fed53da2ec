"""Functions that give a tensor another shape, or ask for its shape."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from feedline.compat.tf import ragged_joining
from feedline.compat.tf.convert import axis_of, fitting, need_kinds, to_array, to_tensor, wholes
from feedline.compat.tf.making import lengths_of
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError
from feedline.spec import as_dtype


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns the values of a tensor in another shape.

    Args:
        tensor: a tensor; of a ragged one the values, one after the other.
        shape: the lengths; -1 in one place for what is left.

    Raises:
        ShapeError: the values do not fill the shape.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy()
        array([[1, 2],
               [3, 4]], dtype=int32)
    """
    array = to_array(tensor.flat_values if isinstance(tensor, RaggedTensor) else tensor, None, "tensor")
    lengths = wholes(shape, "shape")
    if lengths.count(-1) > 1 or any(length < -1 for length in lengths):
        raise ArgumentError(f"shape is {lengths}.", fix="Give lengths from 0, and -1 in one place at the most.")
    known = math.prod(length for length in lengths if length != -1)
    whole_rows = -1 in lengths and (array.size % known == 0 if known else array.size == 0)
    if not (whole_rows or (-1 not in lengths and known == array.size)):
        fix = "Bring the values to one number first"
        if array.ndim in (3, 4):
            fix = f"For images use tf.image.resize(image, {lengths[:2]}), which brings all to one size"
        raise ShapeError(
            f"a tensor of shape {array.shape}, {array.size} values, cannot be reshaped to {lengths}"
            + ("." if -1 in lengths else f", which is {known} values."),
            fix=f"{fix}, or put -1 where the length differs.",
        )
    if -1 in lengths and not known:
        # Of no values, -1 stands for 1 beside a 0, and for 0 otherwise.
        lengths = [1 if length == -1 else length for length in lengths]
    return as_tensor(array.reshape(lengths))


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns a tensor that has a shape, in which None allows any length.

    Raises:
        ShapeError: it has not.
    """
    tensor = to_tensor(x)
    tensor.set_shape(shape)
    return tensor


def shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """Returns the lengths of a tensor as a tensor."""
    if isinstance(input, RaggedTensor):
        raise ArgumentError(
            "a ragged tensor has no shape that is a row of numbers.",
            fix="Use ragged.bounding_shape(), ragged.nrows() or ragged.row_lengths().",
        )
    return as_tensor(np.array(to_array(input, None, "input").shape, _whole_dtype(out_type)))


def _whole_dtype(dtype: Any) -> np.dtype:
    return np.dtype(np.int32) if dtype is None else as_dtype(dtype)


def rank(input: Any, name: str | None = None) -> Tensor:
    """Returns the number of dimensions, int32."""
    if isinstance(input, RaggedTensor):
        return as_tensor(np.int32(len(input.shape)))
    return as_tensor(np.int32(to_array(input, None, "input").ndim))


def size(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """Returns the number of values."""
    if isinstance(input, RaggedTensor):
        input = input.flat_values
    return as_tensor(np.asarray(to_array(input, None, "input").size, _whole_dtype(out_type)))


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """Returns a tensor with one more dimension, of length 1.

    Args:
        input: a tensor.
        axis: where it goes; -1 for the end.
    """
    if isinstance(input, RaggedTensor):
        return ragged_joining.expand_dims(input, axis)
    array = to_array(input, None, "input")
    return as_tensor(np.expand_dims(array, axis_of(axis, array.ndim + 1)))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Returns a tensor without its dimensions of length 1.

    Args:
        input: a tensor.
        axis: which dimensions; None for all that have length 1.

    Raises:
        ShapeError: a dimension in `axis` has another length.
    """
    if isinstance(input, RaggedTensor):
        return ragged_joining.squeeze(input, axis)
    array = to_array(input, None, "input")
    if axis is None:
        return as_tensor(np.squeeze(array))
    axes = {axis_of(number, array.ndim) for number in wholes(axis, "axis")}
    if not axes:
        return as_tensor(np.squeeze(array))
    for number in axes:
        if array.shape[number] != 1:
            raise ShapeError(
                f"dimension {number} of the shape {array.shape} has the length {array.shape[number]}, not 1.",
                fix="Leave it out of axis.",
            )
    return as_tensor(np.squeeze(array, tuple(axes)))


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str | None = None) -> Tensor:
    """Returns a tensor with its dimensions in another order.

    Args:
        a: a tensor.
        perm: for each new dimension the number of the old; None to turn the order round.
        conjugate: whether complex numbers are conjugated.

    Raises:
        ArgumentError: `perm` does not name every dimension once.
    """
    array = to_array(a, None, "a")
    order = None if perm is None else [axis_of(number, array.ndim, "perm") for number in wholes(perm, "perm")]
    if order is not None and sorted(order) != list(range(array.ndim)):
        raise ArgumentError(
            f"perm is {order} for the shape {array.shape}.", fix=f"Name each dimension from 0 to {array.ndim - 1} once."
        )
    moved = np.transpose(array, order)
    return as_tensor(np.conj(moved) if conjugate and array.dtype.kind == "c" else moved)


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Returns a tensor turned round along axes.

    Args:
        tensor: a tensor.
        axis: a list of axes.

    Raises:
        ArgumentError: `axis` is no list, or names an axis twice.
    """
    if isinstance(tensor, RaggedTensor):
        return ragged_joining.reverse(tensor, axis)
    array = to_array(tensor, None, "tensor")
    if to_array(axis, None, "axis").ndim != 1:
        raise ArgumentError(f"axis is {axis!r:.60}; a list is wanted.", fix="Give a list such as [0].")
    axes = [axis_of(number, array.ndim) for number in wholes(axis, "axis")]
    if len(set(axes)) < len(axes):
        raise ArgumentError(f"axis is {axis!r:.60}, which names one axis twice.", fix="Name each axis once.")
    return as_tensor(np.flip(array, tuple(axes)))


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Returns a tensor whose values are moved along axes; what leaves at one end enters at the other.

    Args:
        input: a tensor.
        shift: by how much, one number for each axis.
        axis: the axes.
    """
    array = to_array(input, None, "input")
    shifts, axes = wholes(shift, "shift"), [axis_of(number, array.ndim) for number in wholes(axis, "axis")]
    if len(shifts) != len(axes):
        raise ArgumentError(f"there are {len(shifts)} shifts for {len(axes)} axes.", fix="Give one for each axis.")
    return as_tensor(np.roll(array, shifts, axes))


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Returns a tensor again and again along each dimension.

    Args:
        input: a tensor.
        multiples: how often, a number for each dimension.

    Raises:
        ArgumentError: there are more or fewer numbers than dimensions, or negative ones.
    """
    if isinstance(input, RaggedTensor):
        return ragged_joining.tile(input, multiples)
    array = to_array(input, None, "input")
    counts = wholes(multiples, "multiples")
    if len(counts) != array.ndim or any(count < 0 for count in counts):
        raise ArgumentError(
            f"multiples is {counts} for a tensor of shape {array.shape}.",
            fix="Give one number from 0 for each dimension.",
        )
    return as_tensor(np.tile(array, counts))


def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor in which each row comes several times.

    Args:
        input: a tensor.
        repeats: how often; one number, or one for each row.
        axis: along which dimension; None to make one long row of it first.
    """
    array = to_array(input, None, "input")
    counts = wholes(repeats, "repeats")
    if any(count < 0 for count in counts):
        raise ArgumentError(f"repeats is {counts}, with a negative number.", fix="Give numbers from 0.")
    if axis is None:
        array, axis = array.reshape(-1), 0
    where = axis_of(axis, array.ndim)
    if len(counts) not in (1, array.shape[where]):
        raise ArgumentError(
            f"there are {len(counts)} numbers in repeats for {array.shape[where]} rows.", fix="Give one for each row."
        )
    return as_tensor(np.repeat(array, counts, where))


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns a tensor whose dimensions of length 1 are repeated until it has a shape.

    Raises:
        ShapeError: it cannot have the shape.
    """
    array, lengths = to_array(input, None, "input"), lengths_of(shape)
    return as_tensor(fitting(lambda values: np.broadcast_to(values, lengths), array).copy())


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """Returns a tensor with values put before and after it along each dimension.

    Args:
        tensor: a tensor.
        paddings: `(rank, 2)`: for each dimension how many before and how many after.
        mode: "CONSTANT", "REFLECT" (the edge is not repeated) or "SYMMETRIC" (it is).
        constant_values: what is put there in mode CONSTANT.

    Raises:
        ArgumentError: the paddings do not fit the tensor, or the mode.
    """
    array = to_array(tensor, None, "tensor")
    widths = to_array(paddings, None, "paddings")
    need_kinds(widths, "iu", "pad")
    if widths.shape != (array.ndim, 2) or (widths < 0).any():
        raise ArgumentError(
            f"paddings is {widths.tolist()} for a tensor of shape {array.shape}.",
            fix="Give [before, after], both from 0, for each dimension.",
        )
    kind = str(mode).upper()
    if kind == "CONSTANT":
        if type(constant_values) is int and constant_values == 0:
            constant_values = np.zeros((), array.dtype) if array.dtype != object else b""
        fill = to_array(constant_values, array.dtype, "constant_values")
        inside = tuple(
            slice(int(before), int(before) + length) for (before, _), length in zip(widths, array.shape, strict=True)
        )
        lengths = [length + int(width.sum()) for length, width in zip(array.shape, widths, strict=True)]
        result = np.full(lengths, fill[()], array.dtype)
        result[inside] = array
        return as_tensor(result)
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise ArgumentError(f"mode is {mode!r}.", fix='Use "CONSTANT", "REFLECT" or "SYMMETRIC".')
    edge = 1 if kind == "REFLECT" else 0
    if any(width.max() > length - edge for length, width in zip(array.shape, widths, strict=True)):
        raise ArgumentError(
            f"paddings is {widths.tolist()}, more than {kind} can take from the shape {array.shape}.",
            fix="Pad less than there is to mirror.",
        )
    return as_tensor(np.pad(array, widths, "reflect" if kind == "REFLECT" else "symmetric"))


def meshgrid(*args: Any, indexing: Literal["xy", "ij"] = "xy", name: str | None = None) -> list[Tensor]:
    """Returns for each row of numbers the grid of its values; see `numpy.meshgrid`."""
    grids = np.meshgrid(*(to_array(value) for value in args), indexing=indexing)
    return [as_tensor(np.ascontiguousarray(grid)) for grid in grids]
