"""What a model is given, and which step made it so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.plan import written
from feedline.nodes.base import Node
from feedline.nodes.map import Map


def given(context: Context) -> Elements:
    """Returns the elements as a model is given them.

    Where nothing but batching follows, these are the single elements, of which more were looked at than of batches.
    """
    plan, sample = context.plan, context.sample
    batch = plan.batch
    if batch is None or any(node.works for node in plan.after(batch)) or plan.elements not in plan.before(plan.last):
        return sample.output
    return sample.elements


def percent(share: float) -> str:
    """Returns a share as a percentage that is 100 % or 0 % only where it is all or nothing.

    Example:
        >>> percent(0.9), percent(0.996), percent(0.99996), percent(1.0)
        ('90%', '99.6%', '99.996%', '100%')
    """
    for digits in range(7):
        told = f"{share:.{digits}%}"
        if share in (0, 1) or float(told[:-1]) not in (0, 100):
            return told
    return f"nearly {share:.0%}"


def pixels(component: Component) -> bool:
    """Says whether a component's rows may be pictures: images, also without a channel, or laid out as one vector."""
    if component.is_image:
        return True
    shapes = component.statistics.row_shapes
    return bool(shapes) and all(_of_picture(shape) for shape in shapes)


def _of_picture(shape: tuple[int | None, ...]) -> bool:
    if len(shape) == 1 and shape[0] is not None and shape[0] >= 64:
        return any(shape[0] % channels == 0 and _is_square(shape[0] // channels) for channels in (1, 3))
    if len(shape) == 2 and shape[0] is not None and shape[1] is not None:
        return min(shape) >= 16 and max(shape) <= 2 * min(shape)  # type: ignore[type-var,operator]
    return len(shape) == 3 and shape[0] in (1, 3) and min(shape[1] or 0, shape[2] or 0) >= 8


def _is_square(number: int) -> bool:
    return math.isqrt(number) ** 2 == number


def table(component: Component) -> np.ndarray | None:
    """Returns rows that are vectors of one length, as float64 `(rows, columns)`; None where they are none."""
    shapes = component.statistics.row_shapes
    if len(shapes) != 1 or not component.statistics.is_number:
        return None
    (shape,) = shapes
    if len(shape) != 1 or not shape[0]:
        return None
    rows = [row for row in component.rows if isinstance(row, np.ndarray)]
    if len(rows) != len(component.rows):
        return None
    return np.array(rows, np.float64)


def first_step_where(context: Context, holds: Callable[[Elements], bool]) -> Node | None:
    """Returns the first step of the plan whose elements are so, though none that came into it were.

    Args:
        context: the dataset.
        holds: says of a step's elements whether they are so.
    """
    so: set[Node] = set()
    for node in context.plan.nodes:
        if any(parent in so for parent in node.parents):
            so.add(node)
        elif holds(context.sample.at(node)):
            return node
    return None


def changing_step(context: Context) -> Node:
    """Returns the step that a finding about values is about: the last `map`, or the source."""
    return context.plan.maps[-1] if context.plan.maps else context.plan.sources[0]


def change_written(context: Context, change: str) -> str:
    """Returns the beginning of a fix that changes x, in the last `map`, or in one to be written.

    Args:
        context: the dataset.
        change: what becomes of x.
    """
    plan = context.plan
    if plan.maps:
        return f"Write {change} in {plan.maps[-1].label()}"
    pair = any(component.role == "y" for component in context.sample.elements.components)
    step = f".map(lambda x, y: ({change}, y))" if pair else f".map(lambda x: {change})"
    return f"Write {step} in front of {written(plan.batch) if plan.batch is not None else '.batch(...)'}"


def step_of(context: Context, wanted: Iterable[Map]) -> list[str]:
    """Returns places of steps, for `where`."""
    return [f"{node.label()} at {node.origin}" for node in wanted]


def number(value: float | None) -> str:
    """Returns a number as it is told: four digits at the most, or a whole number.

    Example:
        >>> number(0.00392156), number(255.0), number(-1234.5678)
        ('0.003922', '255', '-1,235')
    """
    if value is None:
        return "none"
    if value == int(value) and abs(value) < 1e15 if math.isfinite(value) else False:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.4g}"


def span(component: Component) -> str:
    """Returns what a component's values are like: "x is float32 from 0 to 255, with a mean of 121.3"."""
    statistics = component.statistics
    return (
        f"{component.name} is {statistics.dtype} from {number(statistics.minimum)} to {number(statistics.maximum)}, "
        f"with a mean of {number(statistics.mean)}"
    )
