"""counter: numbers without end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.nodes.base import INFINITE_CARDINALITY, Node
from feedline.spec import TensorSpec
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Counter(Node):
    """start, start + step, start + 2 * step, ...; integers go on from the other end when they have reached one.

    Args:
        start: the first number, of the dtype of the elements.
        step: what comes on top each time, of the same dtype.
    """

    start: np.generic
    step: np.generic

    name = "counter"

    def cardinality(self) -> int:
        return INFINITE_CARDINALITY

    def spec(self) -> Any:
        return TensorSpec((), self.start.dtype)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        dtype = self.start.dtype
        if dtype.kind in "iu":
            start, step = np.array([self.start, self.step]).astype(np.int64)  # uint64 keeps its bits
            values = (positions * step + start).astype(dtype)
        else:
            values = (positions * np.float64(self.step) + np.float64(self.start)).astype(dtype)
        return Block(len(positions), [values], flatten(0)[1])

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"number {position} of the counter"
