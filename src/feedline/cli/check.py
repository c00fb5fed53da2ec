"""`feedline check`: what makes training quietly go wrong, found from the shell and in continuous integration."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from feedline.errors import FeedlineError


class Format(StrEnum):
    """How the report is printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


class Use(StrEnum):
    """What the dataset is for."""

    training = "training"
    validation = "validation"


def check(
    dataset: Annotated[
        str, typer.Argument(help="module:name or path.py:name of a dataset, or of a function that returns one.")
    ],
    model: Annotated[
        str | None, typer.Option(help="module:name or path.py:name of the Keras model that is to be trained on it.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="module:name or path.py:name of the dataset to compare with, as for validation.")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="How many elements to look at; 0 for none.")] = 512,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="Codes of rules not to run, such as FL306, or FL4 for a family; separated by commas."),
    ] = None,
    use: Annotated[Use, typer.Option(help="What the dataset is for.")] = Use.training,
    steps_per_epoch: Annotated[
        int | None, typer.Option(min=1, help="How many batches fit will take for an epoch of an endless dataset.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to print the report.")] = Format.text,
) -> None:
    """Look for what makes training quietly go wrong: exit code 1 where there are errors, 2 where it cannot look."""
    from feedline.check import formats

    codes = [code.strip() for each in ignore or () for code in each.split(",") if code.strip()]
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what the user's modules print is no part of the report
            report = _report(dataset, model, against, sample, codes, use.value, steps_per_epoch)
    except FeedlineError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from None
    if format is Format.text:
        report.show(sys.stdout)
    else:
        printed = {Format.json: formats.as_json, Format.sarif: formats.as_sarif, Format.github: formats.as_github}
        typer.echo(printed[format](report))
    raise typer.Exit(0 if report.ok else 1)


def _report(
    dataset: str, model: str | None, against: str | None, sample: int, ignore: list[str], use: str, steps: int | None
) -> Any:
    from feedline.check.checker import check as check_node
    from feedline.cli.load import load
    from feedline.dataset import Dataset

    def is_dataset(value: Any) -> bool:
        return isinstance(value, Dataset)

    checked = load(dataset, "a dataset", is_dataset)
    other = load(against, "a dataset", is_dataset) if against is not None else None
    trained = load(model, "a Keras model", _is_model) if model is not None else None
    return check_node(
        checked._node,
        model=trained,
        against=None if other is None else other._node,
        sample=sample,
        ignore=ignore,
        use=use,
        steps_per_epoch=steps,
    )


def _is_model(value: Any) -> bool:
    keras = sys.modules.get("keras")  # no model exists before its module does
    return keras is not None and isinstance(value, keras.Model)
