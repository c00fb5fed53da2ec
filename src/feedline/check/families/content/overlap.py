"""FL212: the same elements in the training and in the validation data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Elements, digest
from feedline.check.families.content.hashing import Hashed, hashed
from feedline.check.families.content.richness import holds_much
from feedline.check.families.content.same_files import same_files
from feedline.check.families.content.stages import Stage, stages_of
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.shard import Shard
from feedline.nodes.take import Skip, Take

_SECONDS = 0.3
_MOST_STAGES = 2
_LEAST_SHARE = 0.01
"""A part of the validation data that is less than this is let pass: most public datasets have a few."""

_FEWEST = 2
_CHANCE = 1e-6
"""How often elements that can be alike by chance may be told as an overlap."""

_EXAMPLES = 20


class Overlap(Rule):
    """The same elements are in the training and in the validation data."""

    code = "FL212"
    name = "overlap"
    severity = "error"
    needs = ("sample", "against")
    why = (
        "The model is measured on what it has learnt by heart: the validation loss is too good, stops early training "
        "too late, and says nothing about new data."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        assert context.against is not None
        train, validation = (context, context.against) if context.trains else (context.against, context)
        ours, theirs = stages_of(train.plan), stages_of(validation.plan)
        shared = _shared(ours, theirs)
        if shared is not None:
            yield from self._by_position(train, validation, *shared)
            return
        files = _files(train, validation, ours, theirs)
        if files is not None:
            yield from self._of_files(train, validation, *files)
            if files[0]:
                return
        for one, other in _pairs(train, validation, ours, theirs):
            finding = self._by_content(train, validation, one, other)
            if finding is not None:
                yield finding
                return

    def _by_position(self, train: Context, validation: Context, one: Stage, other: Stage) -> Iterator[Finding]:
        """Compares datasets of one source by which of its elements they take: that is exact, and reads nothing."""
        assert one.positions is not None
        assert other.positions is not None
        both = np.intersect1d(one.positions, other.positions, assume_unique=True)
        if len(both) < max(1, _LEAST_SHARE * len(other.positions)):
            return
        place = int(both[0])
        source = one.node.source_of(place, 0)
        yield self.finding(
            f"{_of(len(both), len(other.positions))} of the validation data are in the training data too.",
            seen=f"both take elements of the same {one.node.label()}: training takes {len(one.positions):,} of them, "
            f"validation {len(other.positions):,}, and {len(both):,} are taken by both; all were compared",
            where=[f"element {place:,} of {one.node.label()}" + (f", which is {source}" if source else "")],
            at=_reducing(validation, one.node),
            fix=f"Take each element once: validation = ds.take({len(other.positions):_}) and training = "
            f"ds.skip({len(other.positions):_}), of a ds that is not shuffled, or shuffled with "
            "reshuffle_each_iteration=False.",
        )

    def _of_files(
        self, train: Context, validation: Context, pairs: list[tuple[str, str]], count: int, compared: str, at: Node
    ) -> Iterator[Finding]:
        if len(pairs) < max(_FEWEST, _LEAST_SHARE * count):
            return
        first, second = pairs[0]
        same = "is in both lists" if first == second else f"has the same content as {second}"
        yield self.finding(
            f"{_of(len(pairs), count, 'file')} of the validation data are in the training data too.",
            seen=compared,
            where=[f"{first} {same}"],
            at=at,
            fix="Leave the files of the validation data out of the list for training, and look at how they came to be "
            "copied; split the list of files once, before anything else.",
        )

    def _by_content(self, train: Context, validation: Context, one: Stage, other: Stage) -> Finding | None:
        theirs = hashed(validation, other, _SECONDS)
        ours = hashed(train, one, _SECONDS)
        if not ours.count or not theirs.count:
            return None
        found = np.isin(theirs.hashes, ours.hashes)
        matched = int(found.sum())
        distinct = len(np.unique(theirs.hashes[found]))
        coverage = ours.count / ours.total if ours.total else 1.0
        share = min(1.0, matched / theirs.count / max(coverage, 1e-9))
        if distinct < _FEWEST or share < _LEAST_SHARE or _chance_explains(validation, ours, theirs, found, distinct):
            return None
        index, twin = _confirmed(train, validation, ours, theirs, found)
        if twin is None:
            return None
        part = "" if coverage == 1 else f"; of the whole validation data that is about {share:.0%}"
        return self.finding(
            f"{_of(matched, theirs.count)} of the validation data that were compared are in the training data too.",
            seen=f"compared by content, as they come out of {other.node.label()}: {_amount(theirs)} of the validation "
            f"data with {_amount(ours)} of the training data{part}",
            where=[f"validation: {theirs.where(index)}", f"training: {ours.where(twin)}"],
            at=other.node,
            fix="Split once, before anything else, so that each element is in one part only: training = ds.skip(n) and "
            "validation = ds.take(n); or leave out of the training data what has the same id or content.",
        )


def _shared(ours: list[Stage], theirs: list[Stage]) -> tuple[Stage, Stage] | None:
    """Returns the first step that both plans have, where it is known which of its elements each takes."""
    for other in theirs:
        for one in ours:
            known = one.positions is not None and other.positions is not None and one.whole and other.whole
            if one.node is other.node and known:
                return one, other
    return None


def _pairs(train: Context, validation: Context, ours: list[Stage], theirs: list[Stage]) -> list[tuple[Stage, Stage]]:
    """Returns the stages to compare: the last ones that give elements of one kind, and the sources where they do."""
    pairs = [
        (i + j, one, other)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if _kind(train.sample.at(one.node)) == _kind(validation.sample.at(other.node)) != ()
    ]
    pairs.sort(key=lambda pair: pair[0])
    chosen = [pairs[0][1:], pairs[-1][1:]] if len(pairs) > 1 else [pair[1:] for pair in pairs]
    return chosen[:_MOST_STAGES]


def _kind(elements: Elements) -> tuple[Any, ...]:
    """Returns the dtypes and ranks of the inputs of elements: equal elements have equal ones."""
    return tuple(
        (str(component.dtype), tuple(sorted({len(shape) for shape in component.statistics.row_shapes})))
        for component in elements.inputs
    )


def _files(
    train: Context, validation: Context, ours: list[Stage], theirs: list[Stage]
) -> tuple[list[tuple[str, str]], int, str, Node] | None:
    """Returns the files that both datasets read, where their sources give paths."""
    if not ours or not theirs:
        return None
    first, second = _paths(train, ours[-1]), _paths(validation, theirs[-1])
    if first is None or second is None:
        return None
    pairs = same_files(first, second, _SECONDS)
    compared = f"{len(second):,} files of the validation data with {len(first):,} of the training data"
    return pairs, len(second), compared, theirs[-1].node


def _paths(context: Context, stage: Stage) -> list[bytes] | None:
    """Returns the paths that a source gives: all that come to the end, where it is indexed."""
    elements = context.sample.at(stage.node)
    inputs = elements.inputs
    if len(inputs) != 1 or inputs[0].dtype != object or not all(isinstance(each, bytes) for each in inputs[0].values):
        return None
    if stage.positions is not None and len(stage.positions) > elements.count:
        read = context.sample.read(stage.node, stage.positions[:100_000])
        if read.count:
            return list(read.components[inputs[0].index].values)
    values = inputs[0].values
    if stage.positions is None:
        return list(values)
    kept = np.isin(elements.positions, stage.positions)
    return [value for value, keep in zip(values, kept, strict=True) if keep]


def _chance_explains(context: Context, ours: Hashed, theirs: Hashed, found: np.ndarray, distinct: int) -> bool:
    """Says whether elements may be alike by chance, because they hold little.

    What holds much, such as a picture, is never twice the same by chance. Of others the training data tell how often
    that happens: if validation data were drawn from the same source, one of its elements would be found among the
    training data as often as one of these is found among the others.
    """
    examples = theirs.positions[found][:_EXAMPLES]
    elements = context.sample.at(theirs.node)
    known = np.flatnonzero(np.isin(elements.positions, examples)) if theirs.rows is None else examples
    if not len(known) and theirs.node.indexed:
        elements = context.sample.read(theirs.node, np.sort(examples))
        known = np.arange(elements.count)
    rich = [holds_much([component.rows[index] for component in elements.inputs]) for index in known.tolist()]
    if rich and sum(rich) > len(rich) / 2:
        return False
    _, counts = np.unique(ours.hashes, return_counts=True)
    twins = int(counts[counts > 1].sum())
    expected = theirs.count * min(1.0, (twins + 3) / ours.count)
    return _poisson_tail(int(found.sum()), expected) > _CHANCE


def _confirmed(
    train: Context, validation: Context, ours: Hashed, theirs: Hashed, found: np.ndarray
) -> tuple[int, int | None]:
    """Returns the first two that are alike, by their numbers in each; None for the second where they are not alike.

    Of large elements parts are hashed: the whole ones are compared here.
    """
    index = int(np.flatnonzero(found)[0])
    twin = int(np.flatnonzero(ours.hashes == theirs.hashes[index])[0])
    wholes = [
        _digests(context, part, number) for context, part, number in ((train, ours, twin), (validation, theirs, index))
    ]
    return index, None if None not in wholes and wholes[0] != wholes[1] else twin


def _digests(context: Context, part: Hashed, number: int) -> tuple[bytes, ...] | None:
    """Returns the digests of the inputs of an element; None where it cannot be had any more."""
    position = int(part.positions[number])
    elements = context.sample.at(part.node)
    at = np.flatnonzero(elements.positions == position)
    if not len(at) and part.node.indexed:
        elements, at = context.sample.read(part.node, np.array([position])), np.zeros(1, np.int64)
    if not elements.count or not len(at) or elements.batched:
        return None
    return tuple(digest(component.values[int(at[0])]) for component in elements.inputs)


def _poisson_tail(count: int, expected: float) -> float:
    """Returns the chance of `count` or more where `expected` are expected."""
    if count <= expected:
        return 1.0
    term = math.exp(-expected + count * math.log(max(expected, 1e-300)) - math.lgamma(count + 1))
    total, k = 0.0, count
    while term > total * 1e-12 and k < count + 10_000:
        total += term
        k += 1
        term *= expected / k
    return min(1.0, total)


def _reducing(context: Context, source: Node) -> Node:
    """Returns the step behind a shared one that says which elements are the validation data's, or the last step."""
    after = context.plan.after(source)
    return next((node for node in after if isinstance(node, Take | Skip | Shard)), context.plan.last)


def _amount(part: Hashed) -> str:
    if part.total is None:
        return f"the first {part.count:,} elements"
    if part.total == part.count:
        return f"all {part.count:,} elements"
    return f"{part.count:,} of {part.total:,} elements"


def _of(count: int, total: int, kind: str = "element") -> str:
    return f"all {total:,} {kind}s" if count == total else f"{count:,} of {total:,} {kind}s"
