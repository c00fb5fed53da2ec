import numpy as np
import pytest

from feedline.kernels.permute import keyed_integers, keyed_order, keyed_permutation, keyed_shuffle


def test_any_part_of_a_stream_is_that_of_the_whole() -> None:
    whole, part = np.empty(100, np.int64), np.empty(10, np.int64)
    keyed_integers(np.uint64(7), 0, 13, whole)
    keyed_integers(np.uint64(7), 40, 13, part)
    assert part.tolist() == whole[40:50].tolist()
    assert whole.min() >= 0
    assert whole.max() < 13


def test_integers_are_uniform() -> None:
    numbers = np.empty(60_000, np.int64)
    keyed_integers(np.uint64(1), 0, 6, numbers)
    counts = np.bincount(numbers, minlength=6)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 20.5  # chi-square, 5 degrees of freedom: once in 1000; fixed key


@pytest.mark.parametrize("length", [0, 1, 2, 17, 1000])
def test_orders_are_permutations_that_depend_on_the_key(length) -> None:
    orders = []
    for key in (np.uint64(0), np.uint64(1), np.uint64((1 << 64) - 1)):
        shuffled, emptied = np.empty(length, np.int64), np.empty(length, np.int64)
        keyed_shuffle(key, shuffled)
        keyed_order(key, 5, emptied)
        assert sorted(shuffled.tolist()) == sorted(emptied.tolist()) == list(range(length))
        orders.append(shuffled.tolist())
    assert length < 17 or len({tuple(order) for order in orders}) == 3


@pytest.mark.parametrize("length", [(1 << 20) + 1, (1 << 32) - 1, 1 << 62])
def test_a_permutation_of_any_length_stays_within_it(length) -> None:
    positions = np.linspace(0, length - 1, 1000).astype(np.int64).clip(0, length - 1)
    positions = np.unique(positions)
    out = np.empty_like(positions)
    keyed_permutation(np.full(len(positions), 3, np.uint64), length, positions, out)
    assert out.min() >= 0
    assert out.max() < length
    assert len(np.unique(out)) == len(positions)
    # uniform: the largest gap from a straight line stays below Kolmogorov's bound (once in 1000; fixed key)
    steps = np.sort(out / length) - (np.arange(len(out)) + 0.5) / len(out)
    assert np.abs(steps).max() < 1.95 / np.sqrt(len(out))
