"""How many threads there are, chosen on a clock of the test's own: as few as give as much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from feedline.run.autotune import Tuner


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(tuner: Tuner, clock: Clock, seconds: float, busy: Callable[[int], float], apart: float = 0.0) -> Counter:
    """Lets time pass where so many threads need `busy` seconds for an element; 0 threads is inline.

    Returns:
        For how many seconds there were how many threads.
    """
    spent: Counter = Counter()
    end = clock.now + seconds
    while clock.now < end:
        threads = 0 if tuner.way == "inline" else tuner.threads
        took = busy(threads)
        clock.now += took + apart
        spent[threads] += took + apart
        tuner.note(1, took, apart, warm=True)
    return spent


def perfectly(threads: int) -> float:
    return 5e-3 / max(1, threads)


def up_to(most: int) -> Callable[[int], float]:
    """Threads beyond this number make it slower."""
    return lambda threads: 5e-3 / min(max(1, threads), most) * (1 + 0.05 * max(0, threads - most))


def under_one_lock(threads: int) -> float:
    return 5e-3 * (1 + 0.1 * threads)


@pytest.mark.parametrize("cores", [2, 4, 6, 16])
def test_all_threads_stay_where_each_gives_more(cores) -> None:
    clock = Clock()
    tuner = Tuner(workers=cores, clock=clock)
    spent = run(tuner, clock, 60.0, perfectly)
    assert tuner.threads == cores
    assert spent[cores] > 0.9 * 60


@pytest.mark.parametrize("useful", [2, 4, 8])
def test_threads_that_give_nothing_are_left_out(useful) -> None:
    clock = Clock()
    tuner = Tuner(workers=16, clock=clock)
    spent = run(tuner, clock, 60.0, up_to(useful))
    assert tuner.threads == useful
    assert spent[useful] > 0.85 * 60


def test_more_threads_come_back_where_they_give_more_by_then() -> None:
    clock = Clock()
    tuner = Tuner(workers=16, clock=clock)
    run(tuner, clock, 15.0, up_to(2))
    assert tuner.threads == 2
    run(tuner, clock, 300.0, perfectly)
    assert tuner.threads == 16


def test_one_thread_is_tried_where_many_give_less_than_none() -> None:
    def busy(threads: int) -> float:
        return {0: 5e-3, 1: 4e-3}.get(threads, 8e-3)

    clock = Clock()
    tuner = Tuner(workers=4, clock=clock)
    spent = run(tuner, clock, 60.0, busy)
    assert (tuner.way, tuner.threads) == ("threads", 1)
    assert spent[1] > 0.85 * 60


def test_inline_stays_where_no_number_of_threads_gives_more() -> None:
    clock = Clock()
    tuner = Tuner(workers=4, clock=clock)
    spent = run(tuner, clock, 60.0, under_one_lock)
    assert tuner.way == "inline"
    assert spent[0] > 0.85 * 60


def test_a_number_that_the_user_gave_stays() -> None:
    clock = Clock()
    tuner = Tuner(("threads", "processes"), 8, clock)
    spent = run(tuner, clock, 60.0, up_to(2))
    assert set(spent) == {8}


def test_the_next_epoch_begins_with_as_many_threads() -> None:
    clock = Clock()
    first = Tuner(workers=16, clock=clock)
    run(first, clock, 15.0, up_to(4))
    again = Tuner.resumed(first)
    assert (again.way, again.threads) == ("threads", 4)
    assert set(run(again, clock, 2.0, up_to(4))) == {4}


def test_an_epoch_that_ends_within_a_trial_leaves_the_number_from_before() -> None:
    clock = Clock()
    tuner = Tuner(workers=16, clock=clock)
    run(tuner, clock, 15.0, perfectly)
    while tuner.threads == 16:
        run(tuner, clock, 0.05, perfectly)
    assert Tuner.resumed(tuner).threads == 16


def test_what_was_compared_is_told() -> None:
    clock = Clock()
    tuner = Tuner(workers=4, clock=clock)
    run(tuner, clock, 9.0, perfectly)
    assert tuner.comparison == "4 threads gave 4.00 times what this thread gave"
    tuner = Tuner(workers=4, clock=clock)
    run(tuner, clock, 9.0, up_to(2))
    assert tuner.comparison == "2 threads gave 2.00 times what 1 thread gave"


def test_more_threads_than_cores_are_kept_to_where_they_were_given() -> None:
    clock = Clock()
    tuner = Tuner(("threads", "processes"), 2, clock, threads=5)
    assert set(run(tuner, clock, 10.0, perfectly)) == {5}
    assert Tuner.resumed(tuner).threads == 5
