"""Columns: the single numbers that a model is given for each element, of rows and of scalars alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.nodes.window import Window

_WIDEST = 256
"""Wider rows are pictures, sounds and encodings more often than tables."""

_OF_A_SERIES = 0.8
_FEWEST_STEPS = 4
_EXACT = 1e-6


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of one component.

    Args:
        component: the component.
        values: float64 `(elements, columns)`.
    """

    component: Component
    values: np.ndarray

    def name(self, column: int) -> str:
        """Returns a column's name, as messages call it: "column 3 of x", "x['age']"."""
        single = self.values.shape[1] == 1
        return self.component.name if single else f"column {column} of {self.component.name}"


def columns_of(component: Component) -> Columns | None:
    """Returns the numbers of a component as columns; None where its rows are neither numbers nor short rows of them."""
    shapes, dtype = component.statistics.row_shapes, component.dtype
    if len(shapes) != 1 or dtype is None or dtype.kind not in "biuf":
        return None
    (shape,) = shapes
    if len(shape) > 1 or (shape and not 0 < (shape[0] or 0) <= _WIDEST):
        return None
    rows = component.rows
    if not all(isinstance(row, np.ndarray | np.generic | int | float) for row in rows):
        return None
    return Columns(component, np.array(rows, np.float64).reshape(len(rows), (shape[0] or 0) if shape else 1))


def inputs_as_columns(context: Context, elements: Elements) -> Iterator[Columns]:
    """Yields the columns of each input that has any, and that the model takes, where there is one."""
    keys = context.model.input_keys if context.model is not None else None
    for component in elements.inputs:
        if keys is not None and component.key and component.key not in keys:
            continue  # a key of a dict that is there for the user's own use
        found = columns_of(component)
        if found is not None and len(found.values):
            yield found


def is_table(elements: Elements) -> bool:
    """Says whether all inputs are numbers and short rows of them."""
    inputs = elements.inputs
    return bool(inputs) and all(columns_of(component) is not None for component in inputs)


def are_windows(context: Context, rows: np.ndarray) -> bool:
    """Says whether rows are cut out of a series, one number a step: by the plan, or since neighbours are alike.

    Args:
        context: the dataset.
        rows: `(elements, steps)`.
    """
    plan = context.plan
    if plan.of(Window) or plan.pieces or any(node.name == "timeseries_dataset_from_array" for node in plan.nodes):
        return True
    if rows.shape[1] < _FEWEST_STEPS:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        rows = rows.astype(np.float64)
        centred = rows - rows.mean(axis=0)
        sizes = np.sqrt((centred * centred).sum(axis=0))
    if not (sizes > 0).all() or not np.isfinite(sizes).all():
        return False
    neighbours = (centred[:, 1:] * centred[:, :-1]).sum(axis=0) / (sizes[1:] * sizes[:-1])
    return bool(np.median(neighbours) >= _OF_A_SERIES)


def affine(columns: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Says of each column whether another is that one, or a multiple of it with something added, in all elements.

    Args:
        columns: `(elements, columns)`.
        wanted: `(elements,)`.

    Example:
        >>> affine(np.array([[0, 3.0], [1, 1], [2, 2]]), np.array([10, 30, 50])).tolist()
        [True, False]
    """
    lowest, highest = columns.argmin(axis=0), columns.argmax(axis=0)
    number = np.arange(columns.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        width = columns[highest, number] - columns[lowest, number]
        slope = (wanted[highest] - wanted[lowest]) / np.where(width > 0, width, np.inf)
        meant = wanted[lowest] + slope * (columns - columns[lowest, number])
    room = _EXACT * float(wanted.max() - wanted.min())
    return (width > 0) & (slope != 0) & (np.abs(meant - wanted[:, None]) <= room).all(axis=0)
