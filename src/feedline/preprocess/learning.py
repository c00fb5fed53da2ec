"""fit: what the steps learn from the training data, in one pass over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import EmptyDatasetError, FeedlineError, StructureError
from feedline.nodes.base import Node
from feedline.preprocess.chain import Chain
from feedline.preprocess.fitted import INPUT, Fitted, as_columns, check_columns
from feedline.preprocess.reading import Parts, blocks_of, gives_batches, rows_of
from feedline.preprocess.step import Learner, Rows, Step
from feedline.preprocess.values import Column
from feedline.structure import Treedef

LABELS = "labels"


@dataclass
class _Reading:
    """A column while it is read.

    Args:
        name: its name for people.
        place: which of the components of an element it is.
        column: what is known of it so far.
        parts: what puts its rows together; None where nothing is to be learnt of them.
    """

    name: str
    place: int
    column: Column | None = None
    parts: Parts | None = None

    def add(self, rows: Rows) -> None:
        for each in rows if isinstance(rows, list) else [rows]:
            shape = each.shape if isinstance(rows, list) else each.shape[1:]
            if self.column is None:
                self.column = Column.of(np.empty(shape, each.dtype))
            self.column = self.column.widened(shape)
        if self.parts is not None:
            self.parts.add(rows)


def learn(node: Node, chains: dict[str, Chain], labels: Chain | None, remainder: str, output_mode: str) -> Fitted:
    """Returns what is learnt from the first epoch of a dataset.

    There is one pass over it, and one more for each further step of a column that learns from what another step makes
    which learns itself.

    Args:
        node: the dataset's last node.
        chains: the steps of each column; they learn, and belong to the result.
        labels: the steps of the labels; None for none.
        remainder: what becomes of columns without steps.
        output_mode: "dict" or "concat".

    Raises:
        FeedlineError: the elements do not have the columns, or a step cannot learn from them.
    """
    all_chains = {**chains, **({} if labels is None else {LABELS: labels})}
    for number in range(max(1, *(chain.passes for chain in all_chains.values()))):
        readings, trial = _read(node, chains, labels, remainder, number)
    columns = {name: reading.column for (kind, name), reading in readings.items() if kind == "input"}
    order = [*chains, *(name for name in columns if name not in chains)]
    label_reading = readings.get((LABELS, LABELS))
    fitted = Fitted(
        chains,
        labels,
        {name: _known(columns[name]) for name in order},
        _known(label_reading.column) if label_reading is not None else None,
        remainder,
        output_mode,
    )
    fitted.transform(*trial)
    return fitted


def _read(
    node: Node, chains: dict[str, Chain], labels: Chain | None, remainder: str, number: int
) -> tuple[dict[tuple[str, str], _Reading], tuple[Any, Any]]:
    """Goes through the data once.

    Returns what is known of each column, and a first element.
    """
    batched = gives_batches(node)
    readings: dict[tuple[str, str], _Reading] = {}
    learning: list[tuple[Step, Learner, Parts]] = []
    trial: tuple[Any, Any] = (None, None)
    begun, elements = False, 0
    for block in blocks_of(node):
        if not begun:
            begun = True
            readings = _places(block.treedef, chains, labels, remainder)
            for (kind, name), reading in readings.items():
                chain = labels if kind == LABELS else chains.get(name)
                found = None if chain is None else chain.learning(number)
                if found is not None:
                    step, learner, take = found
                    reading.parts = Parts(take)
                    learning.append((step, learner, reading.parts))
        first: dict[tuple[str, str], Any] = {}
        for key, reading in readings.items():
            try:
                for rows in rows_of(block.columns[reading.place], batched):
                    _located(node, batched, reading.add, rows)
                    if len(rows):
                        first.setdefault(key, rows[0])
            except FeedlineError as error:
                error.add_where(reading.name)
                raise
        elements += 1 if first else 0
        if elements == 1 and first and trial[0] is None:
            trial = _element(first)
    if not elements:
        raise EmptyDatasetError(
            "fit() was given a dataset without elements.",
            fix="Fit on the training data; look at what a filter, take() or the file names leave of it.",
        )
    for step, learner, parts in learning:
        _located(node, batched, parts.give)
        step.set_learnt(learner.learnt())
    return readings, trial


def _places(
    treedef: Treedef, chains: dict[str, Chain], labels: Chain | None, remainder: str
) -> dict[tuple[str, str], _Reading]:
    """Returns where the columns stand in elements of a structure."""
    element = treedef.unflatten(list(range(treedef.num_leaves)))
    if type(element) is tuple and not 1 <= len(element) <= 3:
        raise StructureError(
            f"elements are tuples of {len(element)}, neither (inputs, labels) nor (inputs, labels, weights).",
            fix="Put the columns into a dict first: ds.map(lambda a, b, c, d: {'a': a, 'b': b, 'c': c, 'd': d}).",
        )
    x = element[0] if type(element) is tuple else element
    y = element[1] if type(element) is tuple and len(element) > 1 else None
    found: dict[tuple[str, str], _Reading] = {}
    if INPUT in chains:
        found["input", INPUT] = _Reading("the inputs", _place(x, "the inputs"))
    else:
        row = as_columns(x)
        wanted = list(chains)
        if remainder == "passthrough":
            wanted += [name for name in row if name not in chains]
        check_columns(row, wanted, remainder)
        for name in wanted:
            found["input", name] = _Reading(f"column {name!r}", _place(row[name], f"column {name!r}"))
    if labels is not None:
        if y is None:
            raise StructureError(
                "there are steps for labels, and elements have none.",
                fix="Make elements pairs (inputs, labels), or leave labels= out of the Preprocess.",
            )
        found[LABELS, LABELS] = _Reading("the labels", _place(y, "the labels"))
    return found


def _place(value: Any, name: str) -> int:
    if type(value) is int:
        return value
    named = " Or write Preprocess({'name': step, ...}) with a step for each column." if isinstance(value, dict) else ""
    raise StructureError(
        f"{name} are a {type(value).__name__} and not one array."
        if name.startswith("the ")
        else f"{name} is a {type(value).__name__} and not one array.",
        fix=f"Take nested structures apart in a map before it.{named}",
    )


def _located(node: Node, batched: bool, function: Callable[..., Any], *arguments: Any) -> None:
    try:
        function(*arguments)
    except FeedlineError as error:
        if error.row is not None:
            row, error.row = error.row, None
            source = "" if batched or not node.indexed else node.source_of(row, 0)
            error.add_where(f"element {row} of the training data" + (f", which is {source}" if source else ""))
        raise


def _element(first: dict[tuple[str, str], Any]) -> tuple[Any, Any]:
    inputs = {name: value for (kind, name), value in first.items() if kind == "input"}
    return inputs.get(INPUT, inputs), first.get((LABELS, LABELS))


def _known(column: Column | None) -> Column:
    assert column is not None
    return column
