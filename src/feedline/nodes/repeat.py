"""repeat: the dataset again and again, each time a new epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block
from feedline.nodes.base import INFINITE_CARDINALITY, OrderNode, Stream

if TYPE_CHECKING:
    from feedline.run.context import Run

_ENDLESS = 1 << 32
"""How many epochs an endless repeat keeps apart from those of the next iteration over it."""


@dataclass(frozen=True, eq=False)
class Repeat(OrderNode):
    """Repeats its parent.

    Args:
        count: how often; -1 for ever.
    """

    count: int

    name = "repeat"

    def label(self) -> str:
        return f"repeat({self.count if self.count >= 0 else ''})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if self.count == 0 or length == 0:
            return 0
        if self.count < 0:
            return INFINITE_CARDINALITY
        return length * self.count if length >= 0 else length

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        length = self.parents[0].cardinality()
        if length < 0:
            return positions, epochs * self.epochs()
        turns, inner = np.divmod(positions, length)
        return inner, epochs * self.epochs() + turns

    def epochs(self) -> int:
        """Returns how many of the parent's epochs one of its own is."""
        return self.count if self.count >= 0 else _ENDLESS

    def open(self, epoch: int, run: Run) -> Stream:
        return _RepeatStream(self, epoch, run)


class _RepeatStream:
    def __init__(self, node: Repeat, epoch: int, run: Run) -> None:
        self._node = node
        self._run = run
        self._epoch = epoch * node.epochs()
        self._turn = 0
        self._stream: Stream | None = None
        self._given = 0

    def next(self, limit: int) -> Block | None:
        node = self._node
        while node.count < 0 or self._turn < node.count:
            if self._stream is None:
                self._stream = self._run.open(node.parents[0], self._epoch + self._turn)
                self._given = 0
            block = self._stream.next(limit)
            if block is not None:
                self._given += block.length
                return block
            self._stream.close()
            self._stream = None
            self._turn += 1
            if self._given == 0:
                break
        return None

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
