"""What identifies a plan: its steps, what they were told, and the code of the user's functions.

Two plans with the same fingerprint and the same seeds give the same elements. How many workers run them, and how far
they look ahead, is no part of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feedline.nodes.base import Node
from feedline.plan.digest import Digest

_NOT_PART_OF_IT = {"parents", "origin", "seed", "num_parallel_calls", "deterministic"}


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan.

    Args:
        label: the node as the user would write it.
        digest: of what it was told, without its seed.
        seed: the key of its random numbers, or None.
    """

    label: str
    digest: str
    seed: int | None


def steps_of(node: Node) -> list[Step]:
    """Returns the steps of a plan, sources first, each node once.

    Example:
        >>> from feedline import Dataset
        >>> [step.label for step in steps_of(Dataset.range(9).batch(2).prefetch(1).node)]
        ['range', 'batch(2)']
    """
    numbers: dict[Node, int] = {}
    steps: list[Step] = []
    for each in _nodes_of(node):
        if each.passes_on:
            numbers[each] = numbers[each.parents[0]]
            continue
        digest = Digest(_digests_of)
        digest.add([numbers[parent] for parent in each.parents])
        digest.add(type(each).__qualname__)
        for field in dataclasses.fields(each):
            if field.name not in _NOT_PART_OF_IT and not field.name.startswith("_"):
                digest.add(field.name)
                digest.add(getattr(each, field.name))
        if not each.parents and each.indexed:
            digest.add(each.cardinality())  # of files only the names are known before: they may have changed
        numbers[each] = len(steps)
        steps.append(Step(each.label(), digest.hex(), getattr(each, "seed", None)))
    return steps


def fingerprint_of(steps: Sequence[Step]) -> str:
    """Returns one short text for all steps."""
    digest = Digest(_digests_of)
    digest.add([step.digest for step in steps])
    return digest.hex()


def with_seeds(node: Node, seeds: Sequence[int | None]) -> Node:
    """Returns a plan with other seeds.

    Args:
        node: the plan's last node.
        seeds: the seed of each of its `steps_of`.
    """
    remaining = iter(seeds)
    made: dict[Node, Node] = {}
    for each in _nodes_of(node):
        parents = tuple(made[parent] for parent in each.parents)
        changed: dict[str, Any] = {}
        if any(new is not old for new, old in zip(parents, each.parents, strict=True)):
            changed["parents"] = parents
        if not each.passes_on:
            seed = next(remaining)
            if seed != getattr(each, "seed", None):
                changed["seed"] = seed
        made[each] = _changed(each, changed) if changed else each
    return made[node]


def _changed(node: Node, changed: dict[str, Any]) -> Node:
    copy = object.__new__(type(node))
    copy.__setstate__({**{field.name: getattr(node, field.name) for field in _told(node)}, **changed})
    return copy


def _told(node: Node) -> Iterator[dataclasses.Field]:
    """Gives the fields that say what a node does; what it keeps while running is private."""
    return (field for field in dataclasses.fields(node) if not field.name.startswith("_"))


def _nodes_of(node: Node) -> list[Node]:
    """Returns a node and all it takes elements from, parents before children, each once."""
    found: dict[Node, None] = {}
    waiting = [(node, False)]
    while waiting:
        each, parents_found = waiting.pop()
        if parents_found:
            found[each] = None
        elif each not in found:
            waiting.append((each, True))
            waiting.extend((parent, False) for parent in reversed(each.parents))
    return list(found)


def _digests_of(node: Node) -> list[str]:
    return [step.digest for step in steps_of(node)]
