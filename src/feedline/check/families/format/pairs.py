"""FL107 and FL108: pairs of files whose names do not belong together, and datasets of different length side by side."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.families.format.names import Mismatch, are_paths, mismatch, without_partner
from feedline.check.finding import Finding
from feedline.check.plan import Plan
from feedline.check.rule import Rule
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.repeat import Repeat
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.zip import Zip
from feedline.sources.arrays import Slices
from feedline.sources.counter import Counter
from feedline.sources.random_numbers import RandomNumbers
from feedline.sources.range import Range
from feedline.structure import component_names

_MOST_FILES = 20_000
_MOST_NAMED = 3


class PairsDoNotMatch(Rule):
    """The names of files that are used as pairs do not belong together."""

    code = "FL107"
    name = "pairs-do-not-match"
    severity = "error"
    why = "Each image is trained on with the label of another: the loss falls a little, and nothing is learnt."

    def check(self, context: Context) -> Iterator[Finding]:
        for node in context.plan.nodes:
            columns = _columns(node)
            for index, (name, paths) in enumerate(columns):
                for other_name, other_paths in columns[index + 1 :]:
                    found = mismatch(paths, other_paths)
                    if found is not None:
                        yield self._finding(node, context.plan, (name, paths), (other_name, other_paths), found)

    def _finding(
        self, node: Node, plan: Plan, first: tuple[str, list[str]], second: tuple[str, list[str]], found: Mismatch
    ) -> Finding:
        place = found.wrong[0]
        count = min(len(first[1]), len(second[1]))
        ours, theirs = os.path.basename(first[1][place]), os.path.basename(second[1][place])
        seen = f"{len(found.wrong):,} of {count:,} pairs do not match by {found.by}"
        seen += "" if place == 0 else f", from element {place} on"
        alone = (*found.first_only, *found.second_only)
        if alone:
            seen += f"; without a partner: {_some(alone)}"
        return self.finding(
            f"{ours!r} is paired with {theirs!r}.",
            seen=seen,
            where=[f"element {place}: {first[1][place]!r} with {second[1][place]!r}"],
            at=node,
            fix=_fix(node, plan, found, count if len(first[1]) == len(second[1]) else 0),
        )


class CountsDiffer(Rule):
    """Datasets of different length stand side by side in a `zip`, which ends with the shortest."""

    code = "FL108"
    name = "counts-differ"
    severity = "warning"
    why = (
        "What the longer one has more is never used; where one is missing in the middle, all pairs behind it are wrong."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        for node in plan.of(Zip):
            counted = [(parent, length) for parent in node.parents if (length := _length(parent)) is not None]
            shortest = min((length for _, length in counted), default=0)
            longer = [
                (parent, length) for parent, length in counted if length > shortest and not _may_be_longer(parent)
            ]
            if not longer or _share_a_source(node):
                continue
            lengths = [f"{length:,} of {parent.label()}" for parent, length in counted]
            left = max(length for _, length in longer) - shortest
            columns = _columns(node)
            alone = _alone(columns)
            yield self.finding(
                f"datasets of different length are zipped: {' and '.join(lengths)}.",
                seen=f"zip ends after {shortest:,} elements, and {left:,} {'is' if left == 1 else 'are'} never used"
                + (f"; without a partner: {_some(alone)}" if alone else ""),
                where=[f"{parent.label()} at {parent.origin}" for parent, _ in counted],
                at=node,
                fix="Leave out the files without a partner, or add what is missing."
                if alone
                else f"Look for what is missing in the shorter one, or say that it is meant with .take({shortest}).",
            )


def _columns(node: Node) -> list[tuple[str, list[str]]]:
    """Returns the names of files that come side by side in a step's elements, in their order, by component."""
    if isinstance(node, Slices) and len(node.columns) > 1:
        names = component_names(node.treedef)
        found = [(name, _texts(column)) for name, column in zip(names, node.columns, strict=True)]
        return [(name, paths) for name, paths in found if paths]
    if isinstance(node, Zip):
        named = ((f"dataset {number}", _paths_of(parent)) for number, parent in enumerate(node.parents))
        return [(name, paths) for name, paths in named if paths]
    return []


def _texts(column: object) -> list[str]:
    if not isinstance(column, np.ndarray) or column.dtype != object or column.ndim != 1:
        return []
    values = column[:_MOST_FILES].tolist()
    if not all(isinstance(value, bytes) for value in values) or not are_paths(values):
        return []
    return [os.fsdecode(value) for value in values]


def _paths_of(node: Node) -> list[str]:
    """Returns the file that each element of a dataset of one file each is made of; none where that is not told."""
    length = _length(node)
    if length is None or not node.indexed:
        return []
    positions = np.arange(min(length, _MOST_FILES))
    epochs = np.zeros_like(positions)
    while not isinstance(node, Slices):
        if isinstance(node, OrderNode):
            positions, epochs = node.locate(positions, epochs)
        elif not node.passes_on and not (isinstance(node, BlockNode) and node.group == 1):
            return []
        if len(node.parents) != 1:
            return []
        node = node.parents[0]
    column = next((column for column in node.columns if _texts(column)), None)
    return _texts(column[positions]) if isinstance(column, np.ndarray) else []


def _length(node: Node) -> int | None:
    try:
        length = node.cardinality()
    except Exception:  # a file that is damaged is told elsewhere
        return None
    return length if length >= 0 else None


def _may_be_longer(node: Node) -> bool:
    """Says whether nobody minds that a dataset has more: numbers to count by, or what is repeated to be long enough."""
    while len(node.parents) == 1:
        if isinstance(node, Repeat):
            return True
        node = node.parents[0]
    return isinstance(node, Range | Counter | RandomNumbers)


def _share_a_source(node: Zip) -> bool:
    seen: set[Node] = set()
    for parent in node.parents:
        sources = set(Plan(parent).sources)
        if sources & seen:
            return True
        seen |= sources
    return False


def _alone(columns: list[tuple[str, list[str]]]) -> tuple[str, ...]:
    if len(columns) != 2:
        return ()
    first, second = without_partner(columns[0][1], columns[1][1])
    return (*first, *second)


def _some(paths: tuple[str, ...]) -> str:
    shown = ", ".join(repr(os.path.basename(path)) for path in paths[:_MOST_NAMED])
    return shown + (f" and {len(paths) - _MOST_NAMED:,} more" if len(paths) > _MOST_NAMED else "")


def _fix(node: Node, plan: Plan, found: Mismatch, count: int) -> str:
    shuffles = [step for step in plan.of(Shuffle) if step in plan.before(node)] if isinstance(node, Zip) else []
    if shuffles:
        return "Shuffle behind the zip, not in front of it: write list_files(..., shuffle=False) for both."
    if found.first_only or found.second_only:
        alone = (*found.first_only, *found.second_only)
        partner = (
            f"Leave out {os.path.basename(alone[0])!r}" if len(alone) == 1 else "Leave out those without a partner"
        )
        if len(found.wrong) == count:
            partner = "Look which of the files was counted from 0 and which from 1, or which are missing"
        return f"{partner}, and make the second name of the first one, so that they cannot part."
    return (
        "Sort both lists by the same key, such as "
        "sorted(paths, key=lambda path: int(re.findall(r'\\d+', path)[-1])), or make the second name of the first."
    )
