"""FL312: inputs and their labels, each shuffled by itself before they are brought together."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.finding import Finding
from feedline.check.labels import labels_of
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.zip import Zip
from feedline.sources.counter import Counter
from feedline.sources.random_numbers import RandomNumbers
from feedline.sources.range import Range


class ShuffledApart(Rule):
    """Inputs and labels are shuffled in two orders, and zipped then."""

    code = "FL312"
    name = "shuffled-apart"
    severity = "error"
    needs = ("sample",)
    why = "Each input gets the label of another: the loss stays where chance puts it, and nothing says so."

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        for node in plan.of(Zip):
            if len(node.parents) != 2 or any(len(context.sample.at(each).components) != 1 for each in node.parents):
                continue
            first, second = (_shuffles(each, plan) for each in node.parents)
            if _orders(first) == _orders(second) or not all(_is_data(each, context) for each in node.parents):
                continue
            labels = labels_of(context.sample.at(node))
            if labels is None or labels.classes < 2 or labels.component.index != 1:
                continue
            count = len({*first, *second})
            yield self.finding(
                "the inputs are brought together with labels of another order.",
                seen=f"{count} shuffle{'s' if count > 1 else ''} in front of {node.label()}, "
                + (
                    "one in each branch"
                    if first and second
                    else f"in the {'first' if first else 'second'} branch alone"
                ),
                where=[f"{each.label()} at {each.origin}" for each in (*first, *second)],
                at=node,
                fix=f"Shuffle behind the zip: leave out {written((first or second)[0])} in front of it, and write it "
                "behind; or give from_tensor_slices both at once, as (x, y).",
            )


def _shuffles(branch: Node, plan: Plan) -> list[Shuffle]:
    inside = plan.before(branch) | {branch}
    return [node for node in plan.of(Shuffle) if node in inside]


def _orders(shuffles: list[Shuffle]) -> list[tuple[int, bool, int]]:
    """Returns what makes the orders of steps that shuffle: where it is the same for two branches, pairs stay pairs."""
    return [
        (each.seed, each.reshuffle_each_iteration, 0 if each.indexed else each.buffer_size) for each in shuffles
    ]  # fmt: skip


def _is_data(branch: Node, context: Context) -> bool:
    """Says whether a branch gives what belongs to something: not numbers that are counted or drawn, nor files.

    Of files the names tell, which is FL107.
    """
    inside = context.plan.before(branch) | {branch}
    sources = [node for node in context.plan.sources if node in inside]
    if all(isinstance(each, Range | Counter | RandomNumbers) for each in sources):
        return False
    values = [part.values[:1] for each in sources for part in context.sample.at(each).components]
    return not any(isinstance(value, bytes | str) for some in values for value in some)
