import itertools
from collections import Counter

import numpy as np
import pytest

import feedline as fl
from feedline.kernels.permute import keyed_permutation


def numbers(dataset) -> list[int]:
    return [int(number) for number in dataset]


def stream(count: int):
    return fl.Dataset.from_generator(lambda: iter(np.arange(count)))


SOURCES = {"indexed": fl.Dataset.range(100), "streamed": stream(100)}


@pytest.mark.parametrize("kind", SOURCES)
def test_same_seed_same_order_and_another_each_epoch(kind) -> None:
    def epochs(**arguments):
        dataset = SOURCES[kind].shuffle(20, **arguments)
        return [numbers(dataset) for _ in range(3)]

    first = epochs(seed=5)
    assert all(sorted(order) == list(range(100)) for order in first)
    assert len({tuple(order) for order in first}) == 3
    assert epochs(seed=5) == first
    assert epochs(seed=6) != first
    same = epochs(seed=5, reshuffle_each_iteration=False)
    assert same[0] == same[1] == same[2] == first[0]
    assert epochs() != epochs()
    fl.random.set_seed(3)
    one = epochs()
    fl.random.set_seed(3)
    assert epochs() == one
    fl.random.set_seed(None)


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("calls", [None, 2, 7, fl.AUTOTUNE])
@pytest.mark.parametrize("batch", [1, 7])
def test_the_order_does_not_depend_on_workers_or_batches(kind, calls, batch) -> None:
    expected = numbers(SOURCES[kind].shuffle(10, seed=1).repeat(2))
    dataset = SOURCES[kind].shuffle(10, seed=1).map(lambda n: n, calls).repeat(2).prefetch(3)
    assert [n for part in dataset.batch(batch) for n in part.tolist()] == expected
    before = SOURCES[kind].map(lambda n: n, calls).prefetch(2).shuffle(10, seed=1).repeat(2)
    assert [n for part in before.batch(batch) for n in part.tolist()] == expected


def test_repeat_is_as_several_iterations() -> None:
    for source in SOURCES.values():
        dataset = source.shuffle(10, seed=1)
        assert numbers(dataset) + numbers(dataset) == numbers(source.shuffle(10, seed=1).repeat(2))
        assert (
            numbers(source.shuffle(10, seed=1).repeat().take(250))
            == numbers(source.shuffle(10, seed=1).repeat(3))[:250]
        )


def test_an_indexed_dataset_is_shuffled_over_all_of_it() -> None:
    order = np.array(numbers(fl.Dataset.range(10_000).shuffle(2, seed=1)))
    # the mean displacement of a uniform shuffle is n / 3, with a deviation of about n / sqrt(7 n)
    assert abs(np.abs(order - np.arange(10_000)).mean() - 3333) < 5 * 45


def test_small_shuffles_are_uniform() -> None:
    runs = 2400
    for buffer, source in ((1, fl.Dataset.range(4)), (4, stream(4)), (9, stream(4))):
        counts = Counter(tuple(numbers(source.shuffle(buffer, seed=seed))) for seed in range(runs))
        expected = runs / 24
        statistic = sum((counts[order] - expected) ** 2 / expected for order in itertools.permutations(range(4)))
        assert statistic < 55.2  # chi-square, 23 degrees of freedom: exceeded once in 5000 times; the seeds are fixed


@pytest.mark.parametrize("source", [fl.Dataset.range(4), stream(4)], ids=SOURCES)
def test_epochs_of_one_seed_are_uniform_and_do_not_hang_together(source) -> None:
    runs = 2400
    orders = np.array(numbers(source.shuffle(4, seed=17).repeat(runs))).reshape(runs, 4)
    counts = Counter(map(tuple, orders.tolist()))
    expected = runs / 24
    statistic = sum((counts[order] - expected) ** 2 / expected for order in itertools.permutations(range(4)))
    assert statistic < 55.2  # chi-square, 23 degrees of freedom: exceeded once in 5000 times; the seed is fixed
    for place in range(4):
        pairs = np.zeros((4, 4))
        np.add.at(pairs, (orders[:-1, place], orders[1:, place]), 1)
        assert ((pairs - runs / 16) ** 2 / (runs / 16)).sum() < 37.7  # 15 degrees of freedom: once in 1000 times


@pytest.mark.parametrize("length", [1, 2, 3, 5, 64, 65, 1000])
def test_the_keyed_permutation_is_a_bijection(length) -> None:
    for key in (0, 1, (1 << 64) - 1):
        positions = np.arange(length)
        out = np.empty_like(positions)
        keyed_permutation(np.full(length, key, np.uint64), length, positions, out)
        assert sorted(out.tolist()) == positions.tolist()


def test_long_datasets_are_mixed_without_a_table() -> None:
    length = (1 << 20) + 12345
    out = np.concatenate(list(fl.Dataset.range(length).shuffle(1, seed=9).batch(1 << 16)))
    assert np.array_equal(np.sort(out), np.arange(length))
    parts = 32
    table = np.zeros((parts, parts))
    np.add.at(table, (np.arange(length) * parts // length, out * parts // length), 1)
    expected = length / parts**2
    # chi-square, 31 * 31 degrees of freedom: mean 961, deviation 44; beyond 4.5 deviations about once in 100,000 times
    assert abs(((table - expected) ** 2 / expected).sum() - 961) < 4.5 * 44
    step = np.diff(out)
    assert abs((step > 0).mean() - 0.5) < 0.003  # neighbours rise as often as they fall; 6 deviations
    again = np.concatenate(list(fl.Dataset.range(length).shuffle(1, seed=9).skip(1000).take(10).batch(10)))
    assert again.tolist() == out[1000:1010].tolist()


def test_lengths_beyond_memory() -> None:
    for length in ((1 << 40) + 1, (1 << 62) - 1):
        first = numbers(fl.Dataset.range(length).shuffle(1, seed=1).take(100))
        assert len(set(first)) == 100
        assert all(0 <= number < length for number in first)
        assert max(first) > length // 2 > min(first)


@pytest.mark.parametrize("endless", [fl.Dataset.range(10).repeat(), fl.Dataset.from_generator(itertools.count)])
def test_what_has_no_end_is_shuffled_within_the_buffer(endless) -> None:
    order = numbers(endless.shuffle(50, seed=1).take(60))
    assert order != numbers(endless.take(60))
    assert not fl.Dataset.range(10).repeat().shuffle(50).cardinality() >= 0


def test_a_buffer_lets_elements_leave_at_most_its_size_early() -> None:
    order = numbers(stream(1000).shuffle(8, seed=2))
    assert sorted(order) == list(range(1000))
    assert all(number < place + 8 for place, number in enumerate(order))
    assert numbers(stream(20).shuffle(1, seed=1)) == list(range(20))
    assert sorted(numbers(stream(20).shuffle(10**12, seed=1))) == list(range(20))


def test_buffers_keep_what_they_hold() -> None:
    buffer = np.zeros(2)

    def reused():
        for number in range(50):
            buffer[:] = number
            yield buffer, buffer[: number % 2 + 1], str(number)

    got = list(fl.Dataset.from_generator(reused).shuffle(7, seed=1))
    assert sorted(int(row[0]) for row, _, _ in got) == list(range(50))
    for row, part, text in got:
        assert row[0] == row[1] == part[0] == int(text)
        assert len(part) == int(text) % 2 + 1


def test_bad_arguments() -> None:
    for size in (0, -1, -3, 1.5, "3", None):
        with pytest.raises(fl.errors.ArgumentError, match="buffer_size"):
            fl.Dataset.range(3).shuffle(size)
    with pytest.raises(fl.errors.ArgumentError, match="seed"):
        fl.Dataset.range(3).shuffle(3, seed=1.5)
    assert sorted(numbers(fl.Dataset.range(3).shuffle(3, seed=-1))) == [0, 1, 2]
    for count in (0, 1):
        assert numbers(fl.Dataset.range(count).shuffle(3)) == list(range(count))
        assert numbers(stream(count).shuffle(3)) == list(range(count))


def test_an_error_comes_through() -> None:
    def broken():
        yield from range(10)
        raise ValueError("broken")

    with pytest.raises(fl.errors.UserFunctionError, match="broken"):
        list(fl.Dataset.from_generator(broken).shuffle(100))


@pytest.mark.parametrize("buffer", [1, 2, 5])
def test_no_more_is_asked_for_than_the_buffer_holds(buffer) -> None:
    """As in tf.data: the first element comes when the buffer is full, and each further one needs one more."""
    asked = []

    def count():
        for number in range(20):
            asked.append(number)
            yield number

    iterator = iter(fl.Dataset.from_generator(count).filter(lambda n: True).shuffle(buffer, seed=1))
    seen = []
    for _ in range(20):
        next(iterator)
        seen.append(len(asked))
    assert seen == [min(20, buffer + place) for place in range(20)]
    assert next(iterator, None) is None


def test_tensorflow_asks_for_no_less() -> None:
    tf = pytest.importorskip("tensorflow")
    asked = []
    numbers = tf.data.Dataset.range(20).map(
        lambda n: tf.py_function(lambda n: asked.append(int(n)) or n, [n], tf.int64)
    )
    iterator = iter(numbers.shuffle(5, seed=1))
    for place in range(3):
        next(iterator)
        assert len(asked) >= 5 + place


@pytest.mark.parametrize("count", [4, 5, 6])
def test_streams_as_long_as_the_buffer(count) -> None:
    orders = {tuple(numbers(stream(count).shuffle(5, seed=seed))) for seed in range(40)}
    assert all(sorted(order) == list(range(count)) for order in orders)
    assert len(orders) > 12


def test_errors_while_the_buffer_is_filled_and_later() -> None:
    def fail(number):
        if number in (2, 9):
            raise ValueError("refused")
        return number

    for buffer in (1, 4, 30):
        dataset = stream(15).map(fail).shuffle(buffer, seed=1).ignore_errors()
        assert sorted(numbers(dataset)) == [n for n in range(15) if n not in (2, 9)]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_unknown_cardinality_asks_for_a_shuffle_of_all(source):
    some = source.filter(lambda n: n >= 20)
    orders = [numbers(some.shuffle(some.cardinality(), seed=seed)) for seed in range(20)]
    assert {tuple(sorted(order)) for order in orders} == {tuple(range(20, 100))}
    assert max(order[0] for order in orders) > 60  # all 20 would be below 61 about once in a million times
    with pytest.raises(fl.errors.ArgumentError, match="never end"):
        source.repeat().shuffle(fl.UNKNOWN_CARDINALITY)


def test_an_endless_indexed_dataset_has_the_order_of_a_stream() -> None:
    def pipeline(source: fl.Dataset) -> fl.Dataset:
        return source.shuffle(300, seed=4).take(40_000)

    indexed = pipeline(fl.Dataset.range(100_000).repeat())
    assert "streamed" not in indexed.explain()
    streamed = pipeline(fl.Dataset.from_generator(itertools.count))
    assert numbers(indexed) == numbers(streamed)


def test_an_endless_indexed_dataset_is_read_anywhere_and_again() -> None:
    endless = fl.Dataset.range(1000).repeat().shuffle(50, seed=4, reshuffle_each_iteration=False)
    far = numbers(endless.skip(300_000).take(100))
    assert far != numbers(endless.take(100))
    assert numbers(endless.take(300_100))[-100:] == far == numbers(endless.skip(300_000).take(100))
    whole = numbers(endless.batch(32).map(lambda batch: batch.sum(), num_parallel_calls=2).take(2000))
    assert whole == [sum(numbers(endless.skip(32 * k).take(32))) if k % 500 == 0 else whole[k] for k in range(2000)]


def test_a_buffer_too_large_for_any_memory_is_an_error() -> None:
    endless = fl.Dataset.range(10).repeat().shuffle(1 << 40)
    with pytest.raises(fl.errors.ArgumentError, match="shuffle before repeat"):
        next(iter(endless))
