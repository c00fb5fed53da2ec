"""Functions that make tensors: of values, of zeros, of numbers in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline import array_ops
from feedline.compat.tf.convert import fitting, kind_of, need_kinds, to_array, to_tensor, whole, wholes
from feedline.compat.tf.ragged_tensor import RaggedTensor, by_value
from feedline.compat.tf.sparse_tensor import SparseTensor
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.compat.tf.values import plain, wrapped
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import as_dtype, dtype_name, string


def lengths_of(shape: Any, name: str = "shape") -> tuple[int, ...]:
    """Returns a shape that must be known: a list of ints, a tensor, or one int.

    Raises:
        ArgumentError: a length is negative, or no int.
    """
    lengths = tuple(wholes(shape, name))
    if any(length < 0 for length in lengths):
        raise ArgumentError(f"{name} is {list(lengths)}, with a negative length.", fix="Give lengths from 0.")
    return lengths


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """Returns the tensor of a value.

    Args:
        value: a number, text, an array, or nested lists of them. Python numbers become int32 and float32.
        dtype: the dtype; None for the value's own.
        shape: the shape that it is brought to; a single value fills it.

    Raises:
        DtypeError: the value cannot have the dtype.
        ShapeError: the value does not fit the shape.

    Example:
        >>> import feedline.compat.tf as tf
        >>> tf.constant([1, 2]), tf.constant("a").numpy()
        (<tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>, b'a')
    """
    array = to_array(value, dtype)
    if shape is None:
        return as_tensor(array)
    lengths = lengths_of(shape)
    if array.size == 1:
        return as_tensor(np.full(lengths, array.reshape(-1)[0], array.dtype))
    if array.size != int(np.prod(lengths, dtype=np.int64)):
        raise ShapeError(
            f"the value has {array.size} values, and the shape {list(lengths)} another number.",
            fix="Give a value that fills the shape, or a single one.",
        )
    return as_tensor(array.reshape(lengths))


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor | RaggedTensor | SparseTensor:
    """Returns a value as a tensor.

    Args:
        value: a tensor, a number, text, an array, or nested lists of them, tensors too.
        dtype: the dtype that it must have; None for its own.
        dtype_hint: the dtype that it gets where it can.

    Raises:
        DtypeError: the value cannot have the dtype; `cast` converts.
    """
    if dtype is None and dtype_hint is not None and not isinstance(value, np.ndarray):
        try:
            return to_tensor(value, dtype_hint)
        except DtypeError:
            pass
    return to_tensor(value, dtype)


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts to another dtype, value by value; see `feedline.cast`.

    Args:
        x: a tensor, also a ragged or sparse one, or a value.
        dtype: the dtype.
    """
    held = plain(x)
    return wrapped(array_ops.cast(held if hasattr(held, "values") else to_array(x), dtype))


@by_value
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts to another dtype; what is too large or too small becomes the nearest value that it has."""
    array, target = to_array(value), as_dtype(dtype)
    if kind_of(target) not in "iu" or kind_of(array.dtype) not in "iuf":
        return cast(array, target)
    limits = np.iinfo(target)
    if array.dtype.kind in "iu":
        own = np.iinfo(array.dtype)
        return cast(np.clip(array, max(limits.min, own.min), min(limits.max, own.max)), target)
    low, high = array.dtype.type(limits.min), array.dtype.type(limits.max)
    if float(high) > limits.max:
        high = np.nextafter(high, array.dtype.type(0))
    return cast(np.clip(array, low, high), target)


def zeros(shape: Any, dtype: Any = np.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns zeros, or empty strings."""
    wanted = as_dtype(dtype)
    return as_tensor(np.full(lengths_of(shape), b"" if wanted == string else 0, wanted))


def ones(shape: Any, dtype: Any = np.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns ones."""
    return as_tensor(np.full(lengths_of(shape), 1, _no_strings(as_dtype(dtype))))


def _no_strings(dtype: np.dtype) -> np.dtype:
    if dtype == string:
        raise DtypeError("there is no 1 of dtype string.", fix="Use tf.fill(shape, text).")
    return dtype


@by_value
def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Returns zeros in the shape of a tensor, and in its dtype where none is given."""
    array = to_array(input, None, "input")
    return zeros(array.shape, array.dtype if dtype is None else dtype)


@by_value
def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Returns ones in the shape of a tensor, and in its dtype where none is given."""
    array = to_array(input, None, "input")
    return ones(array.shape, array.dtype if dtype is None else dtype)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """Returns a tensor of one value, again and again.

    Args:
        dims: the shape.
        value: the value.
    """
    array = to_array(value)
    lengths = lengths_of(dims, "dims")
    return as_tensor(fitting(lambda values: np.broadcast_to(values, lengths), array).copy())


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Returns complex numbers of their parts: complex64 of float32, complex128 of float64."""
    from feedline.compat.tf.arithmetic import both

    left, right = both("complex", real, imag)
    if left.dtype not in (np.float32, np.float64):
        raise DtypeError(
            f"complex is for float32 or float64, and this is {dtype_name(left.dtype)}.", fix="Use tf.cast."
        )
    unit = np.complex64(1j) if left.dtype == np.float32 else np.complex128(1j)
    return as_tensor(np.asarray(fitting(lambda a, b: a + unit * b, left, right)))


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = np.float32, name: str | None = None
) -> Tensor:
    """Returns a matrix with ones where row and column have one number, and zeros elsewhere.

    Args:
        num_rows: how many rows.
        num_columns: how many columns; as many as rows if None.
        batch_shape: the shape of a batch of such matrices.
        dtype: the dtype.
    """
    rows = whole(num_rows, "num_rows")
    columns = rows if num_columns is None else whole(num_columns, "num_columns")
    matrix = np.eye(rows, columns, dtype=as_dtype(dtype))
    batch = () if batch_shape is None else lengths_of(batch_shape, "batch_shape")
    return as_tensor(np.broadcast_to(matrix, (*batch, rows, columns)).copy())


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Returns numbers in a row: `range(limit)` or `range(start, limit, delta)`.

    Args:
        start: the first number.
        limit: the bound that is not reached.
        delta: from each number to the next.
        dtype: the dtype; None for the widest of the arguments.

    Raises:
        ArgumentError: `delta` is 0, or leads away from `limit`.
    """
    if limit is None:
        start, limit = 0, start
    names = ("start", "limit", "delta")
    arrays = [to_array(value, None, title) for value, title in zip((start, limit, delta), names, strict=True)]
    for array, title in zip(arrays, names, strict=True):
        need_kinds(array, "iuf", "range")
        if array.ndim:
            raise ShapeError(f"{title} has the shape {array.shape}; a scalar is wanted.")
    if dtype is None:
        order = [np.dtype(kind) for kind in ("int32", "int64", "float16", "float32", "float64")]
        known = [array.dtype for array in arrays if array.dtype in order]
        found = max(known, key=order.index) if len(known) == len(arrays) else np.result_type(*arrays)
    else:
        found = as_dtype(dtype)
    first, last, step = (array.astype(found)[()] for array in arrays)
    if step == 0 or (last < first if step > 0 else last > first):
        raise ArgumentError(
            f"range goes from {first} to {last} in steps of {step}.", fix="Give a delta that leads to the limit."
        )
    if kind_of(found) in "iu":
        return as_tensor(np.arange(int(first), int(last), int(step)).astype(found))
    count = int(np.ceil(np.abs((last - first) / step)))
    numbers = np.full(count, step, found)
    if count:
        numbers[0] = first
    return as_tensor(np.add.accumulate(numbers, dtype=found) if count else numbers)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: Any = 0) -> Tensor:
    """Returns `num` numbers from `start` to `stop`, equally far apart.

    Args:
        start: the first number, or a tensor of them.
        stop: the last.
        num: how many.
        axis: the axis along which they are, where `start` and `stop` are tensors.
    """
    first = to_array(start, None, "start")
    last = to_array(stop, first.dtype, "stop")
    count = whole(num, "num")
    if count < 0:
        raise ArgumentError(f"num is {count}; 0 or more is wanted.", fix="Give the number of values.")
    dtype = np.dtype(np.float64) if first.dtype.kind in "iu" else first.dtype
    row = fitting(lambda a, b: np.linspace(a, b, count, axis=whole(axis, "axis")), first, last)
    return as_tensor(np.asarray(row, dtype))


def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Returns `on_value` at each index of a new dimension, and `off_value` elsewhere; see `feedline.one_hot`."""
    on, off = plain(on_value), plain(off_value)
    place = None if axis is None else whole(axis, "axis")
    if isinstance(indices, RaggedTensor):
        if place not in (None, -1, len(indices.shape)):
            raise ArgumentError("one_hot of ragged indices puts its dimension last.", fix="Leave axis out.")
        return indices.on_flat_values(lambda flat: one_hot(flat, depth, on, off, None, dtype))
    return as_tensor(array_ops.one_hot(to_array(indices), whole(depth, "depth"), on, off, place, dtype))


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = np.bool_, name: str | None = None) -> Tensor:
    """Returns True for the first n of each row, as many as `lengths` says.

    Args:
        lengths: integers.
        maxlen: how long the rows are; None for the largest of `lengths`.
        dtype: the dtype of the result.
    """
    array = to_array(lengths, None, "lengths")
    if array.size == 0:
        array = array.astype(np.int32)
    need_kinds(array, "iu", "sequence_mask")
    longest = whole(maxlen, "maxlen") if maxlen is not None else max(0, int(array.max(initial=0)))
    return as_tensor((np.arange(longest) < array[..., None]).astype(as_dtype(dtype)))
