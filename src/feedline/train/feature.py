"""The messages that hold values: BytesList, FloatList, Int64List, Feature and Features.

Source of the format: https://www.tensorflow.org/api_docs/python/tf/train/Feature
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from feedline.errors import ArgumentError, CorruptExampleError
from feedline.formats.wire import DELIMITED, FIXED32, VARINT, delimited, fields, read_varint
from feedline.train.message import Message, block, quoted, take
from feedline.train.message_map import MessageMap
from feedline.train.values import BytesKind, FloatKind, Int64Kind, Values

_LONG_RUN = 64


class _ValueList(Message):
    """A list of values. `_feature` is the Feature whose kind it becomes as soon as it is changed."""

    __slots__ = ("_data", "_feature", "_own")
    _kind: Any

    def __init__(self, value: Any = None) -> None:
        self._feature: Feature | None = None
        self._own = True
        if value is None:
            self._data: Any = []
        elif isinstance(value, Values) and value._holder._kind is self._kind:
            self._data = value._holder._lend()
            self._own = False
        else:
            self._data = self._kind.check_all(value)

    @property
    def value(self) -> Values:
        """The values; they change by the methods of a list, and `value[:] = ...` replaces them."""
        return Values(self)

    def SetInParent(self) -> None:
        """Makes this list, also while it is empty, the kind of the Feature that it belongs to."""
        if self._feature is not None:
            self._feature._become(self)

    def _lend(self) -> Any:
        """Returns the values for another message to have as well: whichever is changed first copies them."""
        self._own = False
        return self._data

    def _copy(self) -> Self:
        made = object.__new__(type(self))
        made._feature = None
        made._data, made._own = self._lend(), False
        return made

    def _assign(self, other: Self) -> None:
        self.SetInParent()
        self._data, self._own = other._lend(), False

    def _contents(self) -> list:
        return list(self.value)


class BytesList(_ValueList):
    """A list of bytes.

    Args:
        value: bytes objects.

    Raises:
        DtypeError: one of them is no bytes.

    Example:
        >>> BytesList(value=[b"cat"]).SerializeToString()
        b'\\n\\x03cat'
    """

    __slots__ = ()
    _kind = BytesKind()

    def _payload(self) -> bytes:
        return b"".join([delimited(1, value) for value in self._data])

    def _merge(self, message: memoryview) -> None:
        self.value.extend([bytes(value) for number, wire, value in fields(message) if (number, wire) == (1, DELIMITED)])

    def _text(self) -> list[str]:
        return [f"value: {quoted(value)}" for value in self.value]


class FloatList(_ValueList):
    """A list of float32.

    Args:
        value: numbers, or an array `(n,)`; each is rounded to float32.

    Raises:
        DtypeError: one of them is no number.
        ArgumentError: a finite one is beyond float32's range.

    Example:
        >>> FloatList(value=[0.5, 0.25]).value
        [0.5, 0.25]
    """

    __slots__ = ()
    _kind = FloatKind()

    def _payload(self) -> bytes:
        return delimited(1, self._kind.packed(self._data)) if len(self._data) else b""

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if number == 1 and wire in (DELIMITED, FIXED32):
                if len(value) % 4:  # type: ignore[arg-type]
                    raise CorruptExampleError(
                        f"a FloatList has {len(value)} bytes, no multiple of 4.",  # type: ignore[arg-type]
                        fix="The message is damaged: write it again.",
                    )
                self.value.extend(np.frombuffer(value, "<f4"))  # type: ignore[arg-type]

    def _text(self) -> list[str]:
        return [f"value: {_float_text(value)}" for value in self.value]


class Int64List(_ValueList):
    """A list of int64.

    Args:
        value: integers, or an array of integers `(n,)`.

    Raises:
        DtypeError: one of them is no integer; a float is not truncated.
        ArgumentError: one of them is beyond int64's range.

    Example:
        >>> Int64List(value=[3, -1]).SerializeToString()
        b'\\n\\x0b\\x03\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x01'
    """

    __slots__ = ()
    _kind = Int64Kind()

    def _payload(self) -> bytes:
        return delimited(1, self._kind.packed(self._data)) if len(self._data) else b""

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if number == 1 and wire == VARINT:
                self.value.append(_signed(value))  # type: ignore[arg-type]
            elif number == 1 and wire == DELIMITED:
                self.value.extend(_unpacked(value))  # type: ignore[arg-type]

    def _text(self) -> list[str]:
        return [f"value: {value}" for value in self.value]


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _unpacked(run: memoryview) -> list[int] | np.ndarray:
    if len(run) >= _LONG_RUN:
        from feedline.kernels.wire import decode_varints

        numbers, read = decode_varints(np.frombuffer(run, np.uint8))
        if read == len(run):
            return numbers
    found, position = [], 0
    while position < len(run):
        number, position = read_varint(run, position)
        found.append(_signed(number))
    return found


def _float_text(value: float) -> str:
    """Returns a float32 as protobuf's text format writes it: the shorter of 6 and 9 digits that reads back."""
    short = f"{value:.6g}"
    same = struct.pack("<f", float(short)) == struct.pack("<f", value)
    return short if same or value != value else f"{value:.9g}"


class Feature(Message):
    """One feature: a list of bytes, of floats or of integers, or nothing yet.

    Args:
        bytes_list, float_list, int64_list: the list; at most one of them.

    Raises:
        ArgumentError: more than one list is given.
        DtypeError: a list is of another class than its name says.

    Example:
        >>> feature = Feature(int64_list=Int64List(value=[7]))
        >>> feature.WhichOneof("kind"), feature.int64_list.value[0]
        ('int64_list', 7)
    """

    __slots__ = ("_list", "_spare")
    _NUMBERS = {BytesList: 1, FloatList: 2, Int64List: 3}  # noqa: RUF012
    _NAMES = {BytesList: "bytes_list", FloatList: "float_list", Int64List: "int64_list"}  # noqa: RUF012
    _CLASSES = {"bytes_list": BytesList, "float_list": FloatList, "int64_list": Int64List}  # noqa: RUF012

    def __init__(
        self,
        bytes_list: BytesList | None = None,
        float_list: FloatList | None = None,
        int64_list: Int64List | None = None,
    ) -> None:
        self._list: _ValueList | None = None
        self._spare: dict[type, _ValueList] | None = None
        for kind, given in ((BytesList, bytes_list), (FloatList, float_list), (Int64List, int64_list)):
            if given is None:
                continue
            if self._list is not None:
                raise ArgumentError("a Feature holds one list, but two are given.", fix="Make two Features of them.")
            self._list = values = take(kind, given, "Feature")
            values._feature = self

    def _become(self, values: _ValueList) -> None:
        if values is not self._list:
            self._list, self._spare = values, None
            values._feature = self

    def _of(self, kind: type) -> Any:
        if type(self._list) is kind:
            return self._list
        if self._spare is None:
            self._spare = {}
        spare = self._spare.get(kind)
        if spare is None:
            spare = self._spare[kind] = kind()
            spare._feature = self
        return spare

    @property
    def bytes_list(self) -> BytesList:
        """The list of bytes; an empty one, which becomes this feature's when it is changed, if it holds another."""
        return self._of(BytesList)

    @property
    def float_list(self) -> FloatList:
        """The list of floats; see `bytes_list`."""
        return self._of(FloatList)

    @property
    def int64_list(self) -> Int64List:
        """The list of integers; see `bytes_list`."""
        return self._of(Int64List)

    def WhichOneof(self, oneof_group: str = "kind") -> str | None:
        """Returns the name of the list that is set, or None.

        Raises:
            ArgumentError: the group is not "kind".
        """
        if oneof_group not in ("kind", b"kind"):
            raise ArgumentError(f"a Feature has no group {oneof_group!r}.", fix='Ask for "kind".')
        return self._NAMES[type(self._list)] if self._list is not None else None

    def HasField(self, field_name: str) -> bool:
        """Says whether the list of this name is set."""
        if field_name not in (*self._CLASSES, "kind"):
            raise ArgumentError(f"a Feature has no field {field_name!r}.", fix=f"Use one of {list(self._CLASSES)}.")
        return self._list is not None and field_name in ("kind", self.WhichOneof())

    def _clear_field(self, field_name: str) -> None:
        if field_name == self.WhichOneof():
            self.Clear()

    def _copy(self) -> Feature:
        made = object.__new__(Feature)
        made._list = made._spare = None
        if self._list is not None:
            made._list = copied = self._list._copy()
            copied._feature = made
        return made

    def _payload(self) -> bytes:
        if self._list is None:
            return b""
        return delimited(self._NUMBERS[type(self._list)], self._list._payload())

    def _merge(self, message: memoryview) -> None:
        kinds = {number: kind for kind, number in self._NUMBERS.items()}
        for number, wire, value in fields(message):
            if number in kinds and wire == DELIMITED:
                values = self._of(kinds[number])
                values.SetInParent()
                values._merge(value)

    def _assign(self, other: Self) -> None:
        self._list = self._spare = None
        if other._list is not None:
            self._become(other._list)

    def _contents(self) -> tuple:
        return (type(self._list), self._list and self._list._contents())

    def _text(self) -> list[str]:
        return [] if self._list is None else block(self._NAMES[type(self._list)], self._list._text())


class Features(Message):
    """Names to features.

    Args:
        feature: a dict from names to `Feature`s.

    Example:
        >>> features = Features()
        >>> features.feature["label"].int64_list.value.append(3)
        >>> features.feature["label"].int64_list.value
        [3]
    """

    __slots__ = ("_map",)

    def __init__(self, feature: Mapping[str, Feature] | None = None) -> None:
        self._map = MessageMap(Feature, feature)

    @property
    def feature(self) -> MessageMap:
        """The features by name; a name that is not there yet is added by asking for it."""
        return self._map

    def _copy(self) -> Features:
        made = Features()
        made._map = self._map.copy()
        return made

    def _payload(self) -> bytes:
        return self._map.payload()

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if number == 1 and wire == DELIMITED:
                self._map.merge(value)  # type: ignore[arg-type]

    def _assign(self, other: Self) -> None:
        self._map.replace(other._map)

    def _contents(self) -> MessageMap:
        return self._map

    def _text(self) -> list[str]:
        return self._map.text("feature")
