"""What steps cost in a batch and in an epoch, by what was measured in the sample, and in words."""

from __future__ import annotations

from dataclasses import dataclass

from feedline.check.context import Context
from feedline.nodes.base import BlockNode, Node, OrderNode
from feedline.nodes.cache import Cache
from feedline.nodes.snapshot import Snapshot
from feedline.report.profile import format_seconds

WORTH_BATCH_SECONDS = 5e-3
"""A batch that takes less is ready before the model asks for it, as a rule."""

WORTH_EPOCH_SECONDS = 1.0
"""An epoch that takes less is quick anyway."""

WORTH_ONCE_SECONDS = 30.0
"""What is done once, to fill a cache, may take longer."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a step costs.

    Args:
        element: seconds for each element that it gives.
        batch: seconds for each element that the dataset gives, which is a batch as a rule.
        epoch: seconds in an epoch; None where its length is not known.
        once: whether that is only in the first epoch: a cache keeps what it makes.
        elements: how many elements were measured.
    """

    element: float
    batch: float
    epoch: float | None
    once: bool
    elements: int

    def is_worth(self, batch: float = WORTH_BATCH_SECONDS) -> bool:
        """Says whether that is so much that a hint is worth reading.

        Args:
            batch: seconds for a batch, from which on it is.
        """
        if self.once:
            return self.epoch is not None and self.epoch >= WORTH_ONCE_SECONDS
        return self.batch >= batch and (self.epoch is None or self.epoch >= WORTH_EPOCH_SECONDS)

    def in_words(self, what: str = "element") -> str:
        """Returns it for people: "2.1 ms for each element (measured on 512), 67.2 ms for each batch".

        Args:
            what: what the step gives.
        """
        parts = [f"{format_seconds(self.element)} for each {what} (measured on {self.elements:,})"]
        if self.batch > 1.5 * self.element and not self.once:
            parts.append(f"{format_seconds(self.batch)} for each batch")
        if self.epoch is not None:
            parts.append(f"{format_seconds(self.epoch)} {'once, to fill the cache' if self.once else 'in each epoch'}")
        return ", ".join(parts)


def spent(node: Node, context: Context) -> Spent | None:
    """Returns what a step costs; None where it was not measured, or only moves positions."""
    cost = context.sample.cost(node)
    if cost is None or isinstance(node, OrderNode):
        return None
    length = elements_of(node, context)
    batch = cost.seconds * elements_for_one(node, context)
    epoch = None if length is None else length * cost.seconds
    return Spent(cost.seconds, batch, epoch, is_kept(node, context), cost.elements)


def elements_of(node: Node, context: Context) -> int | None:
    """Returns how many elements a step gives in an epoch; None where that is not known."""
    length = context.plan.length(node)
    if length is None and context.sample.saw_all:
        length = context.sample.given(node)
    return length


def elements_for_one(node: Node, context: Context) -> float:
    """Returns how many elements of a step one of the dataset's is made of."""
    last = context.plan.last
    if not last.indexed:
        given = context.sample.given(last)
        return context.sample.given(node) / given if given else 1.0
    count, waiting = {last: 1}, [last]
    while waiting:
        current = waiting.pop()
        group = current.group if isinstance(current, BlockNode) else 1
        length = context.plan.length(current.parents[0]) if current.parents else None
        if length is not None and length > 0:
            group = min(group, length)
        for parent in current.parents:
            if parent not in count:
                count[parent] = count[current] * group
                waiting.append(parent)
    return float(count.get(node, 1))


def is_kept(node: Node, context: Context) -> bool:
    """Says whether what a step makes is kept by a cache or a snapshot behind it, so that it is made only once."""
    return any(isinstance(each, Cache | Snapshot) for each in context.plan.after(node))


def bytes_in_words(count: float) -> str:
    """Returns a number of bytes for people.

    Example:
        >>> bytes_in_words(512), bytes_in_words(20 << 20), bytes_in_words(3.5 * 2**30)
        ('512 bytes', '20.0 MB', '3.5 GB')
    """
    if count < 1 << 10:
        return f"{count:.0f} bytes"
    for power, name in ((10, "KB"), (20, "MB"), (30, "GB")):
        if count < 1 << (power + 10):
            return f"{count / (1 << power):.1f} {name}"
    return f"{count / (1 << 40):,.1f} TB"
