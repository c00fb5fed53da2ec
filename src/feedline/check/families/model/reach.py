"""FL513: targets beyond what the last activation can give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feedline.check.families.content.given import number
from feedline.check.families.model.given import Given, Part
from feedline.check.families.model.model_rule import ModelRule
from feedline.check.families.model.targets import Target, aligned, equal, targets_of
from feedline.check.finding import Finding
from feedline.check.model import ModelFacts

_REACH = {
    "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0), "hard_tanh": (-1.0, 1.0),
}  # fmt: skip
"""From where to where an activation goes."""

_LOSSES = frozenset({
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "huber", "log_cosh",
})  # fmt: skip
"""Losses that are least where the output is the target."""

_ROOM = 0.05
_LEAST_SHARE = 0.1
"""Which part of the targets must be out of reach: some beyond the range that others were scaled to are no mistake."""

_FEWEST = 16
_MOST_VALUES = 4096


class TargetRange(ModelRule):
    """Targets lie where the last activation cannot come."""

    code = "FL513"
    name = "target-range"
    severity = "error"
    needs = ("model",)
    why = (
        "The output comes as near as its activation lets it and stays there, with hardly a gradient: the loss falls "
        "for a while, and then stands still at the distance that is left."
    )

    def findings(self, model: ModelFacts, given: Given) -> Iterator[Finding]:
        for target in targets_of(model, given):
            port, part = target.port, target.part
            if port is None or part is None or target.loss.name not in _LOSSES or port.activation not in _REACH:
                continue
            if not part.is_number or part.shape is None or target.output is None:
                continue
            if not equal(*aligned(part.shape, target.output)):
                continue  # FL511 tells of another shape
            if port.activation == "softmax" and target.classes == 1:
                continue  # FL507 tells that it is always 1
            low, high = _REACH[port.activation]
            values = _values_of(target, part)
            if len(values) < _FEWEST:
                continue
            room = _ROOM * (high - low)
            share = float(((values < low - room) | (values > high + room)).mean())
            if share >= _LEAST_SHARE:
                yield self._of(target, part, given, (low, high), values, share)

    def _of(
        self, target: Target, part: Part, given: Given, reach: tuple[float, float], values: np.ndarray, share: float
    ) -> Finding:
        assert target.port is not None
        (low, high), (least, greatest) = reach, (float(values.min()), float(values.max()))
        room = _ROOM * (high - low)
        fix = f"Make the last layer {target.written_layer(activation='linear')}, without activation"
        if greatest > least:
            sign, width = "-" if least >= 0 else "+", f"{greatest - least:.6g}"
            scaled = f"({{}} {sign} {abs(least):.6g}) / {width}"
            scaled = scaled if low == 0 else f"2 * {scaled} - 1"
            fix += f"; or scale the targets to {low:g} to {high:g}: {given.written_map(part, scaled)}"
        return self.finding(
            f"{target.port.activation} gives {low:g} to {high:g}, and the targets are {number(least)} to "
            f"{number(greatest)}.",
            seen=f"{share:.0%} of the values of {part.name} are out of reach of {target.output_told}; the loss is "
            f"{target.loss.name}; looked at {given.context.seen()}",
            at=given.step("y"),
            where=part.where(lambda value: (value < low - room) | (value > high + room)),
            fix=fix + ".",
        )


def _values_of(target: Target, part: Part) -> np.ndarray:
    """Returns the targets that weigh something and are numbers; of large elements some of their values."""
    component, weight = part.component, target.weight
    if component is None or part.values is None:
        return np.zeros(0)
    rows = component.rows
    if weight is not None and weight.values is not None and not (weight.values.minimum or 0) > 0:
        if weight.component is None or weight.shape != () or len(weight.component.rows) != len(rows):
            return np.zeros(0)  # weights within an element: which values count is not told here
        rows = [row for row, weighs in zip(rows, weight.component.rows, strict=True) if weighs]
    thinned = []
    for row in rows:
        flat = np.asarray(row, np.float64).reshape(-1) if np.size(row) <= _MOST_VALUES else _thinned(np.asarray(row))
        thinned.append(flat[np.isfinite(flat)])
    return np.concatenate(thinned) if thinned else np.zeros(0)


def _thinned(row: np.ndarray) -> np.ndarray:
    flat = row.reshape(-1)
    return flat[:: len(flat) // _MOST_VALUES + 1].astype(np.float64)
