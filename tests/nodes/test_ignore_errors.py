"""ignore_errors: elements that cannot be computed are left out, and only these."""

import itertools
import warnings

import numpy as np
import pytest

import feedline as fl


def odd_fails(number):
    if number % 3 == 1:
        raise ValueError(f"refused {number}")
    return number


def kept(count=10):
    return [n for n in range(count) if n % 3 != 1]


def numbers(dataset) -> list[int]:
    return [int(n) for n in dataset]


SOURCES = {
    "indexed": lambda: fl.Dataset.range(10),
    "streamed": lambda: fl.Dataset.from_generator(lambda: iter(np.arange(10))),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("calls", [None, 1, 2, 4, fl.AUTOTUNE])
def test_what_fails_is_left_out(source, calls) -> None:
    dataset = SOURCES[source]().map(odd_fails, num_parallel_calls=calls).ignore_errors()
    assert numbers(dataset) == numbers(dataset) == kept()
    assert numbers(dataset.prefetch(2)) == kept()
    assert [batch.tolist() for batch in dataset.batch(4)] == [[0, 2, 3, 5], [6, 8, 9]]
    assert numbers(dataset.repeat(2)) == kept() * 2


@pytest.mark.parametrize("source", SOURCES)
def test_a_batch_fails_as_a_whole(source) -> None:
    dataset = SOURCES[source]().map(lambda n: odd_fails(n) if n != 4 and n != 7 else n).batch(2).ignore_errors()
    assert [batch.tolist() for batch in dataset] == [[2, 3], [4, 5], [6, 7], [8, 9]]


STEPS = {
    "filter": (lambda ds: ds.filter(lambda n: odd_fails(n) >= 0), kept()),
    "flat_map": (lambda ds: ds.flat_map(lambda n: fl.Dataset.from_tensors(odd_fails(n)).repeat(2)), None),
    "interleave": (
        lambda ds: ds.interleave(lambda n: fl.Dataset.from_tensors(odd_fails(n)), cycle_length=1), kept(),
    ),
    "scan": (lambda ds: ds.scan(np.int64(0), lambda state, n: (state, odd_fails(n))), kept()),
    "take_while": (lambda ds: ds.take_while(lambda n: odd_fails(n) < 9), kept(9)),
    "zip": (lambda ds: fl.Dataset.zip(ds.map(odd_fails), ds).map(lambda a, b: b), kept()),
    "concatenate": (lambda ds: ds.map(odd_fails).concatenate(ds.take(2)), [*kept(), 0, 1]),
    "cache": (lambda ds: ds.map(odd_fails).cache(), kept()),
    "shard": (lambda ds: ds.map(odd_fails).shard(2, 0), None),
    "take": (lambda ds: ds.map(odd_fails).take(5), None),
    "skip": (lambda ds: ds.map(odd_fails).skip(2), None),
    "unbatch": (lambda ds: ds.map(odd_fails).map(lambda n: np.array([n])).unbatch(), kept()),
    "unique": (lambda ds: ds.map(odd_fails).unique(), kept()),
    "enumerate": (lambda ds: ds.map(odd_fails).enumerate().map(lambda number, n: n), kept()),
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", STEPS)
def test_after_any_step(source, name) -> None:
    build, expected = STEPS[name]
    got = numbers(build(SOURCES[source]()).ignore_errors())
    assert all(n % 3 != 1 or name == "concatenate" for n in got)
    if expected is not None:
        assert got == expected


def test_as_in_tensorflow(tensorflow) -> None:
    tf = tensorflow.tf

    def fail(number):
        return tf.debugging.check_numerics(tf.cast(1, tf.float32) / tf.cast(number % 3 - 1, tf.float32), "x")

    for build in (lambda ds: ds, lambda ds: ds.repeat(2), lambda ds: ds.batch(2), lambda ds: ds.take(5)):
        theirs = build(tensorflow.Dataset.range(10).map(lambda n: (fail(n), n)).map(lambda a, n: n).ignore_errors())
        ours = build(fl.Dataset.range(10).map(odd_fails).ignore_errors())
        assert [n.tolist() for n in ours] == [n.tolist() for n in theirs.as_numpy_iterator()]


def test_warnings() -> None:
    dataset = fl.Dataset.range(5).map(odd_fails)
    with pytest.warns(RuntimeWarning, match="refused 1") as caught:
        assert numbers(dataset.ignore_errors(log_warning=True)) == [0, 2, 3]
    assert len(caught) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numbers(dataset.ignore_errors()) == [0, 2, 3]


def test_a_generator_that_raises_is_over() -> None:
    def broken():
        yield from range(3)
        raise ValueError("broken")

    assert numbers(fl.Dataset.from_generator(broken).ignore_errors()) == [0, 1, 2]


def test_without_it_the_iterator_ends_after_an_error() -> None:
    iterator = iter(fl.Dataset.range(10).map(odd_fails))
    assert int(next(iterator)) == 0
    with pytest.raises(fl.errors.UserFunctionError, match="refused 1"):
        next(iterator)
    assert list(iterator) == []


def test_all_fail() -> None:
    dataset = fl.Dataset.range(10).map(lambda n: 1 // 0).ignore_errors()
    assert list(dataset) == []
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY


def test_what_is_no_error_of_an_element_comes_through() -> None:
    def stop(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(fl.Dataset.range(3).map(stop).ignore_errors())


def test_the_spec_is_that_of_an_element_that_can_be_computed() -> None:
    dataset = fl.Dataset.range(1, 5).map(odd_fails).ignore_errors()
    assert dataset.element_spec == fl.TensorSpec((), "int64")
    assert list(itertools.islice(dataset, 1)) == [2]
