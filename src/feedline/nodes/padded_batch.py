"""padded_batch: elements of different shapes become one batch, filled up to a common shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import Block, Column
from feedline.errors import ArgumentError, DtypeError, ShapeError, StructureError
from feedline.nested import DatasetComponent
from feedline.nodes.batch import GroupNode, about_elements
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import DatasetSpec, Shape, SparseTensorSpec, as_shape, dtype_name, string
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
        parent = self.parents[0].spec()
        specs, treedef = flatten(parent)
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
        names = component_names(block.treedef)
        shapes, values = self.shapes(block.treedef), self.values(block.treedef)
        return [
            [
                _pad(column[start:stop], shape, value, name, number * self.batch_size)
                for number, (start, stop) in zip(numbers, ranges, strict=True)
            ]
            for column, shape, value, name in zip(block.columns, shapes, values, names, strict=True)
        ]


def _flatten_argument(structure: Any, treedef: Treedef, argument: str, what: str) -> list[Any]:
    """Returns what an argument gives for each component; it must have the elements' structure."""
    try:
        return treedef.flatten_up_to(structure)
    except (ValueError, TypeError):
        raise StructureError(
            f"{argument} is {str(structure)[:80]} where the elements are {describe_tree(treedef)}.",
            fix=f"Give one {what} a component, in the structure of the elements.",
        ) from None


def _pad(rows: Any, shape: Shape, value: Any, name: str, first: int) -> np.ndarray:
    if isinstance(rows[0], RaggedTensor | SparseTensor | DatasetComponent):
        raise _not_paddable(name, type(rows[0]).__name__)
    dtype = component_dtype(rows[0])
    fill = _padding_value(value, dtype, name)
    if isinstance(rows, np.ndarray):
        inner = rows.shape[1:]
        target = _target_shape([inner], shape, name, first)
        if target == inner:
            return rows
    shapes = [component_shape(row) for row in rows]
    target = _target_shape(shapes, shape, name, first)
    batch = np.full((len(rows), *target), fill, dtype)
    if len(target) == 0:
        batch[:] = rows
    elif len(target) == 1 or all(row_shape[1:] == target[1:] for row_shape in shapes):
        for index, row in enumerate(rows):
            batch[index, : len(row)] = row
    else:
        for index, row in enumerate(rows):
            place: tuple[Any, ...] = (index, *(slice(0, length) for length in row.shape))
            batch[place] = row
    return batch


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
            raise ShapeError(
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
            error = ShapeError(
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
