"""FL210 and FL211: one class that outweighs all others, and classes that are missing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.families.content.given import changing_step, percent
from feedline.check.families.content.label_counts import representative_labels
from feedline.check.finding import Finding
from feedline.check.labels import Labels
from feedline.check.rule import Rule
from feedline.nodes.resample import RejectionResample
from feedline.nodes.sample import Mixture

_SHARE_OF_TWO = 0.9
_SHARE_OF_MORE = 0.8
_DEVIATIONS = 3.1
"""One in a thousand measured shares lies as far above the true one."""

_FEWEST = 64
_FEWEST_OF_ONE = 32
_MANY = 10_000
_CHANCE = 1e-4
"""How often a dataset in which no class is missing may be flagged, for all its classes together."""

_MOST_NAMED = 8


class ClassImbalance(Rule):
    """One class outweighs all others, and nothing makes up for it."""

    code = "FL210"
    name = "class-imbalance"
    severity = "warning"
    needs = ("sample",)
    why = (
        "A model that always says this one class is right as often as it comes, and is soon learnt: accuracy looks "
        "high, and the other classes are never found."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        if not context.trains or context.plan.of(Mixture, RejectionResample):
            return
        if context.sample.elements.with_role("sample_weight") or context.sample.output.with_role("sample_weight"):
            return
        labels = representative_labels(context)
        if labels is None or labels.classes < 2 or len(labels.values) < _FEWEST:
            return
        n = len(labels.values)
        largest, most = labels.counts.most_common(1)[0]
        share = most / n
        least = share if labels.whole else share - _DEVIATIONS * math.sqrt(share * (1 - share) / n)
        if least < (_SHARE_OF_TWO if labels.classes == 2 else _SHARE_OF_MORE):
            return
        weights = {
            _plain(name): round(n / (labels.classes * count), 3) for name, count in labels.counts.items() if count
        }
        shown = dict(list(weights.items())[:_MOST_NAMED])
        told = repr(shown) if len(shown) == len(weights) else repr(shown)[:-1] + ", ...}"
        yield self.finding(
            f"{percent(share)} of the labels are {_name(largest)}, and nothing makes up for it.",
            seen=f"{labels.component.name}: {_counts(labels)}; {_of(labels, context)}",
            at=changing_step(context),
            fix=f"Give fit class_weight={told}, so that each class counts as much as any other; or mix the classes by "
            "turns, each from a dataset of its own, with fl.Dataset.sample_from_datasets. Look at the recall of each "
            "class, not at accuracy.",
        )


class MissingClasses(Rule):
    """Classes come in the one dataset and not in the other, or there is only one class."""

    code = "FL211"
    name = "missing-classes"
    severity = "warning"
    needs = ("sample",)
    why = (
        "A model does not learn a class that it is never shown, and what is measured without a class says nothing "
        "about it."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        labels = representative_labels(context)
        if labels is None:
            return
        if labels.classes == 1:
            yield from self._of_one_class(context, labels)
        yield from self._in_one_hot(context, labels)
        other = representative_labels(context.against) if context.against is not None else None
        if other is not None and other.one_hot == labels.one_hot and _alike(labels, other):
            yield from self._missing(context, labels, other, "training" if context.trains else "validation")
            yield from self._missing(context, other, labels, "validation" if context.trains else "training")

    def _of_one_class(self, context: Context, labels: Labels) -> Iterator[Finding]:
        enough = labels.whole and len(labels.values) >= _FEWEST_OF_ONE
        model = context.model
        learns_classes = model is None or any(loss is not None and loss.is_crossentropy for loss in model.losses)
        if not learns_classes or not (enough or (context.plan.elements.indexed and len(labels.values) >= _MANY)):
            return
        yield self.finding(
            f"all labels are {_name(labels.names[0])}.",
            seen=f"{labels.component.name}; {_of(labels, context)}",
            at=changing_step(context),
            fix="Look at where the label comes from: at the name of the folder, the column or the feature it is read "
            "of, and at its default.",
        )

    def _in_one_hot(self, context: Context, labels: Labels) -> Iterator[Finding]:
        if not labels.one_hot or labels.classes < 2 or not (labels.whole or len(labels.values) >= _MANY):
            return
        width = int(np.asarray(labels.component.rows[0]).shape[-1])
        missing = [number for number in range(width) if number not in set(labels.names)]
        rarest = min(labels.counts.values())
        # As rare as the rarest that is there: the chance that none of it comes.
        if not missing or len(missing) * math.exp(-rarest) > _CHANCE:
            return
        yield self.finding(
            f"{_classes(missing)} of the one-hot labels never come{'s' if len(missing) == 1 else ''}.",
            seen=f"{labels.component.name} has {width} places, of which {labels.classes} are ever 1, the rarest "
            f"{rarest:,} times; {_of(labels, context)}",
            at=changing_step(context),
            fix=f"If there are only {labels.classes} classes, give one_hot a depth of {labels.classes}; else look at "
            "where the missing ones are lost (a filter, a take, a folder that was not read, labels that begin at 1).",
        )

    def _missing(self, context: Context, here: Labels, there: Labels, use: str) -> Iterator[Finding]:
        """Tells of classes that are there and not here, where chance does not explain it.

        If both were drawn from the same data, the k elements of a class would all be there with a chance of
        (n_there / (n_here + n_there)) ** k.
        """
        n_here, n_there = len(here.values), len(there.values)
        classes = len(set(here.names) | set(there.names))
        missing = {}
        for name, count in there.counts.items():
            if name in here.counts:
                continue
            if (n_there / (n_here + n_there)) ** count < _CHANCE / classes:
                missing[name] = count
        if not missing:
            return
        other = "validation" if use == "training" else "training"
        of_this = use == ("training" if context.trains else "validation")
        subject = context if of_this else context.against
        assert subject is not None
        yield self.finding(
            f"{_classes(list(missing))} come{'s' if len(missing) == 1 else ''} in the {other} data and not in the "
            f"{use} data.",
            seen=f"{sum(missing.values()):,} of {n_there:,} labels looked at in the {other} data; none of {n_here:,} "
            f"in the {use} data, which has {here.classes} classes",
            at=changing_step(subject),
            fix="Split after shuffling, so that both have all classes: ds.shuffle(n, seed=1, "
            "reshuffle_each_iteration=False) before take and skip; or split each class by itself.",
        )


def _alike(first: Labels, second: Labels) -> bool:
    return {type(name) for name in first.names} == {type(name) for name in second.names}


def _plain(name: Any) -> Any:
    return int(name) if isinstance(name, float) and name.is_integer() else name


def _name(name: Any) -> str:
    return repr(_plain(name))


def _classes(names: list[Any]) -> str:
    told = ", ".join(_name(name) for name in names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        told += f" and {len(names) - _MOST_NAMED:,} others"
    return f"class{'' if len(names) == 1 else 'es'} {told}"


def _counts(labels: Labels) -> str:
    told = ", ".join(f"{_name(name)} {count:,} times" for name, count in labels.counts.most_common(_MOST_NAMED))
    return told + (f" and {labels.classes - _MOST_NAMED:,} others" if labels.classes > _MOST_NAMED else "")


def _of(labels: Labels, context: Context) -> str:
    if labels.whole:
        return f"all {len(labels.values):,} elements"
    length = context.length
    return (
        f"{len(labels.values):,} of {length:,} elements" if length is not None else f"the first {len(labels.values):,}"
    )
