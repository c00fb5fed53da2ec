"""PackedStrings: strings one after the other in one buffer, as a file's reader or a parser leaves them.

It stands for an object array of bytes and becomes one as soon as anybody looks at it. Until then its strings are not
made into Python objects one by one, which is most of the cost of reading small records.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

_MANY = 256
"""Fewer strings are made into objects as fast without a kernel."""


def bytes_objects(buffer: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Returns the bytes at spans of a buffer as an object array `(n,)`; None where a position is below 0.

    Args:
        buffer: uint8 `(m,)`.
        spans: int64 `(n, 2)`: position and length of each.

    Raises:
        MemoryError: there is no memory left for them.
    """
    from feedline.kernels.compile import constant
    from feedline.kernels.feature_lists import make_bytes

    objects = np.empty(len(spans), object)
    if make_bytes(constant(buffer), spans, objects.ctypes.data) != len(spans):
        raise MemoryError(f"no memory is left for {len(spans)} strings")
    return objects


class PackedStrings(NDArrayOperatorsMixin):
    """n strings in one buffer.

    Args:
        buffer: uint8, what holds all strings; never written to again.
        offsets: int64 `(n,)`: where each starts.
        lengths: int64 `(n,)`: how many bytes it has.

    Example:
        >>> strings = PackedStrings(np.frombuffer(b"onetwo", np.uint8), np.array([0, 3]), np.array([3, 3]))
        >>> strings[1], strings.shape, list(strings)
        (b'two', (2,), [b'one', b'two'])
        >>> np.asarray(strings)
        array([b'one', b'two'], dtype=object)
    """

    __slots__ = ("_array", "_results", "first", "packed_buffer", "packed_lengths", "packed_offsets", "whole")

    dtype = np.dtype(object)
    ndim = 1

    def __init__(self, buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray) -> None:
        self.packed_buffer = buffer
        self.packed_offsets = np.ascontiguousarray(offsets)  # kernels are compiled for no others
        self.packed_lengths = np.ascontiguousarray(lengths)
        self._array: np.ndarray | None = None
        self._results: dict[Any, Any] = {}
        self.whole: PackedStrings | None = None
        self.first = 0

    def part(self, start: int, stop: int) -> PackedStrings:
        """Returns some strings in a row, which know the whole they are part of.

        What is computed from each part of a block can so be computed from the whole at once: see `result`.
        """
        part = self[start:stop]
        if isinstance(part, PackedStrings):
            part.whole, part.first = self, start
        return part

    def result(self, key: Any, compute: Callable[[PackedStrings], Any]) -> Any:
        """Returns what was computed from these strings; computes it the first time that this key is asked for.

        The caller must not change it, since others get the same.
        """
        if key not in self._results:
            self._results[key] = compute(self)
        return self._results[key]

    def array(self) -> np.ndarray:
        """Returns the object array of bytes `(n,)`."""
        if self._array is None:
            self._array = self._objects()
        return self._array

    def _objects(self) -> np.ndarray:
        # a program that has no kernel as yet would wait longer for its first one than this takes
        if len(self) >= _MANY and "feedline.kernels.compile" in sys.modules:
            return bytes_objects(self.packed_buffer, np.column_stack([self.packed_offsets, self.packed_lengths]))
        data = self.packed_buffer.data
        starts = self.packed_offsets.tolist()
        stops = (self.packed_offsets + self.packed_lengths).tolist()
        array = np.empty(len(self), object)
        array[:] = [bytes(data[start:stop]) for start, stop in zip(starts, stops, strict=True)]
        return array

    @property
    def shape(self) -> tuple[int]:
        """`(n,)`."""
        return (len(self.packed_offsets),)

    @property
    def size(self) -> int:
        """n."""
        return len(self.packed_offsets)

    @property
    def nbytes(self) -> int:
        """How many bytes the strings have together."""
        return int(self.packed_lengths.sum())

    def __len__(self) -> int:
        return len(self.packed_offsets)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice) and self._array is None:
            return PackedStrings(self.packed_buffer, self.packed_offsets[index], self.packed_lengths[index])
        if isinstance(index, int) and self._array is None and len(self) > 1:  # one alone is asked for again, and kept
            start = int(self.packed_offsets[index])
            return self.packed_buffer[start : start + int(self.packed_lengths[index])].tobytes()
        return self.array()[index]

    def take(self, indices: np.ndarray, axis: int | None = None) -> PackedStrings:
        """Returns the strings at these indices."""
        return PackedStrings(self.packed_buffer, self.packed_offsets[indices], self.packed_lengths[indices])

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.array().tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.array()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        plain = [value.array() if isinstance(value, PackedStrings) else value for value in inputs]
        return getattr(ufunc, method)(*plain, **keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return function(*_plain(args), **_plain(kwargs))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.array(), name)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise ValueError("these strings are read-only: copy them first with np.array(strings).")

    def __repr__(self) -> str:
        return repr(self.array())

    def __reduce__(self) -> tuple:
        return (np.array, (self.array().tolist(), object))


@dataclass(frozen=True, slots=True)
class PackedStringRows:
    """Rows of as many strings each, in one buffer; stands for an object array of bytes.

    Args:
        strings: the strings of all rows, one row after the other.
        size: how many each row has.
    """

    strings: PackedStrings
    size: int

    dtype = np.dtype(object)
    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        """`(rows, size)`."""
        return len(self.strings) // self.size, self.size

    def array(self) -> np.ndarray:
        """Returns the object array of bytes `(rows, size)`."""
        return self.strings.array().reshape(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self.array()[index]
        start, stop, _ = index.indices(len(self))
        return PackedStringRows(self.strings.part(start * self.size, stop * self.size), self.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.array() if dtype is None else self.array().astype(dtype)


@dataclass(frozen=True, slots=True)
class StringBatches:
    """Batches of one size that follow one another in a whole.

    Args:
        whole: all strings of a block.
        first: the first string of the first batch.
        count: how many batches.
        size: how many strings each has.
    """

    whole: PackedStrings
    first: int
    count: int
    size: int

    @classmethod
    def of(cls, column: list[Any]) -> StringBatches | None:
        """Returns a column's batches, or None where they are not alike or do not follow one another."""
        head = column[0]
        if not isinstance(head, PackedStrings) or head.whole is None:
            return None
        size = len(head)
        for number, batch in enumerate(column):
            if not isinstance(batch, PackedStrings) or batch.whole is not head.whole:
                return None
            if len(batch) != size or batch.first != head.first + number * size:
                return None
        return cls(head.whole, head.first, len(column), size)

    def rows(self) -> PackedStringRows:
        """Returns the batches as rows of strings."""
        return PackedStringRows(self.whole.part(self.first, self.first + self.count * self.size), self.size)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, _ = index.indices(self.count)
            return StringBatches(self.whole, self.first + start * self.size, stop - start, self.size)
        start = self.first + index * self.size
        return self.whole.part(start, start + self.size)


_here = threading.local()


def set_record(record: Any, strings: PackedStrings | None, row: int) -> None:
    """Notes where the record that this thread hands to the user's function comes from; None for nowhere."""
    _here.record = record, strings, row


def origin_of_record(record: bytes) -> tuple[PackedStrings, int] | None:
    """Returns the strings that a record is one of, and its row, where this thread is at that record."""
    known, strings, row = getattr(_here, "record", (None, None, 0))
    return (strings, row) if known is record and strings is not None else None


def _plain(value: Any) -> Any:
    """Returns arguments with arrays in place of packed strings."""
    if isinstance(value, PackedStrings):
        return value.array()
    if isinstance(value, list | tuple):
        return type(value)(_plain(part) for part in value)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value


def as_plain_array(value: Any) -> Any:
    """Returns an object array for packed strings, and any other value as it is."""
    return value.array() if isinstance(value, PackedStrings) else value
