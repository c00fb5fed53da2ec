"""The order of a shuffle without an end: that of a buffer of elements, wherever and by whomever it is read."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.kernels.permute import keyed_integers
from feedline.nodes import buffered_order
from feedline.nodes.buffered_order import BufferedOrder


def order_of(key: int, size: int, count: int) -> np.ndarray:
    """Returns the beginning of the order, with a list for a buffer."""
    places = np.empty(count, np.int64)
    keyed_integers(np.uint64(key), 0, size, places)
    buffer, order = list(range(size)), []
    for entering, place in enumerate(places.tolist(), size):
        order.append(buffer[place])
        buffer[place] = entering
    return np.array(order)


KEY, SIZE = (1 << 63) + 5, 300
ORDER = order_of(KEY, SIZE, 100_000)


def count_beginnings(patch: pytest.MonkeyPatch) -> list[int]:
    """Returns a list that grows each time an order is worked out anew from its beginning."""
    begun: list[int] = []
    begin = BufferedOrder._begin

    def counted(self: BufferedOrder) -> None:
        begun.append(1)
        begin(self)

    patch.setattr(BufferedOrder, "_begin", counted)
    return begun


@pytest.mark.parametrize("size", [1, 2, 7, 8192, 20_000])
@pytest.mark.parametrize("key", [0, 1, (1 << 64) - 1])
def test_the_order_is_that_of_a_buffer_of_elements(key, size) -> None:
    found = BufferedOrder(key, size).locate(np.arange(30_000))
    assert found.tolist() == order_of(key, size, 30_000).tolist()
    assert len(np.unique(found)) == len(found)
    assert (found < np.arange(30_000) + size).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, len(ORDER) - 1), min_size=1, max_size=9), min_size=1, max_size=6))
def test_any_positions_in_any_order(asked) -> None:
    order = BufferedOrder(KEY, SIZE)
    for positions in asked:
        assert order.locate(np.array(positions)).tolist() == ORDER[positions].tolist()


def test_first_and_last_within_a_chunk_and_others_beyond() -> None:
    order = BufferedOrder(KEY, SIZE)
    order.locate(np.arange(100))
    positions = np.array([5, 9000, 70_000, 6])
    assert order.locate(positions).tolist() == ORDER[positions].tolist()


def test_going_back_beyond_what_is_kept(monkeypatch) -> None:
    monkeypatch.setattr(buffered_order, "_CHUNK", 64)
    begun = count_beginnings(monkeypatch)
    order = BufferedOrder(KEY, SIZE)
    for start in (0, 5000, 64 * 70, 0, 99_000, 3, 50_000):
        positions = np.arange(start, start + 200)
        assert order.locate(positions).tolist() == ORDER[positions].tolist()
        assert len(order._chunks) <= order._kept
    assert len(begun) > 2


def test_two_that_are_far_apart_do_not_begin_anew_each_time(monkeypatch) -> None:
    monkeypatch.setattr(buffered_order, "_CHUNK", 64)
    begun = count_beginnings(monkeypatch)
    order = BufferedOrder(KEY, SIZE)
    for start in range(0, 20_000, 50):
        for positions in (np.arange(start, start + 50), np.arange(start + 30_000, start + 30_050)):
            assert order.locate(positions).tolist() == ORDER[positions].tolist()
    assert len(begun) < 9


def test_the_memory_that_is_kept_has_a_bound(monkeypatch) -> None:
    monkeypatch.setattr(buffered_order, "_CHUNK", 8)
    monkeypatch.setattr(buffered_order, "_MOST_KEPT", 32)
    order = BufferedOrder(KEY, SIZE)
    for start in [0, 10_000] * 8:
        assert order.locate(np.array([start])).tolist() == ORDER[[start]].tolist()
        assert len(order._chunks) <= 32


def test_many_threads(monkeypatch) -> None:
    monkeypatch.setattr(buffered_order, "_CHUNK", 128)
    order = BufferedOrder(KEY, SIZE)
    wrong: list[int] = []

    def read(number: int) -> None:
        rng = np.random.default_rng(number)
        for step in range(60):
            start = (step * 200 if number % 4 else int(rng.integers(0, 20_000))) + int(rng.integers(0, 3000))
            positions = np.arange(start, start + 150)
            if order.locate(positions).tolist() != ORDER[positions].tolist():
                wrong.append(start)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def numbers(dataset: fl.Dataset) -> list[int]:
    return [int(number) for number in dataset]


def test_several_iterators_of_one_dataset_at_once() -> None:
    endless = fl.Dataset.range(1 << 40).repeat().shuffle(100, seed=5, reshuffle_each_iteration=False)
    expected = numbers(endless.take(3000))
    first, second = iter(endless), iter(endless)
    ahead = [int(next(first)) for _ in range(2000)]
    behind = [int(next(second)) for _ in range(1000)]
    assert ahead + [int(next(first)) for _ in range(1000)] == expected
    assert behind + [int(next(second)) for _ in range(2000)] == expected


@pytest.mark.parametrize("calls", [2, 5, fl.AUTOTUNE])
@pytest.mark.parametrize("batch", [1, 13])
def test_workers_and_what_is_behind(calls, batch) -> None:
    endless = fl.Dataset.range(70).repeat().shuffle(30, seed=5)
    expected = np.array(numbers(endless.take(2600)))
    mapped = endless.map(lambda number: number * 2, calls).batch(batch).prefetch(2).take(2600 // batch)
    assert np.concatenate(list(mapped)).tolist() == (expected * 2).tolist()
    assert numbers(endless.shard(3, 1).take(500)) == expected[1::3][:500].tolist()
    assert numbers(endless.skip(1000).take(100)) == expected[1000:1100].tolist()
    again = endless.take(1000).repeat(2)
    both = numbers(again)
    assert both[:1000] == expected[:1000].tolist() != both[1000:]


def test_a_shuffle_of_a_shuffle() -> None:
    endless = fl.Dataset.range(1 << 40).repeat().shuffle(500, seed=5).shuffle(700, seed=6)
    found = numbers(endless.take(5000))
    assert len(set(found)) == 5000
    assert max(found) < 5000 + 1200
    streamed = fl.Dataset.range(1 << 40).filter(lambda number: number >= 0).shuffle(500, seed=5).shuffle(700, seed=6)
    assert numbers(streamed.take(5000)) == found
