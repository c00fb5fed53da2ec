"""Steps that learn nothing: logarithms, limits, a factor, and what is passed on as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, NotFiniteError
from feedline.preprocess.step import Step, as_floats, check_finite, check_number, float_dtype


class Passthrough(Step):
    """Gives a column as it is.

    Example:
        >>> Passthrough().transform(np.array([3, 4]))
        array([3, 4])
    """

    kinds = ("bool", "integer", "float", "string")

    def transform(self, values: np.ndarray) -> np.ndarray:
        return values


class Rescale(Step):
    """Multiplies by a number and adds another, as `keras.layers.Rescaling`.

    Args:
        scale: the factor.
        offset: what is added.
        dtype: the dtype of the results.

    Example:
        >>> Rescale(1 / 255).transform(np.array([0, 51, 255], np.uint8))
        array([0. , 0.2, 1. ], dtype=float32)
    """

    def __init__(self, scale: float, offset: float = 0.0, *, dtype: Any = "float32") -> None:
        self.scale = check_number("scale", scale)
        self.offset = check_number("offset", offset)
        self.dtype = float_dtype(dtype)

    def transform(self, values: np.ndarray) -> np.ndarray:
        floats = as_floats(values)
        floats *= self.scale
        floats += self.offset
        return floats.astype(self.dtype)


class Log1p(Step):
    """Takes the logarithm of 1 + x, for amounts and counts that spread over several orders of magnitude.

    Args:
        dtype: the dtype of the results.

    Raises:
        NotFiniteError: while running: a value is -1 or less.

    Example:
        >>> Log1p().transform(np.array([0.0, np.e - 1]))
        array([0., 1.], dtype=float32)
    """

    def __init__(self, *, dtype: Any = "float32") -> None:
        self.dtype = float_dtype(dtype)

    def transform(self, values: np.ndarray) -> np.ndarray:
        floats = as_floats(values)
        if floats.size and floats.min() <= -1:
            error = NotFiniteError(
                f"a value is {floats.min():g}: 1 + x has no logarithm.",
                fix="Put Clip(0, None) in front, if smaller values mean nothing; else use Standardize alone.",
            )
            error.row = int(np.flatnonzero((floats <= -1).reshape(len(floats), -1).any(1))[0])
            raise error
        return np.log1p(floats, out=floats).astype(self.dtype)


class Clip(Step):
    """Brings values below a limit, or above another, to it.

    Args:
        minimum: the lower limit; None for none.
        maximum: the upper limit; None for none.

    Returns values of the dtype that they have.

    Raises:
        ArgumentError: the limits are none, the wrong way round, or while running: no values of the column's dtype.

    Example:
        >>> Clip(0, 10).transform(np.array([-3.0, 4.0, 99.0]))
        array([ 0.,  4., 10.])
    """

    kinds = ("integer", "float")

    def __init__(self, minimum: float | None = None, maximum: float | None = None) -> None:
        if minimum is None and maximum is None:
            raise ArgumentError("Clip has neither a minimum nor a maximum.", fix="Write Clip(0, 100), for example.")
        self.minimum = None if minimum is None else check_number("minimum", minimum)
        self.maximum = None if maximum is None else check_number("maximum", maximum)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ArgumentError(
                f"the minimum of Clip, {minimum}, is above its maximum, {maximum}.", fix="Give the lower one first."
            )

    def transform(self, values: np.ndarray) -> np.ndarray:
        check_finite(values)
        low, high = (None if limit is None else self._limit(limit, values.dtype) for limit in self.limits())
        return np.clip(values, low, high)

    def limits(self) -> tuple[float | None, float | None]:
        """Returns the lower limit and the upper one."""
        return self.minimum, self.maximum

    @staticmethod
    def _limit(limit: float, dtype: np.dtype) -> np.generic:
        if dtype.kind in "iu":
            bounds = np.iinfo(dtype)
            if limit != int(limit):
                raise ArgumentError(
                    f"the limit {limit} is no integer, and the column is {dtype.name}.", fix="Give an integer limit."
                )
            limit = min(max(int(limit), int(bounds.min)), int(bounds.max))
        return dtype.type(limit)
