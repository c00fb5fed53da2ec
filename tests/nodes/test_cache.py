import threading

import numpy as np
import pytest

import feedline as fl


class Counting:
    """A function that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.lock = threading.Lock()

    def __call__(self, number):
        with self.lock:
            self.calls.append(int(number))
        return number * 2


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def sources():
    return fl.Dataset.range(20), fl.Dataset.from_generator(lambda: iter(np.arange(20)))


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("calls", [None, 3])
def test_each_element_is_computed_once(which, calls) -> None:
    function = Counting()
    dataset = sources()[which].map(function, calls).cache()
    for _ in range(3):
        assert numbers(dataset) == list(range(0, 40, 2))
    assert numbers(dataset.repeat(2)) == list(range(0, 40, 2)) * 2
    assert sorted(function.calls) == list(range(20))


def test_in_any_order() -> None:
    function = Counting()
    cached = fl.Dataset.range(20).map(function).cache()
    dataset = cached.shuffle(20, seed=1)
    first, second = numbers(dataset), numbers(dataset)
    assert sorted(first) == sorted(second) == list(range(0, 40, 2))
    assert first != second
    assert sorted(function.calls) == list(range(20))
    assert numbers(cached.take(3)) == [0, 2, 4]
    assert int(cached[19]) == 38


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_random_before_stays_and_after_it_does_not(which) -> None:
    before = sources()[which].map(lambda n: fl.random.uniform(())).cache()
    assert [float(x) for x in before] == [float(x) for x in before]
    after = sources()[which].cache().map(lambda n: fl.random.uniform(()))
    assert [float(x) for x in after] != [float(x) for x in after]
    shuffled = sources()[which].shuffle(20).cache()
    assert numbers(shuffled) == numbers(shuffled)


def test_a_stream_that_was_not_read_to_its_end_is_not_taken_for_whole() -> None:
    dataset = sources()[1].cache()
    assert numbers(dataset.take(3)) == [0, 1, 2]
    iterator = iter(dataset)
    next(iterator)
    iterator.close()
    assert numbers(dataset) == list(range(20))
    assert numbers(dataset.take(3)) == [0, 1, 2]


@pytest.mark.parametrize("calls", [None, 3])
def test_a_stream_that_failed_is_not_taken_for_whole(calls) -> None:
    broken = [True]

    def function(number):
        if broken[0] and number == 7:
            raise ValueError("not now")
        return number

    dataset = sources()[1].map(function, calls).cache().map(lambda n: n, calls)
    with pytest.raises(fl.errors.UserFunctionError):
        numbers(dataset)
    broken[0] = False
    assert numbers(dataset) == list(range(20))
    assert numbers(dataset) == list(range(20))


def test_empty_streams_and_elements_of_any_kind() -> None:
    calls = []

    def nothing():
        calls.append(1)
        return iter(())

    dataset = fl.Dataset.from_generator(nothing).cache()
    assert list(dataset) == list(dataset) == []
    assert len(calls) == 1
    texts = fl.Dataset.from_tensor_slices(["a", "b\x00"]).cache()
    assert list(texts) == list(texts) == [b"a", b"b\x00"]
    ragged = fl.Dataset.from_tensor_slices(([np.arange(1), np.arange(2), np.arange(2)], [1, 2, 3])).cache()
    for _ in range(2):
        assert [(a.tolist(), int(b)) for a, b in ragged.shuffle(3).repeat(2)].__len__() == 6
        assert [a.tolist() for a, _ in ragged] == [[0], [0, 1], [0, 1]]
        assert [a.shape for a, _ in ragged.skip(1).batch(2)] == [(2, 2)]


def test_it_survives_an_infinite_dataset_only_before_repeat() -> None:
    with pytest.raises(fl.errors.InfiniteDatasetError, match=r"before repeat"):
        next(iter(fl.Dataset.range(3).repeat().cache()))
    assert numbers(fl.Dataset.range(3).cache().repeat().take(5)) == [0, 1, 2, 0, 1]


def test_what_a_look_at_the_spec_reads_is_not_kept() -> None:
    """Nothing would count that work: `report()` would be one element short."""
    function = Counting()
    dataset = fl.Dataset.range(4).map(function).cache().map(lambda number: number)
    dataset.element_spec
    assert function.calls == [0]
    for _ in range(2):
        assert numbers(dataset) == [0, 2, 4, 6]
    assert sorted(function.calls) == [0, 0, 1, 2, 3]
    assert [stage.elements for stage in dataset.report().stages] == [4, 4, 8, 8]


def test_memory_grows_with_what_is_kept() -> None:
    """Of a dataset that is read in part, also one far beyond memory, only what was read takes room."""
    huge = fl.Dataset.range(1 << 60).cache()
    assert numbers(huge.take(3)) == numbers(huge.take(3)) == [0, 1, 2]
    assert numbers(huge.skip(1 << 59).take(2)) == [1 << 59, (1 << 59) + 1]
    texts = fl.Dataset.range(1 << 40).map(lambda n: (str(n), np.arange(n % 3))).cache()
    assert [(text, row.tolist()) for text, row in texts.skip(7).take(2)] == [(b"7", [0]), (b"8", [0, 1])]


def test_in_any_order_over_many_parts_of_the_store(monkeypatch) -> None:
    from feedline.nodes import cache

    monkeypatch.setattr(cache, "_PART_BYTES", 64)
    function = Counting()
    ragged = fl.Dataset.range(50).map(function, 3).map(lambda n: (n, np.arange(n % 5), str(n))).cache()
    for dataset in (ragged.take(20), ragged.shuffle(50, seed=1), ragged.shuffle(50, seed=2).batch(7), ragged):
        rows = list(dataset) if dataset.element_spec[0].shape == () else []
        for number, row, text in rows:
            assert row.tolist() == list(range(int(number) % 5))
            assert int(text) == int(number)
    assert sorted(int(number) for number, _, _ in ragged) == list(range(0, 100, 2))
    plain = fl.Dataset.range(50).map(function, 3).cache()
    got = np.concatenate(list(plain.shuffle(50, seed=3).batch(9)))
    assert sorted(got.tolist()) == list(range(0, 100, 2))
    assert numbers(plain.shuffle(50, seed=3)) == got.tolist()
    assert sorted(function.calls)[2:] == sorted([0, *range(50), *range(50)])[2:]
