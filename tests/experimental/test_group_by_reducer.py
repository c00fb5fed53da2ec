"""group_by_reducer: what functions make of all elements of each key."""

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, FeedlineError, StructureError, UserFunctionError

Reducer, group_by_reducer = fl.experimental.Reducer, fl.experimental.group_by_reducer
SUM = Reducer(lambda key: np.int64(0), lambda total, number: total + number, lambda total: total)


def test_one_element_a_key_in_the_order_of_the_keys() -> None:
    dataset = fl.Dataset.range(7).apply(group_by_reducer(lambda number: -(number % 3), SUM))
    assert [int(total) for total in dataset] == [int(total) for total in dataset] == [7, 5, 9]
    assert dataset.element_spec == fl.TensorSpec((), "int64")
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY
    assert list(fl.Dataset.range(0).apply(group_by_reducer(lambda number: number, SUM))) == []


def test_states_and_elements_of_several_components() -> None:
    mean = Reducer(
        lambda key: {"key": key, "sum": np.float32(0), "count": np.int64(0)},
        lambda state, pair: {"key": state["key"], "sum": state["sum"] + pair[1], "count": state["count"] + 1},
        lambda state: (state["key"], state["sum"] / np.float32(state["count"])),
    )
    pairs = fl.Dataset.from_tensor_slices((["a", "bb", "c"], np.array([1, 5, 3], np.float32)))
    dataset = pairs.apply(group_by_reducer(lambda text, number: len(text), mean))
    assert [(int(key), float(value)) for key, value in dataset] == [(1, 2.0), (2, 5.0)]
    pair = Reducer(lambda key: (key, key), lambda state, number: state, lambda first, second: first + second)
    assert [int(number) for number in fl.Dataset.range(3).apply(group_by_reducer(lambda n: n, pair))] == [0, 2, 4]


def test_mistakes() -> None:
    with pytest.raises(ArgumentError, match="cannot be called"):
        Reducer(1, 2, 3)
    with pytest.raises(ArgumentError, match="Reducer"):
        group_by_reducer(lambda number: number, lambda total: total)
    with pytest.raises(StructureError, match="key"):
        fl.Dataset.range(3).apply(group_by_reducer(lambda number: number, Reducer(lambda: 0, *[lambda s, n: s] * 2)))
    ways = {
        DtypeError: (lambda number: number / 2, SUM),
        UserFunctionError: (lambda number: 1 // int(number - 1), SUM),
        StructureError: (lambda number: 0, Reducer(lambda key: 0, lambda s, n: (s, n), lambda s: s)),
    }
    for kind, arguments in ways.items():
        with pytest.raises(kind) as caught:
            list(fl.Dataset.range(3).apply(group_by_reducer(*arguments)))
        assert "group_by_reducer" in str(caught.value)


def test_elements_that_cannot_be_computed_change_no_state() -> None:
    broken = fl.Dataset.range(5).map(lambda number: np.int64(12 // int(number)))
    totals = broken.apply(group_by_reducer(lambda number: 0, SUM)).ignore_errors()
    assert [int(total) for total in totals] == [12 + 6 + 4 + 3]
    with pytest.raises(FeedlineError):
        list(broken.apply(group_by_reducer(lambda number: 0, SUM)))
