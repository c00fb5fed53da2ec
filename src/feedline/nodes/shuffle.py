"""shuffle: another order every epoch, a function of the seed.

On an indexed dataset the shuffle is over all of it, whatever the buffer size: positions are sent through a keyed
permutation, which costs no memory to speak of. On an indexed dataset without an end it keeps a buffer of positions
(`buffered_order`), on a stream one of elements, as `tf.data` does.
"""

from __future__ import annotations

import itertools
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block, concatenate_blocks, own_rows, put_rows
from feedline.nodes.base import OrderNode, Stream
from feedline.nodes.buffered_order import BufferedOrder
from feedline.random import mix_all

if TYPE_CHECKING:
    from feedline.run.context import Run

_AT_ONCE = 1 << 16
"""How many elements are asked for at once, to fill the buffer."""
_TABLE_LENGTH = 1 << 20
"""Up to this length an epoch's whole order is kept (8 MB at the most); beyond it, it is computed where needed."""


@dataclass(frozen=True, eq=False)
class Shuffle(OrderNode):
    """Puts the elements into another order.

    Args:
        buffer_size: how many elements a stream's buffer holds; negative for all of them.
        seed: the seed.
        reshuffle_each_iteration: whether each epoch has an order of its own.
    """

    buffer_size: int
    seed: int
    reshuffle_each_iteration: bool
    _tables: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    _orders: dict[int, BufferedOrder] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    name = "shuffle"

    def label(self) -> str:
        return f"shuffle({'UNKNOWN_CARDINALITY' if self.buffer_size < 0 else self.buffer_size})"

    def way(self) -> str:
        endless = self.indexed and self.parents[0].cardinality() < 0
        return "within the buffer: there is no end to shuffle all of it" if endless else ""

    def key(self, epoch: int) -> int:
        """Returns the key of an epoch's order."""
        return mix_all(self.seed, epoch if self.reshuffle_each_iteration else 0)

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from feedline.kernels.permute import keyed_permutation

        length = self.parents[0].cardinality()
        if length < 0:
            return self._locate_within_buffer(positions, epochs), epochs
        if length < 2:
            return positions, epochs
        one_epoch = epochs[0] == epochs[-1] and (epochs == epochs[0]).all()
        if one_epoch and length <= _TABLE_LENGTH:
            return self._table(length, int(epochs[0]))[positions], epochs
        located = np.empty_like(positions)
        if length <= _TABLE_LENGTH:
            changes = np.flatnonzero(epochs[1:] != epochs[:-1]) + 1
            for start, stop in itertools.pairwise([0, *changes.tolist(), len(epochs)]):
                located[start:stop] = self._table(length, int(epochs[start]))[positions[start:stop]]
            return located, epochs
        unique, which = np.unique(epochs, return_inverse=True)
        keys = np.array([self.key(epoch) for epoch in unique.tolist()], np.uint64)[which]
        keyed_permutation(keys, length, positions, located)
        return located, epochs

    def _locate_within_buffer(self, positions: np.ndarray, epochs: np.ndarray) -> np.ndarray:
        located = np.empty_like(positions)
        for epoch in np.unique(epochs).tolist():
            here = epochs == epoch
            located[here] = self._order(epoch).locate(positions[here])
        return located

    def _order(self, epoch: int) -> BufferedOrder:
        key = self.key(epoch)
        order = self._orders.get(key)
        if order is None:
            with self._lock:
                order = self._orders.get(key)
                if order is None:
                    while len(self._orders) >= 2:
                        self._orders.pop(next(iter(self._orders)))
                    order = self._orders[key] = BufferedOrder(key, self.buffer_size)
        return order

    def _table(self, length: int, epoch: int) -> np.ndarray:
        from feedline.kernels.permute import keyed_shuffle

        key = self.key(epoch)
        table = self._tables.get(key)
        if table is None:
            table = np.empty(length, np.int64)
            keyed_shuffle(np.uint64(key), table)
            with self._lock:
                while len(self._tables) >= 2:
                    self._tables.pop(next(iter(self._tables)))
                self._tables[key] = table
        return table

    def open(self, epoch: int, run: Run) -> Stream:
        return _ShuffleStream(self, epoch, run)


class _ShuffleStream:
    """A buffer of elements: a random one leaves, and the next that enters takes its place.

    The place stays empty until a further element is asked for: the first element needs no more of the parent's than
    the buffer holds.
    """

    def __init__(self, node: Shuffle, epoch: int, run: Run) -> None:
        self._parent = run.open(node.parents[0], epoch)
        self._size = sys.maxsize if node.buffer_size < 0 else node.buffer_size
        self._key = np.uint64(node.key(epoch))
        self._drawn = 0
        self._parts: list[Block] = []
        self._buffer: Block | None = None
        self._empty = -1  # which place of the buffer is empty; -1 for none
        self._left: np.ndarray | None = None
        self._ended = False

    def _fill(self) -> None:
        parts = self._parts
        held = sum(part.length for part in parts)
        while held < self._size and not self._ended:
            block = self._parent.next(min(self._size - held, _AT_ONCE))
            if block is None:
                self._ended = True
            else:
                parts.append(block)
                held += block.length
        if parts:
            whole = concatenate_blocks(parts)
            columns = [own_rows(column) for column in whole.columns] if len(parts) == 1 else whole.columns
            self._buffer = Block(whole.length, columns, whole.treedef)
        self._parts = []

    def next(self, limit: int) -> Block | None:
        if self._buffer is None and not self._ended:
            self._fill()
        if not self._ended and self._empty < 0:
            self._empty = int(self._draw(1)[0])
            return self._buffer.take(np.array([self._empty])) if self._buffer is not None else None
        if not self._ended:
            incoming = self._parent.next(limit)
            if incoming is not None:
                return self._exchange(incoming)
            self._ended = True
        return self._drain(limit)

    def _draw(self, count: int) -> np.ndarray:
        """Returns places of the buffer at random."""
        from feedline.kernels.permute import keyed_integers

        assert self._buffer is not None
        slots = np.empty(count, np.int64)
        keyed_integers(self._key, self._drawn, self._buffer.length, slots)
        self._drawn += count
        return slots

    def _exchange(self, incoming: Block) -> Block:
        buffer = self._buffer
        assert buffer is not None
        slots = self._draw(incoming.length)
        # each that enters takes the place of the one that left before it, and may itself be the next to leave
        last: dict[int, int] = {}
        again: list[tuple[int, int]] = []
        for index, slot in enumerate(slots.tolist()):
            last[self._empty] = index
            if slot in last:
                again.append((index, last[slot]))
            self._empty = slot
        leaving = _with_rows(buffer.take(slots), incoming, again)
        self._buffer = _with_rows(buffer, incoming, list(last.items()))
        return leaving

    def _drain(self, limit: int) -> Block | None:
        from feedline.kernels.permute import keyed_order

        if self._buffer is None:
            return None
        if self._left is None:
            order = np.empty(self._buffer.length, np.int64)
            keyed_order(self._key, self._drawn, order)
            self._left = order[order != self._empty]
        chosen, self._left = self._left[:limit], self._left[limit:]
        if len(chosen) == 0:
            self._buffer = None
            return None
        return self._buffer.take(chosen)

    def close(self) -> None:
        self._ended = True
        self._parts = []
        self._buffer = None
        self._parent.close()


def _with_rows(block: Block, source: Block, pairs: list[tuple[int, int]]) -> Block:
    """Returns a block of one's own with rows of another: for each pair (row here, row there)."""
    if not pairs:
        return block
    here, there = np.array(pairs).T
    rows = source.take(there)
    columns = [put_rows(column, here, part) for column, part in zip(block.columns, rows.columns, strict=True)]
    return Block(block.length, columns, block.treedef)
