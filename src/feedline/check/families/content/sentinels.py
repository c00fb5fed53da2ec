"""FL215: numbers that stand for a missing value, among numbers that are meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.families.content.columns import Columns, inputs_as_columns
from feedline.check.families.content.given import changing_step, given, number, pixels
from feedline.check.finding import Finding
from feedline.check.functions import FunctionFacts
from feedline.check.model import ModelFacts
from feedline.check.rule import Rule

_FILLED = (
    -99.0, -999.0, -9999.0, -99999.0, -999999.0, 999.0, 9999.0, 99999.0, 999999.0, -32768.0, -2147483648.0, 1e20,
    -1e20, 9.969209968386869e36, -3.4028234663852886e38, 3.4028234663852886e38, -1.7976931348623157e308,
)  # fmt: skip
"""What files and tables have where a value is missing: nines, the defaults of NetCDF and NumPy, the ends of dtypes."""

_FEWEST_ROWS = 32
_FEWEST = 3
_LEAST_SHARE = 0.005
_MOST_SHARE = 0.9
_FEWEST_DISTINCT = 10
_FAR = 2.0
"""How far from all others it must be, in parts of the distance between the least and the greatest of these."""

_LEAST_OF_SCALED = 5.0
_DEVIATIONS = 4.0


class Sentinel(Rule):
    """A number such as -999 stands in a column where a value is missing."""

    code = "FL215"
    name = "sentinel"
    severity = "warning"
    needs = ("sample",)
    why = (
        "To the model -999 is a measurement, and the largest of all: it sets the mean, the deviation and the gradient, "
        "and what differs among real values is lost beside it."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        for columns in inputs_as_columns(context, elements):
            component = columns.component
            if component.dtype is None or component.dtype.kind != "f" or len(columns.values) < _FEWEST_ROWS:
                continue
            found = _sentinels(columns)
            if not found or _is_padding(columns, found) or pixels(component):
                continue
            column, value = next(iter(found.items()))
            if context.model is not None and _knows(context.model, value):
                continue
            yield self._of(context, columns, found, column, value)

    def _of(self, context: Context, columns: Columns, found: dict[int, float], column: int, value: float) -> Finding:
        values = columns.values[:, column]
        here = values == value
        others = values[~here & np.isfinite(values)]
        several = f"; {len(found)} of {columns.values.shape[1]} columns are so" if len(found) > 1 else ""
        elements = given(context)
        return self.finding(
            f"{columns.name(column)} is {number(value)} where a value is missing.",
            seen=f"{number(value)} comes {int(here.sum()):,} times in {context.seen()}; all others are from "
            f"{number(float(others.min()))} to {number(float(others.max()))}{several}",
            where=[elements.where_row(int(np.flatnonzero(here)[0]))],
            at=changing_step(context),
            fix=f"Make it NaN where the data is read, np.where(x == {_written(value)}, np.nan, x), and fill that in: "
            'fl.Preprocess with fl.preprocess.Impute("median"), or the mean of the training data, with a column beside '
            "it that says where a value was missing.",
        )


def _sentinels(columns: Columns) -> dict[int, float]:
    """Returns the columns that have a number for missing values, with that number."""
    values = columns.values
    found: dict[int, float] = {}
    for column in range(values.shape[1]):
        numbers = values[:, column]
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers) < _FEWEST_ROWS:
            continue
        for end in (float(numbers.min()), float(numbers.max())):
            if _stands_out(end, numbers):
                found[column] = end
                break
    return found


def _stands_out(value: float, numbers: np.ndarray) -> bool:
    wanted = value == -1 or any(abs(value - each) <= 1e-7 * abs(each) for each in _FILLED)
    if not wanted:
        return False
    here = numbers == value
    count = int(here.sum())
    if not max(_FEWEST, _LEAST_SHARE * len(numbers)) <= count <= _MOST_SHARE * len(numbers):
        return False
    others = numbers[~here]
    low, high = float(others.min()), float(others.max())
    gap = low - value if value < low else value - high
    if gap <= 0 or len(np.unique(others)) < _FEWEST_DISTINCT:
        return False
    if value == -1:
        # Beside values that were scaled to about 1, -1 can be meant; beside heights in centimetres it cannot.
        return low >= _LEAST_OF_SCALED and gap >= _DEVIATIONS * float(others.std())
    return gap >= _FAR * (high - low) or (value <= -99 and low >= 0)


def _is_padding(columns: Columns, found: dict[int, float]) -> bool:
    """Says whether these numbers only fill rows up at one end: of sequences of unequal length, for a mask."""
    if len(found) < 3:
        return False
    value = next(iter(found.values()))
    here = columns.values == value
    behind = bool((here[:, :-1] <= here[:, 1:]).all())
    before = bool((here[:, :-1] >= here[:, 1:]).all())
    return behind or before


def _knows(model: ModelFacts, value: float) -> bool:
    """Says whether a layer is told this number: `Masking`, or one of the user's that puts something in its place."""
    for layer in model.layers:
        told = [each for each in vars(layer).values() if isinstance(each, int | float)]
        if value in told or value in _constants(layer):
            return True
    return False


def _constants(layer: Any) -> tuple[Any, ...]:
    if type(layer).__module__.partition(".")[0] == "keras" and type(layer).__name__ != "Lambda":
        return ()
    functions = [getattr(layer, "function", None) or type(layer).call]
    constants = sum((FunctionFacts(each).constants for each in functions if callable(each)), ())
    return (*constants, *(-each for each in constants if isinstance(each, int | float)))


def _written(value: float) -> str:
    return f"{int(value)}" if abs(value) < 1e15 else f"np.float32({value:.8g})"
