"""Turns: functions that may not run in parallel see the elements in their order, though threads compute the units."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedline.nodes.base import Node


class Turns:
    """Which unit's turn it is at each node that must see the elements in order.

    A unit's turn at a node has come when each unit before it has either left the node or is done. A node that a unit
    comes to several times, as `zip((dataset, dataset))` does, gives turns to the first visits, to the second ones, ...
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._begun = 0
        self._done: set[int] = set()
        self._all_done_below = 0
        self._left: dict[tuple[Node, int], set[int]] = {}

    def begin(self) -> UnitTurns:
        """Returns the turns of the next unit; units begin in their order."""
        number = self._begun
        self._begun += 1
        return UnitTurns(self, number)

    @contextmanager
    def turn(self, node: Node, visit: int, unit: int) -> Iterator[None]:
        """Waits until it is a unit's turn, and ends the turn on leaving."""
        with self._changed:
            left = self._left.setdefault((node, visit), set())
            self._changed.wait_for(lambda: self._has_come(left, unit))
        try:
            yield
        finally:
            with self._changed:
                left.add(unit)
                self._changed.notify_all()

    def _has_come(self, left: set[int], unit: int) -> bool:
        return all(before in left or before in self._done for before in range(self._all_done_below, unit))

    def end(self, unit: int) -> None:
        """Says that a unit is done, wherever it has been and however it ended."""
        with self._changed:
            self._done.add(unit)
            while self._all_done_below in self._done:
                self._done.remove(self._all_done_below)
                for left in self._left.values():
                    left.discard(self._all_done_below)
                self._all_done_below += 1
            self._changed.notify_all()


class UnitTurns:
    """The turns of one unit."""

    def __init__(self, turns: Turns, number: int) -> None:
        self._turns = turns
        self._number = number
        self._visits: dict[Node, int] = {}

    @contextmanager
    def turn(self, node: Node) -> Iterator[None]:
        """Waits until it is the unit's turn at a node, and ends the turn on leaving."""
        visit = self._visits.get(node, 0)
        self._visits[node] = visit + 1
        with self._turns.turn(node, visit, self._number):
            yield

    def end(self) -> None:
        """Says that the unit is done."""
        self._turns.end(self._number)
