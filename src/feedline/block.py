"""Block: many consecutive elements, stored by component.

A column is a dense array `(n, ...)`, or, where the elements' shapes differ or the values are ragged or sparse, a list
of n values.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from feedline.buffers import POOL
from feedline.errors import DtypeError
from feedline.packed_arrays import PackedArrays
from feedline.packed_rows import PackedRows
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import dtype_name
from feedline.strings import PackedStrings, as_plain_array
from feedline.structure import (
    AS_IT_IS,
    PortableTree,
    Treedef,
    as_component,
    component_dtype,
    component_names,
    component_shape,
    flatten,
    flatten_as,
    is_one_component,
    is_tuple_of_components,
)

Column = Any  # np.ndarray | PackedStrings | PackedRows | list
_READ_ONLY = (PackedStrings, PackedRows)


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

    def __reduce__(self) -> tuple:
        return _unpickled_block, (self.length, self.columns, PortableTree(self.treedef))

    def row(self, index: int) -> Any:
        """Returns one element."""
        return self.treedef.unflatten([column[index] for column in self.columns])

    def rows(self) -> Iterator[Any]:
        """Returns the elements one after the other."""
        if not self.columns:
            return (self.row(index) for index in range(self.length))
        if is_one_component(self.treedef):
            return islice(self.columns[0], self.length)
        components = islice(zip(*self.columns), self.length)  # noqa: B905 - what is longer is cut
        return components if is_tuple_of_components(self.treedef) else map(self.treedef.unflatten, components)

    def take(self, indices: np.ndarray) -> Block:
        """Returns the block of the elements at these indices."""
        return Block(len(indices), [take_column(column, indices) for column in self.columns], self.treedef)

    def slice(self, start: int, stop: int) -> Block:
        """Returns the block of a range of elements; dense columns are views."""
        return Block(stop - start, [column[start:stop] for column in self.columns], self.treedef)

    def own(self) -> Block:
        """Returns the block with memory of its own, which others may write to."""
        columns = [column if isinstance(column, _READ_ONLY) else own_rows(column) for column in self.columns]
        return Block(self.length, columns, self.treedef)

    def plain(self) -> Block:
        """Returns the block with object arrays of bytes in place of packed strings, for those outside feedline."""
        columns = [
            [as_plain_array(value) for value in column]
            if isinstance(column, list) and column and isinstance(column[0], PackedStrings)
            else as_plain_array(column)
            for column in self.columns
        ]
        return Block(self.length, columns, self.treedef)

    def arrays(self) -> Block:
        """Returns the block with arrays in place of what `Node.read_in_place` left where it was."""
        columns = [column.array() if isinstance(column, PackedArrays) else column for column in self.columns]
        return Block(self.length, columns, self.treedef)

    def nbytes(self) -> int:
        """Returns about how many bytes of memory the elements take."""
        return sum(_column_nbytes(column) for column in self.columns)


def _unpickled_block(length: int, columns: list[Column], tree: PortableTree) -> Block:
    return Block(length, columns, tree.treedef())


def _column_nbytes(column: Column) -> int:
    if isinstance(column, _READ_ONLY) or (isinstance(column, np.ndarray) and column.dtype != object):
        return column.nbytes
    values = column.reshape(-1) if isinstance(column, np.ndarray) else column
    step = max(1, len(values) // _LOOKED_AT)
    return step * sum(map(_value_nbytes, values[::step]))


_LOOKED_AT = 64
"""How many values at the most say what all values of a column take."""


def _value_nbytes(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value) + 33
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _column_nbytes(value)
    if hasattr(value, "nbytes"):
        return value.nbytes
    return getattr(getattr(value, "values", None), "nbytes", 64)


def take_column(column: Column, indices: np.ndarray) -> Column:
    """Returns the rows of a column at these indices."""
    if isinstance(column, list):
        return [column[index] for index in indices.tolist()]
    if isinstance(column, np.ndarray) and POOL.serves(row_shape := (len(indices), *column.shape[1:]), column.dtype):
        # Without their sign, negative numbers are large ones: one look finds those before the first row as well.
        if indices.astype(np.int64, copy=False).view(np.uint64).max() >= len(column):
            raise IndexError(f"a row beyond the {len(column)} rows of a column")
        # Without mode="clip" NumPy fills a buffer of its own first.
        return column.take(indices, axis=0, out=POOL.empty(row_shape, column.dtype), mode="clip")
    return column.take(indices, axis=0)


def own_rows(column: Column) -> Column:
    """Returns a column that shares no memory with another: what keeps rows for later must not see them change."""
    if isinstance(column, PackedArrays):
        return column.array()
    column = as_plain_array(column)
    if isinstance(column, np.ndarray):
        rows = POOL.empty(column.shape, column.dtype)
        rows[...] = column
        return rows
    return [value.copy() if type(value) is np.ndarray else own_value(value) for value in column]


def own_value(value: Any) -> Any:
    """Returns a component that shares no memory with another."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, RaggedTensor):
        return RaggedTensor(own_value(value.values), value.row_splits.copy())
    if isinstance(value, SparseTensor):
        return SparseTensor(value.indices.copy(), value.values.copy(), value.dense_shape.copy())
    return value


def put_rows(target: Column, positions: np.ndarray, rows: Column) -> Column:
    """Writes rows to a column of one's own and returns it: a list from now on where the shapes differ."""
    rows = as_plain_array(rows)
    fits = (
        isinstance(target, np.ndarray)
        and isinstance(rows, np.ndarray)
        and target.shape[1:] == rows.shape[1:]
        and target.dtype == rows.dtype
    )
    if fits:
        target[positions] = rows
        return target
    kept = target if isinstance(target, list) else [own_value(value) for value in target]
    for position, row in zip(positions.tolist(), own_rows(rows), strict=True):
        kept[position] = row
    return kept


def concatenate_columns(parts: Sequence[Column]) -> Column:
    """Returns one column of several; a list where their shapes differ."""
    if len(parts) == 1:
        return parts[0]
    parts = [as_plain_array(part) for part in parts]
    if all(isinstance(part, PackedRows) for part in parts):
        joined = PackedRows.joined(parts)
        if joined is not None:
            return joined
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


_FIRST_BYTES = 64 << 20
"""How much memory a column that is being built starts with at the most: it may turn out shorter than it could be."""


class ColumnBuilder:
    """Collects the rows of one column, straight into the column's own memory while their shapes agree.

    Args:
        capacity: how many rows there will be at the most.
        name: the component's name, for messages.
        giver: who gives the rows, for messages.
        keep: what is done to a row that is kept as it is, so that it does not change later.
    """

    __slots__ = ("_dtype", "_giver", "_keep", "_name", "_rows", "_scalar", "_shape", "array", "capacity", "length")

    def __init__(self, capacity: int, name: str, giver: str, keep: Callable[[Any], Any]) -> None:
        self.capacity = capacity
        self.length = 0
        self.array: np.ndarray | None = None
        self._rows: list[Any] | None = None
        self._dtype: np.dtype | None = None
        self._scalar: type | None = None
        self._shape: tuple[int | None, ...] = ()
        self._name = name
        self._giver = giver
        self._keep = keep

    def append(self, value: Any) -> None:
        """Adds a row, a component.

        Raises:
            DtypeError: it is of another dtype than the rows before it.
        """
        array = self.array
        if array is not None and self.length < len(array):
            kind = type(value)
            if kind is self._scalar or (
                kind is np.ndarray and value.shape == self._shape and value.dtype == self._dtype
            ):
                array[self.length] = value
                self.length += 1
                return
        dtype, shape = component_dtype(value), component_shape(value)
        if self._dtype is None:
            self._start(value, dtype, shape)
        elif dtype != self._dtype:
            raise other_dtype(self._giver, self._name, self._dtype, dtype)
        if self.array is not None:
            if shape != self._shape:
                self._rows = list(self.array[: self.length])
                self.array = None
            else:
                if self.length == len(self.array):
                    self._grow()
                self.array[self.length] = value
        if self._rows is not None:
            self._rows.append(self._keep(value))
        self.length += 1

    def _start(self, value: Any, dtype: np.dtype, shape: tuple[Any, ...]) -> None:
        self._dtype, self._shape = dtype, shape
        if isinstance(value, np.ndarray | np.generic | bytes) and self.capacity > 1:
            row_bytes = max(1, dtype.itemsize * math.prod(length or 0 for length in shape))
            rows = min(self.capacity, max(2, _FIRST_BYTES // row_bytes))
            self.array = POOL.empty((rows, *shape), dtype)
            self._scalar = type(value) if type(value) in AS_IT_IS else None
        else:
            self._rows = []

    def _grow(self) -> None:
        assert self.array is not None
        wider = POOL.empty((min(self.capacity, 2 * len(self.array)), *self.array.shape[1:]), self.array.dtype)
        wider[: self.length] = self.array
        self.array = wider

    def column(self) -> Column:
        """Returns the column."""
        if self.array is not None:
            return self.array[: self.length]
        rows = self._rows or []
        if self.capacity == 1 and rows and isinstance(rows[0], np.ndarray | np.generic | bytes):
            return _column_of_one(rows[0])
        return rows


def other_dtype(giver: str, name: str, before: np.dtype, now: np.dtype) -> DtypeError:
    """Returns the error for elements whose dtypes differ."""
    return DtypeError(
        f"{giver} gave {dtype_name(now)} for {name} where the elements before have {dtype_name(before)}.",
        fix="Give the same dtype for every element, for example with fl.cast(value, dtype).",
    )


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
        keep: what is done to a component that is kept as it is; by default it is copied.
    """

    __slots__ = ("_builders", "_keep", "capacity", "giver", "length", "treedef")

    def __init__(self, capacity: int, giver: str, keep: Callable[[Any], Any] = own_value) -> None:
        self.capacity = capacity
        self.giver = giver
        self.treedef: Treedef | None = None
        self.length = 0
        self._builders: list[ColumnBuilder] = []
        self._keep = keep

    def append(self, components: list[Any], treedef: Treedef) -> None:
        """Adds an element, given by its components."""
        if not self._builders and components:
            names = component_names(treedef)
            self._builders = [ColumnBuilder(self.capacity, name, self.giver, self._keep) for name in names]
        self.treedef = treedef
        for builder, value in zip(self._builders, components, strict=True):
            builder.append(value)
        self.length += 1

    def append_result(self, held: list[Any], treedef: Treedef) -> None:
        """Adds an element as a user's function returned it.

        Args:
            held: a list of the element alone, which is taken out of it, so that `keep_result` finds no references but
                those from here on and the user's own.
            treedef: the structure that the element must have.
        """
        leaves = flatten_as(treedef, held.pop(), self.giver)
        components = [value if type(value) in AS_IT_IS else as_component(value) for value in leaves]
        self.append(components, treedef)

    def block(self) -> Block:
        """Returns the block of what was added."""
        assert self.treedef is not None
        columns = [builder.column() for builder in self._builders]
        if any(builder.length > self.length for builder in self._builders):  # the last element was refused midway
            columns = [column[: self.length] for column in columns]
        return Block(self.length, columns, self.treedef)


_fresh_references = 0
"""How many references `keep_result` finds to an array that no one but the engine holds; 0: copy in any case."""


def keep_result(lent: set[int], value: Any) -> Any:
    """Returns what a function returned as it can be kept: itself where nobody else can change it, otherwise a copy.

    Functions that fill one buffer again and again, and return it each time, are common.

    Args:
        lent: the owners of memory that the function was given and may give back; what is given back is taken out.
        value: the component.
    """
    if type(value) is np.ndarray:
        owner = value if value.base is None else value.base
        if id(owner) in lent:
            lent.discard(id(owner))
            return value
        if owner is not value:
            if type(owner) is np.ndarray and owner.flags.owndata and _others_of(value) <= _others_of_fresh:
                return value
        elif value.flags.owndata and sys.getrefcount(value) <= _fresh_references:
            return value
    return own_value(value)


def _others_of(view: np.ndarray) -> int:
    """Returns how many references there are to the memory of a view besides those that must be."""
    owner: Any = view.base
    return sys.getrefcount(owner) - POOL.references(owner)


def lent_memory(block: Block) -> set[int]:
    """Returns the owners of the memory of a block of one element, for `keep_result`."""
    values = [column if isinstance(column, np.ndarray) else column[0] for column in block.columns]
    return {id(value if value.base is None else value.base) for value in values if isinstance(value, np.ndarray)}


def _count_fresh_references() -> int:
    """Returns the least number of references at which `keep_result` keeps a fresh array as it is."""
    global _fresh_references
    for count in range(1, 16):
        _fresh_references = count
        builder = BlockBuilder(1, "", partial(keep_result, set()))
        held = [np.empty(1)]
        address = held[0].__array_interface__["data"][0]
        builder.append_result(held, flatten(held[0])[1])
        if builder.block().columns[0].__array_interface__["data"][0] == address:
            return count
    return 0


_others_of_fresh = 0
if sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)():
    _others_of_fresh = _others_of(np.empty(2)[1:])
    _fresh_references = _count_fresh_references()
