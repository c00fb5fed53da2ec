"""FL401: caches that memory does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.families.cost.spent import bytes_in_words
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.cache import Cache
from feedline.run.concurrency import asked_for
from feedline.run.memory import allowed_memory, default_budget

_SHARE = 0.75
"""The program, the model and what it makes need some of the memory, too."""


_MUCH_LESS = 0.9


class CacheLargerThanMemory(Rule):
    """What a cache is to keep does not fit into memory."""

    code = "FL401"
    name = "cache-larger-than-memory"
    severity = "warning"
    needs = ("sample",)
    why = (
        "A cache grows all through the first epoch; where memory does not hold it, the machine begins to swap or ends "
        "the program, and hours of training with it."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        sizes = dict(_sizes(context))
        others = {} if context.against is None else dict(_sizes(context.against))
        others = {node: size for node, size in others.items() if node not in sizes}
        total = sum(sizes.values()) + sum(others.values())
        limit, limit_told = _limit(context)
        if not sizes or total <= limit:
            return
        cache = max(sizes, key=lambda node: sizes[node])
        size, length = sizes[cache], context.plan.length(cache)
        seen = f"{length:,} elements of {bytes_in_words(size / (length or 1))} each: {bytes_in_words(size)}"
        if total > size:
            seen += f"; all caches together, {bytes_in_words(total)}"
        room = limit - (total - size)
        yield self.finding(
            f"{cache.label()} is to keep more than memory holds.",
            seen=f"{seen}; {limit_told}",
            at=cache,
            fix=_fix(cache, size, room, context),
        )


def _sizes(context: Context) -> Iterator[tuple[Cache, float]]:
    """Yields the caches in memory, with how many bytes each is going to take; not where that cannot be known."""
    for cache in context.plan.of(Cache):
        size = _size_of(cache, context)
        if size is not None:
            yield cache, size


def _size_of(node: Node, context: Context) -> float | None:
    """Returns how many bytes all elements of a step take."""
    elements, length = context.sample.at(node), context.plan.length(node)
    if not elements.count or length is None:
        return None
    return sum(block.nbytes() for block in elements.blocks) / elements.count * length


def _limit(context: Context) -> tuple[float, str]:
    """Returns how many bytes caches may take, and what is to be told of it."""
    asked = asked_for(context.plan.last).memory_budget
    if asked != default_budget():
        return asked, f"options.memory_budget is {bytes_in_words(asked)}"
    allowed = allowed_memory()
    return _SHARE * allowed, f"this program may use {bytes_in_words(allowed)} of memory"


def _fix(cache: Cache, size: float, room: float, context: Context) -> str:
    on_disk = 'Write .cache("folder/of/your/choice"), which keeps the elements on disk'
    smaller = _where_smaller(cache, size, room, context)
    if smaller is None:
        return f"{on_disk}."
    step, least = smaller
    return f"Move {written(cache)} in front of {written(step)}, where it takes {bytes_in_words(least)}. Or: {on_disk}."


def _where_smaller(cache: Cache, size: float, room: float, context: Context) -> tuple[Node, float] | None:
    """Returns the last step in front of which a cache fits, and what it takes there; None where there is none."""
    step: Node = cache.parents[0]
    while isinstance(step, BlockNode | OrderNode):
        before = step.parents[0]
        if not before.parents and not hasattr(before, "filenames"):  # what is in memory already, or names of files
            return None
        least = _size_of(before, context)
        if least is None:
            return None
        if least <= room and least < _MUCH_LESS * size:
            return step, least
        step = before
    return None
