"""FL213: batches that are padding for the most part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feedline.check.context import Context
from feedline.check.finding import Finding
from feedline.check.plan import written
from feedline.check.rule import Rule
from feedline.nodes.padded_batch import PaddedBatch
from feedline.nodes.shuffle import Shuffle
from feedline.spec import Shape

_FEWEST = 64
_MOST_WASTED = 0.5
_LEAST_GAIN = 0.6
_QUANTILES = (0.25, 0.5, 0.75, 0.9, 0.97)
_SHUFFLES = 4


class PaddingWaste(Rule):
    """Most of what batches hold is padding, because a few elements are much longer than the others."""

    code = "FL213"
    name = "padding-waste"
    severity = "hint"
    needs = ("sample",)
    why = (
        "Every element of a batch is as long as its longest, and the model computes the padding as it does the rest: "
        "batches of elements of about one length take a fraction of the time and of the memory."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        for node in context.plan.of(PaddedBatch):
            elements = context.sample.into(node)
            if not elements.blocks or elements.batched:
                continue
            shapes = node.shapes(elements.blocks[0].treedef)
            for component in elements.inputs:
                lengths = component.statistics.lengths
                if len(lengths) == len(component.rows) >= _FEWEST and lengths.max() > 0:
                    finding = self._of(context, node, component.name, lengths, shapes[component.index])
                    if finding is not None:
                        yield finding
                        break

    def _of(self, context: Context, node: PaddedBatch, name: str, lengths: np.ndarray, shape: Shape) -> Finding | None:
        fixed = shape[0] if shape else None
        if fixed is not None and fixed < lengths.max():
            return None
        size = min(node.batch_size, len(lengths))
        shuffled = any(context.plan.is_before(shuffle, node) for shuffle in context.plan.of(Shuffle))
        orders = _orders(len(lengths), shuffled)
        wasted = 1 - lengths.sum() / max(1.0, float(np.mean([_cells(lengths[order], size, fixed) for order in orders])))
        boundaries = _boundaries(lengths)
        sizes = _batch_sizes(boundaries, lengths, size)
        in_buckets = _wasted_in_buckets(lengths, boundaries, sizes, orders)
        if size < 2 or wasted < _MOST_WASTED or not boundaries or in_buckets > _LEAST_GAIN * wasted:
            return None
        longest = int(lengths.argmax())
        inputs = "x, y" if any(each.role == "y" for each in context.sample.into(node).components) else "x"
        key = name[1:] if name.startswith("x[") else name[len("element") :] if name.startswith("element[") else ""
        return self.finding(
            f"{wasted:.0%} of what {node.label()} makes of {name} is padding.",
            seen=f"lengths: half of them up to {np.median(lengths):,.0f}, nine of ten up to "
            f"{np.quantile(lengths, 0.9):,.0f}, the longest {lengths.max():,}"
            + (f"; all are padded to {fixed:,}" if fixed is not None else "")
            + f"; {context.seen()}",
            where=[context.sample.into(node).where(longest)],
            at=node,
            fix=f"Write .bucket_by_sequence_length(lambda {inputs}: len(x{key}), bucket_boundaries={boundaries}, "
            f"bucket_batch_sizes={sizes}) in place of {written(node)}: then {in_buckets:.0%} would be padding. Or cut "
            "what is much longer than the rest: x[:n] in a map.",
        )


def _orders(count: int, shuffled: bool) -> list[np.ndarray]:
    """Returns orders in which elements may come to be batched."""
    if not shuffled:
        return [np.arange(count)]
    return [np.random.default_rng(seed).permutation(count) for seed in range(_SHUFFLES)]


def _cells(lengths: np.ndarray, size: int, fixed: int | None) -> float:
    """Returns how many places the batches of elements have, padding included."""
    if fixed is not None:
        return float(fixed * len(lengths))
    starts = np.arange(0, len(lengths), size)
    counts = np.diff(np.append(starts, len(lengths)))
    return float((np.maximum.reduceat(lengths, starts) * counts).sum())


def _boundaries(lengths: np.ndarray) -> list[int]:
    """Returns where buckets may end: at rounded quantiles of the lengths."""
    found = [_rounded(float(np.quantile(lengths, quantile)) + 1) for quantile in _QUANTILES]
    return sorted({boundary for boundary in found if lengths.min() < boundary <= lengths.max()})


def _rounded(number: float) -> int:
    """Returns a number rounded up to two digits and noughts."""
    magnitude = 10 ** max(0, len(str(int(number))) - 2)
    return -(-int(np.ceil(number)) // magnitude) * magnitude


def _batch_sizes(boundaries: list[int], lengths: np.ndarray, size: int) -> list[int]:
    """Returns a batch size for each bucket: where elements are long, fewer, so that no batch takes more memory."""
    places = size * float(np.quantile(lengths, 0.9) + 1)
    return [max(1, min(size, int(places // end))) for end in [*boundaries, int(lengths.max()) + 1]]


def _wasted_in_buckets(
    lengths: np.ndarray, boundaries: list[int], sizes: list[int], orders: list[np.ndarray]
) -> float:  # fmt: skip
    if not boundaries:
        return 1.0
    buckets = np.searchsorted(boundaries, lengths, side="right")
    cells = []
    for order in orders:
        ordered, each = lengths[order], buckets[order]
        cells.append(sum(_cells(ordered[each == number], sizes[number], None) for number in np.unique(each)))
    return float(1 - lengths.sum() / max(1.0, float(np.mean(cells))))
