"""The lists of values in a feature: like Python lists, but what goes in is checked."""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError, with_article
from feedline.formats.wire import varint

_LONG = 64  # from here on NumPy and the kernels are quicker than Python
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1


class Values(MutableSequence):
    """A list of checked values: what `Int64List(...).value` is.

    Args:
        holder: the message that holds the values, in `_data`: a list, which is copied before it is changed where
            another message has it too (`_own` is False), or an array, which is never changed.
    """

    __slots__ = ("_holder",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, holder: Any) -> None:
        self._holder = holder

    @property
    def _data(self) -> Any:
        return self._holder._data

    def _list(self) -> list:
        """Returns the values as a list that may be changed."""
        holder = self._holder
        holder.SetInParent()
        if type(holder._data) is not list:
            holder._data = holder._data.tolist()
        elif not holder._own:
            holder._data = holder._data.copy()
        holder._own = True
        return holder._data

    def append(self, value: Any) -> None:
        """Adds a value."""
        checked = self._holder._kind.check(value)
        self._list().append(checked)

    def extend(self, values: Any) -> None:
        """Adds values."""
        checked = self._holder._kind.check_all(values)
        if len(self._data) == 0:
            self._holder.SetInParent()
            self._holder._data, self._holder._own = checked, True
        else:
            self._list().extend(checked if type(checked) is list else checked.tolist())

    def insert(self, index: int, value: Any) -> None:
        """Adds a value before a position."""
        checked = self._holder._kind.check(value)
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
        kind = self._holder._kind
        checked = kind.check_all(value) if isinstance(index, slice) else kind.check(value)
        self._list()[index] = checked.tolist() if isinstance(checked, np.ndarray) else checked

    def __delitem__(self, index: Any) -> None:
        del self._list()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._data if type(self._data) is list else self._data.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if type(self._data) is list:
            array = np.empty(len(self._data), self._holder._kind.dtype)
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


class Kind:
    """What one kind of list takes, and how it is checked."""

    name: str
    dtype: np.dtype

    def check(self, value: Any) -> Any:
        """Returns a value as it is kept.

        Raises:
            DtypeError: it is of another type.
            ArgumentError: it is beyond the range.
        """
        raise NotImplementedError

    def check_list(self, values: list) -> list:
        """Returns a new list of checked values."""
        return [self.check(value) for value in values]

    def check_array(self, array: np.ndarray) -> np.ndarray | None:
        """Returns a new array of the dtype kept, or None where its elements must be looked at one by one."""
        return None

    def check_all(self, values: Any) -> Any:
        """Returns checked values, as a new list or array.

        Raises:
            DtypeError: they are no list, or one of them is of another type.
            ShapeError: they have more than one dimension.
        """
        if type(values) is list and len(values) < _LONG:
            return self.check_list(values)
        if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
            raise DtypeError(
                f"{self.name} takes a list of values, not {with_article(type(values).__name__)}.",
                fix="Put the value into a list: value=[...].",
            )
        if hasattr(values, "__array__"):
            array = np.asarray(values)
            if array.ndim != 1:
                raise ShapeError(
                    f"{self.name} takes one dimension, not an array of the shape {array.shape}.",
                    fix="Flatten it, value=array.ravel(), and keep its shape in another feature or in the parse.",
                )
            checked = self.check_array(array)
            return self.check_list(array.tolist()) if checked is None else checked
        values = list(values)
        if self.dtype != object and len(values) >= _LONG and type(values[0]) in (int, float):
            try:
                array = np.asarray(values)
            except (ValueError, OverflowError):  # the elements differ in shape: the check below says which is wrong
                return self.check_list(values)
            checked = self.check_array(array) if array.ndim == 1 else None
            if checked is not None:
                return checked
        return self.check_list(values)


class BytesKind(Kind):
    """Bytes."""

    name = "BytesList"
    dtype = np.dtype(object)

    def check(self, value: Any) -> bytes:
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


class FloatKind(Kind):
    """Numbers, each rounded to float32."""

    name = "FloatList"
    dtype = np.dtype(np.float32)

    def check(self, value: Any) -> float:
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

    def check_list(self, values: list) -> list:
        form = f"<{len(values)}f"
        try:
            return list(struct.unpack(form, struct.pack(form, *values)))
        except (OverflowError, struct.error):
            return list(map(self.check, values))

    def check_array(self, array: np.ndarray) -> np.ndarray | None:
        if array.dtype.kind not in "fiub":
            return None
        with np.errstate(over="ignore"):
            rounded = array.astype(np.float32)
        if array.dtype.itemsize > 4:
            overflow = np.flatnonzero(np.isinf(rounded) & np.isfinite(array))
            if len(overflow):
                raise _too_large(array[overflow[0]], "float32")
        return rounded

    def packed(self, data: Any) -> bytes:
        """Returns values as the bytes of a packed field."""
        if type(data) is list:
            return struct.pack(f"<{len(data)}f", *data)
        return data.astype("<f4", copy=False).tobytes()


class Int64Kind(Kind):
    """Integers within int64."""

    name = "Int64List"
    dtype = np.dtype(np.int64)

    def check(self, value: Any) -> int:
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

    def check_array(self, array: np.ndarray) -> np.ndarray | None:
        if array.dtype.kind not in "iub":
            return None
        if array.dtype == np.uint64 and len(array) and array.max() > _HIGHEST:
            raise _too_large(array.max(), "int64")
        return array.astype(np.int64)

    def check_list(self, values: list) -> list:
        for value in values:
            if type(value) is not int or not _LOWEST <= value <= _HIGHEST:
                return [self.check(value) for value in values]
        return values.copy()

    def packed(self, data: Any) -> bytes:
        """Returns values as the bytes of a packed field."""
        if len(data) == 1:
            return varint(int(data[0]))
        if len(data) < _LONG:
            return b"".join(map(varint, data if type(data) is list else data.tolist()))
        from feedline.kernels.wire import encode_varints

        return encode_varints(np.asarray(data, np.int64)).tobytes()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _too_large(value: Any, dtype: str) -> ArgumentError:
    return ArgumentError(f"{value} does not fit {dtype}.", fix=f"Give values within the range of {dtype}.")
