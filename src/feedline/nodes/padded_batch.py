"""padded_batch: elements of different shapes become one batch, filled up to a common shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import Block, Column
from feedline.buffers import POOL
from feedline.errors import ArgumentError, ArgumentStructureError, DtypeError, PaddedShapeError, ShapeError
from feedline.nested import DatasetComponent
from feedline.nodes.batch import GroupNode, about_elements, split_column
from feedline.packed_rows import PackedRows
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import DatasetSpec, Shape, SparseTensorSpec, as_shape, dtype_name, shape_allows, string
from feedline.structure import (
    Treedef,
    component_dtype,
    component_names,
    component_shape,
    describe_tree,
    flatten,
    with_shape,
)


@dataclass(frozen=True, eq=False)
class PaddedBatch(GroupNode):
    """Stacks elements, each component filled up to the longest of the batch or to a given shape.

    Args:
        padded_shapes: a structure of shapes, None for the longest of the batch; or None for that everywhere.
        padding_values: a structure of values, or one value for all; None for 0, b"" or False.
    """

    padded_shapes: Any
    padding_values: Any

    name = "padded_batch"
    takes_packed = True

    def check_parents(self) -> None:
        parent = self.parents[0]
        if not parent.spec_is_free:
            return
        specs, treedef = flatten(parent.spec())
        names = component_names(treedef)
        rows = zip(names, specs, self.shapes(treedef), self.values(treedef), strict=True)
        for name, spec, shape, value in rows:
            if isinstance(spec, DatasetSpec | SparseTensorSpec) or getattr(spec, "ragged_rank", 0) > 0:
                raise _not_paddable(name, type(spec).__name__.removesuffix("Spec"))
            _padding_value(value, spec.dtype, name)
            if shape is not None and spec.shape is not None:
                _check_shape(spec.shape, shape, name)

    def shapes(self, treedef: Treedef) -> list[Shape]:
        """Returns the padded shape of each component, None where it is the longest of the batch in all lengths."""
        if self.padded_shapes is None:
            return [None] * treedef.num_leaves
        return [as_shape(part) for part in _flatten_argument(self.padded_shapes, treedef, "padded_shapes", "shape")]

    def spec(self) -> Any:
        leading = self.batch_size if self.drop_remainder else None
        specs, treedef = flatten(self.parents[0].declared_spec())
        padded = self.shapes(treedef)
        result = []
        for spec, shape in zip(specs, padded, strict=True):
            inner = shape if shape is not None else spec.shape
            result.append(with_shape(spec, None if inner is None else (leading, *inner)))
        return treedef.unflatten(result)

    def values(self, treedef: Treedef) -> list[Any]:
        """Returns the padding value of each component, None for the dtype's own."""
        if not isinstance(self.padding_values, tuple | dict | list):
            return [self.padding_values] * treedef.num_leaves
        return _flatten_argument(self.padding_values, treedef, "padding_values", "value")

    def batch_columns(self, block: Block, ranges: list[tuple[int, int]], numbers: list[int]) -> list[Column]:
        known: tuple[Treedef, list[_Padding]] | None = self.__dict__.get("_paddings")
        if known is None or known[0] is not block.treedef:
            names = component_names(block.treedef)
            parts = zip(self.shapes(block.treedef), self.values(block.treedef), names, strict=True)
            known = block.treedef, [_Padding(*part) for part in parts]
            object.__setattr__(self, "_paddings", known)
        return [
            padding.column(column, ranges, numbers, self.batch_size)
            for column, padding in zip(block.columns, known[1], strict=True)
        ]


def _flatten_argument(structure: Any, treedef: Treedef, argument: str, what: str) -> list[Any]:
    """Returns what an argument gives for each component; it must have the elements' structure."""
    try:
        return treedef.flatten_up_to(structure)
    except (ValueError, TypeError):
        raise ArgumentStructureError(
            f"{argument} is {str(structure)[:80]} where the elements are {describe_tree(treedef)}.",
            fix=f"Give one {what} a component, in the structure of the elements.",
        ) from None


_JOINED_BYTES = 4096
"""Rows that take less, on average, are joined as bytes: writing each to its place would cost more than the bytes do."""


class _Padding:
    """How the values of one component become batches.

    Args:
        shape: the padded shape, None for the longest of the batch.
        value: the padding value, None for the dtype's own.
        name: the component's name, for messages.
    """

    def __init__(self, shape: Shape, value: Any, name: str) -> None:
        self._shape = shape
        self._value = value
        self._name = name
        self._fills: dict[np.dtype, Any] = {}

    def column(self, column: Column, ranges: list[tuple[int, int]], numbers: list[int], size: int) -> Column:
        """Returns the batches of a column.

        Args:
            column: the values.
            ranges: where each batch starts and ends.
            numbers: which batch each is, for messages.
            size: how many values a batch has.
        """
        if isinstance(column, np.ndarray):
            self._fill(column.dtype)  # a value that does not fit is an error also where nothing is to be filled up
            shape = column.shape[1:]
            if _target_shape([shape], self._shape, self._name, numbers[0] * size) == shape:
                return split_column(column, ranges, size)
        if isinstance(column, PackedRows):
            batches = self._batches_of_packed(column, ranges)
            if batches is not None:
                return batches
            column = list(column)
        return [self._batch(column[a:b], number * size) for number, (a, b) in zip(numbers, ranges, strict=True)]

    def _batches_of_packed(self, rows: PackedRows, ranges: list[tuple[int, int]]) -> list[np.ndarray] | None:
        """Returns the batches where only the first length needs padding; None also where something is wrong."""
        longest = [max(rows.lengths[start:stop]) for start, stop in ranges]
        if self._shape is not None:
            if not shape_allows(self._shape[1:], rows.inner) or len(self._shape) != 1 + len(rows.inner):
                return None
            wanted = self._shape[0]
            if wanted is not None and wanted < max(longest):
                return None
            longest = longest if wanted is None else [wanted] * len(ranges)
        return rows.padded(ranges, longest, self._fill(rows.dtype))

    def _batch(self, rows: Any, first: int) -> np.ndarray:
        if isinstance(rows[0], RaggedTensor | SparseTensor | DatasetComponent):
            raise _not_paddable(self._name, type(rows[0]).__name__)
        dtype = component_dtype(rows[0])
        fill = self._fill(dtype)
        shapes = [component_shape(row) for row in rows]
        target = self._target(shapes, first)
        row_bytes = dtype.itemsize * math.prod(target)
        if len(target) == 0:
            batch = np.empty(len(rows), dtype)
            batch[:] = rows
        elif not all(shape[1:] == target[1:] for shape in shapes):
            batch = POOL.empty((len(rows), *target), dtype)
            batch[...] = fill
            for place, row in zip(batch, rows, strict=True):
                place[tuple(map(slice, row.shape))] = row
        elif row_bytes <= _JOINED_BYTES and not dtype.hasobject and row_bytes:
            packed = PackedRows([row.tobytes() for row in rows], list(map(len, rows)), target[1:], dtype)
            (batch,) = packed.padded([(0, len(rows))], [target[0]], fill)
        else:
            batch = POOL.empty((len(rows), *target), dtype)
            for place, row in zip(batch, rows, strict=True):
                place[: len(row)] = row
                place[len(row) :] = fill
        return batch

    def _fill(self, dtype: np.dtype) -> Any:
        fill = self._fills.get(dtype)
        if fill is None:
            fill = self._fills[dtype] = _padding_value(self._value, dtype, self._name)
        return fill

    def _target(self, shapes: list[tuple], first: int) -> tuple[int, ...]:
        try:
            return _target_shape(list(set(shapes)), self._shape, self._name, first)
        except ShapeError:
            return _target_shape(shapes, self._shape, self._name, first)  # tells which element it is


def _not_paddable(name: str, kind: str) -> ArgumentError:
    if kind == "Dataset":
        fix = "Batch the elements within it: flat_map(lambda window: window.padded_batch(n))."
    else:
        fix = "Make it dense in map first: .to_tensor() or .to_dense()."
    return ArgumentError(f"padded_batch cannot pad {name}, a {kind}.", fix=fix)


def _check_shape(known: tuple[int | None, ...], shape: tuple[int | None, ...], name: str) -> None:
    """Checks a padded shape against what is known of the elements' shape as the pipeline is built."""
    if len(known) != len(shape):
        raise ShapeError(
            f"{name} has shape {known}, but padded_shapes says {shape}.",
            fix="padded_batch fills lengths up, not ranks: give shapes of the elements' rank.",
        )
    for axis, (length, wanted) in enumerate(zip(known, shape, strict=True)):
        if length is not None and wanted is not None and length > wanted:
            raise PaddedShapeError(
                f"{name} has shape {known}, longer than the padded shape {shape} in dimension {axis}.",
                fix=f"Pad to at least {length}, give None for the longest of the batch, or cut the element in map.",
            )


def _target_shape(shapes: list[tuple], shape: Shape, name: str, first: int) -> tuple[int, ...]:
    rank = len(shapes[0]) if shape is None else len(shape)
    for index, row_shape in enumerate(shapes):
        if len(row_shape) != rank:
            other = f"{shapes[0]} in element {first}" if shape is None else f"padded_shapes says {shape}"
            error = ShapeError(
                f"{name} has shape {row_shape} in element {first + index}, but {other}.",
                fix="padded_batch fills lengths up, not ranks: give shapes of the elements' rank.",
            )
            raise about_elements(error, first + index)
    target = []
    for axis in range(rank):
        longest = max(row_shape[axis] for row_shape in shapes)
        wanted = None if shape is None else shape[axis]
        if wanted is not None and longest > wanted:
            index = next(i for i, row_shape in enumerate(shapes) if row_shape[axis] > wanted)
            error = PaddedShapeError(
                f"{name} has shape {shapes[index]} in element {first + index}, "
                f"longer than the padded shape {shape} in dimension {axis}.",
                fix=f"Pad to at least {longest}, give None for the longest of the batch, or cut the element in map.",
            )
            raise about_elements(error, first + index)
        target.append(longest if wanted is None else wanted)
    return tuple(target)


_ACCEPTED = {"b": "b", "i": "iu", "u": "iu", "f": "iuf", "c": "iuf"}
"""Which kinds of Python numbers can fill up arrays of a kind."""


def _padding_value(value: Any, dtype: np.dtype, name: str) -> Any:
    if value is None:
        return b"" if dtype == string else np.zeros((), dtype)[()]
    if dtype == string:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, bytes):
            return value
        raise DtypeError(f"the padding value {value!r} of {name} is not bytes.", fix='Give bytes such as b"".')
    array = np.asarray(value)
    exact = array.dtype == dtype or (
        isinstance(value, int | float) and array.dtype.kind in _ACCEPTED.get(dtype.kind, "if")
    )
    if array.ndim or not exact or not _fits(array, dtype):
        raise DtypeError(
            f"the padding value {value!r} of {name} is not a {dtype_name(dtype)}, the component's dtype.",
            fix=f"Give np.{dtype.name}(...), or a Python number that fits.",
        )
    return array.astype(dtype)[()]


def _fits(array: np.ndarray, dtype: np.dtype) -> bool:
    if dtype.kind == "f" and array.dtype.kind == "f":
        return not np.isfinite(array) or abs(float(array)) <= float(np.finfo(dtype).max)
    if dtype.kind not in "iu" or array.dtype.kind not in "iu":
        return True
    bounds = np.iinfo(dtype)
    return bounds.min <= int(array) <= bounds.max
