"""FL216 and FL217: inputs that hold the target, or the number of the row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import LABEL_NAMES, Component
from feedline.check.families.content.columns import (
    Columns,
    affine,
    are_windows,
    columns_of,
    inputs_as_columns,
    is_table,
)
from feedline.check.families.content.given import changing_step, given
from feedline.check.finding import Finding
from feedline.check.looking import spread
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.shuffle import Shuffle

_FEWEST = 64
_FEWEST_OTHERS = 16
"""How many elements must have another target than most have: of fewer, a column can be the same by chance."""

_FEWEST_SCALARS = 3
_DIFFERENT = 0.5
_NUMBERS = 32
_MORE = 1024


class TargetAmongInputs(Rule):
    """A column of the inputs is the target."""

    code = "FL216"
    name = "target-among-inputs"
    severity = "error"
    needs = ("sample",)
    why = (
        "The model reads the answer off that column and learns nothing else: training and validation look perfect, and "
        "where it is used the column is not there, or holds something else."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        if not elements.labels or not is_table(elements):
            return
        inputs = list(inputs_as_columns(context, elements))
        for label in elements.labels:
            wanted = _single(label)
            if wanted is None or not _varies(wanted):
                continue
            matching = [(columns, column) for columns in inputs for column in _equal(context, columns, wanted, inputs)]
            if not matching or not _others(inputs, len(matching)):
                continue
            columns, column = matching[0]
            if len(np.unique(wanted)) == 2 and not _is_named_label(columns.component):
                continue  # one of two marks may tell the class by nature
            if _stays(context, columns.component, column, label):
                yield self._of(context, columns, column, label, wanted)
                return

    def _of(self, context: Context, columns: Columns, column: int, label: Component, wanted: np.ndarray) -> Finding:
        values = columns.values[:, column]
        name = columns.name(column)
        equal = np.array_equal(values, wanted)
        low, high = int(values.argmin()), int(values.argmax())
        slope = (wanted[high] - wanted[low]) / (values[high] - values[low])
        shift = wanted[low] - slope * values[low]
        relation = f"{label.name} = {name}" if equal else f"{label.name} = {slope:.6g} * {name} + {shift:.6g}"
        distinct = len(np.unique(wanted))
        return self.finding(
            f"{name} is the target{'' if equal else ' on another scale'}.",
            seen=f"{relation} in {context.seen()}; {label.name} has {distinct:,} different values",
            where=[given(context).where_row(0)],
            at=changing_step(context),
            fix=f"Leave {name} out of the inputs: {_left_out(columns, column)}, or drop the target's column where the "
            "table is read.",
            severity="error" if distinct >= _NUMBERS else "warning",
        )


def _is_named_label(component: Component) -> bool:
    return component.key.lower() in LABEL_NAMES


def _left_out(columns: Columns, column: int) -> str:
    return f"np.delete(x, {column}, axis=-1)" if columns.values.shape[1] > 1 else "give them without it"


def _single(component: Component) -> np.ndarray | None:
    """Returns labels that are one number an element; None for others."""
    found = columns_of(component)
    if found is None or found.values.shape[1] != 1 or not np.isfinite(found.values).all():
        return None
    return found.values[:, 0]


def _varies(wanted: np.ndarray) -> bool:
    counts = np.unique(wanted, return_counts=True)[1]
    return len(wanted) >= _FEWEST and len(wanted) - int(counts.max()) >= _FEWEST_OTHERS


def _equal(context: Context, columns: Columns, wanted: np.ndarray, inputs: list[Columns]) -> list[int]:
    """Returns the columns that are the target, where that cannot be meant.

    Steps of a series can be the target by its period; a class number beside other inputs can be one that a loss within
    the model takes; of a single column a straight line can be learnt; dicts that are no (x, y) may keep what is for the
    user's own use.
    """
    values = columns.values
    if len(values) != len(wanted) or not np.isfinite(values).all():
        return []
    found: list[int] = np.flatnonzero(affine(values, wanted)).tolist()
    is_scalar, is_split = values.shape[1] == 1, not columns.component.name.startswith("element")
    if not found or (is_scalar and (len(inputs) < _FEWEST_SCALARS or not is_split)):
        return []
    if values.shape[1] > 1 and (are_windows(context, values) or _repeat(values)):
        return []
    return found


def _repeat(values: np.ndarray) -> bool:
    """Says whether most rows come again, as windows of a short period do: any of their steps can be the next one."""
    return len({row.tobytes() for row in np.round(values, 4)}) <= _DIFFERENT * len(values)


def _others(inputs: list[Columns], count: int) -> bool:
    """Says whether there are as many columns beside those that are the target, of which something could be learnt."""
    varied = sum(int((columns.values != columns.values[0]).any(axis=0).sum()) for columns in inputs)
    return varied >= 2 * count


def _stays(context: Context, component: Component, column: int, label: Component) -> bool:
    """Says whether it is so in further elements, where some can be read."""
    node, length, elements = context.plan.elements, context.length, given(context)
    if context.sample.saw_all or not node.indexed or length is None or elements.node is not node:
        return True
    read = context.sample.read(node, np.sort(spread(length, _MORE)))
    if not read.count:
        return True
    found, wanted = columns_of(read.components[component.index]), _single(read.components[label.index])
    return found is not None and wanted is not None and bool(affine(found.values[:, [column]], wanted)[0])


class RowNumber(Rule):
    """A column of the inputs counts the rows."""

    code = "FL217"
    name = "row-number"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Where the table is sorted in any way, the number of a row tells its class, and the model learns by heart "
        "where each stands; new rows have other numbers. Mostly it is the index that was saved with the table."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements, node = given(context), _in_order(context)
        if node is None or context.labels is None or not is_table(elements):
            return
        source = context.sample.at(node)
        if source.batched or source.count < _FEWEST or not _counts(source.components, source.positions):
            return
        places = np.sort(source.positions).astype(np.float64)
        inputs = list(inputs_as_columns(context, elements))
        found = [(columns, each) for columns in inputs for each in _numbered(context, columns, places)]
        if not found or not _others(inputs, len(found)):
            return
        columns, column = found[0]
        name = columns.name(column)
        yield self.finding(
            f"{name} is the number of the row.",
            seen=f"it counts the elements of {context.plan.sources[0].label()}, one by one, in {context.seen()}",
            where=[elements.where_row(0)],
            at=changing_step(context),
            fix=f"Leave {name} out of the inputs: {_left_out(columns, column)}, or read the table with "
            "pandas.read_csv(..., index_col=0), which keeps the index apart.",
        )


def _numbered(context: Context, columns: Columns, places: np.ndarray) -> list[int]:
    """Returns the columns that have the numbers of the rows that were looked at, in whatever order and on any scale."""
    ordered = np.sort(columns.values, axis=0)
    if len(ordered) != len(places) or not np.isfinite(ordered).all():
        return []
    if columns.values.shape[1] == 1 and not _is_taken(context, columns.component):
        return []
    found: list[int] = np.flatnonzero(affine(ordered, places)).tolist()
    return found


def _in_order(context: Context) -> Node | None:
    """Returns the last step whose elements are in the order of the source; None where they are not all looked at."""
    plan = context.plan
    shuffles = [node for node in plan.chain if isinstance(node, Shuffle)]
    node = shuffles[0].parents[0] if shuffles and plan.elements.indexed else plan.elements
    return None if len(plan.sources) != 1 or plan.gives_batches(node) else node


def _counts(components: tuple[Component, ...], positions: np.ndarray) -> bool:
    """Says whether any column is the position of its element, counted from 0 or from 1."""
    for component in components:
        found = columns_of(component)
        if found is None or len(found.values) != len(positions):
            continue
        shift = found.values - positions[:, None]
        if bool((((shift == 0).all(axis=0)) | ((shift == 1).all(axis=0))).any()):
            return True
    return False


def _is_taken(context: Context, component: Component) -> bool:
    """Says whether a column of a dict is an input of the model: others are kept for the user's own use."""
    keys = context.model.input_keys if context.model is not None else None
    return bool(component.key) and keys is not None and component.key in keys
