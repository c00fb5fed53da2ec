"""What labels look like: their range, and whether their last dimension is one of classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedline.check.families.model.given import Part
from feedline.check.finding import Severity


@dataclass(frozen=True)
class Verdict:
    """What is wrong with the labels of an output.

    Args:
        code: the rule that it belongs to.
        message: one sentence.
        seen: the shapes and numbers.
        fix: the change that mends it.
        where: which element it was seen in.
        severity: how bad it is.
    """

    code: str
    message: str
    seen: str
    fix: str
    where: tuple[str, ...] = ()
    severity: Severity = "error"


@dataclass(frozen=True)
class ClassRows:
    """What the vectors along the last dimension of labels are like.

    Args:
        count: how many there are.
        zero_one: whether all values are 0 or 1.
        sums_to_one: whether each adds up to 1.
        without: how many add up to 0.
        with_several: how many add up to more than 1.
    """

    count: int
    zero_one: bool
    sums_to_one: bool
    without: int
    with_several: int

    @property
    def one_hot(self) -> bool:
        """Whether each has exactly one 1."""
        return self.count > 0 and self.zero_one and self.sums_to_one

    @property
    def shares(self) -> bool:
        """Whether each shares 1 among the classes, as one-hot vectors and probabilities do."""
        return self.count > 0 and self.sums_to_one


def class_rows(part: Part) -> ClassRows:
    """Returns what the vectors along the last dimension of a component are like, as far as it was looked at."""
    count = without = several = 0
    zero_one = even = True
    component = part.component
    for value in component.values if component is not None else ():
        array = np.asarray(value)
        if array.ndim < 1 or not array.size:
            continue
        sums = array.sum(axis=-1, dtype=np.float64).reshape(-1)
        count += len(sums)
        without += int((sums == 0).sum())
        several += int((sums > 1 + 1e-3).sum())
        zero_one = zero_one and bool(((array == 0) | (array == 1)).all())
        even = even and bool((np.abs(sums - 1) < 1e-3).all()) and bool((array >= 0).all())
    return ClassRows(count, zero_one, even and count > 0, without, several)


def range_of(part: Part, without: float | None = None) -> tuple[float, float] | None:
    """Returns the least and the greatest finite value of a component; None where there is none.

    Args:
        part: the component.
        without: a value that does not count, such as a class that the loss leaves out.
    """
    if part.values is None:
        return None
    low, high = part.values.minimum, part.values.maximum
    if without is not None and part.component is not None and without in (low, high):
        kept = [array[array != without] for array in part.values.arrays]
        kept = [array for array in kept if array.size]
        if not kept:
            return None
        low, high = min(float(array.min()) for array in kept), max(float(array.max()) for array in kept)
    return None if low is None or high is None else (low, high)


def counted(part: Part, weight: Part, without: float | None = None) -> tuple[float, float] | None:
    """Returns the least and the greatest value of labels whose weight is not 0; None where that cannot be told.

    Args:
        part: the labels.
        weight: their sample weights.
        without: a value that does not count.
    """
    if part.component is None or weight.component is None or len(part.component.rows) != len(weight.component.rows):
        return None
    low, high = np.inf, -np.inf
    for label, weights in zip(part.component.rows, weight.component.rows, strict=True):
        values, there = np.asarray(label), np.asarray(weights) != 0
        if there.ndim > values.ndim:
            there = there[..., 0]
        if there.shape != values.shape[: there.ndim]:
            return None
        kept = values[there]
        kept = kept[kept != without] if without is not None else kept
        if kept.size:
            low, high = min(low, float(kept.min())), max(high, float(kept.max()))
    return (low, high) if low <= high else None


def distinct_of(part: Part, most: int = 3) -> list[float]:
    """Returns the different values of a component, sorted; more than `most` are not gathered in full."""
    found: set[float] = set()
    for array in part.values.arrays if part.values is not None else ():
        found.update(np.unique(array).tolist())
        if len(found) > most:
            break
    return sorted(found)


def told(number: float) -> str:
    """Returns a number for messages: without a fraction where it has none."""
    return f"{int(number):,}" if float(number).is_integer() else f"{number:.4g}"
