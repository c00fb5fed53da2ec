"""FL612: pictures that are mirrored, turned or cut out at random, and their masks not with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Role
from feedline.check.families.content.given import given
from feedline.check.families.content.masks import is_flat, is_mask, is_named_mask
from feedline.check.families.randomness.drawing import may_draw, names_of, random_maps
from feedline.check.families.randomness.movements import (
    alike,
    changes,
    image_movement,
    mask_movement,
    window_of,
)
from feedline.check.finding import Finding
from feedline.check.looking import spread
from feedline.check.rule import Rule
from feedline.check.trials import Trial, in_epoch
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.zip import Zip

_FEWEST = 2
"""In how many elements it must be seen: what was found in one could be an odd picture."""

_MOST_ELEMENTS = 12
_MOST_ROWS = 8
_MORE_EPOCHS = 4
_SECONDS = 0.4
_SAME = 0.95
_EXACT = 0.9999

Named = tuple[str, str, Role | None]


@dataclass(frozen=True)
class Runs:
    """What a step made of the same elements in two epochs.

    Args:
        node: the step.
        names: the names of what it gives.
        first: for each element the components of the one epoch.
        later: those of the next.
        given: those that the step was given; empty where that is not known.
        numbers: which elements these are; -1 where that is not known.
        drawn: with what it draws.
        trial: the trial that it is of; None for another step.
        epochs: how many further epochs are in it.
    """

    node: Node
    names: list[Named]
    first: list[list[Any]]
    later: list[list[Any]]
    given: list[list[Any]]
    numbers: list[int]
    drawn: str
    trial: Trial | None = None
    epochs: int = 0


class MaskLeftBehind(Rule):
    """A picture is moved at random, and its mask is not moved with it."""

    code = "FL612"
    name = "mask-left-behind"
    severity = "error"
    needs = ("sample",)
    why = (
        "The mask then says of each place what was somewhere else: the model is taught that the classes are where they "
        "are not, and learns a blur of both."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        if not context.trains or not any(may_draw(context.plan.functions(node)) for node in context.plan.maps):
            return
        for runs in _runs_of(context):
            pair = _pair(context, runs)
            if pair is None:
                continue
            for each in _with_further_epochs(context, runs):
                told = _mirrored(each, *pair) or _cut_out(
                    replace(each, first=each.later) if each.epochs else each, *pair
                )
                if told is not None:
                    yield self._of(context, each, runs.names[pair[0]][0], runs.names[pair[1]][0], *told)
                    return

    def _of(self, context: Context, runs: Runs, image: str, mask: str, what: str, count: int, number: int) -> Finding:
        elements = context.sample.at(runs.node)
        return self.finding(
            f"{runs.node.label()} {what.format(image=image, mask=mask)}.",
            seen=f"in {count} of {len(runs.first)} "
            + ("comparisons of an element in two epochs" if runs.epochs else "elements that were made in two epochs")
            + f"; it draws with {runs.drawn}",
            where=[elements.where(number)] if number >= 0 else [],
            at=runs.node,
            fix=f"Change both by one draw: put {image} and {mask} together along the last axis, "
            "np.concatenate([image, fl.cast(mask, image.dtype)], axis=-1), mirror or crop that, and take it apart "
            "again; or give the stateless_ functions of both the same seed.",
        )


def _runs_of(context: Context) -> Iterator[Runs]:
    for node, trial in random_maps(context):
        first = [tried.first for tried in trial.tried]
        later, into = [tried.later for tried in trial.tried], [tried.given for tried in trial.tried]
        drawn = names_of(context.plan.functions(node)) or ", ".join(sorted(trial.drawn)) or "something random"
        runs = Runs(node, trial.result_names, first, later, into, trial.numbers, drawn, trial)
        yield _in_rows(runs) if context.sample.into(node).batched else runs
    for zipped in context.plan.of(Zip):
        before = context.plan.before(zipped)
        maps = [node for node in before if isinstance(node, Map) and may_draw(context.plan.functions(node))]
        length = context.plan.length(zipped)
        if not maps or not zipped.indexed or not length or any(isinstance(node, Shuffle) for node in before):
            continue
        positions = np.sort(spread(length, _MOST_ELEMENTS))
        one, two = (context.sample.read(zipped, positions, epoch) for epoch in (0, 1))
        if not one.count or one.count != two.count or one.batched:
            continue
        names: list[Named] = [(each.name, each.key, each.role) for each in one.components]
        rows = [[list(row) for row in zip(*(c.values for c in each.components), strict=True)] for each in (one, two)]
        drawn = names_of(tuple(facts for node in maps for facts in context.plan.functions(node)))
        yield Runs(zipped, names, rows[0], rows[1], [], [-1] * one.count, drawn)


def _with_further_epochs(context: Context, runs: Runs) -> Iterator[Runs]:
    """Yields the runs, and then the same with more epochs: by chance few elements are moved in two, and what is told
    must not depend on that.
    """
    yield runs
    trial = runs.trial
    if trial is None:
        return
    into = context.sample.into(trial.node)
    first, later, given_, numbers = list(runs.first), list(runs.later), list(runs.given), list(runs.numbers)
    batched = into.batched
    with context.sample.trying(_SECONDS) as seconds:
        end = time.perf_counter() + seconds
        for epoch in range(2, 2 + _MORE_EPOCHS):
            made = in_epoch(trial, into, epoch, end)
            tried = trial.tried[: len(made)]
            of = trial.numbers[: len(made)]
            part = Runs(runs.node, runs.names, [t.first for t in tried], made, [t.given for t in tried], of, runs.drawn)
            part = _in_rows(part) if batched else part
            first += part.first
            later += part.later
            given_ += part.given
            numbers += part.numbers
    if len(first) > len(runs.first):
        yield Runs(runs.node, runs.names, first, later, given_, numbers, runs.drawn, trial, _MORE_EPOCHS)


def _in_rows(runs: Runs) -> Runs:
    """Returns the rows of batches as elements."""
    parts: list[list[list[Any]]] = [[], [], []]
    numbers: list[int] = []
    for index, batches in enumerate(zip(runs.first, runs.later, runs.given, strict=True)):
        arrays = [value for batch in batches for value in batch]
        if not all(isinstance(value, np.ndarray) and value.ndim for value in arrays):
            continue
        for row in range(min(_MOST_ROWS, *(len(value) for value in arrays))):
            for part, batch in zip(parts, batches, strict=True):
                part.append([value[row] for value in batch])
            numbers.append(runs.numbers[index])
    return Runs(runs.node, runs.names, parts[0], parts[1], parts[2], numbers, runs.drawn, runs.trial)


def _pair(context: Context, runs: Runs) -> tuple[int, int] | None:
    """Returns the picture and the mask of it; None where there is none, or several, that may belong to others."""
    if not runs.first:
        return None
    masks, images = [], []
    for index, (name, key, role) in enumerate(runs.names):
        column = [_plane(row[index]) for row in runs.first]
        if all(plane is not None for plane in column) and is_mask(column):
            if is_named_mask(Component(name, key, role, index, [], False)):
                masks.append(index)
        elif all(_is_picture(row[index]) for row in runs.first):
            images.append(index)
    if len(masks) != 1 or len(images) != 1:
        return None
    (image,), (mask,) = images, masks
    if runs.names[mask][2] != "y" and not _ends_as_label(context):
        return None
    if len({np.asarray(row[mask]).tobytes() for row in runs.first}) < _FEWEST:
        return None  # one mask for all: a vignette, a field of view
    rows = (*runs.first, *runs.later)
    return (image, mask) if all(np.shape(row[image])[:2] == np.shape(row[mask])[:2] for row in rows) else None


def _is_picture(value: Any) -> bool:
    numbers = isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and value.ndim == 3
    return numbers and min(value.shape[:2]) >= 8 and value.shape[2] in (1, 3, 4)


def _plane(value: Any) -> np.ndarray | None:
    """Returns a mask as (height, width), also one that is one-hot; None where it is none."""
    if is_flat(value):
        plane: np.ndarray = value.reshape(value.shape[:2])
        return plane
    if not isinstance(value, np.ndarray) or value.ndim != 3 or value.dtype.kind not in "iuf":
        return None
    hot = 1 < value.shape[2] <= 64 and ((value == 0) | (value == 1)).all() and (value.sum(axis=-1) == 1).all()
    return value.argmax(axis=-1) if hot else None


def _ends_as_label(context: Context) -> bool:
    """Says whether a mask is what is to be learnt: one that is an input may be anything, such as holes to be filled."""
    labels = [component for component in given(context).components if component.role == "y"]
    return any(component.rows and _plane(component.rows[0]) is not None for component in labels)


def _mirrored(runs: Runs, image: int, mask: int) -> tuple[str, int, int] | None:
    found: list[tuple[int, str, str]] = []
    for number, first, later in zip(runs.numbers, runs.first, runs.later, strict=True):
        before, after = _plane(first[mask]), _plane(later[mask])
        if before is None or after is None:
            continue
        moved, of_mask = image_movement(first[image], later[image]), mask_movement(before, after)
        if moved is None or of_mask is None or moved == of_mask:
            continue
        if changes(moved or of_mask, before):
            found.append((number, moved, of_mask))
    if _elements_among([each[0] for each in found], runs) < _FEWEST:
        return None
    number, moved, of_mask = next((each for each in found if each[1]), found[0])
    if not any(each[2] for each in found):
        what = f"gives {{image}} {moved} at random, and {{mask}} as it was"
    elif moved:
        what = f"gives {{image}} {moved} at random, and {{mask}} by a draw of its own"
    else:
        what = f"gives {{image}} as it was, and {{mask}} {of_mask} at random"
    return what, len(found), number


def _elements_among(found: list[int], runs: Runs) -> int:
    """Returns in how many elements something was found: in several epochs of one it counts once."""
    return len(set(found)) if runs.epochs else len(found)


def _cut_out(runs: Runs, image: int, mask: int) -> tuple[str, int, int] | None:
    """Says that picture and mask are cut out at different places, where both places are found."""
    if not runs.given:
        return None
    whole, whole_mask = _source(runs, image, True), _source(runs, mask, False)
    if whole is None or whole_mask is None:
        return None
    found: list[int] = []
    for number, made, into in zip(runs.numbers, runs.first, runs.given, strict=True):
        plane, source = _plane(made[mask]), _plane(into[whole_mask])
        if plane is None or source is None or source.shape != into[whole].shape[:2]:
            continue
        picture, all_of_it = made[image].mean(axis=2), into[whole].mean(axis=2)
        if picture.shape == all_of_it.shape:
            return None
        window = window_of(picture, all_of_it)
        if window is None:
            continue
        top, left = window
        there = source[top : top + plane.shape[0], left : left + plane.shape[1]]
        if alike(plane, there) >= _SAME or plane.min() == plane.max() or there.min() == there.max():
            continue
        if window_of(plane, source, _EXACT) is not None:
            found.append(number)
    if _elements_among(found, runs) < _FEWEST:
        return None
    return "cuts {image} and {mask} out at different places, each by a draw of its own", len(found), found[0]


def _source(runs: Runs, index: int, is_image: bool) -> int | None:
    """Returns which of the components that came in a picture or a mask was cut out of; None where it is not clear."""
    fits = [
        place
        for place in range(len(runs.given[0]))
        if all(_is_picture(row[place]) if is_image else _plane(row[place]) is not None for row in runs.given)
    ]
    if is_image:
        fits = [place for place in fits if runs.given[0][place].shape[2] == runs.first[0][index].shape[2]]
    else:
        fits = [place for place in fits if is_mask([row[place] for row in runs.given])]
    return fits[0] if len(fits) == 1 else None
