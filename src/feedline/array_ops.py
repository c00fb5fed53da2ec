"""`cast` and `one_hot`: the two operations on any array that an input pipeline nearly always has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import as_dtype, dtype_name, string

_INDEX_FIX = "Give integers; turn names into numbers first."


def as_array(value: Any, name: str = "the value") -> np.ndarray:
    """Returns an array; Python numbers become float32, int32 or bool as in TensorFlow, not float64 and int64.

    Integers that do not fit into int32 stay int64.

    Raises:
        ShapeError: the value is a list of items whose shapes differ.
    """
    if isinstance(value, np.ndarray):
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(
            f"{name} is a list whose items differ in shape, so it is no array.",
            fix="Give each item on its own, or bring the items to one shape and stack them.",
        ) from None
    if array.dtype in (np.float64, np.int64) and isinstance(value, list | tuple | int | float):
        first = value
        while isinstance(first, list | tuple) and len(first):
            first = first[0]
        if type(first) in (int, float, bool, list, tuple):
            if array.dtype == np.float64:
                return array.astype(np.float32)
            if array.min() >= -(2**31) and array.max() < 2**31:
                return array.astype(np.int32)
    return array


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts to another dtype, value by value.

    Floats to integers are cut off towards 0. What does not fit is defined, on every machine, by what TensorFlow does
    with all but the last few values of an array: 8-bit and 16-bit integers take the nearest value that they have
    (values from 2**31 on, infinities and NaN become the lowest); int32 and int64 become the lowest value; uint32 and
    uint64 wrap negative values round and become 2**31 and 2**63 otherwise. Integers to narrower integers wrap round.
    Everything but 0 is True, NaN too.

    Args:
        x: an array, a number, a `RaggedTensor` or a `SparseTensor`.
        dtype: a dtype or its name.
        name: ignored; here because `tf.cast` has it.

    Returns:
        The converted array (or ragged or sparse tensor); the same array where it has that dtype already.

    Raises:
        DtypeError: strings are to be made numbers, or numbers strings.

    Example:
        >>> cast(np.array([1.9, -1.9, 300.0]), "uint8")
        array([  1,   0, 255], dtype=uint8)
        >>> cast([True, False], "float32")
        array([1., 0.], dtype=float32)
    """
    target = as_dtype(dtype)
    if isinstance(x, RaggedTensor | SparseTensor):
        return replace(x, values=cast(x.values, target))
    array = as_array(x, "x")
    held = string if array.dtype.kind in "SUO" else array.dtype
    if (held == string) != (target == string):
        raise DtypeError(
            f"cast makes no {dtype_name(target)} of {dtype_name(held)}.",
            fix="Parse the text with np.char or with Python's int and float, or decode raw bytes with "
            "feedline.io.decode_raw."
            if held == string
            else "Format the numbers in Python, and encode them as bytes.",
        )
    if held == target:
        return array
    if target.kind in "iu" and (array.dtype.kind == "f" or array.dtype.name == "bfloat16"):
        return _float_to_integer(array, target)
    with np.errstate(all="ignore"):
        if array.dtype == np.float64 and target == np.float16:
            array = array.astype(np.float32)  # TensorFlow rounds twice
        return array.astype(target)


def _float_to_integer(array: np.ndarray, target: np.dtype) -> np.ndarray:
    if array.dtype.itemsize < 4:
        array = array.astype(np.float32)
    limits = np.iinfo(target.name)
    wide: np.dtype = np.dtype(np.int32 if target.itemsize < 4 or target == np.int32 else np.int64)
    bound = float(-np.iinfo(wide).min)
    # NumPy leaves a float beyond the integer's range to the processor; here only what fits is ever converted.
    if target == np.uint32:
        fits, other = (array > -(2.0**31)) & (array < 2.0**32), 2**31
    elif target == np.uint64:
        fits, other = np.abs(array) < bound, 2**63
    else:
        fits, other = np.abs(array) < bound, int(limits.min)
    if fits.all():
        whole = array.astype(wide)
        if target.itemsize < 4:
            np.clip(whole, limits.min, limits.max, out=whole)
        return whole.astype(target, copy=False)
    whole = np.where(fits, array, 0).astype(wide)
    if target.itemsize < 4:
        np.clip(whole, limits.min, limits.max, out=whole)
    result = np.where(fits, whole.astype(target), target.type(other))
    if target == np.uint64:
        high = (array >= 2.0**63) & (array < 2.0**64)
        above = np.where(high, array, 2.0**63).astype(np.float64) - 2.0**63
        result = np.where(high, above.astype(np.uint64) + np.uint64(2**63), result)
    return result


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> np.ndarray:
    """Returns an array with `on_value` at each index of a new dimension, and `off_value` elsewhere.

    An index below 0, or of `depth` and more, gives a row without `on_value`, as in TensorFlow.

    Args:
        indices: integers, of any shape.
        depth: the length of the new dimension.
        on_value: a scalar; 1 by default.
        off_value: a scalar of the same dtype; 0 by default.
        axis: where the new dimension goes; the last by default.
        dtype: the dtype; that of the values given, or float32 without any.
        name: ignored; here because `tf.one_hot` has it.

    Returns:
        An array with one dimension more than `indices`.

    Raises:
        DtypeError: the indices are no integers, or the dtypes of the values and `dtype` differ.
        ArgumentError: `depth` is negative or no int, `axis` is out of range, or a value is no scalar.

    Example:
        >>> one_hot([0, 2, 5], 3)
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 0., 0.]], dtype=float32)
    """
    indices = as_array(indices, "indices")
    if indices.size == 0 and indices.dtype == np.float32:
        indices = indices.astype(np.int32)
    if indices.dtype.kind not in "iu":
        raise DtypeError(
            f"one_hot wants integers as indices, and these are {dtype_name(as_dtype(indices.dtype))}.", fix=_INDEX_FIX
        )
    whole = np.asarray(depth)
    if whole.ndim or whole.dtype.kind not in "iu" or whole < 0:
        raise ArgumentError(
            f"depth is {depth!r}; an int of 0 or more is wanted.", fix="Give the number of classes as an int."
        )
    depth = int(whole)
    place = indices.ndim if axis is None or axis == -1 else axis
    if not isinstance(place, int | np.integer) or not 0 <= place <= indices.ndim:
        raise ArgumentError(
            f"axis is {axis!r}; -1 or an int from 0 to {indices.ndim} is wanted.", fix="Use axis=-1 for the last."
        )
    on, off, found = _one_hot_values(on_value, off_value, dtype)
    result = np.full((*indices.shape, depth), off, found)
    if indices.ndim == 0:
        if 0 <= indices < depth:
            result[indices] = on
        return result
    rows = result.reshape(indices.size, depth)
    flat = indices.reshape(-1)
    valid = np.flatnonzero((flat >= 0) & (flat < depth))
    rows[valid, flat[valid]] = on
    return result if place == indices.ndim else np.ascontiguousarray(np.moveaxis(result, -1, place))


def _one_hot_values(on_value: Any, off_value: Any, dtype: Any) -> tuple[Any, Any, np.dtype]:
    wanted = None if dtype is None else as_dtype(dtype)
    on, on_dtype = _scalar(on_value, "on_value", wanted)
    off, off_dtype = _scalar(off_value, "off_value", wanted)
    found = wanted or on_dtype or off_dtype or np.dtype(np.float32)
    for title, given in (("on_value", on_dtype), ("off_value", off_dtype)):
        if given is not None and given != found:
            raise DtypeError(
                f"{title} is {dtype_name(given)}, and the other value or dtype is {dtype_name(found)}.",
                fix=f"Give {title} as {dtype_name(found)}, for example with feedline.cast.",
            )
    if found == string and (on_dtype is None or off_dtype is None):
        raise DtypeError(
            "one_hot has no on_value and off_value of its own for strings.", fix="Give both, for example b'1' and b'0'."
        )
    return (1 if on_dtype is None else on), (0 if off_dtype is None else off), found


def _scalar(value: Any, title: str, wanted: np.dtype | None) -> tuple[Any, np.dtype | None]:
    if value is None:
        return None, None
    array = as_array(value, title)
    if array.ndim:
        raise ArgumentError(
            f"{title} has the shape {array.shape}; a scalar is wanted.", fix=f"Give one number as {title}."
        )
    if array.dtype.kind in "SUO":
        item = array.item()
        return (item.encode() if isinstance(item, str) else item), string
    if wanted is not None and (
        (type(value) is int and wanted.kind in "iufc") or (type(value) is float and wanted.kind in "fc")
    ):
        return value, wanted
    return array[()], array.dtype
