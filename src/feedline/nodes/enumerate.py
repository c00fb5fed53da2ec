"""enumerate: each element with its number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.nodes.base import MOST_ELEMENTS, BlockNode, check_reach
from feedline.spec import TensorSpec
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Enumerate(BlockNode):
    """Pairs of number and element.

    Args:
        start: the first number.
    """

    start: int

    name = "enumerate"

    def spec(self) -> Any:
        return TensorSpec((), np.int64), self.parents[0].spec()

    def declared_spec(self) -> Any:
        return TensorSpec((), np.int64), self.parents[0].declared_spec()

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        if self.start > MOST_ELEMENTS:
            check_reach(positions, 1, self.start, "Give a smaller start.")
        treedef = flatten((0, block.treedef.unflatten([0] * len(block.columns))))[1]
        return Block(block.length, [positions + self.start, *block.columns], treedef)
