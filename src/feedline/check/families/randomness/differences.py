"""FL611: inputs whose statistics differ between training and validation by more than chance explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.randomness.replay import replayed
from feedline.check.finding import Finding
from feedline.check.labels import labels_of
from feedline.check.plan import written
from feedline.check.rule import Rule

_FEWEST = 24
_FEWEST_OF_CLASS = 8
_FEWEST_SHARED = 0.5
_DEVIATIONS = 6.0
"""How many standard errors apart: by chance it comes once in 500 million comparisons of normal numbers."""

_MOST_COLUMNS = 256
_MOST_VALUES_A_ROW = 4096
_CERTAIN_RATIO = 50.0


@dataclass(frozen=True)
class Limits:
    """How large a difference must be, besides being beyond chance, to be told of.

    Args:
        shift: of the means, in standard deviations.
        ratio: of the standard deviations.
        columns: in which part of the columns.
    """

    shift: float
    ratio: float
    columns: float


_IMAGES = Limits(0.75, 1.8, 1.0)
_OTHERS = Limits(6.0, 6.0, 0.5)
"""Series drift and tables of another year are other data, not other preprocessing."""


@dataclass(frozen=True)
class Apart:
    """How two sets of rows differ.

    Args:
        columns: the columns that do; one for images.
        of: how many columns there are.
        means: both means, of these columns.
        spreads: both standard deviations, of these columns.
        rows: how many rows were compared of each.
        errors: how many standard errors the difference is, of the column where it is least.
    """

    columns: np.ndarray
    of: int
    means: tuple[float, float]
    spreads: tuple[float, float]
    rows: tuple[int, int]
    errors: float


class StatisticsDiffer(Rule):
    """Inputs have another mean or spread in training than in validation."""

    code = "FL611"
    name = "statistics-differ"
    severity = "warning"
    needs = ("sample", "against")
    why = (
        "The model meets other values than those it has learnt from. Where the data are of one kind, one of the two "
        "was prepared in another way: not scaled, scaled twice, or scaled by other numbers."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        other = context.against
        if other is None or other.sample.not_looked_at or context.once(replayed) is not None:
            return  # where the same elements could be sent through both, FL607 has compared what came out
        ours, theirs = context.sample.output, other.sample.output
        classes = _classes(ours), _classes(theirs)
        if (classes[0] is None) != (classes[1] is None):
            return
        by_name = {component.name: component for component in theirs.inputs}
        for component in ours.inputs:
            against = by_name.get(component.name)
            if against is None or not _comparable(component, against):
                continue
            limits = _IMAGES if component.is_image else _OTHERS
            found = apart(_rows(component), _rows(against), *classes, limits)
            if found is None:
                continue
            ratio = found.spreads[0] / found.spreads[1] if found.spreads[1] else float("inf")
            certain = not 1 / _CERTAIN_RATIO < ratio < _CERTAIN_RATIO and len(found.columns) > 0.9 * found.of
            yield self.finding(
                f"{component.name} has another {_what(found)} in the {other.use} data than in the {context.use} data.",
                seen=_seen(found, context.use, other.use, classes[0] is not None),
                at=context.plan.elements,
                where=[f"{other.plan.elements.label()} of the {other.use} data, at {other.plan.elements.origin}"],
                fix=f"Prepare both alike, in one function that is mapped in both: look for what stands before "
                f"{written(context.plan.elements)} in the one and not in the other, such as / 255, and for arrays that "
                "were scaled before they came here.",
                severity="error" if certain else "warning",
            )


def _classes(elements: Elements) -> np.ndarray | None:
    """Returns the class of each row, as text; None where there are no classes."""
    labels = labels_of(elements)
    return None if labels is None else np.array([repr(labels.names[value]) for value in labels.values])


def _comparable(first: Component, second: Component) -> bool:
    if not first.statistics.is_number or not second.statistics.is_number:
        return False
    if all(part.statistics.dtype.kind in "iu" for part in (first, second)) and not first.is_image:  # type: ignore[union-attr]
        return False  # numbers of words and categories have no scale
    return first.is_image == second.is_image and len(set(map(len, _shapes(first) | _shapes(second)))) == 1


def _shapes(component: Component) -> set[Any]:
    return set(component.statistics.row_shapes)


def _rows(component: Component) -> np.ndarray:
    """Returns the values that are compared, `(rows, columns, values)`: of images and series one column."""
    rows = [np.asarray(row, np.float64) for row in component.rows]
    rank = rows[0].ndim
    if rank <= 1 and len({row.shape for row in rows}) == 1 and rows[0].size <= _MOST_COLUMNS:
        return np.stack(rows).reshape(len(rows), -1, 1)
    fewest = min(row.size for row in rows)
    wanted = min(fewest, _MOST_VALUES_A_ROW)
    if not wanted:
        return np.zeros((0, 1, 1))
    return np.stack([row.reshape(-1)[np.linspace(0, row.size - 1, wanted).astype(int)] for row in rows])[:, None]


def apart(
    first: np.ndarray, second: np.ndarray, classes: np.ndarray | None, others: np.ndarray | None, limits: Limits
) -> Apart | None:
    """Returns how two sets of rows differ; None where they do not, or where chance may explain it.

    Rows of one class are compared with rows of the same class, so that another mixture of the classes makes no
    difference.

    Args:
        first: float64 `(rows, columns, values)`.
        second: the same, of the other dataset.
        classes: the class of each row of the first; None where there are none.
        others: of the second.
        limits: how large the difference must be.
    """
    if first.shape[1] != second.shape[1] or min(len(first), len(second)) < _FEWEST:
        return None
    if not np.isfinite(first).all() or not np.isfinite(second).all():
        return None
    groups = _groups(classes, others, len(first), len(second))
    if groups is None:
        return None
    weights = np.array([min(len(ours), len(theirs)) for ours, theirs in groups], float)
    weights /= weights.sum()
    shift, shift_variance, spreads = np.zeros(first.shape[1]), np.zeros(first.shape[1]), []
    log_ratio, log_variance = np.zeros(first.shape[1]), np.zeros(first.shape[1])
    for weight, (ours, theirs) in zip(weights, groups, strict=True):
        a, b = first[ours], second[theirs]
        means, their_means = a.mean(2), b.mean(2)
        shift += weight * (means.mean(0) - their_means.mean(0))
        shift_variance += weight**2 * (means.var(0) / (len(a) - 1) + their_means.var(0) / (len(b) - 1))
        spreads.append((weight, a.std((0, 2)), b.std((0, 2))))
        one, other = _deviations(a), _deviations(b)
        ratio, variance = _log_ratio(one, other)
        log_ratio += weight * ratio
        log_variance += weight**2 * variance
    spread = np.sqrt(sum(weight * one**2 for weight, one, _ in spreads))
    their_spread = np.sqrt(sum(weight * other**2 for weight, _, other in spreads))
    pooled = np.sqrt((spread**2 + their_spread**2) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        shifted = np.nan_to_num(np.abs(shift) / np.sqrt(shift_variance), nan=0.0)
        scaled = np.nan_to_num(np.abs(log_ratio) / np.sqrt(log_variance), nan=0.0)
        is_shifted = (shifted > _DEVIATIONS) & (np.abs(shift) > limits.shift * pooled)
        is_scaled = (scaled > _DEVIATIONS) & (np.abs(log_ratio) > np.log(limits.ratio))
    columns = np.flatnonzero(is_shifted | is_scaled)
    if not len(columns) or len(columns) < limits.columns * first.shape[1]:
        return None
    chosen, theirs_chosen = first[:, columns], second[:, columns]
    return Apart(
        columns,
        first.shape[1],
        (float(chosen.mean()), float(theirs_chosen.mean())),
        (float(np.median(spread[columns])), float(np.median(their_spread[columns]))),
        (len(first), len(second)),
        float(np.maximum(np.where(is_shifted, shifted, 0), np.where(is_scaled, scaled, 0))[columns].min()),
    )


def _groups(
    classes: np.ndarray | None, others: np.ndarray | None, count: int, other_count: int
) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Returns the rows of each class in both; None where too few of them have a class that both have."""
    if classes is None or others is None:
        return [(np.arange(count), np.arange(other_count))]
    if len(classes) != count or len(others) != other_count:
        return None
    found = []
    for name in np.unique(classes):
        ours, theirs = np.flatnonzero(classes == name), np.flatnonzero(others == name)
        if min(len(ours), len(theirs)) >= _FEWEST_OF_CLASS:
            found.append((ours, theirs))
    shared = sum(len(theirs) for _, theirs in found)
    return found if found and shared >= _FEWEST_SHARED * other_count else None


def _deviations(rows: np.ndarray) -> np.ndarray:
    """Returns how far the values of each row lie from the middle of all rows, `(rows, columns)`."""
    return np.abs(rows - np.median(rows, (0, 2))[None, :, None]).mean(2)


def _log_ratio(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the logarithm of the ratio of two mean deviations, and its variance."""
    one, other = first.mean(0), second.mean(0)
    constant = (one == 0) | (other == 0)
    safe, other_safe = np.where(constant, 1, one), np.where(constant, 1, other)
    variance = first.var(0) / (len(first) - 1) / safe**2 + second.var(0) / (len(second) - 1) / other_safe**2
    return np.where(constant, 0, np.log(safe / other_safe)), np.where(constant, np.inf, variance)


def _what(found: Apart) -> str:
    ratio = found.spreads[0] / found.spreads[1] if found.spreads[1] else float("inf")
    scale = not 1 / 1.3 < ratio < 1.3
    shift = abs(found.means[0] - found.means[1]) > 0.3 * max(found.spreads)
    return "mean and spread" if scale and shift else "spread" if scale else "mean"


def _seen(found: Apart, ours: str, theirs: str, by_class: bool) -> str:
    where = f" in {len(found.columns)} of {found.of} columns" if found.of > 1 else ""
    sides = [
        f"mean {mean:.4g} and deviation {spread:.4g} in {rows:,} elements of the {use} data"
        for mean, spread, rows, use in zip(found.means, found.spreads, found.rows, (ours, theirs), strict=True)
    ]
    how = ", compared class by class" if by_class else ""
    return f"{sides[0]}, {sides[1]}{where}: {found.errors:,.0f} standard errors apart{how}"
