"""Tables that are sorted by the number which is to be predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.nodes.window import Window

_FEWEST = 64
_FEWEST_VALUES = 16
_NEIGHBOURS = 256
_SMOOTH = 0.5
"""Below this part of the mean square of two elements' difference, neighbours are alike: the order is one of time."""


@dataclass(frozen=True, slots=True)
class SortedTarget:
    """A target that never turns back.

    Args:
        component: the component that it is.
        first: its value in the first of the elements that were looked at.
        last: its value in the last.
        count: how many were looked at.
    """

    component: Component
    first: float
    last: float
    count: int

    @property
    def seen(self) -> str:
        """What it was told by: "y rises from 1.2 to 7.9 and never falls"."""
        ways = ("rises", "falls") if self.last > self.first else ("falls", "rises")
        return f"{self.component.name} {ways[0]} from {self.first:.4g} to {self.last:.4g}, and never {ways[1]}"


def sorted_target(context: Context) -> SortedTarget | None:
    """Returns the float target that the elements are sorted by; None without one.

    A target that rises with time is no such thing: elements that follow each other are alike then, or have a time that
    rises too. Where the inputs do not tell, there is none.

    Args:
        context: the dataset.
    """
    elements = context.sample.elements
    targets = [found for part in elements.labels if (found := _in_order(part)) is not None]
    if len(targets) != 1 or len(elements.labels) != 1 or context.plan.of(Window):
        return None
    inputs = _table(elements)
    if inputs is None or len(inputs) < _FEWEST or _any_in_order(inputs):
        return None
    node = context.plan.elements
    if node.indexed:
        length = context.plan.length(node)
        follow = np.arange(_NEIGHBOURS if length is None else min(_NEIGHBOURS, length))
        inputs = _table(context.sample.read(node, follow))
    if inputs is None or len(inputs) < _FEWEST or _any_in_order(inputs):
        return None
    return None if _smoothness(inputs) < _SMOOTH or _overlap(inputs) else targets[0]


def _in_order(component: Component) -> SortedTarget | None:
    """Returns a component of floats that only ever rises or only ever falls."""
    statistics = component.statistics
    dtype = statistics.dtype
    if dtype is None or dtype.kind != "f" or any(np.size(row) != 1 for row in component.rows):
        return None
    values = np.array([np.asarray(row, np.float64).reshape(()) for row in component.rows])
    if len(values) < _FEWEST or len(np.unique(values)) < max(_FEWEST_VALUES, len(values) // 4):
        return None
    steps = np.diff(values)
    if not ((steps >= 0).all() or (steps <= 0).all()):
        return None
    return SortedTarget(component, float(values[0]), float(values[-1]), len(values))


def _table(elements: Elements) -> np.ndarray | None:
    """Returns the numbers of all inputs, a row an element; None where not all of them are numbers of one shape."""
    columns = []
    for component in elements.inputs:
        if not component.statistics.is_number or len(component.statistics.row_shapes) != 1:
            return None
        columns.append(np.array([np.asarray(row, np.float64).reshape(-1) for row in component.rows]))
    if not columns or len({len(column) for column in columns}) != 1:
        return None
    table = np.concatenate(columns, axis=1)
    return table if table.size and np.isfinite(table).all() else None


def _any_in_order(table: np.ndarray) -> bool:
    steps = np.diff(table, axis=0)
    moves = (steps != 0).any(axis=0)
    return bool((moves & ((steps >= 0).all(axis=0) | (steps <= 0).all(axis=0))).any())


def _smoothness(table: np.ndarray) -> float:
    """Returns how much neighbours differ, in parts of what any two elements do, in the column that does least."""
    variances = table.var(axis=0)
    varied = variances > 0
    if not varied.any():
        return 0.0
    differences = (np.diff(table[:, varied], axis=0) ** 2).mean(axis=0)
    return float((differences / (2 * variances[varied])).min())


def _overlap(table: np.ndarray) -> bool:
    """Says whether each row repeats most of the one before it, some places on: they are windows of a series."""
    first, second = table[:2]
    return any(
        np.array_equal(first[shift:], second[:-shift]) and np.array_equal(table[:-1, shift:], table[1:, :-shift])
        for shift in range(1, len(first) // 2 + 1)
    )
