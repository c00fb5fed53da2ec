"""Guards that every contender does the same work: first batches must agree in structure, shape, dtype and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class Rule:
    """How close the values of a contender's first batch must be to the reference's.

    Args:
        largest: the largest allowed absolute difference of a float; integers and strings must be equal.
        mean: the largest allowed mean absolute difference of a float component, None for the same as `largest`.
        check: for a random workload, in place of the values: takes the batch, returns what is wrong with it or None.
        order: for a random workload that shuffles, the component that tells the elements apart; None for all of them.
    """

    largest: float = 0.0
    mean: float | None = None
    check: Callable[[Batch], str | None] | None = None
    order: str | None = None


def components(batch: Any) -> Batch:
    """Returns the arrays of a batch by their name or place; strings as fixed-length bytes.

    Args:
        batch: an array or tensor, or a tuple, list or dict of them.
    """
    if isinstance(batch, dict):
        named = {str(name): batch[name] for name in sorted(batch)}
    elif isinstance(batch, tuple | list):
        named = {str(place): component for place, component in enumerate(batch)}
    else:
        named = {"0": batch}
    arrays = {name: np.asarray(component) for name, component in named.items()}
    return {name: array.astype("S") if array.dtype.kind in "OU" else array for name, array in arrays.items()}


def samples(batch: Any) -> int:
    """Returns the number of samples of a batch (a limit program yields the number itself)."""
    if type(batch) is int:
        return batch
    while not hasattr(batch, "shape"):
        batch = next(iter(batch.values())) if isinstance(batch, dict) else batch[0]
    return int(batch.shape[0])


def _dtype(array: np.ndarray) -> str:
    return "string" if array.dtype.kind == "S" else array.dtype.name


def form(batch: Batch) -> dict[str, tuple[tuple[int, ...], str]]:
    """Returns the shape and the dtype's name of each component."""
    return {name: (array.shape, _dtype(array)) for name, array in batch.items()}


def difference(reference: Batch, batch: Batch, rule: Rule) -> str | None:
    """Returns in what a batch differs from the reference, or None where it is the same work."""
    if form(reference) != form(batch):
        return f"its first batch is {form(batch)}, the reference's is {form(reference)}"
    if rule.check is not None:
        return rule.check(batch)
    for name, expected in reference.items():
        actual = batch[name]
        if expected.dtype.kind != "f":
            if not np.array_equal(expected, actual):
                return f"component {name} of its first batch has other values than the reference's"
            continue
        apart = np.abs(expected.astype(np.float64) - actual)
        mean = rule.largest if rule.mean is None else rule.mean
        if not (apart.max(initial=0) <= rule.largest and apart.mean() <= mean):  # so that a NaN fails, too
            return (
                f"component {name} of its first batch is up to {apart.max():.3g} (mean {apart.mean():.3g}) away from "
                f"the reference's; allowed are {rule.largest:g} (mean {mean:g})"
            )
    return None


def not_shuffled(in_order: Batch, shuffled: Batch, rule: Rule) -> str | None:
    """Returns what is wrong with a first batch that should have been drawn from all over the data, or None."""
    if form(in_order) != form(shuffled):
        return f"its shuffled batch is {form(shuffled)}, its ordered one {form(in_order)}"
    names = in_order if rule.order is None else [rule.order]
    if all(np.array_equal(in_order[name], shuffled[name]) for name in names):
        return "its first batch is the same with shuffling and without"
    return None
