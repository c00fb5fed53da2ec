import copy
import pickle

import numpy as np
import pytest

import feedline as fl


def test_lengths() -> None:
    dataset = fl.Dataset.range(5)
    assert len(dataset) == dataset.cardinality() == 5
    assert bool(fl.Dataset.range(0))
    with pytest.raises(fl.errors.InfiniteDatasetError, match="infinite"):
        len(dataset.repeat())
    assert fl.Dataset.range(5).repeat().cardinality() == fl.INFINITE_CARDINALITY == -1
    assert fl.UNKNOWN_CARDINALITY == -2
    assert fl.AUTOTUNE == -1


def test_elements_by_position() -> None:
    dataset = fl.Dataset.range(10).shuffle(10, seed=1).map(lambda n: (n, fl.random.uniform(()))).batch(4)
    first_epoch = list(dataset)
    for index in (0, 2, -1, np.int64(1), -3):
        for a, b in zip(dataset[index], first_epoch[index], strict=True):
            np.testing.assert_array_equal(a, b)
    assert int(fl.Dataset.range(3).repeat()[100]) == 1
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"no element {index} in a dataset of 3"):
            dataset[index]
    for index in (1.0, "a", slice(1, 2), None, True):
        with pytest.raises(fl.errors.ArgumentError, match="the index"):
            dataset[index]
    with pytest.raises(IndexError):
        fl.Dataset.range(3).repeat()[-1]
    assert [int(n) for n in reversed(fl.Dataset.range(3))] == [2, 1, 0]
    assert 2 in fl.Dataset.range(3)


def test_the_only_element() -> None:
    assert fl.Dataset.range(3).batch(3).get_single_element().tolist() == [0, 1, 2]
    with pytest.raises(fl.errors.ArgumentError, match="no elements"):
        fl.Dataset.range(0).get_single_element()
    with pytest.raises(fl.errors.ArgumentError, match="more than one"):
        fl.Dataset.range(3).repeat().get_single_element()


def test_each_iteration_is_an_epoch_of_its_own() -> None:
    dataset = fl.Dataset.range(100).shuffle(100, seed=1)
    orders = [[int(n) for n in dataset] for _ in range(4)]
    assert len({tuple(order) for order in orders}) == 4
    # a dataset made of another begins its own count
    assert [int(n) for n in dataset.take(100)] == orders[0]


def test_repr_and_explain() -> None:
    def keep(n):
        return n > 3

    dataset = fl.Dataset.zip(fl.Dataset.range(1), fl.Dataset.range(9).filter(keep)).batch(2).prefetch(fl.AUTOTUNE)
    assert (
        repr(dataset) == "<feedline dataset: [range, range -> filter(keep)] -> zip -> batch(2) -> prefetch(AUTOTUNE)>"
    )
    text = dataset.explain()
    assert "indexed, 1 element\n" in text
    assert "indexed, 9 elements" in text
    assert "streamed from here on: how many elements a filter keeps" in text
    assert "zip of 1 and 3" in text
    assert "indexed, endless" in fl.Dataset.range(3).repeat().explain()
    endless = fl.Dataset.range(3).repeat().shuffle(3).explain()
    assert "indexed, endless; within the buffer: there is no end" in endless


def test_apply() -> None:
    assert [int(n) for n in fl.Dataset.range(9).apply(lambda ds: ds.take(2))] == [0, 1]
    with pytest.raises(fl.errors.ArgumentError, match=r"is a `return` missing"):
        fl.Dataset.range(9).apply(lambda ds: None)
    with pytest.raises(fl.errors.ArgumentError, match="cannot be called"):
        fl.Dataset.range(9).apply(3)


def test_profile_counts_elements_by_stage() -> None:
    dataset = fl.Dataset.range(100).map(lambda n: n).batch(10)
    list(dataset)
    stages = {stage.name: stage.elements for stage in dataset.report().stages}
    assert stages["range"] == 100
    assert stages["batch(10)"] == 10
    assert "batch(10)" in str(dataset.profile(0.01))


def test_nodes_survive_pickling() -> None:
    dataset = fl.Dataset.range(20).shuffle(20, seed=1).cache().batch(3)
    expected = [batch.tolist() for batch in dataset]
    for node in (pickle.loads(pickle.dumps(dataset._node)), copy.deepcopy(dataset._node)):
        assert [batch.tolist() for batch in fl.Dataset(node)] == expected


def test_numbers_given_as_arguments() -> None:
    for value in (np.int32(2), np.array(2), 2):
        assert len(fl.Dataset.range(4).batch(value)) == 2
    for value, text in ((2.5, "such as 2"), ("2", "Give an int"), (True, "Give an int"), (float("nan"), "Give an int")):
        with pytest.raises(fl.errors.ArgumentError) as caught:
            fl.Dataset.range(4).take(value)
        assert text in str(caught.value)
    with pytest.raises(fl.errors.ArgumentError, match="64 bits"):
        fl.Dataset.range(4).skip(1 << 63)
