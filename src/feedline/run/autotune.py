"""Autotune: inline or in threads, by what each was measured to give.

Threads let the pipeline work while the model does, and use more cores; but each result costs a hand-over, and work that
holds the interpreter's lock gains nothing from a second thread. Which of the two weighs more depends on the work, so
both are tried. Where the consumer does something of its own between two elements, threads stay: they use that time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

THREADED_SECONDS = 200e-6
"""An element that takes less is computed inline at first: handing it over would cost about as much."""

_FIRST_UNITS = 3
_WINDOW_SECONDS = 0.1
_SETTLED_SECONDS = 5.0
_BETTER = 1.05
_TIGHT_SHARE = 0.15


@dataclass(slots=True)
class Window:
    """What was measured in one stretch of time.

    Args:
        units: how many units were given.
        elements: how many elements.
        busy: how long the consumer waited for them, in seconds.
        apart: how long the consumer did something else between two units, in seconds.
    """

    units: int = 0
    elements: int = 0
    busy: float = 0.0
    apart: float = 0.0

    def add(self, elements: int, busy: float, apart: float) -> None:
        """Adds a unit."""
        self.units += 1
        self.elements += elements
        self.busy += busy
        self.apart += apart

    @property
    def tight(self) -> bool:
        """Whether the consumer did little but wait."""
        return self.apart < _TIGHT_SHARE * (self.busy + self.apart)

    @property
    def rate(self) -> float:
        """Elements a second."""
        return self.elements / max(self.busy + self.apart, 1e-9)


class InlineOrThreads:
    """Says when to change between inline and threads.

    Example:
        >>> tuner = InlineOrThreads()
        >>> [tuner.note(elements=1, busy=0.01, apart=0.0, warm=True) for _ in range(3)]
        [False, False, True]
        >>> tuner.threaded
        True
    """

    def __init__(self, clock=time.monotonic) -> None:  # type: ignore[no-untyped-def]
        self.threaded = False
        self._clock = clock
        self._window = Window()
        self._trial = False
        self._threads_rate = 0.0
        self._settled_until = 0.0
        self._settled_for = _SETTLED_SECONDS
        self._settled = False

    def note(self, elements: int, busy: float, apart: float, warm: bool) -> bool:
        """Takes note of a unit, and says whether to change.

        Args:
            elements: how many elements it has.
            busy: how long the consumer waited for it, in seconds.
            apart: how long the consumer did something else before it, in seconds.
            warm: whether the way at hand has run long enough to be measured.
        """
        if not warm:
            return False
        self._window.add(elements, busy, apart)
        change = self._threads_decide() if self.threaded else self._inline_decides()
        if change:
            self.threaded = not self.threaded
        if change or self._window.busy + self._window.apart >= _WINDOW_SECONDS:
            self._window = Window()
        return change

    def _inline_decides(self) -> bool:
        window = self._window
        if self._trial:
            if window.busy + window.apart < _WINDOW_SECONDS:
                return False
            self._trial = False
            self._settle()
            return window.rate < _BETTER * self._threads_rate or not window.tight
        if self._settled:
            full = window.busy + window.apart >= _WINDOW_SECONDS
            return full and (not window.tight or self._clock() > self._settled_until)
        return window.units >= _FIRST_UNITS and window.busy > THREADED_SECONDS * window.elements

    def _threads_decide(self) -> bool:
        window = self._window
        if window.busy + window.apart < _WINDOW_SECONDS or self._clock() < self._settled_until:
            return False
        if not window.tight:
            return False
        self._threads_rate = window.rate
        self._trial = True
        return True

    def _settle(self) -> None:
        """Leaves things as they are for a while, longer each time."""
        self._settled = True
        self._settled_until = self._clock() + self._settled_for
        self._settled_for *= 2
