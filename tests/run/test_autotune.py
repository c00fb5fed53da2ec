"""The choice between inline and threads, on a clock of the test's own."""

from __future__ import annotations

from feedline.run.autotune import Tuner


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(tuner: Tuner, clock: Clock, seconds: float, inline: float, threads: float, apart: float) -> list[bool]:
    """Lets time pass at these rates (seconds an element); returns how it was run, unit by unit."""
    ways = []
    end = clock.now + seconds
    while clock.now < end:
        ways.append(tuner.way == "threads")
        busy = threads if tuner.way == "threads" else inline
        clock.now += busy + apart
        tuner.note(1, busy, apart, warm=True)
    return ways


def test_cheap_elements_stay_inline():
    clock = Clock()
    assert not any(run(Tuner(clock=clock), clock, 5.0, inline=15e-6, threads=30e-6, apart=0.0))


def test_cheap_elements_go_to_threads_beside_a_busy_consumer():
    clock = Clock()
    assert all(run(Tuner(clock=clock), clock, 5.0, inline=100e-6, threads=1e-6, apart=1e-3)[3:])
    assert not any(run(Tuner(clock=clock), clock, 5.0, inline=20e-6, threads=1e-6, apart=1e-3))


def test_threads_stay_where_they_give_more():
    clock = Clock()
    ways = run(Tuner(clock=clock), clock, 60.0, inline=10e-3, threads=5e-3, apart=0.0)
    assert sum(ways) / len(ways) > 0.95


def test_inline_comes_back_where_threads_give_less():
    clock = Clock()
    ways = run(Tuner(clock=clock), clock, 60.0, inline=5e-3, threads=8e-3, apart=0.0)
    assert ways[3]
    assert sum(ways) / len(ways) < 0.2


def test_threads_stay_where_the_consumer_works_too():
    clock = Clock()
    ways = run(Tuner(clock=clock), clock, 20.0, inline=5e-3, threads=5e-3, apart=5e-3)
    assert all(ways[3:])


def test_threads_come_back_when_the_consumer_begins_to_work():
    clock = Clock()
    tuner = Tuner(clock=clock)
    run(tuner, clock, 2.0, inline=5e-3, threads=8e-3, apart=0.0)
    assert tuner.way == "inline"
    ways = run(tuner, clock, 2.0, inline=5e-3, threads=1e-3, apart=10e-3)
    assert ways[-1]


def test_what_is_not_warm_does_not_count():
    tuner = Tuner(clock=Clock())
    assert not any(tuner.note(1, 1.0, 0.0, warm=False) for _ in range(100))


def test_the_next_epoch_begins_with_what_the_last_settled_on():
    clock = Clock()
    first = Tuner(clock=clock)
    run(first, clock, 1.8, inline=5e-3, threads=8e-3, apart=0.0)
    assert first.way == "inline"
    again = Tuner.resumed(first)
    assert not any(run(again, clock, 0.5, inline=5e-3, threads=8e-3, apart=0.0))
    first = Tuner(clock=clock)
    run(first, clock, 2.0, inline=10e-3, threads=5e-3, apart=0.0)
    assert Tuner.resumed(first).way == "threads"


def test_threads_stay_though_the_machine_is_busy_with_something_else_now_and_then():
    clock = Clock()
    tuner = Tuner(clock=clock)
    ways = []
    while clock.now < 60.0:
        slowed = 3 if int(clock.now / 0.7) % 3 == 0 else 1
        ways += run(tuner, clock, 0.05, inline=10e-3 * slowed, threads=7e-3 * slowed, apart=0.0)
    assert sum(ways) / len(ways) > 0.9
