"""The order of a shuffle of what can be read by position but has no end: a buffer of positions instead of elements."""

from __future__ import annotations

import threading

import numpy as np

from feedline.errors import ArgumentError

_CHUNK = 1 << 13
"""How many positions are worked out together."""
_KEPT, _MOST_KEPT = 16, 1024
"""How many chunks are kept, for threads that are behind others and for a second iterator; where those are further
behind, twice as many, up to 64 MiB.
"""
_LARGEST = 1 << 30
"""A larger buffer of positions would take more than 8 GiB."""


class BufferedOrder:
    """Where the elements of one epoch stand in the parent, in the order in which the buffer gives them.

    The buffer begins with the first positions. A random one leaves, and the next position enters in its place. So the
    order is known only from the beginning on, which takes a few nanoseconds for each position: far less than reading
    elements, whatever they are. Whoever goes back beyond what is kept begins anew.

    Args:
        key: the key of the epoch.
        size: how many positions the buffer holds.

    Raises:
        ArgumentError: the buffer is larger than any memory.
    """

    def __init__(self, key: int, size: int) -> None:
        if size > _LARGEST:
            raise ArgumentError(
                f"a dataset without an end cannot be shuffled within a buffer of {size:,} elements.",
                fix="Give a smaller buffer_size, or shuffle before repeat(): that is over all elements, at no cost.",
            )
        self._key = np.uint64(key)
        self._size = size
        self._lock = threading.Lock()
        self._kept = _KEPT
        self._begin()

    def _begin(self) -> None:
        self._buffer = np.arange(self._size)
        self._chunks: dict[int, np.ndarray] = {}
        self._reached = 0  # the number of the next chunk

    def locate(self, positions: np.ndarray) -> np.ndarray:
        """Returns the positions in the parent.

        Args:
            positions: int64 `(n,)`.
        """
        first, last = int(positions[0]) // _CHUNK, int(positions[-1]) // _CHUNK
        if first == last and (chunk := self._chunks.get(first)) is not None:
            inside = positions - first * _CHUNK
            if inside.min() >= 0 and inside.max() < _CHUNK:
                return chunk[inside]
        located = np.empty_like(positions)
        numbers = positions // _CHUNK
        for number in np.unique(numbers).tolist():
            here = numbers == number
            located[here] = self._chunk(number)[positions[here] - number * _CHUNK]
        return located

    def _chunk(self, number: int) -> np.ndarray:
        from feedline.kernels.permute import keyed_exchange

        chunk = self._chunks.get(number)
        if chunk is not None:
            return chunk
        with self._lock:
            if number not in self._chunks and number < self._reached:
                self._kept = min(2 * self._kept, _MOST_KEPT)
                self._begin()
            while self._reached <= number:
                chunk = np.empty(_CHUNK, np.int64)
                keyed_exchange(self._key, self._reached * _CHUNK, self._buffer, chunk)
                while len(self._chunks) >= self._kept:
                    self._chunks.pop(next(iter(self._chunks)))
                self._chunks[self._reached] = chunk
                self._reached += 1
            return self._chunks[number]
