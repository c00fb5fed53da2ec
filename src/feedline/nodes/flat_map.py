"""flat_map and interleave: a dataset for each element, one after the other or by turns."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from feedline.errors import FeedlineError, StructureError, with_article
from feedline.nested import DatasetComponent
from feedline.nodes.arity import called, check_arity, function_name
from feedline.nodes.at_hand import elements_at_hand
from feedline.nodes.base import Failure, Node
from feedline.nodes.streamed import OpeningNode, arguments_of, call_user

if TYPE_CHECKING:
    from feedline.run.context import Run
    from feedline.run.reading_ahead import Begin


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


def _opened(
    element: Any,
    node: FlatMap | Interleave,
    epoch: int,
    position: int,
    run: Run,
    begin: Begin | None = None,
) -> Any | Failure:
    """Returns the running dataset that a user's function makes of an element, or a `Failure`.

    Args:
        element: the element.
        node: the stage.
        epoch: the epoch.
        position: the element's position.
        run: what the running nodes share.
        begin: returns the running dataset, given an iterator over its blocks and its node; None to take its elements.
    """
    if isinstance(element, Failure):
        return element
    try:
        made = dataset_of(element, node, epoch, position)
    except FeedlineError as error:
        return Failure(error)
    nested = run.nested()
    if begin is not None:
        return begin(nested.blocks(made, epoch, _PATIENCE), made)
    at_hand = elements_at_hand(made)
    return nested.elements(made, epoch) if at_hand is None else (row for row in at_hand)


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
        num_parallel_calls: how many datasets are read ahead at one time; None for none, AUTOTUNE for as many as pay.
    """

    function: Callable[..., Any]
    cycle_length: int
    block_length: int
    seed: int
    num_parallel_calls: int | None = None

    name = "interleave"

    def check_parents(self) -> None:
        check_arity(self.function, self)

    def label(self) -> str:
        return f"interleave({function_name(self.function)}, cycle_length={self.cycle_length})"

    def learn_spec(self) -> Any:
        return self.learn_inner_spec(lambda element: dataset_of(element, self, 0, 0))

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        ahead = min(_MOST_AHEAD * self.block_length, _MOST_ELEMENTS_AHEAD)
        datasets = run.ahead(partial(self._datasets, epoch, run), self.num_parallel_calls, self.cycle_length, ahead)
        slots: list[Iterator[Any] | None] = []  # grows up to the cycle's length
        cycle = self.cycle_length
        more, opened, turn, given = True, 0, 0, 0
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
                    made: Any = next(datasets, _END)
                    if made is _END:
                        more = False
                        cycle = max(1, len(slots))  # those beyond will never be used
                        turn %= cycle
                        continue
                    if isinstance(made, Failure):
                        yield made
                        continue
                    slots[turn : turn + 1] = [made]
                    opened += 1
                else:
                    turn, given = (turn + 1) % cycle, 0
        finally:
            datasets.close()  # type: ignore[attr-defined]
            for rows in slots:
                if rows is not None:
                    rows.close()  # type: ignore[attr-defined]

    def _datasets(self, epoch: int, run: Run, begin: Begin) -> Generator[Any]:
        """Returns an iterator over the running datasets, with a `Failure` in place of each that cannot be had.

        Args:
            epoch: the epoch.
            run: what the running nodes share.
            begin: returns the running dataset, given an iterator over its blocks and its node.
        """
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                yield _opened(element, self, epoch, position, run, begin)


_PATIENCE = 1e-3
"""Datasets that are read side by side are not asked for many elements at once where that takes longer, in seconds."""

_MOST_AHEAD = 2
"""How many of its turns each dataset is read ahead, as `tf.data` does."""

_MOST_ELEMENTS_AHEAD = 1024

_END = object()
