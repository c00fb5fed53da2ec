"""Elements sent ahead: how many, in what order, and what the state says meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.lookahead import LookAhead


def drain(elements: LookAhead, given: list[int]) -> None:
    """Adds the elements to a list, as far as they come."""
    for value in elements:
        given.append(int(value))


class Recorded:
    """A carrier to nowhere that notes what passes."""

    def __init__(self, refuses: int = -1) -> None:
        self.sent: list[int] = []
        self.received: list[int] = []
        self.closed = 0
        self.refuses = refuses

    def send(self, components, treedef):
        if int(components[0]) == self.refuses:
            raise fl.errors.DtypeError("that one does not pass.")
        self.sent.append(int(components[0]))
        return components

    def receive(self, sent):
        self.received.append(int(sent[0]))
        return sent

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_so_many_are_sent_before_they_are_asked_for(depth: int) -> None:
    carrier = Recorded()
    ahead = LookAhead(iter(fl.Dataset.range(10)), carrier, depth)
    assert carrier.sent == []
    for number in range(10):
        assert next(ahead) == number
        assert carrier.sent == list(range(min(10, number + depth + 1)))
        assert carrier.received == list(range(number + 1))
    for _ in range(3):
        with pytest.raises(StopIteration):
            next(ahead)
    assert carrier.closed


def test_structures_pass() -> None:
    dataset = fl.Dataset.from_tensor_slices({"b": ([1, 2], [3, 4]), "a": [5, 6]})
    first, second = LookAhead(iter(dataset), Recorded(), 2)
    assert first == {"b": (1, 3), "a": 5}
    assert second == {"b": (2, 4), "a": 6}


def fails_at(number: int):
    def check(value: np.ndarray) -> np.ndarray:
        if value == number:
            raise ValueError("no")
        return value

    return check


@pytest.mark.parametrize("calls", [None, 2])
def test_an_error_comes_in_its_place(calls) -> None:
    dataset = fl.Dataset.range(9).map(fails_at(4), num_parallel_calls=calls)
    given, ahead = [], LookAhead(iter(dataset), Recorded(), 3)
    with pytest.raises(fl.errors.UserFunctionError, match="element 4"):
        drain(ahead, given)
    assert given == [0, 1, 2, 3]
    assert list(ahead) == []


def test_what_cannot_be_sent_is_told_in_its_place_and_which_it_is() -> None:
    given, ahead = [], LookAhead(iter(fl.Dataset.range(9)), Recorded(refuses=5), 2)
    with pytest.raises(fl.errors.DtypeError, match="element 5 of the dataset"):
        drain(ahead, given)
    assert given == [0, 1, 2, 3, 4]
    assert list(ahead) == []


class Interrupted(Recorded):
    """Ctrl-C comes while an element is waited for."""

    interrupts = True

    def receive(self, sent):
        if self.interrupts and int(sent[0]) == 3:
            self.interrupts = False
            raise KeyboardInterrupt
        return super().receive(sent)


def test_an_interrupt_loses_no_element() -> None:
    given, ahead = [], LookAhead(iter(fl.Dataset.range(6)), Interrupted(), 2)
    with pytest.raises(KeyboardInterrupt):
        drain(ahead, given)
    assert given == [0, 1, 2]
    assert [int(value) for value in ahead] == [3, 4, 5]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_state_does_not_count_what_was_sent_ahead(streamed: bool) -> None:
    def build() -> fl.Dataset:
        dataset = fl.Dataset.range(50)
        dataset = dataset.filter(lambda number: number % 3 > 0) if streamed else dataset
        return dataset.shuffle(50, seed=4).batch(4)

    dataset = build()
    list(dataset)
    ahead = LookAhead(iter(dataset), Passing(), 2)
    for _ in range(3):
        next(ahead)
    state = ahead.state_dict()
    rest = [batch.tolist() for batch in ahead]
    again = LookAhead(iter(build()), Passing(), 4)
    next(again)
    again.load_state_dict(state)
    assert again.state_dict() == state
    assert [batch.tolist() for batch in again] == rest
    again.load_state_dict(state)  # also of one that has ended
    assert [batch.tolist() for batch in again] == rest


class Passing(Recorded):
    def send(self, components, treedef):
        return components

    def receive(self, sent):
        return sent


def test_a_state_of_another_pipeline_leaves_it_where_it_is() -> None:
    ahead = LookAhead(iter(fl.Dataset.range(6)), Recorded(), 2)
    next(ahead)
    with pytest.raises(fl.errors.StateError):
        ahead.load_state_dict(iter(fl.Dataset.range(7).batch(2)).state_dict())
    assert [int(value) for value in ahead] == [1, 2, 3, 4, 5]


def test_close_ends_it() -> None:
    carrier = Recorded()
    ahead = LookAhead(iter(fl.Dataset.range(6)), carrier, 2)
    next(ahead)
    ahead.close()
    assert list(ahead) == []
    assert carrier.closed


def test_a_state_taken_after_close_or_in_the_middle_of_next_counts_what_was_given() -> None:
    states = []

    class Asking(Recorded):
        def send(self, components, treedef):
            states.append(ahead.state_dict()["given"])
            return super().send(components, treedef)

    ahead = LookAhead(iter(fl.Dataset.range(10)), Asking(), 2)
    assert [int(next(ahead)), int(next(ahead))] == [0, 1]
    assert states == [0, 0, 0, 1]  # three are sent before the first is given, one before each other
    ahead.close()
    assert ahead.state_dict()["given"] == 2
