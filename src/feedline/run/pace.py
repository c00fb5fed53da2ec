"""Pace: whether iterators take so little time that their consumer had better read them itself."""

from __future__ import annotations

import math

QUICK_ELEMENT_SECONDS = 50e-6
QUICK_ITERATOR_SECONDS = 200e-6
"""Elements, and whole iterators, that take less are read by the consumer: to hand them over would cost as much."""

_STAYS_QUICK = 3
"""How many times longer what was quick may take before threads read it again."""

_LOOKED_AT = 64
_LOOKED_AT_SECONDS = 10e-3
"""So many elements, of all iterators, or so much time say how long one takes."""

_NEVER_QUICK_SECONDS = 1e-3
"""What takes longer in threads waits for something, and not only for the interpreter's lock."""

_WAIT_SECONDS = 8e-3
"""Who waits for longer does so for a file, most likely: the interpreter's lock is had after 5 ms."""

_PATIENCE = 4
"""How many times longer threads go on, each time that the consumer has tried to read by itself in vain."""


class Pace:
    """Finds out whether it pays to have threads read: what takes little is read by the consumer itself.

    In threads, elements seem to take longer than they do, since threads wait for the interpreter's lock. So where they
    keep a core at work for little time, the consumer tries; it leaves them to threads again where it has to wait.

    Args:
        quick: what is little time for an element, in seconds.

    Attributes:
        quick: whether the consumer is to read.
        each: how long an element takes, in seconds.
    """

    def __init__(self, quick: float) -> None:
        self._quick_seconds = quick
        self.quick = False
        self.each = math.inf
        self._patience = _LOOKED_AT
        self._since = 0
        self._begin()

    def _begin(self) -> None:
        self._elements = self._ends = 0
        self._seconds = self._busy = self._waited = 0.0

    def note(self, count: int, seconds: float, busy: float | None = None) -> None:
        """Takes note of how long a read took; of two threads at one time, one may be lost.

        Args:
            count: how many elements it gave; 0 at the end.
            seconds: how long it took.
            busy: for how much of that a core was at work; None where the consumer read.
        """
        if self.quick and busy is not None:
            return
        self._elements += count
        self._ends += not count
        self._seconds += seconds
        self._busy += seconds if busy is None else busy
        self._waited += seconds if seconds > _WAIT_SECONDS else 0.0
        if self._elements >= _LOOKED_AT or self._seconds > _LOOKED_AT_SECONDS:
            self._decide(max(1, self._elements))
            self._begin()

    def _decide(self, count: int) -> None:
        self.each = self._seconds / count
        if self.quick:
            if not self._takes_little(self._seconds / _STAYS_QUICK) or self._waited > self._seconds / 2:
                self.quick = False
                self._patience *= _PATIENCE
                self._since = 0
            return
        self._since += count
        little = self._takes_little(min(self._seconds, self._busy))
        self.quick = little and self.each < _NEVER_QUICK_SECONDS and self._since >= self._patience

    def _takes_little(self, seconds: float) -> bool:
        return seconds < self._elements * self._quick_seconds or seconds < self._ends * QUICK_ITERATOR_SECONDS
