"""What fails in a process is told as if it had failed here, and iterations go on by another executor."""

from __future__ import annotations

import linecache
import threading
import traceback

import numpy as np
import pytest

import feedline as fl


def in_processes(dataset: fl.Dataset) -> fl.Dataset:
    return dataset.with_options(fl.Options(executor="processes"))


def fails(number):
    if number == 37:
        raise ZeroDivisionError("thirty-seven")
    return number


SOURCES = {
    "indexed": lambda: fl.Dataset.range(100),
    "streamed": lambda: fl.Dataset.range(100).filter(lambda number: True),
    "below": lambda: fl.Dataset.range(100).map(lambda number: number),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("batch", [None, 1, 4])
def test_an_exception_is_told_as_if_it_had_been_raised_here(source, batch) -> None:
    dataset = SOURCES[source]().map(fails, 2)
    dataset = dataset if batch is None else dataset.batch(batch)
    told = []
    for executor in ("inline", "processes"):
        given: list = []
        with pytest.raises(fl.errors.UserFunctionError) as caught:
            given.extend(dataset.with_options(fl.Options(executor=executor)))
        assert len(given) == 37 // (batch or 1)
        told.append((str(caught.value), str(caught.value.__cause__)))
        assert type(caught.value.__cause__) is ZeroDivisionError
    assert told[0] == told[1]
    text = "".join(traceback.format_exception(caught.value))
    assert 'raise ZeroDivisionError("thirty-seven")' in text
    assert "in a worker process" in text


def test_an_exception_that_cannot_be_pickled() -> None:
    class OddError(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")
            self.lock = threading.Lock()

    def raise_odd(number):
        raise OddError("this", "that")

    with pytest.raises(fl.errors.UserFunctionError, match="raised OddError: this and that") as caught:
        list(in_processes(fl.Dataset.range(3).map(raise_odd, 2)))
    assert "this and that" in str(caught.value.__cause__)


def test_what_ends_the_program_ends_it() -> None:
    def leave(number):
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        list(in_processes(fl.Dataset.range(3).map(leave, 2)))
    assert caught.value.code == 3


def test_elements_behind_a_failure_can_be_had() -> None:
    dataset = in_processes(fl.Dataset.range(100).map(fails, 2))
    assert [int(number) for number in dataset.ignore_errors()] == [*range(37), *range(38, 100)]


def test_elements_that_differ_between_processes_are_refused() -> None:
    def mixed(number):
        return np.float32(number) if number % 50 == 49 else np.int32(number)

    told = []
    for executor in ("inline", "processes"):
        with pytest.raises(fl.errors.DtypeError) as caught:
            list(fl.Dataset.range(100).map(mixed, 2).with_options(fl.Options(executor=executor)))
        told.append(str(caught.value))
    assert "element 49" in told[0]
    assert told[0] == told[1]


def test_a_notebooks_lines_are_told() -> None:
    lines = ["def cell(number):\n", "    return 1 / (number - 2)  # the cell's line\n"]
    linecache.cache["<ipython-input-7>"] = (sum(map(len, lines)), None, lines, "<ipython-input-7>")
    names: dict = {"__name__": "__main__"}
    exec(compile("".join(lines), "<ipython-input-7>", "exec"), names)
    cell = names["cell"]  # the names themselves hold the builtins, to which other libraries add what cannot be pickled
    with pytest.raises(fl.errors.UserFunctionError) as caught:
        list(in_processes(fl.Dataset.range(4).map(lambda n: cell(int(n)), 2)))
    assert "<ipython-input-7>:2: return 1 / (number - 2)  # the cell's line" in str(caught.value)


@pytest.mark.parametrize("source", SOURCES)
def test_an_iteration_goes_on_by_another_executor(source) -> None:
    dataset = SOURCES[source]().shuffle(100, seed=3).map(lambda n: (n, fl.random.uniform(())), 2).batch(3)
    expected = [(numbers.tolist(), draws.tolist()) for numbers, draws in dataset]
    for first, second in (("processes", "inline"), ("threads", "processes"), ("processes", "processes")):
        iterator = iter(dataset.with_options(fl.Options(executor=first)))
        given = [next(iterator) for _ in range(11)]
        state = iterator.state_dict()
        again = iter(dataset.with_options(fl.Options(executor=second)))
        again.load_state_dict(state)
        given.extend(again)
        epoch = state["epoch"]
        if epoch == 0:
            assert [(numbers.tolist(), draws.tolist()) for numbers, draws in given] == expected
        iterator.close()
