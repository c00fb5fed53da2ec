"""Autotune: inline, in threads or in processes, by what each was measured to give.

Threads let the pipeline work while the model does, and use more cores; but each result costs a hand-over, and work that
holds the interpreter's lock gains nothing from a second thread. Which of the two weighs more depends on the work, so
both are tried. Where the consumer does something of its own between two elements, threads stay: they use that time.

Processes have a lock each, but starting them costs a second of work. They are wanted where the consumer has waited for
some time for a pipeline that works as fast as it can and yet uses fewer cores than it may: something, which is the
interpreter's lock as a rule, keeps its threads from working at one time. Whether processes give more is tried, too.
Where the work is dear and was seen to hold the lock, threads are not tried, and processes are wanted sooner.

More threads than the work can use get in each other's way: half as many are tried, and half of these, for as long as
they give as much; later whether twice as many give more by then.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from feedline.run.concurrency import INLINE, PROCESSES, THREADS

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
_MOST_WINDOWS_AT_FIRST = 5
_FASTER = 1.1
"""A way that is tried for the first time is measured once a window gives no more than this of the one before."""

_BETTER = 1.05
_FAR_BETTER = 1.2
"""Where the second way gives so much more than the first in two windows side by side, no more windows are compared."""

_TIGHT_SHARE = 0.15
_WAITING_SHARE = 0.15
"""A consumer that waits for less than this part of its time has what it needs."""

_STEADY_SECONDS = 1.0
"""For how long a pipeline must have been held up before processes are worth their start."""

_STEADY_SECONDS_OF_LOCK = 0.2
"""For how long where it was seen to hold the interpreter's lock."""

_PROBED_SECONDS = 1e-3
"""An element must take so long for the lock to be probed: processes start at once, where it is held."""

_LONGEST_PROBE_SECONDS, _LEAST_PROBED_UNITS = 0.5, 3
_HELD_SHARE = 0.5
_LOOK_SECONDS = 0.5
_BUSY_CORES = 0.5
_FREE_SHARE = 0.7
_PROCESSES_BETTER = 1.1
_PROCESSES_SETTLED_SECONDS = 60.0
_MORE_THREADS_BETTER = 1.03
"""How many times as much twice as many threads must give."""

_SCALES = 0.6
"""Where threads give so many times their number of what one gives, fewer are not tried at once."""

_Choice = tuple[str, int]
"""By what a plan is run, and by how many threads."""


def _told(choice: _Choice) -> str:
    """Returns a choice for people."""
    way, threads = choice
    if way == INLINE:
        return "this thread"
    return f"{threads} {way if threads != 1 else 'thread'}" if way == THREADS else way


@dataclass(slots=True)
class Window:
    """What was measured in one stretch of time.

    Args:
        units: how many units were given.
        elements: how many elements.
        busy: how long the consumer waited for them, in seconds.
        apart: how long the consumer did something else between two units, in seconds.
        work: for how long cores were at work for them, in seconds.
    """

    units: int = 0
    elements: int = 0
    busy: float = 0.0
    apart: float = 0.0
    work: float = 0.0

    def add(self, elements: int, busy: float, apart: float, work: float = 0.0) -> None:
        """Adds a unit."""
        self.units += 1
        self.elements += elements
        self.busy += busy
        self.apart += apart
        self.work += work

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.busy + self.apart

    @property
    def tight(self) -> bool:
        """Whether the consumer did little but wait."""
        return self.apart < _TIGHT_SHARE * self.seconds

    @property
    def waiting(self) -> bool:
        """Whether the consumer waited for a good part of the time."""
        return self.busy >= _WAITING_SHARE * self.seconds

    @property
    def rate(self) -> float:
        """Elements a second."""
        return self.elements / max(self.seconds, 1e-9)


class _Trial:
    """Two ways by turns. Each window is compared with the one beside it, since what else the machine does comes and
    goes, and the middle one of the comparisons counts.

    Args:
        first: one way.
        second: the other.
        needed: how many times as much as the first the second must give to be taken.
    """

    def __init__(self, first: _Choice, second: _Choice, needed: float) -> None:
        self.first, self.second = first, second
        self._needed = needed
        self._rates: dict[_Choice, list[float]] = {first: [], second: []}
        self._turns = 2 * _TRIAL_ROUNDS

    def add(self, choice: _Choice, rate: float) -> None:
        """Notes a window."""
        self._rates[choice].append(rate)
        self._turns -= 1

    @property
    def gains(self) -> list[float]:
        """How many times as much the second way gave, in each pair of windows."""
        pairs = zip(self._rates[self.first], self._rates[self.second], strict=False)
        return [second / max(first, 1e-9) for first, second in pairs]

    @property
    def decided(self) -> bool:
        """Whether it is over."""
        gains = self.gains
        hopeless = self._needed > 1 and bool(gains) and gains[0] < 1
        return self._turns <= 0 or hopeless or (bool(gains) and gains[0] > _FAR_BETTER)

    @property
    def second_wins(self) -> bool:
        """Whether the second way is to be taken."""
        return not self.gains or statistics.median(self.gains) > self._needed


class Tuner:
    """Says by what a plan is to be run.

    Args:
        ways: by what it may be run. Where `INLINE` is among them, how many threads there are is chosen too.
        workers: how many cores threads, or processes, can use.
        clock: gives the time in seconds.
        threads: how many threads there are at the most; None for one a core.

    Attributes:
        way: by what it is to be run now.
        threads: by how many threads, where it is run by threads.
        wants_processes: whether processes are worth starting.
        wants_probe: whether it should be measured how much of the time the interpreter's lock is held.
        rate: how many elements a second were given lately.
        comparison: what was found when two ways were compared last, for people; empty before.

    Example:
        >>> tuner = Tuner()
        >>> [tuner.note(elements=1, busy=0.01, apart=0.0, warm=True) for _ in range(3)]
        [False, False, True]
        >>> tuner.way
        'threads'
    """

    def __init__(
        self,
        ways: tuple[str, ...] = (INLINE, THREADS),
        workers: int = 2,
        clock: Callable[[], float] = time.monotonic,
        threads: int | None = None,
    ) -> None:
        self._ways = ways
        self._workers = workers
        self._clock = clock
        self._window = Window()
        self._look = Window()
        self._steady = 0.0
        self._verdict: str | None = None
        self._settled_until = 0.0
        self._settled_for = _SETTLED_SECONDS
        self._trial: _Trial | None = None
        self._known_ways: set[str] = set()
        self._rates_at_first: list[float] = []
        self._plainer = self.way = ways[0]
        self._most_threads = self._threads_before = self.threads = threads or workers
        self._fewer = True
        self._threads_after = 0.0
        self._threads_for = _SETTLED_SECONDS
        self._processes_ready = False
        self._processes_after = 0.0
        self._processes_for = _PROCESSES_SETTLED_SECONDS
        self._lock_share: float | None = None
        self._seconds_each: float | None = None
        self._probed_until, self._probed_units = 0.0, 0
        self.wants_processes = self.wants_probe = False
        self.rate = 0.0
        self.comparison = ""

    @classmethod
    def resumed(cls, other: Tuner) -> Tuner:
        """Returns one that begins with what another has settled on."""
        tuner = cls(other._ways, other._workers, other._clock, other._most_threads)
        tuner._steady, tuner.comparison = other._steady, other.comparison
        tuner._lock_share, tuner._known_ways = other._lock_share, other._known_ways
        tuner._seconds_each = other._seconds_each
        tuner._settled_until, tuner._settled_for = other._settled_until, other._settled_for
        tuner._processes_after, tuner._processes_for = other._processes_after, other._processes_for
        tuner._threads_after, tuner._threads_for = other._threads_after, other._threads_for
        if other._verdict is not None:
            tuner.way = tuner._verdict = other._verdict
            tuner._plainer = other._plainer
            tuner.threads = tuner._threads_before = other._threads_before
            tuner._fewer = other._fewer
            tuner._processes_ready = other._verdict == PROCESSES
        return tuner

    def note(self, elements: int, busy: float, apart: float, warm: bool, work: float = 0.0) -> bool:
        """Takes note of a unit, and says whether the way has changed.

        Args:
            elements: how many elements it has.
            busy: how long the consumer waited for it, in seconds.
            apart: how long the consumer did something else before it, in seconds.
            warm: whether the way at hand has run long enough to be measured.
            work: for how long cores were at work since the unit before, in seconds.
        """
        if not warm:
            return False
        self._look.add(elements, busy, apart, work)
        if self._look.seconds >= (_STEADY_SECONDS_OF_LOCK if self._holds_the_lock else _LOOK_SECONDS):
            self._look_for_the_lock()
        window = self._window
        window.add(elements, busy, apart, work)
        before = self.way, self.threads
        if self._verdict is None and self.way == INLINE and self._trial is None and THREADS in self._ways:
            if window.units >= _FIRST_UNITS:
                self._seconds_each = window.busy / window.elements
                if self._pays(window):
                    self._begin_with(window)
        elif window.seconds < _WINDOW_SECONDS or window.units < _WINDOW_UNITS:
            return False
        elif self._trial is not None:
            self._compare(self._trial, window)
        else:
            self._look_again(window)
        changed = (self.way, self.threads) != before
        if changed or (window.seconds >= _WINDOW_SECONDS and window.units >= _FIRST_UNITS):
            self._window = Window()
        return changed

    def note_lock(self, share: float) -> None:
        """Takes note of the part of the time in which the interpreter's lock is held by the work, from 0 to 1."""
        self.wants_probe = False
        self._lock_share = share

    @property
    def why_not_compared(self) -> str:
        """Why ways that it may be run by were not tried, for people; "" where they were, or there are none."""
        if self.comparison or len(self._ways) < 2:
            return ""
        others = " and ".join(way for way in self._ways if way != self._plainer)
        if self.way != INLINE:
            if PROCESSES not in self._ways or self.way == PROCESSES:
                return ""
            waits = f"{_STEADY_SECONDS:g} s of a consumer that waits while cores are idle"
            return f"processes not tried yet: that takes {waits}"
        if self._seconds_each is None:
            return f"{others} not tried: it was over before there was enough to measure"
        if self._holds_the_lock:
            return (
                "threads not tried: its functions hold Python's lock; processes not tried yet: that takes "
                f"{_STEADY_SECONDS_OF_LOCK:g} s of a consumer that waits"
            )
        if self._seconds_each <= _HANDED_OVER_SECONDS:
            each = self._seconds_each * 1e6
            return f"{others} not tried: an element takes {each:.2g} µs, less than handing it over costs"
        return f"{others} not compared yet"

    @property
    def _holds_the_lock(self) -> bool:
        return self._lock_share is not None and self._lock_share >= _HELD_SHARE and PROCESSES in self._ways

    def _begin_with(self, window: Window) -> None:
        """Takes threads for dear elements; waits for processes where threads could not work at one time."""
        if PROCESSES in self._ways and self._lock_share is None and window.tight:
            now = self._clock()
            if not self.wants_probe and window.busy / window.elements >= _PROBED_SECONDS:
                self.wants_probe, self._probed_until = True, now + _LONGEST_PROBE_SECONDS
            if self.wants_probe and (now < self._probed_until or self._probed_units < _LEAST_PROBED_UNITS):
                self._probed_units += 1
                return
        self.wants_probe = False
        if not self._holds_the_lock:
            self.way = THREADS
        elif window.tight:
            self._verdict = INLINE
            self._settled_until = self._clock() + self._settled_for
        elif window.seconds >= _WINDOW_SECONDS:  # less may be no more than one wait for the lock
            self.way = THREADS

    def offer_processes(self) -> None:
        """Says that processes have started: they are tried."""
        self.wants_processes = False
        self._processes_ready = True
        self._processes_after = 0.0

    def refuse_processes(self) -> None:
        """Says that the plan cannot be run by processes."""
        self.wants_processes = self._processes_ready = False
        self._ways = tuple(way for way in self._ways if way != PROCESSES)
        tried = self._trial is not None and self._trial.second[0] == PROCESSES
        if tried or PROCESSES in (self.way, self._verdict):
            self.way, self._trial = self._plainer, None
            self._verdict = None if self._verdict is None else self._plainer

    @staticmethod
    def _pays(window: Window) -> bool:
        """Says whether elements are so dear that threads are worth a trial, or worth having beside a busy consumer."""
        each = window.busy / window.elements
        return each > (THREADED_SECONDS if window.tight else _HANDED_OVER_SECONDS)

    def _look_for_the_lock(self) -> None:
        """Sees whether the consumer waits for a pipeline that is at work and yet leaves cores idle."""
        look, self._look = self._look, Window()
        self.rate = look.rate
        cores = look.work / look.seconds
        held_up = look.waiting and _BUSY_CORES <= cores < _FREE_SHARE * self._workers
        if self.way == PROCESSES or (self._trial is not None and self._trial.second[0] == PROCESSES):
            return
        self._steady = self._steady + look.seconds if held_up else 0.0
        due = PROCESSES in self._ways and not self._processes_ready and self._clock() >= self._processes_after
        steady = _STEADY_SECONDS_OF_LOCK if self._holds_the_lock else _STEADY_SECONDS
        self.wants_processes = due and self._steady >= steady

    def _look_again(self, window: Window) -> None:
        """Begins a trial where it is time for one, after a window outside a trial."""
        now = self._clock()
        if self.way == INLINE and not window.tight:
            self.way = THREADS
        elif self._processes_ready and now >= self._processes_after and window.waiting:
            self._begin(
                _Trial((self._plainer_way(), self.threads), (PROCESSES, self.threads), _PROCESSES_BETTER), window
            )
        elif (
            window.tight
            and self.way != PROCESSES
            and INLINE in self._ways
            and THREADS in self._ways
            and now >= self._settled_until
        ):
            self._begin(_Trial((INLINE, self.threads), (THREADS, self.threads), 1 / _BETTER), window)
        elif self.way == THREADS and INLINE in self._ways and window.waiting and now >= self._threads_after:
            self._try_other_threads(window)

    def _try_other_threads(self, window: Window) -> None:
        """Begins a trial of half as many threads, or, where that was tried last, of twice as many."""
        fewer = self._fewer
        if fewer and self.threads == 1:
            fewer = False
        if not fewer and 2 * self.threads > self._most_threads:
            fewer = self.threads > 1
            if not fewer:
                return
        few, many = (self.threads // 2, self.threads) if fewer else (self.threads, 2 * self.threads)
        self._begin(_Trial((THREADS, few), (THREADS, many), _MORE_THREADS_BETTER), window)

    def _plainer_way(self) -> str:
        return self.way if self.way != PROCESSES else self._plainer

    def _begin(self, trial: _Trial, window: Window) -> None:
        self._trial = trial
        self._compare(trial, window)

    def _compare(self, trial: _Trial, window: Window) -> None:
        """Notes a window of a trial, in which both ways take turns."""
        if self._gets_faster(window.rate):
            return
        here = self.way, self.threads
        trial.add(here, window.rate)
        threads_do = trial.first[0] == INLINE and trial.second[0] == THREADS and not window.tight
        if not trial.decided and not threads_do:
            self.way, self.threads = trial.first if here == trial.second else trial.second
            return
        self._trial = None
        second_wins = threads_do or trial.second_wins
        self.way, self.threads = trial.second if second_wins else trial.first
        now = self._clock()
        if trial.gains:
            gain = statistics.median(trial.gains)
            self.comparison = f"{_told(trial.second)} gave {gain:.2f} times what {_told(trial.first)} gave"
        if trial.first[0] == trial.second[0]:
            self._settle_threads(now)
        elif trial.second[0] == PROCESSES:
            self._plainer = trial.first[0]
            self._processes_ready = second_wins
            self._processes_after = now + self._processes_for
            self._processes_for *= 2
            self._steady = 0.0
        elif not second_wins and self.threads > 1:
            self.threads = 1  # where many get in each other's way, one may still be worth having
            self._settled_until = now
        else:
            self._plainer = self.way
            self._settled_until = now + self._settled_for
            self._settled_for = min(2 * self._settled_for, _LONGEST_SETTLED_SECONDS)
            scales = second_wins and bool(trial.gains) and statistics.median(trial.gains) > _SCALES * self.threads
            self._threads_after = now + (self._threads_for if scales else 0.0)
            self._threads_before = self.threads = self.threads if second_wins else self._most_threads
        self._verdict = self.way

    def _gets_faster(self, rate: float) -> bool:
        """Says whether the way at hand, tried for the first time, gives more from window to window.

        The memory that is used ahead is new to the process at first, which takes many times as long to write to.
        """
        if self.way == INLINE or self.way in self._known_ways:
            return False
        before = self._rates_at_first
        before.append(rate)
        if len(before) < _MOST_WINDOWS_AT_FIRST and (len(before) == 1 or rate > _FASTER * before[-2]):
            return True
        self._known_ways.add(self.way)
        before.clear()
        return False

    def _settle_threads(self, now: float) -> None:
        """Says when other numbers of threads are tried next, after a trial of two."""
        before, self._threads_before = self._threads_before, self.threads
        if self.threads != before:
            self._fewer = self.threads < before
            if self.threads > 1 and 2 * self.threads <= self._most_threads:
                self._threads_after = now  # it goes on in this direction
                return
        self._fewer = not self._fewer
        self._threads_after = now + self._threads_for
        self._threads_for = min(2 * self._threads_for, _LONGEST_SETTLED_SECONDS)
