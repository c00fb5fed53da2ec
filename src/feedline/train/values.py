"""The lists of values in a feature: like Python lists, but what goes in is checked."""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.formats.wire import varint

_LONG = 64  # from here on NumPy and the kernels are quicker than Python
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1


class Values(MutableSequence):
    """A list of checked values.

    Long ones are kept as an array until they are changed; the array itself is never written to.

    Args:
        changed: is called before every change.
    """

    __slots__ = ("_changed", "_data")
    dtype: np.dtype

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._data: Any = []

    def _check(self, value: Any) -> Any:
        raise NotImplementedError

    def _check_array(self, array: np.ndarray) -> np.ndarray | None:
        """Returns an array of the dtype kept, or None where its elements must be looked at one by one."""
        raise NotImplementedError

    def _owner(self) -> str:
        return type(self).__name__.replace("Values", "List")

    def _check_all(self, values: Any) -> Any:
        if type(values) is list and len(values) < _LONG:
            return self._check_list(values)
        if isinstance(values, type(self)):
            return values._data.copy() if type(values._data) is list else values._data
        if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
            raise DtypeError(
                f"{self._owner()} takes a list of values, not a {type(values).__name__}.",
                fix="Put the value into a list: value=[...].",
            )
        if hasattr(values, "__array__") or (isinstance(values, list | tuple) and len(values) >= _LONG):
            try:
                array = np.asarray(values)
            except ValueError:
                array = np.empty(len(values), object)
                array[:] = values
            if array.ndim != 1 and hasattr(values, "__array__"):
                raise ShapeError(
                    f"{self._owner()} takes one dimension, not an array of the shape {array.shape}.",
                    fix="Flatten it, value=array.ravel(), and keep its shape in another feature or in the parse.",
                )
            checked = self._check_array(array) if array.ndim == 1 else None
            if checked is not None:
                return checked
            values = array.tolist() if array.ndim == 1 and hasattr(values, "__array__") else values
        return [self._check(value) for value in values]

    def _check_list(self, values: list) -> list:
        return list(map(self._check, values))

    def take(self, other: Values) -> None:
        """Takes over the values of another list of the same class, which stays as it is."""
        self._data = other._data.copy() if type(other._data) is list else other._data

    def _list(self) -> list:
        """Returns the values as a list that may be changed."""
        self._changed()
        if type(self._data) is not list:
            self._data = self._data.tolist()
        return self._data

    def append(self, value: Any) -> None:
        """Adds a value."""
        checked = self._check(value)
        self._list().append(checked)

    def extend(self, values: Any) -> None:
        """Adds values."""
        checked = self._check_all(values)
        self._changed()
        if len(self._data) == 0:
            self._data = checked
        else:
            self._list().extend(checked if type(checked) is list else checked.tolist())

    def insert(self, index: int, value: Any) -> None:
        """Adds a value before a position."""
        checked = self._check(value)
        self._list().insert(index, checked)

    def MergeFrom(self, other: Any) -> None:
        """Adds the values of another list."""
        self.extend(other)

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sorts the values."""
        self._list().sort(key=key, reverse=reverse)

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: Any) -> Any:
        found = self._data[index]
        return found if type(self._data) is list else found.tolist()

    def __setitem__(self, index: Any, value: Any) -> None:
        checked: Any = self._check_all(value) if isinstance(index, slice) else self._check(value)
        self._list()[index] = checked.tolist() if isinstance(checked, np.ndarray) else checked

    def __delitem__(self, index: Any) -> None:
        del self._list()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._data if type(self._data) is list else self._data.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if type(self._data) is list:
            array = np.empty(len(self._data), self.dtype)
            array[:] = self._data
        else:
            array = self._data.copy()
        return array if dtype is None else array.astype(dtype)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Values):
            return list(self) == list(other)
        return list(self) == other if isinstance(other, list) else NotImplemented

    def __repr__(self) -> str:
        return repr(list(self))

    __hash__ = None  # type: ignore[assignment]


class BytesValues(Values):
    """The values of a BytesList."""

    __slots__ = ()
    dtype = np.dtype(object)

    def _check(self, value: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        if isinstance(value, bytearray | memoryview):
            return bytes(value)
        fix = "Give bytes."
        if isinstance(value, str):
            fix = "Encode it: value.encode()."
        elif hasattr(value, "tobytes"):
            fix = "Use value.tobytes(), or feedline.io.serialize_tensor(value), which keeps dtype and shape."
        raise DtypeError(f"BytesList takes bytes, not the {type(value).__name__} {_shown(value)}.", fix=fix)

    def _check_array(self, array: np.ndarray) -> np.ndarray | None:
        return None


class FloatValues(Values):
    """The values of a FloatList; each is rounded to float32."""

    __slots__ = ()
    dtype = np.dtype(np.float32)

    def _check(self, value: Any) -> float:
        try:
            if isinstance(value, str | bytes):
                raise TypeError
            return struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            raise _too_large(value, "float32") from None
        except (struct.error, TypeError):
            raise DtypeError(
                f"FloatList takes numbers, not the {type(value).__name__} {_shown(value)}.", fix="Give a float."
            ) from None

    def _check_list(self, values: list) -> list:
        form = f"<{len(values)}f"
        try:
            return list(struct.unpack(form, struct.pack(form, *values)))
        except (OverflowError, struct.error):
            return list(map(self._check, values))

    def _check_array(self, array: np.ndarray) -> np.ndarray | None:
        if array.dtype.kind not in "fiub":
            return None
        with np.errstate(over="ignore"):
            rounded = array.astype(np.float32)
        if array.dtype.itemsize > 4:
            overflow = np.flatnonzero(np.isinf(rounded) & np.isfinite(array))
            if len(overflow):
                raise _too_large(array[overflow[0]], "float32")
        return rounded

    def packed(self) -> bytes:
        """Returns the values as the bytes of a packed field."""
        if type(self._data) is list:
            return struct.pack(f"<{len(self._data)}f", *self._data)
        return self._data.astype("<f4", copy=False).tobytes()


class Int64Values(Values):
    """The values of an Int64List."""

    __slots__ = ()
    dtype = np.dtype(np.int64)

    def _check(self, value: Any) -> int:
        if type(value) is not int:
            if isinstance(value, np.bool_):
                value = bool(value)
            try:
                value = operator.index(value)
            except TypeError:
                fix = "Convert it: int(value)." if isinstance(value, float | np.floating) else "Give an int."
                raise DtypeError(
                    f"Int64List takes integers, not the {type(value).__name__} {_shown(value)}.", fix=fix
                ) from None
        if not _LOWEST <= value <= _HIGHEST:
            raise _too_large(value, "int64")
        return int(value)

    def _check_array(self, array: np.ndarray) -> np.ndarray | None:
        if array.dtype.kind not in "iub":
            return None
        if array.dtype == np.uint64 and len(array) and array.max() > _HIGHEST:
            raise _too_large(array.max(), "int64")
        return array.astype(np.int64)

    def packed(self) -> bytes:
        """Returns the values as the bytes of a packed field."""
        if len(self._data) < _LONG:
            return b"".join([varint(value) for value in self])
        from feedline.kernels.wire import encode_varints

        return encode_varints(np.asarray(self._data, np.int64)).tobytes()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _too_large(value: Any, dtype: str) -> ArgumentError:
    return ArgumentError(f"{value} does not fit {dtype}.", fix=f"Give values within the range of {dtype}.")
