"""group_by_window: elements of one key are gathered, and each full window becomes a dataset of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, EmptyDatasetError, FeedlineError, StructureError, with_article
from feedline.nested import DatasetComponent, dataset_of_node
from feedline.nodes.arity import called, check_arity, check_roles, function_name
from feedline.nodes.base import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Failure, Node
from feedline.nodes.streamed import OpeningNode, arguments_of, call_user

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class GroupByWindow(OpeningNode):
    """Gathers elements by key.

    Args:
        key_function: from element to its key, a whole number.
        reduce_function: from key and dataset of a window to the dataset that stands for it.
        window_size: from key to how many elements its windows have.
        seed: keys the random numbers drawn inside the functions.
        spec_of: from the spec of the elements to that of what is given; None to learn it from the first window.
    """

    key_function: Callable[..., Any]
    reduce_function: Callable[..., Any]
    window_size: Callable[[Any], Any]
    seed: int
    spec_of: Callable[[Any], Any] | None = None

    name = "group_by_window"

    @property
    def spec_costs(self) -> bool:  # type: ignore[override]
        return self.spec_of is None

    def check_parents(self) -> None:
        check_arity(self.key_function, self)
        check_roles(self.reduce_function, 2, "the key and the window", self)
        check_roles(self.window_size, 1, "the key", self)

    def label(self) -> str:
        return f"group_by_window({function_name(self.key_function)})"

    def cardinality(self) -> int:
        return INFINITE_CARDINALITY if self.parents[0].cardinality() == INFINITE_CARDINALITY else UNKNOWN_CARDINALITY

    def learn_spec(self) -> Any:
        if self.spec_of is not None:
            return self.spec_of(self.parents[0].declared_spec())
        from feedline.run.context import Run

        for key, group, position in self._windows(0, Run(keeps=False)):
            if isinstance(group, Failure):
                raise group.error
            return self._reduced(key, group, 0, position).spec()
        raise EmptyDatasetError(
            f"{self.label()} gives no element, so the structure is not known.", fix="Give it at least one element."
        )

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        with closing(self._windows(epoch, run)) as windows:
            for key, group, position in windows:
                if isinstance(group, Failure):
                    yield group
                    continue
                try:
                    made = self._reduced(key, group, epoch, position)
                except FeedlineError as error:
                    yield Failure(error)
                    continue
                with closing(run.nested().elements(made, epoch)) as rows:
                    yield from rows

    def _windows(self, epoch: int, run: Run) -> Generator[tuple[int, list[Any] | Failure, int]]:
        """Returns each window as (key, elements, the position of the last element so far)."""
        groups: dict[int, list[Any]] = {}
        sizes: dict[int, int] = {}
        position = 0
        with closing(run.elements(self.parents[0], epoch)) as parent:
            for position, element in enumerate(parent):
                if isinstance(element, Failure):
                    yield 0, element, position
                    continue
                try:
                    key = self._key(element, epoch, position)
                    if key not in sizes:
                        sizes[key] = self._size(key, epoch, position)
                except FeedlineError as error:
                    yield 0, Failure(error), position
                    continue
                group = groups.setdefault(key, [])
                group.append(element)
                if len(group) == sizes[key]:
                    yield key, groups.pop(key), position
        for key in sorted(groups):
            yield key, groups.pop(key), position

    def _key(self, element: Any, epoch: int, position: int) -> int:
        key = call_user(self.key_function, arguments_of(element), self, epoch, position, self.seed)
        return whole_key(key, called(self.key_function))

    def _size(self, key: int, epoch: int, position: int) -> int:
        size = whole_key(
            call_user(self.window_size, (np.int64(key),), self, epoch, position, None, "the key"), "window_size_func"
        )
        if size < 1:
            raise ArgumentError(f"the window size for key {key} is {size}.", fix="Give 1 or more.")
        return size

    def _reduced(self, key: int, group: list[Any], epoch: int, position: int) -> Node:
        """Returns the node of the dataset that stands for a window."""
        from feedline.sources.arrays import given_rows

        window = dataset_of_node(given_rows(group, self))
        made = call_user(
            self.reduce_function, (np.int64(key), window), self, epoch, position, self.seed, "the key and the window"
        )
        if not isinstance(made, DatasetComponent):
            raise StructureError(
                f"{called(self.reduce_function)} in group_by_window returned {with_article(type(made).__name__)}, "
                "not a dataset.",
                fix="Return a dataset, for example the window batched: lambda key, window: window.batch(32).",
            )
        self.note_rows(made.node)
        return made.node


def whole_key(value: Any, giver: str) -> int:
    """Returns what a function returned as a whole number.

    Raises:
        DtypeError: it is none.
    """
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iu":
        raise DtypeError(
            f"{giver} returned {value!r:.60} where a whole number is needed.", fix="Return a single integer."
        )
    return int(array)
