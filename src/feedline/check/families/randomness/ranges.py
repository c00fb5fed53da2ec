"""FL605: augmentation that pushes values out of the range that images have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component
from feedline.check.families.randomness.drawing import names_of, random_layers, random_maps
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.check.trials import Ranges, Trial
from feedline.nodes.base import Node
from feedline.nodes.map import Map

_ROOM = 1e-3
_FAR = 0.02
_FEWEST_VALUES = 0.005
"""Which part of the values must lie outside by more than that part of the range: small noise does no harm."""

_LARGEST_SHARE = 1.0
"""How far outside, in parts of the range, augmentation can push; values further out are on another scale."""

_SAME_SCALE = 1.35
_FARTHEST = 0.15
"""How far, in parts of the range, the mean of all values may move: further is centring, not augmentation."""

_SAME_MEAN, _SAME_MOVE = 0.03, 2.5
"""How far the means of all elements may move to the one side, in parts of the range, or in standard deviations."""

_SCALES = (1.0, 1 / 255)
"""What a function may multiply whole numbers by before it changes them at random."""


class OutOfRange(Rule):
    """Random changes take values out of the range from 0 to 1, or 0 to 255, and nothing brings them back."""

    code = "FL605"
    name = "out-of-range"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Validation images keep to the range, so that the model is trained on values that it will never meet; and what "
        "needs the range, such as a conversion to uint8, wraps around or fails."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        if not context.trains:
            return
        for node, trial in random_maps(context):
            layer = _layer_of_another_range(context, node, trial)
            if layer is not None:
                yield self._of_a_layer(node, trial, *layer)
                continue
            for index in trial.changing:
                found = _pushed_out(trial, index)
                if found is None or _comes_back(context, node, trial, index, found[0]):
                    continue
                (low, high), least, greatest, count, share = found
                facts = context.plan.functions(node)
                name = trial.result_names[index][0]
                yield self.finding(
                    f"{node.label()} takes {name} out of the range from {low:g} to {high:g}.",
                    seen=f"values from {least:.4g} to {greatest:.4g} in {count} of {len(trial.tried)} elements, "
                    f"{share:.1%} of their values outside; it draws with {names_of(facts)}",
                    at=node,
                    where=_places(context, node, trial, index, (low, high)),
                    fix=f"Clip behind it: np.clip(image, {low:g}, {high:g}) at the end of the function.",
                )
                break

    def _of_a_layer(self, node: Map, trial: Trial, layer: Any, bounds: Ranges, made: Ranges) -> Finding:
        name, (low, high) = type(layer).__name__, bounds
        known = f"({layer.value_range[0]:g}, {layer.value_range[1]:g})"
        return self.finding(
            f"{name} takes images from {low:g} to {high:g} for ones of {known}.",
            seen=f"value_range={known}; values from {low:g} to {high:g} go into {node.label()}, and from {made[0]:.4g} "
            f"to {made[1]:.4g} come out of it",
            at=node,
            fix=f"Write {name}(..., value_range=({low:g}, {high:g})).",
        )


def _layer_of_another_range(context: Context, node: Map, trial: Trial) -> tuple[Any, Ranges, Ranges] | None:
    """Returns a Keras layer that takes images for ones of another range than they have, with what comes of it."""
    layers = [layer for facts in context.plan.functions(node) for layer in random_layers(facts)]
    layers = [layer for layer in layers if len(getattr(layer, "value_range", None) or ()) == 2]
    for layer in layers:
        for index in trial.changing:
            _, key, role = trial.result_names[index]
            for place, (_, given_key, given_role) in enumerate(trial.given_names):
                values = [tried.given[place] for tried in trial.tried]
                if (given_key, given_role) != (key, role) or not all(_is_floats(value) for value in values):
                    continue
                bounds = _range_named((min(float(v.min()) for v in values), max(float(v.max()) for v in values)))
                made = [tried.first[index] for tried in trial.tried]
                if bounds is None or bounds[1] == layer.value_range[1] or not all(_is_floats(value) for value in made):
                    continue
                reached = min(float(value.min()) for value in made), max(float(value.max()) for value in made)
                if bounds[1] < layer.value_range[1] and not _is_within(reached, bounds):
                    return layer, bounds, reached
    return None


def _is_floats(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0


def _pushed_out(trial: Trial, index: int) -> tuple[Ranges, float, float, int, float] | None:
    """Returns the range, the least and the greatest value, in how many elements, and which part of these elements'
    values are outside; None where nothing is pushed out.
    """
    made = [value for tried in trial.tried for value in (tried.first[index], tried.later[index])]
    if not all(map(_is_floats, made)):
        return None
    bounds = _bounds(trial, index)
    if bounds is None:
        return None
    low, high = bounds
    room = (high - low) * _FAR
    arrays = [np.asarray(value, np.float64) for value in made]
    outside = [float(((array < low - room) | (array > high + room)).mean()) for array in arrays]
    least, greatest = min(float(array.min()) for array in arrays), max(float(array.max()) for array in arrays)
    reach = _LARGEST_SHARE * (high - low)
    share = float(np.mean(outside))
    if share < _FEWEST_VALUES or not np.isfinite([least, greatest]).all():
        return None
    if least < low - reach or greatest > high + reach:
        return None
    count = sum(max(pair) > 0 for pair in zip(outside[::2], outside[1::2], strict=True))
    return bounds, least, greatest, count, share


def _bounds(trial: Trial, index: int) -> Ranges | None:
    """Returns the range of a component in front of what is random; None where it has none, or another one behind it."""
    by_call = [_bounds_by_calls(tried.calls, tried.first[index]) for tried in trial.tried]
    known = {bounds for bounds in by_call if bounds is not None}
    if known:
        return known.pop() if len(known) == 1 else None
    return _bounds_by_values(trial, index)


def _bounds_by_calls(calls: list[Any], result: np.ndarray) -> Ranges | None:
    """Returns the range in front of a random image operation that left it, where what it gave is what came out."""
    least, greatest = float(result.min()), float(result.max())
    for call in calls:
        if "random_" not in call.function.__name__ or call.given is None or call.returned is None:
            continue
        bounds = _range_named(call.given)
        if bounds is None or _is_within(call.returned, bounds):
            continue
        if np.isclose(least, call.returned[0], atol=1e-5) and np.isclose(greatest, call.returned[1], atol=1e-5):
            return bounds
    return None


def _bounds_by_values(trial: Trial, index: int) -> Ranges | None:
    """Returns the range of the input that a component was made of, where mean and spread say that the scale stayed, or
    that whole numbers were divided by 255 on the way.
    """
    _, key, role = trial.result_names[index]
    shape = trial.tried[0].first[index].shape
    for place, (_, given_key, given_role) in enumerate(trial.given_names):
        values = [tried.given[place] for tried in trial.tried]
        if (given_key, given_role) != (key, role) or getattr(values[0], "shape", None) != shape or len(shape) < 2:
            continue
        if not all(isinstance(value, np.ndarray) and value.dtype.kind in "iuf" for value in values):
            continue
        given = np.concatenate([np.asarray(value, np.float64).reshape(-1) for value in values])
        made = np.concatenate(
            [np.asarray(value, np.float64).reshape(-1) for t in trial.tried for value in (t.first[index],
             t.later[index])]
        )  # fmt: skip
        bounds = _range_named((float(given.min()), float(given.max())))
        if bounds is None or given.std() == 0 or (values[0].dtype.kind != "f" and bounds[1] == 1):
            return None
        twice = given.reshape(len(values), 1, -1).repeat(2, axis=1).reshape(-1)
        slope = float(((twice - twice.mean()) * (made - made.mean())).mean() / given.var())
        for scale in _SCALES if bounds[1] == 255 else _SCALES[:1]:
            spread = made.std() / (given.std() * scale)
            same_scale = 1 / _SAME_SCALE < spread < _SAME_SCALE**2
            same_scale = (
                same_scale or 1 / _SAME_SCALE < slope / scale < _SAME_SCALE
            )  # noise spreads values, and no more
            moved = abs(made.mean() - given.mean() * scale) / (bounds[1] * scale)
            if same_scale and moved < _FARTHEST:
                scaled = bounds[0] * scale, bounds[1] * scale
                by_chance = _ends_differ(trial, index, scaled) and not _is_centred(trial, index, place, scaled, scale)
                return scaled if by_chance else None
        return None
    return None


def _ends_differ(trial: Trial, index: int, bounds: Ranges) -> bool:
    """Says whether how far values lie outside is another in the next epoch: else it is no chance that takes them out,
    but a mean that is taken off, and pictures are mirrored besides.
    """
    for tried in trial.tried:
        first, later = tried.first[index], tried.later[index]
        lows, highs = sorted((float(first.min()), float(later.min()))), (float(first.max()), float(later.max()))
        if lows[0] < bounds[0] and lows[0] != lows[1]:
            return True
        if max(highs) > bounds[1] and highs[0] != highs[1]:
            return True
    return False


def _is_centred(trial: Trial, index: int, place: int, bounds: Ranges, scale: float) -> bool:
    """Says whether all elements are darker, or brighter, by about the same: a mean is taken off."""
    moved = np.array([
        float(np.mean(value, dtype=np.float64)) - float(np.mean(tried.given[place], dtype=np.float64)) * scale
        for tried in trial.tried for value in (tried.first[index], tried.later[index])
    ])  # fmt: skip
    return bool(abs(moved.mean()) > max(_SAME_MEAN * (bounds[1] - bounds[0]), _SAME_MOVE * moved.std()))


def _range_named(seen: Ranges) -> Ranges | None:
    """Returns 0 to 1 or 0 to 255, where values of images lie in that range and fill a good part of it."""
    least, greatest = seen
    if least < 0:
        return None
    if 0.4 < greatest <= 1 + 1e-6:
        return 0.0, 1.0
    return (0.0, 255.0) if 100 < greatest <= 255.001 else None


def _is_within(seen: Ranges, bounds: Ranges) -> bool:
    room = (bounds[1] - bounds[0]) * _ROOM
    return bounds[0] - room <= seen[0] and seen[1] <= bounds[1] + room


def _comes_back(context: Context, node: Node, trial: Trial, index: int, bounds: Ranges) -> bool:
    """Says whether a later step brings the values back into the range, or clips them on another scale."""
    sample, plan = context.sample, context.plan
    _, key, role = trial.result_names[index]
    for later in plan.after(node):
        codes = [code for facts in plan.functions(later) for code in facts.codes] if isinstance(later, Map) else []
        if any("clip" in name for code in codes for name in code.co_names):
            return True
    last = [part for part in sample.output.components if (part.key, part.role) == (key, role)]
    if len(last) != 1:
        return False
    component: Component = last[0]
    if component.dtype is not None and component.dtype.kind != "f":
        return True
    return component.statistics.within(*bounds, slack=_ROOM)


def _places(context: Context, node: Map, trial: Trial, index: int, bounds: Ranges) -> list[str]:
    for place, tried in enumerate(trial.tried):
        value = tried.first[index]
        if not _is_within((float(value.min()), float(value.max())), bounds):
            return [f"{context.sample.into(node).where(trial.numbers[place])}: {value.min():.4g} to {value.max():.4g}"]
    return []
