"""Block: many consecutive elements, stored by component.

A column is a dense array `(n, ...)`, or, where the elements' shapes differ or the values are ragged or sparse, a list
of n values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import DtypeError
from feedline.spec import dtype_name
from feedline.structure import Treedef, component_dtype, component_names, component_shape

Column = Any  # np.ndarray | list


class StringColumn(np.ndarray):
    """A read-only object array of bytes that also knows where these bytes lie in one buffer.

    Parsers that take many records at once read the buffer and skip joining the objects again.
    """

    packed_buffer: np.ndarray | None = None
    packed_offsets: np.ndarray | None = None
    packed_lengths: np.ndarray | None = None

    @classmethod
    def of(cls, records: list[bytes], buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray) -> StringColumn:
        """Returns the column of these records, which lie in `buffer` at `offsets`."""
        column = np.empty(len(records), object)
        column[:] = records
        column = column.view(cls)
        column.packed_buffer, column.packed_offsets, column.packed_lengths = buffer, offsets, lengths
        column.flags.writeable = False
        return column

    def __reduce__(self) -> tuple:
        return np.array(self, dtype=object).__reduce__()


@dataclass(slots=True)
class Block:
    """n elements of one structure.

    Args:
        length: n.
        columns: a column for each component.
        treedef: the structure.
    """

    length: int
    columns: list[Column]
    treedef: Treedef

    def row(self, index: int) -> Any:
        """Returns one element."""
        return self.treedef.unflatten([column[index] for column in self.columns])

    def take(self, indices: np.ndarray) -> Block:
        """Returns the block of the elements at these indices."""
        return Block(len(indices), [take_column(column, indices) for column in self.columns], self.treedef)

    def slice(self, start: int, stop: int) -> Block:
        """Returns the block of a range of elements; dense columns are views."""
        return Block(stop - start, [column[start:stop] for column in self.columns], self.treedef)

    def nbytes(self) -> int:
        """Returns about how many bytes of memory the elements take."""
        return sum(_column_nbytes(column) for column in self.columns)


def _column_nbytes(column: Column) -> int:
    if isinstance(column, np.ndarray) and column.dtype != object:
        return column.nbytes
    total = 0
    for value in column.reshape(-1) if isinstance(column, np.ndarray) else column:
        if isinstance(value, bytes):
            total += len(value) + 33
        elif hasattr(value, "nbytes"):
            total += value.nbytes
        else:
            total += getattr(getattr(value, "values", None), "nbytes", 64)
    return total


def take_column(column: Column, indices: np.ndarray) -> Column:
    """Returns the rows of a column at these indices."""
    if isinstance(column, list):
        return [column[index] for index in indices.tolist()]
    return column.take(indices, axis=0)


def concatenate_columns(parts: Sequence[Column]) -> Column:
    """Returns one column of several; a list where their shapes differ."""
    if len(parts) == 1:
        return parts[0]
    dense = all(isinstance(part, np.ndarray) for part in parts)
    if dense and len({(part.shape[1:], part.dtype) for part in parts}) == 1:
        return np.concatenate(parts)
    return [value for part in parts for value in part]


def concatenate_blocks(blocks: Sequence[Block]) -> Block:
    """Returns one block of several of the same structure."""
    if len(blocks) == 1:
        return blocks[0]
    columns = [concatenate_columns(parts) for parts in zip(*(block.columns for block in blocks), strict=True)]
    return Block(sum(block.length for block in blocks), columns, blocks[0].treedef)


class ColumnBuilder:
    """Collects the rows of one column, straight into the column's own memory while their shapes agree.

    Args:
        capacity: how many rows there will be at the most.
        name: the component's name, for messages.
        giver: who gives the rows, for messages.
    """

    __slots__ = ("_dtype", "_giver", "_name", "_rows", "_shape", "array", "capacity", "length")

    def __init__(self, capacity: int, name: str, giver: str) -> None:
        self.capacity = capacity
        self.length = 0
        self.array: np.ndarray | None = None
        self._rows: list[Any] | None = None
        self._dtype: np.dtype | None = None
        self._shape: tuple[int | None, ...] = ()
        self._name = name
        self._giver = giver

    def append(self, value: Any) -> None:
        """Adds a row, a component.

        Raises:
            DtypeError: it is of another dtype than the rows before it.
        """
        dtype, shape = component_dtype(value), component_shape(value)
        if self._dtype is None:
            self._start(value, dtype, shape)
        elif dtype != self._dtype:
            raise DtypeError(
                f"{self._giver} gave {dtype_name(dtype)} for {self._name} "
                f"where the elements before it have {dtype_name(self._dtype)}.",
                fix="Give the same dtype for every element, for example with fl.cast(value, dtype).",
            )
        if self.array is not None:
            if shape == self._shape:
                self.array[self.length] = value
            else:
                self._rows = list(self.array[: self.length])
                self.array = None
        if self._rows is not None:
            self._rows.append(value)
        self.length += 1

    def _start(self, value: Any, dtype: np.dtype, shape: tuple[int | None, ...]) -> None:
        self._dtype, self._shape = dtype, shape
        if isinstance(value, np.ndarray | np.generic | bytes) and self.capacity > 1:
            self.array = np.empty((self.capacity, *shape), dtype)
        else:
            self._rows = []

    def column(self) -> Column:
        """Returns the column."""
        if self.array is not None:
            return self.array[: self.length]
        rows = self._rows or []
        if self.capacity == 1 and rows and isinstance(rows[0], np.ndarray | np.generic | bytes):
            return _column_of_one(rows[0])
        return rows


def _column_of_one(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value[None]
    column = np.empty(1, component_dtype(value))
    column[0] = value
    return column


class BlockBuilder:
    """Collects elements into a block.

    Args:
        capacity: how many elements there will be at the most.
        giver: who gives the elements, for messages ("the generator", "map").
    """

    __slots__ = ("_builders", "capacity", "giver", "length", "treedef")

    def __init__(self, capacity: int, giver: str, treedef: Treedef | None = None) -> None:
        self.capacity = capacity
        self.giver = giver
        self.treedef = treedef
        self.length = 0
        self._builders: list[ColumnBuilder] = []

    def append(self, components: list[Any], treedef: Treedef) -> None:
        """Adds an element, given by its components."""
        if not self._builders and components:
            self._builders = [ColumnBuilder(self.capacity, name, self.giver) for name in component_names(treedef)]
        self.treedef = treedef
        for builder, value in zip(self._builders, components, strict=True):
            builder.append(value)
        self.length += 1

    def block(self) -> Block:
        """Returns the block of what was added."""
        assert self.treedef is not None
        return Block(self.length, [builder.column() for builder in self._builders], self.treedef)
