"""from_tensor_slices and from_tensors: elements out of arrays in memory."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, Column, ColumnBuilder, own_rows, own_value, take_column
from feedline.errors import ArgumentError, DtypeError, ShapeError, StructureError, UnequalLengthsError
from feedline.formats.stored_array import StoredArray, stored_array
from feedline.nested import DatasetComponent
from feedline.nodes.base import Node
from feedline.origin import Origin
from feedline.packed_arrays import PackedArrays
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import RaggedTensorSpec, TensorSpec
from feedline.structure import (
    Treedef,
    as_component,
    component_dtype,
    component_names,
    component_shape,
    describe_tree,
    flatten,
    map_structure,
    merge_specs,
    spec_of,
)

if TYPE_CHECKING:
    from feedline.run.context import Run

_LARGE_ROW = 1 << 10
"""Rows of so many bytes are used where they lie; smaller ones are copied together in less time."""


@dataclass(frozen=True, eq=False)
class Slices(Node):
    """Row i of every column is element i.

    Args:
        columns: a column for each component.
        treedef: the structure.
        length: how many rows.
    """

    columns: tuple[Column, ...]
    treedef: Treedef
    length: int

    name = "from_tensor_slices"

    def cardinality(self) -> int:
        return self.length

    @property
    def held_bytes(self) -> int:  # type: ignore[override]
        in_memory = [column for column in self.columns if not isinstance(column, StoredArray)]
        return Block(self.length, in_memory, self.treedef).nbytes()

    @cached_property
    def _row_specs(self) -> list[Any]:
        return [_row_spec(column) for column in self.columns]

    def spec(self) -> Any:
        return self.treedef.unflatten(self._row_specs)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        count = len(positions)
        if count and positions[-1] - positions[0] == count - 1 and (count < 3 or (np.diff(positions) == 1).all()):
            start, stop = int(positions[0]), int(positions[-1]) + 1
            columns = [
                column.rows(positions) if isinstance(column, StoredArray) else own_rows(column[start:stop])
                for column in self.columns
            ]
        else:
            columns = [_take(column, positions) for column in self.columns]
        return Block(count, columns, self.treedef)

    def read_in_place(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        large = [isinstance(column, np.ndarray) and _is_worth_its_place(column) for column in self.columns]
        if not any(large):
            return self.read(positions, epochs, run)
        columns = [
            _in_place(column, positions) if stays else _take(column, positions)
            for column, stays in zip(self.columns, large, strict=True)
        ]
        return Block(len(positions), columns, self.treedef)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        for column in self.columns:
            if isinstance(column, np.ndarray) and column.dtype == object and column.ndim == 1:
                return repr(column[position].decode(errors="replace"))[:200]
        return f"row {position} of the arrays"


def _in_place(column: np.ndarray, positions: np.ndarray) -> PackedArrays:
    memory = column.reshape(-1).view(np.uint8)
    return PackedArrays(memory, positions * column[0].nbytes, column.shape[1:], column.dtype)


def _is_worth_its_place(column: np.ndarray) -> bool:
    """Says whether rows are so large that they are better not copied, and lie as they would after that."""
    row_bytes = column.dtype.itemsize * math.prod(column.shape[1:])
    return row_bytes >= _LARGE_ROW and not column.dtype.hasobject and column.flags.c_contiguous


def _take(column: Column, positions: np.ndarray) -> Column:
    if isinstance(column, StoredArray):
        return column.rows(positions)
    if isinstance(column, np.ndarray):
        return take_column(column, positions)
    return [own_value(column[position]) for position in positions.tolist()]


def _row_spec(column: Column) -> Any:
    if isinstance(column, np.ndarray | StoredArray):
        return TensorSpec(column.shape[1:], column.dtype)
    if isinstance(column, RaggedTensor):
        shape = column.shape[1:]
        return RaggedTensorSpec(shape, column.dtype, column.ragged_rank - 1, column.row_splits.dtype)
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
            return slices_of_elements(elements, origin)
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
    if kind is np.lib.npyio.NpzFile:
        return _unpack_npz(tensors)
    module = kind.__module__
    if kind.__name__ == "Bunch" and module.startswith("sklearn."):
        if "data" not in tensors or "target" not in tensors:
            raise StructureError(
                f"this scikit-learn bunch has no data and target, but {sorted(tensors)}.",
                fix="Give the arrays that you mean, for example bunch.images.",
            )
        return _unpack_tables(tensors["data"]), _unpack_tables(tensors["target"])
    pandas = module.partition(".")[0] == "pandas"
    if pandas and kind.__name__ == "DataFrame":
        return _unpack_frame(tensors)
    if pandas and hasattr(tensors, "isna") and hasattr(tensors, "to_numpy"):
        return _series_values(tensors)
    return tensors


def _unpack_npz(npz: Any) -> dict[str, np.ndarray]:
    """Returns the arrays of a file that `np.load` opened, mapped into memory where they can be."""
    from feedline.formats.npz import read_npz

    if npz.fid is None and npz.zip is None:
        raise ArgumentError("this .npz file is closed.", fix="Use it before it is closed, or fl.io.open_npz(path).")
    file = npz.zip.fp
    path = getattr(file, "name", None)
    return read_npz(os.path.abspath(path) if isinstance(path, str) else "", file)


def _unpack_frame(frame: Any) -> Any:
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StructureError(
            f"the frame has several columns of the name {twice[0]!r}.",
            fix="Rename them: a name is a key of the element.",
        )
    columns = {name: _series_values(frame.iloc[:, number]) for number, name in enumerate(names)}
    if columns and all(values.dtype.kind in "biuf" for values in columns.values()):
        dtype = np.result_type(*columns.values())
        wide = [values for values in columns.values() if values.dtype.kind in "iu" and dtype.kind == "f"]
        if all((values.astype(dtype).astype(values.dtype) == values).all() for values in wide):
            return np.stack([values.astype(dtype) for values in columns.values()], axis=1)
    return columns


def _series_values(series: Any) -> np.ndarray:
    kind = series.dtype.kind
    if kind not in "fc" or not isinstance(series.dtype, np.dtype):
        missing = np.flatnonzero(np.asarray(series.isna()))
        if len(missing):
            raise DtypeError(
                f"the column {series.name!r} has missing values, the first in row {missing[0]}.",
                fix="Fill them first, for example with .fillna(...).",
            )
    values = series.to_numpy()
    if values.dtype == object and kind in "biuf":  # pandas' own dtypes for numbers
        values = series.to_numpy(
            dtype=getattr(series.dtype, "numpy_dtype", np.dtype(f"{kind}8" if kind != "b" else "?"))
        )
    return values


def _column(value: Any, name: str) -> Column:
    if isinstance(value, RaggedTensor):
        return value
    if isinstance(value, SparseTensor):
        return _rows_of_sparse(value)
    if isinstance(value, np.memmap):
        stored = stored_array(value)
        if stored is not None:
            return _of_known_dtype(stored)
    if isinstance(value, list) and value and all(isinstance(item, DatasetComponent) for item in value):
        return _same_structure(value, name)
    if isinstance(value, list | tuple):
        rows = _rows_of_unequal(value, name)
        if rows is not None:
            return rows
    array = as_component(value, given=True)
    if component_shape(array) == ():
        raise ShapeError(
            f"{name} is a single value ({array!r:.60}), which has no rows to slice.",
            fix="Give an array, or use from_tensors for one element.",
        )
    return _of_known_dtype(array)


def _same_structure(datasets: list[Any], name: str) -> list[Any]:
    """Returns a list of datasets, checked to have elements of one structure as far as that is known.

    Raises:
        StructureError: they have not.
    """
    if not all(dataset.node.spec_is_free for dataset in datasets):
        return list(datasets)
    trees = [flatten(dataset.node.spec())[1] for dataset in datasets]
    for number, tree in enumerate(trees):
        if tree != trees[0]:
            raise StructureError(
                f"the datasets in {name} have different elements: item {number} has {describe_tree(tree)}, and item 0 "
                f"{describe_tree(trees[0])}.",
                fix="Give them one structure, with map.",
            )
    return list(datasets)


def _of_known_dtype(value: Any) -> Any:
    """Returns a component, if it is of a dtype that TensorFlow and the frameworks know as well.

    Raises:
        DtypeError: it is not.
    """
    dtype = component_dtype(value)
    if dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        raise DtypeError(
            f"{dtype.name} is not a dtype of components.", fix="Cast it first, for example with .astype('float64')."
        )
    return value


def _rows_of_unequal(values: list | tuple, name: str) -> list | None:
    """Returns the arrays of a list whose shapes differ, or None where the list is one array."""
    if not values or not all(isinstance(value, np.ndarray | list) for value in values):
        return None
    shapes = {np.shape(value) if isinstance(value, np.ndarray) else len(value) for value in values}
    if len(shapes) == 1 and isinstance(values[0], np.ndarray):
        return None
    try:
        np.asarray(values)
    except ValueError:
        builder = ColumnBuilder(len(values), name, "the list", lambda value: value)
        full = next((as_component(value, given=True) for value in values if len(value)), None)
        for value in values:
            row = as_component(value, given=True)
            if isinstance(value, list) and not value and full is not None:
                row = np.empty(0, full.dtype)  # an empty list says nothing of its dtype
            builder.append(row)
        return list(builder.column())
    return None


def _rows_of_sparse(value: SparseTensor) -> list[SparseTensor]:
    if len(value.dense_shape) == 0:
        raise ShapeError("a sparse tensor of rank 0 has no rows to slice.", fix="Use from_tensors for one element.")
    rows = value.indices[:, 0]
    outside = len(rows) and (rows.min() < 0 or rows.max() >= value.dense_shape[0])
    if outside or (rows[1:] < rows[:-1]).any():
        raise ArgumentError(
            "the indices of the sparse tensor are not in order, or beyond its dense_shape.",
            fix="Sort the indices by row, and give the whole dense_shape.",
        )
    starts = np.searchsorted(rows, np.arange(value.dense_shape[0] + 1))
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
        as_component(values, given=True)
    except DtypeError:
        return values
    return None


def slices_of_elements(elements: list, origin: Origin) -> Slices:
    """Returns the source whose elements are those of a list, of one structure each."""
    treedef = flatten(elements[0])[1]
    names = component_names(treedef)
    builders = [ColumnBuilder(len(elements), name, "the list", lambda value: value) for name in names]
    for index, element in enumerate(elements):
        leaves, tree = flatten(element)
        if tree != treedef:
            raise StructureError(
                f"item {index} of the list is {describe_tree(tree)}, but item 0 is {describe_tree(treedef)}.",
                fix="Give the same structure for every item.",
            )
        for builder, leaf in zip(builders, leaves, strict=True):
            builder.append(as_component(leaf, given=True))
    return Slices((), origin, tuple(builder.column() for builder in builders), treedef, len(elements))


@dataclass(frozen=True, eq=False)
class GivenRows(Slices):
    """Elements that another node has at hand, as a dataset of their own.

    Args:
        giver: that node.
        part: from the spec of the giver's parent to the spec of these elements.
    """

    giver: Node
    part: Callable[[Any], Any]

    name = "window"

    @property
    def spec_costs(self) -> bool:  # type: ignore[override]
        return not self.giver.parents[0].spec_is_free

    def spec(self) -> Any:
        known = self.part(self.giver.parents[0].spec())
        if self.giver.parents[0].spec_is_free:
            return known
        return map_structure(merge_specs, known, super().spec())  # what was learnt of one element may be too narrow

    def gives_ragged_rows(self) -> bool | None:
        return self.giver.parents[0].gives_ragged_rows()

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"element {position} of a window"


def given_rows(elements: list, giver: Node, part: Callable[[Any], Any] = lambda spec: spec) -> GivenRows:
    """Returns elements that a node has at hand as a source."""
    slices = slices_of_elements(elements, giver.origin)
    return GivenRows((), giver.origin, slices.columns, slices.treedef, slices.length, giver, part)


def given_columns(column: np.ndarray, giver: Node, part: Callable[[Any], Any]) -> GivenRows:
    """Returns the rows of an array that a node has at hand as a source of elements of one component."""
    return GivenRows((), giver.origin, (column,), _LEAF, len(column), giver, part)


_LEAF = flatten(0)[1]


@dataclass(frozen=True, eq=False)
class Tensors(Node):
    """One element."""

    block: Block

    name = "from_tensors"

    def cardinality(self) -> int:
        return 1

    @property
    def held_bytes(self) -> int:  # type: ignore[override]
        return self.block.nbytes()

    def spec(self) -> Any:
        return self.block.treedef.unflatten([spec_of(column[0]) for column in self.block.columns])

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        columns = [[own_value(column[0]) for _ in positions] for column in self.block.columns]
        return Block(len(positions), columns, self.block.treedef)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return "the element given to from_tensors"


def tensors(value: Any, origin: Origin) -> Tensors:
    """Returns the source whose only element is `value`."""
    leaves, treedef = flatten(_unpack_tables(value))
    if not leaves:
        raise StructureError(f"from_tensors() was given no arrays, but {value!r:.60}.", fix="Give at least one array.")
    return Tensors(
        (), origin, Block(1, [[_of_known_dtype(as_component(leaf, given=True))] for leaf in leaves], treedef)
    )
