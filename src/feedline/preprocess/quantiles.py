"""Quantiles: of numbers that come in parts, exact for as many as fit, and from a summary beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_KEPT_VALUES = 1 << 20
_LEAST_ROWS = 1 << 11


class Quantiles:
    """Quantiles of each of some columns of numbers.

    As many rows as fit are kept. Whenever the room is full they are sorted, and every second value is kept, which
    counts twice from then on; of two such summaries again every second, which counts four times. Which half is kept
    alternates, so that errors cancel. Nothing is drawn: the same numbers in the same order give the same quantiles,
    however they are cut into parts.

    Args:
        columns: how many columns.
        kept: how many values there is room for; None for about a million.

    Example:
        >>> quantiles = Quantiles(1)
        >>> quantiles.add(np.arange(101.0)[:, None])
        >>> quantiles.at([0.25, 0.5])
        [array([25.]), array([50.])]
    """

    def __init__(self, columns: int, kept: int | None = None) -> None:
        self._columns = columns
        self._room = max(2, kept // columns) if kept is not None else max(_LEAST_ROWS, _KEPT_VALUES // columns)
        self._room += self._room % 2
        self._parts: list[np.ndarray] = []
        self._held = 0
        self._levels: list[np.ndarray | None] = []
        self._odd: list[bool] = []

    def add(self, values: np.ndarray) -> None:
        """Takes float64 `(m, columns)`."""
        start = 0
        while start < len(values):
            stop = min(len(values), start + self._room - self._held)
            self._parts.append(values[start:stop])
            self._held += stop - start
            start = stop
            if self._held == self._room:
                self._put(np.concatenate(self._parts), 0)
                self._parts, self._held = [], 0

    def _put(self, rows: np.ndarray, level: int) -> None:
        while True:
            if level == len(self._levels):
                self._levels.append(None)
                self._odd.append(False)
            other = self._levels[level]
            if level == 0:
                other = rows[:0]
            elif other is None:
                self._levels[level] = rows
                return
            both = np.sort(np.concatenate([other, rows]), axis=0)
            rows = both[int(self._odd[level]) :: 2]
            self._odd[level] = not self._odd[level]
            self._levels[level] = None
            level += 1

    def at(self, shares: Sequence[float]) -> list[np.ndarray]:
        """Returns the quantiles `(columns,)` at some shares from 0 to 1, interpolated as `np.quantile` does."""
        held = [(1, np.concatenate(self._parts))] if self._parts else []
        held += [(1 << level, rows) for level, rows in enumerate(self._levels) if rows is not None]
        values = np.concatenate([rows for _, rows in held])
        if len(held) == 1 and held[0][0] == 1:
            return list(np.quantile(values, list(shares), axis=0))
        weights = np.concatenate([np.full(len(rows), weight) for weight, rows in held])
        result = np.empty((len(shares), self._columns))
        for column in range(self._columns):
            order = np.argsort(values[:, column], kind="stable")
            weight = weights[order]
            places = np.cumsum(weight) - (weight + 1) / 2
            wanted = np.asarray(shares) * (weight.sum() - 1)
            result[:, column] = np.interp(wanted, places, values[order, column])
        return list(result)
