"""Workers that end: crashed, killed, interrupted, closed, stuck."""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import threading
import time
from pathlib import Path

import pytest

import feedline as fl
from feedline.run import processes
from feedline.run.processes import POOL

_spec = importlib.util.spec_from_file_location("watched_processes", Path(__file__).parent / "watched_processes.py")
watched_processes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watched_processes)

in_processes, where, pids, are_gone = (
    watched_processes.in_processes,
    watched_processes.where,
    watched_processes.pids,
    watched_processes.are_gone,
)


def test_a_function_that_crashes_is_told_by_its_element() -> None:
    def crash(number):
        if number == 37:
            os.kill(os.getpid(), signal.SIGSEGV)
        return number

    given: list = []
    with pytest.raises(
        fl.errors.WorkerDiedError, match=r"signal 11 \(SIGSEGV\).* element 37 of map\(crash\)"
    ) as caught:
        given.extend(in_processes(fl.Dataset.range(100).map(crash, 2)))
    assert [int(number) for number in given] == list(range(37))
    assert "test_processes_that_end.py" in caught.value.where[0]
    dataset = in_processes(fl.Dataset.range(100).map(crash, 2)).ignore_errors()
    assert [int(number) for number in dataset] == [*range(37), *range(38, 100)]


def killing(number):
    if number == 13:
        os._exit(3)
    return number


def deaths_told(dataset: fl.Dataset) -> tuple[str, int]:
    """Returns what is said of the element that ends its process, and how many elements came before."""
    given: list = []
    with pytest.raises(fl.errors.WorkerDiedError) as caught:
        given.extend(in_processes(dataset))
    return caught.value.what.partition("while it computed ")[2], len(given)


def test_what_ends_a_process_is_told_by_its_element_behind_batches_and_shuffles() -> None:
    mapped = fl.Dataset.range(40).map(killing, 2)
    assert deaths_told(mapped.batch(5)) == ("element 13 of map(killing).", 2)
    assert deaths_told(mapped.batch(3).batch(2)) == ("element 13 of map(killing).", 2)
    assert deaths_told(mapped.shuffle(40, seed=3).batch(4))[0] == "element 13 of map(killing)."
    assert deaths_told(mapped.cache().batch(5)) == ("element 13 of map(killing).", 2)


def test_what_ends_a_process_is_told_by_its_element_where_blocks_are_sent() -> None:
    def numbers():
        yield from range(40)

    streamed = fl.Dataset.from_generator(numbers, output_signature=fl.TensorSpec((), fl.int64)).map(killing, 2)
    assert deaths_told(streamed.batch(5)) == ("element 13 of map(killing).", 2)
    assert deaths_told(streamed.map(where, 2).batch(5)) == ("element 13 of map(where), or map(killing) below it.", 2)


def test_what_ends_a_process_is_told_by_the_elements_below_batches_that_a_function_gets() -> None:
    def numbers():
        yield from range(40)

    streamed = fl.Dataset.from_generator(numbers, output_signature=fl.TensorSpec((), fl.int64))
    dataset = streamed.batch(5).map(lambda batch: [killing(int(number)) for number in batch], 2)
    assert deaths_told(dataset)[0].startswith("element 2 of map(")


def test_a_worker_that_is_killed_once_is_replaced(tmp_path) -> None:
    def killed_once(number):
        file = tmp_path / "killed"
        if number == 20 and not file.exists():
            file.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert [int(n) for n in in_processes(fl.Dataset.range(60).map(killed_once, 2))] == list(range(60))
    assert (tmp_path / "killed").exists()


def test_memory_that_runs_out_is_said_to_have_done_so() -> None:
    def killed(number):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(fl.errors.WorkerDiedError, match="SIGKILL") as caught:
        list(in_processes(fl.Dataset.range(9).map(killed, 2)))
    assert "memory" in caught.value.fix


def test_a_worker_that_ends_between_epochs_is_replaced() -> None:
    dataset = in_processes(fl.Dataset.range(50).map(where, 2))
    before = pids(dataset)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert are_gone(before)
    after = pids(dataset)
    assert after.isdisjoint(before)
    assert os.getpid() not in after


def test_an_interrupt_ends_the_workers_at_once(tmp_path) -> None:
    def slow(number):
        (tmp_path / str(os.getpid())).write_text("")
        time.sleep(100)
        return number

    def interrupt():
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    iterator = iter(in_processes(fl.Dataset.range(9).map(slow, 2)))
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore interrupts
    try:
        threading.Thread(target=interrupt).start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            next(iterator)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert are_gone({int(file.name) for file in tmp_path.iterdir()})
    assert time.monotonic() - start < 60
    assert list(iterator) == []


def test_workers_that_were_killed_are_not_kept() -> None:
    pool = processes.WorkerPool()
    worker = pool.take()
    worker.start()
    worker.kill()
    assert not worker.started
    pool.give_back(worker)
    assert not pool.take().started


def test_the_next_iteration_begins_after_an_interrupt_in_a_function() -> None:
    def interrupted(number):
        if number == 13:
            raise KeyboardInterrupt
        return number

    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            list(in_processes(fl.Dataset.range(40).map(interrupted, 2).batch(5)))
        assert len(list(in_processes(fl.Dataset.range(40).map(where, 2).batch(5)))) == 8


def test_closing_while_workers_are_at_work_does_not_wait_for_them(tmp_path) -> None:
    def slow(number):
        if number >= 4:
            (tmp_path / str(os.getpid())).write_text("")
            time.sleep(1)
        return number

    iterator = iter(in_processes(fl.Dataset.range(99).map(slow, 2)))
    for _ in range(2):
        next(iterator)
    iterator.close()
    assert list(iterator) == []


def test_workers_that_are_stuck_in_what_nobody_waits_for_are_ended(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(processes, "_STUCK_SECONDS", 0.5)

    def stuck(number):
        if number >= 1:
            (tmp_path / str(os.getpid())).write_text("")
            time.sleep(1000)
        return number

    iterator = iter(in_processes(fl.Dataset.range(99).map(stuck, 2)))
    next(iterator)
    end = time.monotonic() + 20
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) == 2
    lent = POOL.lent
    del iterator
    gc.collect()
    assert are_gone({int(file.name) for file in tmp_path.iterdir()})
    end = time.monotonic() + 20
    while POOL.lent > lent - 2 and time.monotonic() < end:
        time.sleep(0.02)
    assert POOL.lent <= lent - 2  # those of tests before may have come back, too


def test_a_worker_that_ends_once_it_was_told_of_a_plan_is_not_asked_anew_without_one() -> None:
    worker = processes.WorkerProcess()
    worker.start()
    worker.kill()
    worker._process.wait(30)
    try:
        with pytest.raises(processes.WorkerLostError, match="SIGKILL"):
            worker.ask(("warm", 0, [], []))
        with pytest.raises(processes.WorkerLostError):
            worker.ask(("warm", 0, [], []))
        assert not worker.started
    finally:
        worker.end()
