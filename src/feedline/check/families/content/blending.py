"""FL214: masks of classes that are mixed to numbers between them, as resizing does that is not nearest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feedline import image
from feedline.check.calls import Call
from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.content.given import given, number
from feedline.check.families.content.masks import is_flat, is_mask, is_named_mask
from feedline.check.families.model.given import Given
from feedline.check.families.model.targets import NUMERIC, targets_of
from feedline.check.families.randomness.movements import alike
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.nodes.map import Map

_FEWEST_CLASSES = 3
"""Between two classes a number can be meant, as a soft edge; among three it is another class."""

_LEFT_OUT = 255
_LARGEST_CLASS = 63
_MOST_ELEMENTS = 8
_ALIKE = 0.95
_MOST_PIXELS = 4_000_000
_LEAST_NEW = 0.001
_COMMON = 0.02
_MOST_RESIZED = 24
_NO_WEIGHT = 1e-4
_SHIFTS = ((1.0, 0.0), (1.0, -1.0), (1.0, 1.0), (1 / 255, 0.0))
"""What is done to classes besides: counted from 0 or from 1, divided."""


@dataclass(frozen=True)
class Blended:
    """A mask whose classes a `map` mixes.

    Args:
        node: the `map`.
        before: the name of the mask that came into it.
        after: the name of what it made of it.
        element: which of the rows of what the `map` gives has such a number.
        classes: the classes that there are.
        new: numbers that are none of them.
        share: which part of the values are so.
        shrinks: whether the shape changed.
        cast: whether the mixed numbers were made whole again: they are classes then, and the wrong ones.
    """

    node: Map
    before: str
    after: str
    element: int
    classes: np.ndarray
    new: np.ndarray
    share: float
    shrinks: bool
    cast: bool = False


class BlendedClasses(Rule):
    """A step mixes the classes of a mask."""

    code = "FL214"
    name = "blended-classes"
    severity = "error"
    needs = ("sample",)
    why = (
        "Class numbers are names: halfway between class 0 and class 2 is not class 1. All along the edges the mask "
        "has classes that are not there or do not exist, and a loss of class numbers cuts off their fractions."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        found = context.once(blended_mask)
        if found is None:
            return
        classes = ", ".join(number(float(each)) for each in found.classes[:6])
        new = ", ".join(number(float(each)) for each in found.new[:3])
        told = f"{found.before} comes in with {len(found.classes)} classes ({classes}"
        told += ", ...), " if len(found.classes) > 6 else "), "
        if found.cast:
            message = f"{found.node.label()} mixes the classes of {found.after}, and makes whole numbers of that again."
            told += f"{found.share:.1%} of {found.after} are classes, such as {new}, where the mask has none of them"
        else:
            message = f"{found.node.label()} gives {found.after} numbers that are no classes of the mask."
            told += f"{found.after} comes out with others as well: {new}; {found.share:.1%} of its values"
        yield self.finding(
            message,
            seen=f"{told}; {context.seen()}",
            where=[context.sample.at(found.node).where_row(found.element)],
            at=found.node,
            fix=f"Resize {found.after} by method='nearest', which takes a class as it is: "
            "fl.image.resize(mask, size, method='nearest'); turn and shift it in the same way."
            if found.shrinks
            else f"Let what {found.node.label()} does to {found.after} take the nearest class, and mix none.",
        )


def blended_mask(context: Context) -> Blended | None:
    """Returns the first mask that a `map` mixes, where it still is so at the end; None without one."""
    end = [component for component in given(context).components if is_named_mask(component)]
    end = [component for component in end if component.rows and is_flat(component.rows[0])]
    if not end or _predicts_numbers(context):
        return None
    for node in context.plan.maps:
        into, out = context.sample.into(node), context.sample.at(node)
        for after in out.components:
            if not is_named_mask(after) or not after.rows or not is_flat(after.rows[0]):
                continue
            found = _of_what_came_in(node, into, out, after) or _of_what_was_read(context, node, after)
            if found is not None:
                return found if any(_still(component, found.classes) for component in end) else None
            found = _of_what_was_cast(context, node, after)
            if found is not None:
                return found
    return None


def _is_picture(component: Component) -> bool:
    """Says whether this is a picture that a mask can be of, and no mask itself."""
    return component.is_image and not is_mask(component.rows[:_MOST_ELEMENTS])


def _is_drawn_alike(picture: Component, mask: Component) -> bool:
    """Says whether a grey picture has the values of a mask, but for noise: the mask is a clean drawing then."""
    pairs = zip(picture.rows[:_MOST_ELEMENTS], mask.rows[:_MOST_ELEMENTS], strict=False)
    return all(
        np.size(one) == np.size(two) and alike(np.asarray(one).reshape(-1), np.asarray(two).reshape(-1)) > _ALIKE
        for one, two in pairs
    )


def _predicts_numbers(context: Context) -> bool:
    """Says whether the model takes the labels for numbers, between which others can lie."""
    model = context.model
    return model is not None and any(target.loss.name in NUMERIC for target in targets_of(model, Given(context)))


def _of_what_came_in(node: Map, into: Elements, out: Elements, after: Component) -> Blended | None:
    pictures = [component for component in into.components if _is_picture(component)]
    pairs = _paired(into, out)
    for before in into.components if pictures else ():  # a drawing may be made smaller, to be made large again
        if any(_is_drawn_alike(picture, before) for picture in pictures):
            continue
        if before.rows and is_flat(before.rows[0]) and is_mask(before.rows, _FEWEST_CLASSES):
            values = [(before.rows[first], after.rows[second], second) for first, second in pairs]
            found = _blended(node, before.name, after.name, values)
            if found is not None:
                return found
    return None


def _of_what_was_read(context: Context, node: Map, after: Component) -> Blended | None:
    """Looks at masks that a `map` reads from files and resizes at once, for the elements that it is called anew for."""
    out = context.sample.at(node)
    if out.batched or is_mask(after.rows[:_MOST_ELEMENTS]) or context.sample.into(node).batched:
        return None
    calls = context.sample.calls(node)
    rows = {place: row for row, place in enumerate(zip(out.positions, out.epochs, strict=True))}
    places = list(zip(calls.into.positions, calls.into.epochs, strict=True))
    given, pictures = [], False
    for call in calls.of("resize", "resize_with_pad"):
        before, row = next(iter(call.arguments.values()), None), rows.get(places[call.element])
        pictures = pictures or (isinstance(before, np.ndarray) and before.ndim == 3 and before.shape[2] in (3, 4))
        if row is not None and isinstance(before, np.ndarray) and is_flat(before):
            given.append((before, after.rows[row], row))
    if not pictures or not is_mask([before for before, _, _ in given], _FEWEST_CLASSES):
        return None
    return _blended(node, "the mask that is read", after.name, given)


def _of_what_was_cast(context: Context, node: Map, after: Component) -> Blended | None:
    """Looks at masks that a `map` resizes by mixing and casts to whole numbers at once: between the classes 0 and 2
    that makes class 1, where there is none.
    """
    into, out = context.sample.into(node), context.sample.at(node)
    if into.batched or out.batched or not is_mask(after.rows, _FEWEST_CLASSES):
        return None
    calls = context.sample.calls(node)
    rows = {place: row for row, place in enumerate(zip(out.positions, out.epochs, strict=True))}
    places = list(zip(calls.into.positions, calls.into.epochs, strict=True))
    pictures, are_masks = any(map(_is_picture, into.components)), False
    wrong: list[np.ndarray] = []
    masks, element = list[np.ndarray](), 0
    for call in calls.of("resize", "resize_with_pad"):
        before, row = next(iter(call.arguments.values()), None), rows.get(places[call.element])
        pictures = pictures or (isinstance(before, np.ndarray) and before.ndim == 3 and before.shape[2] in (3, 4))
        if row is None or not isinstance(before, np.ndarray) or not is_flat(before) or before.ndim != 3:
            continue
        others = _other_rows(before, call.element, into, out) if not are_masks else []
        are_masks = are_masks or bool(others)
        given_ = [(before, row), *others]
        for mask, place in given_:
            found = _wrong_classes(call, mask, after.rows[place])
            if found is not None and mask.size <= _MOST_PIXELS:
                element = place if not wrong else element
                wrong.append(found)
                masks.append(mask)
    if not pictures or not wrong or not (are_masks or is_mask(masks)):
        return None
    classes = np.unique(np.concatenate([each.reshape(-1) for each in masks]))
    share = sum(int((each >= 0).sum()) for each in wrong) / sum(each.size for each in wrong)
    if share < _LEAST_NEW or len(classes) < _FEWEST_CLASSES:
        return None
    new = np.unique(np.concatenate([each[each >= 0] for each in wrong]))
    return Blended(node, "the mask", after.name, element, classes, new, share, True, cast=True)


def _other_rows(mask: np.ndarray, number: int, into: Elements, out: Elements) -> list[tuple[np.ndarray, int]]:
    """Returns further masks that came in where one of them did that was resized, each with the row made of it."""
    for component in into.components:
        value = component.rows[number] if number < len(component.rows) else None
        if isinstance(value, np.ndarray) and np.array_equal(value, mask) and is_mask(component.rows):
            return [(component.rows[first], second) for first, second in _paired(into, out) if first != number]
    return []


def _wrong_classes(call: Call, before: np.ndarray, made: np.ndarray) -> np.ndarray | None:
    """Returns the classes that are where none of them is in the mask, -1 elsewhere; None where it is something else
    than what was resized, made whole.
    """
    classes, others = np.unique(before), list(call.arguments)[1:]
    result = getattr(image, call.name)(before, **{each: call.arguments[each] for each in others})
    result, after = np.asarray(result, np.float64), np.asarray(made, np.float64)
    if len(classes) > _MOST_RESIZED or not _are_numbers_of_classes(classes) or result.size != after.size:
        return None
    result, after = result.reshape(-1), after.reshape(-1)
    if not any(np.array_equal(whole(result), after) for whole in (np.trunc, np.rint)) or np.array_equal(result, after):
        return None
    found = np.full(after.shape, -1.0)
    for value in np.unique(after):
        there = after == value
        if value in classes:
            of_class = (before == value).astype(np.float32)
            weights = getattr(image, call.name)(of_class, **{each: call.arguments[each] for each in others})
            there = there & (np.asarray(weights).reshape(-1) < _NO_WEIGHT)
        if call.name == "resize_with_pad":
            there = there & (value != 0)
        found[there] = value
    return found


def _blended(node: Map, before: str, after: str, values: list[tuple[np.ndarray, np.ndarray, int]]) -> Blended | None:
    """Returns what was mixed in masks, of pairs of one and of what was made of it, with its row; None for nothing."""
    if not values or not all(is_flat(first) and is_flat(second) for first, second, _ in values):
        return None
    if sum(first.size + second.size for first, second, _ in values) > _MOST_PIXELS:
        values = values[:1]
    classes, counts = np.unique(np.concatenate([first.reshape(-1) for first, _, _ in values]), return_counts=True)
    made = np.concatenate([second.reshape(-1) for _, second, _ in values])
    made = made.astype(np.float64)
    if not np.isfinite(made).all() or not _are_numbers_of_classes(classes):
        return None
    shares = counts / counts.sum()
    for scale, shift in _SHIFTS:
        known = classes.astype(np.float64) * scale + shift
        new = ~_among(made, known)
        if not _LEAST_NEW <= new.mean() <= 0.5 or not _are_kept(known, shares, made):
            continue
        numbers = np.unique(made[new])
        if len(np.unique(made)) <= len(classes) + 1:  # other numbers for the same classes
            continue
        element = next(index for _, second, index in values if not _among(second.astype(np.float64), known).all())
        shrinks = values[0][0].shape[:2] != values[0][1].shape[:2]
        first = numbers[np.abs(numbers - np.round(numbers)) > 1e-6] if (scale, shift) != _SHIFTS[-1] else numbers
        numbers = first if len(first) else numbers
        return Blended(node, before, after, element, classes, numbers, float(new.mean()), shrinks)
    return None


def _paired(into: Elements, out: Elements) -> list[tuple[int, int]]:
    """Returns some of the rows that came in, each with the row that was made of it."""
    if into.batched or out.batched:
        same = into.batched and out.batched and np.array_equal(into.positions, out.positions)
        pairs = [(row, row) for row in range(into.rows)] if same and into.rows == out.rows else []
    else:
        places = {place: index for index, place in enumerate(zip(into.positions, into.epochs, strict=True))}
        made = enumerate(zip(out.positions, out.epochs, strict=True))
        pairs = [(places[place], index) for index, place in made if place in places]
    return pairs[:: max(1, len(pairs) // _MOST_ELEMENTS)][:_MOST_ELEMENTS]


def _are_numbers_of_classes(values: np.ndarray) -> bool:
    """Says whether these can be class numbers, and 255 what does not count: grey values of a drawing are larger."""
    counted = values[values != _LEFT_OUT]
    return bool((counted == np.floor(counted)).all()) and bool(((counted >= 0) & (counted <= _LARGEST_CLASS)).all())


def _among(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    places = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
    room = 1e-4 * max(1e-6, float(known[-1] - known[0]))
    below = np.clip(places - 1, 0, len(known) - 1)
    return np.minimum(np.abs(values - known[places]), np.abs(values - known[below])) <= room


def _are_kept(known: np.ndarray, shares: np.ndarray, made: np.ndarray) -> bool:
    """Says whether the classes are in what was made about as often as before: it is the mask, and nothing else."""
    common = known[shares >= _COMMON]
    if len(common) < _FEWEST_CLASSES:
        return False
    room = 1e-4 * max(1e-6, float(known[-1] - known[0]))
    for value, share in zip(common, shares[shares >= _COMMON], strict=True):
        here = float((np.abs(made - value) <= room).mean())
        if not 0.4 * share <= here <= 1.6 * share:
            return False
    return True


def _still(component: Component, classes: np.ndarray) -> bool:
    """Says whether a mask has numbers between the classes at the end, too: nothing has rounded them."""
    rows = component.rows[:: max(1, len(component.rows) // _MOST_ELEMENTS)][:_MOST_ELEMENTS]
    seen: set[float] = set()
    for row in rows:
        if is_flat(row):
            seen.update(np.unique(row).tolist())
    return len(seen) > len(classes) + 1
