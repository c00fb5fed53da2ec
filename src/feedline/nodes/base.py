"""What every node is: one immutable step that the user wrote, a source or a transformation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from feedline.block import Block
from feedline.errors import ArgumentError, FeedlineError
from feedline.origin import Origin
from feedline.spec import RaggedTensorSpec
from feedline.structure import PortableTree, Treedef, flatten, map_structure, with_shape

if TYPE_CHECKING:
    from feedline.run.context import Run

INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2
AUTOTUNE = -1


class Stream(Protocol):
    """A running node that gives its elements in order."""

    def next(self, limit: int) -> Block | None:
        """Returns from 1 to `limit` further elements, or None at the end, then and ever after.

        After it has raised for an element that cannot be computed, it goes on with those behind it.
        """

    def close(self) -> None:
        """Lets go of files, threads and generators."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What an iterator gives in place of an element that cannot be computed: a Python generator that raises is over,
    but a stream goes on after an error.

    Args:
        error: the error.
    """

    error: FeedlineError


@dataclass(frozen=True, eq=False)
class Node:
    """A step of a pipeline.

    Args:
        parents: the nodes that it takes elements from.
        origin: the user's line.
    """

    parents: tuple[Node, ...]
    origin: Origin

    name: ClassVar[str] = "?"

    works: ClassVar[bool] = False
    """Whether its work may be worth a worker: it calls a function of the user's, or decodes."""

    spec_costs: ClassVar[bool] = False
    """Whether its spec is known only by running it."""

    parallel_calls: ClassVar[int | None] = None
    """How many calls of that function may run at one time: a number, AUTOTUNE, or None for one."""

    passes_on: ClassVar[bool] = False
    """Whether it gives its parent's elements as they are."""

    lookahead: ClassVar[int] = 0
    """How many elements are to be made ready ahead; AUTOTUNE for as many as seems sensible."""

    threads: ClassVar[int | None] = None
    """How many threads AUTOTUNE may use, where the user said so; None for one a core."""

    in_order: ClassVar[bool] = False
    """Whether it must see the elements in their order, one at a time."""

    keeps_elements: ClassVar[bool] = False
    """Whether it keeps elements for later: another process would keep them for itself."""

    executor: ClassVar[str | None] = None
    """What is to run the pipeline, where the user said so: "inline", "threads" or "processes"."""

    memory_budget: ClassVar[int | None] = None
    """How many bytes may be made ready ahead, where the user said so."""

    held_bytes: ClassVar[int] = 0
    """How many bytes of memory its elements take before anything is run."""

    one_by_one: ClassVar[bool] = False
    """Whether asking it for several elements at once may mean a long wait for the first."""

    @cached_property
    def depth(self) -> int:
        """How many nodes follow each other from a source up to this one."""
        return 1 + max((parent.depth for parent in self.parents), default=0)

    @cached_property
    def indexed(self) -> bool:
        """Whether any element can be read by its position."""
        return all(parent.indexed for parent in self.parents)

    @cached_property
    def spec_is_free(self) -> bool:
        """Whether its spec is known, exactly, without running anything."""
        return not self.spec_costs and all(parent.spec_is_free for parent in self.parents)

    @property
    def streamed_because(self) -> str:
        """Why this node, whose parents are indexed, is not."""
        return ""

    def cardinality(self) -> int:
        """Returns the number of elements, INFINITE_CARDINALITY or UNKNOWN_CARDINALITY."""
        return self.parents[0].cardinality()

    def spec(self) -> Any:
        """Returns the structure of specs that describes an element; may cost reading one."""
        return self.parents[0].spec()

    def declared_spec(self) -> Any:
        """Returns the spec without what was learnt of one element alone: there, lengths are None.

        The first result of a function says nothing of the lengths of the others.
        """
        if not self.spec_is_free and not self.spec_costs and type(self).spec is Node.spec:
            return self.parents[0].declared_spec()
        return self.spec() if self.spec_is_free else map_structure(_without_lengths, self.spec())

    def gives_ragged_rows(self) -> bool | None:
        """Says whether components may be rows of ragged tensors, or ragged: the batches of both are ragged.

        A row is a plain array, so its value does not tell. None where that is known only once it has run.
        """
        if self.spec_is_free:
            return any(isinstance(spec, RaggedTensorSpec) for spec in flatten(self.spec())[0])
        if self.spec_costs:  # what a function returns is just what it looks like
            return False
        answers = {parent.gives_ragged_rows() for parent in self.parents}
        return True if True in answers else None if None in answers else False

    def check_parents(self) -> None:
        """Checks, as the pipeline is built, what can be known without running anything.

        Raises:
            FeedlineError: this node can do nothing with its parents' elements.
        """

    def learn_of_parents(self) -> None:
        """Learns what it can know only where its parents are, before it is sent to another process without them.

        Raises:
            FeedlineError: that cannot be known.
        """

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns the elements at these positions of these epochs; for indexed nodes only."""
        raise NotImplementedError

    def read_in_place(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns what `read` does; columns may be `PackedArrays`: rows where they lie, which nobody may write to."""
        return self.read(positions, epochs, run)

    def open(self, epoch: int, run: Run) -> Stream:
        """Returns the running node, at its first element; for streamed nodes only."""
        raise NotImplementedError

    def open_packed(self, epoch: int, run: Run) -> Stream:
        """Returns the running node as `open` does; the columns of its blocks may be `PackedRows`."""
        return self.open(epoch, run)

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        """Says where an element comes from ("record 3 of a.tfrecord"), or "" where that is not known.

        Args:
            position: the element's position.
            epoch: its epoch.
            row: which row of the element, where the element is a batch.
        """
        return ""

    def way(self) -> str:
        """Says how it does what it does, and why; "" where there is nothing to say."""
        return ""

    def label(self) -> str:
        """Returns the node as the user would write it, for messages and tables."""
        return self.name

    def __getstate__(self) -> dict[str, Any]:
        return {
            key: PortableTree(value) if isinstance(value, Treedef) else value
            for key, value in self.__dict__.items()
            if not key.startswith("_")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            self.__dict__[key] = value.treedef() if isinstance(value, PortableTree) else value
        for field in fields(self):  # what a node keeps while running begins anew
            if field.name not in state and field.default_factory is not MISSING:
                object.__setattr__(self, field.name, field.default_factory())


def nodes_of(node: Node) -> list[Node]:
    """Returns a node and all below it, each once, behind its parents; however long the plan is."""
    found: dict[Node, None] = {}
    waiting = [(node, False)]
    while waiting:
        each, below_is_there = waiting.pop()
        if below_is_there:
            found[each] = None
        elif each not in found:
            waiting.append((each, True))
            waiting.extend((parent, False) for parent in reversed(each.parents))
    return list(found)


def _without_lengths(spec: Any) -> Any:
    return spec if not spec.shape else with_shape(spec, (None,) * len(spec.shape))


class OrderNode(Node):
    """A node that moves positions, not data."""

    @cached_property
    def _endless(self) -> bool:
        return self.parents[0].cardinality() < 0

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the positions and epochs in the parent."""
        raise NotImplementedError

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        return run.read(self.parents[0], *self.locate(positions, epochs))

    def read_in_place(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        if type(self).read is not OrderNode.read:
            return self.read(positions, epochs, run)
        return run.read_in_place(self.parents[0], *self.locate(positions, epochs))

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        if not self.indexed:
            return ""
        positions, epochs = self.locate(np.array([position]), np.array([epoch]))
        return self.parents[0].source_of(int(positions[0]), int(epochs[0]), row)


_MOST_AT_ONCE = 1 << 40


class Together(Protocol):
    """Block nodes that follow each other and can be computed as one."""

    @property
    def steps(self) -> tuple[BlockNode, ...]:
        """The nodes, in the order they apply; each gives one element for each of its parent's."""

    @property
    def refused(self) -> str | None:
        """Why they cannot be computed as one after all; None where they can, as far as is known."""

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns the last node's elements at these positions of these epochs; for indexed nodes only."""

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns the last node's elements at `positions`, made of those of the first one's parent in `block`."""


class BlockNode(Node):
    """A node that turns a block of its parent's elements into a block of its own, one for each `group` of them."""

    group: int = 1

    takes_packed: ClassVar[bool] = False
    """Whether a column of the block that it is applied to may be `PackedRows`."""

    def apply(self, block: Block, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        """Returns this node's elements at `positions`, made of the parent's elements in `block`."""
        raise NotImplementedError

    def together(self) -> Sequence[Together]:
        """Returns the runs of nodes that end with this one and can be computed as one, the longest first."""
        return ()

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        return self.apply(run.read(self.parents[0], *self.expand(positions, epochs)), positions, epochs, run)

    def expand(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the positions and epochs of the parent's elements that are needed."""
        if self.group == 1:
            return positions, epochs
        length = self.parents[0].cardinality()
        each = self.group if length < 0 else min(self.group, length)  # one batch of all: no more rows than there are
        if each > _MOST_AT_ONCE:
            raise ArgumentError(
                f"{self.label()} makes one element of {each}, which no memory holds.", fix="Give a smaller batch size."
            )
        wide = (positions[:, None] * self.group + np.arange(each)).reshape(-1)
        wide_epochs = np.repeat(epochs, each)
        if length >= 0:
            inside = wide < length
            if not inside.all():
                return wide[inside], wide_epochs[inside]
        return wide, wide_epochs

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return self.parents[0].source_of(position, epoch, row)


MOST_ELEMENTS = 1 << 62
"""Positions go up to here: a dataset of more elements is as good as one without end."""


def countable(length: int) -> int:
    """Returns a number of elements, or INFINITE where it is beyond what positions can tell."""
    return length if length <= MOST_ELEMENTS else INFINITE_CARDINALITY


def check_reach(positions: np.ndarray, times: int, plus: int, fix: str) -> None:
    """Checks that positions, times a number and plus a number, are within 64 bits still.

    Args:
        positions: the positions.
        times: the number that they are multiplied by.
        plus: the number that is added.
        fix: what can be done about it.

    Raises:
        ArgumentError: they are not.
    """
    furthest = int(positions.max()) * times + plus if len(positions) else 0
    if furthest >= 1 << 63:
        raise ArgumentError(f"position {furthest} is reached, which 64 bits cannot hold.", fix=fix)


def ceil_divide(length: int, size: int) -> int:
    """Returns length / size, rounded up; INFINITE and UNKNOWN stay."""
    return length if length < 0 else -(-length // size)
