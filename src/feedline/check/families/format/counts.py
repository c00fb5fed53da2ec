"""FL108: datasets of different length side by side, and some whose elements are dropped on one side only."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from feedline.check.context import Context
from feedline.check.families.format.names import without_partner
from feedline.check.families.format.pairs import columns_of, length_of, some
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.nodes.base import BlockNode, Node
from feedline.nodes.cache import Cache
from feedline.nodes.filter import Filter
from feedline.nodes.ignore_errors import IgnoreErrors
from feedline.nodes.repeat import Repeat
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.unique import Unique
from feedline.nodes.zip import Zip
from feedline.sources.counter import Counter
from feedline.sources.generator import Generator
from feedline.sources.random_numbers import RandomNumbers
from feedline.sources.range import Range

_SECONDS = 0.4
_MOST_COUNTED = 1_000_000
_LARGEST_SHARE = 0.25
"""By how much a stream that had to be counted may differ: one far longer may be meant to be, such as one of noise."""


class CountsDiffer(Rule):
    """Datasets of different length stand side by side in a `zip`, or elements are dropped on one side only."""

    code = "FL108"
    name = "counts-differ"
    severity = "warning"
    why = (
        "What the longer one has more is never used; where one is missing in the middle, all pairs behind it are wrong."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        for node in context.plan.of(Zip):
            if _share_a_source(node):
                continue
            lengths = [(parent, length_of(parent)) for parent in node.parents]
            dropped = _dropped_on_one_side(node, context)
            if dropped is not None:
                yield self._of_dropped(node, dropped, context)
                continue
            counted = [(parent, length) for parent, length in lengths if length is not None]
            finding = self._of_lengths(node, counted)
            if finding is None and len(counted) < len(node.parents):
                finding = self._of_lengths(node, _counted(node, context), by_counting=True)
            if finding is not None:
                yield finding

    def _of_lengths(self, node: Zip, counted: list[tuple[Node, int]], by_counting: bool = False) -> Finding | None:
        shortest = min((length for _, length in counted), default=0)
        longer = [(parent, length) for parent, length in counted if length > shortest and not _may_be_longer(parent)]
        if not longer:
            return None
        left = max(length for _, length in longer) - shortest
        if by_counting and left > _LARGEST_SHARE * shortest:
            return None
        lengths = [f"{length:,} of {parent.label()}" for parent, length in counted]
        alone = _alone(columns_of(node))
        return self.finding(
            f"datasets of different length are zipped: {' and '.join(lengths)}.",
            seen=f"zip ends after {shortest:,} elements, and {left:,} {'is' if left == 1 else 'are'} never used"
            + (f"; without a partner: {some(alone)}" if alone else ""),
            where=[f"{parent.label()} at {parent.origin}" for parent, _ in counted],
            at=node,
            fix=_fix(longer, alone, shortest),
        )

    def _of_dropped(self, node: Zip, dropping: Node, context: Context) -> Finding:
        before, after = (context.sample.given(each) for each in (dropping.parents[0], dropping))
        seen = f"{after:,} of {before:,} elements were left" if before > after else "read from the steps"
        return self.finding(
            f"{dropping.label()} leaves out elements on one side of the zip, and their partners stay: the pairs behind "
            "are shifted.",
            seen=f"both sides have {length_of(dropping.parents[0]):,} elements in front of it; {seen}",
            where=[f"{dropping.label()} at {dropping.origin}"],
            at=node,
            fix=f"Zip first, and write {written(dropping)} behind it, with a function of both: "
            "fl.Dataset.zip(x, y).filter(lambda x, y: ...)."
            if isinstance(dropping, Filter)
            else f"Zip first, and write {written(dropping)} behind it.",
            severity="error" if before > after else "warning",
        )


def _fix(longer: list[tuple[Node, int]], alone: tuple[str, ...], shortest: int) -> str:
    if alone:
        return "Leave out the files without a partner, or add what is missing."
    told = f"Look for what is missing in the shorter one, or say that it is meant with .take({shortest})."
    if any(length == shortest + 1 and hasattr(_source_of(parent), "filenames") for parent, length in longer):
        return "If the first line of the longer one is a header, leave it out: .skip(1). " + told
    return told


def _dropped_on_one_side(node: Zip, context: Context) -> Node | None:
    """Returns the step that leaves out elements of one branch whose number was that of the others in front of it."""
    plan = context.plan
    inside = set().union(*(plan.before(parent) | {parent} for parent in node.parents))
    if any(isinstance(each, Shuffle) for each in inside):
        return None  # pairs that are of no one order are not meant to be any
    found = [_dropping_step(parent) for parent in node.parents]
    dropping = [step for step in found if step is not None]
    if len(dropping) != 1:
        return None
    before = length_of(dropping[0].parents[0])
    others = [parent for parent, step in zip(node.parents, found, strict=True) if step is None]
    if before is None or not any(length_of(each) == before and not _may_be_longer(each) for each in others):
        return None
    sample = context.sample
    given = sample.given(dropping[0].parents[0])
    if not sample.not_looked_at and given == before == sample.given(dropping[0]):
        return None  # it has left out none
    return dropping[0]


def _dropping_step(node: Node) -> Node | None:
    """Returns the first step of a branch that leaves out elements by what is in them."""
    found = None
    while len(node.parents) == 1:
        if isinstance(node, Filter | IgnoreErrors | Unique):
            found = node
        node = node.parents[0]
    return found


def _counted(node: Zip, context: Context) -> list[tuple[Node, int]]:
    """Returns how many elements the branches have, those counted whose number is not known; none where any is not."""
    found: list[tuple[Node, int]] = []
    for parent in node.parents:
        if _may_be_longer(parent):
            continue
        length = length_of(parent)
        if length is None:
            most = min((known for _, known in found), default=_MOST_COUNTED)
            counted = context.sample.counted(_without_equals(parent), int((1 + _LARGEST_SHARE) * most) + 1, _SECONDS)
            if counted is None or not counted[1]:
                return []
            length = counted[0]
        found.append((parent, length))
    return found


def _without_equals(node: Node) -> Node:
    """Returns the step in front of those that give one element for each: a user's function need not be run to count."""
    while len(node.parents) == 1 and (
        node.passes_on or isinstance(node, Shuffle | Cache) or (isinstance(node, BlockNode) and node.group == 1)
    ):
        node = node.parents[0]
    return node


def _may_be_longer(node: Node) -> bool:
    """Says whether nobody minds that a dataset has more: numbers to count by, or what is repeated to be long enough."""
    while len(node.parents) == 1:
        if isinstance(node, Repeat):
            return True
        node = node.parents[0]
    return isinstance(node, Range | Counter | RandomNumbers)


def _source_of(node: Node) -> Node:
    while node.parents:
        node = node.parents[0]
    return node


def _share_a_source(node: Zip) -> bool:
    seen: set[Hashable] = set()
    for parent in node.parents:
        sources = {_identity(source) for source in Plan(parent).sources}
        if sources & seen:
            return True
        seen |= sources
    return False


def _identity(source: Node) -> Hashable:
    """Returns what is the same for sources of the same elements: of one text, such as its lines and the next ones."""
    filenames: Any = getattr(source, "filenames", None)
    if isinstance(filenames, tuple):
        return filenames
    return id(source.function) if isinstance(source, Generator) else source


def _alone(columns: list[tuple[str, list[str]]]) -> tuple[str, ...]:
    if len(columns) != 2:
        return ()
    first, second = without_partner(columns[0][1], columns[1][1])
    return (*first, *second)
