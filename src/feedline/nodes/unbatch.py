"""unbatch and rebatch: rows of batches, and batches of another size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, concatenate_blocks
from feedline.errors import FeedlineError, ShapeError
from feedline.nodes.base import Failure, Node, Stream, countable
from feedline.nodes.batch import Batch
from feedline.nodes.streamed import StreamedNode
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.strings import as_plain_array
from feedline.structure import batched_spec, component_names, component_shape, flatten, map_structure, row_spec

if TYPE_CHECKING:
    from feedline.run.context import Run


def rows_of(value: Any) -> Any:
    """Returns the rows of a batched component as a column: an array, or a list for ragged and sparse ones."""
    if isinstance(value, RaggedTensor):
        return list(value)
    if isinstance(value, SparseTensor):
        bounds = np.searchsorted(value.indices[:, 0], np.arange(value.shape[0] + 1))
        return [
            SparseTensor(value.indices[start:stop, 1:], value.values[start:stop], value.dense_shape[1:])
            for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]
    return as_plain_array(value)


def known_rows(node: Node) -> int | None:
    """Returns how many rows each element of a node has, None where that is not known without running anything.

    Raises:
        ShapeError: a component has no rows, or the components have different numbers of them.
    """
    if not node.spec_is_free:
        return None
    specs, treedef = flatten(node.spec())
    names = component_names(treedef)
    lengths = {}
    for name, spec in zip(names, specs, strict=True):
        if spec.shape == ():
            raise _no_rows(name)
        if spec.shape is not None and spec.shape[0] is not None:
            lengths[name] = spec.shape[0]
    if len(set(lengths.values())) > 1:
        raise _unequal_rows(lengths)
    return next(iter(lengths.values()), None)


def _no_rows(name: str) -> ShapeError:
    return ShapeError(f"{name} is a single value, so it has no rows to unbatch.", fix="Use unbatch only after batch.")


def _unequal_rows(lengths: dict[str, int | None]) -> ShapeError:
    shown = ", ".join(f"{name} has {length}" for name, length in lengths.items())
    return ShapeError(
        f"the components have different numbers of rows: {shown}.", fix="Make them agree before unbatch()."
    )


@dataclass(frozen=True, eq=False)
class Unbatch(StreamedNode):
    """The rows of each element."""

    name = "unbatch"
    spec_costs = False

    def check_parents(self) -> None:
        known_rows(self.parents[0])

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if length <= 0:
            return length
        rows = known_rows(self.parents[0])
        return super().cardinality() if rows is None else countable(length * rows)

    def spec(self) -> Any:
        return map_structure(row_spec, self.parents[0].spec())

    def gives_ragged_rows(self) -> bool | None:
        return self.__dict__.get("_ragged_rows") or super().gives_ragged_rows()

    def open(self, epoch: int, run: Run) -> Stream:
        return _UnbatchStream(self, epoch, run)


class _UnbatchStream:
    def __init__(self, node: Unbatch, epoch: int, run: Run) -> None:
        self._node = node
        self._parent = run.open(node.parents[0], epoch)
        self._held: Block | None = None

    def next(self, limit: int) -> Block | None:
        while self._held is None or self._held.length == 0:
            block = self._parent.next(1)
            if block is None:
                return None
            self._held = rows_block(block)
            if any(isinstance(column[0], RaggedTensor) for column in block.columns):
                object.__setattr__(self._node, "_ragged_rows", True)
        count = min(limit, self._held.length)
        rows, self._held = self._held.slice(0, count), self._held.slice(count, self._held.length)
        return rows

    def close(self) -> None:
        self._held = None
        self._parent.close()


def rows_block(block: Block) -> Block:
    """Returns the block of the rows of the one batch in a block.

    Raises:
        ShapeError: a component has no rows, or the components have different numbers of them.
    """
    values = [column[0] for column in block.columns]
    names = component_names(block.treedef)
    for name, value in zip(names, values, strict=True):
        if component_shape(value) == ():
            raise _no_rows(name)
    lengths = {name: component_shape(value)[0] for name, value in zip(names, values, strict=True)}
    if len(set(lengths.values())) > 1:
        raise _unequal_rows(lengths)
    return Block(next(iter(lengths.values()), 0) or 0, [rows_of(value) for value in values], block.treedef)


@dataclass(frozen=True, eq=False)
class Rebatch(StreamedNode):
    """The same rows in batches of other sizes.

    Args:
        sizes: the sizes, which take turns.
        drop_remainder: whether a last batch that is not full is left out.
    """

    sizes: tuple[int, ...]
    drop_remainder: bool

    name = "rebatch"
    spec_costs = False

    def check_parents(self) -> None:
        known_rows(self.parents[0])

    def label(self) -> str:
        return f"rebatch({self.sizes[0] if len(self.sizes) == 1 else list(self.sizes)})"

    def spec(self) -> Any:
        fixed = None
        if len(set(self.sizes)) == 1:
            rows = known_rows(self.parents[0])
            fixed = self.sizes[0] if self.drop_remainder or (rows and rows % self.sizes[0] == 0) else None
        return map_structure(lambda spec: batched_spec(row_spec(spec), fixed), self.parents[0].spec())

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        rows = Unbatch(self.parents, self.origin)
        batcher = Batch((rows,), self.origin, max(self.sizes), False)
        empty: Any = None
        ended = False
        with closing(_UnbatchStream(rows, epoch, run)) as stream:
            parts: list[Block] = []
            for turn, size in enumerate(itertools.cycle(self.sizes)):
                held = sum(part.length for part in parts)
                while not ended and (held < size or (held == 0 and empty is None)):
                    try:
                        block = stream.next(max(1, size - held))
                    except FeedlineError as error:  # the rows before it wait for those after it
                        yield Failure(error)
                        continue
                    if block is None:
                        ended = True
                    else:
                        parts.append(block)
                        held += block.length
                if ended and (held == 0 if size else empty is None):
                    return
                if ended and held < size and self.drop_remainder:
                    return
                if size:
                    joined = concatenate_blocks(parts)
                    batch = Block(1, batcher.batch_columns(joined, [(0, held)], [turn]), joined.treedef).row(0)
                    parts = []
                    empty = map_structure(without_rows, batch)
                    yield batch
                    if ended:
                        return
                else:
                    if empty is None:
                        first = parts[0].slice(0, 1)
                        columns = batcher.batch_columns(first, [(0, 1)], [turn])
                        empty = map_structure(without_rows, Block(1, columns, first.treedef).row(0))
                    yield empty


def without_rows(batch: Any) -> Any:
    """Returns a batched component with none of its rows."""
    if isinstance(batch, SparseTensor):
        return SparseTensor(batch.indices[:0], batch.values[:0], np.array([0, *batch.dense_shape[1:]]))
    return batch[:0]
