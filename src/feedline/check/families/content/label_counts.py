"""How often each class comes in a whole dataset, as far as that can be told of a part of it."""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import Component
from feedline.check.labels import Labels, classes_of
from feedline.check.looking import spread
from feedline.check.plan import Plan
from feedline.nodes.shard import Shard
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.take import Skip, Take

_MOST = 20_000
_SECONDS = 0.25
_FIRST_CHUNK = 64


def representative_labels(context: Context) -> Labels | None:
    """Returns class labels whose shares are those of the dataset, but for chance; None where there are none such.

    Of an indexed dataset these are up to 20,000 spread evenly over it, as many as can be read in a quarter of a second;
    of a stream up to 20,000 of the first, unless they come in runs: then the rest may hold others. Where a part of a
    shuffled stream is taken there are none: a look leaves the shuffle out, and so sees another part.
    """
    if context not in _known:
        _known[context] = _representative(context)
    return _known[context]


_known: WeakKeyDictionary[Context, Labels | None] = WeakKeyDictionary()


def _representative(context: Context) -> Labels | None:
    labels = context.labels
    if labels is None or _takes_of_shuffled_stream(context.plan):
        return None
    if labels.whole:
        return labels
    if not context.plan.elements.indexed:
        first = context.label_order
        return None if first is None or (first.come_in_runs and not first.whole) else first
    wide = _spread_labels(context, labels)
    if wide is not None and len(wide.values) >= len(labels.values):
        return wide
    return None if labels.come_in_runs else labels


def _takes_of_shuffled_stream(plan: Plan) -> bool:
    shuffles = [node for node in plan.of(Shuffle) if not node.indexed]
    return any(plan.is_before(shuffle, part) for shuffle in shuffles for part in plan.of(Take, Skip, Shard))


def _spread_labels(context: Context, labels: Labels) -> Labels | None:
    length = context.length
    if length is None or context.sample.elements.batched:
        return None
    wanted = spread(length, _MOST)
    values, seen, end = list[object](), list[np.ndarray](), time.perf_counter() + _SECONDS
    chunk, start = _FIRST_CHUNK, 0
    while start < len(wanted) and time.perf_counter() < end:
        began = time.perf_counter()
        part = np.sort(wanted[start : start + chunk])
        read = context.sample.read(context.plan.elements, part)
        if not read.count:
            break
        values += read.components[labels.component.index].values
        seen.append(part)
        start += chunk
        chunk = chunk * 4 if time.perf_counter() - began < _SECONDS / 8 else chunk
    if not values:
        return None
    positions = np.concatenate(seen)
    order = np.argsort(positions, kind="stable")
    like = labels.component
    component = Component(like.name, like.key, like.role, like.index, [values[index] for index in order], False)
    return classes_of(component, positions[order], len(values) == length)
