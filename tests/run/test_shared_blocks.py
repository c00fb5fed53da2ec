"""Memory that two processes share: lent until no view is left, used again, and bounded."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest

from feedline.run.shared_blocks import BorrowedBlocks, LentBlocks


class Pair:
    """A writer and a reader, with what they tell each other."""

    def __init__(self) -> None:
        self.lent, self.borrowed = LentBlocks(), BorrowedBlocks()

    def give(self, values: np.ndarray) -> tuple[int, np.ndarray]:
        """Returns the number of the block that holds values, and these as the reader sees them."""
        number, memory = self.lent.take(values.nbytes)
        np.frombuffer(memory, np.uint8, values.nbytes)[:] = values.view(np.uint8)
        self.borrowed.learn(*self.lent.news())
        return number, self.borrowed.array(number, values.nbytes).view(values.dtype)

    def give_back(self) -> None:
        self.lent.returned(self.borrowed.released())


def test_what_is_written_is_read() -> None:
    pair = Pair()
    values = np.arange(1000.0)
    _, seen = pair.give(values)
    np.testing.assert_array_equal(seen, values)
    seen += 1
    np.testing.assert_array_equal(seen, values + 1)


def test_a_block_is_used_again_once_no_view_is_left() -> None:
    pair = Pair()
    first, seen = pair.give(np.arange(100_000))
    view = seen.reshape(100, 1000)[3, 10:20]
    del seen
    pair.give_back()
    second, other = pair.give(np.zeros(100_000, np.int64))
    assert second != first
    assert view.tolist() == list(range(3010, 3020))
    del view, other
    pair.give_back()
    third, _ = pair.give(np.ones(100_000, np.int64))
    assert third in (first, second)


def test_a_block_is_not_used_for_much_less_than_it_holds() -> None:
    pair = Pair()
    large, seen = pair.give(np.zeros(1_000_000))
    del seen
    pair.give_back()
    small, _ = pair.give(np.zeros(10))
    assert small != large


def test_idle_memory_is_bounded() -> None:
    pair = Pair()
    held = [pair.give(np.zeros(8 << 20, np.uint8))[1] for _ in range(40)]
    del held
    pair.give_back()
    numbers = set()
    for _ in range(600):
        number, seen = pair.give(np.zeros(8 << 20, np.uint8))
        numbers.add(number)
        del seen
        pair.give_back()
    assert len(pair.lent._maps) < 20
    assert len(pair.borrowed._maps) == len(pair.lent._maps)


def test_views_outlive_both() -> None:
    pair = Pair()
    _, seen = pair.give(np.arange(100_000))
    pair.lent.forget_all()
    pair.borrowed.forget_all()
    pair.lent.close()
    del pair
    gc.collect()
    assert int(seen.sum()) == sum(range(100_000))


def test_nothing_is_left_open() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    gc.collect()  # what earlier tests left is closed now, not in between
    before = descriptors()
    pair = Pair()
    kept = [pair.give(np.arange(1000))[1] for _ in range(20)]
    assert descriptors() <= before + 2 * 20
    pair.lent.take(1 << 20)  # never told to the reader
    pair.lent.close()
    del pair, kept
    gc.collect()
    assert descriptors() <= before


@pytest.mark.parametrize("without", ["memfd_create"])
def test_where_the_system_knows_no_anonymous_files(monkeypatch, without) -> None:
    monkeypatch.delattr(os, without)
    _, seen = Pair().give(np.arange(1000))
    assert seen.tolist() == list(range(1000))


def test_less_memory_is_kept_where_somebody_says_so() -> None:
    pair = Pair()
    pair.lent.limit_idle(1 << 20)
    seen = [pair.give(np.zeros(1 << 18)) for _ in range(10)]  # 2 MiB each
    del seen
    for _ in range(500):  # until it is forgotten how much was lent at one time
        _, small = pair.give(np.zeros(1 << 15))
        del small
        pair.give_back()
    number, _ = pair.give(np.zeros(1 << 18))
    assert number >= 10  # none of the large blocks is there any more
