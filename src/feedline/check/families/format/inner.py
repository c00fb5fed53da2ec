"""The datasets that `flat_map` and `interleave` make: what is parsed and decoded in them is looked at too."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from feedline.check.context import Context
from feedline.check.looking import nothing_drawn
from feedline.errors import FeedlineError
from feedline.nodes.flat_map import FlatMap, Interleave, dataset_of

_SIZE = 64
_SECONDS = 0.4

_known: WeakKeyDictionary[Context, tuple[Context, ...]] = WeakKeyDictionary()


def with_inner(context: Context) -> tuple[Context, ...]:
    """Returns a dataset, and the first dataset that each `flat_map` and `interleave` of it makes.

    Args:
        context: the dataset.
    """
    if context not in _known:
        _known[context] = (context, *_inner(context))
    return _known[context]


def _inner(context: Context) -> list[Context]:
    found: list[Context] = []
    for node in context.plan.of(FlatMap, Interleave):
        assert isinstance(node, FlatMap | Interleave)
        into = context.sample.into(node)
        if not into.count:
            continue
        try:
            with nothing_drawn(context.plan):
                made = dataset_of(next(iter(into)), node, 0, int(into.positions[0]))
        except FeedlineError:  # it is told by the rules about errors
            continue
        found.append(Context(made, size=min(_SIZE, context.sample.size), seconds=_SECONDS, use=context.use))
    return found
