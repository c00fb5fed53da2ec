"""Fitted: all that a Preprocess does once it has been fit; it never changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedline.errors import (
    DtypeError,
    FeedlineError,
    ShapeError,
    StructureError,
    UnequalLengthsError,
    nearest_name,
    with_article,
)
from feedline.preprocess.chain import Chain
from feedline.preprocess.storing import encoded_parts, fingerprint_of
from feedline.preprocess.values import Column, as_values, rank_of
from feedline.ragged import RaggedTensor

INPUT = ""
"""The name of the only column where elements are no dicts."""

_ROWS_AT_ONCE = 1 << 16

Given = tuple[str, Chain | None, Column, Any]
"""The name of a column for people, its steps (None to give it as it is), what is known of it, and its value."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The steps with what they learnt, and what is known of the columns.

    Args:
        chains: for each column of the inputs its steps, in the user's order; the one named "" where they are no dict.
        labels: the steps of the labels; None for labels as they are.
        columns: what is known of each column that has steps or is passed on.
        label_column: what is known of the labels; None without steps for them.
        remainder: what becomes of other columns: "error", "drop" or "passthrough".
        output_mode: "dict" or "concat".
    """

    chains: dict[str, Chain]
    labels: Chain | None
    columns: dict[str, Column]
    label_column: Column | None
    remainder: str
    output_mode: str

    @cached_property
    def body(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return {
            "inputs": [
                {"name": name, **_column_json(column), "steps": _steps_json(self.chains.get(name))}
                for name, column in self.columns.items()
            ],
            "labels": None
            if self.labels is None or self.label_column is None
            else {**_column_json(self.label_column), "steps": _steps_json(self.labels)},
            "remainder": self.remainder,
            "output_mode": self.output_mode,
        }

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that stand for all that it does."""
        return fingerprint_of(self.body)

    def transform(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Returns inputs and labels of an element, or of a batch of them.

        Args:
            x: the inputs.
            y: the labels; None without.

        Raises:
            FeedlineError: they are not like those of the training data, or a step raises.
        """
        given = list(self._given(x, y))
        values = [self._values(each) for each in given]
        batched = _is_batch(given, values)
        chains = [chain for _, chain, _, _ in given]
        try:
            made = self._made(chains, values if batched else [_as_row(value) for value in values])
        except FeedlineError as error:
            if not batched:
                error.row = None
            raise
        if not batched:
            made = [result[0] for result in made]
        if y is not None and self.labels is not None:
            y = made.pop()
        if self.output_mode == "concat" or INPUT in self.columns:
            return made[0], y
        return dict(zip(self.columns, made, strict=True)), y

    def _made(self, chains: list[Chain | None], values: list[np.ndarray | RaggedTensor]) -> list[Any]:
        """Returns what the steps make of the columns of a batch, joined where that is asked for; then of the labels."""
        rows = len(values[0])
        if rows <= _ROWS_AT_ONCE or any(isinstance(value, RaggedTensor) for value in values):
            made = [
                value if chain is None else chain.transform(value) for chain, value in zip(chains, values, strict=True)
            ]
            count = len(self.columns)
            if self.output_mode == "concat":
                made[:count] = [joined(dict(zip(self.columns, made[:count], strict=True)))]
            return made
        parts = []
        for start in range(0, rows, _ROWS_AT_ONCE):  # what is made on the way stays in the caches
            try:
                parts.append(self._made(chains, [value[start : start + _ROWS_AT_ONCE] for value in values]))
            except FeedlineError as error:
                if error.row is not None:
                    error.row += start
                raise
        return [np.concatenate(results) for results in zip(*parts, strict=True)]

    def is_batch(self, x: Any, y: Any) -> bool:
        """Says whether inputs and labels are those of a batch."""
        given = list(self._given(x, y))
        return _is_batch(given, [self._values(each) for each in given])

    def _given(self, x: Any, y: Any) -> Iterator[Given]:
        if INPUT in self.columns:
            yield "the inputs", self.chains[INPUT], self.columns[INPUT], x
        else:
            row = as_columns(x)
            check_columns(row, list(self.columns), self.remainder)
            for name, column in self.columns.items():
                yield f"column {name!r}", self.chains.get(name), column, row[name]
        if y is not None and self.labels is not None and self.label_column is not None:
            yield "the labels", self.labels, self.label_column, y

    @staticmethod
    def _values(each: Given) -> np.ndarray | RaggedTensor:
        name, _, column, value = each
        try:
            return column.check(as_values(value), value)
        except FeedlineError as error:
            error.add_where(name)
            raise


def as_columns(x: Any) -> Mapping[str, Any]:
    """Returns inputs that must be a dict of columns, or a pandas frame.

    Raises:
        StructureError: they are neither.
    """
    if isinstance(x, Mapping):
        return x
    if hasattr(x, "columns") and hasattr(x, "keys"):
        return {name: x[name] for name in x.keys()}  # noqa: SIM118 - a frame's columns
    raise StructureError(
        f"the inputs are {with_article(type(x).__name__)}, and the steps are for the columns of a dict.",
        fix="Give a dict of columns; or make the Preprocess of one step, as in Preprocess(Standardize()), for inputs "
        "that are one array.",
    )


def check_columns(row: Mapping[str, Any], wanted: list[str], remainder: str) -> None:
    """Checks that inputs have the columns that are wanted, and no others unless these are dropped.

    Raises:
        StructureError: a column is missing, or unknown.
    """
    for name in wanted:
        if name not in row:
            nearest = nearest_name(name, [each for each in row if isinstance(each, str)])
            raise StructureError(
                f"column {name!r} is missing; there are {_some(row)}.",
                fix=f"Did you mean {nearest!r}?" if nearest else "Give all the columns that it was fit on.",
            )
    if remainder == "drop":
        return
    for name in row:
        if name not in wanted:
            nearest = nearest_name(str(name), wanted)
            raise StructureError(
                f"there is no step for column {name!r}.",
                fix=(f"Did you mean {nearest!r}? " if nearest else "")
                + "Give it a step, such as feedline.preprocess.Passthrough(), or write remainder='drop' to leave out "
                "what has none, remainder='passthrough' to keep it.",
            )


def joined(columns: dict[str, Any]) -> np.ndarray:
    """Returns the results of all columns for a batch as one vector an element, float32 `(n, components)`.

    Raises:
        ShapeError: a column has more than one dimension an element, or no fixed length.
        DtypeError: a column is text.
    """
    parts = []
    for name, values in columns.items():
        if isinstance(values, RaggedTensor) or values.ndim > 2:
            what = "lengths that differ" if isinstance(values, RaggedTensor) else "more than one dimension"
            raise ShapeError(
                f"column {name!r} has {what}, so it is no part of one vector.",
                fix="Write output_mode='dict', and let the model have an input for each column.",
            )
        if values.dtype.kind == "O":
            raise DtypeError(
                f"column {name!r} is text, so it is no part of one vector.",
                fix="Encode it with OneHot, Ordinal or Hash, or leave it out with remainder='drop'.",
            )
        parts.append(values.astype(np.float32, copy=False).reshape(len(values), -1))
    return np.concatenate(parts, axis=-1)


def _as_row(value: np.ndarray | RaggedTensor) -> np.ndarray | RaggedTensor:
    if isinstance(value, RaggedTensor):
        return RaggedTensor(value, np.array([0, len(value)]))
    return value[None]


def _is_batch(given: list[Given], values: list[np.ndarray | RaggedTensor]) -> bool:
    """Says whether values have one dimension more than those of an element have.

    Raises:
        ShapeError: some have, and others not, or they have yet more.
        UnequalLengthsError: they are batches of different sizes.
    """
    batched: bool | None = None
    sizes: dict[str, int] = {}
    for (name, _, column, _), value in zip(given, values, strict=True):
        more = rank_of(value) - len(column.shape)
        if batched is not None and more in (0, 1) and bool(more) != batched:
            kinds = ("a batch", "a single value") if batched else ("a single value", "a batch")
            raise ShapeError(
                f"{given[0][0]} is {kinds[0]}, and {name} is {kinds[1]}.",
                fix="Give one element, or a batch, which has one dimension more in front of every column.",
            )
        if more not in (0, 1):
            raise ShapeError(
                f"{name} has the shape {tuple(value.shape)}; an element's value has {column.shape}.",
                fix="Give one element, or a batch, which has one dimension more in front of every column.",
            )
        batched = bool(more)
        if batched:
            sizes[name] = len(value)
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise UnequalLengthsError(f"the columns of a batch differ in length ({told}).", fix="Give as many of each.")
    return bool(batched)


def _column_json(column: Column) -> dict[str, Any]:
    return {"kind": column.kind, "shape": list(column.shape)}


def _steps_json(chain: Chain | None) -> list[dict[str, Any]]:
    return [
        {
            "step": type(step).__name__,
            "settings": encoded_parts(step.settings()),
            "learnt": None if step.learnt is None else encoded_parts(step.learnt),
        }
        for step in (chain.steps if chain is not None else [])
    ]


def _some(row: Mapping[str, Any]) -> str:
    names = list(row)
    shown = ", ".join(map(repr, names[:20]))
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"
