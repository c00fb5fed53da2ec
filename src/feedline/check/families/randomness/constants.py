"""FL607 and FL608: values on another scale, and images resized in another way, in training and validation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component
from feedline.check.families.randomness.replay import Replay, Replayed, replayed
from feedline.check.families.randomness.scales import Difference, scaled_apart
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.check.trials import ImageCall
from feedline.nodes.base import Node
from feedline.nodes.map import Map

_MOST_CONSTANTS = 4
_SMALL = 0.4
"""Scales that are nearer to each other than this are those of other data, rather than another way to scale."""


class ConstantsDiffer(Rule):
    """Values are scaled by other numbers in training than in validation."""

    code = "FL607"
    name = "constants-differ"
    severity = "error"
    needs = ("sample", "against")
    why = (
        "What is learnt on one scale means nothing on another: the validation score is bad for a model that is good, "
        "and so is every prediction that is prepared in that way."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        replay = context.once(replayed)
        other = context.against
        if replay is None or other is None:
            return
        ours, theirs = context.use, other.use
        for found in context.once(scaled_apart)[:1]:
            here, there = _range_text(found.ours), _range_text(found.theirs)
            step, their_step = _scaling(replay.ours, context.plan), _scaling(replay.theirs, other.plan)
            yield self.finding(
                f"{found.ours.name} is on another scale in the {theirs} data than in the {ours} data.",
                seen=f"the same {replay.count} elements become {here} in the {ours} data, {there} in the {theirs} data"
                + _relation(found, ours, theirs)
                + _constants(replay, context, other, ours, theirs),
                at=step or context.plan.elements,
                where=_there(their_step or other.plan.elements, theirs),
                fix=_one_function(step, their_step, ours, theirs),
                severity="warning" if found.largest < _SMALL else "error",
            )


def _one_function(ours: Map | None, theirs: Map | None, use: str, other_use: str) -> str:
    if ours is None or theirs is None:
        scales, lacks = (theirs, use) if ours is None else (ours, other_use)
        step = "the same .map(...)" if scales is None else written(scales)
        return f"Write {step} on the {lacks} data too."
    return (
        "Scale both with one function, and with numbers that were computed once, of the training data: "
        f"{written(ours)} of the {use} data and {written(theirs)} of the {other_use} data differ."
    )


def _there(node: Node, use: str) -> list[str]:
    return [f"{node.label()} of the {use} data, at {node.origin}"]


def _scaling(side: Replayed, plan: Plan) -> Map | None:
    """Returns the map that is most likely to scale: the last one that holds arithmetic, else the last."""
    for step in reversed(side.steps):
        if any(facts.constants or facts.references for facts in plan.functions(step)):
            return step
    return side.steps[-1] if side.steps else None


def _range_text(component: Component) -> str:
    statistics = component.statistics
    return (
        f"{statistics.minimum:.4g} to {statistics.maximum:.4g} (mean {statistics.mean:.3g}, deviation "
        f"{statistics.std:.3g})"
    )


def _relation(found: Difference, ours: str, theirs: str) -> str:
    if not found.is_scaled or found.by_column:
        return ", by another factor in each channel or column" if found.by_column else ""
    sign = "+" if found.offset >= 0 else "-"
    offset = f" {sign} {abs(found.offset):.4g}" if abs(found.offset) > 1e-3 * max(1.0, abs(found.factor)) else ""
    return f": {theirs} = {found.factor:.4g} * {ours}{offset}"


def _constants(replay: Replay, context: Context, other: Context, ours: str, theirs: str) -> str:
    """Returns the numbers that the code of only one of the two has."""
    first = {number for step in replay.ours.steps for number in _numbers(context.plan, step)}
    second = {number for step in replay.theirs.steps for number in _numbers(other.plan, step)}
    told = []
    for numbers, use in ((first - second, ours), (second - first, theirs)):
        if 0 < len(numbers) <= _MOST_CONSTANTS:
            told.append(f"{', '.join(f'{number:g}' for number in sorted(numbers))} in the {use} data")
    return f"; only the code has {' and '.join(told)}".replace("only the code", "the code") if told else ""


def _numbers(plan: Plan, step: Map) -> set[float]:
    found: set[float] = set()
    for facts in plan.functions(step):
        found |= {float(number) for number in facts.constants}
        found |= {float(value) for _, value in facts.references if type(value) in (int, float)}
        found |= {float(value) for _, value in facts.references if isinstance(value, np.floating | np.integer)}
    return {number for number in found if number not in (0, 1, -1)}


class ResizeDiffers(Rule):
    """Images are resized in another way in training than in validation."""

    code = "FL608"
    name = "resize-differs"
    severity = "error"
    needs = ("sample", "against")
    why = (
        "Each method leaves other edges and textures, which networks look at before anything else: accuracy drops by "
        "some percent, and nothing tells why."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        replay = context.once(replayed)
        other = context.against
        if replay is None or other is None:
            return
        first, second = _resizes(replay.ours.calls), _resizes(replay.theirs.calls)
        if not first or not second:
            return
        ours, theirs = context.use, other.use
        at, there = _resizing(replay.ours, context.plan), _resizing(replay.theirs, other.plan)
        methods, their_methods = {each[0] for each in first}, {each[0] for each in second}
        if methods - their_methods and their_methods - methods:
            cropped = _crops(replay.ours.calls) or _crops(replay.theirs.calls)
            padded = any(method == _CROP_OR_PAD for method, _ in methods | their_methods)
            if not _looks_different(replay) or (padded and cropped):  # padded, to be cut out of at random
                return
            yield self.finding(
                f"images are resized by {_listed(methods)} in the {ours} data, and by {_listed(their_methods)} in the "
                f"{theirs} data.",
                seen=_counts(replay, first, second),
                at=at or context.plan.elements,
                where=_there(there or other.plan.elements, theirs),
                fix="Give both the same: "
                + _call(methods - their_methods)
                + f" in the {theirs} data, or {_call(their_methods - methods)} in the {ours} data.",
            )
        elif _shapes_differ(replay) and not _crops(replay.ours.calls) and not _crops(replay.theirs.calls):
            sizes, their_sizes = ({each[1] for each in found} for found in (first, second))
            if sizes & their_sizes:
                return
            yield self.finding(
                f"images are resized to {_sizes(sizes)} in the {ours} data, and to {_sizes(their_sizes)} in the "
                f"{theirs} data.",
                seen=_counts(replay, first, second),
                at=at or context.plan.elements,
                where=_there(there or other.plan.elements, theirs),
                fix=f"Resize to {_sizes(sizes)} in both.",
                severity="warning",
            )


Resize = tuple[tuple[str, bool], tuple[int, ...]]
_WITH_PAD, _CROP_OR_PAD = "resize_with_pad", "resize_with_crop_or_pad"


def _resizes(calls: list[ImageCall]) -> list[Resize]:
    """Returns how images were resized: the method, whether with antialias, and the size, where that was another.

    What keeps the shape of things and pads the rest, or cuts off what is too much, is a method of its own.
    """
    found: list[Resize] = []
    for call in calls:
        name, arguments = call.function.__name__, call.arguments
        if call.within or name not in ("resize", _WITH_PAD, _CROP_OR_PAD):
            continue
        images: Any = arguments.get("images", arguments.get("image", arguments.get("self")))
        if name == "resize":
            size = _as_size(arguments.get("size"))
        else:
            size = _as_size([arguments.get("target_height"), arguments.get("target_width")])
        if name == _CROP_OR_PAD:
            before, method, antialias = tuple(np.shape(images)[-3:-1]), _CROP_OR_PAD, False
        elif "self" not in arguments:
            before = tuple(np.shape(images)[-3:-1])
            method = str(arguments.get("method"))
            shrinks = any(new < old for new, old in zip(size, before, strict=False))
            antialias = bool(arguments.get("antialias")) and method not in ("nearest", "area") and shrinks
            if name == _WITH_PAD and _proportion(size) != _proportion(before):
                method = f"{method} with padding"
        else:  # Pillow's: it always widens the filter where an image shrinks
            size, before = size[::-1], tuple(getattr(images, "size", ()))[::-1]
            resample = arguments.get("resample")
            method, antialias = f"Pillow's {getattr(resample, 'name', resample)}", False
        if size != before:
            found.append(((method, antialias), size))
    return found


def _proportion(size: tuple[int, ...]) -> float:
    return round(size[0] / size[1], 2) if len(size) == 2 and size[1] else 0.0


def _as_size(size: Any) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in np.asarray(size).reshape(-1))
    except (TypeError, ValueError):
        return ()


def _resizing(side: Replayed, plan: Plan) -> Map | None:
    for step in side.steps:
        names = {name for facts in plan.functions(step) for code in facts.codes for name in code.co_names}
        if "resize" in names or any("resize" in name for facts in plan.functions(step) for name, _ in facts.references):
            return step
    return side.steps[0] if side.steps else None


def _looks_different(replay: Replay) -> bool:
    """Says whether the images differ that were resized by different methods, where nothing random hides it."""
    if not replay.exact:
        return True
    for ours, theirs in replay.pairs():
        if ours.statistics.row_shapes != theirs.statistics.row_shapes:
            return True
        for first, second in zip(ours.statistics.arrays, theirs.statistics.arrays, strict=True):
            if first.shape != second.shape or not np.allclose(first, second, rtol=1e-3, atol=1e-3):
                return True
    return False


def _shapes_differ(replay: Replay) -> bool:
    return any(
        ours.is_image and theirs.is_image and not set(ours.statistics.row_shapes) & set(theirs.statistics.row_shapes)
        for ours, theirs in replay.pairs()
    )


def _crops(calls: list[ImageCall]) -> bool:
    return any("crop" in name for call in calls if not call.within and (name := call.function.__name__) != _CROP_OR_PAD)


def _counts(replay: Replay, first: list[Resize], second: list[Resize]) -> str:
    texts = []
    for found in (first, second):
        kinds = sorted({f"to {_size(size)} by {_method_text(method)}" for method, size in found})
        texts.append(f"{len(found)} {' and '.join(kinds)}")
    return f"resizes of the same {replay.count} elements: {texts[0]}, and {texts[1]}"


def _method_text(method: tuple[str, bool]) -> str:
    return method[0] + (" with antialias" if method[1] else "")


def _listed(methods: set[tuple[str, bool]]) -> str:
    return " and ".join(sorted(map(_method_text, methods)))


def _call(methods: set[tuple[str, bool]]) -> str:
    name, antialias = sorted(methods)[0]
    if name.startswith("Pillow"):
        return name
    if name == _CROP_OR_PAD:
        return f"fl.image.{name}(image, height, width)"
    if name.endswith(" with padding"):
        method = name.removesuffix(" with padding")
        return f'fl.image.{_WITH_PAD}(image, height, width, method="{method}"' + (
            ", antialias=True)" if antialias else ")"
        )
    return f'method="{name}"' + (", antialias=True" if antialias else "")


def _size(size: tuple[int, ...]) -> str:
    return "x".join(map(str, size))


def _sizes(sizes: set[tuple[int, ...]]) -> str:
    return " and ".join(map(_size, sorted(sizes)))
