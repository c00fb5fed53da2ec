"""FL209: labels outside the range that there are classes for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.given import changing_step, given, number, pixels
from feedline.check.families.model.given import Given
from feedline.check.families.model.targets import targets_of
from feedline.check.finding import Finding
from feedline.check.model import LossFacts, Port
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.sparse import SparseTensor

_MOST_CLASSES = 1000
_FEWEST = 8


class LabelOutOfRange(Rule):
    """Labels are negative, or larger than the last class."""

    code = "FL209"
    name = "label-out-of-range"
    severity = "error"
    needs = ("sample",)
    why = (
        "No output stands for such a label. JAX and PyTorch on a GPU do not even raise: the loss becomes NaN, or the "
        "element teaches nothing."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        labels = [each for each in elements.labels if not any(isinstance(row, SparseTensor) for row in each.rows[:1])]
        model = context.model
        if model is not None and model.losses:
            targets = targets_of(model, Given(context))
            by_index = {component.index: component for component in labels}
            for target in targets:
                part = target.part.component if target.part is not None else None
                component = by_index.get(part.index) if part is not None else None
                if component is not None and target.port is not None:
                    yield from self._by_model(context, elements, component, target.port, target.loss)
            if model.outputs or any(target.port is not None for target in targets):
                return
        for component in labels:
            yield from self._alone(context, elements, component)

    def _by_model(
        self, context: Context, elements: Elements, component: Component, port: Port, loss: LossFacts
    ) -> Iterator[Finding]:
        statistics = component.statistics
        if not statistics.is_number or not statistics.integer_valued:
            return
        if loss.name.startswith("sparse_") and port.classes is not None:
            classes, ignored = port.classes, getattr(loss.value, "ignore_class", None)
        elif loss.name.startswith("binary_") and port.classes == 1:
            classes, ignored = 2, None
        else:
            return
        found = _outside(component, classes, ignored, _weights(elements))
        if found is None:
            return
        low, high, values, rows = found
        if loss.name.startswith("binary_") and len(values) > 2:
            return  # FL505: more classes than two
        if low >= 0 and set(range(classes + 1)) <= set(values):
            return  # FL507: there are more classes than outputs
        yield self.finding(
            f"labels from {number(low)} to {number(high)} go to the output {port.name!r}, which knows 0 to "
            f"{classes - 1}.",
            seen=f"{component.name} is outside in {len(rows):,} of {len(component.rows):,} elements: {_some(rows)}",
            where=[elements.where_row(rows[0][0])],
            at=changing_step(context),
            fix=_fix(context, low, high, classes, values, sparse=loss.name.startswith("sparse_")),
        )

    def _alone(self, context: Context, elements: Elements, component: Component) -> Iterator[Finding]:
        """Tells, without a model, of what can hardly be anything else."""
        statistics = component.statistics
        if not statistics.is_number or not statistics.integer_valued or len(component.rows) < _FEWEST:
            return
        distinct = statistics.distinct
        if statistics.row_shapes and set(statistics.row_shapes) == {(1,)}:
            rows = [int(np.asarray(row).reshape(-1)[0]) for row in component.rows]
            distinct = dict.fromkeys(rows)  # type: ignore[assignment]
        if distinct is not None:
            names = sorted(int(value) for value in distinct)
            above = [value for value in names if value >= 0]
            contiguous = 3 <= len(above) == above[-1] + 1 and len(names) <= _MOST_CLASSES
            if names[:1] != [-1] or not contiguous or len(names) > 0.5 * len(component.rows):
                return
            found = _outside(component, above[-1] + 1, None, _weights(elements))
            if found is None or len(found[3]) > 0.5 * len(component.rows):
                return
            yield self.finding(
                f"some labels are -1, the others 0 to {above[-1]}.",
                seen=f"{component.name} is -1 in {len(found[3]):,} of {len(component.rows):,} elements",
                where=[elements.where_row(found[3][0][0])],
                at=changing_step(context),
                fix=_fix(context, -1, above[-1], above[-1] + 1, names, sparse=True)
                if len(found[3]) < 0.5 * len(component.rows) / len(names)
                else "They begin at -1, which is as frequent as the others: add 1, or leave out what subtracts 1.",
                severity="warning",
            )
        elif (
            pixels(component)
            and statistics.minimum == 0
            and statistics.maximum == 255
            and _is_black_and_white(component)
        ):
            inputs = [each for each in elements.inputs if each.statistics.is_number]
            if any(each.statistics.maximum is not None and each.statistics.maximum > 1.01 for each in inputs):
                return  # nothing is scaled yet: the model may do it
            yield self.finding(
                "the masks are 0 and 255, where the images are scaled.",
                seen=f"{component.name} is {statistics.dtype} of 0 and 255 and nothing between; {context.seen()}",
                at=changing_step(context),
                fix="Make 0 and 1 of them: fl.cast(mask > 127, fl.float32).",
                severity="warning",
            )


def _weights(elements: Elements) -> np.ndarray | None:
    """Returns the weight of each row, where each has one."""
    weights = elements.with_role("sample_weight")
    if len(weights) != 1 or any(np.ndim(row) for row in weights[0].rows):
        return None
    return np.array(weights[0].rows, np.float64)


def _outside(
    component: Component, classes: int, ignored: int | None, weights: np.ndarray | None
) -> tuple[float, float, list[int], list[tuple[int, int]]] | None:
    """Returns the least and the greatest label, all distinct ones, and the rows with one outside, with that label.

    Args:
        component: the labels, one or many an element.
        classes: how many classes there are.
        ignored: a label that the loss ignores.
        weights: the weight of each row: what weighs nothing does no harm.
    """
    rows: list[tuple[int, int]] = []
    values: set[int] = set()
    for index, row in enumerate(component.rows):
        array = np.asarray(row).reshape(-1)
        found = np.unique(array) if len(array) > 1 else array
        kept = [int(value) for value in found.tolist() if value == value and int(value) != ignored]
        values.update(kept)
        bad = next((value for value in kept if not 0 <= value < classes), None)
        if bad is not None and (weights is None or weights[index] != 0):
            rows.append((index, bad))
        if len(values) > 100_000:
            return None
    if not rows:
        return None
    return float(min(values)), float(max(values)), sorted(values), rows


def _some(rows: list[tuple[int, int]]) -> str:
    return ", ".join(dict.fromkeys(f"{value:,}" for _, value in rows[:50]))[:60]


def _is_black_and_white(component: Component) -> bool:
    return all(bool(((array == 0) | (array == 255)).all()) for array in component.statistics.arrays)


def _fix(context: Context, low: float, high: float, classes: int, values: list[int], sparse: bool) -> str:
    before = written(context.plan.batch) if context.plan.batch is not None else ".batch(...)"
    if not sparse:
        change = "y / 255" if high == 255 else "y - 1" if low == 1 else "fl.cast(y > 0, fl.float32)"
        return f"Make 0 and 1 of them: .map(lambda x, y: (x, {change})) in front of {before}."
    if low == -1:
        return (
            f"-1 often stands for no label: write .filter(lambda x, y: y >= 0) in front of {before}, or let the loss "
            "pass them by: keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)."
        )
    if low == 1 and high == classes:
        return f"They begin at 1: write .map(lambda x, y: (x, y - 1)) in front of {before}."
    if high == 255 and classes < 255:
        return "255 often stands for no class: give the loss ignore_class=255, or make another class of it."
    if low < 0:
        return f"Give each class a number from 0 to {classes - 1}, with a dict, in front of {before}."
    return (
        f"Number the {len(values)} classes from 0 to {len(values) - 1}, or give the last layer {int(high) + 1} units "
        f"instead of {classes}."
    )
