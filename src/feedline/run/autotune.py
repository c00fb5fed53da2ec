"""Autotune: inline or in threads, by what each was measured to give.

Threads let the pipeline work while the model does, and use more cores; but each result costs a hand-over, and work that
holds the interpreter's lock gains nothing from a second thread. Which of the two weighs more depends on the work, so
both are tried. Where the consumer does something of its own between two elements, threads stay: they use that time.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

THREADED_SECONDS = 20e-6
"""An element that takes less is not worth a trial of threads: handing it over would cost about as much."""

_HANDED_OVER_SECONDS = 50e-6
"""What it costs to hand an element over: less is not worth a thread beside a busy consumer, where none is tried."""

_FIRST_UNITS = 3
_WINDOW_SECONDS = 0.08
_WINDOW_UNITS = 4
_TRIAL_ROUNDS = 3
_SETTLED_SECONDS = 10.0
_LONGEST_SETTLED_SECONDS = 120.0
_BETTER = 1.05
_FAR_BETTER = 1.2
"""Where threads give so much more than inline in two windows side by side, no more windows are compared."""

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
        self._settled = False
        self._settled_until = 0.0
        self._settled_for = _SETTLED_SECONDS
        self._turns = 0
        self._rates: dict[bool, list[float]] = {True: [], False: []}
        self._verdict = False

    @classmethod
    def resumed(cls, other: InlineOrThreads) -> InlineOrThreads:
        """Returns one that begins with what another has settled on."""
        tuner = cls(other._clock)
        if other._settled:
            tuner._settled, tuner.threaded = True, other._verdict
            tuner._verdict = other._verdict
            tuner._settled_until, tuner._settled_for = other._settled_until, other._settled_for
        return tuner

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
        window = self._window
        window.add(elements, busy, apart)
        if not self._settled and not self.threaded and self._turns == 0:
            change = window.units >= _FIRST_UNITS and self._pays(window)
        elif window.busy + window.apart < _WINDOW_SECONDS or window.units < _WINDOW_UNITS:
            return False
        elif self._turns:
            change = self._compare(window)
        else:
            change = self._look_again(window)
        if change:
            self.threaded = not self.threaded
        if change or window.busy + window.apart >= _WINDOW_SECONDS:
            self._window = Window()
        return change

    @staticmethod
    def _pays(window: Window) -> bool:
        """Says whether elements are so dear that threads are worth a trial, or worth having beside a busy consumer."""
        each = window.busy / window.elements
        return each > (THREADED_SECONDS if window.tight else _HANDED_OVER_SECONDS)

    def _look_again(self, window: Window) -> bool:
        """Says whether to change after a window outside a trial; begins a trial where it is time for one."""
        if not window.tight:
            return not self.threaded
        if self._clock() < self._settled_until:
            return False
        self._turns = 2 * _TRIAL_ROUNDS
        self._rates = {True: [], False: []}
        return self._compare(window)

    def _compare(self, window: Window) -> bool:
        """Notes a window of a trial, in which both ways take turns; says whether to change.

        Each window is compared with the one beside it, since what else the machine does comes and goes, and the middle
        one of the comparisons counts.
        """
        self._rates[self.threaded].append(window.rate)
        self._turns -= 1
        pairs = zip(self._rates[False], self._rates[True], strict=False)
        gains = [inline / max(threaded, 1e-9) for inline, threaded in pairs]
        decided = bool(gains) and gains[0] * _FAR_BETTER < 1
        if self._turns and window.tight and not decided:
            return True
        self._turns = 0
        self._settled = True
        self._settled_until = self._clock() + self._settled_for
        self._settled_for = min(2 * self._settled_for, _LONGEST_SETTLED_SECONDS)
        threads_win = not window.tight or not gains or statistics.median(gains) < _BETTER
        self._verdict = threads_win
        return threads_win != self.threaded
