"""What all transformations share that give only their next element."""

import gc
import itertools
import threading

import numpy as np
import pytest

import feedline as fl


def wide(number):
    return fl.Dataset.from_tensors(number).repeat(2)


STREAMED = {
    "flat_map": lambda ds: ds.flat_map(wide),
    "interleave": lambda ds: ds.interleave(wide, cycle_length=2),
    "window": lambda ds: ds.window(2).flat_map(lambda window: window),
    "group_by_window": lambda ds: ds.group_by_window(lambda n: n % 2, lambda key, window: window, 2),
    "scan": lambda ds: ds.scan(np.int64(0), lambda state, n: (state + n, n)),
    "take_while": lambda ds: ds.take_while(lambda n: n < 90),
    "unique": lambda ds: ds.unique(),
    "unbatch": lambda ds: ds.batch(3).unbatch(),
    "rebatch": lambda ds: ds.batch(3).rebatch(2).unbatch(),
    "sample": lambda ds: fl.Dataset.sample_from_datasets([ds, ds], seed=1),
    "choose": lambda ds: fl.Dataset.choose_from_datasets([ds, ds], fl.Dataset.range(2).repeat()),
    "resample": lambda ds: ds.rejection_resample(lambda n: n % 2, [0.5, 0.5], [0.5, 0.5]).map(lambda which, n: n),
    "ignore_errors": lambda ds: ds.ignore_errors(),
    "filter": lambda ds: ds.filter(lambda n: n % 5 != 1),
    "shuffle": lambda ds: ds.filter(lambda n: True).shuffle(7, seed=1),
}


def numbers(dataset) -> list[int]:
    return [int(n) for n in dataset]


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize("calls", [None, 1, 2, 4, fl.AUTOTUNE])
def test_the_elements_do_not_depend_on_workers_batches_or_lookahead(name, calls) -> None:
    build = STREAMED[name]
    expected = numbers(build(fl.Dataset.range(60)))
    mapped = build(fl.Dataset.range(60).map(lambda n: n, num_parallel_calls=calls))
    assert numbers(mapped) == expected
    assert numbers(mapped.map(lambda n: n, num_parallel_calls=calls).prefetch(3)) == expected
    for size in (1, 7, 100):
        assert [n for batch in mapped.batch(size) for n in batch.tolist()] == expected
    assert numbers(mapped.take(5)) == expected[:5]
    assert numbers(mapped.skip(5)) == expected[5:]


@pytest.mark.parametrize("name", STREAMED)
def test_random_numbers_are_the_elements_own(name) -> None:
    """The same for every number of workers, others in every epoch, and reproducible from the seed."""

    def epochs(calls):
        fl.random.set_seed(5)
        try:
            dataset = STREAMED[name](fl.Dataset.range(30))
            drawn = dataset.map(lambda n: fl.random.uniform(()), num_parallel_calls=calls)
            return [[float(draw) for draw in drawn] for _ in range(2)]
        finally:
            fl.random.set_seed(None)

    first = epochs(None)
    assert first[0] != first[1]
    for calls in (1, 2, 4, fl.AUTOTUNE):
        assert epochs(calls) == first


@pytest.mark.parametrize("name", STREAMED)
def test_it_says_that_it_is_streamed_and_why(name) -> None:
    dataset = STREAMED[name](fl.Dataset.range(9))
    assert "streamed" in dataset.explain()
    with pytest.raises(fl.errors.ArgumentError, match="streamed"):
        dataset[0]
    assert dataset.cardinality() in (9, 18, fl.UNKNOWN_CARDINALITY)


@pytest.mark.parametrize("name", STREAMED)
def test_of_nothing_comes_nothing(name) -> None:
    assert list(STREAMED[name](fl.Dataset.range(0))) == []


@pytest.mark.parametrize("name", STREAMED)
def test_what_is_left_before_its_end_is_closed(name) -> None:
    """The generator below is closed when the iterator is, or is dropped: what it holds open is let go of."""
    closed = []

    def generate():
        try:
            for number in itertools.count():
                yield np.int64(number % 89)
        finally:
            closed.append(True)

    for drop in (False, True):
        iterator = iter(STREAMED[name](fl.Dataset.from_generator(generate)))
        next(iterator)
        closed.clear()
        if drop:
            del iterator
            gc.collect()
        else:
            iterator.close()
        assert closed
    assert threading.active_count() < 50


@pytest.mark.parametrize("name", [name for name in STREAMED if name not in ("sample", "choose", "ignore_errors")])
def test_an_error_above_comes_through_with_its_place(name) -> None:
    def fail(number):
        if number == 7:
            raise ValueError("refused")
        return number

    with pytest.raises(fl.errors.UserFunctionError, match="refused") as caught:
        list(STREAMED[name](fl.Dataset.range(20).map(fail)))
    assert "element 7" in str(caught.value)
    assert "map(fail) at " in str(caught.value)
    assert str(caught.value).count("test_streamed.py:") >= 2


def test_a_result_of_another_kind_than_before_names_the_step() -> None:
    dataset = fl.Dataset.range(4).scan(np.int64(0), lambda state, n: (state, (n, n) if n == 2 else n))
    with pytest.raises(fl.errors.StructureError, match="scan gave") as caught:
        list(dataset)
    assert "scan(<lambda>) at " in str(caught.value)
