import numpy as np
import pytest

import feedline as fl


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 11, 1 << 40])
def test_the_shards_are_every_nth_element(shards) -> None:
    for source in (fl.Dataset.range(10), fl.Dataset.from_generator(lambda: iter(np.arange(10)))):
        for index in {0, 1, 2, 9, shards - 1}:
            if index < shards:
                shard = source.shard(shards, index)
                assert [int(number) for number in shard] == list(range(10))[index::shards]
                assert shard.cardinality() in (len(range(10)[index::shards]), fl.UNKNOWN_CARDINALITY)
    endless = fl.Dataset.range(10).repeat().shard(3, 1)
    assert [int(number) for number in endless.take(4)] == [1, 4, 7, 0]


@pytest.mark.parametrize(("shards", "index"), [(0, 0), (-1, 0), (2, 2), (2, -1), (2.0, 1), (2, "1")])
def test_bad_arguments(shards, index) -> None:
    with pytest.raises(fl.errors.ArgumentError):
        fl.Dataset.range(3).shard(shards, index)


def test_a_stream_is_asked_for_no_more_than_is_needed() -> None:
    asked = []

    def numbers():
        for number in range(100):
            asked.append(number)
            yield number

    assert [int(n) for n in fl.Dataset.from_generator(numbers).shard(3, 1).take(2)] == [1, 4]
    assert asked == [0, 1, 2, 3, 4]


def test_positions_beyond_64_bits_are_an_error_not_another_element() -> None:
    shards = iter(fl.Dataset.range(3).repeat().shard(1 << 62, 1))
    assert [int(next(shards)) for _ in range(2)] == [1, ((1 << 62) + 1) % 3]
    with pytest.raises(fl.errors.ArgumentError, match="64 bits cannot hold"):
        next(shards)
    assert [int(number) for number in fl.Dataset.range(3).shard((1 << 63) - 1, 2)] == [2]
