"""range: int64 numbers with a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.nodes.base import Node
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
        return len(self.numbers)

    def spec(self) -> Any:
        return TensorSpec((), self.dtype)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        values = (positions * self.numbers.step + self.numbers.start).astype(self.dtype)
        return Block(len(positions), [values], flatten(0)[1])

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"the number {self.numbers[position]}"
