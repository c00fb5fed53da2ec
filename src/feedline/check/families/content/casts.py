"""FL205: values that do not fit the dtype that they are given."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from feedline.array_ops import cast
from feedline.check.arithmetic import Mistake, mistakes_of
from feedline.check.context import Context
from feedline.check.elements import described
from feedline.check.families.content.first_layers import beginning_for
from feedline.check.families.content.given import given, number
from feedline.check.families.content.scale import from_0_to_255, unscaling_conversion
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.nodes.map import Map
from feedline.structure import flatten

_ARITHMETIC_SECONDS = 0.25
_MOST_PAIRS = 24
_FEWEST_VALUES = 16
_MOST_FACTOR = 8


class RangeDoesNotFitDtype(Rule):
    """Values that do not fit the dtype that a step gives them."""

    code = "FL205"
    name = "range-does-not-fit-dtype"
    severity = "error"
    needs = ("sample",)
    why = (
        "Nothing is raised: values wrap round, are cut off or become 0, and the model learns from what is left of them."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        for node in context.plan.maps:
            found = list(self._of_map(context, node))
            yield from found or self._of_arithmetic(context, node)
        yield from self._of_conversion(context)

    def _of_map(self, context: Context, node: Map) -> Iterator[Finding]:
        found: dict[tuple[str, str], tuple[int, str, str]] = {}
        before = context.sample.into(node)
        for index, (given_, made) in enumerate(islice(context.sample.pairs(node), _MOST_PAIRS)):
            inputs, (outputs, treedef) = flatten(given_)[0], flatten(made)
            for (name, _, role), output in zip(described(treedef), outputs, strict=True):
                told = next((told for each in inputs if (told := misfit(each, output)) is not None), None)
                if told is not None and told[0] == _CUT and _divides_whole(context, node):
                    told = _FLOORS, told[1]
                if told is not None and not (role == "y" and told[0] == _WRAPS):  # 0 - 1 = 255: a class to be ignored
                    count = found.get((name, told[0]), (0, "", ""))[0]
                    first = found.get((name, told[0]), (0, told[1], before.where(index)))
                    found[name, told[0]] = (count + 1, first[1], first[2])
        for (name, message), (count, seen, place) in found.items():
            yield self.finding(
                f"{node.label()} {message}",
                seen=f"{name}: {seen}; so in {count} of the {min(_MOST_PAIRS, before.count)} elements that were "
                "compared",
                where=[place],
                at=node,
                fix=_FIXES[message],
            )

    def _of_arithmetic(self, context: Context, node: Map) -> Iterator[Finding]:
        """Finds what wraps round on the way, where the function does more with it: a cast, a division, a resize."""
        into = context.sample.into(node)
        if not into.count:
            return
        with context.sample.trying(_ARITHMETIC_SECONDS) as seconds:
            found = mistakes_of(node, into, context.plan, seconds)
        for each in found[:1]:
            message = _WRAPS if each.wraps else _FLOORS
            yield self.finding(
                f"{node.label()} {message}",
                seen=_told(each),
                where=[*([str(each.origin)] if each.origin != node.origin else []), into.where(each.element)],
                at=node,
                fix=_FIXES[message],
            )

    def _of_conversion(self, context: Context) -> Iterator[Finding]:
        node = unscaling_conversion(context)
        elements = given(context)
        wide = [each for each in elements.inputs if each.dtype is not None and each.dtype.kind == "f"]
        wide = [each for each in wide if from_0_to_255(each)]
        if node is None or not wide:
            return
        beginning = beginning_for(context, elements, wide[0])
        if context.model is not None and (beginning is None or not beginning.raw or beginning.rescalings):
            return
        yield self.finding(
            "convert_image_dtype is called on floats from 0 to 255, which it leaves as they are.",
            seen=f"{wide[0].name} goes from {number(wide[0].statistics.minimum)} to "
            f"{number(wide[0].statistics.maximum)} behind it; {context.seen()}",
            at=node,
            fix=f"In {node.label()}, call fl.image.convert_image_dtype(image, fl.float32) first, while the image is "
            "uint8, and then cast or resize it; it scales whole numbers only.",
        )


_CUT = "casts floats from 0 to 1 to whole numbers: all but the largest become 0."
_OUTSIDE = "casts values to a dtype that does not hold them."
_FLOORS = "divides whole numbers by //, which leaves out the rest: all but the largest become 0."
_WRAPS = "computes in a dtype that does not hold the results: they wrap round."
_LOSES = "casts whole numbers to floats that cannot tell them apart."
_FIXES = {
    _CUT: "Multiply by 255 first, fl.cast(x * 255, fl.uint8) or fl.image.convert_image_dtype(x, fl.uint8); or leave "
    "them floats.",
    _FLOORS: "Write / in place of //, in float32: fl.cast(x, fl.float32) / 255.",
    _OUTSIDE: "Give a dtype that holds them, such as fl.int64 for numbers and fl.float32 for pixels; or clip first "
    "where that is meant: np.clip(x, low, high).",
    _WRAPS: "Cast first, as in fl.cast(x, fl.float32) + 60, and clip the result: np.clip(x, 0, 255).",
    _LOSES: "Leave them whole numbers: fl.int64, or fl.int32 for those below 2,147,483,648.",
}


def _told(found: Mistake) -> str:
    what = "wrap round" if found.wraps else "become 0"
    return (
        f"{found.told}; {found.count:,} of {found.of:,} values {what}, in {found.elements} of {found.tried} elements "
        "that were tried, and what comes out depends on them"
    )


def _divides_whole(context: Context, node: Map) -> bool:
    """Says whether a function divides by // and casts nothing to the dtype that came out."""
    codes = [code for facts in context.plan.functions(node) for code in facts.codes]
    operators = {each.argrepr for code in codes for each in dis.get_instructions(code) if each.opname == "BINARY_OP"}
    names = {name for code in codes for name in code.co_names}
    return ("//" in operators or "//=" in operators or "floor_divide" in names) and not names & {"astype", "cast"}


def misfit(before: Any, after: Any) -> tuple[str, str] | None:
    """Returns what a step did to a value that its dtype does not hold, and the numbers; None where all is well.

    It says only what is certain: the result is exactly what that cast or that arithmetic makes of the value.

    Args:
        before: one of the components that came in.
        after: one of those that came out.
    """
    if not _is_array(before) or not _is_array(after) or np.shape(before) != np.shape(after) or before is after:
        return None
    old, new = np.asarray(before), np.asarray(after)
    if not old.size or (old.dtype == new.dtype and new.dtype.kind not in "iu"):
        return None
    if new.dtype.kind in "iu":
        if old.dtype.kind == "f":
            return _cut(old, new) or _outside(old, new)
        if old.dtype.kind in "iu":
            return _cut_after_division(old, new) or (_outside if old.dtype != new.dtype else _wrapped)(old, new)
    if new.dtype.kind == "f" and old.dtype.kind in "iu":
        changed = new.astype(np.float64) != old.astype(np.float64)
        if changed.any() and np.array_equal(old.astype(new.dtype), new):
            place = int(np.flatnonzero(changed)[0])
            return _LOSES, f"{int(old.flat[place])} of {old.dtype} becomes {float(new.flat[place]):.0f} of {new.dtype}"
    return None


def _cut(old: np.ndarray, new: np.ndarray) -> tuple[str, str] | None:
    if old.size < _FEWEST_VALUES or not np.isfinite(old).all() or old.min() < 0 or old.max() > 1:
        return None
    between = int(((old > 0) & (old < 1)).sum())
    if between < old.size / 4 or not np.array_equal(np.trunc(old).astype(new.dtype), new):
        return None
    return _CUT, f"{between:,} values between 0 and 1 become 0 of {new.dtype}"


def _cut_after_division(old: np.ndarray, new: np.ndarray) -> tuple[str, str] | None:
    """Tells of pixels that are divided by 255 and cast to whole numbers in one step."""
    if old.size < _FEWEST_VALUES or old.min() < 0 or not 64 < old.max() <= 255 or len(np.unique(old)) < 8:
        return None
    if not np.array_equal((old == 255).astype(new.dtype), new):
        return None
    return _CUT, f"pixels up to {int(old.max())} become {'0 and 1' if new.any() else '0'} of {new.dtype}"


def _outside(old: np.ndarray, new: np.ndarray) -> tuple[str, str] | None:
    limits = np.iinfo(new.dtype)
    finite = old[np.isfinite(old)]
    if not finite.size:
        return None
    low, high = finite.min(), finite.max()
    beyond = (old < limits.min) | (old > limits.max) if old.dtype.kind == "f" else _beyond(old, limits)
    if not beyond.any():
        return None
    with np.errstate(all="ignore"):
        casts = [old.astype(new.dtype), np.asarray(cast(old, new.dtype))]
    if not any(np.array_equal(each, new) for each in casts):
        return None  # clipped on purpose, or something else altogether
    if old.dtype.kind == "f" and float(beyond.mean()) < 0.01 and limits.max >= 255 and not _is_scalar(old):
        return None  # a resize may overshoot at edges by a little
    place = int(np.flatnonzero(beyond)[0])
    return (
        _OUTSIDE,
        f"values from {number(float(low))} to {number(float(high))} become {new.dtype}, which holds {limits.min} to "
        f"{limits.max}: {number(float(old.flat[place]))} becomes {int(new.flat[place])}",
    )


def _beyond(old: np.ndarray, limits: np.iinfo) -> np.ndarray:
    found = np.zeros(old.shape, bool)
    kinds = np.iinfo(old.dtype)
    if kinds.min < limits.min:
        found |= old < limits.min
    if kinds.max > limits.max:
        found |= old > limits.max
    return found


def _wrapped(old: np.ndarray, new: np.ndarray) -> tuple[str, str] | None:
    """Tells of one number that was added to all values, or that all were multiplied with, where some wrapped round."""
    if old.dtype.itemsize > 2 or old.size < _FEWEST_VALUES or np.array_equal(old, new):
        return None
    size = 1 << (8 * old.dtype.itemsize)
    limits = np.iinfo(old.dtype)
    wide = old.astype(np.int64)
    results = [("adding {}", wide + added) for added in _added(wide, new, size)]
    results += [(f"multiplying by {factor}", wide * factor) for factor in range(2, _MOST_FACTOR)]
    for does, exact in results:
        beyond = (exact < limits.min) | (exact > limits.max)
        if not 0 < int(beyond.sum()) < old.size or not np.array_equal(exact.astype(old.dtype), new):
            continue
        place = int(np.flatnonzero(beyond)[0])
        does = does.format(int(exact.flat[0] - wide.flat[0]))
        return (
            _WRAPS,
            f"{does} makes {int(new.flat[place])} of {int(old.flat[place])} in {old.dtype}, and wraps "
            f"{int(beyond.sum()):,} of {old.size:,} values",
        )
    return None


def _added(wide: np.ndarray, new: np.ndarray, size: int) -> list[int]:
    """Returns what may have been added to all values: with wrapping there are two differences, one size apart."""
    differences = np.unique(new.astype(np.int64) - wide)
    if len(differences) != 2 or differences[1] - differences[0] != size:
        return []
    return sorted((int(each) for each in differences), key=abs)[:1]


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.number) and np.asarray(value).dtype.kind in "iuf"


def _is_scalar(array: np.ndarray) -> bool:
    return array.size == 1
