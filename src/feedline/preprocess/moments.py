"""Moments: mean, spread and limits of numbers that come in parts."""

from __future__ import annotations

import numpy as np


class Moments:
    """The count, mean, sum of squared deviations, minimum and maximum of each of some columns of numbers.

    Parts are put together by the pairwise update of Chan, Golub and LeVeque (1983): it loses nothing where the mean is
    large and the spread small, as the sum of squares does.

    Args:
        columns: how many columns.

    Example:
        >>> moments = Moments(1)
        >>> moments.add(np.array([[1e9], [1e9 + 1]]))
        >>> moments.add(np.array([[1e9 + 2]]))
        >>> moments.mean, moments.std()
        (array([1.e+09]), array([0.81649658]))
    """

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.mean = np.zeros(columns)
        self._squares = np.zeros(columns)
        self.minimum = np.full(columns, np.inf)
        self.maximum = np.full(columns, -np.inf)

    def add(self, values: np.ndarray) -> None:
        """Takes float64 `(m, columns)`."""
        count = len(values)
        if count == 0:
            return
        with np.errstate(over="ignore", invalid="ignore"):  # told when statistics are asked for
            self._add(values, count)

    def _add(self, values: np.ndarray, count: int) -> None:
        np.minimum(self.minimum, values.min(axis=0), out=self.minimum)
        np.maximum(self.maximum, values.max(axis=0), out=self.maximum)
        mean = values.mean(axis=0)
        deviations = values - mean
        left = deviations.sum(axis=0)  # what rounding has left of the mean
        squares = np.einsum("mc,mc->c", deviations, deviations) - left * left / count
        mean += left / count
        total = self.count + count
        delta = mean - self.mean
        self.mean = self.mean + delta * (count / total)
        self._squares += squares + delta * delta * (self.count * (count / total))
        self.count = total

    def std(self) -> np.ndarray:
        """Returns the standard deviations `(columns,)`; exactly 0 for what is constant."""
        spread = np.sqrt(np.maximum(self._squares, 0) / max(self.count, 1))
        return np.where(self.minimum == self.maximum, 0.0, spread)
