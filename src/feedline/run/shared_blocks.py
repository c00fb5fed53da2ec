"""Blocks of memory that two processes share: one writes, the other looks at them, and they are used again.

The memory has no name: it is gone as soon as neither process has it mapped, however they end. Who reads makes arrays
that are views of a block; the block goes back to the writer once no view is left.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections import deque
from collections.abc import Iterable

import numpy as np

_GRAIN = 1 << 16
_SPARE = 8
"""A block is made larger by this part of what is needed: the next result may be a little larger."""

_WASTE = 4
"""A block is not used for what would fill less than this part of it."""

_IDLE_BYTES = 64 << 20
"""How much memory of blocks that nobody looks at is kept for later, besides what was lent at one time lately, where
nobody allows less."""

_FADING = 0.99
"""How much of the most that was lent at one time is remembered from one block to the next."""


def anonymous_memory(nbytes: int) -> int:
    """Returns the descriptor of new memory that can be shared.

    Raises:
        OSError: there is no memory left, or no descriptor.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("feedline", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, nbytes)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class LentBlocks:
    """Blocks that this process writes, and lends to the other one.

    One thread at a time may use it; what is told to `returned` may come from another.
    """

    def __init__(self) -> None:
        self._idle_bytes = _IDLE_BYTES
        self._maps: dict[int, mmap.mmap] = {}
        self._free: list[int] = []
        self._returned: deque[int] = deque()
        self._next = 0
        self._peak = 0.0
        self._fresh: list[tuple[int, int, int]] = []
        self._dropped: list[int] = []

    def take(self, nbytes: int) -> tuple[int, mmap.mmap]:
        """Returns the number and the memory of a block of at least so many bytes; it is lent from now on."""
        self._take_back()
        fitting = [number for number in self._free if nbytes <= len(self._maps[number]) <= max(_GRAIN, _WASTE * nbytes)]
        if fitting:
            number = min(fitting, key=lambda number: len(self._maps[number]))
            self._free.remove(number)
            return number, self._maps[number]
        size = -(-(nbytes + nbytes // _SPARE) // _GRAIN) * _GRAIN
        descriptor = anonymous_memory(size)
        try:
            memory = mmap.mmap(descriptor, size)
        except (OSError, ValueError):
            os.close(descriptor)
            raise
        number, self._next = self._next, self._next + 1
        self._maps[number] = memory
        self._fresh.append((number, size, descriptor))
        return number, memory

    def limit_idle(self, nbytes: int) -> None:
        """Has no more memory kept for later than so many bytes, and never more than is kept where nobody says so."""
        self._idle_bytes = min(nbytes, _IDLE_BYTES)

    def _take_back(self) -> None:
        """Makes blocks free that were returned, and lets go of those beyond what is kept, the oldest first."""
        while self._returned:
            number = self._returned.popleft()
            if number in self._maps:
                self._free.append(number)
        total = sum(map(len, self._maps.values()))
        idle = sum(len(self._maps[number]) for number in self._free)
        self._peak = max(total - idle, _FADING * self._peak)
        while self._free and total > self._peak + self._idle_bytes:
            number = self._free.pop(0)
            total -= len(self._maps.pop(number))
            self._dropped.append(number)

    def returned(self, numbers: Iterable[int]) -> None:
        """Takes back blocks that the other process looks at no more."""
        self._returned.extend(numbers)

    def forget_all(self) -> None:
        """Lets go of all blocks; those that the other process still looks at live on there."""
        self._dropped.extend(self._maps)
        self._maps.clear()
        self._free.clear()

    def news(self) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """Returns what the other process has to be told with the next message: the number and the size of each new
        block, the numbers of those that are gone, and the descriptors of the new ones, to be closed once they are sent.
        """
        self._take_back()
        fresh, self._fresh = self._fresh, []
        dropped, self._dropped = self._dropped, []
        return [(number, size) for number, size, _ in fresh], dropped, [descriptor for *_, descriptor in fresh]

    def close(self) -> None:
        """Lets go of everything."""
        for descriptor in self.news()[2]:
            os.close(descriptor)
        self.forget_all()


class BorrowedBlocks:
    """Blocks that the other process writes, as arrays here.

    `learn` and `array` are for one thread at a time; views may be dropped in any.
    """

    def __init__(self) -> None:
        self._maps: dict[int, mmap.mmap] = {}
        self._watched: dict[int, weakref.ref] = {}
        self._released: deque[int] = deque()
        self._next = 0

    def learn(self, fresh: Iterable[tuple[int, int]], dropped: Iterable[int], descriptors: Iterable[int]) -> None:
        """Takes note of what `LentBlocks.news` says; closes the descriptors."""
        for number in dropped:
            self._maps.pop(number, None)
        descriptors = list(descriptors)
        try:
            for (number, size), descriptor in zip(fresh, descriptors, strict=True):
                self._maps[number] = mmap.mmap(descriptor, size)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def array(self, number: int, nbytes: int) -> np.ndarray:
        """Returns the first bytes of a block as an array. The block is lent until this array and all views of it, also
        those that a framework keeps, are gone.
        """
        array = np.frombuffer(self._maps[number], np.uint8, nbytes)
        key, self._next = self._next, self._next + 1

        # It runs wherever the last view is dropped, also within a lock: it may take none.
        def release(_: object, key: int = key, number: int = number) -> None:
            self._released.append(number)
            self._watched.pop(key, None)

        self._watched[key] = weakref.ref(array, release)
        return array

    def forget_all(self) -> None:
        """Lets go of all blocks, as the other process does; views that are left keep theirs."""
        self._maps.clear()
        self._watched.clear()
        self._released.clear()

    def released(self) -> list[int]:
        """Returns the blocks that nobody looks at any more, each once."""
        numbers = []
        while self._released:
            numbers.append(self._released.popleft())
        return numbers

    @property
    def lent(self) -> int:
        """How many blocks are still looked at."""
        return len(self._watched)
