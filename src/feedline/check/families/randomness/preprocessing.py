"""FL609 and FL610: vocabularies, and what a `Preprocess` has learnt, that differ between two datasets or a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedline.check.context import Context
from feedline.check.families.randomness.encodings import Encoding, encodings_of
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.preprocess.preprocess import Preprocess

_LEAST_SHARED = 0.5
_MOST_TOLD = 3


class VocabularyDiffers(Rule):
    """Categories have other numbers in training than in validation."""

    code = "FL609"
    name = "vocabulary-differs"
    severity = "error"
    needs = ("plan", "against")
    why = (
        "A number stands for one category in training and for another in validation: the score is that of a model "
        "that is asked about other things than it has learnt."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        other = context.against
        if other is None:
            return
        ours, theirs = encodings_of(context), encodings_of(other)
        known = [encoding.numbers for encoding in theirs]
        candidates = [each for each in theirs if not any(each.numbers == encoding.numbers for encoding in ours)]
        for encoding in ours:
            if encoding.numbers in known:
                continue
            found = _counterpart(encoding, candidates)
            if found is None:
                continue
            candidates.remove(found)
            finding = self._compared(encoding, found, context.use, other.use)
            if finding is not None:
                yield finding

    def _compared(self, ours: Encoding, theirs: Encoding, use: str, other_use: str) -> Finding | None:
        shared = [category for category in ours.numbers if category in theirs.numbers]
        changed = [each for each in shared if ours.numbers[each] != theirs.numbers[each]]
        more = [category for category in theirs.numbers if category not in ours.numbers]
        if not changed and not more:
            return None
        counts = (
            f"{len(ours.numbers):,} categories in the {use} data and {len(theirs.numbers):,} in the {other_use} data"
        )
        if changed:
            first = changed[0]
            message = (
                f"{first!r:.60} has the number {ours.numbers[first]} in the {use} data and {theirs.numbers[first]} in "
                f"the {other_use} data."
            )
            seen = f"{len(changed):,} of {len(shared):,} categories that both have differ; {counts}"
        else:
            message = f"{ours.name} has categories in the {other_use} data that it lacks in the {use} data."
            seen = f"{_some(more)}; {counts}"
        return self.finding(
            message,
            seen=seen,
            at=ours.node,
            where=[f"{theirs.name}, in {theirs.node.label()} of the {other_use} data, at {theirs.node.origin}"],
            fix=_one_vocabulary(ours),
            severity="error" if changed else "warning",
        )


def _one_vocabulary(ours: Encoding) -> str:
    if isinstance(ours.value, Node):  # a source: its labels are those of folders
        names = sorted(ours.numbers, key=lambda name: ours.numbers[name])
        return f"Write class_names={names} for both." if len(names) <= 20 else "Write the same class_names for both."
    return (
        f"Make {ours.name} once, of the training data, and use it in both; or let a feedline.Preprocess learn it: "
        "ds.map(preprocess) on both."
    )


def _counterpart(encoding: Encoding, candidates: list[Encoding]) -> Encoding | None:
    """Returns the encoding of the other dataset that stands for the same: it has most categories in common."""

    def shared(other: Encoding) -> float:
        common = sum(category in other.numbers for category in encoding.numbers)
        return common / min(len(encoding.numbers), len(other.numbers))

    likely = [each for each in candidates if shared(each) >= _LEAST_SHARED]
    return max(likely, key=lambda each: (each.name == encoding.name, shared(each)), default=None)


class PreprocessFingerprint(Rule):
    """Training, validation and the model do not have one Preprocess."""

    code = "FL610"
    name = "preprocess-fingerprint"
    severity = "error"
    needs = ("plan",)
    why = (
        "What is learnt from one dataset (mean, spread, vocabulary) must be used for all that the model sees. Fit on "
        "each dataset anew, the same value becomes another number."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        ours = _preprocesses(context)
        yield from self._with_model(context, ours)
        other = context.against
        if other is None:
            return
        theirs = _preprocesses(other)
        if ours and theirs:
            yield from self._with_other(context, other, ours, theirs)
        elif (ours or theirs) and _structures_differ(context, other):
            yield self._one_without(context, other, ours, theirs)

    def _with_other(self, context: Context, other: Context, ours: _Found, theirs: _Found) -> Iterator[Finding]:
        prints = {preprocess.fingerprint for _, preprocess in ours}
        their_prints = {preprocess.fingerprint for _, preprocess in theirs}
        mine = [pair for pair in ours if pair[1].fingerprint not in their_prints]
        others = [pair for pair in theirs if pair[1].fingerprint not in prints]
        for (node, preprocess), (their_node, their_preprocess) in zip(mine, others, strict=False):
            yield self.finding(
                f"the {other.use} data go through another Preprocess than the {context.use} data.",
                seen=f"fingerprints {preprocess.fingerprint[:8]} and {their_preprocess.fingerprint[:8]}"
                + _told(_differences(preprocess, their_preprocess)),
                at=node,
                where=[f"{their_node.label()} of the {other.use} data, at {their_node.origin}"],
                fix=f"Fit it once, on the training data, and write {written(node)} with that one on both; where they "
                "are separate programs, preprocess.save(path) in the one and feedline.Preprocess.load(path) in the "
                "other.",
            )

    def _one_without(self, context: Context, other: Context, ours: _Found, theirs: _Found) -> Finding:
        with_one, without = (context, other) if ours else (other, context)
        node = (ours or theirs)[0][0]
        here = node if ours else context.plan.last
        return self.finding(
            f"the {without.use} data go through no Preprocess, and the {with_one.use} data do.",
            seen="their elements have other structures or dtypes",
            at=here,
            where=[f"{node.label()} at {node.origin}"] if not ours else [f"the {without.use} data have no such step"],
            fix=f"Write {written(node)} on the {without.use} data too.",
        )

    def _with_model(self, context: Context, ours: _Found) -> Iterator[Finding]:
        model = context.model.model if context.model is not None else None
        attached = getattr(model, "feedline_preprocess", None)
        if not isinstance(attached, Preprocess) or not attached.fitted:
            return
        if any(preprocess.fingerprint == attached.fingerprint for _, preprocess in ours):
            return
        if not ours:
            yield self.finding(
                f"the model has a Preprocess attached, and the {context.use} data go through none.",
                seen=f"its fingerprint is {attached.fingerprint[:8]}",
                at=context.plan.last,
                fix="Write .map(model.feedline_preprocess), unless the data were stored behind it.",
                severity="warning",
            )
            return
        node, preprocess = ours[0]
        yield self.finding(
            f"the {context.use} data go through another Preprocess than the one that is attached to the model.",
            seen=f"fingerprints {preprocess.fingerprint[:8]} and {attached.fingerprint[:8]}"
            + _told(_differences(preprocess, attached)),
            at=node,
            fix="Write .map(model.feedline_preprocess); or, where the model is trained anew with these data, "
            "preprocess.attach(model) first.",
        )


_Found = list[tuple[Node, Preprocess]]


def _preprocesses(context: Context) -> _Found:
    """Returns each fitted Preprocess that the functions of a pipeline refer to, with the step."""
    found: dict[int, tuple[Node, Preprocess]] = {}
    for node in context.plan.nodes:
        for facts in context.plan.functions(node):
            for _, value in facts.references:
                if isinstance(value, Preprocess) and value.fitted:
                    found.setdefault(id(value), (node, value))
    return list(found.values())


def _structures_differ(context: Context, other: Context) -> bool:
    """Says whether elements have other structures, dtypes or ranks; the same ones may have been prepared before."""
    ours, theirs = context.spec(), other.spec()
    if ours is None or theirs is None:
        return False
    return _outline(ours) != _outline(theirs)


def _outline(spec: Any) -> Any:
    if isinstance(spec, dict):
        return {name: _outline(part) for name, part in spec.items()}
    if isinstance(spec, tuple):
        return tuple(_outline(part) for part in spec)
    return spec.dtype, None if spec.shape is None else len(spec.shape)


def _differences(first: Preprocess, second: Preprocess) -> list[str]:
    """Returns in what two differ, for people."""
    ours, theirs = (each.feedline_reference().body for each in (first, second))
    columns = [{column["name"]: column for column in body["inputs"]} for body in (ours, theirs)]
    found = []
    for name in dict.fromkeys([*columns[0], *columns[1]]):
        title = f"column {name!r}" if name else "the inputs"
        if name not in columns[0] or name not in columns[1]:
            found.append(f"{title} is only in the {'second' if name not in columns[0] else 'first'}")
        elif columns[0][name] != columns[1][name]:
            found.append(f"{title}: {_step_difference(columns[0][name], columns[1][name])}")
    if ours["labels"] != theirs["labels"]:
        labels = ours["labels"], theirs["labels"]
        found.append("the labels" + (f": {_step_difference(*labels)}" if all(labels) else " have steps in only one"))
    return found or ["the order of the columns, or what becomes of them"]


def _step_difference(first: dict[str, Any], second: dict[str, Any]) -> str:
    if len(first["steps"]) != len(second["steps"]):
        return f"{len(first['steps'])} steps and {len(second['steps'])}"
    for ours, theirs in zip(first["steps"], second["steps"], strict=True):
        if ours["step"] != theirs["step"]:
            return f"{ours['step']} and {theirs['step']}"
        if ours["settings"] != theirs["settings"]:
            names = [name for name in ours["settings"] if ours["settings"][name] != theirs["settings"].get(name)]
            return f"{', '.join(names)} of {ours['step']}"
        for name, value in (ours["learnt"] or {}).items():
            against = (theirs["learnt"] or {}).get(name)
            if value != against:
                return f"{name} {_apart(value, against)}"
    return f"{first['kind']} {tuple(first['shape'])} and {second['kind']} {tuple(second['shape'])}"


def _apart(first: Any, second: Any) -> str:
    """Returns where two parts of what was learnt differ, as they are stored, for people."""
    ours, theirs = _content(first), _content(second)
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return f"{_short(ours)} and {_short(theirs)}"
    if len(ours) != len(theirs):
        return f"of {len(ours):,} and of {len(theirs):,}"
    place = next((number for number, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]), 0)
    return f"[{place}] {_short(ours[place])} and {_short(theirs[place])}"


def _content(value: Any) -> Any:
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value!r:.40}"


def _told(differences: list[str]) -> str:
    more = len(differences) - _MOST_TOLD
    return "; " + "; ".join(differences[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _some(values: list[Any]) -> str:
    shown = ", ".join(f"{value!r:.40}" for value in values[:_MOST_TOLD])
    return shown if len(values) <= _MOST_TOLD else f"{shown} and {len(values) - _MOST_TOLD:,} more"
