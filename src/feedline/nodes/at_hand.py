"""Datasets whose elements are at hand: what functions given to `flat_map` most often make of a window.

Running a plan costs more than a window of a few numbers is worth, so batches of rows, and such side by side, are had
without.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.nodes.base import Node
from feedline.nodes.batch import Batch
from feedline.nodes.zip import Zip


def elements_at_hand(node: Node) -> list[Any] | None:
    """Returns the elements of a dataset; None where it has to be run."""
    from feedline.sources.arrays import GivenRows

    kind = type(node)
    if kind is GivenRows:
        return _batches(node, 1, False, rows=True)
    if kind is Batch and type(node.parents[0]) is GivenRows:
        return _batches(node.parents[0], node.batch_size, node.drop_remainder, rows=False)  # type: ignore[attr-defined]
    if kind is Zip:
        columns = [elements_at_hand(parent) for parent in node.parents]
        known = [column for column in columns if column is not None]
        if len(known) == len(columns):
            return [node.treedef.unflatten(list(parts)) for parts in zip(*known, strict=False)]  # type: ignore[attr-defined]
    return None


def _batches(source: Any, size: int, drop_remainder: bool, *, rows: bool) -> list[Any] | None:
    if not all(isinstance(column, np.ndarray) for column in source.columns):
        return None
    stop = source.length // size * size if drop_remainder else source.length
    places: list[Any] = list(range(stop)) if rows else [slice(at, min(at + size, stop)) for at in range(0, stop, size)]
    return [source.treedef.unflatten([column[place] for column in source.columns]) for place in places]
