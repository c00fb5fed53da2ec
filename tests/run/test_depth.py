"""Chains of many steps: tf.data takes them, and loops that build pipelines make them."""

from collections.abc import Callable

import numpy as np
import pytest

import feedline as fl


def plus_one(number):
    return number + 1


def chain(step: Callable[[fl.Dataset], fl.Dataset], count: int = 1000) -> fl.Dataset:
    dataset = fl.Dataset.range(5)
    for _ in range(count):
        dataset = step(dataset)
    return dataset


@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
@pytest.mark.parametrize("calls", [None, 2])
def test_a_thousand_maps(executor: str, calls: int | None) -> None:
    dataset = chain(lambda dataset: dataset.map(plus_one, num_parallel_calls=calls))
    dataset = dataset.with_options(fl.Options(executor=executor))
    assert [int(number) for number in dataset] == [1000, 1001, 1002, 1003, 1004]
    iterator = iter(dataset)
    next(iterator)
    resumed = iter(dataset)
    resumed.load_state_dict(iterator.state_dict())
    assert [int(number) for number in resumed] == [1001, 1002, 1003, 1004]
    assert len(dataset) == 5
    assert int(dataset[4]) == 1004
    assert dataset.explain().count("map(plus_one)") >= 1000
    assert "map(plus_one)" in str(dataset.report())
    assert repr(dataset).count("map(plus_one)") == 1000


@pytest.mark.parametrize(
    "step",
    [
        lambda dataset: dataset.filter(lambda number: number >= 0),
        lambda dataset: fl.Dataset.zip(dataset, fl.Dataset.range(5)),
        lambda dataset: dataset.concatenate(fl.Dataset.range(1)).take(5),
        lambda dataset: dataset.batch(2).unbatch(),
    ],
    ids=["filter", "zip", "concatenate-take", "batch-unbatch"],
)
def test_long_chains_of_other_steps(step) -> None:
    dataset = chain(step, 400)
    assert sum(1 for _ in dataset) == 5
    assert dataset.explain()


def test_more_steps_than_are_possible_are_refused() -> None:
    with pytest.raises(fl.errors.ArgumentError, match="2,001 steps follow each other") as caught:
        chain(lambda dataset: dataset.skip(0), 3000)
    assert "interleave" in str(caught.value)
    assert len(chain(lambda dataset: dataset.skip(0), 1999)) == 5


def test_functions_keep_the_depth_that_python_gives() -> None:
    def deep(number):
        def down(left: int) -> int:
            return 0 if left == 0 else 1 + down(left - 1)

        return np.int64(down(500)) + number

    assert int(next(iter(chain(lambda dataset: dataset.map(plus_one), 500).map(deep)))) == 1000
