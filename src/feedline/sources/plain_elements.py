"""Elements of a generator that are plainly right, taken many in one go.

A generator may give anything, so what it gives is looked at value by value. Most give the same all the time, arrays of
one dtype and numbers of one type: those are taken here with as little Python as will do, and brought to their dtypes
together. Whatever is not plainly right is handed back, to be looked at as ever.

Each array is copied before the generator is asked on: many fill one array again and again, and give it each time.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any, Protocol

import numpy as np

from feedline.block import Block, Column
from feedline.buffers import POOL
from feedline.packed_rows import PackedRows
from feedline.sources.converter import Converter
from feedline.spec import TensorSpec, shape_allows, string
from feedline.structure import NUMBER_TYPES, Treedef, as_component, is_one_component, is_tuple_of_components

ENDED = object()
"""What stands for an element where there are no more."""

NONE_LEFT = object()
"""What stands for it where all that were asked for were taken."""

_SMALL_BYTES = 4096
"""Arrays up to this size are kept as bytes, and joined at the end: that is cheaper than writing each to its place."""

_MOST_BYTES = 64 << 20
"""How much memory there is at the most for arrays that are written to their places."""

_MOST_SHAPES = 4096
"""How many shapes are remembered at the most."""

_EXACT_IN_FLOAT64 = 1 << 53
"""Integers up to here are the same numbers in float64."""


def as_iterator(iterator: Any) -> Iterator[Any]:
    """Returns an iterator that may be handed to `iter` again and again, for one that need not bear it."""
    return iterator if type(iterator) is types.GeneratorType else map(next, repeat(iterator))


def _cut(values: list[Any], count: int) -> list[Any]:
    """Returns the first values: the list itself where it has no more, since each block has lists of its own."""
    return values if len(values) == count else values[:count]


class _Values(Protocol):
    """Takes the values of one component."""

    def begin(self, count: int) -> None:
        """Begins anew, for so many values at the most."""

    def put(self, value: Any) -> bool:
        """Takes a value; returns False where it is not plainly right."""

    def column(self, count: int) -> Column | None:
        """Returns the first values as a column; None where they cannot be of its dtype."""

    def value(self, index: int) -> Any:
        """Returns a value as it came."""


class _Scalars:
    """Numbers of one type, or strings."""

    def __init__(self, kind: type, converter: Converter) -> None:
        self.kind = kind
        self.values: list[Any] = []
        self._converter = converter

    def begin(self, count: int) -> None:
        self.values = []

    def put(self, value: Any) -> bool:
        if type(value) is not self.kind:
            return False
        self.values.append(value)
        return True

    def column(self, count: int) -> Column | None:
        values, kind, dtype = _cut(self.values, count), self.kind, self._converter.dtype
        if dtype == string:
            strings = np.empty(count, object)
            strings[:] = values if kind is bytes else [as_component(value) for value in values]
            return strings
        if kind is int and dtype.kind in "iu":
            try:
                return np.fromiter(values, dtype, count)
            except OverflowError:
                return None
        if kind is int or kind is float:
            least, largest = self._converter.least, self._converter.largest
            if kind is int:
                least, largest = max(least, -_EXACT_IN_FLOAT64), min(largest, _EXACT_IN_FLOAT64)
            if not (least <= min(values) and max(values) <= largest):
                return None
            return np.fromiter(values, np.float64, count).astype(dtype, copy=False)
        return self._converter.all_in_dtype(np.array(values, kind))

    def value(self, index: int) -> Any:
        return self.values[index]


class _Arrays:
    """Arrays of one dtype and of shapes that the spec allows, each copied by itself.

    Args:
        first: the first of them.
        converter: has the spec.
        copied: what makes a copy.
    """

    def __init__(self, first: np.ndarray, converter: Converter, copied: Callable[[np.ndarray], Any]) -> None:
        self.dtype = first.dtype
        self.inner = first.shape[1:]
        self.copies: list[Any] = []
        self.lengths: list[int] = []
        self.known: dict[tuple[int, ...], int] = {}
        self.copied = copied
        self.converter = converter

    def begin(self, count: int) -> None:
        self.copies, self.lengths = [], []
        if len(self.known) > _MOST_SHAPES:
            self.known = {}

    def learn(self, shape: tuple[int, ...]) -> int | None:
        """Returns the first length of a shape that was not seen before; None where it does not fit."""
        if shape[1:] != self.inner or not shape_allows(self.converter.spec.shape, shape):
            return None
        self.known[shape] = length = shape[0] if shape else 1
        return length

    def put(self, value: Any) -> bool:
        if type(value) is not np.ndarray or (value.dtype is not self.dtype and value.dtype != self.dtype):
            return False
        shape = value.shape
        length = self.known.get(shape)
        if length is None:
            length = self.learn(shape)
            if length is None:
                return False
        self.copies.append(self.copied(value))
        self.lengths.append(length)
        return True


class _SmallArrays(_Arrays):
    """Small arrays of one shape."""

    def __init__(self, first: np.ndarray, converter: Converter) -> None:
        super().__init__(first, converter, np.ndarray.tobytes)
        self._shape = first.shape

    def column(self, count: int) -> Column | None:
        memory = bytearray().join(_cut(self.copies, count))
        return self.converter.all_in_dtype(np.ndarray((count, *self._shape), self.dtype, memory))

    def value(self, index: int) -> Any:
        return np.ndarray(self._shape, self.dtype, bytearray(self.copies[index]))


class _SmallArraysOfLengths(_Arrays):
    """Small arrays whose lengths may differ.

    Args:
        first: the first of them.
        converter: has the spec.
        packs: whether those that do differ are given as `PackedRows`.
    """

    def __init__(self, first: np.ndarray, converter: Converter, packs: bool) -> None:
        super().__init__(first, converter, np.ndarray.tobytes)
        self._packs = packs

    def _rows(self, count: int) -> PackedRows:
        return PackedRows(_cut(self.copies, count), _cut(self.lengths, count), self.inner, self.dtype)

    def column(self, count: int) -> Column | None:
        rows, length = self._rows(count), self.lengths[0]
        if rows.lengths[-1] == length and rows.lengths.count(length) == count:
            return np.ndarray((count, length, *self.inner), self.dtype, bytearray().join(rows.pieces))
        return rows if self._packs else list(rows)

    def value(self, index: int) -> Any:
        return self._rows(index + 1)[index]


class _LargeArraysOfLengths(_Arrays):
    """Large arrays whose lengths may differ."""

    def __init__(self, first: np.ndarray, converter: Converter) -> None:
        super().__init__(first, converter, np.ndarray.copy)

    def column(self, count: int) -> Column | None:
        copies, length = self.copies[:count], self.lengths[0]
        if self.lengths[:count].count(length) < count:
            return copies
        return np.stack(copies, out=POOL.empty((count, length, *self.inner), self.dtype))

    def value(self, index: int) -> Any:
        return self.copies[index]


class _LargeArrays:
    """Arrays of one shape, written to their places."""

    def __init__(self, first: np.ndarray) -> None:
        self.shape = first.shape
        self.dtype = first.dtype
        self.row_bytes = first.nbytes

    def begin(self, count: int) -> None:
        self.places = POOL.empty((count, *self.shape), self.dtype)
        self._row = 0

    def put(self, value: Any) -> bool:
        if type(value) is not np.ndarray or value.shape != self.shape:
            return False
        if value.dtype is not self.dtype and value.dtype != self.dtype:
            return False
        self.places[self._row] = value
        self._row += 1
        return True

    def column(self, count: int) -> Column | None:
        return self.places[:count]

    def value(self, index: int) -> Any:
        return self.places[index]


_KINDS = {int: "iuf", float: "f", bool: "b"}
"""The kinds of dtypes that Python's numbers are brought to here."""


def _values_like(first: Any, converter: Converter, packs: bool) -> _Values | None:
    """Returns what takes values like the first of a component; None where that is not plain."""
    spec, kind = converter.spec, type(first)
    if not isinstance(spec, TensorSpec) or spec.dtype.kind not in "biufcO":
        return None
    if kind is np.ndarray:
        return _arrays_like(first, converter, packs)
    if spec.dtype == string:
        plain = kind is str or kind is bytes
    else:
        plain = spec.dtype.kind in _KINDS[kind] if kind in _KINDS else kind in NUMBER_TYPES
    return _Scalars(kind, converter) if plain else None


def _arrays_like(first: np.ndarray, converter: Converter, packs: bool) -> _Values | None:
    spec = converter.spec
    if first.dtype.kind not in "biufc" or not first.dtype.isnative or spec.dtype == string:
        return None
    small = first.nbytes <= _SMALL_BYTES
    alike = spec.shape is not None and None not in spec.shape
    if alike and small:
        return _SmallArrays(first, converter)
    if first.dtype != spec.dtype or first.ndim == 0:
        return None
    if alike:
        return _LargeArrays(first)
    return _SmallArraysOfLengths(first, converter, packs) if small else _LargeArraysOfLengths(first, converter)


class PlainElements:
    """Takes elements that are like the first: of its structure, types and dtypes, and of shapes that the spec allows.

    Args:
        treedef: the structure.
        values: what takes the values of each component.
    """

    def __init__(self, treedef: Treedef, values: list[Any]) -> None:
        self._treedef = treedef
        self._values = values
        self._parts = _parts_of(treedef)
        self._taken = 0
        self._take_all = self._take_any
        self._last: _Scalars | None = None
        if len(values) == 2 and is_tuple_of_components(treedef) and isinstance(values[1], _Scalars):
            if isinstance(values[0], _SmallArrays | _SmallArraysOfLengths):
                self._take_all, self._last = self._take_small_pairs, values[1]
            elif isinstance(values[0], _LargeArrays):
                self._take_all, self._last = self._take_large_pairs, values[1]
        row_bytes = sum(value.row_bytes for value in values if isinstance(value, _LargeArrays))
        self._most = max(2, _MOST_BYTES // row_bytes) if row_bytes else 1 << 62

    @classmethod
    def like(cls, element: Any, treedef: Treedef, converters: Sequence[Converter], packs: bool) -> PlainElements | None:
        """Returns what takes elements like this one, or None where it is not plainly right itself.

        Args:
            element: the element.
            treedef: the structure that it should have.
            converters: what converts each of its components.
            packs: whether arrays of different lengths may be given as `PackedRows`.
        """
        try:
            leaves = treedef.flatten_up_to(element)
            for leaf, converter in zip(leaves, converters, strict=True):
                converter(leaf)
        except Exception:  # whatever is wrong with it is found, and told, where it is looked at by itself
            return None
        values = [_values_like(leaf, converter, packs) for leaf, converter in zip(leaves, converters, strict=True)]
        return cls(treedef, values) if values and None not in values else None

    def begin(self, count: int) -> int:
        """Begins anew, and returns how many elements may be taken: so many, or fewer where they are large."""
        count = min(count, self._most)
        self._taken = 0
        for values in self._values:
            values.begin(count)
        return count

    @property
    def taken(self) -> int:
        """How many elements were taken, also while the iterator is at work on the next."""
        return self._taken if self._last is None else len(self._last.values)

    def take(self, first: Iterable[Any], iterator: Iterator[Any], count: int) -> Any:
        """Takes elements; where the iterator raises, those before are kept.

        Args:
            first: elements that came before those of the iterator.
            iterator: the iterator.
            count: how many.

        Returns:
            An element that is not plainly right, and was not taken; `ENDED` or `NONE_LEFT` where there is none.
        """
        left = self._take_all(islice(chain(first, iterator) if first else iterator, count))
        return ENDED if left is NONE_LEFT and self.taken < count else left

    def _take_any(self, elements: Iterator[Any]) -> Any:
        parts, puts = self._parts, [values.put for values in self._values]
        for element in elements:
            leaves = parts(element)
            if leaves is None:
                return element
            for put, leaf in zip(puts, leaves):  # noqa: B905 - there are as many, and to count them again takes time
                if not put(leaf):
                    return element
            self._taken += 1
        return NONE_LEFT

    def _take_small_pairs(self, elements: Iterator[Any]) -> Any:
        """Does what `_take_any` does for a small array and a number: much that generators give, without calls between.

        A pair is not counted, but unpacked; what that raises is caught only there, for the generator may raise the
        same.
        """
        arrays, numbers = self._values
        dtype, kind, ndarray = arrays.dtype, numbers.kind, np.ndarray
        copies, lengths, known, values = arrays.copies, arrays.lengths, arrays.known, numbers.values
        for element in elements:
            if type(element) is not tuple:
                return element
            try:
                array, number = element
                if type(array) is not ndarray or type(number) is not kind:
                    return element
                if array.dtype is not dtype and array.dtype != dtype:
                    return element
                length = known[array.shape]
            except ValueError:
                return element
            except KeyError:
                length = arrays.learn(array.shape)
                if length is None:
                    return element
            copies.append(array.tobytes())
            lengths.append(length)
            values.append(number)
        return NONE_LEFT

    def _take_large_pairs(self, elements: Iterator[Any]) -> Any:
        """Does the same for an array that is written to its place, and a number."""
        arrays, numbers = self._values
        shape, dtype, kind, ndarray = arrays.shape, arrays.dtype, numbers.kind, np.ndarray
        places, values = arrays.places, numbers.values
        for row, element in enumerate(elements):
            if type(element) is not tuple or len(element) != 2:
                return element
            array, number = element
            if type(array) is not ndarray or type(number) is not kind:
                return element
            if array.shape != shape or (array.dtype is not dtype and array.dtype != dtype):
                return element
            places[row] = array
            values.append(number)
        return NONE_LEFT

    def block(self) -> Block | None:
        """Returns the block of what was taken; None where some of it is not right after all."""
        count = self.taken
        columns = [values.column(count) for values in self._values]
        if any(column is None for column in columns):
            return None
        return Block(count, columns, self._treedef)

    def elements(self) -> list[Any]:
        """Returns what was taken, element by element, as it came."""
        return [
            self._treedef.unflatten([values.value(index) for values in self._values]) for index in range(self.taken)
        ]


def _parts_of(treedef: Treedef) -> Callable[[Any], Sequence[Any] | None]:
    """Returns what gives the components of an element of this structure, and None for one of another."""
    count = treedef.num_leaves
    if is_one_component(treedef):
        return lambda element: (element,)
    if is_tuple_of_components(treedef):
        return lambda element: element if type(element) is tuple and len(element) == count else None

    def parts(element: Any) -> Sequence[Any] | None:
        try:
            return treedef.flatten_up_to(element)
        except (ValueError, TypeError):
            return None

    return parts
