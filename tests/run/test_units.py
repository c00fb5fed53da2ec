import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl

SUFFIXES = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=3)


def group(elements: list, sizes: list[tuple[int, bool]]) -> list:
    for size, drop in sizes:
        elements = [elements[start : start + size] for start in range(0, len(elements), size)]
        if drop and elements and len(elements[-1]) < size:
            elements.pop()
    return elements


def is_regular(elements: list) -> bool:
    try:
        return all(np.array(element).dtype != object for element in elements)
    except ValueError:
        return False


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.integers(0, 40), SUFFIXES, st.sampled_from([None, 2]), st.booleans())
def test_batches_of_a_stream_are_those_of_an_indexed_dataset(count, sizes, calls, prefetch) -> None:
    expected = group(list(range(count)), sizes)
    for source in (fl.Dataset.range(count), fl.Dataset.from_generator(lambda: iter(np.arange(count)))):
        dataset = source.map(lambda n: n, calls)
        for size, drop in sizes:
            dataset = dataset.batch(size, drop).map(lambda b: b)
        dataset = dataset.prefetch(2) if prefetch else dataset
        if is_regular(expected):
            assert [batch.tolist() for batch in dataset] == expected
        else:
            with pytest.raises(fl.errors.ShapeError):
                list(dataset)


@pytest.mark.parametrize("calls", [None, 2])
def test_what_a_function_changed_in_place_is_not_changed_again_after_a_failure(calls) -> None:
    def add_one(row):
        row += 1
        if row[0] == 15001:
            raise ValueError("no")
        return row

    rows = np.arange(20000).reshape(-1, 2)
    rows_given: list = []
    dataset = fl.Dataset.from_tensor_slices(rows).filter(lambda row: True).map(add_one, calls)
    with pytest.raises(fl.errors.UserFunctionError):
        rows_given.extend(dataset)
    np.testing.assert_array_equal(np.array(rows_given), rows[:7500] + 1)
