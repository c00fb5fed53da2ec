"""repeat: the dataset again and again, each time a new epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block
from feedline.nodes.base import INFINITE_CARDINALITY, OrderNode, Stream, countable
from feedline.random import mix_all

if TYPE_CHECKING:
    from feedline.run.context import Run

_ENDLESS = 1 << 32
"""How many epochs an endless repeat keeps apart from those of the next iteration over it."""

_MOST = 1 << 62


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
        return countable(length * self.count) if length >= 0 else length

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        length = self.parents[0].cardinality()
        if length < 0:
            return positions, self.parent_epochs(epochs, np.zeros_like(epochs))
        turns, inner = np.divmod(positions, length)
        return inner, self.parent_epochs(epochs, turns)

    def parent_epochs(self, epochs: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """Returns which epoch of the parent each turn is: those of one epoch of its own follow each other.

        Where repeats are nested so deep that this would not fit 64 bits, it is a hash of both.
        """
        each = self.count if self.count >= 0 else _ENDLESS
        fits = epochs < _MOST // max(1, each)
        if fits.all():
            return epochs * each + turns
        hashed = [mix_all(epoch, turn) >> 2 for epoch, turn in zip(epochs.tolist(), turns.tolist(), strict=True)]
        return np.where(fits, np.where(fits, epochs, 0) * each + turns, np.array(hashed, np.int64))

    def open(self, epoch: int, run: Run) -> Stream:
        return _RepeatStream(self, epoch, run)


class _RepeatStream:
    def __init__(self, node: Repeat, epoch: int, run: Run) -> None:
        self._node = node
        self._run = run
        self._epoch = epoch
        self._turn = 0
        self._stream: Stream | None = None
        self._given = 0

    def next(self, limit: int) -> Block | None:
        node = self._node
        while node.count < 0 or self._turn < node.count:
            if self._stream is None:
                epoch = node.parent_epochs(np.array([self._epoch]), np.array([self._turn]))
                self._stream = self._run.open(node.parents[0], int(epoch[0]))
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
        self._turn = self._node.count if self._node.count >= 0 else 0
        if self._stream is not None:
            self._stream.close()
