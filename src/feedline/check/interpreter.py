"""Work: how much of what a function does is the interpreter's own work, which no other thread can do meanwhile.

Whether a function lets other threads work cannot be asked, and trying it with two threads tells nothing on a machine
that does something else as well. So its steps are watched: a step of the interpreter that takes long is an operation of
NumPy or of another library, which lets go of the lock; all the short ones together hold it. What else the machine does
plays no part, since only the time counts in which this thread is at work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from feedline.check import costs

LONG_SECONDS = 100e-6
"""An operation that takes longer is worth another thread's while: handing the lock over takes some time, too."""

BRIEF_SECONDS = 20e-6
"""An operation that takes less is hardly more than its call."""

_MOST_STEPS = 60_000
_STEP_SECONDS = 60e-9
"""About what a step of the interpreter takes where nobody watches."""

_HOLDING_NAMES = """
    builtins math cmath itertools _functools _collections _operator _json _csv _sre re _struct _pickle _heapq _bisect
    _random _datetime _decimal _string unicodedata
"""
_HOLDING_MODULES = frozenset(_HOLDING_NAMES.split())
_HOLDING_TYPES = (str, bytes, bytearray, list, dict, set, frozenset, tuple, int, float)


@dataclass(frozen=True, slots=True)
class Work:
    """The work of one call.

    Args:
        seconds: for how long a core was at work.
        long_seconds: the part of it in operations of more than 100 us that let go of the lock.
        middle_seconds: the part of it in operations of 20 to 100 us.
    """

    seconds: float
    long_seconds: float
    middle_seconds: float

    @property
    def holding_share(self) -> float:
        """Which part of the work no other thread could do meanwhile, from 0 to 1."""
        return self._rest(self.long_seconds)

    @property
    def calling_share(self) -> float:
        """Which part of the work is hardly more than the calls, from 0 to 1: steps of less than 20 us."""
        return self._rest(self.long_seconds + self.middle_seconds)

    def _rest(self, seconds: float) -> float:
        return 1 - min(1.0, seconds / self.seconds) if self.seconds > 0 else 0.0


def work_of(call: Callable[[], Any]) -> Work | None:
    """Calls something three times, and returns what its work is like; None where a debugger watches it already.

    Args:
        call: what is called.

    Example:
        >>> work = work_of(lambda: sum(number * number for number in range(20_000)))
        >>> work is None or work.holding_share > 0.8
        True
    """
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return None
    call()
    start = costs.busy_clock()
    call()
    seconds = costs.busy_clock() - start
    watch = _Watch()
    watch.run(call)
    if watch.stopped:  # what came later was not watched, and watching takes longer than the steps themselves
        seconds = watch.long_seconds + watch.middle_seconds + watch.held_seconds + watch.steps * _STEP_SECONDS
    return Work(seconds, watch.long_seconds, watch.middle_seconds)


class _Watch:
    """Told of each step of the interpreter, adds up those that take long."""

    def __init__(self) -> None:
        self.steps = 0
        self.stopped = False
        self.long_seconds = 0.0
        self.middle_seconds = 0.0
        self.held_seconds = 0.0
        self._called: Any = None
        self._last = 0.0

    def run(self, call: Callable[[], Any]) -> None:
        self._last = costs.busy_clock()
        sys.setprofile(self._note_call)
        sys.settrace(self._step)
        try:
            call()
        finally:
            sys.settrace(None)
            sys.setprofile(None)

    def _note_call(self, frame: FrameType, event: str, value: Any) -> None:
        if event == "c_call":
            self._called = value

    def _step(self, frame: FrameType, event: str, value: Any) -> Any:
        if self.stopped:
            return None
        seconds = costs.busy_clock() - self._last
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if seconds > BRIEF_SECONDS:
            self._add(seconds)
        self._called = None
        self.steps += 1
        if self.steps >= _MOST_STEPS:
            self.stopped = True
            sys.settrace(None)
            sys.setprofile(None)
        self._last = costs.busy_clock()
        return self._step

    def _add(self, seconds: float) -> None:
        if self._called is not None and _holds_the_lock(self._called):
            self.held_seconds += seconds
        elif seconds > LONG_SECONDS:
            self.long_seconds += seconds
        else:
            self.middle_seconds += seconds


def _holds_the_lock(function: Any) -> bool:
    """Says whether a function of C's is one that keeps the lock as long as it runs."""
    owner = getattr(function, "__self__", None)
    return getattr(function, "__module__", None) in _HOLDING_MODULES or isinstance(owner, _HOLDING_TYPES)
