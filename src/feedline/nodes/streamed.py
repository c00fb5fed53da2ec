"""StreamedNode: what transformations share that can only give their elements one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from feedline import random
from feedline.block import Block, BlockBuilder
from feedline.errors import StructureError
from feedline.nodes.base import UNKNOWN_CARDINALITY, Node, Stream
from feedline.nodes.map import locate_user_error
from feedline.structure import flatten, spec_of

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
        """Returns an iterator over the elements of an epoch; it closes what it opened when it is closed."""
        raise NotImplementedError

    def open(self, epoch: int, run: Run) -> Stream:
        return ElementStream(self.elements(epoch, run), self.name)

    def spec(self) -> Any:
        """Returns the spec of the first element."""
        cached = self.__dict__.get("_spec")
        if cached is None:
            cached = self._probe()
            object.__setattr__(self, "_spec", cached)
        return cached

    def _probe(self) -> Any:
        from feedline.run.context import Run
        from feedline.run.streams import first_block

        block = first_block(self, Run())
        if block is None:
            raise StructureError(
                f"{self.label()} gives no element, so its structure is not known.",
                fix="Give it at least one element.",
                where=[f"{self.label()} at {self.origin}"],
            )
        return block.treedef.unflatten([spec_of(column[0]) for column in block.columns])


class ElementStream:
    """The elements of a Python iterator, as blocks."""

    def __init__(self, elements: Iterator[Any], giver: str) -> None:
        self._elements = elements
        self._giver = giver
        self._treedef: Any = None
        self._error: Exception | None = None

    def next(self, limit: int) -> Block | None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        builder = BlockBuilder(limit, self._giver)
        try:
            while builder.length < limit:
                element = next(self._elements, _END)
                if element is _END:
                    break
                if self._treedef is None:
                    self._treedef = flatten(element)[1]
                builder.append_result([element], self._treedef)
        except Exception as error:
            if builder.length == 0:
                raise
            self._error = error
        return builder.block() if builder.length else None

    def close(self) -> None:
        self._elements.close()  # type: ignore[attr-defined]


_END = object()


def call_user(
    function: Callable[..., Any], arguments: tuple, node: Node, epoch: int, position: int, seed: int | None = None
) -> Any:
    """Calls a user's function; what it raises is located, and its random numbers are the element's.

    Args:
        function: the function.
        arguments: its arguments.
        node: the stage.
        epoch: the epoch.
        position: which call this is.
        seed: keys the random numbers drawn inside the function; None where it draws none.

    Raises:
        FeedlineError: the function raised.
    """
    outer = random.outer_element()
    try:
        if seed is not None:
            random.enter_element(seed, epoch, position)
        return function(*arguments)
    except Exception as error:
        located = locate_user_error(error, function, node.label())
        located.add_where(f"element {position}")
        if located is error:
            raise
        raise located from error
    finally:
        random.leave_element(outer)


def arguments_of(element: Any) -> tuple:
    """Returns an element as the arguments of a user's function: a tuple's components are separate ones."""
    return element if type(element) is tuple else (element,)
