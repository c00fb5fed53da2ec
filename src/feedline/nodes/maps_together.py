"""Together: maps that follow each other, computed as one where their functions run on whole blocks.

What one returns is then not written to memory for the next to read. Where that cannot be done, or an element raises,
each map is applied by itself, and says what it has to say as if it had been alone. Whoever else takes elements of one
of the maps has it compute them for itself, as always.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block
from feedline.errors import FeedlineError
from feedline.nodes.base import Node
from feedline.nodes.map import Map

if TYPE_CHECKING:
    from feedline.run.context import Run


_MOST_TOGETHER = 32
"""More maps than this run as several passes: each of the runs that end with one is tried, the longest first."""


def ending_with(node: Node) -> tuple[MapsTogether, ...]:
    """Returns the runs of maps that end with a node and whose functions are proven, the longest first."""
    from feedline.plan.vectorise import why_not

    maps: list[Map] = []
    while len(maps) < _MOST_TOGETHER and type(node) is Map and why_not(node.function) is None:
        if maps and node.num_parallel_calls != maps[0].num_parallel_calls:
            break
        maps.insert(0, node)
        node = node.parents[0]
    return tuple(MapsTogether(tuple(maps[first:])) for first in range(len(maps) - 1))


class MapsTogether:
    """Maps that follow each other.

    Args:
        steps: the maps, in the order they apply.

    Attributes:
        function: runs their functions on whole blocks.
    """

    def __init__(self, steps: tuple[Map, ...]) -> None:
        from feedline.plan.joined_function import JoinedFunction

        self.steps = steps
        self.function = JoinedFunction([(each.function, each.seed) for each in steps])

    @property
    def refused(self) -> str | None:
        return self.function.reason

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns the last map's elements at these positions of these epochs."""
        read = run.read_in_place if self.function.is_proven else run.read
        return self.apply(read(self.steps[0].parents[0], positions, epochs), positions, epochs, run)

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns the last map's elements at `positions`, made of those of the first one's parent in `block`."""
        *before, last = self.steps
        result = self._at_once(block, positions, epochs, run)
        if result is not None:
            for each in before:
                run.timings.add_within_next(each, result.length)
            return result
        block = block.arrays()
        for each in before:
            block = run.apply(each, block, positions, epochs)
        return last.apply(block, positions, epochs, run)

    def _at_once(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block | None:
        """Returns what the maps make of a block; None where each has to be applied by itself."""

        def one_by_one(block: Block, positions: np.ndarray, epochs: np.ndarray) -> Block:
            for each in self.steps:
                block = each.apply_one_by_one(block, positions, epochs, run)
            return block

        if not self.function.takes(block):
            return None
        with ExitStack() as turns:
            for each in self.steps:
                turns.enter_context(run.turn_of(each, each.num_parallel_calls))
            try:
                result = self.function.run(block, positions, epochs, one_by_one)
            except FeedlineError:  # a function raises for an element: which, and where, its map will say
                return None
        if result is None:
            return None
        last = result.treedef, tuple(column.dtype for column in result.columns)  # type: ignore[union-attr]
        alike = [run.learn(each, *has) for each, has in zip(self.steps, (*self.function.between, last), strict=True)]
        if not all(alike):  # other elements before were not like these, which is an error for the maps to tell
            return None
        for each in self.steps:
            run.timings.ran_together[each] = self
        return result
