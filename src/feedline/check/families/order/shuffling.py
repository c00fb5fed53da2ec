"""FL301 to FL304: sorted data that nothing shuffles, small buffers, and shuffles in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.families.order.sorted_targets import sorted_target
from feedline.check.families.order.steps import is_straight, shuffles_elements, write_before_batch
from feedline.check.finding import Finding
from feedline.check.labels import Labels
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.repeat import Repeat
from feedline.nodes.shuffle import Shuffle

_FEWEST_OF_ONE = 512
_RUNS_IN_BUFFER = 2


class SortedWithoutShuffle(Rule):
    """The elements come sorted, or grouped, by their labels, and no step shuffles them."""

    code = "FL301"
    name = "sorted-without-shuffle"
    severity = "warning"
    needs = ("sample",)
    why = (
        "Batches of one class, or of targets of one size, pull the model there, and the next ones undo it: accuracy "
        "jumps between epochs, and what is learnt last is remembered best."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if not context.trains or any(not node.indexed for node in plan.of(Shuffle)) or _shuffles_batches(context):
            return
        labels = context.label_order
        if labels is None:
            yield from self._of_target(context)
            return
        if labels.classes == 1 and not plan.last.indexed and len(labels.values) >= _FEWEST_OF_ONE:
            yield from self._of_one(labels, context)
        if not labels.come_in_runs:
            return
        before = plan.of(Shuffle)
        message = f"the elements come {_sorted_or_grouped(labels)} by their labels, and nothing shuffles them."
        if before:
            message = f"the elements come {_sorted_or_grouped(labels)} by their labels in spite of {before[0].label()}."
        yield self.finding(
            message,
            seen=_seen(labels, context),
            at=plan.batch or plan.last,
            fix=write_before_batch(context, f"shuffle({_buffer_for(labels, context)})"),
        )

    def _of_target(self, context: Context) -> Iterator[Finding]:
        target = sorted_target(context)
        if target is None or context.plan.of(Shuffle):
            return
        yield self.finding(
            "the elements come sorted by the number that is to be predicted, and nothing shuffles them.",
            seen=f"{target.seen}; {context.seen()}",
            at=context.plan.batch or context.plan.last,
            fix=write_before_batch(context, f"shuffle({context.length if context.length is not None else 10_000:_})"),
        )

    def _of_one(self, labels: Labels, context: Context) -> Iterator[Finding]:
        if labels.whole:
            return
        yield self.finding(
            f"the first {len(labels.values):,} elements all have one label, and nothing shuffles them.",
            seen=f"{labels.component.name} is {labels.names[0]!r} in all of them",
            at=context.plan.batch or context.plan.last,
            fix="If others follow, shuffle the data where it is stored, or write "
            f".shuffle({2 * len(labels.values):_}) or more in front of the batches.",
            severity="hint",
        )


class BufferTooSmall(Rule):
    """The buffer of a stream's shuffle holds fewer elements than follow each other with one label."""

    code = "FL302"
    name = "shuffle-buffer-too-small"
    severity = "warning"
    why = (
        "A stream is shuffled only within the buffer: where it holds elements of one class, the batches that come out "
        "of it are of one class, as if nothing were shuffled."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        streamed = [node for node in plan.of(Shuffle) if not node.indexed and not _is_of_batches(node, context)]
        if not context.trains or not streamed or any(node.buffer_size < 0 for node in streamed):
            return
        widest = max(streamed, key=lambda node: node.buffer_size)
        size = widest.buffer_size
        if size == 1:
            yield self.finding(
                "a buffer of one element shuffles nothing.",
                seen=f"{widest.label()} of a stream",
                at=widest,
                fix="Give a buffer as large as memory allows, such as shuffle(10_000).",
            )
            return
        labels = context.label_order
        if labels is None or (labels.whole and len(labels.values) <= size):
            return
        if labels.classes == 1:
            if len(labels.values) >= max(_FEWEST_OF_ONE, _RUNS_IN_BUFFER * size) and not labels.whole:
                yield self._finding(widest, labels, f"all of the first {len(labels.values):,} elements", "hint")
        elif labels.come_in_runs and size < _RUNS_IN_BUFFER * labels.run_length:
            yield self._finding(widest, labels, f"{labels.run_length:,.0f} elements on average", "warning")

    def _finding(self, node: Shuffle, labels: Labels, run: str, severity: str) -> Finding:
        wanted = max(
            _nice(5 * labels.classes * labels.run_length), 2 * len(labels.values) if labels.classes == 1 else 0
        )
        return self.finding(
            f"the shuffle's buffer of {node.buffer_size:,} is smaller than the runs of equal labels.",
            seen=f"{run} follow each other with one label, among the first {len(labels.values):,} of "
            f"{labels.classes} class{'' if labels.classes == 1 else 'es'}",
            at=node,
            fix=f"Write shuffle({wanted:_}) if memory allows; better, shuffle the data where it is stored, or read "
            "several files by turns with interleave.",
            severity="hint" if severity == "hint" else "warning",
        )


class ShuffleAfterBatch(Rule):
    """Batches are shuffled, and not the elements in them."""

    code = "FL303"
    name = "shuffle-after-batch"
    severity = "warning"
    why = (
        "Only the order of the batches changes: the same elements stand in one batch in every epoch, and neighbours in "
        "the source, which are often alike, always come together."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        if not context.trains or not _shuffles_batches(context):
            return
        plan, batch = context.plan, context.plan.batch
        node = next(node for node in plan.of(Shuffle) if _is_of_batches(node, context))
        labels = context.label_order
        in_runs = labels is not None and labels.come_in_runs
        if batch is None and not in_runs:
            return  # whoever makes the batches may have shuffled what is in them
        rows = f" of {plan.length(batch):,} batches" if batch is not None and plan.length(batch) is not None else ""
        yield self.finding(
            "the batches are shuffled, not the elements in them"
            + (", which come sorted by their labels." if in_runs else "."),
            seen=_seen(labels, context) if labels is not None and in_runs else f"{node.label()}{rows}",
            at=node,
            fix=f"Move {written(node)} in front of {written(batch)}, with a buffer counted in elements."
            if batch is not None
            else f"Write .unbatch().shuffle({_buffer_for(labels, context) if labels is not None else '...'})"
            f".batch({_rows_of_one(context)}) in place of {written(node)}; or shuffle the elements before the batches "
            "are made.",
            severity="warning" if in_runs else "hint",
        )


class RepeatBeforeShuffle(Rule):
    """The epochs are mixed with each other by a shuffle."""

    code = "FL304"
    name = "repeat-before-shuffle"
    severity = "warning"
    why = (
        "Epochs run into each other: some elements come twice before others have come once, and what is measured at "
        "the end of an epoch was not measured on one."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if not context.trains:
            return
        for shuffle in plan.of(Shuffle):
            for repeat in plan.of(Repeat):
                mixes = repeat.count != 1 and repeat.count != 0 and is_straight(repeat, shuffle)
                if not mixes or plan.gives_batches(shuffle) or any(shuffles_elements(plan, repeat)):
                    continue
                endless = repeat.count < 0 and repeat.parents[0].indexed
                only = f", and only within the buffer of {shuffle.buffer_size:,}" if endless else ""
                yield self.finding(
                    f"{repeat.label()} stands in front of {shuffle.label()}, which mixes the epochs{only}.",
                    at=shuffle,
                    where=[f"{repeat.label()} at {repeat.origin}"],
                    fix=f"Write {written(shuffle)}{written(repeat)} in this order.",
                )
                return


def _shuffles_batches(context: Context) -> bool:
    """Says whether batches are shuffled, and the elements in them are not."""
    plan = context.plan
    shuffles = plan.of(Shuffle)
    return bool(shuffles) and all(_is_of_batches(node, context) for node in shuffles)


def _is_of_batches(node: Shuffle, context: Context) -> bool:
    """Says whether a step shuffles batches: those of the plan, or those that the source gives as they are."""
    if context.plan.gives_batches(node):
        return True
    return context.plan.batch is None and context.sample.at(node.parents[0]).batched


def _rows_of_one(context: Context) -> int:
    output = context.sample.output
    return round(output.rows / max(1, output.count))


def _sorted_or_grouped(labels: Labels) -> str:
    return "sorted" if labels.runs <= labels.classes else "grouped"


def _seen(labels: Labels, context: Context) -> str:
    expected = max(1, round(labels.expected_runs[0]) - 1)
    changes = labels.runs - 1
    looked = (
        context.seen() if len(labels.values) <= context.sample.count else f"the first {len(labels.values):,} elements"
    )
    return (
        f"{labels.component.name} changes {changes:,} time{'' if changes == 1 else 's'} in {looked} "
        f"of {labels.classes} classes; in a random order it would change about {expected:,} times"
    )


def _buffer_for(labels: Labels, context: Context) -> str:
    """Returns a buffer size to write: the dataset's length, or several runs of all classes."""
    length = context.length
    return f"{length if length is not None else max(10_000, _nice(5 * labels.classes * labels.run_length)):_}"


def _nice(number: float) -> int:
    """Returns a number rounded up to one digit and noughts."""
    magnitude = 10 ** max(0, len(str(int(number))) - 1)
    return -(-int(number) // magnitude) * magnitude
