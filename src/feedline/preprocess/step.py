"""Step: what is done to the values of one column, and what it learns from the training data first."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from feedline.errors import ArgumentError, DtypeError, NotFiniteError, NotFittedError, ShapeError
from feedline.preprocess.values import kind_of
from feedline.ragged import RaggedTensor
from feedline.spec import as_dtype, dtype_name

NUMBERS = ("bool", "integer", "float")
CATEGORIES = ("bool", "integer", "string")

Rows = np.ndarray | list[np.ndarray]
"""Values of many elements: an array `(n, ...)`, or a list of arrays where their shapes differ."""


class Learner(Protocol):
    """What a step learns by, for one column, from one pass over the training data."""

    def add(self, rows: Rows) -> None:
        """Takes the values of the next elements; where the passes are cut does not depend on batches."""

    def learnt(self) -> dict[str, Any]:
        """Returns what was learnt: names with numbers, text, bytes, lists of these, and arrays."""


class Step:
    """What is done to the values of one column. It is made by the user, and copied by `Preprocess` before it learns.

    The arguments of a subclass are kept as attributes of their names: they are what is stored, beside `learnt`.

    Attributes:
        learnt: what it learnt from the training data; None before that, and where there is nothing to learn.
    """

    kinds: ClassVar[tuple[str, ...]] = NUMBERS
    """The kinds of values that it takes: "bool", "integer", "float", "string"."""

    learnt: dict[str, Any] | None = None

    @property
    def learns(self) -> bool:
        """Whether it must see training data before it can be used."""
        return False

    def learner(self) -> Learner:
        """Returns what learns, for one column."""
        raise NotImplementedError

    def set_learnt(self, learnt: dict[str, Any]) -> None:
        """Takes what was learnt, now or by a step that was stored."""
        self.learnt = learnt

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Returns what it makes of an array `(n, ...)`, a row for each element.

        What it makes of a row depends on nothing but that row, so that elements and batches get the same bits.
        """
        raise NotImplementedError

    def transform_ragged(self, values: RaggedTensor) -> Any:
        """Returns what it makes of a batch of values of different lengths: the same of each value."""
        inner = values.values
        made = self.transform_ragged(inner) if isinstance(inner, RaggedTensor) else self.transform(inner)
        return RaggedTensor(made, values.row_splits)

    def settings(self) -> dict[str, Any]:
        """Returns its arguments by their names, as JSON holds them."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def fresh(self) -> Step:
        """Returns a step with the same settings, which has learnt nothing."""
        return type(self)(**self.settings())

    @classmethod
    def restored(cls, settings: dict[str, Any]) -> Step:
        """Returns the step with these settings, as they were stored."""
        return cls(**settings)

    def check_kind(self, values: np.ndarray) -> None:
        """Checks that values are of a kind that it takes.

        Raises:
            DtypeError: they are not.
        """
        kind = kind_of(values)
        if kind not in self.kinds:
            raise DtypeError(
                f"{type(self).__name__} takes {_these(self.kinds)} values, not {dtype_name(values.dtype)}.",
                fix=_KIND_FIX.get(kind, "Convert the column in a map before it."),
            )

    def known(self, name: str) -> Any:
        """Returns a part of what was learnt.

        Raises:
            NotFittedError: nothing was learnt yet.
        """
        if self.learnt is None:
            raise NotFittedError(
                f"{type(self).__name__} has not been fit.", fix="Call preprocess.fit(training_dataset) first."
            )
        return self.learnt[name]

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self)).parameters.values()
        usual = {"dtype": getattr(self, "usual_dtype", None)}
        told = [(one.name, getattr(self, one.name), usual.get(one.name) or one.default) for one in parameters]
        changed = [f"{name}={value!r:.60}" for name, value, default in told if repr(value) != repr(default)]
        return f"{type(self).__name__}({', '.join(changed)})"


_KIND_FIX = {
    "string": "Text becomes numbers with Ordinal, OneHot or Hash, or in a map before it.",
    "float": "Floats are no categories: cast them to integers where they are whole, or put Discretize in front.",
}


def _these(kinds: Sequence[str]) -> str:
    return f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]


def steps_by_name() -> dict[str, type[Step]]:
    """Returns the classes of the steps by their names, which is how files name them."""
    from feedline import preprocess

    found = {name: getattr(preprocess, name) for name in preprocess.__all__}
    return {name: step for name, step in found.items() if issubclass(step, Step)}


def float_dtype(dtype: Any) -> str:
    """Returns the name of a dtype that must be one of floats.

    Raises:
        ArgumentError: it is not.
    """
    found = as_dtype(dtype)
    if found.kind != "f":
        raise ArgumentError(f"dtype is {dtype_name(found)}, not one of floats.", fix="Write dtype='float32'.")
    return found.name


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> Any:
    """Returns an argument that must be one of some.

    Raises:
        ArgumentError: it is not.
    """
    if not any(value is choice or (type(value) is type(choice) and value == choice) for choice in choices):
        told = ", ".join(map(repr, choices))
        raise ArgumentError(f"{name} is {value!r:.60}; it must be one of {told}.", fix=f"Write one of {told}.")
    return value


def check_number(name: str, value: Any) -> float:
    """Returns an argument that must be a finite number.

    Raises:
        ArgumentError: it is not.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise ArgumentError(f"{name} is {value!r:.60}, not a number.", fix="Give a number.")
    if not np.isfinite(value):
        raise ArgumentError(f"{name} is {value!r}, which is not finite.", fix="Give a finite number.")
    return float(value)


def check_finite(values: np.ndarray, what: str = "") -> None:
    """Checks that floats are finite; the error knows the row.

    Args:
        values: `(n, ...)`.
        what: how they came about, for the message.

    Raises:
        NotFiniteError: one of them is NaN or infinite.
    """
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    bad = ~np.isfinite(values)
    row = int(np.flatnonzero(bad.reshape(len(values), -1).any(1))[0])
    value = values[bad].reshape(-1)[0]
    error = NotFiniteError(
        f"a value is {'NaN' if np.isnan(value) else 'infinite'}{what}.",
        fix="Put Impute in front of this step to fill missing values in, or filter such elements out before."
        if np.isnan(value)
        else "Find out where it comes from, and filter such elements out or clip them before.",
    )
    error.row = row
    raise error


def as_floats(values: np.ndarray) -> np.ndarray:
    """Returns a float64 array of its own of numbers.

    Raises:
        NotFiniteError: one of them is NaN or infinite.
    """
    check_finite(values)
    return values.astype(np.float64)


def flat_rows(rows: Rows, axis: int | None) -> np.ndarray:
    """Returns the values of elements as float64 `(m, columns)`.

    Args:
        rows: the values.
        axis: -1 for a column for each component of the last axis, None for one column of all values.

    Raises:
        NotFiniteError: one of them is NaN or infinite.
    """
    if isinstance(rows, list):
        parts = []
        for number, row in enumerate(rows):
            try:
                parts.append(flat_rows(row[None], axis))
            except NotFiniteError as error:
                error.row = number
                raise
        if len({part.shape[1] for part in parts}) > 1:
            raise ShapeError(
                "the last axis differs in length, and there are statistics for each component of it.",
                fix="Write axis=None for one of all values.",
            )
        return np.concatenate(parts)
    if axis is None or rows.ndim == 1:
        return as_floats(rows).reshape(-1, 1)
    return as_floats(rows).reshape(math.prod(rows.shape[:-1]), rows.shape[-1])
