import itertools

import numpy as np
import pytest

import feedline as fl


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def sources():
    return fl.Dataset.range(3), fl.Dataset.from_generator(lambda: iter(np.arange(3)))


def test_counts() -> None:
    for source in sources():
        assert numbers(source.repeat(2)) == [0, 1, 2] * 2
        assert numbers(source.repeat(0)) == []
        assert numbers(source.repeat().take(7)) == [0, 1, 2, 0, 1, 2, 0]
        assert numbers(source.repeat(-1).take(4)) == [0, 1, 2, 0]
        assert numbers(source.repeat(2).repeat(2)) == [0, 1, 2] * 4
        assert numbers(source.repeat().repeat().take(4)) == [0, 1, 2, 0]
    assert fl.Dataset.range(3).repeat().cardinality() == fl.INFINITE_CARDINALITY
    assert fl.Dataset.range(3).repeat(4).cardinality() == 12
    assert fl.Dataset.range(0).repeat().cardinality() == 0


def test_an_empty_dataset_repeated_for_ever_ends() -> None:
    assert numbers(fl.Dataset.range(0).repeat()) == []
    assert numbers(fl.Dataset.from_generator(lambda: iter(())).repeat()) == []
    assert numbers(fl.Dataset.range(3).filter(lambda n: n > 5).repeat()) == []


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "wrap", [lambda ds: ds.repeat(3), lambda ds: ds.repeat().take(9), lambda ds: ds.repeat(2).repeat(2)]
)
def test_each_turn_has_random_numbers_of_its_own_in_each_epoch(which, wrap) -> None:
    dataset = wrap(sources()[which].map(lambda n: fl.random.uniform(())))
    draws = [float(draw) for _ in range(3) for draw in dataset]
    assert len(set(draws)) == len(draws)


def test_repeats_nested_beyond_64_bits_still_have_epochs_of_their_own() -> None:
    for source in sources():
        deep = source.map(lambda n: fl.random.uniform(())).repeat().take(3).repeat().take(3).repeat().take(3).repeat()
        nine = deep.take(9)
        draws = [float(draw) for _ in range(2) for draw in nine]
        assert len(set(draws)) == 18
        huge = source.map(lambda n: fl.random.uniform(())).repeat(10**12).repeat(10**12)
        draws = [float(draw) for _ in range(2) for draw in itertools.islice(huge, 6)]
        assert len(set(draws)) == 12


def test_bad_arguments() -> None:
    for count in (-2, 1.5, "2", 1 << 70):
        with pytest.raises(fl.errors.ArgumentError, match="count"):
            fl.Dataset.range(3).repeat(count)


def test_more_elements_than_64_bits_can_count_are_as_good_as_no_end() -> None:
    for huge in (fl.Dataset.range(3).repeat(1 << 62), fl.Dataset.range(1 << 40).repeat(1 << 40)):
        assert huge.cardinality() == fl.INFINITE_CARDINALITY
        with pytest.raises(fl.errors.InfiniteDatasetError):
            len(huge)
    twice = fl.Dataset.range(3).repeat(1 << 62).repeat(1 << 62)
    assert numbers(twice.skip(5).take(4)) == [2, 0, 1, 2]
    assert numbers(fl.Dataset.range(3).repeat((1 << 63) - 1).take(4)) == [0, 1, 2, 0]
    assert len(fl.Dataset.range(4).repeat(1 << 60)) == 1 << 62
    assert numbers(fl.Dataset.range(1 << 62).concatenate(fl.Dataset.range(5)).skip(1 << 61).take(1)) == [1 << 61]
