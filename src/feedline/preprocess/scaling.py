"""Scaling: Standardize, MinMax and Robust, each (x - shift) / scale with what was learnt from the training data."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, EmptyDatasetError, NotFiniteError, ShapeError
from feedline.preprocess.moments import Moments
from feedline.preprocess.quantiles import Quantiles
from feedline.preprocess.step import (
    Learner,
    Rows,
    Step,
    as_floats,
    check_choice,
    check_finite,
    check_number,
    flat_rows,
    float_dtype,
)

_AXES = (-1, None)


class _Learning:
    """Gives the values of each component of the last axis, or all values, to what gathers them."""

    def __init__(self, step: Scaling) -> None:
        self._step = step
        self._gathered: Any = None
        self._scalars = False
        self._columns = 0

    def add(self, rows: Rows) -> None:
        rank = (rows[0].ndim if rows else 0) if isinstance(rows, list) else rows.ndim - 1
        self._scalars = self._step.axis is None or rank == 0
        values = flat_rows(rows, self._step.axis)
        if self._gathered is not None and self._columns != values.shape[1]:
            raise _lengths_differ(type(self._step).__name__)
        self._columns = values.shape[1]
        if self._gathered is None:
            self._gathered = self._step.gathering(values.shape[1])
        self._gathered.add(values)

    def learnt(self) -> dict[str, Any]:
        found = self._step.found(self._gathered)
        if not all(np.isfinite(array).all() for array in found.values()):
            raise NotFiniteError(
                "the numbers are too large for statistics in float64.", fix="Put Clip or Log1p in front of this step."
            )
        if self._gathered is None:
            raise EmptyDatasetError("no element has a value in this column.", fix="Fit on data that have values.")
        return {name: array[0] if self._scalars else array for name, array in found.items()}


def _lengths_differ(step: str) -> ShapeError:
    return ShapeError(
        f"the last axis differs in length, and {step} has statistics for each component of it.",
        fix=f"Write {step}(axis=None) for one of all values.",
    )


class Scaling(Step):
    """What the steps have in common that subtract and divide."""

    axis: int | None
    dtype: str
    _numbers: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def learns(self) -> bool:
        return True

    def learner(self) -> Learner:
        return _Learning(self)

    def set_learnt(self, learnt: dict[str, Any]) -> None:
        self.learnt = learnt
        shift, scale = self.shift_and_scale()
        self._numbers = shift, np.where(scale == 0, 1.0, scale)

    def gathering(self, columns: int) -> Any:
        """Returns what gathers values `(m, columns)`."""
        raise NotImplementedError

    def found(self, gathered: Any) -> dict[str, np.ndarray]:
        """Returns what was learnt, an array `(columns,)` by each name."""
        raise NotImplementedError

    def shift_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns what is subtracted, and what it is divided by; 0 for what is not divided."""
        raise NotImplementedError

    def transform(self, values: np.ndarray) -> np.ndarray:
        shift, divisor = self._numbers or self.known("")
        if shift.ndim and values.shape[-1] != len(shift):
            raise _lengths_differ(type(self).__name__)
        result = as_floats(values)
        result -= shift
        result /= divisor
        return self.finished(result).astype(self.dtype)

    def finished(self, result: np.ndarray) -> np.ndarray:
        """Returns the result, which it may change."""
        return result


class Standardize(Scaling):
    """Brings values to mean 0 and standard deviation 1: (x - mean) / std.

    The mean and the spread are gathered in one pass by the pairwise update of Chan, Golub and LeVeque, in float64. A
    component that is constant in the training data is only shifted.

    Args:
        axis: -1 for a mean and a spread for each component of the last axis: each component of a vector, each channel
            of an image. None for one of all values. A column of numbers has one in either case.
        dtype: the dtype of the results; what is computed is float64.

    Attributes:
        mean: float64, `()` or `(components,)`.
        std: the same; that of all values, not of a sample (`ddof=0`), as in scikit-learn and Keras.

    Raises:
        NotFiniteError: while running: a value is NaN or infinite.

    Example:
        >>> import feedline as fl
        >>> ages = fl.Dataset.from_tensor_slices([20.0, 40.0, 60.0])
        >>> preprocess = fl.Preprocess(fl.preprocess.Standardize()).fit(ages)
        >>> [float(age) for age in ages.map(preprocess)]
        [-1.2247449159622192, 0.0, 1.2247449159622192]
    """

    def __init__(self, *, axis: int | None = -1, dtype: Any = "float32") -> None:
        self.axis = check_choice("axis", axis, _AXES)
        self.dtype = float_dtype(dtype)

    @property
    def mean(self) -> np.ndarray:
        return self.known("mean")

    @property
    def std(self) -> np.ndarray:
        return self.known("std")

    def shift_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        return self.mean, self.std

    def gathering(self, columns: int) -> Any:
        return Moments(columns)

    def found(self, gathered: Any) -> dict[str, np.ndarray]:
        return {"mean": gathered.mean, "std": gathered.std()}


class MinMax(Scaling):
    """Brings the smallest value of the training data to one number and the largest to another.

    Values beyond those of the training data go beyond these numbers, unless they are clipped. A component that is
    constant in the training data becomes the smaller number.

    Args:
        low: what the smallest becomes.
        high: what the largest becomes.
        clip: whether later values beyond the training data's are brought to its ends.
        axis: as in `Standardize`.
        dtype: the dtype of the results; what is computed is float64.

    Attributes:
        minimum: float64, `()` or `(components,)`.
        maximum: the same.

    Raises:
        ArgumentError: `low` is not below `high`.
        NotFiniteError: while running: a value is NaN or infinite.

    Example:
        >>> import feedline as fl
        >>> ages = fl.Dataset.from_tensor_slices([20.0, 40.0, 60.0])
        >>> preprocess = fl.Preprocess(fl.preprocess.MinMax()).fit(ages)
        >>> preprocess([20.0, 30.0, 80.0])
        array([0.  , 0.25, 1.5 ], dtype=float32)
    """

    def __init__(
        self,
        low: float = 0.0,
        high: float = 1.0,
        *,
        clip: bool = False,
        axis: int | None = -1,
        dtype: Any = "float32",
    ) -> None:
        self.low, self.high = check_number("low", low), check_number("high", high)
        if self.low >= self.high:
            raise ArgumentError(f"low is {low} and high is {high}.", fix="Give the lower one first: MinMax(0, 1).")
        self.clip = check_choice("clip", clip, (True, False))
        self.axis = check_choice("axis", axis, _AXES)
        self.dtype = float_dtype(dtype)

    @property
    def minimum(self) -> np.ndarray:
        return self.known("minimum")

    @property
    def maximum(self) -> np.ndarray:
        return self.known("maximum")

    def shift_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        return self.minimum, self.maximum - self.minimum

    def gathering(self, columns: int) -> Any:
        return Moments(columns)

    def found(self, gathered: Any) -> dict[str, np.ndarray]:
        with np.errstate(over="ignore"):
            spread = gathered.maximum - gathered.minimum  # an overflow would be told too late
        return {"minimum": gathered.minimum, "maximum": np.where(np.isfinite(spread), gathered.maximum, np.inf)}

    def finished(self, result: np.ndarray) -> np.ndarray:
        if self.clip:
            np.clip(result, 0.0, 1.0, out=result)
        result *= self.high - self.low
        result += self.low
        check_finite(result, " after scaling")
        return result


class Robust(Scaling):
    """Takes the median off and divides by the range between two quantiles, which outliers hardly change.

    Quantiles are exact up to a million values of a component. Beyond that they come from a summary that keeps every
    second value of the sorted ones, again and again, and are at worst some thousandths of a percent of the values off.

    Args:
        low: the lower quantile, from 0 to 1.
        high: the upper one.
        axis: as in `Standardize`.
        dtype: the dtype of the results; what is computed is float64.

    Attributes:
        median: float64, `()` or `(components,)`.
        spread: the same: the distance between the quantiles.

    Raises:
        ArgumentError: the quantiles are not between 0 and 1, or the wrong way round.
        NotFiniteError: while running: a value is NaN or infinite.

    Example:
        >>> import feedline as fl
        >>> prices = fl.Dataset.from_tensor_slices([1.0, 2.0, 3.0, 4.0, 1000.0])
        >>> preprocess = fl.Preprocess(fl.preprocess.Robust()).fit(prices)
        >>> preprocess([1.0, 3.0, 4.0])
        array([-1. ,  0. ,  0.5], dtype=float32)
    """

    def __init__(self, low: float = 0.25, high: float = 0.75, *, axis: int | None = -1, dtype: Any = "float32") -> None:
        self.low, self.high = check_number("low", low), check_number("high", high)
        if not 0 <= self.low < self.high <= 1:
            raise ArgumentError(
                f"the quantiles are {low} and {high}; they must rise, and be from 0 to 1.",
                fix="Write Robust(0.25, 0.75).",
            )
        self.axis = check_choice("axis", axis, _AXES)
        self.dtype = float_dtype(dtype)

    @property
    def median(self) -> np.ndarray:
        return self.known("median")

    @property
    def spread(self) -> np.ndarray:
        return self.known("spread")

    def shift_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        return self.median, self.spread

    def gathering(self, columns: int) -> Any:
        return Quantiles(columns)

    def found(self, gathered: Any) -> dict[str, np.ndarray]:
        low, median, high = gathered.at([self.low, 0.5, self.high])
        return {"median": median, "spread": high - low}
