"""batch: n consecutive elements become one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, Column
from feedline.errors import DtypeError, FeedlineError, ShapeError
from feedline.nested import DatasetComponent
from feedline.nodes.base import BlockNode, ceil_divide
from feedline.nodes.order_window import OrderedSource, follow_each_other
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import DatasetSpec
from feedline.strings import PackedStrings, as_plain_array
from feedline.structure import as_bytes_array, batched_spec, component_names, component_shape, flatten, map_structure

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class GroupNode(BlockNode):
    """What batch, padded_batch and ragged_batch share: how many elements become one.

    Args:
        batch_size: how many.
        drop_remainder: whether a last, smaller batch is left out.
    """

    batch_size: int
    drop_remainder: bool

    @property
    def group(self) -> int:  # type: ignore[override]
        return self.batch_size

    def label(self) -> str:
        return f"{self.name}({self.batch_size})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if length >= 0 and self.drop_remainder:
            return length // self.batch_size
        return ceil_divide(length, self.batch_size)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        if row is not None:
            return self.parents[0].source_of(position * self.batch_size + row, epoch)
        first = position * self.batch_size
        source = self.parents[0].source_of(first, epoch)
        return f"a batch from element {first} on" + (f" ({source})" if source else "")

    def ranges(self, rows: int, positions: np.ndarray) -> list[tuple[int, int]]:
        """Returns where each batch starts and ends in a block of this many rows."""
        size = self.batch_size
        if rows == len(positions) * size:  # none has more, so all have as many
            return [(start, start + size) for start in range(0, rows, size)]
        length = self.parents[0].cardinality() if self.parents[0].indexed else -1
        if length < 0:  # a stream's batches come in order: only the last can be smaller
            return [(start, min(start + size, rows)) for start in range(0, rows, size)]
        stops = np.cumsum(np.minimum(size, length - positions * size)).tolist()
        return list(zip([0, *stops[:-1]], stops, strict=True))

    @cached_property
    def _ordered_source(self) -> OrderedSource | None:
        return OrderedSource.below(self.parents[0])

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        ordered = self._ordered_source
        if ordered is not None and len(positions) and follow_each_other(positions, epochs):
            start, stop = int(positions[0]) * self.batch_size, (int(positions[-1]) + 1) * self.batch_size
            located = ordered.located(start, stop, int(epochs[0]), run)
            if located is not None:
                return self.apply(run.read(ordered.source, *located), positions, epochs, run)
        return super().read(positions, epochs, run)

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        ranges = self.ranges(block.length, positions)
        try:
            columns = self.batch_columns(block, ranges, positions.tolist())
        except ShapeError as error:
            for element in getattr(error, "elements", ()):
                batch = np.flatnonzero(positions == element // self.batch_size)[0]
                source = self.parents[0].source_of(element, int(epochs[batch]))
                if source:
                    error.add_where(f"element {element}, which is {source}")
            raise
        return Block(len(positions), columns, block.treedef)

    def batch_columns(self, block: Block, ranges: list[tuple[int, int]], numbers: list[int]) -> list[Column]:
        """Returns the columns of batches of a block of elements; the batches' numbers are for messages."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Batch(GroupNode):
    """Stacks elements of one shape; what is ragged becomes ragged in one dimension more."""

    name = "batch"

    def check_parents(self) -> None:
        parent = self.parents[0]
        if parent.spec_is_free:
            specs, treedef = flatten(parent.spec())
            for name, spec in zip(component_names(treedef), specs, strict=True):
                if isinstance(spec, DatasetSpec):
                    raise _dataset_in_batch(name)

    def spec(self) -> Any:
        leading = self.batch_size if self.drop_remainder else None
        return map_structure(lambda spec: batched_spec(spec, leading), self.parents[0].spec())

    @cached_property
    def ragged(self) -> list[tuple[int, np.dtype] | None] | None:
        """For each component whose batches are ragged, the number of ragged dimensions and the dtype of row splits.

        None where every component is what its values are. It is asked for when the first elements are there: rows of
        ragged tensors look like other arrays, and the node that gives them has seen by then where they come from.
        """
        parent = self.parents[0]
        if not parent.spec_is_free and parent.gives_ragged_rows() is False:
            return None
        try:
            specs = flatten(self.spec())[0]
        except FeedlineError:
            if parent.spec_is_free or parent.gives_ragged_rows():
                raise
            return None  # what is in the files of a cache does not need what they were made from
        return [
            (spec.ragged_rank, spec.row_splits_dtype) if getattr(spec, "ragged_rank", 0) > 0 else None for spec in specs
        ]

    def learn_of_parents(self) -> None:
        _ = self.ragged

    def batch_columns(self, block: Block, ranges: list[tuple[int, int]], numbers: list[int]) -> list[Column]:
        ragged = self.ragged or [None] * len(block.columns)
        return [
            self._batch_column(block, which, ranges, numbers)
            if kind is None
            else [_ragged_batch(block.columns[which][start:stop], *kind) for start, stop in ranges]
            for which, kind in enumerate(ragged)
        ]

    def _batch_column(self, block: Block, which: int, ranges: list[tuple[int, int]], numbers: list[int]) -> Column:
        column = block.columns[which]
        if isinstance(column, PackedStrings):
            return [column.part(start, stop) for start, stop in ranges]
        if isinstance(column, np.ndarray):
            return split_column(column, ranges, self.batch_size)
        name = component_names(block.treedef)[which]
        return [
            self._stack(column[start:stop], name, number * self.batch_size)
            for number, (start, stop) in zip(numbers, ranges, strict=True)
        ]

    def _stack(self, values: list[Any], name: str, first: int) -> Any:
        if isinstance(values[0], DatasetComponent):
            raise _dataset_in_batch(name)
        if isinstance(values[0], SparseTensor):
            return SparseTensor.stack(values)
        if isinstance(values[0], RaggedTensor):
            return RaggedTensor.from_rows(values, values[0].row_splits.dtype)
        for index, value in enumerate(values):
            if component_shape(value) != component_shape(values[0]):
                raise about_elements(
                    ShapeError(
                        f"{name} has shape {component_shape(value)} in element {first + index} "
                        f"but {component_shape(values[0])} in element {first}: they cannot stand in one batch.",
                        fix=self.fix_of_shapes,
                    ),
                    first + index,
                    first,
                )
        if isinstance(values[0], bytes):
            return as_bytes_array(np.array(values, object))
        return np.stack(values)

    @property
    def fix_of_shapes(self) -> str:
        """What to do about elements of different shapes."""
        return (
            "Use padded_batch (or ragged_batch) in place of batch, or make the shapes equal in map, "
            "for example with fl.image.resize."
        )


def split_column(column: np.ndarray, ranges: list[tuple[int, int]], size: int) -> Column:
    """Returns the batches of a dense column, all of them views of it.

    Args:
        column: the rows.
        ranges: where each batch starts and ends.
        size: how many rows a batch has, unless it is the last.
    """
    if len(ranges) == 1:
        return column[None]
    if len(column) == len(ranges) * size:
        return column.reshape(len(ranges), size, *column.shape[1:])
    return [column[start:stop] for start, stop in ranges]


def about_elements(error: ShapeError, *elements: int) -> ShapeError:
    """Returns an error that knows which elements it is about, so that where they come from can be told."""
    error.elements = elements  # type: ignore[attr-defined]
    return error


def _dataset_in_batch(name: str) -> DtypeError:
    return DtypeError(
        f"{name} is a dataset, and datasets cannot stand in one batch.",
        fix="Batch the elements within it: flat_map(lambda window: window.batch(n)).",
    )


def _ragged_batch(rows: Any, dimensions: int, splits: np.dtype) -> RaggedTensor:
    rows = as_plain_array(rows)
    return RaggedTensor.from_rows([to_ragged(row, dimensions - 1, splits) for row in rows], splits)


def to_ragged(value: Any, dimensions: int, splits: np.dtype) -> np.ndarray | RaggedTensor:
    """Returns an array as a ragged tensor whose first `dimensions` + 1 dimensions are rows of rows."""
    if dimensions == 0 or isinstance(value, RaggedTensor):
        return value
    inner = to_ragged(value.reshape(-1, *value.shape[2:]), dimensions - 1, splits)
    return RaggedTensor.from_row_lengths(inner, np.full(value.shape[0], value.shape[1]), splits)
