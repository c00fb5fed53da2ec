"""Several files read by turns: one record of each, then the next of each.

The order is that of `interleave` with a block length of 1: as many files as there are turns are open; a file that has
ended leaves its turn, and the next file takes it when that turn comes round again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from feedline.block import Block, concatenate_blocks


class FileReader(Protocol):
    """The elements of one file, in order."""

    def next_block(self, limit: int) -> Block | None:
        """Returns from 1 to `limit` further elements, or None at the end. After an error it may be asked again."""

    def close(self) -> None:
        """Lets go of the file."""


class FilesStream:
    """The elements of several files; a `Stream`.

    Args:
        files: which files, in order.
        open_file: opens one.
        turns: how many files are read by turns; 1 for one after the other.
    """

    def __init__(self, files: Sequence[int], open_file: Callable[[int], FileReader], turns: int = 1) -> None:
        self._waiting: Iterator[int] = iter(files)
        self._more = True
        self._open_file = open_file
        self._slots: list[_Slot | None] = [None] * max(1, min(turns, len(files)))
        self._turn = 0

    def next(self, limit: int) -> Block | None:
        idle = 0  # turns gone by without a file
        while idle < len(self._slots):
            slot = self._slots[self._turn]
            if slot is None:
                which = next(self._waiting, None) if self._more else None
                if which is None:
                    self._more = False
                    idle += 1
                    self._advance()
                else:
                    self._slots[self._turn] = _Slot(self._open_file(which))
            elif slot.fill(limit):
                return self._take(limit)
            else:
                slot.reader.close()
                self._slots[self._turn] = None
                idle = 0
                self._advance()
        return None

    def _advance(self, count: int = 1) -> None:
        self._turn = (self._turn + count) % len(self._slots)

    def _take(self, limit: int) -> Block:
        """Returns elements of the file whose turn it is, and of those after it as far as they are at hand."""
        if len(self._slots) == 1:
            slot = self._slots[0]
            assert slot is not None
            return slot.take(limit)
        ready: list[_Slot] = []
        for slot in self._slots[self._turn : self._turn + limit]:
            if slot is None or slot.held is None:
                break
            ready.append(slot)
        rounds = 1
        if self._turn == 0 and len(ready) == len(self._slots):
            rounds = max(1, min(limit // len(ready), *(slot.length for slot in ready)))
        if rounds == 1:
            self._advance(len(ready))
        blocks = [slot.take(rounds) for slot in ready]
        if len(blocks) == 1:
            return blocks[0]
        order = np.arange(len(blocks) * rounds).reshape(len(blocks), rounds).T.reshape(-1)
        return concatenate_blocks(blocks).take(order)

    def close(self) -> None:
        self._more = False
        for number, slot in enumerate(self._slots):
            self._slots[number] = None
            if slot is not None:
                slot.reader.close()


class _Slot:
    """A file that is open, and what was read of it but not yet given."""

    def __init__(self, reader: FileReader) -> None:
        self.reader = reader
        self.held: Block | None = None

    @property
    def length(self) -> int:
        return 0 if self.held is None else self.held.length

    def fill(self, limit: int) -> bool:
        """Says whether there is something to give."""
        if self.held is None:
            self.held = self.reader.next_block(limit)
        return self.held is not None

    def take(self, count: int) -> Block:
        held = self.held
        assert held is not None
        if count >= held.length:
            self.held = None
            return held
        self.held = held.slice(count, held.length)
        return held.slice(0, count)


def order_by_turns(counts: Sequence[int], turns: int) -> np.ndarray:
    """Returns the order in which records of files come when these are read by turns.

    Args:
        counts: how many records each file has.
        turns: how many files are read by turns.

    Returns:
        int64 `(records,)`: numbers of records, counted through all files.

    Example:
        >>> order_by_turns([3, 1, 2], 2).tolist()
        [0, 3, 1, 2, 4, 5]
    """
    starts = np.cumsum([0, *counts])[:-1].tolist()
    waiting = iter(range(len(counts)))
    slots: list[tuple[int, int] | None] = [None] * max(1, min(turns, len(counts)))  # next record, those left
    parts: list[np.ndarray] = []
    turn, more, idle = 0, True, 0
    while idle < len(slots):
        slot = slots[turn]
        if slot is None:
            which = next(waiting, None) if more else None
            if which is None:
                more = False
                idle += 1
                turn = (turn + 1) % len(slots)
            else:
                slots[turn] = (starts[which], counts[which])
            continue
        idle = 0
        record, left = slot
        if left == 0:
            slots[turn] = None
            turn = (turn + 1) % len(slots)
            continue
        present = [(number, held) for number, held in enumerate(slots) if held is not None]
        rounds = min(held[1] for _, held in present)
        if turn == 0 and rounds > 0 and (not more or len(present) == len(slots)):
            firsts = np.array([held[0] for _, held in present])
            parts.append((firsts + np.arange(rounds)[:, None]).reshape(-1))
            for number, held in present:
                slots[number] = (held[0] + rounds, held[1] - rounds)
            continue
        parts.append(np.array([record]))
        slots[turn] = (record + 1, left - 1)
        turn = (turn + 1) % len(slots)
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
