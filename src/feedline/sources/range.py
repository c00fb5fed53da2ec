"""range: int64 numbers with a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.nodes.base import Node, countable
from feedline.spec import TensorSpec
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Range(Node):
    """start, start + step, ... below stop.

    Args:
        numbers: the range.
        dtype: the dtype of the elements.
    """

    numbers: range
    dtype: np.dtype

    name = "range"

    def cardinality(self) -> int:
        length = self.numbers.stop - self.numbers.start
        return countable(max(0, -(-length // self.numbers.step)))

    def spec(self) -> Any:
        return TensorSpec((), self.dtype)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        # Where a product is beyond 64 bits the sum is not, and comes out right: both wrap around.
        values = (positions * np.int64(self.numbers.step) + np.int64(self.numbers.start)).astype(self.dtype)
        return Block(len(positions), [values], flatten(0)[1])

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"the number {self.numbers[position]}"
