"""What a Python list becomes as a component: one array, of the dtype that TensorFlow gives it.

There are two rules. A list that is given to `from_tensor_slices` or `from_tensors` is a list of numbers: the kind of
its first decides, whole numbers are int32, or int64 where that is too small, and fractions float32. In a list that a
function of the user's returns, NumPy's numbers and arrays stand for what are tensors in `tf.data`: they keep their
dtype, and Python's numbers beside them take it on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.errors import DtypeError
from feedline.nested import DatasetComponent
from feedline.spec import dtype_name

_INTEGERS, _FLOATS = {int}, {float}
_FLOAT32 = np.dtype(np.float32)
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_TEXT = str | bytes  # np.str_ and np.bytes_ are of these classes
_LISTS = list | tuple | range
_ARRAYS = ("__array__", "__array_interface__", "numpy")


def array_of_list(values: list | tuple | range, given: bool) -> np.ndarray:
    """Returns the array of a list of numbers, of text, or of lists or arrays of these.

    Args:
        values: the list.
        given: whether it was given to a source, and not returned by a function.

    Raises:
        DtypeError: it holds what cannot stand in one array.

    Example:
        >>> array_of_list([1, 2.5], True).dtype, array_of_list([1, np.int64(2)], True).dtype
        (dtype('float32'), dtype('int32'))
        >>> array_of_list([1, np.int64(2)], False).dtype
        dtype('int64')
    """
    flat = set(map(type, values))
    if flat == _FLOATS:
        return _converted(values, _FLOAT32)
    if flat == _INTEGERS and (array := np.asarray(values)).dtype == np.int64:
        return _as_small_as_can_be(array)
    kinds = set(_kinds(values))
    if not kinds:
        return _converted(values, np.dtype(np.float32))
    if any(_is_text(kind) for kind in kinds):
        if not all(_is_text(kind) for kind in kinds):
            raise _mixed(values, "text with other values")
        # straight to objects: NumPy's own strings lose zero bytes at their ends
        array = np.array(values, object)
        if any(isinstance(value, _LISTS) for value in array.reshape(-1).tolist()):
            raise _unequal(values)
        return array
    dtypes = {kind for kind in kinds if isinstance(kind, np.dtype)}
    for kind in kinds:
        if _letter(kind) == "O":
            raise DtypeError(
                f"an object of type {kind.__name__} cannot be a component: {str(values)[:80]}.",
                fix="Give numbers, text, bytes, or arrays of them.",
            )
    if any(_letter(kind) not in "biufc" for kind in kinds):
        return _plain(values)  # dates and the like are told by those who look at the array
    if len(dtypes) == 1 and len(kinds) == 1 and not (given and _holds_scalars(values)):
        return _plain(values)
    if len(dtypes) > 1 and not given:
        raise _mixed(values, " and ".join(sorted(dtype_name(dtype) for dtype in dtypes)))
    if dtypes and not given:
        return _of_dtype(values, kinds, next(iter(dtypes)))
    return _by_the_first(values, kinds)


def python_integer(value: int) -> np.int32 | np.int64:
    """Returns a Python integer as int32, or as int64 where that is too small.

    Raises:
        DtypeError: int64 is too small as well.
    """
    if -(1 << 31) <= value < 1 << 31:
        return np.int32(value)
    if not -(1 << 63) <= value < 1 << 63:
        raise DtypeError(
            f"the Python integer {value} does not fit int64.",
            fix="Give its dtype yourself, for example np.uint64(value).",
        )
    return np.int64(value)


def python_float(value: float) -> np.float32:
    """Returns a Python float as float32.

    Raises:
        DtypeError: it is finite, and float32 cannot hold it.
    """
    if math.isfinite(value) and abs(value) > LARGEST_FLOAT32:
        raise DtypeError(
            f"the Python float {value} does not fit float32, the dtype that Python floats get.",
            fix="Give its dtype yourself, for example np.float64(value).",
        )
    return np.float32(value)


def as_unmasked(value: Any) -> np.ndarray:
    """Returns an array of what is like one, also of other libraries.

    Raises:
        DtypeError: it has masked values.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise DtypeError(
            "a masked array has no values where it is masked.", fix="Fill it first, for example with .filled(0)."
        )
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        return np.asarray(value.numpy())
    return np.asarray(value)


def _kinds(values: list | tuple | range) -> Iterator[Any]:
    """Gives what a list and the lists within it hold: classes of Python, dtypes of NumPy."""
    if isinstance(values, range):
        if values:
            yield int
        return
    kinds: set[Any] = set(map(type, values))
    for kind in kinds:
        if issubclass(kind, _LISTS):
            for value in values:
                if type(value) is kind:
                    yield from set(_kinds(value))
        elif issubclass(kind, np.generic) and not issubclass(kind, np.str_ | np.bytes_):
            yield np.dtype(kind)
        elif not issubclass(kind, _TEXT | DatasetComponent) and any(hasattr(kind, name) for name in _ARRAYS):
            for value in values:
                if type(value) is kind:
                    yield value.dtype if kind is np.ndarray else as_unmasked(value).dtype
        else:
            yield kind


def _is_text(kind: Any) -> bool:
    if isinstance(kind, np.dtype):
        return kind.kind in "SUO"
    return issubclass(kind, _TEXT) or hasattr(kind, "__fspath__")


def _letter(kind: Any) -> str:
    """Returns NumPy's letter for a kind of number."""
    if isinstance(kind, np.dtype):
        return kind.kind
    for python, letter in ((bool, "b"), (int, "i"), (float, "f"), (complex, "c")):
        if issubclass(kind, python):
            return letter
    return "O"


def _holds_scalars(values: Any) -> bool:
    """Says whether a list, or one within it, holds NumPy's numbers and not arrays."""
    while isinstance(values, _LISTS) and len(values):
        values = next((value for value in values if not isinstance(value, _LISTS) or len(value)), None)
    return isinstance(values, np.generic)


def _first(values: Any) -> Any:
    """Returns the class or dtype of the first number."""
    for value in values:
        if isinstance(value, _LISTS):
            kind = _first(value)
            if kind is not None:
                return kind
        else:
            return next(_kinds([value]))
    return None


_STANDS_FOR = {"b": "b", "i": "iuf", "f": "iuf", "c": "iufc"}
"""Which kinds of numbers may follow a first one of a kind."""


def _by_the_first(values: list | tuple | range, kinds: set) -> np.ndarray:
    first = _first(values)
    letter = "i" if _letter(first) == "u" else _letter(first)
    letters = {_letter(kind) for kind in kinds if not (kind is bool and letter != "b")}  # to Python, bools are integers
    if not letters <= set(_STANDS_FOR[letter]):
        raise _mixed(values, " and ".join(sorted({_NAMES[other] for other in letters})))
    if letter == "b":
        return _plain(values)
    if letter == "c":
        return _plain(values).astype(np.complex128)
    if letter == "f":
        return _converted(values, first if isinstance(first, np.dtype) else np.dtype(np.float32))
    if "f" in letters:
        return _converted(values, np.dtype(np.float32))
    array = _plain(values)
    if array.dtype.kind != "i" and array.size:  # beyond int64, or of dtypes that NumPy knows none for together
        array = np.array(values, object)
        outside = [value for value in array.reshape(-1).tolist() if not -(1 << 63) <= value < 1 << 63]
        if outside:
            python_integer(outside[0])
    return _as_small_as_can_be(array.astype(np.int64))


def _as_small_as_can_be(array: np.ndarray) -> np.ndarray:
    fits = array.size == 0 or (array.max() <= 0x7FFFFFFF and array.min() >= -0x80000000)
    return array.astype(np.int32) if fits else array


_NAMES = {"b": "bools", "i": "integers", "u": "integers", "f": "floats", "c": "complex numbers"}
_TAKES = {"b": "b", "i": "i", "u": "i", "f": "if", "c": "ifc"}
"""Which Python numbers may stand beside NumPy's of a kind."""


def _of_dtype(values: list | tuple | range, kinds: set, dtype: np.dtype) -> np.ndarray:
    """Returns the array of NumPy's numbers of one dtype and Python's beside them."""
    for kind in kinds:
        if not isinstance(kind, np.dtype) and _letter(kind) not in _TAKES[dtype.kind]:
            raise _mixed(values, f"{dtype_name(dtype)} and {_NAMES[_letter(kind)]}")
    try:
        return _converted(values, dtype) if dtype.kind == "f" else np.array(values, dtype)
    except OverflowError:
        raise DtypeError(
            f"a list of {dtype_name(dtype)} holds a number that does not fit it: {str(values)[:80]}.",
            fix="Give all numbers in one dtype that holds them.",
        ) from None
    except ValueError:
        raise _unequal(values) from None


def _plain(values: Any) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError:
        raise _unequal(values) from None


def _converted(values: Any, dtype: np.dtype) -> np.ndarray:
    """Returns floats in a dtype; one that is finite and does not fit is an error."""
    array = _plain(values)
    if array.dtype.kind == "O":  # integers beyond 64 bits among the floats
        array = array.astype(np.float64)
    with np.errstate(over="ignore"):
        result = array.astype(dtype)
    if dtype.itemsize < 8 and array.dtype != dtype:
        outside = array[np.isfinite(array) & ~np.isfinite(result)]
        if outside.size and dtype == np.float32:
            python_float(float(outside.flat[0]))
        if outside.size:
            raise DtypeError(
                f"the number {outside.flat[0]} does not fit {dtype_name(dtype)}, the dtype of the list.",
                fix="Give all numbers in one dtype that holds them.",
            )
    return result


def _unequal(values: Any) -> DtypeError:
    return DtypeError(
        f"a list of {len(values)} values of different shapes cannot be one array.",
        fix="Give a tuple where the values are separate components, or pad them to one shape.",
    )


def _mixed(values: Any, what: str) -> DtypeError:
    return DtypeError(
        f"a list mixes {what}: {str(values)[:80]}.",
        fix="Give values of one dtype, or a tuple where they are separate components.",
    )
