"""Windows of one series in two datasets, told from their values: those of the one begin within those of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.nodes.base import Node

_SHORTEST = 12
_MOST_PROBED = 16
_MOST_SHIFTS = 64
_FEWEST, _PART = 5, 0.15
"""In how many windows of the other data, and in which part of them, it must be seen."""

_MOST_OF_WINDOW = 8192
_MOST_READ = 8192
_MOST_VALUES = 1 << 24


@dataclass(frozen=True)
class Shared:
    """Windows of the other dataset that lie between windows of this one.

    Args:
        node: the step of this dataset that gives the windows.
        other: the one of the other.
        name: the component's name.
        count: how many windows of the other begin within a window of this one, and have one begin within them.
        of: how many of the other were looked at.
        length: how many steps a window has.
        place: the first of them.
    """

    node: Node
    other: Node
    name: str
    count: int
    of: int
    length: int
    place: str


def windows_shared(context: Context) -> Shared | None:
    """Returns windows of one series that were divided at random between a dataset and `against`; None for none.

    Where a series was split by time, windows of the one part reach into the other at one end at the most. Divided at
    random, those of the other part have windows both before and behind them that they share steps with.
    """
    other = context.against
    if other is None:
        return None
    for ours, theirs, may_read in _stages(context, other):
        for mine, their in _windows(ours, theirs):
            found = _between(mine.values, their.values)
            if found is None:
                continue
            if found.is_telling:
                return _shared(ours, theirs, mine, their, found)
            if may_read and found.seen:
                more, more_theirs = _further(context, ours), _further(other, theirs)
                for further, their_further in _windows(more, more_theirs):
                    again = _between(further.values, their_further.values)
                    if further.name == mine.name and again is not None and again.is_telling:
                        return _shared(more, more_theirs, further, their_further, again)
    return None


def _stages(context: Context, other: Context) -> Iterator[tuple[Elements, Elements, bool]]:
    """Yields elements that may be windows: as they are batched, and as the arrays hold them that they come from."""
    yield context.sample.elements, other.sample.elements, False
    if len(context.plan.sources) == len(other.plan.sources) == 1:
        (ours,), (theirs,) = context.plan.sources, other.plan.sources
        yield context.sample.at(ours), other.sample.at(theirs), ours.indexed and theirs.indexed


def _windows(ours: Elements, theirs: Elements) -> Iterator[tuple[Component, Component]]:
    """Yields the inputs of both that may be windows: (steps,) or (steps, features) of floats, all of one shape."""
    if ours.batched or theirs.batched or not ours.count or not theirs.count:
        return
    by_name = {component.name: component for component in theirs.inputs}
    for component in ours.inputs:
        against = by_name.get(component.name)
        if against is None or component.dtype is None or component.dtype.kind != "f":
            continue
        shapes = {*component.statistics.row_shapes, *against.statistics.row_shapes}
        if against.dtype != component.dtype or len(shapes) != 1:
            continue
        shape = component.values[0].shape
        if len(shape) in (1, 2) and shape[0] >= _SHORTEST and component.values[0].size <= _MOST_OF_WINDOW:
            yield component, against


def _further(context: Context, elements: Elements) -> Elements:
    """Returns many more of a source's elements, spread over it, in place of those that were looked at."""
    length = context.plan.length(elements.node)
    size = max(1, int(np.size(elements.components[0].values[0])) * len(elements.components))
    count = min(length or elements.count, _MOST_READ, _MOST_VALUES // size)
    return context.sample.read(elements.node, np.unique(np.linspace(0, (length or 1) - 1, count).astype(np.int64)))


@dataclass(frozen=True)
class _Between:
    both: list[int]
    seen: int
    equal: int
    of: int

    @property
    def is_telling(self) -> bool:
        """Whether there are enough; what repeats itself exactly has equal windows in both, which FL212 tells."""
        enough = len(self.both) >= max(_FEWEST, _PART * self.of)
        return enough and self.equal < _PART * self.of


def _between(ours: list[np.ndarray], theirs: list[np.ndarray]) -> _Between | None:
    """Returns which of their windows begin within one of ours, and have one of ours begin within them."""
    length = len(ours[0])
    probed, shifts = min(length // 2, _MOST_PROBED), range(1, min(length // 2, _MOST_SHIFTS) + 1)
    heads, their_heads = _heads(ours, probed), _heads(theirs, probed)
    whole = {window.tobytes() for window in ours}
    equal = sum(window.tobytes() in whole for window in theirs)
    begins: set[int] = set()
    ends: set[int] = set()
    for window in ours:
        for shift in shifts:
            for number in their_heads.get(window[shift : shift + probed].tobytes(), ()):
                if np.array_equal(theirs[number][:-shift], window[shift:]):
                    begins.add(number)
    for number, window in enumerate(theirs):
        for shift in shifts:
            for our in heads.get(window[shift : shift + probed].tobytes(), ()):
                if np.array_equal(ours[our][:-shift], window[shift:]):
                    ends.add(number)
    return _Between(sorted(begins & ends), len(begins | ends), equal, len(theirs))


def _heads(windows: list[np.ndarray], length: int) -> dict[bytes, list[int]]:
    """Returns how windows begin, with their numbers, of those that begin with several values."""
    found: dict[bytes, list[int]] = {}
    for number, window in enumerate(windows):
        head = window[:length]
        if len(np.unique(head)) * 2 > length:
            found.setdefault(head.tobytes(), []).append(number)
    return found


def _shared(ours: Elements, theirs: Elements, mine: Component, their: Component, found: _Between) -> Shared:
    place, length = theirs.where(found.both[0]), len(mine.values[0])
    return Shared(ours.node, theirs.node, mine.name, len(found.both), found.of, length, place)
