"""Random pipelines against a model in plain Python of what tf.data's transformations mean."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl

MOST = 50

STEPS = st.one_of(
    st.tuples(st.just("map"), st.sampled_from([None, 1, 2, 7, fl.AUTOTUNE])),
    st.tuples(st.just("batch"), st.integers(1, 5), st.booleans()),
    st.tuples(st.just("shuffle"), st.integers(1, 9), st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(-1, 9)),
    st.tuples(st.just("skip"), st.integers(-1, 5)),
    st.tuples(st.just("repeat"), st.integers(-1, 3)),
    st.tuples(st.just("shard"), st.just(2), st.integers(0, 1)),
    st.tuples(st.just("enumerate"), st.integers(0, 2)),
    st.tuples(st.just("filter")),
    st.tuples(st.just("concatenate")),
    st.tuples(st.just("zip")),
    st.tuples(st.just("cache")),
    st.tuples(st.just("prefetch"), st.sampled_from([0, 1, 5, fl.AUTOTUNE])),
)


def total(element) -> int:
    return sum(total(part) for part in element) if isinstance(element, tuple | list) else int(element)


def plain(element):
    if isinstance(element, tuple):
        return tuple(plain(part) for part in element)
    return element.tolist()


def stack(elements: list):
    if isinstance(elements[0], tuple):
        return tuple(stack(list(parts)) for parts in zip(*elements, strict=True))
    return elements


def model(elements: list, step: tuple) -> list:
    """Returns what a step makes of all elements."""
    kind, *detail = step
    if kind == "batch":
        size, drop = detail
        parts = [elements[start : start + size] for start in range(0, len(elements), size)]
        return [stack(part) for part in parts if len(part) == size or not drop]
    if kind == "take":
        return elements if detail[0] < 0 else elements[: detail[0]]
    if kind == "skip":
        return [] if detail[0] < 0 else elements[detail[0] :]
    if kind == "repeat":
        return elements * detail[0]
    if kind == "shard":
        return elements[detail[1] :: detail[0]]
    if kind == "enumerate":
        return list(enumerate(elements, detail[0]))
    if kind == "filter":
        return [element for element in elements if total(element) % 3]
    if kind == "concatenate":
        return elements + elements
    if kind == "zip":
        return list(zip(elements, range(4), strict=False))
    return elements


def apply(dataset, step: tuple):
    kind, *detail = step
    if kind == "map":
        return dataset.map(lambda *parts: parts if len(parts) > 1 else parts[0], num_parallel_calls=detail[0])
    if kind == "filter":
        return dataset.filter(lambda *parts: total(tuple(plain(part) for part in parts)) % 3 != 0)
    if kind == "concatenate":
        return dataset.concatenate(dataset)
    if kind == "zip":
        return fl.Dataset.zip(dataset, fl.Dataset.range(4))
    return getattr(dataset, kind)(*detail)


def sources(count: int):
    return fl.Dataset.range(count), fl.Dataset.from_generator(lambda: iter(np.arange(count)), "int64", ())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 12), st.lists(STEPS.filter(lambda step: step not in [("repeat", -1)]), max_size=6))
def test_against_the_model(count, steps) -> None:
    """Without randomness the elements are the model's in order; with it, the same set where nothing cuts it."""
    steps = [step if step[0] != "shuffle" else ("prefetch", 1) for step in steps]
    if sum(step[0] == "batch" for step in steps) > 1:
        steps = [step for step in steps if step[0] != "batch"]
    expected = list(range(count))
    for step in steps:
        expected = model(expected, step)
    for dataset in sources(count):
        for step in steps:
            dataset = apply(dataset, step)
        for _ in range(2):
            assert list(map(plain, itertools.islice(dataset, MOST))) == expected[:MOST]
        assert dataset.cardinality() in (len(expected), fl.UNKNOWN_CARDINALITY)
        for position in range(min(len(expected), 3)):
            if dataset._node.indexed:
                assert plain(dataset[position]) == expected[position]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 12), st.lists(STEPS, max_size=7), st.integers(1, 4))
def test_workers_and_prefetch_change_nothing(count, steps, workers) -> None:
    """The same pipeline with other numbers of workers gives the same elements or the same failure, in two epochs."""

    def run(source, change):
        fl.random.set_seed(1)
        dataset = source
        for step in steps:
            if step[0] == "map":
                dataset = apply(dataset, ("map", change(step[1])))
                dataset = dataset.map(
                    lambda *parts: (*parts, fl.random.uniform(())), num_parallel_calls=change(step[1])
                )
            elif step[0] != "filter":  # a filter of an endless repetition may never end
                dataset = apply(dataset, step)
        fl.random.set_seed(None)
        results = []
        for _ in range(2):
            try:
                results.append(list(map(plain, itertools.islice(dataset, MOST))))
            except fl.errors.FeedlineError as error:
                results.append(type(error))
        return results

    for source in sources(count):
        expected = run(source, lambda calls: None)
        assert run(source, lambda calls: calls) == expected
        assert run(source, lambda calls: workers) == expected


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 30), st.lists(STEPS, max_size=4), st.integers(1, 40))
def test_shuffling_keeps_the_elements(count, steps, buffer) -> None:
    steps = [step for step in steps if step[0] in ("map", "enumerate", "concatenate", "cache", "prefetch", "filter")]
    for dataset in sources(count):
        for step in steps:
            dataset = apply(dataset, step)
        straight = sorted(map(plain, dataset))
        shuffled = dataset.shuffle(buffer, seed=1)
        assert sorted(map(plain, shuffled)) == sorted(map(plain, shuffled)) == straight


def test_cache_of_an_endless_dataset_is_refused_not_filled() -> None:
    with pytest.raises(fl.errors.InfiniteDatasetError):
        list(itertools.islice(fl.Dataset.range(3).repeat().cache(), 3))


# What random pipelines beside tf.data (test_pipelines_tensorflow.py) have found.


def test_sparse_vectors_come_apart_into_numbers_also_where_there_are_none() -> None:
    rows = [fl.SparseTensor([[1]], [7], [3]), fl.SparseTensor(np.zeros((0, 1)), np.zeros(0, np.int64), [2])]
    signature = fl.SparseTensorSpec((None,), "int64")
    numbers = fl.Dataset.from_generator(lambda: iter(rows), output_signature=signature).unbatch()
    assert [number.shape for number in numbers] == [()] * 5
    assert [number.to_dense().tolist() for number in numbers] == [0, 7, 0, 0, 0]


def test_a_failure_is_not_lost_in_a_window_that_is_left_out() -> None:
    def cut_short():
        yield from range(3)
        raise ValueError("no more")

    def refuse(number):
        if number == 3:
            raise ValueError("no more")
        return number

    for dataset in (fl.Dataset.from_generator(cut_short), fl.Dataset.range(4).map(refuse)):
        for size in (2, 3, 5):
            windows = dataset.window(size, drop_remainder=True)
            with pytest.raises(fl.errors.UserFunctionError):
                list(windows)
            assert len(list(windows.ignore_errors())) == 3 // size


def test_a_map_of_sparse_batches_has_a_spec() -> None:
    batches = fl.Dataset.from_tensor_slices(np.eye(5)).sparse_batch(2, [5]).map(lambda rows: (rows, None))
    assert batches.element_spec == (fl.SparseTensorSpec((None, 5), "float64"), None)
