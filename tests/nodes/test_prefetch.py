import threading

import numpy as np
import pytest

import feedline as fl


@pytest.mark.parametrize("size", [0, 1, 5, 1000, fl.AUTOTUNE, None])
def test_elements_and_lengths_stay(size) -> None:
    for source in (fl.Dataset.range(30), fl.Dataset.from_generator(lambda: iter(np.arange(30)))):
        dataset = source.map(lambda n: n * 2).prefetch(size)
        assert [int(n) for n in dataset] == list(range(0, 60, 2))
        assert dataset.cardinality() == source.cardinality()
    assert int(fl.Dataset.range(30).prefetch(size)[3]) == 3


def test_it_works_ahead_but_no_further_than_asked() -> None:
    ahead = threading.Event()
    asked = []

    def slow():
        for number in range(1000):
            asked.append(number)
            if number >= 8:
                ahead.set()
            yield number + 0 * sum(range(60_000))  # work that takes a while

    iterator = iter(fl.Dataset.from_generator(slow).prefetch(4))
    for _ in range(5):
        next(iterator)
    assert ahead.wait(10)  # numbers 5 to 8 are made while nobody asks
    iterator.close()
    assert len(asked) < 40


def test_bad_arguments() -> None:
    for size in (-2, 1.5, "1"):
        with pytest.raises(fl.errors.ArgumentError, match="buffer_size"):
            fl.Dataset.range(3).prefetch(size)
