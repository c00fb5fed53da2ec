"""FL107: pairs of files whose names do not belong together."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.families.format.names import Mismatch, always_apart, are_named_as_pairs, are_paths, mismatch
from feedline.check.families.format.read_names import names_read
from feedline.check.finding import Finding
from feedline.check.plan import Plan
from feedline.check.rule import Rule
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.map import Map
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.zip import Zip
from feedline.sources.arrays import Slices
from feedline.sources.generator import Generator
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
        told = False
        for node in context.plan.nodes:
            columns = columns_of(node)
            for index, (name, paths) in enumerate(columns):
                for other_name, other_paths in columns[index + 1 :]:
                    found = mismatch(paths, other_paths)
                    if found is not None:
                        told = True
                        yield self._finding(node, context.plan, (name, paths), (other_name, other_paths), found)
        for node in context.plan.of(Map, Generator) if not told else ():
            yield from self._of_computed(context, node)

    def _of_computed(self, context: Context, node: Node) -> Iterator[Finding]:
        """Tells of names that the user's function computes, or takes from lists of its own."""
        columns = names_read(context, node)
        for index, paths in enumerate(columns):
            for other_paths in columns[index + 1 :]:
                apart = always_apart(paths, other_paths)
                found = None if apart else mismatch(paths, other_paths)
                if found is None and not (apart and are_named_as_pairs(paths, other_paths)):
                    continue  # one step on may be what is to be predicted
                place = 0 if found is None else found.wrong[0]
                ours, theirs = paths[place], other_paths[place]
                by = f"the numbers are {abs(apart)} apart in all of them" if found is None else f"by {found.by}"
                wrong = len(paths) if found is None else len(found.wrong)
                yield self.finding(
                    f"{os.path.basename(ours)!r} is paired with {os.path.basename(theirs)!r}.",
                    seen=f"{wrong:,} of {len(paths):,} pairs that {node.label()} was seen to read do not match: {by}",
                    where=[f"{ours!r} with {theirs!r}"],
                    at=node,
                    fix="Compute both names from one number, or make the second name of the first one, so that they "
                    "cannot part."
                    if found is None
                    else "Sort both lists by the same key, such as "
                    "sorted(paths, key=lambda path: int(re.findall(r'\\d+', path)[-1])), or make the second name of "
                    "the first.",
                    severity="warning" if found is None else "error",
                )
                return

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
            seen += f"; without a partner: {some(alone)}"
        return self.finding(
            f"{ours!r} is paired with {theirs!r}.",
            seen=seen,
            where=[f"element {place}: {first[1][place]!r} with {second[1][place]!r}"],
            at=node,
            fix=_fix(node, plan, found, count if len(first[1]) == len(second[1]) else 0),
        )


def columns_of(node: Node) -> list[tuple[str, list[str]]]:
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
    length = length_of(node)
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


def length_of(node: Node) -> int | None:
    """Returns how many elements a step gives; None where that is not known without running it."""
    try:
        length = node.cardinality()
    except Exception:  # a file that is damaged is told elsewhere
        return None
    return length if length >= 0 else None


def some(paths: tuple[str, ...]) -> str:
    """Returns the first names of some files, and how many others there are."""
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
