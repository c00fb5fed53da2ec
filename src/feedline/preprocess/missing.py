"""Impute: a value in place of those that are missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, EmptyDatasetError
from feedline.preprocess.moments import Moments
from feedline.preprocess.quantiles import Quantiles
from feedline.preprocess.step import Learner, Rows, Step, check_choice
from feedline.preprocess.vocabulary import Counts, as_category, told

_STRATEGIES = ("mean", "median", "most_frequent", "constant")


class _Learning:
    """Learns from the values that are there, all components of a column together."""

    def __init__(self, step: Impute) -> None:
        self._step = step
        self._counts = Counts(None)
        self._gathered: Any = Quantiles(1) if step.strategy == "median" else Moments(1)
        self._any = False

    def add(self, rows: Rows) -> None:
        for values in rows if isinstance(rows, list) else [rows]:
            there = values[~self._step.missing_in(values)]
            self._any |= there.size > 0
            if self._step.strategy == "most_frequent":
                self._counts.add(there)
            elif there.size:
                self._step.check_numbers(values)
                self._gathered.add(there.astype(np.float64).reshape(-1, 1))

    def learnt(self) -> dict[str, Any]:
        if not self._any:
            raise EmptyDatasetError(
                "all values of the column are missing.", fix="Leave the column out, or use Impute('constant', value=0)."
            )
        if self._step.strategy == "most_frequent":
            return {"value": self._counts.vocabulary("frequency", 1, 1)[0]}
        found = self._gathered.mean if self._step.strategy == "mean" else self._gathered.at([0.5])[0]
        return {"value": float(found[0])}


class Impute(Step):
    """Puts a value in place of those that are missing; the others stay as they are.

    It is used in front of another step, which then learns from what was filled in: `[Impute("mean"), Standardize()]`.
    Such a pair is fit in two passes over the training data.

    Args:
        strategy: "mean" or "median" of the values of the training data that are there, the "most_frequent" of them (of
            equally frequent ones the smallest), or "constant".
        value: what is put in, with "constant".
        missing: what counts as missing; None for NaN in floats and for b"" in text. Integers need one, such as -1.

    Attributes:
        learnt: with `value`, where it was learnt.

    Raises:
        ArgumentError: arguments contradict each other.
        DtypeError: while running: a column of integers without `missing`, a mean of text.
        EmptyDatasetError: in `fit`: all values are missing.

    Example:
        >>> import feedline as fl
        >>> ages = fl.Dataset.from_tensor_slices([20.0, float("nan"), 60.0])
        >>> preprocess = fl.Preprocess(fl.preprocess.Impute("mean")).fit(ages)
        >>> [float(age) for age in ages.map(preprocess)]
        [20.0, 40.0, 60.0]
    """

    kinds = ("bool", "integer", "float", "string")

    def __init__(self, strategy: str, *, value: Any = None, missing: Any = None) -> None:
        self.strategy = check_choice("strategy", strategy, _STRATEGIES)
        if (strategy == "constant") != (value is not None):
            raise ArgumentError(
                f"the strategy is {strategy!r} and the value {value!r:.40}; a value goes with 'constant' alone.",
                fix="Write Impute('constant', value=0), or Impute('mean').",
            )
        self.value, self.missing = _plain("value", value), _plain("missing", missing)

    @property
    def learns(self) -> bool:
        return self.strategy != "constant"

    def learner(self) -> Learner:
        return _Learning(self)

    def missing_in(self, values: np.ndarray) -> np.ndarray:
        """Returns where values are missing.

        Raises:
            DtypeError: it is not said what is missing, or it is of another kind than the values.
        """
        kind = values.dtype.kind
        if self.missing is not None:
            if isinstance(self.missing, bytes) != (kind == "O"):
                raise DtypeError(
                    f"missing is {told(self.missing)}, and the column is of another kind.",
                    fix="Give a value of the column's kind as missing.",
                )
            return np.asarray(values == self.missing, bool)
        if kind == "O":
            return np.asarray(values == b"", bool)
        if kind == "f":
            return np.isnan(values)
        raise DtypeError(
            f"a column of {values.dtype.name} has no NaN.", fix="Say what is missing: Impute('mean', missing=-1)."
        )

    def check_numbers(self, values: np.ndarray) -> None:
        """Checks that there is a mean or a median.

        Raises:
            DtypeError: the values are text or bools.
        """
        if values.dtype.kind not in "iuf":
            raise DtypeError(
                f"text and bools have no {self.strategy}.",
                fix="Use Impute('most_frequent'), or Impute('constant', ...).",
            )

    def transform(self, values: np.ndarray) -> np.ndarray:
        missing = self.missing_in(values)
        value = self.value if self.strategy == "constant" else self.known("value")
        if isinstance(value, bytes) != (values.dtype.kind == "O"):
            raise DtypeError(
                f"the value {told(value)} is of another kind than the column.", fix="Give one of the column's kind."
            )
        if not missing.any():
            return values
        if values.dtype.kind in "iu" and value != int(value):
            value = round(value)
        result = values.copy()
        result[missing] = value
        return result


def _plain(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            raise ArgumentError(
                f"{name} is {value!r}.", fix="NaN is what is missing anyway: leave it out; or give a finite number."
            )
        return float(value)
    return as_category(value, name)
