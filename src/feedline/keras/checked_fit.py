"""The check that `fit` runs first, where `feedline.keras.enable(check=True)` asks for it."""

from __future__ import annotations

import warnings
from typing import Any

from feedline.check.checker import check
from feedline.errors import FeedlineWarning, FoundByCheckError
from feedline.keras.adapter import DatasetAdapter
from feedline.origin import frames_to_user


def check_before_fit(model: Any, values: dict[str, Any]) -> None:
    """Checks the datasets that `fit` was given, the validation data against the training data.

    Args:
        model: the model.
        values: the arguments of `fit`.

    Raises:
        FoundByCheckError: there are errors among the findings.

    Warns:
        FeedlineWarning: for each warning among them.
    """
    dataset, validation = _dataset(values["x"]), _dataset(values.get("validation_data"))
    report = check(
        dataset.node,
        model=model,
        against=None if validation is None else validation.node,
        # Class weights make up for what FL210 tells of.
        ignore=("FL210",) if values.get("class_weight") else (),
        steps_per_epoch=values.get("steps_per_epoch"),
        validation_steps=values.get("validation_steps"),
        in_fit=True,
    )
    if report.errors:
        first, *others = report.errors
        more = f" ({', '.join(finding.code for finding in others)} besides)" if others else ""
        raise FoundByCheckError(
            f"{first.code}{more}: {first.message}",
            where=first.where,
            fix=f"{first.fix} ds.check() says more; ignore it with [tool.feedline.check] in pyproject.toml.",
        )
    for finding in report.warnings:
        warnings.warn(str(finding), FeedlineWarning, stacklevel=frames_to_user())


def _dataset(value: Any) -> Any:
    """Returns the dataset of an argument of `fit`; None where that is something else."""
    from feedline.dataset import Dataset

    if isinstance(value, DatasetAdapter):
        return value.dataset
    return value if isinstance(value, Dataset) else None
