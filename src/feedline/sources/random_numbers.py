"""random: random numbers without end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.nodes.base import INFINITE_CARDINALITY, Node
from feedline.random import mix_all
from feedline.spec import TensorSpec, int64
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class RandomNumbers(Node):
    """Uniform numbers of [0, 2**32), each a function of the seed, its position and, if asked, the epoch.

    Args:
        seed: the seed.
        rerandomizes: whether each epoch has numbers of its own.
    """

    seed: int
    rerandomizes: bool

    name = "random"

    def cardinality(self) -> int:
        return INFINITE_CARDINALITY

    def spec(self) -> Any:
        return TensorSpec((), int64)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        keys = np.empty(len(positions), np.uint64)
        for epoch in np.unique(epochs).tolist() if self.rerandomizes else [0]:
            chosen = epochs == epoch if self.rerandomizes else slice(None)
            keys[chosen] = np.uint64(mix_all(self.seed, epoch))
        numbers = _mixed(keys + positions.astype(np.uint64) * _GOLDEN)
        return Block(len(positions), [(numbers >> np.uint64(32)).astype(np.int64)], flatten(0)[1])

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return f"random number {position}"


def _mixed(values: np.ndarray) -> np.ndarray:
    """Returns well-mixed bits of integers: `feedline.random.mix` for arrays of uint64."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
