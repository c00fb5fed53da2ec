"""zip: elements of several datasets side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.errors import FeedlineError
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Node, Stream
from feedline.structure import Treedef, flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Zip(Node):
    """Elements of all parents, in the structure that the user gave; it ends with the shortest.

    Args:
        treedef: the structure, one leaf a parent.
    """

    treedef: Treedef

    name = "zip"

    def cardinality(self) -> int:
        lengths = [parent.cardinality() for parent in self.parents]
        finite = [length for length in lengths if length >= 0]
        if 0 in finite:
            return 0
        if UNKNOWN_CARDINALITY in lengths:
            return UNKNOWN_CARDINALITY
        return min(finite) if finite else INFINITE_CARDINALITY

    def spec(self) -> Any:
        return self.treedef.unflatten([parent.spec() for parent in self.parents])

    def declared_spec(self) -> Any:
        return self.treedef.unflatten([parent.declared_spec() for parent in self.parents])

    def join(self, blocks: list[Block]) -> Block:
        """Returns one block of the parents' blocks, all of one length."""
        length = min(block.length for block in blocks)
        blocks = [block if block.length == length else block.slice(0, length) for block in blocks]
        placeholder = self.treedef.unflatten([block.treedef.unflatten([0] * len(block.columns)) for block in blocks])
        treedef = flatten(placeholder)[1]
        return Block(length, [column for block in blocks for column in block.columns], treedef)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        return self.join([run.read(parent, positions, epochs) for parent in self.parents])

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        sources = [parent.source_of(position, epoch, row) for parent in self.parents]
        return " with ".join(source for source in sources if source)

    def open(self, epoch: int, run: Run) -> Stream:
        return _ZipStream(self, epoch, run)


class _ZipStream:
    def __init__(self, node: Zip, epoch: int, run: Run) -> None:
        self._node = node
        self._streams = [run.open(parent, epoch) for parent in node.parents]
        self._held: list[Block | None] = [None] * len(self._streams)
        self._ended = False

    def next(self, limit: int) -> Block | None:
        if self._ended:
            return None
        for index, stream in enumerate(self._streams):
            if self._held[index] is None:
                try:
                    self._held[index] = stream.next(limit)
                except FeedlineError:
                    self._drop_partners(index)
                    raise
            if self._held[index] is None:
                self._ended = True
                return None
        blocks = [block for block in self._held if block is not None]
        length = min(limit, *(block.length for block in blocks))
        self._held = [
            block.slice(length, block.length) if block is not None and block.length > length else None
            for block in self._held
        ]
        return self._node.join([block.slice(0, length) for block in blocks])

    def _drop_partners(self, failed: int) -> None:
        """Takes from the other streams what stood beside an element that could not be computed."""
        for index, stream in enumerate(self._streams):
            if index == failed:
                continue
            block = self._held[index]
            if block is None:
                try:
                    block = stream.next(1)
                except FeedlineError:
                    continue
                if block is None:
                    self._ended = True
                    continue
            self._held[index] = block.slice(1, block.length) if block.length > 1 else None

    def close(self) -> None:
        self._ended = True
        for stream in self._streams:
            stream.close()
