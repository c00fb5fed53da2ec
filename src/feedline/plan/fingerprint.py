"""What identifies a plan: its steps, what they were told, and the code of the user's functions.

Two plans with the same fingerprint and the same seeds give the same elements. How many workers run them, and how far
they look ahead, is no part of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feedline.nodes.base import Node, nodes_of
from feedline.plan.digest import DIGEST_BYTES, Digest
from feedline.plan.reach import Reach
from feedline.random import GivenSeed

_NOT_PART_OF_IT = {"parents", "origin", "seed", "num_parallel_calls", "deterministic"}


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan.

    Args:
        label: the node as the user would write it.
        digest: of what it was told, without its seed.
        seed: the key of its random numbers, or None.
        parts: the digest of each thing that it was told, by its name.
        seed_given: whether it was the user who gave the seed.
    """

    label: str
    digest: str
    seed: int | None
    parts: dict[str, str]
    seed_given: bool = False


_Kept = dict[tuple[str, int], tuple[Any, list]]

_kept: weakref.WeakKeyDictionary[Node, dict[str, str]] = weakref.WeakKeyDictionary()
"""The parts of steps that hold no code, and so cannot change: their data may be large."""


def steps_of(node: Node) -> list[Step]:
    """Returns the steps of a plan, sources first, each node once.

    Example:
        >>> from feedline import Dataset
        >>> [step.label for step in steps_of(Dataset.range(9).batch(2).prefetch(1).node)]
        ['range', 'batch(2)']
    """
    return _steps_of(node, frozenset(), {})


def _steps_of(node: Node, within: frozenset[Node], kept: _Kept) -> list[Step]:
    """Returns the steps of a plan.

    Args:
        node: its last node.
        within: those of the plans that it was met in: a function may refer to the very dataset that it is part of.
        kept: what was found out of large containers that several steps refer to.
    """
    if node in within:
        return []
    within |= {node}
    numbers: dict[Node, int] = {}
    steps: list[Step] = []
    for each in nodes_of(node):
        if each.passes_on:
            numbers[each] = numbers[each.parents[0]]
            continue
        parts = {"parents": _digest_of([numbers[parent] for parent in each.parents]), **_parts_of(each, within, kept)}
        if not each.parents and each.indexed:  # of files only the names are known before: they may have changed
            parts["elements"] = _digest_of(each.cardinality())
        numbers[each] = len(steps)
        digest = _digest_of([type(each).__qualname__, *(text for part in parts.items() for text in part)])
        seed = getattr(each, "seed", None)
        plain = None if seed is None else int(seed)
        steps.append(Step(each.label(), digest, plain, parts, isinstance(seed, GivenSeed)))
    return steps


def _parts_of(node: Node, within: frozenset[Node], kept: _Kept) -> dict[str, str]:
    """Returns the digest of each thing that a node was told."""
    known = _kept.get(node)
    if known is not None:
        return known
    told = {field.name: getattr(node, field.name) for field in _told(node) if field.name not in _NOT_PART_OF_IT}
    reach = Reach(told.values(), kept)
    parts = {}
    for name, value in told.items():
        digest = Digest(lambda inner: [step.digest for step in _steps_of(inner, within, kept)], reach)
        digest.add(value)
        parts[name] = digest.hex()
    if reach.is_fixed:
        _kept[node] = parts
    return parts


def _digest_of(value: Any) -> str:
    """Returns the digest of plain values."""
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).hexdigest()


def fingerprint_of(steps: Sequence[Step]) -> str:
    """Returns one short text for all steps."""
    return _digest_of([step.digest for step in steps])


def with_seeds(node: Node, seeds: Sequence[int | None]) -> Node:
    """Returns a plan with other seeds.

    Args:
        node: the plan's last node.
        seeds: the seed of each of its `steps_of`.
    """
    remaining = iter(seeds)
    made: dict[Node, Node] = {}
    for each in nodes_of(node):
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
