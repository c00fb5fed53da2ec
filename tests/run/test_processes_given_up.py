"""What processes turn out not to be able to do: AUTOTUNE goes back to threads, and who asked for them is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

import feedline as fl
from feedline.run.concurrency import available_cores

PROCESSES = fl.Options(executor="processes")
SECONDS = 60

two_cores = pytest.mark.skipif(available_cores() < 2, reason="AUTOTUNE takes processes where there are two cores")


def busy(seconds: float = 2e-3) -> None:
    """Holds the interpreter's lock."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def double(number):
    return 2 * number


def holding_a_lock() -> Callable:
    lock = threading.Lock()

    def locked(number):
        with lock:
            return number

    return locked


def test_datasets_are_sent_with_functions_of_this_file() -> None:
    plus = 3
    dataset = fl.Dataset.range(20).map(lambda number: fl.Dataset.range(3).map(double).map(lambda x: x + plus), 2)
    elements = dataset.flat_map(lambda inner: inner).with_options(PROCESSES)
    assert [int(number) for number in elements] == [3, 5, 7] * 20


def test_datasets_go_to_processes_and_come_back() -> None:
    dataset = fl.Dataset.range(20).map(lambda number: fl.Dataset.range(2).map(double))
    again = dataset.map(lambda inner: inner.map(double), 2).flat_map(lambda inner: inner)
    assert [int(number) for number in again.with_options(PROCESSES)] == [0, 4] * 20


def test_elements_that_cannot_be_sent_are_told_to_who_asked_for_processes() -> None:
    def inner(number):
        return fl.Dataset.range(2).map(holding_a_lock())

    dataset = fl.Dataset.range(20).map(inner, 2).flat_map(lambda inner: inner)
    with pytest.raises(fl.errors.UnpicklableError, match=r"elements of map\(inner\)") as caught:
        list(dataset.with_options(PROCESSES))
    assert "test_processes_given_up.py" in "\n".join(caught.value.where)
    assert "threads" in caught.value.fix


@two_cores
def test_elements_that_cannot_be_sent_are_computed_here_where_nobody_asked_for_processes() -> None:

    def inner(number):
        busy()
        return fl.Dataset.range(1).map(holding_a_lock() if number > 2000 else double)

    dataset = fl.Dataset.range(2800).map(inner, fl.AUTOTUNE).flat_map(lambda inner: inner)
    assert [int(number) for number in dataset] == [0] * 2800


def numbering(stable: int) -> tuple[Callable, dict[int, int]]:
    """Returns a function that numbers words, of which there are 50 among the first elements, and its numbers."""
    numbers: dict[int, int] = {}

    def numbered(element):
        busy()
        word = int(element) % 50 if element < stable else int(element)
        return numbers.setdefault(word, len(numbers))

    return numbered, numbers


def test_a_function_that_changes_what_it_refers_to_is_told_to_who_asked_for_processes() -> None:
    numbered, _ = numbering(100)
    dataset = fl.Dataset.range(400).map(numbered, 2).with_options(PROCESSES)
    with pytest.warns(fl.errors.FeedlineWarning, match=r"map\(numbered\) changes .*'numbers'.*each process") as caught:
        list(dataset)
    assert caught[0].filename == __file__


@two_cores
def test_a_function_that_begins_to_change_what_it_refers_to_goes_back_to_threads() -> None:
    numbered, numbers = numbering(2000)
    elements = list(fl.Dataset.range(2800).map(numbered, fl.AUTOTUNE))
    assert len(set(map(int, elements[2000:]))) == 800
    assert len(numbers) == 850


def numbers_from(streamed: bool) -> fl.Dataset:
    if not streamed:
        return fl.Dataset.range(400)
    return fl.Dataset.from_generator(lambda: range(400), output_signature=fl.TensorSpec((), "int64"))


@pytest.mark.parametrize("streamed", [False, True])
def test_an_array_that_a_function_builds_on_is_told(streamed) -> None:
    mean = np.zeros(2)

    def centred(number):
        mean[:] = 0.9 * mean + 0.1 * number
        return number - mean

    with pytest.warns(fl.errors.FeedlineWarning, match=r"map\(centred\) changes .*'mean'"):
        list(numbers_from(streamed).map(centred, 2).with_options(PROCESSES))


@pytest.mark.parametrize("streamed", [False, True])
def test_an_array_that_is_filled_for_each_element_is_nobodys_concern(streamed, recwarn) -> None:
    buffer = np.zeros(2)

    def filled(number):
        buffer[:] = number
        number *= 0  # what a function is given is its own
        return buffer

    elements = list(numbers_from(streamed).map(filled, 2).with_options(PROCESSES))
    assert [element.tolist() for element in elements] == [[number, number] for number in range(400)]
    assert not [each for each in recwarn if issubclass(each.category, fl.errors.FeedlineWarning)]
