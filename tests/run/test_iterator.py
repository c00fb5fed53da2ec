import os
import signal
import sys
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest

import feedline as fl
from feedline import structure


def test_it_is_an_iterator() -> None:
    iterator = iter(fl.Dataset.range(2))
    assert iter(iterator) is iterator
    assert [int(next(iterator)), int(next(iterator))] == [0, 1]
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(iterator)
    assert [int(n) for n in fl.Dataset.range(2).as_numpy_iterator()] == [0, 1]


def test_elements_are_arrays_scalars_and_bytes() -> None:
    element = next(iter(fl.Dataset.from_tensors((1, [1.5], "a", np.zeros((2, 0))))))
    assert isinstance(element[0], np.int32)
    assert isinstance(element[1], np.ndarray)
    assert element[2] == b"a"
    assert element[3].shape == (2, 0)


def test_blocks_grow_without_being_seen() -> None:
    dataset = fl.Dataset.range(5000).map(lambda n: n + 1)
    assert [int(n) for n in dataset] == list(range(1, 5001))
    texts = fl.Dataset.from_tensor_slices([str(n) for n in range(3000)])
    assert list(texts) == [str(n).encode() for n in range(3000)]


@pytest.mark.parametrize("calls", [None, 2])
def test_threads_that_share_an_iterator_get_each_element_once(calls) -> None:
    iterator = iter(fl.Dataset.range(50_000).map(lambda number: number, calls).prefetch(2))
    taken: list[list[int]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda out=out: out.extend(int(n) for n in iterator)) for out in taken]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sorted(number for out in taken for number in out) == list(range(50_000))


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    "element",
    [7, (7,), (7, 8), ((7, 8), 9), {"b": 7, "a": (8,)}, Point(7, 8), (), ("text", [1, 2]), {"a": None, "b": 3}],
)
@pytest.mark.parametrize("batch", [None, 2])
def test_elements_have_their_structure(element, batch) -> None:
    dataset = fl.Dataset.from_generator(lambda: iter([element] * 5))
    dataset = dataset if batch is None else dataset.batch(batch)
    given = list(dataset)
    assert len(given) == (5 if batch is None else 3)
    expected = structure.flatten(element)[1]
    for value in given:
        assert structure.flatten(value)[1] == expected
        assert type(value) is type(element) or not isinstance(element, tuple | dict)


def test_a_handler_of_a_signal_gets_the_state_in_the_middle_of_next() -> None:
    """What is saved when a program is told to end resumes with the element that was not given."""
    states = []
    iterator = iter(fl.Dataset.range(10).map(raise_signal_at_4))
    previous = signal.signal(signal.SIGUSR1, lambda *_: states.append(iterator.state_dict()))
    try:
        given = [int(number) for number in iterator]
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert given == list(range(10))
    (state,) = states
    assert state["given"] <= 4
    again = iter(fl.Dataset.range(10).map(raise_signal_at_4))
    again.load_state_dict(state)
    assert int(next(again)) == state["given"]


def raise_signal_at_4(number):
    if number == 4:
        signal.raise_signal(signal.SIGUSR1)
    return number


def test_a_function_may_ask_where_the_iteration_is() -> None:
    seen = []

    def look(number):
        seen.append(iterator.state_dict()["given"])
        return number

    iterator = iter(fl.Dataset.range(3).map(look))
    assert [int(number) for number in iterator] == [0, 1, 2]
    assert len(seen) == 3


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_another_thread_may_close_it(executor) -> None:
    dataset = fl.Dataset.range(10_000).map(slow, num_parallel_calls=2)
    iterator = iter(dataset.with_options(fl.Options(executor=executor)))
    next(iterator)
    threading.Timer(0.1, iterator.close).start()
    assert len(list(iterator)) < 9_999


def slow(number):
    time.sleep(0.002)
    return number


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_after_a_fork_the_error_says_so() -> None:
    iterator = iter(fl.Dataset.range(1000).map(slow, num_parallel_calls=2).with_options(fl.Options(executor="threads")))
    next(iterator)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for _ in range(300):
                next(iterator)
            told = "nothing"
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    told = b"".join(iter(lambda: os.read(reading, 4096), b"")).decode()
    os.close(reading)
    os.waitpid(child, 0)
    assert "fork" in told
    assert "UnboundLocalError" not in told


@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
def test_after_an_interrupt_the_state_is_that_of_what_was_given(executor, batch, tmp_path) -> None:
    def function(number):
        if number == 13 and not (tmp_path / "once").exists():
            (tmp_path / "once").touch()
            raise KeyboardInterrupt
        return number

    def made() -> fl.Dataset:
        dataset = fl.Dataset.range(40).shuffle(40, seed=1).map(function, num_parallel_calls=2)
        dataset = dataset if batch is None else dataset.batch(batch)
        return dataset.with_options(fl.Options(executor=executor))

    iterator = iter(made())
    got = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 what was got before is kept
        for element in iterator:
            got.append(element)
    state = iterator.state_dict()
    assert state["given"] == len(got)
    again = iter(made())
    again.load_state_dict(state)
    assert repr(got + list(again)) == repr(list(made()))
