import numpy as np
import pytest

import feedline as fl

Dataset = fl.Dataset


def first(dataset, count=1000) -> np.ndarray:
    return next(iter(dataset.batch(count)))


def test_what_it_gives() -> None:
    dataset = Dataset.random(seed=3)
    assert dataset.cardinality() == fl.INFINITE_CARDINALITY
    assert dataset.element_spec == fl.TensorSpec((), "int64")
    numbers = first(dataset)
    assert numbers.dtype == np.int64
    assert 0 <= numbers.min() < 2**27 < 2**32 - 2**27 < numbers.max() < 2**32
    assert "indexed" in dataset.explain()
    assert int(dataset[17]) == numbers[17]


def test_the_seed_decides() -> None:
    assert np.array_equal(first(Dataset.random(seed=3)), first(Dataset.random(seed=3)))
    assert not np.array_equal(first(Dataset.random(seed=3)), first(Dataset.random(seed=4)))
    assert not np.array_equal(first(Dataset.random()), first(Dataset.random()))
    fl.random.set_seed(1)
    one = first(Dataset.random())
    fl.random.set_seed(1)
    try:
        assert np.array_equal(one, first(Dataset.random()))
    finally:
        fl.random.set_seed(None)


def test_epochs_are_alike_unless_asked_otherwise() -> None:
    for dataset in (Dataset.random(seed=3), Dataset.random(), Dataset.random(5, False)):
        batches = dataset.batch(100)
        assert np.array_equal(next(iter(batches)), next(iter(batches)))
        turns = first(dataset.take(10).repeat(2))
        assert np.array_equal(turns[:10], turns[10:])
    batches = Dataset.random(seed=3, rerandomize_each_iteration=True).batch(100)
    epochs = [next(iter(batches)) for _ in range(3)]
    assert not np.array_equal(epochs[0], epochs[1])
    again = Dataset.random(seed=3, rerandomize_each_iteration=True).batch(100)
    assert np.array_equal([next(iter(again)) for _ in range(3)], epochs)
    turns = first(Dataset.random(3, True).take(10).repeat(2))
    assert np.array_equal(turns, [*epochs[0][:10], *epochs[1][:10]])


def test_the_numbers_are_spread_evenly_and_not_related() -> None:
    numbers = first(Dataset.random(seed=11), 2**16)
    for bits in (numbers >> 24, (numbers >> 8) & 255, numbers & 255):
        counts = np.bincount(bits, minlength=256)
        chi_squared = ((counts - 256) ** 2 / 256).sum()
        assert chi_squared < 360  # 255 degrees of freedom: 1 in 50,000 exceeds it
    scaled = numbers / 2**32 - 0.5
    for lag in (1, 2, 7):
        assert abs((scaled[lag:] * scaled[:-lag]).mean()) < 5 / 12 / np.sqrt(len(numbers))
    other = first(Dataset.random(seed=12), 2**16) / 2**32 - 0.5
    assert abs((scaled * other).mean()) < 5 / 12 / np.sqrt(len(numbers))
    assert len(np.unique(numbers)) > 65500


def test_a_seed_that_is_none() -> None:
    with pytest.raises(fl.errors.ArgumentError, match="seed"):
        Dataset.random(seed="x")
