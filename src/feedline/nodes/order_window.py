"""Order windows: where the next elements of a shuffled, repeated, ... source stand, worked out for many at once.

Working positions out takes the same few calls of NumPy for one batch as for a hundred, and where elements are rows of
arrays these calls are a good part of all work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.errors import FeedlineError
from feedline.nodes.base import Node, OrderNode

if TYPE_CHECKING:
    from feedline.run.context import Run

_FEW = 32
_MOST = 1 << 13
"""How many positions are worked out together at the most: they fit a processor's caches."""


def follow_each_other(positions: np.ndarray, epochs: np.ndarray) -> bool:
    """Says whether positions are consecutive ones of one epoch."""
    if len(positions) > _FEW:
        return bool((positions[1:] - positions[:-1] == 1).all() and (epochs == epochs[0]).all())
    numbers, turns = positions.tolist(), epochs.tolist()  # few are looked at in less time than NumPy takes for a call
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and turns.count(turns[0]) == len(turns)


@dataclass(frozen=True, slots=True)
class OrderWindow:
    """Consecutive elements of one epoch of an order node.

    Args:
        epoch: the epoch.
        start: the first position.
        stop: the position behind the last.
        positions: where they stand in the source.
        epochs: in which epochs of it.
    """

    epoch: int
    start: int
    stop: int
    positions: np.ndarray
    epochs: np.ndarray


class OrderedSource:
    """A source and the order nodes above it, as one step.

    Args:
        chain: the order nodes, the topmost first.
        source: the source.
    """

    def __init__(self, chain: list[OrderNode], source: Node) -> None:
        self.source = source
        self._chain = chain
        self._length = chain[0].cardinality()
        self._window: OrderWindow | None = None  # threads may replace each other's: any of them is right

    @classmethod
    def below(cls, node: Node) -> OrderedSource | None:
        """Returns the order nodes from `node` on and their source; None where there is anything else below it."""
        chain: list[OrderNode] = []
        while isinstance(node, OrderNode) and type(node).read is OrderNode.read and len(node.parents) == 1:
            chain.append(node)
            node = node.parents[0]
        return cls(chain, node) if chain and node.indexed and not node.parents else None

    def located(self, start: int, stop: int, epoch: int, run: Run) -> tuple[np.ndarray, np.ndarray] | None:
        """Returns the positions and epochs in the source; None where they have to be worked out one step at a time.

        Args:
            start: the first position.
            stop: the position behind the last; fewer are returned where the elements end before it.
            epoch: the epoch.
            run: takes note of the time.
        """
        if self._length >= 0:
            stop = min(stop, self._length)
        if stop - start > _MOST or not run.composes_order:
            return None
        window = self._window
        if window is None or window.epoch != epoch or start < window.start or stop > window.stop:
            window = self._next_window(window, start, stop, epoch, run)
            if window is None:
                return None
            self._window = window
        for node in self._chain:
            run.timings.add(node, stop - start, 0.0, None)
        part = slice(start - window.start, stop - window.start)
        return window.positions[part], window.epochs[part]

    def _next_window(
        self, window: OrderWindow | None, start: int, stop: int, epoch: int, run: Run
    ) -> OrderWindow | None:
        """Returns a window that begins with what is asked for, longer where that goes on from the window before."""
        goes_on = window is not None and window.epoch == epoch and window.start <= start <= window.stop
        end = stop
        if window is not None and goes_on:
            end = max(stop, start + min(2 * len(window.positions), _MOST))
            end = min(end, self._length) if self._length >= 0 else end
        positions = np.arange(start, end)
        epochs = np.empty(len(positions), np.int64)
        epochs[:] = epoch
        try:
            for node in self._chain:
                with run.timings.stage(node):
                    positions, epochs = node.locate(positions, epochs)
        except FeedlineError:
            return None
        return OrderWindow(epoch, start, end, positions, epochs)
