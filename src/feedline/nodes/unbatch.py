"""unbatch and rebatch: rows of batches, and batches of another size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, concatenate_columns
from feedline.errors import ShapeError
from feedline.nodes.base import Stream
from feedline.nodes.batch import Batch
from feedline.nodes.streamed import StreamedNode
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.strings import as_plain_array
from feedline.structure import component_names, component_shape, flatten, map_structure, with_shape

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


@dataclass(frozen=True, eq=False)
class Unbatch(StreamedNode):
    """The rows of each element."""

    name = "unbatch"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if length <= 0:
            return length
        first = [spec.shape[0] if spec.shape else None for spec in flatten(self.parents[0].spec())[0]]
        if first and first[0] is not None and isinstance(self.parents[0], Batch):
            return length * first[0]
        return super().cardinality()

    def spec(self) -> Any:
        return map_structure(
            lambda spec: with_shape(spec, None if spec.shape is None else spec.shape[1:]), self.parents[0].spec()
        )

    def open(self, epoch: int, run: Run) -> Stream:
        return _UnbatchStream(self, epoch, run)


class _UnbatchStream:
    def __init__(self, node: Unbatch, epoch: int, run: Run) -> None:
        self._parent = run.open(node.parents[0], epoch)
        self._held: Block | None = None

    def next(self, limit: int) -> Block | None:
        while self._held is None or self._held.length == 0:
            block = self._parent.next(1)
            if block is None:
                return None
            self._held = rows_block(block)
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
            raise ShapeError(
                f"{name} is a single value, so it has no rows to unbatch.", fix="Use unbatch only after batch."
            )
    lengths = [component_shape(value)[0] for value in values]
    if len(set(lengths)) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in zip(names, lengths, strict=True))
        raise ShapeError(
            f"the components have different numbers of rows: {shown}.",
            fix="Make them agree before unbatch().",
        )
    return Block(lengths[0] or 0, [rows_of(value) for value in values], block.treedef)


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

    def label(self) -> str:
        return f"rebatch({self.sizes[0] if len(self.sizes) == 1 else list(self.sizes)})"

    def spec(self) -> Any:
        fixed = self.sizes[0] if self.drop_remainder and len(set(self.sizes)) == 1 else None
        return map_structure(
            lambda spec: with_shape(spec, None if spec.shape is None else (fixed, *spec.shape[1:])),
            self.parents[0].spec(),
        )

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        rows = Unbatch(self.parents, self.origin)
        batcher = Batch((rows,), self.origin, max(self.sizes), False)
        turn = 0
        with closing(_UnbatchStream(rows, epoch, run)) as stream:
            while True:
                size = self.sizes[turn % len(self.sizes)]
                turn += 1
                if size == 0:
                    continue
                parts: list[Block] = []
                held = 0
                while held < size:
                    block = stream.next(size - held)
                    if block is None:
                        break
                    parts.append(block)
                    held += block.length
                if held == 0 or (held < size and self.drop_remainder):
                    return
                columns = [concatenate_columns(list(part)) for part in zip(*(p.columns for p in parts), strict=True)]
                joined = Block(held, columns, parts[0].treedef)
                yield Block(1, batcher.batch_columns(joined, [(0, held)], [turn]), joined.treedef).row(0)
