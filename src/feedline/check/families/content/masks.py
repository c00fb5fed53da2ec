"""Masks: arrays that hold a class for each place of a picture, told from other arrays by what they are like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.check.elements import Component

_MOST_CLASSES = 64
_MOST_ROWS = 48
_MOST_ARRAYS = 16
_SMALLEST = 8
_OF_A_REGION = 0.5
"""Which part of a class's places must have a neighbour of that class: classes come in regions, single points do not."""

_NAMES = ("mask", "seg", "label", "annotation", "target", "trimap")


def is_named_mask(component: Component) -> bool:
    """Says whether a component is a label, or has a name that masks have."""
    return component.role == "y" or any(part in component.key.lower() for part in _NAMES)


def is_flat(value: Any) -> bool:
    """Says whether a value has one number for each place: (height, width) or (height, width, 1)."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf" or value.ndim not in (2, 3):
        return False
    return min(value.shape[:2]) >= _SMALLEST and value.shape[2:] in ((), (1,))


def is_mask(values: Sequence[Any], fewest: int = 2) -> bool:
    """Says whether these arrays hold classes: few different values, whole numbers or steps of one, in regions.

    Args:
        values: an array for each element, of which some are looked at.
        fewest: how many classes there must be.

    Example:
        >>> is_mask([np.repeat([0, 1, 2], 8)[:, None].repeat(24, 1)], fewest=3)
        True
    """
    values = values[:: max(1, len(values) // _MOST_ARRAYS)][:_MOST_ARRAYS]
    if not values or not all(is_flat(value) for value in values):
        return False
    equal: dict[float, int] = {}
    counts: dict[float, int] = {}
    for value in values:
        plane = value.reshape(value.shape[:2])
        rows = plane[:: max(1, len(plane) // _MOST_ROWS)]
        here = rows[:, :-1]
        same = here == rows[:, 1:]
        classes, numbers = np.unique(here, return_counts=True)
        if len(classes) > _MOST_CLASSES:
            return False
        for each, number in zip(classes.tolist(), numbers.tolist(), strict=True):
            counts[each] = counts.get(each, 0) + number
        classes, numbers = np.unique(here[same], return_counts=True)
        for each, number in zip(classes.tolist(), numbers.tolist(), strict=True):
            equal[each] = equal.get(each, 0) + number
        if len(counts) > _MOST_CLASSES:
            return False
    total = sum(counts.values())
    common = [each for each, number in counts.items() if number >= 0.005 * total]
    if len(common) < fewest or not _are_steps(list(counts)):
        return False
    return all(equal.get(each, 0) >= _OF_A_REGION * counts[each] for each in common)


def _are_steps(values: list[float]) -> bool:
    """Says whether numbers are whole, or became so few by one division: 0 and 1 of 255, thirds of 1."""
    array = np.array(values, np.float64)
    if not np.isfinite(array).all():
        return False
    return bool((array == np.floor(array)).all()) or bool(np.abs(array * 255 - np.round(array * 255)).max() < 1e-3)
