import numpy as np
import pytest

import feedline as fl
from feedline.nested import DatasetComponent, dataset_of_node
from feedline.spec import string


def test_a_dataset_stands_in_an_element_like_one_value() -> None:
    dataset = fl.Dataset.range(3)
    assert isinstance(dataset, DatasetComponent)
    assert dataset.shape == ()
    assert dataset.dtype == string


def test_a_node_becomes_the_dataset_that_users_know() -> None:
    node = fl.Dataset.range(3).map(lambda number: number + 1).node
    dataset = dataset_of_node(node)
    assert type(dataset) is fl.Dataset
    assert dataset.node is node
    assert [int(number) for number in dataset] == [1, 2, 3]


def test_what_is_no_dataset_has_no_node() -> None:
    with pytest.raises(NotImplementedError):
        DatasetComponent().node


def test_windows_are_datasets_that_can_be_gone_through_again() -> None:
    windows = list(fl.Dataset.range(5).window(2))
    assert all(isinstance(window, fl.Dataset) for window in windows)
    for _ in range(2):
        assert [[int(number) for number in window] for window in windows] == [[0, 1], [2, 3], [4]]


def test_datasets_in_elements_pass_through_map_zip_and_flat_map() -> None:
    windows = fl.Dataset.range(6).window(2)
    pairs = fl.Dataset.zip(windows, fl.Dataset.range(3))
    sums = pairs.map(lambda window, number: window.reduce(np.int64(0), lambda a, b: a + b) + number)
    assert [int(total) for total in sums] == [1, 6, 11]
    flat = windows.flat_map(lambda window: window.batch(2))
    assert [batch.tolist() for batch in flat] == [[0, 1], [2, 3], [4, 5]]
