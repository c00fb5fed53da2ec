"""On which scale an input is in two datasets, told by what became of the same elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component
from feedline.check.families.randomness.replay import Replay, replayed

_MOST_VALUES = 1 << 18
_MOST_COLUMNS = 512
_SMALLEST = 2e-3
"""Differences that are smaller, in standard deviations, are rounding."""

_RESIDUAL = 0.02
"""How much may be left that a number and an offset do not explain."""

_MOMENT = 0.35
_SPREAD = 1.45
_ENDS = (0.01, 0.99)
"""How far apart means (in standard deviations) and standard deviations must be where values cannot be compared."""


@dataclass
class Difference:
    """How an input of two datasets differs, of the same elements.

    Args:
        ours: of the dataset that is checked.
        theirs: of the other.
        is_scaled: whether the one is the other times a number plus a number, for each channel or column.
        factor: the number, of all values together.
        offset: the other one.
        by_column: whether it is another factor or offset in each channel or column.
        largest: by how much a column is off at the most: its factor's distance from 1, or how many standard deviations
            its mean lies elsewhere.
    """

    ours: Component
    theirs: Component
    is_scaled: bool
    factor: float
    offset: float
    by_column: bool
    largest: float


def scaled_apart(context: Context) -> tuple[Difference, ...]:
    """Returns the inputs whose values are on another scale in the dataset and in `against`, of the same elements."""
    replay = context.once(replayed)
    return () if replay is None else tuple(_differences(replay))


def _differences(replay: Replay) -> Iterator[Difference]:
    for ours, theirs in replay.pairs():
        if "f" not in (ours.statistics.dtype.kind, theirs.statistics.dtype.kind):  # type: ignore[union-attr]
            continue
        first, second = _values(ours), _values(theirs)
        if first is None or second is None:
            continue
        if replay.exact and first.shape == second.shape:
            found = _fitted(ours, theirs, first, second)
            if found is not None:
                yield found
                continue
        if _moments_differ(first, second):
            factor, offset = _by_moments(first, second)
            yield Difference(ours, theirs, False, factor, offset, False, float("inf"))


def _values(component: Component) -> np.ndarray | None:
    """Returns all values as float64 `(rows, ..., columns)`, flat where shapes differ; None where any is not finite."""
    rows = [np.asarray(row, np.float64) for row in component.statistics.arrays]
    if not rows:
        return None
    parts = rows if component.batched else [row[None] for row in rows]
    if len({part.shape[1:] for part in parts}) == 1:
        values = np.concatenate(parts)
    else:
        values = np.concatenate([part.reshape(-1) for part in parts])
    return values if values.size and np.isfinite(values).all() else None


def _fitted(ours: Component, theirs: Component, first: np.ndarray, second: np.ndarray) -> Difference | None:
    """Returns the scale between two inputs of the same elements; None where there is none, or they are on the same."""
    width = first.shape[-1] if first.ndim > 1 and first.shape[-1] <= _MOST_COLUMNS else 1
    one, other = first.reshape(-1, width)[:_MOST_VALUES], second.reshape(-1, width)[:_MOST_VALUES]
    scale = max(float(other.std()), float(one.std()))
    if scale == 0 or float(np.abs(one - other).max()) <= _SMALLEST * scale:
        return None
    if len(one) < 4:
        return None
    mean, other_mean = one.mean(0), other.mean(0)
    variance = ((one - mean) ** 2).mean(0)
    changing = variance > 0
    factors = np.where(changing, ((one - mean) * (other - other_mean)).mean(0) / np.where(changing, variance, 1), 1.0)
    offsets = other_mean - factors * mean
    left = other - (one * factors + offsets)
    if float(np.sqrt((left**2).mean())) > _RESIDUAL * float(other.std()):
        return None
    shift = np.abs(other_mean - mean) / scale
    if not ((np.abs(factors[changing] - 1) > _RESIDUAL).any() or (shift > _RESIDUAL).any()):
        return None
    factor, offset = _by_moments(first, second)
    by_column = width > 1 and bool(
        np.ptp(factors[changing]) > _RESIDUAL * np.abs(factors).max() or np.ptp(offsets[changing]) > _RESIDUAL * scale
    )
    if not by_column:
        factor, offset = float(factors[changing].mean()), float(offsets[changing].mean())
    largest = max(float(np.abs(factors[changing] - 1).max(initial=0)), float(shift.max()))
    return Difference(ours, theirs, True, factor, offset, by_column, largest)


def _moments_differ(first: np.ndarray, second: np.ndarray) -> bool:
    spreads = float(first.std()), float(second.std())
    if min(spreads) == 0:
        return max(spreads) > 0 and abs(float(first.mean() - second.mean())) > _MOMENT * max(spreads)
    apart = abs(float(first.mean() - second.mean())) / max(spreads)
    if apart <= _MOMENT and 1 / _SPREAD < spreads[0] / spreads[1] < _SPREAD:
        return False
    ends = np.quantile(first, _ENDS), np.quantile(second, _ENDS)  # padding and resizing leave these where they are
    wide = max(float(ends[0][1] - ends[0][0]), float(ends[1][1] - ends[1][0]))
    return bool(np.abs(ends[0] - ends[1]).max() > _MOMENT * wide)


def _by_moments(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    factor = float(second.std() / first.std()) if first.std() else 1.0
    return factor, float(second.mean() - factor * first.mean())
