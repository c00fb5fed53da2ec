"""sparse_batch: elements whose lengths differ become one sparse tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import Block, Column
from feedline.errors import DtypeError, ShapeError, StructureError
from feedline.nested import DatasetComponent
from feedline.nodes.batch import GroupNode, about_elements
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import DatasetSpec, SparseTensorSpec, TensorSpec
from feedline.strings import as_plain_array
from feedline.structure import Treedef, component_dtype, component_shape, describe_tree, flatten

_ONE_COMPONENT = flatten(0)[1]


@dataclass(frozen=True, eq=False)
class SparseBatch(GroupNode):
    """Puts all values of the elements into one sparse tensor, zeros too; elements are single arrays.

    Args:
        row_shape: the lengths that an element may have at the most; None for the longest of the batch.
    """

    row_shape: tuple[int | None, ...]

    name = "sparse_batch"

    def check_parents(self) -> None:
        parent = self.parents[0]
        if not parent.spec_is_free:
            return
        specs, treedef = flatten(parent.spec())
        _check_structure(treedef)
        spec = specs[0]
        if isinstance(spec, DatasetSpec | SparseTensorSpec) or getattr(spec, "ragged_rank", 0) > 0:
            raise _not_dense(type(spec).__name__.removesuffix("Spec"))
        if spec.shape is not None and parent.cardinality() != 0:
            problem = self._misfit(spec.shape)
            if problem is not None:
                raise ShapeError(f"the element has shape {spec.shape}, {problem}.", fix=self._fix(problem))

    def spec(self) -> Any:
        specs, treedef = flatten(self.parents[0].spec())
        _check_structure(treedef)
        spec = specs[0]
        if not isinstance(spec, TensorSpec) and getattr(spec, "ragged_rank", 1) > 0:
            raise _not_dense(type(spec).__name__.removesuffix("Spec"))
        return SparseTensorSpec((None, *self.row_shape), spec.dtype)

    def batch_columns(self, block: Block, ranges: list[tuple[int, int]], numbers: list[int]) -> list[Column]:
        _check_structure(block.treedef)
        return [
            [
                self._sparse(as_plain_array(block.columns[0][start:stop]), number * self.batch_size)
                for number, (start, stop) in zip(numbers, ranges, strict=True)
            ]
        ]

    def _sparse(self, rows: Any, first: int) -> SparseTensor:
        if isinstance(rows, np.ndarray):
            shapes = [rows.shape[1:]]
        else:
            if isinstance(rows[0], RaggedTensor | SparseTensor | DatasetComponent):
                raise _not_dense(type(rows[0]).__name__)
            shapes = [tuple(length or 0 for length in component_shape(row)) for row in rows]
        for number, shape in enumerate(shapes):
            problem = self._misfit(shape)
            if problem is not None:
                raise about_elements(
                    ShapeError(f"element {first + number} has shape {shape}, {problem}.", fix=self._fix(problem)),
                    first + number,
                )
        longest = [
            max(lengths) if wanted is None else wanted
            for wanted, lengths in zip(self.row_shape, zip(*shapes, strict=True), strict=True)
        ]
        return SparseTensor(*_places_and_values(rows), np.array([len(rows), *longest], np.int64))

    def _misfit(self, shape: tuple[int | None, ...]) -> str | None:
        """Says why rows of this shape, in which None may be any length, cannot stand in the batch; None if they can."""
        if len(shape) != len(self.row_shape):
            return f"of another rank than row_shape {self.row_shape}"
        for axis, (length, most) in enumerate(zip(shape, self.row_shape, strict=True)):
            if length is not None and most is not None and length > most:
                return f"longer than row_shape {self.row_shape} in dimension {axis}"
        return None

    def _fix(self, problem: str) -> str:
        if problem.startswith("of another rank"):
            return "Give row_shape one length, or None, for each dimension of an element: [] for single values."
        return "Give None for the longest of the batch, or a greater length, or cut the element in map."


def _places_and_values(rows: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns where the values of a column's rows stand, in row-major order, and the values."""
    if isinstance(rows, np.ndarray):
        return _places(rows.shape), rows.reshape(-1)
    parts = []
    for number, row in enumerate(rows):
        within = _places(row.shape)
        parts.append(np.concatenate([np.full((len(within), 1), number, np.int64), within], axis=1))
    values = np.concatenate([row.reshape(-1) for row in rows]).astype(component_dtype(rows[0]), copy=False)
    return np.concatenate(parts), values


def _places(shape: tuple[int, ...]) -> np.ndarray:
    """Returns the indices of every value of an array, int64 `(values, rank)`."""
    return np.indices(shape, np.int64).reshape(len(shape), -1).T


def _check_structure(treedef: Treedef) -> None:
    if treedef != _ONE_COMPONENT:
        raise StructureError(
            f"sparse_batch is for elements that are one array, and these are {describe_tree(treedef)}.",
            fix="Pick the component in map first, and zip the batches with those of the others.",
        )


def _not_dense(kind: str) -> DtypeError:
    if kind == "Dataset":
        fix = "Batch the elements within it: flat_map(lambda window: window.sparse_batch(n, row_shape))."
    elif kind == "SparseTensor":
        fix = "Use batch, which makes one sparse tensor of several."
    else:
        fix = "Make it dense in map first, with .to_tensor(); or use batch, which keeps it ragged."
    return DtypeError(f"sparse_batch makes sparse tensors of arrays, and the element is a {kind}.", fix=fix)
