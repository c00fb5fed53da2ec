"""Discretize: numbers as the numbers of ranges."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, FeedlineWarning
from feedline.origin import frames_to_user
from feedline.preprocess.quantiles import Quantiles
from feedline.preprocess.step import Learner, Rows, Step, as_floats, check_number, flat_rows
from feedline.spec import as_dtype, dtype_name


class _Learning:
    """Finds the boundaries between bins of equally many values."""

    def __init__(self, num_bins: int) -> None:
        self._num_bins = num_bins
        self._quantiles = Quantiles(1)

    def add(self, rows: Rows) -> None:
        self._quantiles.add(flat_rows(rows, None))

    def learnt(self) -> dict[str, Any]:
        shares = np.arange(1, self._num_bins) / self._num_bins
        boundaries = np.unique(np.concatenate(self._quantiles.at(list(shares))))
        if len(boundaries) < self._num_bins - 1:
            warnings.warn(
                f"Discretize({self._num_bins}) makes only {len(boundaries) + 1} bins: many values are the same.",
                FeedlineWarning,
                stacklevel=frames_to_user(),
            )
        return {"boundaries": boundaries}


class Discretize(Step):
    """Gives each number the number of the range that it is in: 0 below the first boundary, 1 from there on, and so on.

    Args:
        num_bins: how many ranges with about equally many of the training data's values are to be found.
        boundaries: or the boundaries themselves, which rise.
        dtype: the dtype of the results.

    Attributes:
        learnt: with `boundaries`, float64 `(num_bins - 1,)`, where they were learnt; exact up to a million values.

    Raises:
        ArgumentError: both or neither are given, or boundaries do not rise.
        NotFiniteError: while running: a value is NaN or infinite.

    Example:
        >>> import feedline as fl
        >>> ages = fl.Dataset.from_tensor_slices([17.0, 18.0, 64.0, 90.0])
        >>> preprocess = fl.Preprocess(fl.preprocess.Discretize(boundaries=[18, 65])).fit(ages)
        >>> [int(number) for number in ages.map(preprocess)]
        [0, 1, 1, 2]
    """

    def __init__(self, num_bins: int | None = None, *, boundaries: Any = None, dtype: Any = "int64") -> None:
        if (num_bins is None) == (boundaries is None):
            raise ArgumentError(
                "Discretize needs either num_bins or boundaries.",
                fix="Write Discretize(10), or Discretize(boundaries=[18, 65]).",
            )
        if num_bins is not None and (
            isinstance(num_bins, bool) or not isinstance(num_bins, int | np.integer) or num_bins < 2
        ):
            raise ArgumentError(f"num_bins is {num_bins!r:.40}; it must be 2 or more.", fix="Write Discretize(10).")
        self.num_bins = None if num_bins is None else int(num_bins)
        self.boundaries: list[float] | None = None
        if boundaries is not None:
            self.boundaries = [check_number("a boundary", each) for each in boundaries]
            if not self.boundaries or any(np.diff(self.boundaries) <= 0):
                raise ArgumentError(
                    f"the boundaries {boundaries!r:.60} do not rise.", fix="Sort them, and give each once."
                )
        self.dtype = dtype_name(as_dtype(dtype))
        if as_dtype(dtype).kind not in "iuf":
            raise ArgumentError(f"dtype is {self.dtype}, not one of numbers.", fix="Write dtype='int64'.")

    @property
    def learns(self) -> bool:
        return self.boundaries is None

    def learner(self) -> Learner:
        assert self.num_bins is not None
        return _Learning(self.num_bins)

    def transform(self, values: np.ndarray) -> np.ndarray:
        boundaries = self.known("boundaries") if self.boundaries is None else np.array(self.boundaries)
        return np.searchsorted(boundaries, as_floats(values), side="right").astype(self.dtype)
