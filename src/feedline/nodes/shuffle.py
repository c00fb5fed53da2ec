"""shuffle: another order every epoch, a function of the seed.

On an indexed dataset the shuffle is over all of it, whatever the buffer size: positions are sent through a keyed
permutation, which costs no memory to speak of. On a stream it keeps a buffer, as `tf.data` does.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from feedline.block import Block, concatenate_blocks
from feedline.nodes.base import OrderNode, Stream
from feedline.random import mix_all

if TYPE_CHECKING:
    from feedline.run.context import Run

_TABLE_LENGTH = 1 << 20
"""Up to this length an epoch's whole order is kept (8 MB at the most); beyond it, it is computed where needed."""


@dataclass(frozen=True, eq=False)
class Shuffle(OrderNode):
    """Puts the elements into another order.

    Args:
        buffer_size: how many elements a stream's buffer holds.
        seed: the seed.
        reshuffle_each_iteration: whether each epoch has an order of its own.
    """

    buffer_size: int
    seed: int
    reshuffle_each_iteration: bool
    _tables: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    name = "shuffle"

    def label(self) -> str:
        return f"shuffle({self.buffer_size})"

    def key(self, epoch: int) -> int:
        """Returns the key of an epoch's order."""
        return mix_all(self.seed, epoch if self.reshuffle_each_iteration else 0)

    def locate(self, positions: np.ndarray, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from feedline.kernels.permute import keyed_permutation

        length = self.parents[0].cardinality()
        if length < 2 or len(positions) == 0:
            return positions, epochs
        one_epoch = epochs[0] == epochs[-1] and (epochs == epochs[0]).all()
        if one_epoch and length <= _TABLE_LENGTH:
            return self._table(length, int(epochs[0]))[positions], epochs
        located = np.empty_like(positions)
        if length <= _TABLE_LENGTH:
            for epoch in np.unique(epochs).tolist():
                chosen = epochs == epoch
                located[chosen] = self._table(length, epoch)[positions[chosen]]
            return located, epochs
        unique, which = np.unique(epochs, return_inverse=True)
        keys = np.array([self.key(epoch) for epoch in unique.tolist()], np.uint64)[which]
        keyed_permutation(keys, length, positions, located)
        return located, epochs

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
    """A buffer of elements from which a random one leaves for each that enters."""

    def __init__(self, node: Shuffle, epoch: int, run: Run) -> None:
        self._parent = run.open(node.parents[0], epoch)
        self._size = node.buffer_size
        self._key = np.uint64(node.key(epoch))
        self._drawn = 0
        self._buffer: Block | None = None
        self._ended = False

    def _draw(self, count: int, bound: int) -> np.ndarray:
        from feedline.kernels.permute import keyed_integers

        numbers = np.empty(count, np.int64)
        keyed_integers(self._key, self._drawn, bound, numbers)
        self._drawn += count
        return numbers

    def _fill(self) -> None:
        parts = [] if self._buffer is None else [self._buffer]
        held = sum(part.length for part in parts)
        while held < self._size and not self._ended:
            block = self._parent.next(self._size - held)
            if block is None:
                self._ended = True
            else:
                parts.append(block)
                held += block.length
        if parts:
            self._buffer = concatenate_blocks(parts)

    def next(self, limit: int) -> Block | None:
        if self._buffer is None or (self._buffer.length < self._size and not self._ended):
            self._fill()
        if not self._ended:
            incoming = self._parent.next(limit)
            if incoming is not None:
                return self._exchange(incoming)
            self._ended = True
        return self._drain(limit)

    def _exchange(self, incoming: Block) -> Block:
        assert self._buffer is not None
        size = self._buffer.length
        everything = concatenate_blocks([self._buffer, incoming])
        slots = np.arange(size)
        leaving = np.empty(incoming.length, np.int64)
        for index, slot in enumerate(self._draw(incoming.length, size).tolist()):
            leaving[index] = slots[slot]
            slots[slot] = size + index
        self._buffer = everything.take(slots)
        return everything.take(leaving)

    def _drain(self, limit: int) -> Block | None:
        buffer = self._buffer
        if buffer is None or buffer.length == 0:
            return None
        count = min(limit, buffer.length)
        order = np.arange(buffer.length)
        for index in range(count):
            other = index + int(self._draw(1, buffer.length - index)[0])
            order[index], order[other] = order[other], order[index]
        self._buffer = buffer.take(order[count:])
        return buffer.take(order[:count])

    def close(self) -> None:
        self._buffer = None
        self._parent.close()
