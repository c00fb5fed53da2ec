"""FL208: many elements are the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.families.content.hashing import Hashed, hashed, hashes_of
from feedline.check.families.content.richness import holds_much
from feedline.check.families.content.stages import Stage, stages_of
from feedline.check.finding import Finding
from feedline.check.labels import labels_of
from feedline.check.plan import Plan
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.concatenate import Concatenate
from feedline.nodes.repeat import Repeat
from feedline.nodes.sample import Mixture
from feedline.sources.generator import Generator

_SECONDS = 0.25
_FEWEST = 32
_FEWEST_TWINS = 3
_LEAST_SHARE = 0.01
_EXAMPLES = 8


class DuplicateElements(Rule):
    """Many elements are the same."""

    code = "FL208"
    name = "duplicate-elements"
    severity = "warning"
    needs = ("sample",)
    why = (
        "What comes several times weighs several times as much; and where a split puts one copy here and one there, "
        "the model is validated on what it has learnt by heart."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        stage = next((each for each in stages_of(context.plan) if not _repeats(context.plan, each)), None)
        if stage is None or context.sample.at(stage.node).count < _FEWEST:
            return
        found = hashed(context, stage, 0.0 if _calls_functions(context.plan, stage) else _SECONDS)
        values, inverse, counts = np.unique(found.hashes, return_inverse=True, return_counts=True)
        twins = counts[inverse] > 1
        extra = found.count - len(values)
        if found.count < _FEWEST or extra < max(_FEWEST_TWINS, _LEAST_SHARE * found.count):
            return
        if _begins_again(context, stage, found, counts):
            return
        if not _holds_much(context, found, twins) or _evens_classes(context, stage, found, twins):
            return
        first = int(np.flatnonzero(twins)[0])
        second = int(np.flatnonzero(found.hashes == found.hashes[first])[1])
        most = int(counts.max())
        total = found.total
        amount = f"all {found.count:,}" if total == found.count else f"{found.count:,}"
        if total is not None and total != found.count:
            amount += f" of {total:,}"
        yield self.finding(
            f"{extra:,} of {found.count:,} elements are copies of others.",
            seen=f"inputs compared by content, as they come out of {stage.node.label()}, of {amount} elements: "
            f"{len(values):,} are different, one of them comes {most:,} times",
            where=[found.where(first), f"the same: {found.where(second)}"],
            at=stage.node,
            fix="Leave the copies out where the data is stored or listed, before it is split: for arrays "
            "np.unique(x, axis=0, return_index=True), for files one of each content, for short streams "
            "Dataset.unique().",
        )


def _repeats(plan: Plan, stage: Stage) -> bool:
    """Says whether elements come several times on purpose: by repeat, by turns, or from one source twice."""
    before = plan.before(stage.node) | {stage.node}
    for node in before:
        if isinstance(node, Repeat | Mixture):
            return True
        if isinstance(node, Concatenate):
            seen: set[Node] = set()
            for parent in node.parents:
                below = plan.before(parent) | {parent}
                if below & seen:
                    return True
                seen |= below
    return False


def _begins_again(context: Context, stage: Stage, found: Hashed, counts: np.ndarray) -> bool:
    """Says whether a generator without end, of which `fit` takes some batches, gives all before any comes again."""
    sources = [node for node in context.plan.before(stage.node) | {stage.node} if isinstance(node, Generator)]
    if not sources or context.steps_per_epoch is None:
        return False
    first = found.hashes[np.argsort(found.positions, kind="stable")][: len(counts)]
    return len(np.unique(first)) == len(counts) and int(counts.max() - counts.min()) <= 1


def _calls_functions(plan: Plan, stage: Stage) -> bool:
    """Says whether the user's functions make these elements: they are not called thousands of times for a look."""
    return any(plan.functions(node) for node in plan.before(stage.node) | {stage.node})


def _holds_much(context: Context, found: Hashed, twins: np.ndarray) -> bool:
    """Says whether most of the elements that come several times cannot be the same by chance."""
    elements = context.sample.at(found.node)
    wanted = set(found.positions[twins].tolist())
    known = [index for index, position in enumerate(elements.positions.tolist()) if position in wanted][:_EXAMPLES]
    if not known and found.node.indexed:
        elements = context.sample.read(found.node, found.positions[twins][:_EXAMPLES])
        known = list(range(elements.count))
    if elements.batched or not known:
        return False
    inputs: list[list[Any]] = [[component.values[index] for component in elements.inputs] for index in known]
    return sum(map(holds_much, inputs)) > len(inputs) / 2


def _evens_classes(context: Context, stage: Stage, found: Hashed, twins: np.ndarray) -> bool:
    """Says whether some classes only have copies, and all are about as frequent: rare ones were multiplied."""
    elements = context.sample.at(stage.node)
    labels = labels_of(elements)
    if labels is None or labels.classes < 2 or elements.batched:
        return False
    copied = np.isin(hashes_of(elements), found.hashes[twins])
    shares = [float(copied[labels.values == number].mean()) for number in range(labels.classes)]
    counts = list(labels.counts.values())
    return min(shares) < 0.2 * max(shares) and max(counts) < 1.5 * min(counts)
