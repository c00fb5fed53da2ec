"""Work: how much of what a function does is the interpreter's own work, which no other thread can do meanwhile.

Whether a function lets other threads work cannot be asked, and trying it with two threads tells nothing on a machine
that does something else as well. So its steps are watched: a step of the interpreter that takes long is an operation of
NumPy or of another library, which lets go of the lock; all the short ones together hold it. A step counts as long only
where it is so most of the times: what else the machine does makes others long now and then.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from feedline.check import costs

LONG_SECONDS = 100e-6
"""An operation that takes longer is worth another thread's while: handing the lock over takes some time, too."""

MOST_CALLS = 5
"""How often a function is called to see what its work is like."""

_WATCHED_CALLS = 3
_MOST_STEPS = 20_000
_STEP_SECONDS = 60e-9
"""About what a step of the interpreter takes where nobody watches."""

_HOLDING_NAMES = """
    builtins math cmath itertools _functools _collections _operator _json _csv _sre re _struct _pickle _heapq _bisect
    _random _datetime _decimal _string unicodedata
"""
_HOLDING_MODULES = frozenset(_HOLDING_NAMES.split())
_HOLDING_TYPES = (str, bytes, bytearray, list, dict, set, frozenset, tuple, int, float)


_Place = tuple[CodeType, int, str]


@dataclass(frozen=True, slots=True)
class Work:
    """The work of one call.

    Args:
        seconds: how long it takes.
        free_seconds: the part of it in operations of more than 100 us that let go of the lock.
    """

    seconds: float
    free_seconds: float

    @property
    def holding_share(self) -> float:
        """Which part of the work no other thread could do meanwhile, from 0 to 1."""
        return 1 - min(1.0, self.free_seconds / self.seconds) if self.seconds > 0 else 0.0


def work_of(call: Callable[[], Any]) -> Work | None:
    """Calls something `MOST_CALLS` times, and returns what its work is like; None where a debugger watches it.

    Args:
        call: what is called.

    Example:
        >>> work = work_of(lambda: sum(number * number for number in range(20_000)))
        >>> work is None or work.holding_share > 0.8
        True
    """
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return None
    seconds = min(_seconds_of(call) for _ in range(MOST_CALLS - _WATCHED_CALLS))
    watch = _Watch()
    for _ in range(_WATCHED_CALLS):
        watch.run(call)
    free_seconds = watch.free_seconds / _WATCHED_CALLS
    if watch.stopped:  # what came later was not watched, and watching takes longer than the steps themselves
        seconds = free_seconds + (watch.held_seconds + watch.steps * _STEP_SECONDS) / _WATCHED_CALLS
    return Work(seconds, free_seconds)


def _seconds_of(call: Callable[[], Any]) -> float:
    start = costs.wall_clock()
    call()
    return costs.wall_clock() - start


class _Watch:
    """Told of each step of the interpreter, notes those that take long, by their place in the code.

    Attributes:
        held_seconds: how long those took that keep the lock.
        steps: how many steps there were.
        stopped: whether there were too many to watch them all.
    """

    def __init__(self) -> None:
        self.held_seconds = 0.0
        self.steps = 0
        self.stopped = False
        self._visits: Counter[_Place] = Counter()
        self._long: dict[_Place, list[float]] = {}
        self._called: Any = None
        self._last = 0.0
        self._most = 0

    @property
    def free_seconds(self) -> float:
        """How long those steps took that let go of the lock: that are long most of the times."""
        return sum(sum(taken) for place, taken in self._long.items() if 2 * len(taken) > self._visits[place])

    def run(self, call: Callable[[], Any]) -> None:
        """Calls something and watches it."""
        self._most = self.steps + _MOST_STEPS
        self._last = costs.wall_clock()
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
        seconds = costs.wall_clock() - self._last
        if self.steps >= self._most:
            self.stopped = True
            sys.settrace(None)
            sys.setprofile(None)
            return None
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        place = frame.f_code, frame.f_lasti, event
        self._visits[place] += 1
        if seconds > LONG_SECONDS:
            if self._called is not None and _holds_the_lock(self._called):
                self.held_seconds += seconds
            else:
                self._long.setdefault(place, []).append(seconds)
        self._called = None
        self.steps += 1
        self._last = costs.wall_clock()
        return self._step


def _holds_the_lock(function: Any) -> bool:
    """Says whether a function of C's is one that keeps the lock as long as it runs."""
    owner = getattr(function, "__self__", None)
    return getattr(function, "__module__", None) in _HOLDING_MODULES or isinstance(owner, _HOLDING_TYPES)
