"""from_list: a list of elements as a dataset."""

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, StructureError

from_list = fl.experimental.from_list


def test_each_item_is_an_element() -> None:
    dataset = from_list([(1, "a"), (2, "b")])
    assert len(dataset) == 2
    assert [(int(number), text) for number, text in dataset] == [(1, b"a"), (2, b"b")]
    assert dataset[1][1] == b"b"
    assert dataset.element_spec == (fl.TensorSpec((), "int32"), fl.TensorSpec((), "string"))


def test_lengths_may_differ() -> None:
    dataset = from_list([[1, 2], [3]])
    assert [row.tolist() for row in dataset] == [[1, 2], [3]]
    assert dataset.element_spec == fl.TensorSpec((None,), "int32")
    assert [batch.tolist() for batch in dataset.padded_batch(2)] == [[[1, 2], [3, 0]]]
    named = from_list([{"x": np.zeros((2, 1))}, {"x": np.ones((1, 1))}])
    assert [element["x"].tolist() for element in named] == [[[0], [0]], [[1]]]


@pytest.mark.parametrize("elements", [[], (1, 2), 5, np.arange(3), None, [None, None], [(), ()]])
def test_what_is_no_list_of_elements(elements) -> None:
    with pytest.raises(ArgumentError):
        from_list(elements)


def test_items_must_be_alike() -> None:
    with pytest.raises(StructureError, match="item 1"):
        from_list([1, (2,)])
    for elements in ([1, "a"], [1, 2.5], [{"x": 1}, {"x": 2.5}]):
        with pytest.raises(DtypeError):
            from_list(elements)
    with pytest.raises(ArgumentError, match="name"):
        from_list([1], [2])
