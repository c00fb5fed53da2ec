"""Hashes of elements: what makes it cheap to tell whether two datasets have the same ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.block import Block
from feedline.check.context import Context
from feedline.check.elements import Elements, described, digest, values_of
from feedline.check.families.content.stages import Stage
from feedline.check.looking import Budget, EnoughSeenError, LookingRun, nothing_drawn
from feedline.errors import FeedlineError
from feedline.nodes.base import Node

_MEMORY = 256 << 20
_FIRST_CHUNK = 16
_MOST_AT_ONCE = 8192
_SHORT = 0.03
_LARGE = 1 << 16
_PARTS = 64
_PART = 256
"""Of an element of more than 64 kB, this many parts of this many bytes are hashed: it is read from memory otherwise."""


@dataclass
class Hashed:
    """The hashes of the elements of a stage, as many as there was time for.

    Args:
        node: the step.
        positions: int64 `(count,)`, the elements' positions.
        hashes: int64 `(count,)`, equal for equal inputs: labels and weights do not count.
        total: how many there are in all; None where that is not known.
        rows: where these are rows of batches, all of them: `positions` are their numbers.
    """

    node: Node
    positions: np.ndarray
    hashes: np.ndarray
    total: int | None
    rows: Elements | None = None

    @property
    def count(self) -> int:
        """How many were hashed."""
        return len(self.hashes)

    def where(self, index: int) -> str:
        """Says which element one of these is."""
        position = int(self.positions[index])
        if self.rows is not None:
            return self.rows.where_row(position)
        try:
            source = self.node.source_of(position, 0)
        except Exception:  # a file that has gone: the place is told all the same
            source = ""
        return f"element {position:,}" + (f", which is {source}" if source else "")


def hashed(context: Context, stage: Stage, seconds: float) -> Hashed:
    """Returns the hashes of the elements of a stage: of those that were looked at, and of more while there is time.

    Args:
        context: the dataset.
        stage: the step.
        seconds: for how long at the most; 0 for those that were looked at alone.
    """
    elements = context.sample.at(stage.node)
    if elements.batched:
        rows = hashes_of(elements)
        whole = len(rows) if context.sample.saw_all else None
        return Hashed(stage.node, np.arange(len(rows)), rows, whole, elements)
    positions, hashes = [elements.positions], [hashes_of(elements)]
    if stage.positions is not None:
        kept = np.isin(elements.positions, stage.positions)
        positions, hashes = [elements.positions[kept]], [hashes[0][kept]]
    total = len(stage.positions) if stage.positions is not None else None
    if total is None and context.sample.saw_all:
        total = elements.count
    if total != len(hashes[0]) and seconds > 0:
        read = _by_position if stage.positions is not None else _by_stream
        for places, values in read(context, stage, seconds):
            positions.append(places)
            hashes.append(values)
            if not len(places):  # the end
                total = len(np.unique(np.concatenate(positions)))
    places, first = np.unique(np.concatenate(positions), return_index=True)
    return Hashed(stage.node, places, np.concatenate(hashes)[first], total)


def hashes_of(elements: Elements) -> np.ndarray:
    """Returns a hash of the inputs of each element; of its rows, where these are batches."""
    if elements.batched:
        inputs = [component.rows for component in elements.inputs or elements.components]
        rows = zip(*inputs, strict=True)
        return np.array([hash(tuple(map(digest, row))) for row in rows], np.int64)
    parts = [_of_block(block) for block in elements.blocks]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _of_block(block: Block) -> np.ndarray:
    inputs = [index for index, (_, _, role) in enumerate(described(block.treedef)) if role in ("x", None)]
    inputs = inputs or list(range(len(block.columns)))  # labels alone
    columns = [_of_column(block.columns[index], block.length) for index in inputs]
    if len(columns) == 1:
        return np.array(columns[0], np.int64)
    return np.array([hash(each) for each in zip(*columns, strict=True)], np.int64)


def _of_column(column: Any, length: int) -> list[int]:
    if isinstance(column, np.ndarray) and column.dtype != object and column.dtype.kind in "biufc" and column.size:
        rows = np.ascontiguousarray(column).reshape(length, -1).view(np.uint8)
        if rows.shape[1] > _LARGE:
            starts = np.linspace(0, rows.shape[1] - _PART, _PARTS).astype(np.int64).tolist()
            rows = np.concatenate([rows[:, start : start + _PART] for start in starts], axis=1)
        kind, width, memory = hash((column.dtype.str, column.shape[1:])), rows.shape[1], rows.tobytes()
        return [kind ^ hash(memory[start : start + width]) for start in range(0, length * width, width)]
    return [hash(digest(value)) for value in values_of(column, length)]


def _by_position(context: Context, stage: Stage, seconds: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    assert stage.positions is not None
    seen = context.sample.at(stage.node).positions
    left = stage.positions[~np.isin(stage.positions, seen)]
    left = left[_spread_order(len(left))]
    budget, chunk, start = Budget(seconds, _MEMORY), _FIRST_CHUNK, 0
    while start < len(left) and not budget.spent:
        began = time.perf_counter()
        places = np.sort(left[start : start + chunk])
        read = context.sample.read(stage.node, places)
        if not read.count:
            return
        yield places, hashes_of(read)
        start += chunk
        took = time.perf_counter() - began
        chunk = min(_MOST_AT_ONCE, 4 * chunk) if took < _SHORT else max(1, chunk // 2)


def _spread_order(length: int) -> np.ndarray:
    """Returns all positions, in chunks of neighbours that are spread over all of them: neighbours are cheap to read."""
    size = 64
    starts = np.arange(0, length, size)
    order = np.random.default_rng(0).permutation(len(starts))
    places = (starts[order][:, None] + np.arange(size)).reshape(-1)
    return places[places < length]


def _by_stream(context: Context, stage: Stage, seconds: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if context.sample.not_looked_at or context.sample.errors:
        return
    with nothing_drawn(context.plan):
        stream = LookingRun(Budget(seconds, _MEMORY)).open(stage.node, 0)
        given, seen = 0, context.sample.at(stage.node).count
        try:
            while True:
                block = stream.next(_FIRST_CHUNK)
                if block is None:
                    yield np.zeros(0, np.int64), np.zeros(0, np.int64)
                    return
                if given + block.length > seen:
                    yield np.arange(given, given + block.length), _of_block(block)
                given += block.length
        except (EnoughSeenError, FeedlineError):
            return
        finally:
            stream.close()
