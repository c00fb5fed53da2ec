"""Iterators that threads read ahead give what they gave before, and are closed in the end."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import feedline as fl
from feedline.nodes.base import Failure
from feedline.run.reading_ahead import Readers


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("feedline")]


@pytest.fixture
def readers() -> Iterator[Callable[..., Readers]]:
    """Returns what makes readers whose elements take a byte each; they are closed, and leave no thread."""
    made = []

    def make(count: int = 2, most: int = 2, budget: int = 1 << 20) -> Readers:
        made.append(Readers(count, most, budget, 0.0, lambda element: (1, 1)))  # nothing is ever quick
        return made[-1]

    yield make
    for each in made:
        each.close()
    deadline = time.monotonic() + 10
    while (left := workers()) and time.monotonic() < deadline:
        left[0].join(0.1)
    assert not workers()


def noting(made: list, changed: threading.Condition, closed: threading.Event | None = None):
    """Gives the numbers from 0 on, and notes each before it is given."""
    try:
        for number in itertools.count():
            with changed:
                made.append(number)
                changed.notify_all()
            yield number
    finally:
        if closed is not None:
            closed.set()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_gives_its_elements_in_order(readers, count) -> None:
    made = readers(count)
    each = [made.read(iter_of(range(number * 100, number * 107))) for number in range(6)]
    found: list[list[int]] = [[] for _ in each]
    for _ in range(40):
        for reader, numbers in zip(each, found, strict=True):
            numbers += itertools.islice(reader, 1)
    assert found == [list(range(number * 100, number * 107)) for number in range(6)]
    assert next(each[0], None) is None


def test_so_much_is_read_ahead_and_no_more(readers) -> None:
    made: list[int] = []
    changed = threading.Condition()
    reader = readers(most=3).read(noting(made, changed))
    for given in range(5):
        with changed:
            assert changed.wait_for(lambda least=given + 2: len(made) >= least, 10)
            assert len(made) <= given + 3
        assert next(reader) == given
    assert len(made) <= 5 + 3


def test_bytes_are_bounded_over_all_of_them(readers) -> None:
    all_made: list[list[int]] = [[] for _ in range(6)]
    changed = threading.Condition()
    bounded = readers(1, most=4, budget=5)
    each = [bounded.read(noting(made, changed)) for made in all_made]
    with changed:
        assert changed.wait_for(lambda: sum(map(len, all_made)) >= 5, 10)
    given = 0
    for step in range(50):
        for reader in each:
            assert next(reader) == step
            given += 1
            assert sum(map(len, all_made)) <= given + 5


def test_what_no_thread_has_begun_is_read_by_the_consumer(readers) -> None:
    never, begun = threading.Event(), threading.Semaphore(0)

    def waits():
        begun.release()
        never.wait()
        yield 0

    try:
        made = readers(2)
        for _ in range(2):
            made.read(waits())
        assert begun.acquire(timeout=10)
        assert begun.acquire(timeout=10)  # both threads wait for what never comes
        assert list(made.read(iter_of(range(20)))) == list(range(20))
    finally:
        never.set()


def iter_of(values):
    yield from values


def test_it_is_not_read_on_behind_a_failure_until_that_is_asked_for(readers) -> None:
    failure = Failure(fl.errors.ArgumentError("three"))
    made: list = []
    changed = threading.Condition()

    def fails():
        for number in range(9):
            with changed:
                made.append(number)
                changed.notify_all()
            yield failure if number in (3, 4) else number

    reader = readers(most=9).read(fails())
    with changed:
        assert changed.wait_for(lambda: len(made) >= 4, 10)
    assert [next(reader) for _ in range(4)] == [0, 1, 2, failure]
    assert made == [0, 1, 2, 3]
    assert next(reader) is failure
    assert made == [0, 1, 2, 3, 4]
    assert list(reader) == [5, 6, 7, 8]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_what_is_raised_is_raised_in_its_place(readers, error) -> None:
    def raises():
        yield 0
        yield 1
        raise error("two")

    for ahead in (1, 5):
        reader = readers(most=ahead).read(raises())
        assert [next(reader), next(reader)] == [0, 1]
        with pytest.raises(error, match="two"):
            next(reader)
        assert list(reader) == []


def test_closing_closes_all_at_once_or_once_they_are_read(readers) -> None:
    go_on, waiting = threading.Event(), threading.Event()
    idle, busy = threading.Event(), threading.Event()

    def waits():
        try:
            waiting.set()
            go_on.wait(10)
            yield 0
        finally:
            busy.set()

    made = readers(2)
    reader = made.read(noting([], threading.Condition(), idle))
    next(reader)
    made.read(waits())
    assert waiting.wait(10)
    made.close()
    made.close()
    assert idle.wait(10)
    assert not busy.is_set()
    go_on.set()
    assert busy.wait(10)
    assert list(reader) == []
    late = made.read(iter_of([1]))
    assert list(late) == []


def test_one_that_cannot_be_closed_keeps_no_other_open(readers) -> None:
    closed = threading.Event()

    def refuses():
        try:
            yield 0
        finally:
            raise ValueError("refuses to end")

    made = readers(1, most=1)
    first, second = made.read(refuses()), made.read(noting([], threading.Condition(), closed))
    assert (next(first), next(second)) == (0, 0)
    with contextlib.suppress(ValueError):  # unless the thread was reading it, and closes it itself
        made.close()
    assert closed.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_is_told_that_its_threads_are_elsewhere(readers) -> None:
    reader = readers().read(iter_of(range(100)))
    assert next(reader) == 0
    reader._readers._process = -1  # as the child of a fork would see it
    with pytest.raises(fl.errors.ArgumentError, match="fork"):
        next(reader)
