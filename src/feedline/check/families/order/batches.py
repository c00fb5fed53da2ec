"""FL306 and FL307: batches of one element, and a last batch that is smaller than what follows can take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.elements import bytes_of
from feedline.check.finding import Finding
from feedline.check.rule import Rule
from feedline.errors import FeedlineError
from feedline.nodes.base import Node
from feedline.nodes.batch import GroupNode

_LARGE_BYTES = 4 << 20


class BatchOfOne(Rule):
    """Every batch holds one element."""

    code = "FL306"
    name = "batch-of-one"
    severity = "warning"
    why = (
        "Each step follows the gradient of a single element, which is mostly noise, and batch normalisation sees no "
        "batch; a step also costs about as much as one of 32."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        batch, length = plan.batch, context.length
        if not context.trains or not isinstance(batch, GroupNode) or batch.batch_size != 1 or length == 1:
            return
        if any(plan.gives_batches(node) and isinstance(node, GroupNode) and node is not batch for node in plan.nodes):
            return
        if context.model is not None and any((port.shape or (None,))[0] == 1 for port in context.model.inputs or ()):
            return  # the model is made for batches of one, as networks that keep their state are
        large = _bytes_of_one(context) >= _LARGE_BYTES  # one such element may be all that memory holds
        yield self.finding(
            "every batch holds one element.",
            seen=f"{batch.label()} of {f'{length:,}' if length is not None else 'a stream of'} elements",
            at=batch,
            fix="Write .batch(32), or as many as memory holds.",
            severity="hint" if large else "warning",
        )


class LastBatchBreaksShape(Rule):
    """The last batch is smaller, and what follows needs a fixed size."""

    code = "FL307"
    name = "last-batch-breaks-shape"
    severity = "error"
    explains_errors = True
    why = "The first epoch runs well until its very last batch, and ends there with an error."

    def check(self, context: Context) -> Iterator[Finding]:
        batch = context.plan.batch
        if not isinstance(batch, GroupNode) or batch.drop_remainder:
            return
        length = batch.parents[0].cardinality()
        if length == -1:
            return
        rest = length % batch.batch_size if length >= 0 else None
        if rest == 0:
            return
        yield from self._by_model(context, batch, rest)
        if rest is None or length < batch.batch_size:
            return
        breaking = _breaking_step(context, batch, length // batch.batch_size)
        if breaking is not None:
            yield self._finding(
                batch, rest, f"{breaking.label()} raises for the last batch, and for no other.", severity="error",
                where=(f"{breaking.label()} at {breaking.origin}",),
                explains=_raised_by(breaking, context),
            )  # fmt: skip

    def _by_model(self, context: Context, batch: GroupNode, rest: int | None) -> Iterator[Finding]:
        model = context.model
        if model is None or context.steps_per_epoch is not None:
            return
        fixed = [port for port in model.inputs or () if port.shape and port.shape[0] == batch.batch_size]
        if fixed and batch.batch_size > 1:
            yield self._finding(
                batch, rest, f"the model's input {fixed[0].name!r} takes batches of {batch.batch_size} and no others.",
                severity="error" if rest is not None else "warning",
            )  # fmt: skip
        elif rest == 1 and context.trains and _normalises_batches(model.layers):
            yield self._finding(
                batch, rest, "the model normalises by batches, and the last one is a single element: it becomes 0.",
                severity="warning",
            )  # fmt: skip

    def _finding(
        self,
        batch: GroupNode,
        rest: int | None,
        message: str,
        *,
        severity: str,
        where: tuple[str, ...] = (),
        explains: Iterable[FeedlineError] = (),
    ) -> Finding:
        if rest is None:
            seen = (
                f"{batch.label()} of a stream: the last batch is smaller unless their number happens to be a multiple"
            )
        else:
            seen = f"the last batch holds {rest} element{'' if rest == 1 else 's'}, the others {batch.batch_size}"
        return self.finding(
            message,
            seen=seen,
            at=batch,
            where=where,
            fix=f"Write .{batch.name}({batch.batch_size}, drop_remainder=True), or take the size from the batch itself "
            "(x.shape[0]).",
            severity="error" if severity == "error" else "warning",
            explains=explains,
        )


def _bytes_of_one(context: Context) -> int:
    """Returns how many bytes an element takes, as far as is known."""
    if context.sample.not_looked_at:
        return sum(bytes_of(spec) or 0 for spec in context.specs(context.plan.elements))
    parts = context.sample.elements.components
    return sum(np.asarray(value).nbytes for part in parts for value in part.values[:1])


def _raised_by(node: Node, context: Context) -> list[FeedlineError]:
    """Returns the errors that a step raised."""
    place = f"{node.label()} at {node.origin}"
    return [error for error in context.sample.errors if place in error.where]


def _breaking_step(context: Context, batch: Node, last: int) -> Node | None:
    """Returns the first step behind the batches that gave the first of them and not the last, which came into it."""
    sample = context.sample
    if not sample.errors or last not in sample.at(batch).positions:
        return None
    before = batch
    for node in context.plan.after(batch):
        if node.parents != (before,):
            return None
        given = sample.at(node).positions
        if len(given) and last not in given and node.works:
            return node
        if not node.passes_on and not node.works:
            return None
        before = node
    return None


def _normalises_batches(layers: tuple[object, ...]) -> bool:
    return any(type(layer).__name__ == "BatchNormalization" and getattr(layer, "trainable", True) for layer in layers)
