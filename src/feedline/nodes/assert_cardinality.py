"""assert_cardinality: the number of elements that the user says there are, checked as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block
from feedline.errors import CardinalityError
from feedline.nodes.base import UNKNOWN_CARDINALITY, OrderNode, Stream

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class AssertCardinality(OrderNode):
    """Its parent's elements, which must be so many.

    Args:
        count: how many; INFINITE_CARDINALITY for no end.
    """

    count: int

    name = "assert_cardinality"

    def label(self) -> str:
        return f"assert_cardinality({self.count})"

    def check_parents(self) -> None:
        known = self.parents[0].cardinality()
        if known not in (self.count, UNKNOWN_CARDINALITY):
            raise CardinalityError(
                f"the dataset has {known if known >= 0 else 'endless'} elements, and {self._said()}.",
                fix="Say the number that there is, or take() as many.",
            )

    def cardinality(self) -> int:
        return self.count

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return positions, epochs

    def open(self, epoch: int, run: Run) -> Stream:
        return _CountedStream(self, epoch, run)

    def _said(self) -> str:
        return f"{self.count if self.count >= 0 else 'endless ones'} were asserted"


class _CountedStream:
    def __init__(self, node: AssertCardinality, epoch: int, run: Run) -> None:
        self._node = node
        self._given = 0
        self._over = False
        self._parent = run.open(node.parents[0], epoch)

    def next(self, limit: int) -> Block | None:
        if self._over:
            return None
        left = limit if self._node.count < 0 else self._node.count - self._given
        block = self._parent.next(max(1, min(limit, left)))
        if block is None:
            self._over = True
            if left and self._node.count != self._given:
                raise self._error(f"the dataset has ended after {self._given} elements")
            return None
        if left == 0:
            self._over = True
            self._parent.close()
            raise self._error(f"the dataset goes on after {self._given} elements")
        self._given += block.length
        return block

    def _error(self, what: str) -> CardinalityError:
        return CardinalityError(
            f"{what}, and {self._node._said()}.", fix="Say the number that there is, or leave assert_cardinality out."
        )

    def close(self) -> None:
        self._parent.close()
