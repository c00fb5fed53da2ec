"""FL100 and FL101: the pipeline itself raises an error, or gives nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from feedline.check.context import Context
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.check.sample import that_is_run
from feedline.errors import FeedlineError
from feedline.nodes.base import Node
from feedline.nodes.batch import GroupNode
from feedline.nodes.filter import Filter
from feedline.nodes.flat_map import FlatMap, Interleave
from feedline.nodes.ignore_errors import IgnoreErrors
from feedline.origin import Origin

_WHY_OTHER = "The epoch would end with this error when it comes to this element, after all that was trained in it."
_FEWEST = 1000
"""Fewer elements that came into a step say little: the first that it lets through may come yet."""

_WHY_NONE_OTHER = "There is nothing to measure on: fit gives no val_loss, and what waits for it does nothing or raises."


class Raises(Rule):
    """An element cannot be computed: a step of the pipeline raises."""

    code = "FL100"
    name = "raises"
    severity = "error"
    needs = ("sample",)
    why = "Training would end with this error when it comes to this element."

    def check(self, context: Context) -> Iterator[Finding]:
        for error in context.sample.errors:
            yield raised(error, context)
        other = _other(context)
        if other is not None and not context.sample.errors:  # what both raise is told once
            for error in other.sample.errors:
                finding = raised(error, other)
                yield replace(finding, message=f"the {other.use} data: {finding.message}", why=_WHY_OTHER)


def raised(error: FeedlineError, context: Context) -> Finding:
    """Returns the finding of an error that a pipeline raises."""
    return Finding(
        Raises.code,
        Raises.name,
        Raises.severity,
        error.what,
        f"{type(error).__name__}, after looking at {context.sample.count:,} elements",
        Raises.why,
        error.fix or "Mend the step above.",
        tuple(error.where),
        _origin_of(error, context),
    )


def _origin_of(error: FeedlineError, context: Context) -> Origin | None:
    """Returns the line of the step that raised, which the error's places name."""
    for node in context.plan.nodes:
        if f"{node.label()} at {node.origin}" in error.where and node.origin.line:
            return node.origin
    return None


class NoElements(Rule):
    """The dataset gives no element at all."""

    code = "FL101"
    name = "no-elements"
    severity = "error"
    why = "There is nothing to train on; fit ends at once, or with an error about losses that are not there."

    def check(self, context: Context) -> Iterator[Finding]:
        yield from self._of(context)
        other = _other(context)
        if other is not None:
            for finding in self._of(other):
                yield replace(finding, message=f"the {other.use} data: {finding.message}", why=_WHY_NONE_OTHER)

    def _of(self, context: Context) -> Iterator[Finding]:
        plan, sample = context.plan, context.sample
        if sample.errors or sample.output.count:
            return
        if sample.not_looked_at:
            if plan.last.cardinality() == 0:
                yield self._finding(context, next(node for node in plan.nodes if node.cardinality() == 0))
            return
        if not sample.saw_all:
            yield from self._so_far(context)
            return
        if plan.last.indexed and plan.last.cardinality() != 0:
            return  # there was no time for a batch
        yield self._finding(context, _first_empty(context))

    def _finding(self, context: Context, node: Node) -> Finding:
        batch, length = context.plan.batch, context.length
        if isinstance(batch, GroupNode) and batch.drop_remainder and node is batch:
            message = f"drop_remainder leaves no batch: there are fewer than {batch.batch_size} elements."
            size = max(1, context.sample.count or length or 0)
            fix = f"Give a batch size of {size} or less, or leave out drop_remainder."
        else:
            message = f"{node.label()} gives no element."
            fix = "Look at what comes into it, and at its condition." if node.parents else "Look at what it reads."
        seen = context.seen() if not context.sample.not_looked_at else f"{length or 0:,} elements"
        return self.finding(message, seen=f"{seen} in front of the batches", at=node, fix=fix)

    def _so_far(self, context: Context) -> Iterator[Finding]:
        """Tells of a step that has let nothing through, of all that came into it while there was time."""
        for node in context.plan.of(Filter, FlatMap, Interleave, IgnoreErrors):
            if context.sample.given(node):
                continue
            before = that_is_run(node.parents[0])
            given, length = context.sample.given(before), context.plan.length(before)
            if given < _FEWEST:
                return
            yield self.finding(
                f"{node.label()} has given no element so far.",
                seen=f"{given:,}{f' of {length:,}' if length is not None else ''} elements came into it",
                at=node,
                fix="Look at its condition, and at what comes into it: fit would wait for the first batch as long.",
                severity="warning",
            )
            return


def _other(context: Context) -> Context | None:
    """Returns the dataset that it is compared with, where its elements were looked at."""
    other = context.against
    return None if other is None or other.sample.not_looked_at else other


def _first_empty(context: Context) -> Node:
    """Returns the first step that gives nothing, though something came into it."""
    for node in context.plan.nodes:
        if node.cardinality() == 0 or (not node.indexed and not context.sample.at(node).count):
            return node
    return context.plan.last
