"""flat_map and interleave: a dataset for each element, one after the other or by turns."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedline.errors import FeedlineError, StructureError, with_article
from feedline.nested import DatasetComponent
from feedline.nodes.arity import called, check_arity, function_name
from feedline.nodes.at_hand import elements_at_hand
from feedline.nodes.base import Failure, Node
from feedline.nodes.streamed import OpeningNode, arguments_of, call_user

if TYPE_CHECKING:
    from feedline.run.context import Run


def dataset_of(element: Any, node: FlatMap | Interleave, epoch: int, position: int) -> Node:
    """Returns the node of the dataset that a user's function makes of an element.

    Raises:
        StructureError: the function returned something else.
    """
    function = node.function
    made = call_user(function, arguments_of(element), node, epoch, position, node.seed)
    if not isinstance(made, DatasetComponent):
        raise StructureError(
            f"{called(function)} in {node.name} returned {with_article(type(made).__name__)}, not a dataset.",
            fix="Return a dataset, for example Dataset.from_tensor_slices(value); to change elements use map.",
        )
    node.note_rows(made.node)
    return made.node


def _opened(element: Any, node: FlatMap | Interleave, epoch: int, position: int, run: Run) -> Generator[Any] | Failure:
    """Returns the running dataset that a user's function makes of an element."""
    if isinstance(element, Failure):
        return element
    try:
        made = dataset_of(element, node, epoch, position)
        at_hand = elements_at_hand(made)
        return run.nested().elements(made, epoch) if at_hand is None else (row for row in at_hand)
    except FeedlineError as error:
        return Failure(error)


@dataclass(frozen=True, eq=False)
class FlatMap(OpeningNode):
    """The elements of the dataset made of each element, one dataset after the other.

    Args:
        function: from element to dataset.
        seed: keys the random numbers drawn inside the function.
    """

    function: Callable[..., Any]
    seed: int

    name = "flat_map"

    def check_parents(self) -> None:
        check_arity(self.function, self)

    def label(self) -> str:
        return f"flat_map({function_name(self.function)})"

    def learn_spec(self) -> Any:
        return self.learn_inner_spec(lambda element: dataset_of(element, self, 0, 0))

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                rows = _opened(element, self, epoch, position, run)
                if isinstance(rows, Failure):
                    yield rows
                    continue
                with closing(rows):
                    yield from rows


@dataclass(frozen=True, eq=False)
class Interleave(OpeningNode):
    """The elements of several datasets by turns.

    Args:
        function: from element to dataset.
        cycle_length: how many datasets take turns.
        block_length: how many elements each gives in its turn.
        seed: keys the random numbers drawn inside the function.
    """

    function: Callable[..., Any]
    cycle_length: int
    block_length: int
    seed: int

    name = "interleave"

    def check_parents(self) -> None:
        check_arity(self.function, self)

    def label(self) -> str:
        return f"interleave({function_name(self.function)}, cycle_length={self.cycle_length})"

    def learn_spec(self) -> Any:
        return self.learn_inner_spec(lambda element: dataset_of(element, self, 0, 0))

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        slots: list[Generator[Any] | None] = []  # grows up to the cycle's length
        cycle = self.cycle_length
        parent = run.elements(self.parents[0], epoch)
        more, opened, turn, given, position = True, 0, 0, 0, 0
        try:
            while more or opened:
                rows = slots[turn] if turn < len(slots) else None
                if rows is not None:
                    element = next(rows, _END)
                    if element is not _END:
                        yield element
                        given += not isinstance(element, Failure)
                        if given == self.block_length:
                            turn, given = (turn + 1) % cycle, 0
                        continue
                    slots[turn] = None
                    opened -= 1
                    turn, given = (turn + 1) % cycle, 0
                elif more:
                    element = next(parent, _END)
                    if element is _END:
                        more = False
                        cycle = max(1, len(slots))  # those beyond will never be used
                        turn %= cycle
                        continue
                    made = _opened(element, self, epoch, position, run)
                    position += 1
                    if isinstance(made, Failure):
                        yield made
                        continue
                    slots[turn : turn + 1] = [made]
                    opened += 1
                else:
                    turn, given = (turn + 1) % cycle, 0
        finally:
            parent.close()
            for rows in slots:
                if rows is not None:
                    rows.close()


_END = object()
