"""StreamedNode: what transformations share that can only give their elements one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from feedline import random
from feedline.block import Block, BlockBuilder
from feedline.errors import EmptyDatasetError, FeedlineError
from feedline.nodes.base import UNKNOWN_CARDINALITY, Failure, Node, Stream
from feedline.nodes.map import locate_user_error
from feedline.structure import as_component, flatten, spec_of

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class StreamedNode(Node):
    """A node whose meaning is a Python iterator over its elements."""

    works: ClassVar[bool] = True
    spec_costs: ClassVar[bool] = True

    @cached_property
    def indexed(self) -> bool:
        return False

    @property
    def streamed_because(self) -> str:
        return f"{self.name} gives only its next element"

    def cardinality(self) -> int:
        return UNKNOWN_CARDINALITY

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        """Returns an iterator over the elements of an epoch, a `Failure` in place of each that cannot be computed.

        It closes what it opened when it is closed.
        """
        raise NotImplementedError

    def open(self, epoch: int, run: Run) -> Stream:
        return ElementStream(self.elements(epoch, run), self, run)

    def spec(self) -> Any:
        """Returns the spec of an element."""
        cached = self.__dict__.get("_spec")
        if cached is None:
            try:
                cached = self.learn_spec()
            except FeedlineError as error:
                error.add_where(f"{self.label()} at {self.origin}")
                raise
            object.__setattr__(self, "_spec", cached)
        return cached

    def learn_spec(self) -> Any:
        """Finds out the spec; by default it is the first element's."""
        from feedline.run.context import Run

        leaves, treedef = flatten(first_element(self, Run(keeps=False)))
        return treedef.unflatten([spec_of(as_component(leaf)) for leaf in leaves])

    def learn_inner_spec(self, dataset_of: Callable[[Any], Node]) -> Any:
        """Returns the spec of the dataset that is made of the parent's first element; of the first that is not empty
        where its spec is known only by running it.
        """
        from feedline.run.context import Run

        empty: FeedlineError | None = None
        with closing(Run(keeps=False).elements(self.parents[0], 0)) as elements:
            for element in itertools.islice(elements, _MOST_EMPTY):
                if isinstance(element, Failure):
                    raise element.error
                try:
                    return dataset_of(element).spec()
                except EmptyDatasetError as error:
                    empty = empty or error
        raise empty or _no_element(self.parents[0])


_MOST_EMPTY = 100
"""In how many datasets an element is looked for."""


def _no_element(node: Node) -> EmptyDatasetError:
    return EmptyDatasetError(
        f"{node.label()} gives no element, so the structure is not known.", fix="Give it at least one element."
    )


def first_element(node: Node, run: Run) -> Any:
    """Returns the first element of the first epoch.

    Raises:
        EmptyDatasetError: there is none.
    """
    with closing(run.elements(node, 0)) as elements:
        element = next(elements, None)
    if isinstance(element, Failure):
        raise element.error
    if element is None:
        raise _no_element(node)
    return element


class OpeningNode(StreamedNode):
    """A node whose elements are those of datasets that it opens as it runs."""

    def gives_ragged_rows(self) -> bool | None:
        return super().gives_ragged_rows() if self.spec_is_free else self.__dict__.get("_ragged_rows")

    def note_rows(self, opened: Node) -> None:
        """Notes what kind of rows an opened dataset gives; the first of which that is known counts for all."""
        if "_ragged_rows" not in self.__dict__:
            kind = opened.gives_ragged_rows()
            if kind is not None:
                object.__setattr__(self, "_ragged_rows", kind)


class ElementStream:
    """The elements of a node's iterator, as blocks.

    Args:
        elements: the iterator.
        node: the node.
        run: what holds the structure and the dtypes that the elements have had so far.
    """

    def __init__(self, elements: Iterator[Any], node: Node, run: Run) -> None:
        self._elements = elements
        self._node = node
        self._run = run
        self._giver = node.name
        self._error: Exception | None = None

    def next(self, limit: int) -> Block | None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        builder = BlockBuilder(limit, self._giver)
        structures = self._run.structures
        try:
            while builder.length < limit:
                element = next(self._elements, _END)
                if element is _END:
                    break
                if type(element) is Failure:
                    raise element.error
                treedef = structures.get(self._node)
                if treedef is None:
                    treedef = structures.setdefault(self._node, flatten(element)[1])
                builder.append_result([element], treedef)
        except Exception as error:
            if builder.length == 0:
                raise
            self._error = error
        if builder.length == 0:
            return None
        block = builder.block()
        self._run.check_alike(self._node, block, self._giver)
        return block

    def close(self) -> None:
        self._elements.close()  # type: ignore[attr-defined]


_END = object()


def call_user(
    function: Callable[..., Any],
    arguments: tuple,
    node: Node,
    epoch: int,
    position: int,
    seed: int | None = None,
    roles: str = "",
) -> Any:
    """Calls a user's function; what it raises is located, and its random numbers are the element's.

    Args:
        function: the function.
        arguments: its arguments.
        node: the stage.
        epoch: the epoch.
        position: which call this is.
        seed: keys the random numbers drawn inside the function; None where it draws none.
        roles: what the arguments are, for messages; empty where they are what an element is made of.

    Raises:
        FeedlineError: the function raised.
    """
    outer = random.outer_element()
    try:
        if seed is not None:
            random.enter_element(seed, epoch, position)
        return function(*arguments)
    except Exception as error:
        located = locate_user_error(error, function, node.label(), arguments, roles)
        located.add_where(f"element {position}")
        if located is error:
            raise
        raise located from error
    finally:
        random.leave_element(outer)


def arguments_of(element: Any) -> tuple:
    """Returns an element as the arguments of a user's function: a tuple's components are separate ones."""
    return element if type(element) is tuple else (element,)
