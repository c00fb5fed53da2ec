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


_PART_BYTES = 1 << 26
"""About how much memory a part of a store takes, if all its elements are kept."""


class _Part:
    """The elements of a range of positions, as far as they are kept."""

    def __init__(self, rows: int, block: Block) -> None:
        self.have = np.zeros(rows, bool)
        self.columns: list[Column] = [_empty_column(rows, column) for column in block.columns]


class _Store:
    """What a cache keeps, shared by all iterators over it.

    It is made of parts of equally many positions, each made when the first of its elements is kept: of a dataset that
    is read in part, no memory is taken for the rest.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rows = 0
        self.parts: dict[int, _Part] = {}
        self.treedef: Any = None
        self.ended = False
        self.complete: Block | None = None

    def missing(self, positions: np.ndarray) -> np.ndarray:
        """Returns the positions whose elements are not kept."""
        kept = np.zeros(len(positions), bool)
        with self.lock:
            for part, inside, chosen in self._by_part(positions):
                if part is not None:
                    kept[chosen] = part.have[inside]
        return positions[~kept]

    def _by_part(self, positions: np.ndarray) -> list[tuple[_Part | None, np.ndarray, np.ndarray]]:
        """Returns each part that positions fall in, with the positions within it and which of the positions these are.

        A part is None where nothing of it is kept.
        """
        if not self.rows:
            return []
        numbers, inside = np.divmod(positions, self.rows)
        first = int(numbers[0])
        if (numbers == first).all():
            return [(self.parts.get(first), inside, np.arange(len(positions)))]
        return [
            (self.parts.get(number), inside[chosen], chosen)
            for number in np.unique(numbers).tolist()
            for chosen in [np.flatnonzero(numbers == number)]
        ]

    def put(self, length: int, positions: np.ndarray, block: Block) -> None:
        """Keeps the elements of an indexed parent."""
        with self.lock:
            if not self.rows:
                self.treedef = block.treedef
                self.rows = min(length, max(1, _PART_BYTES // max(1, block.nbytes() // block.length)))
            for part, inside, chosen in self._by_part(positions):
                rows = block if len(chosen) == block.length else block.take(chosen)
                if part is None:
                    number = int(positions[chosen[0]]) // self.rows
                    part = self.parts[number] = _Part(min(self.rows, length - number * self.rows), rows)
                elif part.have[inside].any():  # another worker may have been quicker: what is kept once, stays
                    new = np.flatnonzero(~part.have[inside])
                    inside, rows = inside[new], rows.take(new)
                for which, column in enumerate(rows.columns):
                    part.columns[which] = put_rows(part.columns[which], inside, column)
                part.have[inside] = True

    def get(self, positions: np.ndarray) -> Block:
        """Returns elements that are kept."""
        with self.lock:
            found = self._by_part(positions)
            blocks = [
                Block(len(inside), [_taken(column, inside) for column in part.columns], self.treedef)
                for part, inside, _ in found
                if part is not None
            ]
        block = concatenate_blocks(blocks)
        if len(found) > 1:
            block = block.take(np.argsort(np.concatenate([chosen for _, _, chosen in found])))
        return Block(block.length, [_densify(column) for column in block.columns], self.treedef)


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
    keeps_elements = True

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return positions, np.zeros_like(epochs)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        store = self._store
        missing = store.missing(positions)
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
