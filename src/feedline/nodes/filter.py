"""filter: the elements for which the user's function says yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.block import Block
from feedline.errors import PredicateError
from feedline.nodes.arity import called, check_arity, function_name
from feedline.nodes.base import UNKNOWN_CARDINALITY, Node, Stream
from feedline.nodes.map import call_with_element, locate_user_error

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Filter(Node):
    """Keeps some elements.

    Args:
        predicate: the user's function, which returns a single bool.
        seed: keys the random numbers drawn inside the function.
    """

    predicate: Callable[..., Any]
    seed: int

    name = "filter"

    @cached_property
    def indexed(self) -> bool:
        return False

    @property
    def streamed_because(self) -> str:
        return "how many elements a filter keeps is known only by running it"

    def check_parents(self) -> None:
        check_arity(self.predicate, self)

    def label(self) -> str:
        return f"filter({function_name(self.predicate)})"

    def cardinality(self) -> int:
        return 0 if self.parents[0].cardinality() == 0 else UNKNOWN_CARDINALITY

    def open(self, epoch: int, run: Run) -> Stream:
        return _FilterStream(self, epoch, run)

    def keeps(self, element: Any) -> bool:
        """Says whether an element stays."""
        return truth_of(call_with_element(self.predicate, element), self.predicate, "filter")


def truth_of(answer: Any, predicate: Callable[..., Any], stage: str) -> bool:
    """Returns what a predicate answered as a bool.

    Raises:
        PredicateError: it is not one bool.
    """
    if isinstance(answer, bool | np.bool_):
        return bool(answer)
    array = np.asarray(answer)
    if array.dtype != np.bool_ or array.ndim:
        raise PredicateError(
            f"{called(predicate)} returned {answer!r:.60} where {stage} needs one bool.",
            fix="Return one comparison, or bool(...) of the value.",
        )
    return bool(array)


class _FilterStream:
    def __init__(self, node: Filter, epoch: int, run: Run) -> None:
        self._node = node
        self._parent = run.open(node.parents[0], epoch)
        self._epoch = epoch
        self._seen = 0
        self._error: Exception | None = None
        self._rest: Block | None = None  # what stood in the block behind an element that could not be told

    def next(self, limit: int) -> Block | None:
        while self._error is None:
            block, self._rest = self._rest, None
            if block is None:
                block = self._parent.next(limit)
            if block is None:
                return None
            kept = self._kept(block)
            if len(kept):
                return block.take(np.array(kept))
        error, self._error = self._error, None
        raise error

    def _kept(self, block: Block) -> list[int]:
        kept = []
        outer = random.outer_element()
        index = 0
        try:
            for index in range(block.length):
                random.enter_element(self._node.seed, self._epoch, self._seen + index)
                if self._node.keeps(block.row(index)):
                    kept.append(index)
        except Exception as error:
            self._error = self._located(error, block.row(index), self._seen + index)
            self._rest = block.slice(index + 1, block.length) if index + 1 < block.length else None
        finally:
            random.leave_element(outer)
        self._seen += index + 1
        return kept

    def _located(self, error: Exception, element: Any, position: int) -> Exception:
        arguments = element if type(element) is tuple else (element,)
        located = locate_user_error(error, self._node.predicate, self._node.label(), arguments)
        source = self._node.parents[0].source_of(position, self._epoch)
        located.add_where(f"element {position}" + (f", which is {source}" if source else ""))
        return located

    def close(self) -> None:
        self._parent.close()
