"""Blocks of elements whose shapes and dtypes are all known beforehand: each value goes straight to its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedline.block import Block
from feedline.buffers import POOL
from feedline.spec import TensorSpec
from feedline.structure import Treedef

_MOST_BYTES = 64 << 20


def is_fixed(specs: Sequence[Any]) -> bool:
    """Says whether all components are arrays of numbers of known shapes."""
    return all(
        isinstance(spec, TensorSpec)
        and spec.dtype.kind in "biufc"
        and spec.shape is not None
        and None not in spec.shape
        for spec in specs
    )


class _FixedColumn:
    """One column, and how a value is put into it."""

    __slots__ = ("_convert", "_dtype", "_integers", "_largest", "_least", "_shape", "array")

    def __init__(self, rows: int, spec: TensorSpec, convert: Callable[[Any], Any]) -> None:
        self._shape, self._dtype = spec.shape, spec.dtype
        self._integers = spec.dtype.kind in "iu" and spec.shape == ()
        bounds = np.iinfo(spec.dtype) if self._integers else None
        self._least, self._largest = (bounds.min, bounds.max) if bounds is not None else (0, 0)
        self._convert = convert
        self.array = POOL.empty((rows, *(spec.shape or ())), spec.dtype)

    def put(self, row: int, value: Any) -> None:
        """Writes a value; what is not plainly right goes through the checks of the converter."""
        if type(value) is np.ndarray:
            if value.shape == self._shape and value.dtype == self._dtype:
                self.array[row] = value
                return
        elif type(value) is int and self._integers and self._least <= value <= self._largest:
            self.array[row] = value
            return
        self.array[row] = self._convert(value)


class FixedBlockBuilder:
    """Collects elements of known shapes and dtypes into a block.

    Args:
        capacity: how many elements there will be at the most; fewer where they are so large that memory counts.
        specs: the specs of the components.
        converters: check and convert a value of each component.
        treedef: the structure.
    """

    __slots__ = ("_columns", "_treedef", "capacity", "length")

    def __init__(
        self, capacity: int, specs: Sequence[TensorSpec], converters: Sequence[Callable[[Any], Any]], treedef: Treedef
    ) -> None:
        row_bytes = sum(spec.dtype.itemsize * math.prod(spec.shape or ()) for spec in specs)
        self.capacity = min(capacity, max(2, _MOST_BYTES // max(1, row_bytes)))
        self.length = 0
        self._treedef = treedef
        pairs = zip(specs, converters, strict=True)
        self._columns = [_FixedColumn(self.capacity, spec, convert) for spec, convert in pairs]

    def append_leaves(self, leaves: Sequence[Any]) -> None:
        """Adds an element, given by what the user gave for each component."""
        row = self.length
        for column, value in zip(self._columns, leaves, strict=True):
            column.put(row, value)
        self.length = row + 1

    def block(self) -> Block:
        """Returns the block of what was added."""
        return Block(self.length, [column.array[: self.length] for column in self._columns], self._treedef)
