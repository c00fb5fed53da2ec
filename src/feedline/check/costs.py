"""Costs: what each step takes for an element, measured while elements are looked at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from feedline.nodes.base import Node

wall_clock = time.perf_counter
"""Gives the time in seconds; tests put one in its place that goes only where they say so."""

busy_clock = time.thread_time
"""Gives for how long this thread has been at work, in seconds."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step takes for one of the elements that it gives, without the steps in front of it.

    Args:
        seconds: how long it takes.
        busy_seconds: the part of it in which a core is at work; the rest is waiting, as for a disk.
        elements: how many elements were measured.
    """

    seconds: float
    busy_seconds: float
    elements: int


@dataclass(slots=True)
class _Piece:
    """One piece of work of a step."""

    elements: int
    seconds: float = 0.0
    busy_seconds: float = 0.0


class Costs:
    """The work of the steps of a plan, in one thread.

    Example:
        >>> costs = Costs()
        >>> with costs.piece(None) as piece:
        ...     piece.elements = 4
    """

    def __init__(self) -> None:
        self._pieces: dict[Node, list[_Piece]] = {}
        self._inside = _Piece(0)

    @contextmanager
    def piece(self, node: Node | None, elements: int = 0) -> Iterator[_Piece]:
        """Measures a piece of work of a step; what pieces within it take does not count.

        Args:
            node: the step; None for work that is no step's.
            elements: how many elements it gives; may be set on the piece while it runs.
        """
        outer, self._inside = self._inside, _Piece(0)
        piece = _Piece(elements)
        start, busy_start = wall_clock(), busy_clock()
        try:
            yield piece
        finally:
            busy_seconds, seconds = busy_clock() - busy_start, wall_clock() - start
            piece.seconds = max(0.0, seconds - self._inside.seconds)
            piece.busy_seconds = max(0.0, busy_seconds - self._inside.busy_seconds)
            self._inside = _Piece(0, outer.seconds + seconds, outer.busy_seconds + busy_seconds)
            if node is not None:
                self._pieces.setdefault(node, []).append(piece)

    def given(self, node: Node) -> int:
        """Returns how many elements a step has given."""
        return sum(piece.elements for piece in self._pieces.get(node, ()))

    def of(self, node: Node) -> Cost | None:
        """Returns what a step takes for an element; None where it was called only once.

        The first call does not count: it may load a library, or compile. Neither do those that gave few elements at
        once where others gave many, as they do while training. Of the rest it is the middle one, since some elements
        may be far larger than others.
        """
        pieces = [piece for piece in self._pieces.get(node, ()) if piece.elements][1:]
        most = max((piece.elements for piece in pieces), default=0)
        counted = [piece for piece in pieces if 2 * piece.elements >= most]
        if not counted:
            return None
        elements = np.array([piece.elements for piece in counted])
        seconds = _middle(np.array([piece.seconds for piece in counted]) / elements, elements)
        busy_seconds = _middle(np.array([piece.busy_seconds for piece in counted]) / elements, elements)
        return Cost(seconds, min(seconds, busy_seconds), int(elements.sum()))


def _middle(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
