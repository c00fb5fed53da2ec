"""assert_cardinality: how many elements a dataset has is said, and checked."""

import pytest

import feedline as fl
from feedline.errors import ArgumentError

asserted = fl.experimental.assert_cardinality


def evens(count: int) -> fl.Dataset:
    return fl.Dataset.range(count).filter(lambda number: number % 2 == 0)


def test_the_number_that_is_said_is_known() -> None:
    dataset = evens(10).apply(asserted(5))
    assert len(dataset) == 5
    assert len(dataset.batch(2)) == 3
    assert [int(number) for number in dataset] == [int(number) for number in dataset] == [0, 2, 4, 6, 8]
    assert [batch.tolist() for batch in dataset.batch(2).prefetch(1)] == [[0, 2], [4, 6], [8]]


def test_an_indexed_dataset_stays_one() -> None:
    dataset = fl.Dataset.range(6).apply(asserted(6))
    assert int(dataset[4]) == 4
    assert sorted(int(number) for number in dataset.shuffle(6)) == [0, 1, 2, 3, 4, 5]


def test_no_end() -> None:
    dataset = evens(4).repeat().apply(asserted(fl.INFINITE_CARDINALITY))
    assert dataset.cardinality() == fl.INFINITE_CARDINALITY
    assert [int(number) for number in dataset.take(5)] == [0, 2, 0, 2, 0]
    ending = evens(4).apply(asserted(fl.INFINITE_CARDINALITY))
    with pytest.raises(ArgumentError, match="ended after 2"):
        list(ending)


@pytest.mark.parametrize(("count", "words"), [(6, "ended after 5"), (4, "goes on after 4"), (0, "goes on after 0")])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_another_number_is_an_error_when_it_shows(count, words, batch) -> None:
    dataset = evens(10).apply(asserted(count))
    with pytest.raises(ArgumentError, match=words) as caught:
        list(dataset.batch(batch))
    assert "assert_cardinality" in str(caught.value)
    given = []
    with pytest.raises(ArgumentError):
        given.extend(dataset)
    assert [int(number) for number in given] == [0, 2, 4, 6, 8][:count]


def test_another_number_is_an_error_at_once_where_it_is_known() -> None:
    for dataset, number in [(fl.Dataset.range(6), 5), (fl.Dataset.range(6), -1), (fl.Dataset.range(2).repeat(), 7)]:
        with pytest.raises(ArgumentError, match="asserted") as caught:
            dataset.apply(asserted(number))
        assert "test_assert_cardinality.py" in str(caught.value)
    with pytest.raises(ArgumentError, match="expected_cardinality"):
        asserted(-2)
    with pytest.raises(ArgumentError, match="expected_cardinality"):
        asserted(1.5)


def test_errors_go_on_being_left_out() -> None:
    dataset = fl.Dataset.range(5).map(lambda number: 6 // int(number)).ignore_errors().apply(asserted(4))
    assert [int(number) for number in dataset] == [6, 3, 2, 1]
