"""concatenate: one dataset after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, concatenate_blocks
from feedline.errors import DtypeError, FeedlineError, StructureError
from feedline.nodes.base import INFINITE_CARDINALITY, MOST_ELEMENTS, UNKNOWN_CARDINALITY, Node, Stream, countable
from feedline.origin import Origin
from feedline.spec import dtype_name
from feedline.structure import (
    Treedef,
    component_names,
    describe_tree,
    flatten,
    is_one_component,
    is_tuple_of_components,
    merge_specs,
    places_in,
)

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Concatenate(Node):
    """The first parent's elements, then the second's, and so on.

    A concatenation of concatenations is one of all their parents: `dataset = dataset.concatenate(next)`, in a loop over
    thousands of files, is no deeper than one of two.
    """

    name = "concatenate"

    @classmethod
    def of(cls, first: Node, second: Node, origin: Origin) -> Concatenate:
        """Returns what gives a node's elements and then another's."""
        node = cls((*_parts(first), *_parts(second)), origin)
        if isinstance(first, Concatenate) and node.spec_is_free:  # what is known of many need not be found out again
            node.__dict__["_merged"] = _merge(first._merged, flatten(second.spec()))
        return node

    def check_parents(self) -> None:
        if self.spec_is_free:
            self.spec()

    def cardinality(self) -> int:
        lengths = [parent.cardinality() for parent in self.parents]
        if INFINITE_CARDINALITY in lengths:
            return INFINITE_CARDINALITY
        return UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in lengths else countable(sum(lengths))

    @cached_property
    def _merged(self) -> tuple[list[Any], Treedef]:
        """The specs of the components, and their structure; kept only where nothing is run to know them."""
        return self._merge_all()

    def _merge_all(self) -> tuple[list[Any], Treedef]:
        return reduce(_merge, (flatten(parent.spec()) for parent in self.parents))

    def spec(self) -> Any:
        leaves, treedef = self._merged if self.spec_is_free else self._merge_all()
        return treedef.unflatten(leaves)

    def gives_ragged_rows(self) -> bool | None:
        return first_known(parent.gives_ragged_rows() for parent in self.parents)

    @cached_property
    def _starts(self) -> np.ndarray:
        """The position of each parent's first element; those behind one without end are never come to."""
        starts = [0]
        for parent in self.parents[:-1]:
            length = parent.cardinality()
            starts.append(starts[-1] + length if 0 <= length <= MOST_ELEMENTS - starts[-1] else MOST_ELEMENTS + 1)
            if starts[-1] > MOST_ELEMENTS:
                break
        return np.array(starts, np.int64)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        of = np.searchsorted(self._starts, positions, side="right") - 1
        parts, places = [], []
        for which in np.unique(of).tolist():
            chosen = np.flatnonzero(of == which)
            parent = self.parents[which]
            part = run.read(parent, positions[chosen] - self._starts[which], epochs[chosen])
            parts.append(self.as_first(part, parent, run))
            places.append(chosen)
        if len(parts) == 1:
            return parts[0]
        return concatenate_blocks(parts).take(np.argsort(np.concatenate(places), kind="stable"))

    def as_first(self, block: Block, parent: Node, run: Run) -> Block:
        """Returns a parent's block in the structure of the first parent's.

        Raises:
            StructureError: it has another structure than the elements before.
            DtypeError: it has other dtypes.
        """
        if parent is not self.parents[0]:
            order_as_first(self, self.parents[0], block.treedef, run)
        treedef = run.structures.get(self, block.treedef)
        if treedef is not block.treedef:
            places = places_in(block.treedef, treedef)
            if places is not None:
                block = Block(block.length, [block.columns[place] for place in places], treedef)
        run.check_alike(self, block, f"{parent.label()} in concatenate")
        return block

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        if not self.indexed:
            return ""
        which = int(np.searchsorted(self._starts, position, side="right")) - 1
        return self.parents[which].source_of(position - int(self._starts[which]), epoch, row)

    def open(self, epoch: int, run: Run) -> Stream:
        return _ConcatenateStream(self, epoch, run)


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parents if isinstance(node, Concatenate) else (node,)


def _merge(first: tuple[list[Any], Treedef], second: tuple[list[Any], Treedef]) -> tuple[list[Any], Treedef]:
    others = leaves_of_one_kind(first, second)
    return [merge_specs(a, b) for a, b in zip(first[0], others, strict=True)], first[1]


class _ConcatenateStream:
    def __init__(self, node: Concatenate, epoch: int, run: Run) -> None:
        self._node = node
        self._waiting = deque(node.parents)
        self._epoch = epoch
        self._run = run
        self._stream: Stream | None = None

    def next(self, limit: int) -> Block | None:
        while self._stream is not None or self._waiting:
            if self._stream is None:
                self._parent = self._waiting.popleft()
                self._stream = self._run.open(self._parent, self._epoch)
            block = self._stream.next(limit)
            if block is not None:
                return self._node.as_first(block, self._parent, self._run)
            self._stream.close()
            self._stream = None
        return None

    def close(self) -> None:
        self._waiting.clear()
        if self._stream is not None:
            self._stream.close()


def order_as_first(node: Node, first: Node, treedef: Treedef, run: Run) -> None:
    """Makes the first dataset's structure the one of a node's elements, before one of another dataset is.

    Mappings with the same keys are one structure, in whatever order the keys are, and `values()` shows their order.

    Args:
        node: what gives elements of several datasets.
        first: the first of these.
        treedef: the structure of an element of another.
        run: what holds the structures that elements have had so far.
    """
    if node in run.structures or is_one_component(treedef) or is_tuple_of_components(treedef):
        return
    try:
        known = flatten(first.spec())[1]
    except FeedlineError:  # it has no element, or none that can be computed, to be in one order with
        return
    if places_in(treedef, known) is not None:
        run.structures.setdefault(node, known)


def leaves_of_one_kind(first: tuple[list, Any], second: tuple[list, Any]) -> list[Any]:
    """Checks that two flattened specs agree in structure and dtypes, and returns the second's in the first's order.

    Raises:
        StructureError: the structures differ.
        DtypeError: a component's dtypes differ.
    """
    places = places_in(second[1], first[1])
    if places is None:
        raise StructureError(
            f"the datasets have different structures: {describe_tree(first[1])} and {describe_tree(second[1])}.",
            fix="Bring both to one structure with map.",
        )
    leaves = [second[0][place] for place in places]
    for name, a, b in zip(component_names(first[1]), first[0], leaves, strict=True):
        if a.dtype != b.dtype:
            raise DtypeError(
                f"{name} is {dtype_name(a.dtype)} in the first dataset and {dtype_name(b.dtype)} in the second.",
                fix="Bring both to one dtype in map, for example with fl.cast.",
            )
    return leaves


def first_known(answers: Iterable[bool | None]) -> bool | None:
    """Returns the first answer that is known: what stands beside each other in one dataset is of one kind."""
    return next((answer for answer in answers if answer is not None), None)
