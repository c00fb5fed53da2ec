"""The same raw elements sent through the steps of both datasets: what comes out tells whether they are prepared alike.

Random steps that only augment are left out on the way, so that what is left can be compared value by value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.randomness.drawing import keeps_scale, may_draw, only_augments
from feedline.check.looking import Budget, EnoughSeenError, LookingRun, spread
from feedline.check.trials import ImageCall, watched
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.batch import GroupNode
from feedline.nodes.filter import Filter
from feedline.nodes.map import Map
from feedline.nodes.snapshot import Snapshot
from feedline.sources.arrays import slices_of_elements
from feedline.structure import component_shape, flatten

_FEWEST, _MOST, _PART = 1, 6, 8
"""How many elements of each are sent through; at the most this part of those that were looked at."""

_SECONDS = 1.0
_MEMORY = 128 << 20
_LIKE = 1.6
_APART = 0.5


@dataclass
class Replayed:
    """What one dataset's steps made of raw elements.

    Args:
        steps: the maps that were run, in order.
        random: whether any of them draws.
        components: what came out, by name.
        calls: the calls of image functions.
    """

    steps: tuple[Map, ...]
    random: bool
    components: dict[str, Component]
    calls: list[ImageCall]


@dataclass
class Replay:
    """The same raw elements through the steps of two datasets.

    Args:
        ours: of the dataset that is checked.
        theirs: of the one that it is compared with.
        count: how many elements.
    """

    ours: Replayed
    theirs: Replayed
    count: int

    @property
    def exact(self) -> bool:
        """Whether nothing random is left in either."""
        return not self.ours.random and not self.theirs.random

    def pairs(self) -> Iterator[tuple[Component, Component]]:
        """Yields the inputs that both have, of numbers."""
        for name, ours in self.ours.components.items():
            theirs = self.theirs.components.get(name)
            if theirs is None or ours.role not in ("x", None):
                continue
            if ours.statistics.is_number and theirs.statistics.is_number:
                yield ours, theirs


def replayed(context: Context) -> Replay | None:
    """Returns what the steps of the dataset and of `against` make of the same raw elements; None where the two do not
    begin with raw elements of one kind, or the steps of the one cannot take the elements of the other.
    """
    other = context.against
    if other is None or context.sample.not_looked_at or other.sample.not_looked_at:
        return None
    (our_start, our_steps), (their_start, their_steps) = _steps_of(context.plan.last), _steps_of(other.plan.last)
    if not our_steps and not their_steps:
        return None
    ours, theirs = context.sample.at(our_start), other.sample.at(their_start)
    if not _are_alike(ours, theirs):
        return None
    our_drawing, their_drawing = _drawing(context, our_steps), _drawing(other, their_steps)
    mine, others = _some(ours), _some(theirs)
    both = [*mine, *others]
    with context.sample.trying(_SECONDS), other.sample.trying(_SECONDS):
        # Twice the same: what was compiled for the first call may have taken all the time.
        for elements, again in ((both, False), (both, True), (mine, True), (others, True)):
            try:
                return Replay(
                    _run(elements, our_start, our_steps, our_drawing),
                    _run(elements, their_start, their_steps, their_drawing),
                    len(elements),
                )
            except EnoughSeenError:
                if again:
                    return None
            except Exception:  # the steps of the one are not made for the elements of the other
                continue
    return None


def raw_elements(context: Context) -> Elements:
    """Returns the elements of a dataset that are sent through the steps."""
    return context.sample.at(_steps_of(context.plan.last)[0])


def _steps_of(last: Node) -> tuple[Node, list[BlockNode]]:
    """Returns the step that gives the raw elements, and the steps that make the dataset's elements of each of them."""
    steps: list[BlockNode] = []
    node = last
    while len(node.parents) == 1:
        if isinstance(node, BlockNode):
            steps.insert(0, node)
        elif not isinstance(node, OrderNode | Filter | Snapshot):
            break
        node = node.parents[0]
    return node, steps


def _are_alike(ours: Elements, theirs: Elements) -> bool:
    """Says whether two datasets begin with raw elements of one kind, such as images of one scale, or files."""
    if not ours.count or not theirs.count or ours.batched != theirs.batched:
        return False
    if ours.blocks[0].treedef != theirs.blocks[0].treedef:
        return False
    hold_data = False
    for mine, other in zip(ours.components, theirs.components, strict=True):
        if mine.dtype != other.dtype:
            return False
        first, second = component_shape(mine.values[0]), component_shape(other.values[0])
        if len(first) != len(second):
            return False
        if mine.statistics.is_number:
            if not first:
                continue  # an index tells nothing of what it stands for
            if mine.role != "y" and not _of_one_scale(mine, other):
                return False
        hold_data = hold_data or mine.role != "y"
    return hold_data


def _of_one_scale(first: Component, second: Component) -> bool:
    ours, theirs = first.statistics, second.statistics
    if not ours.std or not theirs.std:
        return ours.std == theirs.std
    apart = abs((ours.mean or 0.0) - (theirs.mean or 0.0))
    return 1 / _LIKE < ours.std / theirs.std < _LIKE and apart < _APART * (ours.std + theirs.std)


def _some(elements: Elements) -> list[Any]:
    count = max(_FEWEST, min(_MOST, len(elements) // _PART))  # few were looked at where each takes long
    wanted = set(spread(len(elements), count).tolist())
    return [element for index, element in enumerate(elements) if index in wanted]


def _drawing(context: Context, steps: list[BlockNode]) -> dict[Node, bool]:
    """Returns the random maps among some steps, and whether each does nothing but augment."""
    found: dict[Node, bool] = {}
    for node in steps:
        if isinstance(node, Map) and may_draw(context.plan.functions(node)):
            trial = context.trial(node)
            if trial.changing or not trial.tried:
                found[node] = bool(trial.changing) and only_augments(trial) and keeps_scale(trial)
    return found


def _run(elements: list[Any], start: Node, steps: list[BlockNode], drawing: dict[Node, bool]) -> Replayed:
    node: Node = slices_of_elements([_own(element) for element in elements], start.origin)
    kept: list[BlockNode] = []
    batched = False
    for step in steps:
        if drawing.get(step):
            continue
        changed: dict[str, Any] = {"parents": (node,)}
        if isinstance(step, GroupNode):
            changed |= {"batch_size": min(step.batch_size, len(elements)), "drop_remainder": False}
            batched = True
        node = dataclasses.replace(step, **changed)
        kept.append(step)
    run = LookingRun(Budget(_SECONDS, _MEMORY))
    run._vectorises = False
    calls: list[ImageCall] = []
    length = node.cardinality()
    positions = np.arange(length)
    with watched(calls):
        block = run.read(node, positions, np.zeros_like(positions))
    given = Elements(node, positions, np.zeros_like(positions), [block.own()], batched)
    maps = tuple(step for step in kept if isinstance(step, Map))
    return Replayed(maps, any(step in drawing for step in kept), {c.name: c for c in given.components}, calls)


def _own(element: Any) -> Any:
    leaves, treedef = flatten(element)
    return treedef.unflatten([leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])
