"""Functions in processes, seen from outside: what runs where, what is kept, and what the user is told."""

from __future__ import annotations

import functools
import gc
import importlib.util
import os
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import feedline as fl
from feedline.run import processes
from feedline.run.processes import POOL

_spec = importlib.util.spec_from_file_location("watched_processes", Path(__file__).parent / "watched_processes.py")
watched_processes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watched_processes)

in_processes, where = watched_processes.in_processes, watched_processes.where
pids, are_gone, is_there = watched_processes.pids, watched_processes.are_gone, watched_processes.is_there


# What runs where


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_functions_run_in_as_many_other_processes_as_asked_for(calls) -> None:
    found = pids(in_processes(fl.Dataset.range(200).map(where, calls)))
    assert os.getpid() not in found
    assert 1 <= len(found) <= calls


def test_processes_are_kept_from_one_epoch_to_the_next() -> None:
    dataset = in_processes(fl.Dataset.range(200).map(where, 2))
    assert len(pids(dataset) | pids(dataset) | pids(dataset)) <= 2


def test_processes_are_kept_for_the_next_dataset() -> None:
    found = set()
    for _ in range(3):
        found |= pids(in_processes(fl.Dataset.range(50).map(where, 2)))
    assert len(found) <= 2


def test_processes_end_when_their_datasets_are_gone(monkeypatch) -> None:
    monkeypatch.setattr(processes, "_UNNEEDED_SECONDS", 0.0)
    dataset = in_processes(fl.Dataset.range(50).map(where, 2))
    found = pids(dataset)
    time.sleep(1.2)  # the time in which they would be ended if nobody needed them
    assert all(map(is_there, found))
    del dataset
    gc.collect()
    assert are_gone(found)


def test_processes_end_after_some_time(monkeypatch) -> None:
    monkeypatch.setattr(POOL, "idle_seconds", 0.1)
    dataset = in_processes(fl.Dataset.range(50).map(where, 2))
    found = pids(dataset)
    assert are_gone(found)
    assert pids(dataset).isdisjoint(found)


class Adder:
    """An object whose method is a function of a pipeline."""

    def __init__(self, number: int) -> None:
        self.number = number

    def add(self, number):
        return number + self.number

    def __call__(self, number):
        return number + self.number


def add(more, number):
    return number + more


def test_functions_of_every_kind() -> None:
    table = np.arange(10) + 5
    functions = [
        lambda number: number + 5,
        lambda number: table[number],
        Adder(5).add,
        Adder(5),
        functools.partial(add, 5),
        functools.partial(lambda number, more: number + more, more=5),
    ]
    for function in functions:
        dataset = in_processes(fl.Dataset.range(10).map(function, 2))
        assert [int(number) for number in dataset] == list(range(5, 15))


def test_a_function_may_write_to_an_array_of_its_own_again_and_again() -> None:
    buffer = np.zeros(3)

    def fill(number):
        buffer[:] = number
        return buffer

    given = list(in_processes(fl.Dataset.range(30).map(fill, 2)))
    np.testing.assert_array_equal(given, np.repeat(np.arange(30.0), 3).reshape(-1, 3))
    assert not buffer.any()


def test_what_a_function_refers_to_is_as_it_was_when_the_epoch_began() -> None:
    state = {"factor": 1}
    dataset = in_processes(fl.Dataset.range(4).map(lambda number: number * state["factor"], 2))
    assert [int(number) for number in dataset] == [0, 1, 2, 3]
    state["factor"] = 10
    assert [int(number) for number in dataset] == [0, 10, 20, 30]


def test_one_number_of_a_large_array_is_as_it_was_when_the_epoch_began() -> None:
    table = np.zeros(9_000_001, np.int64)
    dataset = in_processes(fl.Dataset.range(2).map(lambda number: number + table[8_765_432] + table[-1], 2))
    assert [int(number) for number in dataset] == [0, 1]
    table[8_765_432] = 5
    assert [int(number) for number in dataset] == [5, 6]
    table[-1] = 5
    assert [int(number) for number in dataset] == [10, 11]


def test_maps_without_parallel_calls_stay_and_see_the_elements_in_order() -> None:
    seen: list[int] = []

    def note(number, *rest):
        seen.append(int(number))
        return number, *rest, os.getpid()

    dataset = in_processes(fl.Dataset.range(60).map(note).map(lambda n, here: (n, here, os.getpid()), 2).map(note))
    elements = [tuple(map(int, element)) for element in dataset]
    assert [element[0] for element in elements] == list(range(60))
    assert {element[1] for element in elements} == {element[3] for element in elements} == {os.getpid()}
    assert os.getpid() not in {element[2] for element in elements}
    assert seen.count(59) == 2
    assert [number for number in seen if number][::1].count(1) == 2


@pytest.mark.filterwarnings("ignore::feedline.errors.FeedlineWarning")
def test_where_nothing_may_run_in_parallel_it_stays() -> None:
    assert pids(in_processes(fl.Dataset.range(9).map(where).prefetch(2))) == {os.getpid()}


def test_memory_caches_are_filled_here() -> None:
    dataset = in_processes(fl.Dataset.range(40).map(lambda n: (n, fl.random.uniform(())), 2).cache().map(where_too, 2))
    first = [(int(n), float(x)) for (n, x), _ in dataset]
    again = [(int(n), float(x)) for (n, x), _ in dataset]
    assert first == again
    assert sorted(set(first)) == first
    assert os.getpid() not in pids(dataset)


def where_too(*element):
    return element, os.getpid()


def test_generators_run_here() -> None:
    def numbers():
        for number in range(30):
            yield number, os.getpid()

    dataset = in_processes(fl.Dataset.from_generator(numbers).map(lambda n, pid: (n, pid, os.getpid()), 2))
    elements = [tuple(map(int, element)) for element in dataset]
    assert [number for number, *_ in elements] == list(range(30))
    assert {pid for _, pid, _ in elements} == {os.getpid()}
    assert os.getpid() not in {pid for *_, pid in elements}


def test_large_arrays_stay_and_their_rows_are_sent() -> None:
    images = np.arange(3000 * 1000.0).reshape(3000, 1000)
    dataset = in_processes(fl.Dataset.from_tensor_slices(images).shuffle(3000, seed=1).map(lambda row: row + 1, 2))
    expected = [row + 1 for row in fl.Dataset.from_tensor_slices(images).shuffle(3000, seed=1)]
    np.testing.assert_array_equal(list(dataset), expected)


def test_functions_of_a_module_that_other_programs_do_not_find(tmp_path) -> None:
    file = tmp_path / "hidden_functions.py"
    file.write_text(
        "FACTOR = 3\ndef times(number):\n    return helper(number) * FACTOR\ndef helper(n):\n    return n\n"
    )
    spec = importlib.util.spec_from_file_location("hidden_functions", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["hidden_functions"] = module
    try:
        spec.loader.exec_module(module)
        assert [int(n) for n in in_processes(fl.Dataset.range(4).map(module.times, 2))] == [0, 3, 6, 9]
    finally:
        del sys.modules["hidden_functions"]


def test_a_pipeline_within_a_function_starts_no_processes_of_its_own() -> None:
    def nested(number):
        inner = fl.Dataset.range(int(number) + 1).map(where, 2).with_options(fl.Options(executor="processes"))
        return {int(pid) for _, pid in inner} == {os.getpid()}

    assert all(in_processes(fl.Dataset.range(6).map(nested, 2)))


def test_both_executors_can_be_told_apart_in_explain_and_profile() -> None:
    dataset = in_processes(fl.Dataset.range(90).map(lambda n: np.sin(n), 2).batch(3))
    assert "processes" not in dataset.explain()
    list(dataset)
    assert dataset.explain().splitlines()[-1] == "up to step 4: 2 processes"
    profile = dataset.report()
    elements = {stage.name: stage.elements for stage in profile.stages if stage.name != "with_options"}
    assert elements == {"range": 90, "map(<lambda>)": 90, "batch(3)": 30}
    assert str(profile).splitlines()[-1] == "up to step 4: 2 processes"
    assert all(stage.seconds > 0 for stage in profile.stages)


# What is given


def test_batches_that_are_kept_never_change() -> None:
    dataset = in_processes(fl.Dataset.range(400).map(lambda n: np.full((50, 50), n, np.float32), 2).batch(10))
    kept = list(dataset)
    parts = [batch[3, 10:20] for batch in dataset]
    for _ in range(3):
        for batch in dataset:
            batch += 1  # it is the consumer's own
    for number, batch in enumerate(kept):
        expected = np.arange(10 * number, 10 * number + 10, dtype=np.float32)
        np.testing.assert_array_equal(batch, np.broadcast_to(expected[:, None, None], (10, 50, 50)))
        np.testing.assert_array_equal(parts[number], np.full((10, 50), 10 * number + 3, np.float32))


def test_a_long_iteration_needs_only_a_few_blocks_of_memory() -> None:
    dataset = in_processes(fl.Dataset.range(600).map(lambda n: np.full(100_000, n), 2).batch(2))
    for batch in dataset:
        assert batch.shape == (2, 100_000)
        mapped = sum("memfd:feedline" in line for line in Path("/proc/self/maps").read_text().splitlines())
        assert mapped < 60


def test_memory_is_given_back_at_the_end() -> None:
    dataset = in_processes(fl.Dataset.range(60).map(lambda n: np.full(100_000, n), 2))
    *_, last = dataset
    assert int(last[0]) == 59
    del _, last
    gc.collect()
    blocks = [line for line in Path("/proc/self/maps").read_text().splitlines() if "memfd:feedline" in line]
    assert sum(_size(line) for line in blocks) < 30 << 20


def _size(line: str) -> int:
    first, last = line.split()[0].split("-")
    return int(last, 16) - int(first, 16)


def test_the_memory_budget_bounds_what_is_made_ready(tmp_path) -> None:
    log = tmp_path / "log"
    log.write_text("")

    def noted(number):
        with open(log, "a") as file:
            file.write(".")
        return np.full(1 << 17, number)  # 1 MB

    for executor in ("threads", "processes"):
        log.write_text("")
        options = fl.Options(executor=executor, memory_budget=8 << 20)
        iterator = iter(fl.Dataset.range(300).map(noted, 2).prefetch(200).with_options(options))
        for _ in range(20):  # until the size of an element is known
            next(iterator)
        time.sleep(0.5)
        assert len(log.read_text()) < 20 + 40, executor
        iterator.close()


def test_workers_keep_a_part_of_the_memory_budget_for_later() -> None:
    def large(number):
        lines = Path("/proc/self/status").read_text().splitlines()
        (own,) = (int(line.split()[1]) >> 10 for line in lines if line.startswith("RssAnon:"))
        return np.full(2 << 20, number, np.float32), own

    options = fl.Options(executor="processes", memory_budget=64 << 20)
    megabytes = []
    for _, own in fl.Dataset.range(60).map(large, 2).prefetch(100).with_options(options):
        megabytes.append(int(own))
        time.sleep(0.02)
    assert max(megabytes) < min(megabytes) + 64


# What fails


def test_what_cannot_be_sent_is_named() -> None:
    lock = threading.Lock()

    def helper(number):
        with lock:
            return number

    class Reader:
        def __init__(self):
            self.busy = threading.Lock()

        def read(self, number):
            return number

    reader = Reader()
    cases = {"variable 'lock'": lambda number: helper(number), "attribute 'busy'": reader.read}
    for name, function in cases.items():
        with pytest.raises(fl.errors.UnpicklableError) as caught:
            list(in_processes(fl.Dataset.range(9).map(function, 2)))
        assert name in caught.value.what
        assert "threads" in caught.value.fix
        assert any("test_processes.py" in place for place in caught.value.where)
        assert list(fl.Dataset.range(9).map(function, 2)) == list(range(9))


def test_warnings_come_through() -> None:
    def warns(number):
        warnings.warn(f"odd {number}" if number == 7 else "every", UserWarning, stacklevel=1)
        return number

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(in_processes(fl.Dataset.range(20).map(warns, 2)))
    texts = [str(warning.message) for warning in caught]
    assert "odd 7" in texts
    assert all(warning.filename == __file__ for warning in caught if "odd" in str(warning.message))


def test_processes_in_vain_are_told() -> None:
    with pytest.warns(fl.errors.FeedlineWarning, match="no effect: .*num_parallel_calls") as caught:
        list(in_processes(fl.Dataset.range(9).map(lambda n: n + 1).prefetch(1)))
    assert caught[0].filename == __file__
