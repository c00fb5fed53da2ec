import numpy as np
import pytest

import feedline as fl


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def sources():
    return fl.Dataset.range(5), fl.Dataset.from_generator(lambda: iter(np.arange(5)))


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("count", [-1, 0, 1, 4, 5, 6, (1 << 63) - 1])
def test_take_and_skip_are_pythons_slices(which, count) -> None:
    source = sources()[which]
    assert numbers(source.take(count)) == list(range(5))[: None if count < 0 else count]
    assert numbers(source.skip(count)) == ([] if count < 0 else list(range(5))[count:])
    assert numbers(source.skip(1).take(count).skip(1)) == list(range(1, 5))[: None if count < 0 else count][1:]


def test_lengths() -> None:
    dataset = fl.Dataset.range(5)
    assert [len(dataset.take(n)) for n in (-1, 0, 3, 9)] == [5, 0, 3, 5]
    assert [len(dataset.skip(n)) for n in (-1, 0, 3, 9)] == [0, 5, 2, 0]
    endless = dataset.repeat()
    assert len(endless.take(7)) == 7
    assert endless.skip(7).cardinality() == fl.INFINITE_CARDINALITY
    assert numbers(endless.skip(7).take(2)) == [2, 3]
    assert numbers(endless.skip(-1)) == []


def test_take_asks_for_no_more_than_it_gives() -> None:
    asked = []

    def count():
        number = 0
        while True:
            asked.append(number)
            yield number
            number += 1

    stream = fl.Dataset.from_generator(count)
    assert numbers(stream.take(3)) == [0, 1, 2]
    assert asked == [0, 1, 2]
    assert numbers(stream.take(0)) == []
    assert numbers(stream.skip(-1)) == []
    assert asked == [0, 1, 2]
    calls = []
    numbers(fl.Dataset.range(100).map(lambda n: calls.append(int(n)) or n, 4).take(3))
    assert sorted(calls) == [0, 1, 2]


def test_bad_arguments() -> None:
    for count in (-2, 1.5, "1", None, 1 << 64):
        for method in ("take", "skip"):
            with pytest.raises(fl.errors.ArgumentError, match="count"):
                getattr(fl.Dataset.range(3), method)(count)


def test_positions_beyond_64_bits_are_an_error_not_another_element() -> None:
    endless = fl.Dataset.range(3).repeat()
    assert numbers(endless.skip(1 << 62).take(2)) == [(1 << 62) % 3, ((1 << 62) + 1) % 3]
    furthest = iter(endless.skip((1 << 63) - 1))
    assert int(next(furthest)) == ((1 << 63) - 1) % 3
    with pytest.raises(fl.errors.ArgumentError, match="64 bits cannot hold"):
        next(furthest)
    assert numbers(fl.Dataset.range(5).take((1 << 63) - 1)) == list(range(5))
    with pytest.raises(fl.errors.ArgumentError, match="64 bits cannot hold"):
        fl.Dataset.range(5).take(1 << 70)
