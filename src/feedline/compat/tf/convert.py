"""What becomes a tensor, and of which dtype.

Python numbers become int32 and float32, lists follow their first value, arrays keep their dtype. Where a dtype is asked
for, integers become integers or floats and floats become floats, as in TensorFlow; but a value that the dtype cannot
hold is an error here, where TensorFlow cuts it off without a word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from feedline.compat.tf.tensor import Tensor, as_tensor, plain_array
from feedline.errors import ArgumentError, DtypeError, FeedlineError, ShapeError
from feedline.spec import as_dtype, dtype_name, string
from feedline.strings import PackedStrings
from feedline.structure import as_bytes_array, as_component

_OF_BOOLS = {"bool", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128"}
"""The dtypes that a Python bool can become."""

_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}


_PYTHON_NUMBERS = {bool: 0, int: 1, float: 2, complex: 3}
_DTYPE_OF = {
    bool: np.dtype(bool), int: np.dtype(np.int32), float: np.dtype(np.float32), complex: np.dtype(np.complex128),
}  # fmt: skip
_INT64 = np.dtype(np.int64)


def kind_of(dtype: np.dtype) -> str:
    """Returns b, i, u, f or c for numbers and O for strings; bfloat16 and its kin, which NumPy does not know, are f."""
    return "f" if dtype.kind == "V" else dtype.kind


def to_array(value: Any, dtype: Any = None, name: str = "the value") -> np.ndarray:
    """Returns the plain array that a value is.

    Args:
        value: a tensor, a number, text, an array, or nested lists of them.
        dtype: the dtype that it must have; None for its own.
        name: what the user knows it as.

    Raises:
        DtypeError: it cannot have the dtype.
        ShapeError: it is a list of values whose shapes differ.
    """
    kind = type(value)
    if dtype is None and (
        kind is Tensor or (kind is np.ndarray and value.dtype.kind in "biufc" and value.dtype.isnative)
    ):
        return value.view(np.ndarray)
    wanted = None if dtype is None else dtype if isinstance(dtype, np.dtype) else as_dtype(dtype)
    if isinstance(value, Tensor):
        if wanted is not None and value.dtype != wanted:
            raise DtypeError(
                f"{name} is a tensor of {dtype_name(value.dtype)} where {dtype_name(wanted)} is needed.",
                fix=f"Write tf.cast({name if name.isidentifier() else 'tensor'}, tf.{dtype_name(wanted)}).",
            )
        return plain_array(value)
    if value is None:
        raise ArgumentError(f"{name} is None, which is no tensor.", fix="Is a `return` missing in a function?")
    if kind in _PYTHON_NUMBERS:
        return _number(value, wanted, name)
    if isinstance(value, str | bytes):
        array = np.empty((), object)
        array[()] = as_component(value)
        return _with_dtype(array, wanted, name)
    if isinstance(value, PackedStrings):
        return _with_dtype(value.array(), wanted, name)
    if hasattr(value, "row_splits") or hasattr(value, "dense_shape"):
        form = "ragged" if hasattr(value, "row_splits") else "sparse"
        fix = ".to_tensor()" if form == "ragged" else "tf.sparse.to_dense()"
        raise DtypeError(f"{name} is a {form} tensor where a dense one is needed.", fix=f"Use {fix} first.")
    if isinstance(value, range):
        value = list(value)
    if isinstance(value, list | tuple):
        return _list(value, wanted, name)
    array = value if isinstance(value, np.ndarray) else np.asarray(_of_framework(value))
    return _with_dtype(_native(array, name), wanted, name)


def to_tensor(value: Any, dtype: Any = None, name: str = "the value") -> Tensor:
    """Returns the tensor that a value is; see `to_array`."""
    if isinstance(value, Tensor) and dtype is None:
        return value
    return as_tensor(to_array(value, dtype, name))


def _of_framework(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") and not hasattr(value, "__array__") else value


def _native(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind in "US" or array.dtype == object:
        return np.asarray(as_bytes_array(array), object)
    if array.dtype.kind in "Mm" or array.dtype.names is not None:
        raise DtypeError(f"{name} is an array of {array.dtype}, which is no dtype of tensors.")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _number(value: Any, wanted: np.dtype | None, name: str) -> np.ndarray:
    python = type(value)
    if wanted is None:
        wanted = _DTYPE_OF[python]
        if python is int and not -(1 << 31) <= value < 1 << 31:
            wanted = _INT64
    kind, rank = kind_of(wanted), _PYTHON_NUMBERS[python]
    if kind == "O" or rank > _KINDS[kind] or (kind == "b" and rank) or (rank == 0 and wanted.name not in _OF_BOOLS):
        raise DtypeError(
            f"{name} is the Python {python.__name__} {value}, which is no {dtype_name(wanted)}.",
            fix="Give a value of the same dtype, or tf.cast the tensor beside it.",
        )
    if rank < 3 and -100 <= value <= 100 and (kind != "u" or value >= 0):
        return np.array(value, wanted)  # every dtype can hold it
    if kind in "iu" and rank == 1 and not np.iinfo(wanted).min <= value <= np.iinfo(wanted).max:
        raise _does_not_fit(value, wanted, name)
    with np.errstate(over="ignore"):
        array = np.asarray(value).astype(wanted)
    if kind == "f" and rank == 2 and math.isfinite(value) and not np.isfinite(array):
        raise _does_not_fit(value, wanted, name)
    return array


def _does_not_fit(value: Any, wanted: np.dtype, name: str) -> DtypeError:
    return DtypeError(
        f"{name} is {value}, which {dtype_name(wanted)} cannot hold.", fix="Use a wider dtype, or another value."
    )


def _with_dtype(array: np.ndarray, wanted: np.dtype | None, name: str) -> np.ndarray:
    """Returns an array in a dtype that can hold its values."""
    if wanted is None or array.dtype == wanted:
        return array
    have, want = kind_of(array.dtype), kind_of(wanted)
    if "O" in (have, want) or _KINDS[have] > _KINDS[want] or (want == "b"):
        raise DtypeError(
            f"{name} is {dtype_name(array.dtype)} where {dtype_name(wanted)} is needed.",
            fix=f"Write tf.cast(value, tf.{dtype_name(wanted)})." if "O" not in (have, want) else "",
        )
    with np.errstate(all="ignore"):
        cast = array.astype(wanted)
        if want in "iu":
            lost = cast.astype(array.dtype) != array
            lost |= (cast < 0) != (array < 0) if have != "b" else False
        elif have in "fc":
            lost = np.isfinite(array) & ~np.isfinite(cast)
        else:
            return cast
    if np.any(lost):
        raise _does_not_fit(array[lost].reshape(-1)[0], wanted, name)
    return cast


def _list(values: list | tuple, wanted: np.dtype | None, name: str) -> np.ndarray:
    kinds = set(map(type, leaves(values)))
    if Tensor in kinds:
        first_tensor = next(leaf for leaf in leaves(values) if isinstance(leaf, Tensor))
        return _stacked(values, first_tensor.dtype if wanted is None else wanted, name)
    first = next(leaves(values), _NOTHING)
    if first is _NOTHING:
        return _rectangular(values, name).astype(np.float32 if wanted is None else wanted)
    if _is_text(first):
        array = _rectangular(values, name, object)
        if not all(isinstance(item, (str, bytes)) for item in array.reshape(-1)):
            raise _mixed(values, name)
        return _with_dtype(np.asarray(as_bytes_array(array), object), wanted, name)
    array = _rectangular(values, name)
    if wanted is None:
        wanted = _dtype_of_list(values, kinds, first, array, name)
    if array.dtype.kind in "USO":
        raise _mixed(values, name)
    if array.dtype == bool and isinstance(first, bool):
        _number(first, wanted, name)
    return _with_dtype(_native(array, name), wanted, name)


_NOTHING = object()


def leaves(values: Any) -> Iterator[Any]:
    """Yields what nested lists and tuples hold."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from leaves(value)
        else:
            yield value


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes) or (isinstance(value, np.ndarray) and value.dtype.kind in "USO")


def _dtype_of_list(values: Any, types: set[type], first: Any, array: np.ndarray, name: str) -> np.dtype | None:
    """Returns the dtype of a list of numbers: its first value's, integers of any width being int32 where they fit."""
    if types <= _PYTHON_NUMBERS.keys():
        kinds: set[str] = {_DTYPE_OF[each].kind for each in types}
    else:
        kinds = {kind_of(np.asarray(leaf).dtype) for leaf in leaves(values)}
    have = np.asarray(first).dtype
    if (have.kind == "b" and kinds != {"b"}) or ("c" in kinds and kinds != {"c"}):
        raise _mixed(values, name)
    if kinds <= {"b", "i", "u"} and have.kind != "b":
        fits = array.dtype != object and (array.size == 0 or (array.min() >= -(1 << 31) and array.max() < 1 << 31))
        return np.dtype(np.int32 if fits else np.int64)
    if "f" in kinds:
        own = isinstance(first, np.floating) or (isinstance(first, np.ndarray) and kind_of(first.dtype) == "f")
        return have if own else np.dtype(np.float32)
    return None


def _mixed(values: Any, name: str) -> DtypeError:
    return DtypeError(
        f"{name} is a list of values of different kinds: {str(values)[:80]}.",
        fix="Give values of one kind, or a tuple where they are separate components.",
    )


def _rectangular(values: Any, name: str, dtype: Any = None) -> np.ndarray:
    try:
        array = np.array(values, dtype)
    except ValueError:
        raise _unequal(values, name) from None
    if dtype is object and any(isinstance(item, list | tuple | np.ndarray) for item in array.reshape(-1)):
        raise _unequal(values, name)
    return array


def _unequal(values: Any, name: str) -> ShapeError:
    return ShapeError(
        f"{name} is a list of {len(values)} values whose shapes differ.",
        fix="Bring them to one shape, or use tf.ragged.constant or tf.ragged.stack.",
    )


def _stacked(values: Any, dtype: np.dtype, name: str) -> np.ndarray:
    parts = [
        _stacked(value, dtype, name) if isinstance(value, list | tuple) else to_array(value, dtype, name)
        for value in values
    ]
    if len({part.shape for part in parts}) > 1:
        raise _unequal(values, name)
    if parts:
        return np.stack(parts)
    return np.zeros((0,), dtype)


def to_arrays(values: Any, name: str = "values") -> list[np.ndarray]:
    """Returns the arrays of a list of values that must have one dtype: that of the first tensor among them."""
    values = list(values)
    dtype = next((value.dtype for value in values if isinstance(value, Tensor)), None)
    if dtype is None and values:
        dtype = to_array(values[0], None, f"{name}[0]").dtype
    return [to_array(value, dtype, f"{name}[{number}]") for number, value in enumerate(values)]


def whole(value: Any, name: str) -> int:
    """Returns an argument that must be a whole number.

    Raises:
        ArgumentError: it is none.
    """
    if type(value) is int:
        return value
    array = to_array(value, None, name)
    if array.size != 1 or array.dtype.kind not in "iu":
        raise ArgumentError(f"{name} is {value!r:.60}, not a whole number.", fix="Give an int.")
    return int(array.reshape(-1)[0])


def wholes(value: Any, name: str) -> list[int]:
    """Returns an argument that must be whole numbers: a list of them, an array, or one.

    Raises:
        ArgumentError: it is none.
    """
    if type(value) in (list, tuple) and all(type(number) is int for number in value):
        return list(value)
    array = to_array(value, None, name)
    if array.size == 0:
        return []
    if array.ndim > 1 or array.dtype.kind not in "iu":
        raise ArgumentError(f"{name} is {value!r:.60}, not a list of whole numbers.", fix="Give a list of ints.")
    return [int(number) for number in array.reshape(-1)]


def axis_of(axis: Any, rank: int, name: str = "axis") -> int:
    """Returns an axis counted from the front.

    Raises:
        ArgumentError: the tensor has no such axis.
    """
    number = whole(axis, name)
    if not -rank <= number < rank:
        raise ArgumentError(
            f"{name} is {number}, and the tensor has {rank} dimension{'' if rank == 1 else 's'}.",
            fix=f"Give a number from {-rank} to {rank - 1}." if rank else "A scalar has no axis.",
        )
    return number % rank


def need_kinds(array: np.ndarray, kinds: str, function: str) -> None:
    """Raises DtypeError where a function is not for arrays of this dtype."""
    if kind_of(array.dtype) not in kinds:
        wanted = " or ".join(_KIND_NAMES[kind] for kind in kinds if kind in _KIND_NAMES)
        raise DtypeError(
            f"{function} is for {wanted}, and this is {dtype_name(array.dtype)}.", fix="Use tf.cast first."
        )


_KIND_NAMES = {"b": "bool", "i": "integers", "f": "floats", "c": "complex numbers", "O": "strings"}


def fitting(function: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """Returns what a NumPy function makes of arrays that it broadcasts.

    Raises:
        ShapeError: their shapes do not go together.
    """
    try:
        if not arrays or arrays[0].dtype.kind in "biuO":  # nothing to be quiet about
            return function(*arrays)
        with np.errstate(all="ignore"):
            return function(*arrays)
    except FeedlineError:
        raise
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise ShapeError(
            f"the shapes {shapes} do not go together.",
            fix="Make the lengths equal, or 1 where a value is to be repeated.",
        ) from None


__all__ = [
    "axis_of", "fitting", "kind_of", "leaves", "need_kinds", "string", "to_array", "to_arrays", "to_tensor", "whole",
    "wholes",
]  # fmt: skip
