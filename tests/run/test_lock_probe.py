"""Whether the interpreter's lock is held is measured, and others are let have it."""

from __future__ import annotations

import threading
import time

import numpy as np

from feedline.run.lock_probe import LockProbe, give_way


def share_beside(work, seconds: float = 20.0) -> float:
    """Returns what a probe measures while this thread does some work."""
    probe, end = LockProbe(), time.monotonic() + seconds
    while probe.share is None and time.monotonic() < end:
        work()
    assert probe.share is not None
    return probe.share


def test_work_in_python_holds_it() -> None:
    def work() -> None:
        sum(number * number for number in range(400_000))
        give_way()

    assert share_beside(work) > 0.5


def test_waiting_does_not_hold_it() -> None:
    # what else the machine does may make a thread late: not each time
    assert min(share_beside(lambda: time.sleep(0.002)) for _ in range(10)) < 0.5


def test_a_thread_that_lets_go_of_the_lock_for_moments_lets_others_have_it() -> None:
    rounds: list[int] = []

    def other() -> None:
        for number in range(5):
            time.sleep(0.001)
            rounds.append(number)

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    values, target = list(range(256)), np.zeros(256, np.int32)
    end = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < end:
        for _ in range(10):  # without `give_way` the other thread may wait for seconds, each time
            target[:] = values
        give_way()
    assert rounds == [0, 1, 2, 3, 4]
