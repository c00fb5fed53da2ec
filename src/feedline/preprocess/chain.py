"""Chain: the steps of one column, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, FeedlineError, with_article
from feedline.preprocess.step import Learner, Rows, Step
from feedline.ragged import RaggedTensor


class Chain:
    """The steps of one column.

    Args:
        steps: a step, a scikit-learn transformer, a Keras layer, or a list of these.
        column: how the user knows the column, for errors: "column 'age'".

    Raises:
        ArgumentError: there are no steps, or something is none.
    """

    def __init__(self, steps: Any, column: str) -> None:
        given = list(steps) if isinstance(steps, list | tuple) else [steps]
        if not given:
            raise ArgumentError(
                f"{column} has no steps.", fix="Write feedline.preprocess.Passthrough() to give it as it is."
            )
        self.column = column
        self.steps = [as_step(step, column) for step in given]

    @property
    def shown(self) -> Any:
        """The steps: one alone, or a list of several."""
        return list(self.steps) if len(self.steps) > 1 else self.steps[0]

    @property
    def passes(self) -> int:
        """How many passes over the training data it takes to fit it: each step learns from what those before give."""
        return sum(step.learns for step in self.steps)

    def fresh(self) -> Chain:
        """Returns the chain with steps that have learnt nothing."""
        return self.of([step.fresh() for step in self.steps], self.column)

    @classmethod
    def of(cls, steps: list[Step], column: str) -> Chain:
        """Returns the chain of these very steps."""
        chain = cls.__new__(cls)
        chain.steps, chain.column = steps, column
        return chain

    def learning(self, number: int) -> tuple[Step, Learner, Callable[[Rows], None]] | None:
        """Returns the step that learns in a pass, what it learns by, and what takes the column's values; None if
        nothing is to be learnt any more.
        """
        learning = [place for place, step in enumerate(self.steps) if step.learns]
        if number >= len(learning):
            return None
        place = learning[number]
        step = self.steps[place]
        learner = step.learner()

        def take(rows: Rows) -> None:
            for before in range(place):
                rows = self._located(before, _transform_rows, self.steps[before], rows)
            self._located(place, _learn, step, learner, rows)

        return step, learner, take

    def transform(self, values: np.ndarray | RaggedTensor) -> Any:
        """Returns what the steps make of the values of a batch.

        Raises:
            FeedlineError: a step raised; the error names the column and the step.
        """
        for place, step in enumerate(self.steps):
            values = self._located(place, _transform, step, values)
        return values

    def _located(self, place: int, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except FeedlineError as error:
            error.add_where(f"{type(self.steps[place]).__name__} of {self.column}")
            raise


def _transform(step: Step, values: np.ndarray | RaggedTensor) -> Any:
    if isinstance(values, RaggedTensor):
        step.check_kind(values.flat_values)
        return step.transform_ragged(values)
    step.check_kind(values)
    return step.transform(values)


def _learn(step: Step, learner: Learner, rows: Rows) -> None:
    step.check_kind(rows[0] if isinstance(rows, list) else rows)
    learner.add(rows)


def _transform_rows(step: Step, rows: Rows) -> Rows:
    if not isinstance(rows, list):
        return _transform(step, rows)
    results = []
    for number, row in enumerate(rows):
        try:
            results.append(_transform(step, row[None])[0])
        except FeedlineError as error:
            error.row = number
            raise
    return [np.asarray(result) for result in results]


def as_step(step: Any, column: str) -> Step:
    """Returns a step of its own for what a user gave.

    Raises:
        ArgumentError: it is no step, or one that cannot be stored.
    """
    if isinstance(step, Step):
        return step.fresh()
    module = type(step).__module__.partition(".")[0]
    if module == "sklearn":
        from feedline.preprocess.sklearn_step import SklearnStep

        return SklearnStep(step)
    if module == "keras":
        from feedline.preprocess.keras_step import KerasStep

        return KerasStep(step)
    if isinstance(step, type) and issubclass(step, Step):
        raise ArgumentError(f"{column} was given a class.", fix=f"Make a step of it: {step.__name__}().")
    raise ArgumentError(
        f"{column} was given {with_article(type(step).__name__)}, which is no step.",
        fix="Give a step of feedline.preprocess, a scikit-learn scaler or a Keras layer with adapt(), or a list of "
        "these; functions of your own go into a map before it.",
    )
