"""The labels of the elements that were looked at, and the order that they come in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedline.check.elements import Component, Elements

_MOST_CLASSES = 0.5
"""Labels that differ in more than this part of the elements are no classes, but values to be predicted."""

_FEWEST = 16


@dataclass(frozen=True, repr=False)
class Labels:
    """Class labels, one for each element that was looked at, in the order of the elements.

    Args:
        component: the component that they are.
        values: int64 `(n,)`, the number of each element's class; `names` tells which class it is.
        names: the labels as they are: integers, bools or bytes; of one-hot vectors the index of the 1.
        positions: int64 `(n,)`, the positions of these elements, rising.
        one_hot: whether they are one-hot vectors.
        whole: whether they are the labels of all elements.
    """

    component: Component
    values: np.ndarray
    names: tuple[Any, ...]
    positions: np.ndarray
    one_hot: bool
    whole: bool = False

    @cached_property
    def counts(self) -> Counter[Any]:
        """How often each label comes."""
        numbers = np.bincount(self.values, minlength=len(self.names))
        return Counter({name: int(count) for name, count in zip(self.names, numbers.tolist(), strict=True)})

    @property
    def classes(self) -> int:
        """How many different labels were seen."""
        return len(self.names)

    @cached_property
    def runs(self) -> int:
        """Into how many runs of one label the elements fall that were looked at, in their order."""
        return int(1 + (np.diff(self.values) != 0).sum()) if len(self.values) else 0

    @cached_property
    def expected_runs(self) -> tuple[float, float]:
        """How many runs there would be in a random order, and the standard deviation of that number.

        For each permutation being as likely as any other (Wald and Wolfowitz, for several kinds: Barton and David).
        """
        n = len(self.values)
        if n < 3:
            return float(n), 0.0
        counts = np.bincount(self.values).astype(float)
        squares, cubes = float((counts**2).sum()), float((counts**3).sum())
        mean = (n * (n + 1) - squares) / n
        variance = (squares * (squares + n * (n + 1)) - 2 * n * cubes - n**3) / (n**2 * (n - 1))
        return mean, max(0.0, variance) ** 0.5

    @property
    def come_in_runs(self) -> bool:
        """Whether equal labels follow each other far more often than chance would have it."""
        mean, deviation = self.expected_runs
        if len(self.values) < _FEWEST or self.classes < 2 or deviation == 0:
            return False
        return self.runs < mean - 6 * deviation and self.runs < 0.7 * mean

    @cached_property
    def run_length(self) -> float:
        """How many elements of the dataset follow each other with one label, on average, as far as can be told.

        Neighbours that were looked at with one label count as one run, also where elements between them were not.
        """
        if not len(self.values):
            return 0.0
        span = int(self.positions[-1] - self.positions[0] + 1)
        return span / self.runs

    @cached_property
    def longest_run(self) -> int:
        """The longest distance from the first to the last element of a run of one label, as far as can be told."""
        if not len(self.values):
            return 0
        starts = np.flatnonzero(np.diff(self.values, prepend=-1) != 0)
        ends = np.append(starts[1:], len(self.values)) - 1
        return int((self.positions[ends] - self.positions[starts]).max() + 1)

    def __repr__(self) -> str:
        return f"<{len(self.values)} labels of {self.classes} classes in {self.runs} runs>"


def labels_of(elements: Elements, whole: bool = False) -> Labels | None:
    """Returns the class labels of elements; None where they have none, or values that are no classes.

    Args:
        elements: single elements, or batches: then the labels are those of their rows.
        whole: whether these are all elements.
    """
    for component in elements.labels:
        positions = np.arange(len(component.rows)) if elements.batched else elements.positions
        found = classes_of(component, positions, whole)
        if found is not None:
            return found
    return None


def classes_of(component: Component, positions: np.ndarray, whole: bool = False) -> Labels | None:
    """Returns a component as class labels; None where its values are no classes.

    Args:
        component: the component.
        positions: int64 `(n,)`, the positions of its rows, rising.
        whole: whether these are all rows.
    """
    values = component.rows
    one_hot = False
    numbers: list[Any]
    statistics = component.statistics
    if statistics.distinct is not None:
        dtype = statistics.dtype
        if dtype is None or (dtype.kind == "f" and not statistics.integer_valued) or dtype.kind == "c":
            return None
        numbers = [value.item() if isinstance(value, np.generic | np.ndarray) else value for value in values]
    else:
        indices = _one_hot_indices(values)
        if indices is None:
            return None
        numbers, one_hot = indices, True
    if not all(isinstance(number, int | float | bytes | str) for number in numbers):
        return None  # datasets, and sparse rows
    names = sorted(set(numbers))
    if len(numbers) >= _FEWEST and len(names) > max(2, _MOST_CLASSES * len(numbers)):
        return None
    places = {name: number for number, name in enumerate(names)}
    classes = np.array([places[number] for number in numbers], np.int64)
    return Labels(component, classes, tuple(names), positions, one_hot, whole)


def _one_hot_indices(values: list[Any]) -> list[int] | None:
    """Returns where the 1 of each vector is; None where any is no one-hot vector."""
    found = []
    for value in values:
        array = np.asarray(value)
        if array.ndim == 2 and array.shape[0] == 1:
            array = array[0]
        if array.ndim != 1 or array.dtype.kind not in "biuf" or len(array) < 2:
            if array.ndim == 1 and len(array) == 1 and array.dtype.kind in "biu":  # a label in a vector of its own
                found.append(int(array[0]))
                continue
            return None
        ones = np.flatnonzero(array)
        if len(ones) != 1 or array[ones[0]] != 1:
            return None
        found.append(int(ones[0]))
    return found
