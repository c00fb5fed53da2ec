"""Positions worked out for many elements at once are those worked out one step at a time."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.nodes.order_window import OrderedSource, follow_each_other
from feedline.run.context import Run


class OneStepAtATime(Run):
    composes_order = False


STEPS = {
    "shuffle": lambda ds: ds.shuffle(10, seed=4),
    "same shuffle": lambda ds: ds.shuffle(10, seed=5, reshuffle_each_iteration=False),
    "repeat": lambda ds: ds.repeat(),
    "repeat 3": lambda ds: ds.repeat(3),
    "take": lambda ds: ds.take(40),
    "skip": lambda ds: ds.skip(2),
    "shard": lambda ds: ds.shard(2, 1),
    "prefetch": lambda ds: ds.prefetch(2),
}


@settings(deadline=None)
@given(
    length=st.integers(3, 50),
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4),
    size=st.integers(1, 9),
    drop=st.booleans(),
    asked=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6), st.integers(0, 2)), min_size=1, max_size=8),
)
def test_batches_are_those_of_one_step_at_a_time(length, steps, size, drop, asked) -> None:
    dataset = fl.Dataset.range(length)
    for name in steps:
        dataset = STEPS[name](dataset)
    node = dataset.batch(size, drop_remainder=drop)._node
    batches = node.cardinality()
    together, one_by_one = Run(), OneStepAtATime()
    for first, count, epoch in asked:
        if batches >= 0:
            first, count = min(first, batches - 1), min(count, batches - min(first, batches - 1))
        if first < 0:
            continue
        where = np.arange(first, first + count), np.full(count, epoch)
        given, expected = together.read(node, *where), one_by_one.read(node, *where)
        assert [rows.tolist() for rows in given.columns[0]] == [rows.tolist() for rows in expected.columns[0]]


@pytest.mark.parametrize("padded", [False, True])
def test_whole_epochs_one_after_the_other_and_by_turns(padded) -> None:
    def batched(dataset):
        return dataset.padded_batch(8) if padded else dataset.batch(8)

    numbers = fl.Dataset.from_tensor_slices(np.arange(1000)).shuffle(1000, seed=2).repeat(3)
    dataset = batched(numbers)
    expected = [int(number) for number in batched(numbers).unbatch()]
    assert sorted(expected) == sorted(list(range(1000)) * 3)
    first, second = iter(dataset), iter(dataset)
    pairs = [(batch.tolist(), other.tolist()) for batch, other in zip(first, second, strict=True)]
    assert [number for batch, _ in pairs for number in batch] == expected
    assert sorted(number for _, batch in pairs for number in batch) == sorted(expected)
    assert [number for _, batch in pairs for number in batch] != expected


def test_what_the_user_writes_to_a_batch_changes_no_other() -> None:
    dataset = fl.Dataset.range(100).take(100).batch(5)
    given = []
    for batch in dataset:
        given.extend(batch.tolist())
        batch[:] = -1
    assert given == list(range(100))


def test_threads_share_a_window() -> None:
    dataset = fl.Dataset.range(5000).shuffle(5000, seed=1).batch(7)
    node = dataset._node
    expected = [int(number) for batch in dataset for number in batch]
    found: list[list[int]] = [[] for _ in range(4)]

    def read(which):
        run = Run()
        for first in range(0, node.cardinality(), 3):
            positions = np.arange(first, min(first + 3, node.cardinality()))
            for rows in run.read(node, positions, np.zeros_like(positions)).columns[0]:
                found[which].extend(rows.tolist())

    threads = [threading.Thread(target=read, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_the_steps_are_counted_as_if_each_had_been_read() -> None:
    dataset = fl.Dataset.range(40).shuffle(40).repeat(2).batch(4)
    list(dataset)
    stages = {stage.name: stage.elements for stage in dataset.report().stages}
    assert stages == {"range": 80, "shuffle(40)": 80, "repeat(2)": 80, "batch(4)": 20}


def test_only_order_nodes_above_a_source_are_one_step() -> None:
    numbers = fl.Dataset.range(9)
    mapped, cached = numbers.map(lambda number: number).shuffle(9), numbers.cache().shuffle(9)
    for dataset in (numbers, mapped, cached, numbers.batch(2).repeat()):
        assert OrderedSource.below(dataset._node) is None
    below = OrderedSource.below(numbers.shuffle(9).repeat(2)._node)
    assert below is not None
    assert below.source is numbers._node


def test_positions_beyond_64_bits_are_told_as_ever() -> None:
    endless = fl.Dataset.range(10).repeat().shard(1 << 40, 5)
    node = endless.batch(2)._node
    positions = np.array([1 << 30])
    with pytest.raises(fl.errors.ArgumentError, match="which 64 bits cannot hold"):
        Run().read(node, positions, np.zeros_like(positions))


@pytest.mark.parametrize("count", [1, 2, 3, 31, 32, 33, 100])
def test_positions_that_follow_each_other(count) -> None:
    positions, epochs = np.arange(5, 5 + count), np.full(count, 3)
    assert follow_each_other(positions, epochs)
    assert follow_each_other(positions[::-1], epochs) is (count == 1)
    for index in range(1, count):
        moved, turned = positions.copy(), epochs.copy()
        moved[index] += 1
        turned[index] += 1
        assert not follow_each_other(moved, epochs)
        assert not follow_each_other(positions, turned)
