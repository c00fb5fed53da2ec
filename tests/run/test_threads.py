"""Threads give units in order, drain without losing any, and can be closed at any time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import numpy as np
import pytest

import feedline as fl
from feedline.block import Block
from feedline.run.threads import Threads
from feedline.structure import flatten

TREEDEF = flatten(0)[1]


class NumberUnit:
    """The numbers from first on."""

    def __init__(self, first: int, count: int) -> None:
        self.first, self.count = first, count

    def compute(self, turns: object = None, remote: object = None) -> Block:
        if self.first <= 50 < self.first + self.count and NumberUnits.fails:
            raise ValueError("fifty")
        return Block(self.count, [np.arange(self.first, self.first + self.count)], TREEDEF)


class NumberUnits:
    """Units of the numbers below `length`."""

    fails = False

    def __init__(self, length: int = 1 << 60) -> None:
        self.length, self.next, self.closed = length, 0, 0

    def take(self, count: int) -> NumberUnit | None:
        count = min(count, self.length - self.next)
        if count <= 0:
            return None
        self.next += count
        return NumberUnit(self.next - count, count)

    def close(self) -> None:
        self.closed += 1


def numbers(threads: Threads, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        ticket = threads.next()
        if ticket is None or (block := ticket.result()) is None:
            break
        found.extend(block.columns[0].tolist())
    return found


def numbers_into(found: list[int], threads: Threads) -> None:
    while True:
        found.extend(threads.next().result().columns[0].tolist())


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("lookahead", [0, -1, 3, 100])
def test_results_come_in_order_to_the_end(workers, lookahead):
    threads = Threads(NumberUnits(1000), workers, lookahead)
    assert numbers(threads, 2000) == list(range(1000))
    threads.close()


def test_draining_gives_what_is_under_way_and_leaves_the_rest():
    units = NumberUnits()
    threads = Threads(units, 3, 0)
    first = numbers(threads, 10)
    threads.drain()
    rest = numbers(threads, 1 << 60)
    assert first + rest == list(range(units.next))
    assert threads.next() is None
    assert units.closed == 0
    assert units.take(1).first == len(first + rest)
    threads.resume()
    assert numbers(threads, 5)[0] == len(first + rest) + 1
    threads.close()


def test_short_units_get_longer():
    threads = Threads(NumberUnits(), 2, 0)
    for _ in range(50):
        last = threads.next().result()
    threads.close()
    assert last.length > 1


def test_a_failure_is_raised_in_its_place():
    NumberUnits.fails = True
    try:
        threads = Threads(NumberUnits(), 2, 0)
        found: list[int] = []
        with pytest.raises(ValueError, match="fifty"):
            numbers_into(found, threads)
        assert found == list(range(len(found)))
        threads.close()
    finally:
        NumberUnits.fails = False


def test_closing_ends_threads_and_units():
    units = NumberUnits()
    threads = Threads(units, 4, 0)
    numbers(threads, 10)
    threads.close()
    assert units.closed >= 1
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("feedline") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a thread stayed"
        threading.Event().wait(0.01)
    with pytest.raises(CancelledError):
        threads.next().result()


class FailingUnits(NumberUnits):
    """Units the third of which cannot be taken."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def take(self, count: int) -> NumberUnit | None:
        self.taken += 1
        if self.taken == 3:
            raise ValueError("three")
        return super().take(1)


def test_nothing_is_taken_behind_a_failure_until_the_consumer_asks_on():
    units = FailingUnits()
    threads = Threads(units, 4, 50)
    first = [threads.next().result().columns[0].tolist() for _ in range(2)]
    assert first == [[0], [1]]
    failed = threads.next()
    with pytest.raises(ValueError, match="three"):
        failed.result()
    for _ in range(60):
        time.sleep(0.0005)
        if units.taken != 3:
            break
    assert units.taken == 3
    assert numbers(threads, 20) == list(range(2, 22))
    threads.close()


def test_closing_behind_a_failure_ends_the_threads():
    units = FailingUnits()
    threads = Threads(units, 4, 50)
    tickets = [threads.next() for _ in range(3)]
    assert tickets[2].exception() is not None
    threads.close()
    assert units.closed
    for thread in threads._pool._threads:
        thread.join(5)
        assert not thread.is_alive()


def test_another_number_of_threads_is_kept_to() -> None:
    running: set[int] = set()
    most: list[int] = []

    class Watched(NumberUnit):
        def compute(self, *arguments):
            running.add(self.first)
            most.append(len(running))
            time.sleep(1e-3)
            running.remove(self.first)
            return super().compute(*arguments)

    class WatchedUnits(NumberUnits):
        def take(self, count):
            unit = super().take(1)
            if unit is not None:
                unit.__class__ = Watched
            return unit

    threads = Threads(WatchedUnits(10_000), 4, 0)
    found = numbers(threads, 40)
    for workers in (1, 3, 2, 4):
        threads.limit(workers)
        found += numbers(threads, 40)  # what was begun before is among these
        most.clear()
        found += numbers(threads, 80)
        assert max(most) <= workers
    assert found == list(range(len(found)))
    threads.close()


@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
def test_what_numpy_is_told_of_errors_holds_wherever_a_function_runs(executor) -> None:
    def function(number):
        return np.log(abs(number - 5.0)) if number % 2 else number * 1.0

    dataset = fl.Dataset.range(20).map(function, num_parallel_calls=2).with_options(fl.Options(executor=executor))
    with np.errstate(all="ignore"):
        assert len(list(dataset)) == 20
    with np.errstate(all="raise"):
        iterator = iter(dataset)
        with pytest.raises(fl.errors.UserFunctionError, match="FloatingPointError"):
            list(iterator)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_elements_that_become_large_wait_for_room_in_the_budget(executor, tmp_path) -> None:
    def grow(position):
        time.sleep(0.02)  # so long that units have one element or two
        if position < 40:
            return np.zeros(10, np.uint8)
        (tmp_path / str(int(position))).touch()
        return np.full(4 << 20, position, np.uint8)

    options = fl.Options(executor=executor, memory_budget=16 << 20)
    dataset = fl.Dataset.range(160).map(grow, num_parallel_calls=2).prefetch(100).with_options(options)
    most = 0
    for given, element in enumerate(dataset, 1):
        assert element[0] == (given - 1 if given > 40 else 0)
        if given == 60:
            time.sleep(1.0)  # nothing but the budget keeps them from being made
        most = max(most, len(list(tmp_path.iterdir())) - max(0, given - 40))
    assert given == 160
    assert most <= 40  # before that is known, some are begun
