"""Functions that may not run in parallel see the elements in order, whatever runs in parallel beside them."""

import threading
import time

import numpy as np
import pytest

import feedline as fl


def noted(seen: list):
    def function(number):
        seen.append(int(number))
        return number

    return function


def uneven(number):
    if number % 5 == 0:
        time.sleep(0.002)
    return number


def sources(count: int):
    indexed = fl.Dataset.range(count)
    return {"indexed": indexed, "streamed": indexed.filter(lambda number: True)}


@pytest.mark.parametrize("kind", ["indexed", "streamed"])
@pytest.mark.parametrize("calls", [3, fl.AUTOTUNE])
def test_a_map_without_parallel_calls_is_in_order_beside_parallel_ones(kind: str, calls: int) -> None:
    before, after = [], []
    dataset = (
        sources(300)[kind]
        .map(noted(before))
        .map(uneven, num_parallel_calls=calls)
        .map(noted(after))
        .batch(4)
        .prefetch(8)
    )
    given = np.concatenate(list(dataset.as_numpy_iterator()))
    assert given.tolist() == list(range(300))
    # the first element is computed once more to learn the structure of what the functions return
    for seen in (before, after):
        assert [number for number in seen if number != 0] == list(range(1, 300))


@pytest.mark.parametrize("kind", ["indexed", "streamed"])
def test_a_map_that_is_come_to_twice_is_in_order_each_time(kind: str) -> None:
    seen: list[int] = []
    mapped = sources(200)[kind].map(noted(seen))
    dataset = fl.Dataset.zip((mapped, mapped)).map(lambda a, b: a + uneven(b), num_parallel_calls=3)
    assert [int(number) for number in dataset] == [2 * number for number in range(200)]
    assert sorted(number for number in seen if number != 0) == [number for number in range(1, 200) for _ in range(2)]
    first = [number for place, number in enumerate(seen) if number and number not in seen[:place]]
    assert first == list(range(1, 200))


def test_a_function_that_fails_does_not_hold_up_the_others() -> None:
    def fails(number):
        if number == 40:
            raise ValueError("forty")
        return number

    dataset = fl.Dataset.range(100).map(fails).map(uneven, num_parallel_calls=3).map(lambda number: number)
    assert [int(number) for number in dataset.ignore_errors()] == [*range(40), *range(41, 100)]
    iterator = iter(dataset)
    assert [int(next(iterator)) for _ in range(40)] == list(range(40))
    with pytest.raises(fl.errors.UserFunctionError, match="forty"):
        next(iterator)


def test_it_runs_in_one_thread_at_a_time() -> None:
    inside = threading.Semaphore(1)
    together = []

    def alone(number):
        if not inside.acquire(blocking=False):
            together.append(number)
            return number
        time.sleep(0.0005)
        inside.release()
        return number

    dataset = fl.Dataset.range(100).map(uneven, num_parallel_calls=4).map(alone).map(uneven, num_parallel_calls=4)
    assert [int(number) for number in dataset] == list(range(100))
    assert not together
