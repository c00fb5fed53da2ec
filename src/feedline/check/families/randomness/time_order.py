"""FL606: steps that destroy the order of a series, or mix what comes before with what comes after."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Elements
from feedline.check.families.order.steps import is_straight
from feedline.check.families.randomness.shared_steps import windows_shared
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.batch import GroupNode
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.take import Skip, Take
from feedline.nodes.unbatch import Unbatch
from feedline.nodes.window import Window
from feedline.plan.fingerprint import fingerprint_of, steps_of

_TIMES = frozenset({"time", "times", "timestamp", "timestamps", "date", "datetime", "day", "hour", "ts"})
_FEWEST = 48
_MOST = 256
_SMOOTH = 0.3
"""Below this part of the mean square of two elements' difference, neighbours are alike: it is a series."""


class TimeOrder(Rule):
    """A series is shuffled before its windows are cut, or overlapping windows are shuffled before they are split."""

    code = "FL606"
    name = "time-order"
    severity = "warning"
    needs = ("sample",)
    why = (
        "What a series has to teach lies in the order of its steps: without it there is nothing to learn; and where "
        "windows of one stretch are in both parts of a split, the validation shows what was learnt by heart."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        for found in (
            self._before_windows(context),
            self._before_a_split(context),
            self._in_both(context),
            self._of_states(context),
        ):
            finding = next(found, None)
            if finding is not None:
                yield finding
                return

    def _before_windows(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        for shuffle in plan.of(Shuffle):
            for window in _windows_behind(plan, shuffle):
                sliding = isinstance(window, Window) and (window.shift < window.size or window.stride > 1)
                smooth = None if sliding else _smoothness(context, shuffle.parents[0])
                if not sliding and (smooth is None or smooth > _SMOOTH):
                    continue
                seen = f"{window.label()} with shift={getattr(window, 'shift', '')}, of shuffled elements"
                if smooth is not None:
                    seen = (
                        f"in front of {shuffle.label()} neighbours differ {1 / max(smooth, 1e-3):,.0f} times less than "
                        "any two elements do: it is a series"
                    )
                yield self.finding(
                    f"{shuffle.label()} stands in front of {window.label()}: its windows hold steps from anywhere.",
                    seen=seen,
                    at=shuffle,
                    where=[f"{window.label()} at {window.origin}"],
                    fix=f"Move {written(shuffle)} behind {written(window)} and what makes elements of the windows.",
                )

    def _before_a_split(self, context: Context) -> Iterator[Finding]:
        other = context.against
        if other is None:
            return
        for cut, shuffle in _shuffled_cuts(context.plan):
            theirs = next((each for each in _shuffled_cuts(other.plan) if _of_the_same(shuffle, each[1])), None)
            if theirs is None:
                continue
            series = _series(context, shuffle)
            if not series:
                continue
            yield self.finding(
                f"{cut.label()} splits what was shuffled, and {series}.",
                seen=f"{cut.label()} here and {theirs[0].label()} there, each behind "
                f"{shuffle.label() if isinstance(shuffle, Shuffle) else 'a shuffle'} of the same series",
                at=cut,
                where=[f"{shuffle.label()} at {shuffle.origin}", f"{theirs[0].label()} at {theirs[0].origin}"],
                fix="Split the series by time first, with take and skip (or start_index and end_index) in front of any "
                "shuffle, leave a window's length out between the parts, and shuffle the training part behind that.",
            )

    def _in_both(self, context: Context) -> Iterator[Finding]:
        """Finds windows that were divided at random before they came here, such as by scikit-learn."""
        found = windows_shared(context)
        other = context.against
        if found is None or other is None:
            return
        yield self.finding(
            f"windows of one series are divided at random: those of the {other.use} data lie between windows of the "
            f"{context.use} data, and share most of their steps.",
            seen=f"{found.name} of {found.count:,} of {found.of:,} windows of {found.length} steps in the {other.use} "
            f"data begins within a window of the {context.use} data, and another such window begins within it",
            at=found.node,
            where=[found.place, f"{found.other.label()} of the {other.use} data, at {found.other.origin}"],
            fix="Split the series by time before its windows are cut: cut = int(0.8 * len(series)), and make windows "
            "of series[:cut] and of series[cut:]; with scikit-learn's train_test_split(windows, shuffle=False) leave "
            "a window's length out between the parts.",
        )

    def _of_states(self, context: Context) -> Iterator[Finding]:
        shuffles = context.plan.of(Shuffle)
        if context.model is None or not shuffles or not context.trains:
            return
        for layer in context.model.layers:
            if getattr(layer, "stateful", False) is True and hasattr(layer, "return_sequences"):
                yield self.finding(
                    f"the layer {layer.name!r} carries its state from batch to batch, and the elements are shuffled.",
                    seen=f"{type(layer).__name__}(stateful=True), behind {shuffles[-1].label()}",
                    at=shuffles[-1],
                    fix=f"Leave out {written(shuffles[-1])}, so that each row of a batch goes on where that row of the "
                    "batch before has ended; or build the layer with stateful=False.",
                )
                return


def _windows_behind(plan: Plan, shuffle: Shuffle) -> Iterator[Node]:
    """Yields what cuts shuffled elements into windows: `window`, or a `batch` whose batches are batched again."""
    for node in plan.after(shuffle):
        if isinstance(node, Window) and node.size > 1 and is_straight(shuffle, node):
            yield node
        elif isinstance(node, GroupNode) and not plan.gives_batches(node.parents[0]) and is_straight(shuffle, node):
            later = plan.after(node)
            if any(isinstance(each, GroupNode) for each in later) and not any(isinstance(e, Unbatch) for e in later):
                yield node


def _smoothness(context: Context, node: Node) -> float | None:
    """Returns how much neighbours differ, in parts of what any two elements do; None where that tells nothing."""
    elements = _first_in_order(context, node)
    if elements.count < _FEWEST or len(elements.components) != 1 or not elements.components[0].statistics.is_number:
        return None
    rows = [np.asarray(value, np.float64).reshape(-1) for value in elements.components[0].values]
    if len({len(row) for row in rows}) != 1 or not rows[0].size:
        return None
    values = np.stack(rows)
    if not np.isfinite(values).all() or not values.var(0).sum():
        return None
    return float((np.diff(values, axis=0) ** 2).mean(0).sum() / (2 * values.var(0).sum()))


def _first_in_order(context: Context, node: Node) -> Elements:
    """Returns the first elements of a step, one after the other."""
    if not node.indexed:
        return context.sample.at(node)
    length = context.plan.length(node)
    return context.sample.read(node, np.arange(_MOST if length is None else min(_MOST, length)))


def _shuffled_cuts(plan: Plan) -> list[tuple[Node, Node]]:
    """Returns what takes a part of shuffled elements, with what shuffles them."""
    found: list[tuple[Node, Node]] = []
    for cut in plan.nodes:
        if cut.name == "split_dataset" and getattr(cut, "order", None) is not None:
            found.append((cut, cut))
        if isinstance(cut, Take | Skip) or cut.name == "split_dataset":
            found += [(cut, shuffle) for shuffle in plan.of(Shuffle) if is_straight(shuffle, cut)]
    return found


def _of_the_same(first: Node, second: Node) -> bool:
    if first.parents[0] is second.parents[0]:
        return True
    return fingerprint_of(steps_of(first.parents[0])) == fingerprint_of(steps_of(second.parents[0]))


def _series(context: Context, shuffle: Node) -> str:
    """Says why shuffled elements are a series that must not be mixed; "" where they are not, as far as can be told."""
    before = [*context.plan.before(shuffle)]
    for node in before:
        if isinstance(node, Window) and node.shift < (node.size - 1) * node.stride + 1:
            return f"the windows of {node.label()} overlap: each part has steps of the other"
        if node.name == "timeseries_dataset_from_array":
            reach: Any = (node.window - 1) * node.rate + 1  # type: ignore[attr-defined]
            if node.stride < reach:  # type: ignore[attr-defined]
                return (
                    f"windows of {reach} steps begin every {node.stride} steps: "  # type: ignore[attr-defined]
                    "each part has steps of the other"
                )
    elements = _first_in_order(context, shuffle.parents[0])
    if elements.batched or elements.count < _FEWEST:
        return ""
    for component in elements.inputs:
        if component.key.lower() in _TIMES and component.statistics.is_number:
            values = np.array([np.asarray(value, np.float64).reshape(-1)[:1] for value in component.values]).reshape(-1)
            if len(values) == elements.count and (np.diff(values) > 0).all():
                return f"{component.name} rises from each element to the next: each part has the time of the other"
        shift = _overlap(component.values)
        if shift:
            steps = f"{shift} step{'s' if shift > 1 else ''}"
            return f"each {component.name} repeats the one before it, {steps} on: each part has steps of the other"
    return ""


def _overlap(values: list[Any]) -> int:
    """Returns by how many steps each of some windows begins after the one before; 0 where they do not overlap."""
    if not all(isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "iuf" for value in values[:2]):
        return 0
    windows = values[:_FEWEST]
    length = len(windows[0])
    if length < 4 or any(value.shape != windows[0].shape for value in windows):
        return 0
    for shift in range(1, length // 2 + 1):
        alike = all(np.array_equal(a[shift:], b[:-shift]) for a, b in itertools.pairwise(windows))
        if alike:
            return 0 if all(np.array_equal(windows[0], value) for value in windows) else shift
    return 0
