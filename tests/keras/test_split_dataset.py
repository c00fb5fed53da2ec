import numpy as np
import pytest

pytest.importorskip("keras")

import feedline as fl
from feedline.errors import ArgumentError, InfiniteDatasetError, UnequalLengthsError
from feedline.keras import split_dataset


def numbers(dataset):
    return [int(number) for number in dataset]


def test_parts_of_an_indexed_dataset_are_views_by_position():
    left, right = split_dataset(fl.Dataset.range(10**9), left_size=10**9 - 3)
    assert len(left) == 10**9 - 3
    assert numbers(right) == [10**9 - 3, 10**9 - 2, 10**9 - 1]


def test_what_is_shuffled_before_does_not_mix():
    dataset = fl.Dataset.range(40).shuffle(40)
    left, right = split_dataset(dataset, left_size=0.75)
    for _ in range(3):
        assert sorted(numbers(left) + numbers(right)) == list(range(40))
    assert numbers(left) == numbers(left)


def test_the_parts_may_be_shuffled():
    left, _ = split_dataset(fl.Dataset.range(40), left_size=0.75)
    shuffled = left.shuffle(40)
    first, second = numbers(shuffled), numbers(shuffled)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(30))


def test_shuffle_is_pythons_for_the_seed():
    import random

    order = list(range(20))
    random.Random(6).shuffle(order)
    left, right = split_dataset(np.arange(20), right_size=5, shuffle=True, seed=6)
    assert numbers(left) + numbers(right) == order
    state = random.getstate()
    split_dataset(np.arange(20), right_size=5, shuffle=True, seed=6)
    assert random.getstate() == state


def test_batches_are_split_by_element():
    batched = fl.Dataset.range(10).batch(4).prefetch(2)
    left, right = split_dataset(batched, left_size=0.6)
    assert [batch.tolist() for batch in left] == [[0, 1, 2, 3], [4, 5]]
    assert [batch.tolist() for batch in right] == [[6, 7, 8, 9]]


def test_streams_are_read_once():
    calls = []

    def generate():
        calls.append(1)
        for index in range(6):
            yield {"x": np.full(index, index), "y": f"text {index}"}

    left, right = split_dataset(fl.Dataset.from_generator(generate), right_size=2)
    calls.clear()
    for _ in range(2):
        assert [element["y"] for element in right] == [b"text 4", b"text 5"]
        assert [len(element["x"]) for element in left] == [0, 1, 2, 3]
    assert calls == []


def test_a_pytorch_dataset():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.arange(6), torch.arange(6) * 2.0)
    left, right = split_dataset(data, left_size=4)
    assert [(int(a), float(b)) for a, b in right] == [(4, 8.0), (5, 10.0)]
    assert len(left) == 4


WRONG = [
    ({}, "neither"),
    ({"left_size": 0}, "left_size is 0"),
    ({"left_size": 10}, "left_size is 10"),
    ({"right_size": -1}, "right_size is -1"),
    ({"left_size": 1.0}, "left_size is 1.0"),
    ({"right_size": 0.0}, "right_size is 0.0"),
    ({"left_size": True}, "left_size"),
    ({"left_size": "3"}, "left_size"),
    ({"left_size": 0.7, "right_size": 0.4}, "more than 1"),
    ({"left_size": 6, "right_size": 5}, "6 and 5 elements, of 10"),
    ({"left_size": 0.01}, "one is empty"),
    ({"left_size": 0.5, "preferred_backend": "mxnet"}, "preferred_backend"),
    ({"left_size": 0.5, "shuffle": True, "seed": 0.5}, "seed"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=str)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ArgumentError) as caught:
        split_dataset(np.arange(10), **arguments)
    assert words in str(caught.value)


def test_what_cannot_be_split():
    for dataset in (3, "abc", None, [[1, 2], [3, 4]], iter([1])):
        with pytest.raises(ArgumentError):
            split_dataset(dataset, left_size=0.5)
    for empty in (np.zeros((0, 3)), fl.Dataset.range(0), fl.Dataset.range(5).filter(lambda number: False)):
        with pytest.raises(ArgumentError, match="empty"):
            split_dataset(empty, left_size=0.5)
    with pytest.raises(InfiniteDatasetError):
        split_dataset(fl.Dataset.range(3).repeat(), left_size=0.5)
    with pytest.raises(UnequalLengthsError):
        split_dataset((np.arange(3), np.arange(4)), left_size=0.5)
