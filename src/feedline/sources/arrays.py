"""from_tensor_slices and from_tensors: elements out of arrays in memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, Column, ColumnBuilder, take_column
from feedline.errors import DtypeError, ShapeError, StructureError, UnequalLengthsError
from feedline.nodes.base import Node
from feedline.origin import Origin
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import TensorSpec
from feedline.structure import (
    Treedef,
    as_component,
    component_names,
    component_shape,
    flatten,
    merge_specs,
    spec_of,
)

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Slices(Node):
    """Row i of every column is element i.

    Args:
        columns: a column for each component.
        treedef: the structure.
        length: how many rows.
        names: where the rows come from, for messages ("rows of the arrays").
    """

    columns: tuple[Column, ...]
    treedef: Treedef
    length: int

    name = "from_tensor_slices"

    def cardinality(self) -> int:
        return self.length

    def spec(self) -> Any:
        return self.treedef.unflatten([_row_spec(column) for column in self.columns])

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        count = len(positions)
        if count and positions[-1] - positions[0] == count - 1 and (count < 3 or (np.diff(positions) == 1).all()):
            start, stop = int(positions[0]), int(positions[-1]) + 1
            columns = [_copy(column[start:stop]) for column in self.columns]
        else:
            columns = [_take(column, positions) for column in self.columns]
        return Block(count, columns, self.treedef)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        for column in self.columns:
            if isinstance(column, np.ndarray) and column.dtype == object and column.ndim == 1:
                return repr(column[position].decode(errors="replace"))[:200]
        return f"row {position} of the arrays"


def _copy(rows: Column) -> Column:
    if isinstance(rows, np.ndarray):
        return rows.copy()
    return [_copy_value(row) for row in rows]


def _take(column: Column, positions: np.ndarray) -> Column:
    rows = take_column(column, positions)
    return rows if isinstance(rows, np.ndarray) else [_copy_value(row) for row in rows]


def _copy_value(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _row_spec(column: Column) -> Any:
    if isinstance(column, np.ndarray):
        return TensorSpec(column.shape[1:], column.dtype)
    if isinstance(column, RaggedTensor):
        return spec_of(column[0]) if len(column) else TensorSpec(column.shape[1:], column.dtype)
    spec = spec_of(column[0])
    for value in column[1:]:
        spec = merge_specs(spec, spec_of(value))
    return spec


def slices(tensors: Any, origin: Origin) -> Slices:
    """Returns the source whose elements are the rows of `tensors`.

    Raises:
        UnequalLengthsError: the arrays have different lengths.
        ShapeError: an array has no rows.
        StructureError: the list of elements is empty, or its elements differ in structure.
    """
    tensors = _unpack_tables(tensors)
    if isinstance(tensors, list):
        elements = _list_of_elements(tensors)
        if elements is not None:
            return _slices_of_elements(elements, origin)
    leaves, treedef = flatten(tensors)
    if not leaves:
        raise StructureError("from_tensor_slices() was given no arrays.", fix="Give at least one array.")
    columns = [_column(leaf, name) for leaf, name in zip(leaves, component_names(treedef), strict=True)]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        named = ", ".join(
            f"{name} has {length}" for name, length in zip(component_names(treedef), lengths, strict=True)
        )
        raise UnequalLengthsError(
            f"the arrays have different numbers of rows: {named}.",
            fix="Give arrays of one length: is a row missing, or an array transposed?",
        )
    return Slices((), origin, tuple(columns), treedef, lengths[0])


def _unpack_tables(tensors: Any) -> Any:
    """Returns arrays for the tables that people have: pandas frames and scikit-learn bunches, also nested."""
    kind = type(tensors)
    if kind is tuple:
        return tuple(_unpack_tables(value) for value in tensors)
    if kind is dict:
        return {key: _unpack_tables(value) for key, value in tensors.items()}
    module = kind.__module__
    if kind.__name__ == "Bunch" and module.startswith("sklearn."):
        if "data" not in tensors or "target" not in tensors:
            raise StructureError(
                f"this scikit-learn bunch has no data and target, but {sorted(tensors)}.",
                fix="Give the arrays that you mean, for example bunch.images.",
            )
        return _unpack_tables(tensors["data"]), _unpack_tables(tensors["target"])
    if module.startswith("pandas."):
        if kind.__name__ == "DataFrame":
            return _unpack_frame(tensors)
        return _series_values(tensors)
    return tensors


def _unpack_frame(frame: Any) -> Any:
    columns = {str(name): _series_values(frame[name]) for name in frame.columns}
    if columns and all(values.dtype.kind in "biuf" for values in columns.values()):
        return frame.to_numpy()
    return columns


def _series_values(series: Any) -> np.ndarray:
    if series.isna().any() and series.dtype.kind not in "fc":
        raise DtypeError(
            f"the column {series.name!r} has missing values.", fix="Fill them first, for example with .fillna(...)."
        )
    return series.to_numpy()


def _column(value: Any, name: str) -> Column:
    if isinstance(value, RaggedTensor):
        return value
    if isinstance(value, SparseTensor):
        return _rows_of_sparse(value)
    if isinstance(value, list | tuple):
        rows = _rows_of_unequal(value)
        if rows is not None:
            return rows
    array = as_component(value)
    if component_shape(array) == ():
        raise ShapeError(
            f"{name} is a single value ({array!r:.60}), which has no rows to slice.",
            fix="Give an array, or use from_tensors for one element.",
        )
    return array


def _rows_of_unequal(values: list | tuple) -> list | None:
    """Returns the arrays of a list whose shapes differ, or None where the list is one array."""
    if not values or not all(isinstance(value, np.ndarray | list) for value in values):
        return None
    shapes = {np.shape(value) if isinstance(value, np.ndarray) else len(value) for value in values}
    if len(shapes) == 1 and isinstance(values[0], np.ndarray):
        return None
    try:
        np.asarray(values)
    except ValueError:
        return [as_component(value) for value in values]
    return None


def _rows_of_sparse(value: SparseTensor) -> list[SparseTensor]:
    starts = np.searchsorted(value.indices[:, 0], np.arange(len(value.dense_shape) and value.dense_shape[0] + 1))
    return [
        SparseTensor(value.indices[a:b, 1:], value.values[a:b], value.dense_shape[1:])
        for a, b in itertools.pairwise(starts)
    ]


def _list_of_elements(values: list) -> list | None:
    """Returns the list where its items are elements, such as (array, label) pairs, that are not one array."""
    if not values or not all(isinstance(value, tuple | dict) for value in values):
        return None
    if isinstance(values[0], dict):
        return values
    try:
        array = np.asarray(values)
    except ValueError:
        return values
    return values if array.dtype == object else None


def _slices_of_elements(elements: list, origin: Origin) -> Slices:
    first, treedef = flatten(elements[0])
    builders = [ColumnBuilder(len(elements), name, "the list") for name in component_names(treedef)]
    for index, element in enumerate(elements):
        leaves, tree = flatten(element)
        if tree != treedef:
            raise StructureError(
                f"item {index} of the list has {len(leaves)} components in another structure than item 0 "
                f"({len(first)} components).",
                fix="Give the same structure for every item.",
            )
        for builder, leaf in zip(builders, leaves, strict=True):
            builder.append(as_component(leaf))
    return Slices((), origin, tuple(builder.column() for builder in builders), treedef, len(elements))


@dataclass(frozen=True, eq=False)
class Tensors(Node):
    """One element."""

    block: Block

    name = "from_tensors"

    def cardinality(self) -> int:
        return 1

    def spec(self) -> Any:
        return self.block.treedef.unflatten([spec_of(column[0]) for column in self.block.columns])

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        columns = [[_copy_value(column[0])] * len(positions) for column in self.block.columns]
        return Block(len(positions), columns, self.block.treedef)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return "the element given to from_tensors"


def tensors(value: Any, origin: Origin) -> Tensors:
    """Returns the source whose only element is `value`."""
    leaves, treedef = flatten(_unpack_tables(value))
    return Tensors((), origin, Block(1, [[as_component(leaf)] for leaf in leaves], treedef))
