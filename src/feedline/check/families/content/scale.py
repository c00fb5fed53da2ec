"""FL203 and FL204: inputs at a scale that training does not expect, and images that are scaled twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline import image
from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.first_layers import Beginning, beginning_for
from feedline.check.families.content.given import (
    change_written,
    changing_step,
    given,
    number,
    pixels,
    span,
    step_of,
    table,
)
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.nodes.map import Map

_ONCE = 1 / 255
_FEWEST = 4
_FEWEST_ROWS = 32
_LARGEST_RATIO = 1000
_LARGE = 100


class ValueRange(Rule):
    """Inputs at a scale that training does not expect."""

    code = "FL203"
    name = "value-range"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Weights begin at a size that suits inputs of about 1. Larger ones saturate the first layers and make steps of "
        "the usual learning rate far too long: the loss jumps, or stays where it is."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        for component in elements.inputs:
            if not component.statistics.is_number or len(component.rows) < _FEWEST:
                continue
            beginning = beginning_for(context, elements, component)
            if context.model is not None and (beginning is None or not beginning.raw or beginning.rescalings):
                mixed = _mixed_scales(component)
                if mixed is not None:
                    yield self._mixed(context, elements, component, *mixed)
                continue
            yield from self._of_component(context, elements, component, beginning)

    def _of_component(
        self, context: Context, elements: Elements, component: Component, beginning: Beginning | None
    ) -> Iterator[Finding]:
        mixed = _mixed_scales(component)
        if mixed is not None:
            yield self._mixed(context, elements, component, *mixed)
        elif from_0_to_255(component):
            if unscaling_conversion(context) is not None:  # FL205 tells it
                return
            if _is_float(component) or (beginning is not None and component.is_image):
                yield self._unscaled(context, component, beginning, 255)
        elif _from_0_to_65535(component):
            yield self._unscaled(context, component, beginning, 65535)
        else:
            yield from self._columns(context, component, beginning)

    def _unscaled(self, context: Context, component: Component, beginning: Beginning | None, top: int) -> Finding:
        if beginning is not None:
            message = f"images from 0 to {top} go into {beginning.layer!r}, and nothing scales them."
        else:
            message = f"the images are floats from 0 to {top}, and no step scales them."
        return self.finding(
            message,
            seen=f"{span(component)}; {context.seen()}",
            at=changing_step(context),
            fix=f"{change_written(context, f'fl.cast(x, fl.float32) / {top}')}, or begin the model with "
            f"keras.layers.Rescaling(1 / {top})"
            + ("." if beginning is not None else "; where it begins so, tell it: check(model=model)."),
            severity="warning" if beginning is not None else "hint",
        )

    def _mixed(
        self, context: Context, elements: Elements, component: Component, unit: np.ndarray, wide: np.ndarray
    ) -> Finding:
        one, other = int(np.flatnonzero(unit)[0]), int(np.flatnonzero(wide)[0])
        return self.finding(
            "some images go from 0 to 1, others from 0 to 255.",
            seen=f"{int(unit.sum()):,} images up to 1, {int(wide.sum()):,} up to 255; {context.seen()}",
            where=[f"from 0 to 1: {elements.where_row(one)}", f"from 0 to 255: {elements.where_row(other)}"],
            at=changing_step(context),
            fix="Divide by 255 only those that were decoded as whole numbers (decode_png and decode_jpeg give uint8; "
            "matplotlib's imread gives 0 to 1 for PNG), so that all have one scale.",
        )

    def _columns(self, context: Context, component: Component, beginning: Beginning | None) -> Iterator[Finding]:
        rows = table(component)
        if rows is None or len(rows) < _FEWEST_ROWS or rows.shape[1] > 256 or pixels(component):
            return
        if not _is_float(component) or not np.isfinite(rows).all():
            return
        varied = [column for column in range(rows.shape[1]) if len(np.unique(rows[:, column])) > 2]
        if len(varied) < 2:
            return
        deviations = rows[:, varied].std(axis=0)
        widest, narrowest = varied[int(deviations.argmax())], varied[int(deviations.argmin())]
        if deviations.max() < _LARGE or deviations.max() < _LARGEST_RATIO * deviations.min():
            return
        wide, narrow = rows[:, widest], rows[:, narrowest]
        yield self.finding(
            f"the columns of {component.name} have scales that differ by a factor of "
            f"{deviations.max() / deviations.min():,.0f}.",
            seen=f"column {widest} goes from {number(wide.min())} to {number(wide.max())}, column {narrowest} from "
            f"{number(narrow.min())} to {number(narrow.max())}; {context.seen()}",
            at=changing_step(context),
            fix="Subtract each column's mean and divide by its standard deviation, both taken of the training data, "
            "or begin the model with keras.layers.Normalization() and adapt it."
            + ("" if beginning is not None else " Where it begins so, tell it: check(model=model)."),
            severity="warning" if beginning is not None else "hint",
        )


class ScaledTwice(Rule):
    """Images are divided by 255 twice."""

    code = "FL204"
    name = "scaled-twice"
    severity = "error"
    needs = ("sample",)
    why = "What the model sees is all but black: differences between images are of the size of rounding to it."

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        for component in elements.inputs:
            if len(component.rows) < _FEWEST or not _is_float(component):
                continue
            if _twice(component):
                yield self._by_steps(context, component)
            elif context.model is not None and pixels(component):
                yield from self._by_model(context, component, beginning_for(context, elements, component))

    def _by_steps(self, context: Context, component: Component) -> Finding:
        steps = scaling_steps(context)
        if len(steps) > 1:
            fix = f"Leave the division by 255 out of {steps[-1].label()}, the second step that scales."
        elif steps and context.plan.functions(steps[0])[0].mentions(image.convert_image_dtype):
            fix = f"Leave out the division by 255 in {steps[0].label()}: convert_image_dtype scales already."
        elif steps:
            fix = f"Leave the division by 255 out of {steps[0].label()}: what comes into it is scaled already."
        else:
            fix = "Divide by 255 once; leave out all other scaling."
        return self.finding(
            "the images are divided by 255 twice.",
            seen=f"{span(component)}: 1/255 is 0.003922; {context.seen()}",
            where=step_of(context, steps[:-1]),
            at=steps[-1] if steps else changing_step(context),
            fix=fix,
        )

    def _by_model(self, context: Context, component: Component, beginning: Beginning | None) -> Iterator[Finding]:
        statistics = component.statistics
        if beginning is None or not beginning.rescalings or statistics.maximum is None or statistics.minimum is None:
            return
        scale = float(np.prod([each for each, _ in beginning.rescalings]))
        narrow = statistics.minimum >= -1.001 and 0.1 < statistics.maximum <= 1.001
        if not narrow or not 0 < abs(scale) <= 1 / 100 or statistics.minimum == statistics.maximum:
            return
        steps = scaling_steps(context)
        names = ", ".join(name for _, name in beginning.rescalings)
        step = steps[-1] if steps else changing_step(context)
        yield self.finding(
            f"the images are scaled by the pipeline, and again by the model's layer {names!r}.",
            seen=f"{span(component)}; {names} multiplies by {number(scale)}, so that the next layer is given "
            f"values that differ by {number(abs(scale) * (statistics.maximum - statistics.minimum))} at the most; "
            f"{context.seen()}",
            where=step_of(context, steps[:-1]),
            at=step,
            fix=f"Leave the scaling out of {step.label()}, so that the model is given 0 to 255; or take the layer "
            f"{names!r} out of the model.",
        )


def scaling_steps(context: Context) -> list[Map]:
    """Returns the `map` steps that divide by 255, by what comes into them and out of them, or by their code."""
    return [node for node in context.plan.maps if _scales(context, node)]


def unscaling_conversion(context: Context) -> Map | None:
    """Returns a step that calls `convert_image_dtype` on floats, of which it changes nothing but the dtype."""
    for node in context.plan.maps:
        if any(facts.mentions(image.convert_image_dtype) for facts in context.plan.functions(node)):
            after = _images(context.sample.at(node))
            if any(from_0_to_255(component) and component.dtype != np.uint8 for component in after):
                return node
    return None


def _scales(context: Context, node: Map) -> bool:
    before, after = _images(context.sample.into(node)), _images(context.sample.at(node))
    if before and after:
        high, low = before[0].statistics, after[0].statistics
        if not high.maximum or not low.maximum or high.minimum is None or low.minimum is None:
            return False
        ratio = (high.maximum - high.minimum) / max(1e-12, low.maximum - low.minimum)
        return ratio > 100
    constants: tuple[Any, ...] = sum((facts.constants for facts in context.plan.functions(node)), ())
    names = [facts.mentions(image.convert_image_dtype) for facts in context.plan.functions(node)]
    return bool(after) and (any(names) or any(value in (255, 127.5, 1 / 255) for value in constants))


def _images(elements: Elements) -> list[Component]:
    return [
        component
        for component in elements.components
        if component.role in ("x", None) and component.statistics.is_number and pixels(component)
    ]


def _is_float(component: Component) -> bool:
    return component.dtype is not None and component.dtype.kind == "f"


def from_0_to_255(component: Component) -> bool:
    statistics = component.statistics
    if not pixels(component) or not statistics.in_255 or (statistics.maximum or 0) <= 128:
        return False
    return component.is_image or statistics.integer_valued


def _from_0_to_65535(component: Component) -> bool:
    statistics = component.statistics
    if not component.is_image or not _is_float(component):
        return False
    return statistics.within(0, 65535) and (statistics.maximum or 0) > 4096 and statistics.integer_valued


def _twice(component: Component) -> bool:
    """Says whether values are those of pixels divided by 255 twice, or to -1 to 1 after having been divided."""
    statistics = component.statistics
    low, high = statistics.minimum, statistics.maximum
    if low is None or high is None or not pixels(component) or low == high:
        return False
    divided = low >= 0 and 0 < high <= _ONCE * 1.02
    shifted = abs(low + 1) < 1e-4 and -1 < high <= -1 + 2 * _ONCE * 1.02
    return divided or shifted


def _mixed_scales(component: Component) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns which images go up to 1 and which up to 255, where there are both; None where there are not."""
    statistics = component.statistics
    if not component.is_image or not _is_float(component) or not statistics.in_255:
        return None
    if (statistics.maximum or 0) <= 128:
        return None
    highest = np.array([float(np.max(row)) if np.size(row) else 0.0 for row in component.rows])
    unit = np.array([0.1 < top <= 1 for top in highest])
    wide = highest > 32
    for index in np.flatnonzero(unit):  # a picture of whole numbers may be black but for a few pixels of 1
        row = np.asarray(component.rows[index])
        unit[index] = bool(((row > 0) & (row < 1)).any())
    return (unit, wide) if unit.any() and wide.any() else None
