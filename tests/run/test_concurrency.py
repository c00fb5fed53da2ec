"""What a plan asks for: by what it may be run, and by how many workers."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.run.concurrency import concurrency_of

ROWS = fl.Dataset.from_tensor_slices(np.arange(4096 * 64).reshape(4096, 64))
GATHERED = ROWS.shuffle(4096, seed=3).batch(32)


def ways(dataset: fl.Dataset, executor: str | None = None) -> tuple[str, ...]:
    return concurrency_of(dataset._node, executor).ways


def test_what_is_asked_for_when_it_is_wanted_is_made_by_this_thread() -> None:
    assert ways(GATHERED) == ("inline",)
    assert ways(ROWS.map(lambda row: row + 1).batch(32)) == ("inline",)


def test_arrays_are_gathered_by_threads_where_they_may_be_made_ready() -> None:
    assert ways(GATHERED.prefetch(fl.AUTOTUNE)) == ways(GATHERED.prefetch(2)) == ("inline", "threads")
    assert ways(GATHERED.prefetch(2), "threads") == ("threads",)
    assert ways(GATHERED.prefetch(2), "inline") == ways(GATHERED.prefetch(2), "processes") == ("inline",)
    assert 1 <= concurrency_of(GATHERED.prefetch(2)._node).workers <= 4


def test_functions_that_may_run_in_parallel_may_go_to_processes() -> None:
    mapped = ROWS.map(lambda row: row + 1, num_parallel_calls=fl.AUTOTUNE)
    assert ways(mapped) == ("inline", "threads", "processes")
    assert ways(ROWS.map(lambda row: row + 1, num_parallel_calls=2)) == ("threads", "processes")
    assert ways(ROWS.map(lambda row: row + 1).prefetch(2)) == ("inline", "threads")


@pytest.mark.parametrize("executor", ["inline", "threads"])
@pytest.mark.parametrize("given", [0, 5])
def test_gathered_batches_are_the_same_by_every_way(executor, given) -> None:
    expected = [batch.tobytes() for batch in ROWS.shuffle(4096, seed=3).batch(32)]
    dataset = ROWS.shuffle(4096, seed=3).batch(32).prefetch(3).with_options(fl.Options(executor=executor))
    iterator = iter(dataset)
    assert [next(iterator).tobytes() for _ in range(given)] == expected[:given]
    state = iterator.state_dict()
    other = iter(ROWS.shuffle(4096, seed=3).batch(32).prefetch(3))
    other.load_state_dict(state)
    assert [batch.tobytes() for batch in other] == expected[given:]
    assert [batch.tobytes() for batch in iterator] == expected[given:]
