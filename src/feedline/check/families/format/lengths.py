"""FL110: labels, masks or weights of another length than what they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.map import Map

_FEWEST = 5
_MOSTLY = 0.8
_MOST_CLASSES = 64
_MOST_SHOWN = 3

Shape = tuple[int, ...]


class LabelLength(Rule):
    """Labels, masks or weights have another length than the features that they belong to."""

    code = "FL110"
    name = "label-length"
    severity = "error"
    needs = ("sample",)
    why = (
        "Each step, or each pixel, is to have a label of its own: the loss raises, or, where padding makes the lengths "
        "equal, it compares steps with the labels of others."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements, node = context.sample.elements, context.plan.elements
        told: set[int] = set()
        for first, second in combinations(elements.components, 2):
            if {first.index, second.index} & told:
                continue
            finding = (
                self._of_some(node, elements, first, second)
                or self._shifted(node, elements, first, second)
                or self._resized_alone(context, first, second)
            )
            if finding is not None:
                told |= {first.index, second.index}
                yield finding

    def _of_some(self, node: Node, elements: Elements, first: Component, second: Component) -> Finding | None:
        """Finds the few elements in which two components differ in length that agree in all others."""
        ours, theirs = _lengths(first), _lengths(second)
        if ours is None or theirs is None or len(ours) < _FEWEST:
            return None
        axes = 2 if first.is_image and all(len(shape) >= 2 for shape in theirs) else 1
        wrong = [index for index, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0][:axes] != pair[1][:axes]]
        if not wrong or len(wrong) > (1 - _MOSTLY) * len(ours):
            return None
        index = wrong[0]
        a, b = ours[index][:axes], theirs[index][:axes]
        told = (a[0], b[0]) if axes == 1 else (a, b)
        places = [elements.where(each) for each in wrong[:_MOST_SHOWN]]
        return self.finding(
            f"{first.name} has the length {told[0]} and {second.name} {told[1]}, where they agree everywhere else.",
            seen=f"so in {len(wrong):,} of {len(ours):,} elements that were looked at",
            where=places,
            at=node,
            fix=f"Mend or leave out {'this element' if len(wrong) == 1 else 'these elements'}, and cut or pad both "
            "components in one function, so that they keep one length.",
        )

    def _shifted(self, node: Node, elements: Elements, first: Component, second: Component) -> Finding | None:
        """Finds labels that are the inputs without their first step, where the inputs keep their last."""
        if (first.role, second.role) != ("x", "y") or len(elements) < _FEWEST:
            return None
        for value, label in zip(first.values, second.values, strict=True):
            if not isinstance(value, np.ndarray) or not isinstance(label, np.ndarray):
                return None
            if value.ndim != 1 or label.ndim != 1 or value.dtype.kind not in "iu" or len(label) != len(value) - 1:
                return None
            if len(label) < 2 or not (value[1:] == label).all():
                return None
        value, label = first.values[0], second.values[0]
        return self.finding(
            f"{second.name} is {first.name} from its second step on, but {first.name} keeps its last step.",
            seen=f"{len(value)} steps and {len(label)} labels in the first element, and so in all {len(elements):,} "
            "that were looked at",
            where=[elements.where(0)],
            at=node,
            fix=f"Give {first.name}[:-1] and {second.name}: then each step's label is the next step.",
        )

    def _resized_alone(self, context: Context, first: Component, second: Component) -> Finding | None:
        """Finds masks that had the size of their images until only the images were resized."""
        if not first.is_image or not _is_mask(second) or first.role != "x" or second.role != "y":
            return None
        ours, theirs = _lengths(first), _lengths(second)
        if ours is None or theirs is None or any(a[:2] == b[:2] for a, b in zip(ours, theirs, strict=True)):
            return None
        found = _step_that_parts(context, first.index, second.index)
        if found is None:
            return None
        node, size = found
        return self.finding(
            f"{first.name} is {_text(ours[0])} and its mask {second.name} {_text(theirs[0])}: "
            "only one of them is resized.",
            seen=f"both were {_text(size)} before, and differ in all {len(ours):,} elements that were looked at",
            where=[context.sample.elements.where(0)],
            at=node,
            fix=f'Resize the mask too: fl.image.resize({second.key or "mask"}, {list(ours[0][:2])}, method="nearest").',
        )


def _lengths(component: Component) -> list[Shape] | None:
    """Returns the shapes of a component that has a length in each element; None where it has not."""
    if not component.values or not all(isinstance(value, np.ndarray) and value.ndim for value in component.values):
        return None
    return [value.shape for value in component.values]


def _is_mask(component: Component) -> bool:
    """Says whether a component has the class of each pixel."""
    values = component.values
    if not values or not all(isinstance(value, np.ndarray) and value.ndim in (2, 3) for value in values):
        return False
    if any(value.ndim == 3 and value.shape[2] != 1 for value in values):
        return False
    return all(len(np.unique(value)) <= _MOST_CLASSES for value in values[:_FEWEST])


def _step_that_parts(context: Context, first: int, second: int) -> tuple[Node, Shape] | None:
    """Returns the `map` behind which two images, of one size in front of it, are of two; and that one size.

    They come into it as components, or are decoded within it.
    """
    for node in reversed(context.plan.of(Map)):
        before = context.sample.into(node).components
        if len(before) > max(first, second):
            ours, theirs = _lengths(before[first]), _lengths(before[second])
            if ours and theirs and all(a[:2] == b[:2] for a, b in zip(ours, theirs, strict=True)):
                return node, ours[0]
        calls = context.sample.calls(node)
        decoded: dict[int, list[Shape]] = {}
        for call in calls.calls:
            if call.name.startswith("decode_") and isinstance(call.result, np.ndarray) and call.result.ndim == 3:
                decoded.setdefault(call.element, []).append(call.result.shape[:2])
        resized = {call.element for call in calls.of("resize", "resize_with_pad", "resize_with_crop_or_pad")}
        sizes = list(decoded.values())
        if sizes and resized == set(decoded) and all(len(size) == 2 and size[0] == size[1] for size in sizes):
            return node, sizes[0][0]
    return None


def _text(shape: Shape) -> str:
    return f"{shape[0]} x {shape[1]}"
