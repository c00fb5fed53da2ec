import numpy as np
import pytest

import feedline as fl


def test_numbers_are_int64_and_begin_anew_each_epoch() -> None:
    for source in (fl.Dataset.range(3), fl.Dataset.from_generator(lambda: iter(np.arange(3)))):
        dataset = source.enumerate(5)
        for _ in range(2):
            assert [(int(a), int(b)) for a, b in dataset] == [(5, 0), (6, 1), (7, 2)]
        assert [int(a) for a, _ in dataset.repeat(2)] == [5, 6, 7, 5, 6, 7]
        assert [int(a) for a, _ in source.repeat(2).enumerate()] == list(range(6))
        assert next(iter(dataset))[0].dtype == np.int64
    assert fl.Dataset.range(3).enumerate().element_spec == (fl.TensorSpec((), "int64"),) * 2
    assert [int(a) for a, _ in fl.Dataset.range(3).enumerate(-1)] == [-1, 0, 1]


def test_numbers_follow_their_elements() -> None:
    assert all(int(a) == int(b) for a, b in fl.Dataset.range(50).enumerate().shuffle(50))
    assert [int(a) for a, _ in fl.Dataset.range(50).shuffle(50).enumerate()] == list(range(50))
    with pytest.raises(fl.errors.ArgumentError, match="start"):
        fl.Dataset.range(3).enumerate(0.5)


def test_numbers_beyond_64_bits_are_an_error_not_others() -> None:
    numbers = iter(fl.Dataset.range(3).enumerate((1 << 63) - 2))
    assert [int(next(numbers)[0]) for _ in range(2)] == [(1 << 63) - 2, (1 << 63) - 1]
    with pytest.raises(fl.errors.ArgumentError, match=r"64 bits[\s\S]*smaller start"):
        next(numbers)
