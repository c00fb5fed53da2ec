"""FL613: windows of a series whose target is one of their own steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component
from feedline.check.families.content.columns import are_windows
from feedline.check.families.content.given import changing_step, given
from feedline.check.finding import Finding
from feedline.check.rule import Rule

_FEWEST = 32
_FEWEST_VALUES = 8
_FEWEST_STEPS = 3
_MOST_FIRST = 16
_MOST_VALUES = 1 << 24
_OTHERS = 0.9
_STILL = 0.5


class TargetInWindow(Rule):
    """The target of a window is one of the steps that the window shows."""

    code = "FL613"
    name = "target-in-window"
    severity = "error"
    needs = ("sample",)
    why = (
        "The model copies what it is shown and looks perfect, in validation as well; what comes next, which it was to "
        "tell, it has never been asked."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        elements = given(context)
        inputs = elements.inputs
        if len(elements.labels) != 1 or len(inputs) != 1:
            return
        window, label = inputs[0], elements.labels[0]
        rows, target = _rows(window), _rows(label)
        if rows is None or target is None or len(rows) != len(target) or len(rows) < _FEWEST:
            return
        if rows.ndim == 2 and not are_windows(context, rows):
            return  # a row of a table: FL216 looks at these
        found = _step_of(rows, target)
        if found is None:
            return
        step, column = found
        last = rows.shape[1] - 1
        place = "last" if step == last else "first" if step == 0 else f"step {step}"
        of = "" if column is None else f", column {column}"
        later = last + 1 - step
        yield self.finding(
            f"the target of each window is its own {place}{'' if 0 < step < last else ' step'}{of}.",
            seen=f"{label.name} = {window.name}[{step}{'' if column is None else f', {column}'}] in {context.seen()}; "
            f"a window has {rows.shape[1]} steps, 0 to {last}",
            where=[elements.where_row(0)],
            at=changing_step(context),
            fix=f"Take the target {later} step{'s' if later > 1 else ''} later, so that it comes behind the window: "
            f"give targets=data[{last + 1}:] where it was data[{step}:] of windows of neighbouring steps, or cut "
            "windows that are one step longer, and take (window[:-1], window[-1]).",
        )


def _rows(component: Component) -> np.ndarray | None:
    """Returns a component's rows as one array; None where they are no numbers, of several shapes, or very large."""
    shapes, dtype = component.statistics.row_shapes, component.dtype
    if len(shapes) != 1 or dtype is None or dtype.kind not in "iuf":
        return None
    (shape,) = shapes
    if len(shape) > 2 or None in shape or not all(isinstance(row, np.ndarray | np.generic) for row in component.rows):
        return None
    size = int(np.prod([length or 0 for length in shape]))
    return None if not 0 < size * len(component.rows) <= _MOST_VALUES else np.array(component.rows)


def _step_of(rows: np.ndarray, target: np.ndarray) -> tuple[int, int | None] | None:
    """Returns which step of its window each target is, and which column of it; None where it is none.

    Args:
        rows: `(windows, steps)` or `(windows, steps, columns)`.
        target: `(windows,)`, `(windows, 1)`, or `(windows, columns)` for all columns of a step.
    """
    steps = rows.shape[1] if rows.ndim > 1 else 0
    if steps < _FEWEST_STEPS or not (np.isfinite(rows).all() and np.isfinite(target).all()):
        return None
    if target.ndim == 3:
        if target.shape[1] != 1:
            return None  # several steps: the same series a step later, or all of it
        target = target[:, 0]
    windows = rows[:, :, None] if rows.ndim == 2 else rows
    wanted = target.reshape(len(target), -1)
    if wanted.shape[1] not in (1, windows.shape[2]) or (target.ndim == 1 and wanted.shape[1] != 1):
        return None
    if len(np.unique(wanted[:, 0])) < _FEWEST_VALUES or not _differ(windows):
        return None
    equal = (windows[:_MOST_FIRST] == wanted[:_MOST_FIRST, None]).all(axis=0)
    if wanted.shape[1] > 1:
        equal = equal.all(axis=1, keepdims=True)
    for step, column in sorted(np.argwhere(equal).tolist(), reverse=True):
        chosen = windows[:, step] if wanted.shape[1] > 1 else windows[:, step, column : column + 1]
        if np.array_equal(chosen, wanted) and not _stands_still(windows, step, chosen):
            return step, None if rows.ndim == 2 or wanted.shape[1] > 1 else column
    return None


def _differ(windows: np.ndarray) -> bool:
    """Says whether hardly any window is like another: of a series that repeats itself, a step is the next by nature."""
    flat = np.round(windows.reshape(len(windows), -1).astype(np.float64), 4)
    different = {row.tobytes() for row in flat}
    return len(different) >= _OTHERS * len(windows) and len(different) > min(2 * windows.shape[1], len(windows) // 2)


def _stands_still(windows: np.ndarray, step: int, chosen: np.ndarray) -> bool:
    """Says whether a step is as the one beside it in most windows: then it is told by any, as it may be meant."""
    beside = windows[:, step - 1 if step else 1]
    return bool((beside == chosen).any(axis=1).mean() > _STILL)
