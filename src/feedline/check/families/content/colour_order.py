"""In which order the channels come out of the steps of two datasets, told by the same elements and by the pictures."""

from __future__ import annotations

import os

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component
from feedline.check.families.content.given import given
from feedline.check.families.randomness.replay import raw_elements, replayed

_FEWEST = 24
_MOST_IMAGES = 256
_CELLS = 4
_CERTAIN = 3.0
"""How many standard errors the likeness of colours must be from none, to say which order it is."""

_CLOSE, _APART = 0.1, 0.05
"""How near swapped images must be: to the part of how far they are as they are, which is at least that part of their
deviation.
"""


def swapped_by_steps(context: Context) -> int:
    """Returns of how many elements the steps of the dataset and of `against` make images with red and blue swapped; 0
    where they do not, or where the steps of the one may put right what is swapped in its data.
    """
    replay, other = context.once(replayed), context.against
    if replay is None or other is None or not replay.exact:
        return 0
    for ours, theirs in replay.pairs():
        if not _are_swapped(ours, theirs):
            continue
        mine = [each for each in given(context).components if each.name == ours.name and each.is_image]
        their = [each for each in given(other).components if each.name == ours.name and each.is_image]
        likeness = likeness_of_colours(mine[0], their[0]) if mine and their else 0.0
        if likeness < -_CERTAIN or (likeness < _CERTAIN and _reads_files(context)):
            return replay.count
    return 0


def _are_swapped(ours: Component, theirs: Component) -> bool:
    if not ours.is_image or not theirs.is_image:
        return False
    kept = swapped = spread = 0.0
    for first, second in zip(ours.statistics.arrays, theirs.statistics.arrays, strict=True):
        if first.shape != second.shape or first.shape[-1] != 3:
            return False
        one, other = first.astype(np.float64), second.astype(np.float64)
        kept += float(np.abs(one - other).mean())
        swapped += float(np.abs(one[..., ::-1] - other).mean())
        spread += float(one.std())
    return kept > _APART * spread and swapped < _CLOSE * kept


def _reads_files(context: Context) -> bool:
    """Says whether the elements are names of files: a file has its colours in one order, whoever reads it."""
    elements = raw_elements(context)
    inputs = [component for component in elements.components if component.role != "y"]
    first = inputs[0].values[0] if len(inputs) == 1 and inputs[0].values else None
    if isinstance(first, np.ndarray | np.generic):
        first = first.item() if np.ndim(first) == 0 else None
    return isinstance(first, str | bytes) and 0 < len(first) < 4096 and os.path.isfile(first)


def likeness_of_colours(ours: Component, theirs: Component) -> float:
    """Returns how alike the colours of two sources are, in standard errors: below 0 where red and blue are swapped.

    Each picture is compared with the one of the other source that is most alike in what a swap does not change.

    Args:
        ours: images of the one.
        theirs: images of the other, perhaps on another scale.
    """
    first, second = _cells(ours), _cells(theirs)
    if first is None or second is None:
        return 0.0
    (grey, colour), (their_grey, their_colour) = first, second
    nearest = [int(((grey - row) ** 2).sum(axis=1).argmin()) for row in their_grey]
    products = (colour[nearest] * their_colour).mean(axis=1)
    error = products.std() / len(products) ** 0.5
    return float(products.mean() / error) if error > 0 else 0.0


def _cells(component: Component) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns for each image what a swap does not change, and red minus blue, in a few cells each."""
    if len(component.rows) < _FEWEST:
        return None
    cells = []
    for row in component.rows[:_MOST_IMAGES]:
        if np.ndim(row) != 3 or np.shape(row)[2] != 3 or min(np.shape(row)[:2]) < _CELLS:
            return None
        down, across = (np.linspace(0, length, _CELLS, endpoint=False).astype(int) for length in np.shape(row)[:2])
        sums = np.add.reduceat(np.add.reduceat(np.asarray(row, np.float64), down, axis=0), across, axis=1)
        cells.append(sums.reshape(-1, 3) / np.asarray(row)[..., 0].size)
    values = np.array(cells)
    spread = values.std()
    if not np.isfinite(values).all() or not spread > 0:
        return None
    values = (values - values.mean()) / spread
    red, green, blue = values[..., 0], values[..., 1], values[..., 2]
    return np.concatenate([red + blue, green], axis=1), red - blue
