"""Inline, in threads and in processes, with any number of workers: the same bytes, in the same order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl

MOST = 40


def described(element: Any) -> Any:
    """Returns an element with every array as its dtype, shape and bytes."""
    if isinstance(element, tuple):
        return tuple(map(described, element))
    if isinstance(element, dict):
        return {key: described(value) for key, value in element.items()}
    if isinstance(element, fl.RaggedTensor):
        return "ragged", described(element.values), described(np.asarray(element.row_splits))
    if isinstance(element, fl.SparseTensor):
        return "sparse", *map(described, (element.indices, element.values, np.asarray(element.dense_shape)))
    if isinstance(element, np.ndarray) and element.dtype == object:
        return "objects", element.shape, element.reshape(-1).tolist()
    if isinstance(element, bytes):
        return element
    array = np.asarray(element)
    return str(array.dtype), array.shape, array.tobytes()


def checksum(*parts: Any) -> np.int64:
    return np.int64(sum(str(described(parts)).encode()) % 97)


def fails(*parts: Any) -> np.int64:
    number = checksum(*parts)
    if number % 5 == 0:
        raise ValueError(f"not {number}")
    return number


FUNCTIONS = {
    "fails": fails,
    "random": lambda *parts: (fl.random.uniform((2,)), checksum(*parts)),
    "seeded": lambda *parts: fl.random.normal((3,), seed=5) + checksum(*parts),
    "ragged lengths": lambda *parts: np.arange(checksum(*parts) % 4, dtype=np.int32),
    "ragged": lambda *parts: fl.RaggedTensor.from_row_lengths(np.arange(3.0), [n := checksum(*parts) % 4, 3 - n]),
    "sparse": lambda *parts: fl.SparseTensor([[checksum(*parts) % 5]], [np.float32(1)], [5]),
    "text": lambda *parts: (b"x" * int(checksum(*parts) % 5), "é"),
    "texts": lambda *parts: np.array([b"a", b"bc\0", b""], object)[: 1 + checksum(*parts) % 2],
    "named": lambda *parts: {"b": checksum(*parts), "a": (np.float32(0.5), True)},
    "large": lambda *parts: np.full((200, 100), checksum(*parts), np.float64),
    "blocks": lambda *parts: fl.cast(parts[0], fl.float32) if isinstance(parts[0], np.number) else parts,
    "nothing": lambda *parts: (checksum(*parts), np.zeros((0, 3), np.uint8)),
}  # fmt: skip

STEPS = st.one_of(
    st.tuples(st.just("map"), st.sampled_from(sorted(FUNCTIONS)), st.sampled_from([None, 1, 2, fl.AUTOTUNE])),
    st.tuples(st.just("batch"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("ragged_batch"), st.integers(1, 4)),
    st.tuples(st.just("padded_batch"), st.integers(1, 4)),
    st.tuples(st.just("shuffle"), st.integers(1, 9), st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(1, 9)),
    st.tuples(st.just("repeat"), st.integers(1, 3)),
    st.tuples(st.just("enumerate")),
    st.tuples(st.just("filter")),
    st.tuples(st.just("concatenate")),
    st.tuples(st.just("zip")),
    st.tuples(st.just("cache")),
    st.tuples(st.just("prefetch"), st.sampled_from([1, 5, fl.AUTOTUNE])),
)

SOURCES = {
    "range": lambda count: fl.Dataset.range(count),
    "arrays": lambda count: fl.Dataset.from_tensor_slices((np.arange(count * 3.0).reshape(count, 3), np.arange(count))),
    "text": lambda count: fl.Dataset.from_tensor_slices([b"%d" % number for number in range(count + 1)]),
    "generator": lambda count: fl.Dataset.from_generator(lambda: iter(np.arange(count)), "int64", ()),
    "ragged": lambda count: fl.Dataset.from_tensor_slices([np.arange(number % 3) for number in range(count + 1)]),
}


def apply(dataset: fl.Dataset, step: tuple) -> fl.Dataset:
    kind, *detail = step
    if kind == "map":
        return dataset.map(FUNCTIONS[detail[0]], num_parallel_calls=detail[1])
    if kind == "filter":
        return dataset.filter(lambda *parts: checksum(*parts) % 3 != 0)
    if kind == "concatenate":
        return dataset.concatenate(dataset)
    if kind == "zip":
        return fl.Dataset.zip(dataset, fl.Dataset.range(9))
    return getattr(dataset, kind)(*detail)


def outcome(source: str, count: int, steps: list[tuple], executor: str) -> list[Any]:
    """Returns what two epochs give, or how they fail."""
    fl.random.set_seed(1)
    try:
        dataset = SOURCES[source](count)
        for step in steps:
            dataset = apply(dataset, step)
    except fl.errors.FeedlineError as error:
        return [type(error), str(error)]
    finally:
        fl.random.set_seed(None)
    dataset = dataset.with_options(fl.Options(executor=executor))
    results: list[Any] = []
    for _ in range(2):
        try:
            for element in itertools.islice(dataset, MOST):
                results.append(described(element))
        except fl.errors.FeedlineError as error:
            results.append((type(error), error.what, tuple(error.where), error.fix))
    return results


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(SOURCES)),
    st.integers(0, 12),
    st.lists(STEPS, max_size=3),
    st.sampled_from(sorted(FUNCTIONS)),
    st.sampled_from([1, 2, fl.AUTOTUNE]),
    st.lists(STEPS, max_size=3),
)
@pytest.mark.filterwarnings("ignore::feedline.errors.FeedlineWarning")
def test_every_executor_gives_the_same(source, count, before, function, calls, after) -> None:
    steps = [*before, ("map", function, calls), *after]
    expected = outcome(source, count, steps, "inline")
    assert outcome(source, count, steps, "processes") == expected
    assert outcome(source, count, steps, "threads") == expected
