"""How much of the time the interpreter's lock is held, and how to let other threads have it."""

from __future__ import annotations

import threading
import time

_SAMPLES = 10
_LEAST_SAMPLES = 6
_LONGEST_SECONDS = 0.1
_PAUSE_SECONDS = 1e-3

_LATE_SECONDS = 5e-3
"""Who waits for the lock asks for it after so long (`sys.getswitchinterval`); later is the system's doing."""


def give_way(seconds: float = 50e-6) -> None:
    """Lets another thread have the interpreter's lock, if one waits for it.

    Args:
        seconds: for how long it is let go of; who has it by then keeps it for 5 ms at least.

    Functions that let go of the lock for moments, as many of NumPy's do, may keep others from it for seconds: these
    wake up each time, find it taken again, and only ask for it when they have waited 5 ms without being woken up. So it
    is let go of for as long as it takes to wake up.
    """
    time.sleep(seconds)


class LockProbe:
    """Measures how late a thread of its own gets the lock, for about a tenth of a second.

    Attributes:
        share: the part of the time in which the lock was held, from 0 to 1; None until that is known.
    """

    def __init__(self) -> None:
        self.share: float | None = None
        threading.Thread(target=self._measure, daemon=True, name="feedline_lock_probe").start()

    def _measure(self) -> None:
        late, samples = 0.0, 0
        end = time.perf_counter() + _LONGEST_SECONDS
        while samples < _LEAST_SAMPLES or (samples < _SAMPLES and time.perf_counter() < end):
            start = time.perf_counter()
            time.sleep(_PAUSE_SECONDS)
            samples += 1
            late += min(_LATE_SECONDS, time.perf_counter() - start - _PAUSE_SECONDS)
        self.share = late / (late + samples * _PAUSE_SECONDS)
