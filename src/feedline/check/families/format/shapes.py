"""FL109: elements of different shapes come before a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.errors import FeedlineError, ShapeError
from feedline.nodes.batch import Batch, GroupNode

_MOST_SHOWN = 4

Shape = tuple[int, ...]


class ShapesDiffer(Rule):
    """Elements of different shapes are to become one batch."""

    code = "FL109"
    name = "shapes-differ"
    severity = "error"
    needs = ("sample",)
    why = "An array has one shape: the first batch in which two of them meet ends the training with an error."
    explains_errors = True

    def check(self, context: Context) -> Iterator[Finding]:
        for node in context.plan.of(GroupNode):
            if type(node) is not Batch or node.batch_size == 1:
                continue
            elements = context.sample.into(node)
            errors = _errors_of(node, context)
            for component in elements.components:
                found = _meeting(elements, component, node.batch_size, bool(errors))
                if found is not None:
                    yield self._finding(node, elements, component, found, errors)

    def _finding(
        self,
        node: Batch,
        elements: Elements,
        component: Component,
        found: tuple[int, int],
        errors: list[FeedlineError],
    ) -> Finding:
        shapes = Counter(_shape(value) for value in component.values)
        shown = [f"{shape} in {count:,}" for shape, count in shapes.most_common(_MOST_SHOWN)]
        more = f" and {len(shapes) - _MOST_SHOWN:,} more" if len(shapes) > _MOST_SHOWN else ""
        first, other = (_shape(component.values[index]) for index in found)
        return self.finding(
            f"{component.name} has shape {other} in one element and {first} in another, and they come in one batch.",
            seen=f"{', '.join(shown)}{more} of {elements.count:,} elements",
            where=[elements.where(found[1])],
            at=node,
            fix=_fix(node, component, list(shapes.elements())),
            explains=[error for error in errors if error.what.startswith(f"{component.name} ")] or errors,
        )


def _errors_of(node: Batch, context: Context) -> list[FeedlineError]:
    """Returns the errors of a batch whose elements do not fit together."""
    place = f"{node.label()} at {node.origin}"
    return [error for error in context.sample.errors if isinstance(error, ShapeError) and place in error.where]


def _shape(value: object) -> Shape:
    return value.shape if isinstance(value, np.ndarray) else ()


def _meeting(elements: Elements, component: Component, size: int, raised: bool) -> tuple[int, int] | None:
    """Returns two elements of different shapes that come in one batch; None where none do."""
    if not all(isinstance(value, np.ndarray | np.generic | bytes) for value in component.values):
        return None
    first_of: dict[tuple[int, int], int] = {}
    places = zip(elements.epochs.tolist(), (elements.positions // size).tolist(), strict=True)
    for index, batch in enumerate(places):
        other = first_of.setdefault(batch, index)
        if _shape(component.values[index]) != _shape(component.values[other]):
            return other, index
    if raised:  # the one that raised was not noted in the same batch
        shapes = [_shape(value) for value in component.values]
        return next(((0, index) for index, shape in enumerate(shapes) if shape != shapes[0]), None)
    return None


def _fix(node: Batch, component: Component, shapes: list[Shape]) -> str:
    """Returns what to do, by what differs."""
    ranks = {len(shape) for shape in shapes}
    if len(ranks) > 1:
        return "Give all of them one rank, such as image[..., None] for an image without channels."
    lengths = [set(axis) for axis in zip(*shapes, strict=True)]
    differing = [axis for axis, found in enumerate(lengths) if len(found) > 1]
    image = ranks == {3} and lengths[2] <= {1, 3, 4}
    if image and differing == [2]:
        return "Give the decoder the number of channels: channels=3."
    if image or (ranks == {2} and len(differing) == 2):
        height, width = (int(np.median([shape[axis] for shape in shapes])) for axis in (0, 1))
        channels = ", and channels=3 in the decoder" if 2 in differing else ""
        return f"Write fl.image.resize({component.key or 'image'}, [{height}, {width}]) in a map in front of " + (
            f"{written(node)}{channels}."
        )
    return (
        f"Write .padded_batch({node.batch_size}) in place of {written(node)}, or .ragged_batch({node.batch_size}), "
        "or cut them to one length."
    )
