"""FL301 to FL303: sorted data that nothing shuffles, that a small buffer shuffles, or that is shuffled in batches."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.finding import Finding
from feedline.check.labels import Labels
from feedline.check.rule import Rule
from feedline.nodes.shuffle import Shuffle


class SortedWithoutShuffle(Rule):
    """The elements come sorted, or grouped, by their labels, and no step shuffles them."""

    code = "FL301"
    name = "sorted-without-shuffle"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Batches of one class pull the model to that class, and the next ones undo it: accuracy jumps between epochs, "
        "and what is learnt last is remembered best."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan, labels = context.plan, context.labels
        if not context.trains or plan.of(Shuffle) or labels is None or not labels.come_in_runs:
            return
        length = context.length
        size = f"{length:,}" if length is not None else "10_000"
        yield self.finding(
            f"the elements come {_sorted_or_grouped(labels)} by their labels, and nothing shuffles them.",
            seen=_seen(labels, context),
            at=plan.batch or plan.last,
            fix=f"Write .shuffle({size.replace(',', '_')}) in front of .{(plan.batch or plan.last).label()}.",
        )


def _sorted_or_grouped(labels: Labels) -> str:
    return "sorted" if labels.runs <= labels.classes else "grouped"


def _seen(labels: Labels, context: Context) -> str:
    expected = round(labels.expected_runs[0])
    return (
        f"{labels.component.name} changes {labels.runs - 1} time{'' if labels.runs == 2 else 's'} in {context.seen()} "
        f"of {labels.classes} classes; in a random order it would change about {expected - 1:,} times"
    )
