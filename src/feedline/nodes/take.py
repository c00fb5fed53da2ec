"""take and skip: the first elements, or all but the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block
from feedline.nodes.base import INFINITE_CARDINALITY, OrderNode, Stream, check_reach

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Take(OrderNode):
    """The first elements.

    Args:
        count: how many; -1 for all.
    """

    count: int

    name = "take"

    def label(self) -> str:
        return f"take({self.count})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if self.count < 0:
            return length
        if length == INFINITE_CARDINALITY or self.count == 0:
            return self.count
        return min(length, self.count)

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return positions, epochs

    def open(self, epoch: int, run: Run) -> Stream:
        return _TakeStream(self, epoch, run)


class _TakeStream:
    def __init__(self, node: Take, epoch: int, run: Run) -> None:
        self._left = node.count if node.count >= 0 else 1 << 62
        self._parent = run.open(node.parents[0], epoch)

    def next(self, limit: int) -> Block | None:
        if self._left == 0:
            self._parent.close()
            return None
        block = self._parent.next(min(limit, self._left))
        self._left = 0 if block is None else self._left - block.length
        return block

    def close(self) -> None:
        self._parent.close()


@dataclass(frozen=True, eq=False)
class Skip(OrderNode):
    """All but the first elements.

    Args:
        count: how many are left out; -1 for all.
    """

    count: int

    name = "skip"

    def label(self) -> str:
        return f"skip({self.count})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if self.count < 0:
            return 0
        return max(0, length - self.count) if length >= 0 else length

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._endless:
            check_reach(positions, 1, self.count, "Skip fewer elements.")
        return positions + self.count, epochs

    def open(self, epoch: int, run: Run) -> Stream:
        return _SkipStream(self, epoch, run)


class _SkipStream:
    def __init__(self, node: Skip, epoch: int, run: Run) -> None:
        self._node = node
        self._left = node.count
        self._parent = run.open(node.parents[0], epoch)

    def next(self, limit: int) -> Block | None:
        if self._node.count < 0:
            return None
        while self._left:
            block = self._parent.next(min(self._left, 4096))
            if block is None:
                return None
            self._left -= block.length
        return self._parent.next(limit)

    def close(self) -> None:
        self._parent.close()
