"""The steps at which the elements of two datasets can be compared: behind the last choice, in front of any chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedline.check.plan import Plan
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.batch import GroupNode
from feedline.nodes.enumerate import Enumerate
from feedline.nodes.group_by_window import GroupByWindow
from feedline.nodes.map import Map
from feedline.nodes.shard import Shard
from feedline.nodes.snapshot import Snapshot
from feedline.nodes.take import Skip, Take
from feedline.nodes.zip import Zip

_MOST_POSITIONS = 2_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """A step whose elements are the dataset's, each as it is before any random change.

    Args:
        node: the step.
        positions: which of its elements come to the end of the plan, sorted; None for a stream, of which all do.
        whole: whether these are all that come.
    """

    node: Node
    positions: np.ndarray | None
    whole: bool


def stages_of(plan: Plan) -> list[Stage]:
    """Returns the steps at which all that comes to the end can be seen unchanged by chance, from the last to the first.

    A step that leaves elements out ends the list, unless it is known by position which ones: what is in front of it has
    elements that the dataset does not have.
    """
    found: list[Stage] = []
    node, positions, whole = plan.last, _all_of(plan, plan.last), True
    if positions is not None and len(positions) > _MOST_POSITIONS:
        positions, whole = positions[:_MOST_POSITIONS], False
    while True:
        if isinstance(node, Map) and any(facts.random_calls for facts in plan.functions(node)):
            found.clear()
        elif not plan.gives_batches(node) and not isinstance(node, Enumerate) and not _gives_the_same(node):
            found.append(Stage(node, positions, whole))
        if not node.parents:
            return found
        parent = node.parents[0]
        if node.indexed and positions is not None:
            if isinstance(node, OrderNode | BlockNode):
                group = min(node.group, max(1, parent.cardinality())) if isinstance(node, BlockNode) else 1
                if len(positions) * group > _MOST_POSITIONS:
                    positions, whole = positions[: max(1, _MOST_POSITIONS // group)], False
                epochs = np.zeros(len(positions), np.int64)
                locate = node.locate if isinstance(node, OrderNode) else node.expand
                if len(positions):
                    positions = _sorted_once(locate(positions, epochs)[0])
            elif not isinstance(node, Zip):
                return found
        elif _passes_all(node):
            positions = _all_of(plan, parent)
            if positions is not None and len(positions) > _MOST_POSITIONS:
                positions, whole = positions[:_MOST_POSITIONS], False
        else:
            if not found and not plan.gives_batches(node) and not isinstance(node, Map):
                found.append(Stage(node, None, True))
            return found
        node = parent


def _all_of(plan: Plan, node: Node) -> np.ndarray | None:
    """Returns the positions of all elements of one turn; None for streams, and where their number is not known."""
    length = plan.length(node) if node.indexed else None
    return None if length is None else np.arange(min(length, _MOST_POSITIONS + 1))


def _sorted_once(positions: np.ndarray) -> np.ndarray:
    """Returns positions as np.unique does, which hashes and takes ten times as long."""
    if (positions[1:] > positions[:-1]).all():
        return positions
    ordered = np.sort(positions)
    new = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def _gives_the_same(node: Node) -> bool:
    """Says whether a step gives elements as its parent does, so that looking at the parent is enough."""
    return isinstance(node, OrderNode) and (node.indexed or not isinstance(node, Take | Skip | Shard))


def _passes_all(node: Node) -> bool:
    """Says whether all elements that come into a streamed step come out of it."""
    if isinstance(node, Take | Skip | Shard | Enumerate):
        return False
    return isinstance(node, OrderNode | Map | GroupNode | GroupByWindow | Snapshot | Zip)
