"""How the steps that change the order stand to each other."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.plan import Plan, written
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.cache import Cache
from feedline.nodes.filter import Filter
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.snapshot import Snapshot


def between(first: Node, second: Node) -> list[Node] | None:
    """Returns the steps between two, where each takes the elements of the one before it; None where it is not so."""
    steps: list[Node] = []
    node = second
    while node is not first:
        if node is not second:
            steps.insert(0, node)
        if len(node.parents) != 1:
            return None
        node = node.parents[0]
    return steps


def is_straight(first: Node, second: Node) -> bool:
    """Says whether one step's elements reach another one by one: none becomes several, or is mixed with others."""
    steps = between(first, second)
    return steps is not None and all(isinstance(node, OrderNode | BlockNode | Filter | Snapshot) for node in steps)


def freezing(first: Node, second: Node | None, plan: Plan) -> Node | None:
    """Returns what keeps, between two steps or from one to the end, the order of the first epoch for all others."""
    for node in plan.after(first):
        keeps = isinstance(node, Cache | Snapshot) or node.name == "split_dataset"
        if keeps and (second is None or plan.is_before(node, second)):
            return node
    return None


def shuffles_elements(plan: Plan, before: Node) -> Iterator[Shuffle]:
    """Yields the shuffles in front of a step."""
    return (node for node in plan.of(Shuffle) if plan.is_before(node, before))


def write_before_batch(context: Context, step: str) -> str:
    """Returns the fix that a step is missing in front of the batches."""
    batch = context.plan.batch
    return f"Write .{step} in front of {written(batch) if batch is not None else '.batch(...)'}."
