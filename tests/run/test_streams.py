import collections
import gc
import itertools
import threading
import time

import numpy as np
import pytest

import feedline as fl


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("feedline")]


def none_left() -> bool:
    """Says whether all workers end, within ten seconds."""
    deadline = time.monotonic() + 10
    while (left := workers()) and time.monotonic() < deadline:  # one that ends may still have ended others
        left[0].join(0.1)
    return not workers()


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    assert none_left()
    yield
    gc.collect()
    assert none_left()


def endless():
    yield from itertools.count()


def count(calls):
    return fl.Dataset.from_generator(endless).map(lambda n: n, calls)


PIPELINES = {
    "indexed": lambda: fl.Dataset.range(1000).map(lambda n: n, 3),
    "infinite": lambda: fl.Dataset.range(10).map(lambda n: n, 3).repeat().batch(2).prefetch(4),
    "generator": lambda: count(3).prefetch(4),
    "two stages": lambda: count(2).shuffle(4).map(lambda n: n, 3),
    "zip": lambda: fl.Dataset.zip(fl.Dataset.range(99).map(lambda n: n, 2), count(2)),
    "concatenate": lambda: count(2).concatenate(fl.Dataset.range(3).map(lambda n: n, 2)),
    "interleave": lambda: fl.Dataset.range(50).interleave(lambda n: count(None), 3, num_parallel_calls=2),
    "interleave ahead": lambda: (
        fl.Dataset.range(50).interleave(lambda n: count(None), 3, num_parallel_calls=fl.AUTOTUNE).prefetch(4)
    ),
    "interleave within interleave": lambda: fl.Dataset.range(9).interleave(
        lambda n: fl.Dataset.range(9).interleave(lambda m: count(None), 2, 2, num_parallel_calls=2),
        3,
        num_parallel_calls=3,
    ),
    "filter": lambda: fl.Dataset.range(1000).map(lambda n: n, 3).filter(lambda n: n % 2 == 0).map(lambda n: n, 2),
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("how", ["drop", "close", "break", "never asked"])
def test_an_iterator_that_is_let_go_leaves_no_thread(name, how) -> None:
    dataset = PIPELINES[name]()
    if how == "break":
        for _ in dataset:
            assert workers()
            break
        return
    iterator = iter(dataset)
    if how != "never asked":
        next(iterator)
        next(iterator)
        assert workers()
    if how == "close":
        iterator.close()
        iterator.close()
        assert list(iterator) == []
    del iterator


@pytest.mark.parametrize("name", PIPELINES)
def test_an_error_leaves_no_thread(name) -> None:
    iterator = iter(PIPELINES[name]().map(lambda *element: 1 / 0, 3))
    with pytest.raises(fl.errors.UserFunctionError) as caught:
        next(iterator)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert none_left()  # though the iterator and the error are still held
    assert list(iterator) == []


def test_the_end_leaves_no_thread() -> None:
    iterator = iter(fl.Dataset.range(20).map(lambda n: n, 4).batch(3).prefetch(2))
    assert len(list(iterator)) == 7
    assert none_left()


def test_a_worker_that_is_busy_when_its_iterator_is_closed_closes_the_generator_itself() -> None:
    busy, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow():
        try:
            yield 0
            busy.set()
            assert go_on.wait(10)
            yield 1
            yield from itertools.count()
        finally:
            ended.set()

    iterator = iter(fl.Dataset.from_generator(slow).map(lambda n: n, 2))
    assert next(iterator) == 0
    assert busy.wait(10)
    iterator.close()
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(10)


def test_nothing_runs_before_the_first_element_is_asked_for() -> None:
    calls = []

    def elements():
        calls.append("generator")
        yield 1

    dataset = fl.Dataset.from_generator(elements).map(lambda n: calls.append("map") or n).batch(2).repeat(2).shuffle(3)
    fl.Dataset.range(5).map(lambda n: calls.append("map") or n, 3).batch(2).prefetch(2)
    assert calls == []
    repr(dataset), dataset.cardinality(), dataset.explain()
    assert calls == []


def test_two_iterators_of_one_dataset_do_not_disturb_each_other() -> None:
    for build in (lambda: fl.Dataset.range(50), lambda: fl.Dataset.from_generator(lambda: iter(np.arange(50)))):
        dataset = build().map(lambda n: n, 2).prefetch(2)
        first, second = iter(dataset), iter(dataset)
        pairs = list(zip(first, second, strict=True))
        assert [int(a) for a, _ in pairs] == [int(b) for _, b in pairs] == list(range(50))


def test_many_threads_may_iterate_over_one_dataset() -> None:
    dataset = fl.Dataset.range(200).shuffle(200, seed=1).map(lambda n: n, 2).batch(7)
    results = [None] * 4

    def iterate(which):
        results[which] = sorted(np.concatenate(list(dataset)).tolist())

    threads = [threading.Thread(target=iterate, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [list(range(200))] * 4


def test_an_interrupt_ends_the_iterator_rather_than_lose_elements() -> None:
    interrupted = []

    def interrupt(number):
        if number == 5 and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return number

    for calls in (None, 2):
        interrupted.clear()
        iterator = iter(fl.Dataset.range(20).map(interrupt, calls))
        given = []
        with pytest.raises(KeyboardInterrupt):
            collections.deque(map(given.append, iterator))
        assert given == list(range(len(given)))
        assert list(iterator) == []


def test_pipelines_within_pipelines() -> None:
    def nested(number):
        return sum(int(n) for n in fl.Dataset.range(int(number)).map(lambda n: n, 2))

    assert [int(n) for n in fl.Dataset.range(8).map(nested, 3)] == [sum(range(n)) for n in range(8)]


def test_a_consumer_may_be_slower_or_faster_and_gets_the_same() -> None:
    dataset = fl.Dataset.range(64).map(lambda n: n * 2, fl.AUTOTUNE).batch(4).prefetch(fl.AUTOTUNE)
    iterator, seen = iter(dataset), []
    for batch in iterator:
        seen += batch.tolist()
        sum(range(5000 * (len(seen) % 3)))
    assert seen == list(range(0, 128, 2))
