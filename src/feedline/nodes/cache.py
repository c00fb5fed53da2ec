"""cache: the elements of the first epoch, kept in memory for all the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block, Column, concatenate_blocks, own_rows, put_rows, take_column
from feedline.errors import FeedlineError, InfiniteDatasetError
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
        self.ended = False
        self.complete: Block | None = None

    def put(self, length: int, positions: np.ndarray, block: Block) -> None:
        """Keeps the elements of an indexed parent."""
        with self.lock:
            if self.have is not None:  # another worker may have been quicker: what is kept once, stays
                new = np.flatnonzero(~self.have[positions])
                positions, block = positions[new], block.take(new)
            if self.have is None:
                self.have = np.zeros(length, bool)
                self.treedef = block.treedef
                self.columns = [_empty_column(length, column) for column in block.columns]
            for number, column in enumerate(block.columns):
                self.columns[number] = put_rows(self.columns[number], positions, column)
            self.have[positions] = True

    def get(self, positions: np.ndarray) -> Block:
        """Returns elements that are kept."""
        with self.lock:
            columns = [_densify(_taken(column, positions)) for column in self.columns]
        return Block(len(positions), columns, self.treedef)


def _empty_column(length: int, column: Column) -> Column:
    if isinstance(column, np.ndarray):
        return np.empty((length, *column.shape[1:]), column.dtype)
    return [None] * length


def _taken(column: Column, positions: np.ndarray) -> Column:
    """Returns rows that the taker may change."""
    rows = take_column(column, positions)
    return own_rows(rows) if isinstance(rows, list) else rows


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
            if not run.keeps:
                return run.read(self.parents[0], positions, np.zeros_like(positions))
            store.put(length, missing, run.read(self.parents[0], missing, np.zeros_like(missing)))
        return store.get(positions)

    def open(self, epoch: int, run: Run) -> Stream:
        if self._store.ended:
            return _BlockStream(self._store.complete)
        return _FillingStream(self, run)


class _BlockStream:
    """The elements of one block, in order."""

    def __init__(self, block: Block | None) -> None:
        self._block = block
        self._position = 0

    def next(self, limit: int) -> Block | None:
        if self._block is None:
            return None
        start, stop = self._position, min(self._position + limit, self._block.length)
        if start == stop:
            return None
        self._position = stop
        part = self._block.slice(start, stop)
        return Block(part.length, [own_rows(column) for column in part.columns], part.treedef)

    def close(self) -> None:
        self._block = None


class _FillingStream:
    """Passes the elements on and keeps them; the cache is complete when the last has passed."""

    def __init__(self, node: Cache, run: Run) -> None:
        self._store = node._store
        self._parent = run.open(node.parents[0], 0)
        self._parts: list[Block] = []
        self._whole = True

    def next(self, limit: int) -> Block | None:
        if not self._whole:
            return None
        try:
            block = self._parent.next(limit)
        except FeedlineError:  # an element that cannot be computed is not kept; whoever goes on, goes on without it
            raise
        except BaseException:
            self.close()
            raise
        if block is not None:
            self._parts.append(Block(block.length, [own_rows(column) for column in block.columns], block.treedef))
            return block
        with self._store.lock:
            if not self._store.ended:
                self._store.complete = concatenate_blocks(self._parts) if self._parts else None
                self._store.ended = True
        self._parts = []
        return None

    def close(self) -> None:
        self._whole = False
        self._parts = []
        self._parent.close()
