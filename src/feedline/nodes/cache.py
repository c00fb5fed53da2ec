"""cache: the elements of the first epoch, kept in memory for all the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, Column, concatenate_blocks, take_column
from feedline.errors import InfiniteDatasetError
from feedline.nodes.base import OrderNode, Stream

if TYPE_CHECKING:
    from feedline.run.context import Run


class _Store:
    """What a cache keeps, shared by all iterators over it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.have: np.ndarray | None = None
        self.columns: list[Column] = []
        self.treedef: Any = None
        self.complete: Block | None = None

    def put(self, length: int, positions: np.ndarray, block: Block) -> None:
        """Keeps the elements of an indexed parent."""
        with self.lock:
            if self.have is None:
                self.have = np.zeros(length, bool)
                self.treedef = block.treedef
                self.columns = [_empty_column(length, column) for column in block.columns]
            for number, column in enumerate(block.columns):
                self.columns[number] = _put_rows(self.columns[number], positions, column)
            self.have[positions] = True

    def get(self, positions: np.ndarray) -> Block:
        """Returns elements that are kept."""
        with self.lock:
            columns = [take_column(column, positions) for column in self.columns]
        return Block(len(positions), [_densify(column) for column in columns], self.treedef)


def _empty_column(length: int, column: Column) -> Column:
    if isinstance(column, np.ndarray):
        return np.empty((length, *column.shape[1:]), column.dtype)
    return [None] * length


def _put_rows(target: Column, positions: np.ndarray, rows: Column) -> Column:
    fits = (
        isinstance(target, np.ndarray)
        and isinstance(rows, np.ndarray)
        and target.shape[1:] == rows.shape[1:]
        and target.dtype == rows.dtype
    )
    if fits:
        target[positions] = rows
        return target
    rows_kept = target if isinstance(target, list) else list(target)
    for position, row in zip(positions.tolist(), rows, strict=True):
        rows_kept[position] = row
    return rows_kept


def _densify(column: Column) -> Column:
    if isinstance(column, list) and column and isinstance(column[0], np.ndarray | np.generic | bytes):
        arrays = [np.asarray(value, object) if isinstance(value, bytes) else value for value in column]
        if len({(array.shape, array.dtype) for array in arrays}) == 1:
            return np.stack(arrays)
    return column


@dataclass(frozen=True, eq=False)
class Cache(OrderNode):
    """Keeps its parent's elements as they were when first read; what is random above it stays as it fell then."""

    _store: _Store = field(default_factory=_Store, repr=False)

    name = "cache"

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return positions, np.zeros_like(epochs)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        store = self._store
        with store.lock:
            missing = positions if store.have is None else positions[~store.have[positions]]
        if len(missing):
            missing = np.unique(missing)
            length = self.parents[0].cardinality()
            if length < 0:
                raise InfiniteDatasetError(
                    "cache() of an infinite dataset would never end.", fix="Put cache() before repeat()."
                )
            store.put(length, missing, run.read(self.parents[0], missing, np.zeros_like(missing)))
        return store.get(positions)

    def open(self, epoch: int, run: Run) -> Stream:
        if self._store.complete is not None:
            return _BlockStream(self._store.complete)
        return _FillingStream(self, run)


class _BlockStream:
    """The elements of one block, in order."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._position = 0

    def next(self, limit: int) -> Block | None:
        start, stop = self._position, min(self._position + limit, self._block.length)
        if start == stop:
            return None
        self._position = stop
        return self._block.take(np.arange(start, stop))

    def close(self) -> None:
        self._position = self._block.length


class _FillingStream:
    """Passes the elements on and keeps them; the cache is complete when the last has passed."""

    def __init__(self, node: Cache, run: Run) -> None:
        self._store = node._store
        self._parent = run.open(node.parents[0], 0)
        self._parts: list[Block] = []

    def next(self, limit: int) -> Block | None:
        block = self._parent.next(limit)
        if block is not None:
            self._parts.append(block.take(np.arange(block.length)))
            return block
        if self._parts and self._store.complete is None:
            self._store.complete = concatenate_blocks(self._parts)
        return None

    def close(self) -> None:
        self._parent.close()
