"""shard: every n-th element, for one of n workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block
from feedline.nodes.base import OrderNode, Stream, check_reach

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Shard(OrderNode):
    """Elements index, index + num_shards, index + 2 * num_shards, ...

    Args:
        num_shards: n.
        index: which of the n.
    """

    num_shards: int
    index: int

    name = "shard"

    def label(self) -> str:
        return f"shard({self.num_shards}, {self.index})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        return max(0, -(-(length - self.index) // self.num_shards)) if length >= 0 else length

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._endless:
            check_reach(positions, self.num_shards, self.index, "Use fewer shards.")
        return positions * self.num_shards + self.index, epochs

    def open(self, epoch: int, run: Run) -> Stream:
        return _ShardStream(self, epoch, run)


class _ShardStream:
    def __init__(self, node: Shard, epoch: int, run: Run) -> None:
        self._node = node
        self._parent = run.open(node.parents[0], epoch)
        self._seen = 0

    def next(self, limit: int) -> Block | None:
        while True:
            first = (self._node.index - self._seen) % self._node.num_shards
            block = self._parent.next(first + 1 + (limit - 1) * self._node.num_shards)  # no more than what is needed
            if block is None:
                return None
            self._seen += block.length
            chosen = np.arange(first, block.length, self._node.num_shards)
            if len(chosen):
                return block.take(chosen)

    def close(self) -> None:
        self._parent.close()
