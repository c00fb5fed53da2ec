"""Remote tasks: elements of a section that a process is asked for, and how it is told which of them ended it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.errors import WorkerDiedError
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.run.processes import describe_end
from feedline.run.sections import Section

if TYPE_CHECKING:
    from feedline.run.context import Run

_SEGFAULTS = (-4, -6, -7, -8, -11)
_KILLED = -9

Places = tuple[np.ndarray, np.ndarray]
"""Positions and epochs of elements."""


@dataclass(frozen=True, eq=False)
class RemoteTask:
    """Elements that a process is asked for.

    Args:
        section: what they are of.
        node: the node of the section whose elements they are.
        places: which of them.
        block: what the first nodes of the section are to be applied to; None where the section begins at sources.
        steps: for each of these nodes up to `node`, which elements it gives.
    """

    section: Section
    node: Node
    places: Places
    block: Block | None = None
    steps: tuple[Places, ...] = ()

    @property
    def count(self) -> int:
        """How many elements are asked for."""
        return len(self.places[0])

    def content(self, sections: Mapping[Section, int], nodes: Mapping[Node, int]) -> tuple[Any, ...]:
        """Returns what a worker is told, besides the block.

        Args:
            sections: the numbers of the sections.
            nodes: the numbers of the nodes.
        """
        return (nodes[self.node], *self.places) if self.block is None else (sections[self.section], self.steps)

    def computed_here(self, run: Run) -> Block:
        """Returns the elements, computed by this thread."""
        with run.computing(None, None):
            if self.block is None:
                return run.read(self.node, *self.places)
            block = self.block.own()  # what was sent were copies, which functions may write to
            for node, places in zip(self.section.nodes, self.steps, strict=False):
                block = run.apply(node, block, *places)
            return block

    def calls(self) -> RemoteTask:
        """Returns the task of the elements of the last function that may run in parallel, of which this one's are
        made; where what is between moves more than positions, those of the node that does.
        """
        if self.block is not None:
            for number in reversed(range(len(self.steps))):
                if self.section.nodes[number].parallel_calls is not None:
                    node, steps = self.section.nodes[number], self.steps[: number + 1]
                    return replace(self, node=node, places=steps[-1], steps=steps)
            return self
        below, places = self.node, self.places
        while below.parallel_calls is None and len(below.parents) == 1:
            if isinstance(below, BlockNode):
                places = below.expand(*places)
            elif isinstance(below, OrderNode):
                places = below.locate(*places)
            elif not below.passes_on:
                break
            below = below.parents[0]
        return replace(self, node=below, places=places)

    def singles(self) -> Iterator[RemoteTask]:
        """Gives tasks of one element each; none where elements of the block cannot be told apart."""
        if self.block is None:
            for position, epoch in zip(*self.places, strict=True):
                yield replace(self, places=(np.array([position]), np.array([epoch])))
        elif all(len(positions) == self.block.length for positions, _ in self.steps):
            for row in range(self.block.length):
                steps = tuple((positions[row : row + 1], epochs[row : row + 1]) for positions, epochs in self.steps)
                yield replace(self, places=steps[-1], block=self.block.slice(row, row + 1), steps=steps)


def died(task: RemoteTask, status: int | None) -> WorkerDiedError:
    """Returns the error that says that workers ended while they computed elements.

    Args:
        task: the elements.
        status: the exit status of the last of them.
    """
    nodes = [node for node in task.section.all_nodes() if node.parallel_calls is not None]
    first, last = int(task.places[0].min()), int(task.places[0].max())
    elements = f"element {first}" if first == last else f"elements {first} to {last}"
    others = " or ".join(node.label() for node in nodes if node is not task.node)
    within = f", or {others} below it" if others and task.node in nodes else f", in {others}" if others else ""
    if status == _KILLED:
        fix = (
            "The system probably had no memory left: give a smaller num_parallel_calls, or smaller batches and "
            "prefetch(); its log (dmesg) says what it ended."
        )
    elif status in _SEGFAULTS:
        fix = (
            "A library that the function calls has crashed: call the function on this element by itself, "
            "with python -X faulthandler, to see where."
        )
    else:
        fix = "The function, or a library that it calls, ends its process: it must raise an error instead."
    return WorkerDiedError(
        f"a worker process {describe_end(status)} while it computed {elements} of {task.node.label()}{within}.",
        where=[f"{node.label()} at {node.origin}" for node in nodes],
        fix=fix,
    )
