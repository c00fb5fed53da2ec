"""flat_map and interleave."""

import collections
import itertools
import threading

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "b a")


def repeated(lib, count=3):
    """Returns a function from a number n to the dataset n, n, n."""
    return lambda number: lib.Dataset.from_tensors(number).repeat(count)


CASES = {
    "flat_map of ranges": (
        lambda lib: lib.Dataset.range(4).flat_map(lambda n: lib.Dataset.range(n)),
        [0, 0, 1, 0, 1, 2],
    ),
    "flat_map of slices": (
        lambda lib: lib.Dataset.from_tensor_slices([[1, 2], [3, 4]]).flat_map(
            lambda row: lib.Dataset.from_tensor_slices(row)
        ),
        [1, 2, 3, 4],
    ),
    "flat_map of pairs, two arguments": (
        lambda lib: lib.Dataset.zip((lib.Dataset.range(3), lib.Dataset.range(5, 8))).flat_map(
            lambda a, b: lib.Dataset.from_tensors({"a": a, "b": (b, None)}).repeat(a)
        ),
        [{"a": 1, "b": (6, None)}, {"a": 2, "b": (7, None)}, {"a": 2, "b": (7, None)}],
    ),
    "flat_map of a namedtuple, one argument": (
        lambda lib: lib.Dataset.zip(Pair(lib.Dataset.range(2), lib.Dataset.range(5, 7))).flat_map(
            lambda pair: lib.Dataset.from_tensors(pair).repeat(2)
        ),
        [Pair(b=0, a=5), Pair(b=0, a=5), Pair(b=1, a=6), Pair(b=1, a=6)],
    ),
    "flat_map of nothing": (lambda lib: lib.Dataset.range(3).flat_map(lambda n: lib.Dataset.range(0)), []),
    "flat_map of an empty dataset": (lambda lib: lib.Dataset.range(0).flat_map(lambda n: lib.Dataset.range(n)), []),
    "flat_map within flat_map": (
        lambda lib: lib.Dataset.range(4).flat_map(
            lambda n: lib.Dataset.range(n).flat_map(lambda m: lib.Dataset.from_tensors(n * 10 + m))
        ),
        [10, 20, 21, 30, 31, 32],
    ),
    "flat_map of what has no end": (
        lambda lib: lib.Dataset.range(3).flat_map(lambda n: lib.Dataset.from_tensors(n).repeat()).take(4),
        [0, 0, 0, 0],
    ),
    "interleave, one at a time": (
        lambda lib: lib.Dataset.range(3).interleave(repeated(lib), cycle_length=1),
        [0, 0, 0, 1, 1, 1, 2, 2, 2],
    ),
    "interleave, two take turns": (
        lambda lib: lib.Dataset.range(4).interleave(repeated(lib), cycle_length=2),
        [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3],
    ),
    "interleave, more turns than datasets": (
        lambda lib: lib.Dataset.range(2).interleave(repeated(lib), cycle_length=7),
        [0, 1, 0, 1, 0, 1],
    ),
    "interleave in blocks": (
        lambda lib: lib.Dataset.range(5).interleave(repeated(lib, 5), cycle_length=3, block_length=2),
        [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2, 0, 1, 2, 3, 3, 4, 4, 3, 3, 4, 4, 3, 4],
    ),
    "interleave in blocks longer than the datasets": (
        lambda lib: lib.Dataset.range(3).interleave(repeated(lib, 2), cycle_length=2, block_length=9),
        [0, 0, 1, 1, 2, 2],
    ),
    "interleave of datasets of different lengths": (
        lambda lib: lib.Dataset.range(6).interleave(lambda n: lib.Dataset.range(n * n % 5), 3, 2),
        [0, 0, 1, 0, 1, 0, 2, 3, 2, 3],
    ),
    "interleave in parallel": (
        lambda lib: lib.Dataset.range(5).interleave(
            repeated(lib), cycle_length=3, block_length=2, num_parallel_calls=2, deterministic=True
        ),
        [0, 0, 1, 1, 2, 2, 0, 1, 2, 3, 3, 4, 4, 3, 4],
    ),
    "interleave with AUTOTUNE": (
        lambda lib: lib.Dataset.range(5).interleave(
            repeated(lib), cycle_length=2, num_parallel_calls=lib.AUTOTUNE, deterministic=True
        ),
        [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 4, 4, 4],
    ),
    "interleave of datasets with empty ones": (
        lambda lib: lib.Dataset.range(6).interleave(lambda n: lib.Dataset.range(n % 2 * 2), cycle_length=2),
        [0, 1, 0, 1, 0, 1],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


@pytest.mark.parametrize("method", ["flat_map", "interleave"])
def test_a_function_that_returns_no_dataset(method) -> None:
    with pytest.raises(fl.errors.StructureError, match="not a dataset") as caught:
        list(getattr(fl.Dataset.range(3), method)(lambda n: [n, n]))
    assert "Dataset.from_tensor_slices" in caught.value.fix
    assert "test_flat_map.py:" in str(caught.value)


@pytest.mark.parametrize("method", ["flat_map", "interleave"])
def test_bad_functions(method) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="cannot be called"):
        getattr(fl.Dataset.range(3), method)(fl.Dataset.range(3))
    with pytest.raises(fl.errors.StructureError, match="takes 2 arguments"):
        getattr(fl.Dataset.range(3), method)(lambda a, b: fl.Dataset.range(3))
    with pytest.raises(fl.errors.UserFunctionError, match="division") as caught:
        list(getattr(fl.Dataset.range(3), method)(lambda n: fl.Dataset.range(1 // 0)))
    assert "element 0" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"cycle_length": 0}, "cycle_length"),
        ({"cycle_length": -2}, "cycle_length"),
        ({"cycle_length": 1.5}, "cycle_length"),
        ({"block_length": 0}, "block_length"),
        ({"num_parallel_calls": 0}, "num_parallel_calls"),
        ({"cycle_length": 2, "num_parallel_calls": 3}, "num_parallel_calls"),
    ],
)
def test_arguments_that_cannot_work(arguments, text) -> None:
    with pytest.raises(fl.errors.ArgumentError, match=text):
        fl.Dataset.range(3).interleave(lambda n: fl.Dataset.range(n), **arguments)


@pytest.mark.parametrize("method", ["flat_map", "interleave"])
def test_another_structure_or_dtype_than_before(method) -> None:
    for later, error in (
        (lambda n: fl.Dataset.from_tensors((n, n)), fl.errors.StructureError),
        (lambda n: fl.Dataset.from_tensors(np.float32(n)), fl.errors.DtypeError),
    ):
        dataset = fl.Dataset.range(3)
        with pytest.raises(error, match="before"):
            list(getattr(dataset, method)(lambda n, later=later: later(n) if n else fl.Dataset.from_tensors(n)))


def test_an_error_in_a_dataset_within_comes_after_what_was_before_it() -> None:
    def fail(number):
        if number == 2:
            raise ValueError("refused")
        return number

    iterator = iter(fl.Dataset.range(2).flat_map(lambda n: fl.Dataset.range(4).map(fail)))
    assert [int(next(iterator)) for _ in range(2)] == [0, 1]
    with pytest.raises(fl.errors.UserFunctionError, match="refused"):
        next(iterator)


def test_a_cycle_far_longer_than_there_are_datasets() -> None:
    dataset = fl.Dataset.range(3).interleave(lambda n: fl.Dataset.range(n, n + 2), cycle_length=1 << 60)
    assert [int(n) for n in dataset] == [0, 1, 2, 1, 2, 3]


def test_random_numbers_within_are_others_for_each_dataset_and_epoch() -> None:
    def build(calls):
        return fl.Dataset.range(4).interleave(
            lambda n: fl.Dataset.range(3).map(lambda m: fl.random.uniform(()), num_parallel_calls=calls), 2
        )

    dataset = build(None)
    epochs = [[float(draw) for draw in dataset] for _ in range(2)]
    assert epochs[0] != epochs[1]


def test_the_order_within_an_epoch_is_the_same_each_time() -> None:
    dataset = fl.Dataset.range(20).interleave(lambda n: fl.Dataset.range(n, n + 3), 4, 2)
    expected = [int(n) for n in dataset]
    for calls, ahead in itertools.product((None, 1, 2, 4, fl.AUTOTUNE), (0, 2)):
        again = fl.Dataset.range(20).interleave(lambda n: fl.Dataset.range(n, n + 3), 4, 2, num_parallel_calls=calls)
        again = again.map(lambda n: n, num_parallel_calls=calls)
        assert [int(n) for n in (again.prefetch(ahead) if ahead else again)] == expected


def given_and_error(dataset) -> tuple[list, str | None]:
    """Returns what comes before the first error, and the error."""
    given = []
    try:
        for element in dataset:
            given.append(np.asarray(element).tolist())
    except fl.errors.FeedlineError as error:
        return given, str(error).replace(", num_parallel_calls=calls", "")
    return given, None


SIDE_BY_SIDE = [(1, None), (2, None), (3, "inline"), (3, "threads"), (3, "processes"), (fl.AUTOTUNE, None)]


def run_by(dataset, executor):
    return dataset if executor is None else dataset.with_options(fl.Options(executor=executor))


def fail_at(*bad):
    def fail(number):
        if int(number) in bad:
            raise ValueError(f"refused {int(number)}")
        return number

    return fail


def draws(number):
    return fl.Dataset.range(number % 4 * 3).shuffle(9).map(lambda m: fl.random.uniform((2,)))


def rows(number):
    yield from range(number * 10, number * 10 + number % 5)


INNER = {
    "ranges": lambda n: fl.Dataset.range(n * 10, n * 10 + n % 5),
    "generators": lambda n: fl.Dataset.from_generator(rows, args=(n,), output_signature=fl.TensorSpec((), "int64")),
    "maps": lambda n: fl.Dataset.range(n, n + 3).map(lambda m: m * 2, num_parallel_calls=2),
    "draws": draws,
    "one each": lambda n: fl.Dataset.from_tensors(n),
    "nothing": lambda n: fl.Dataset.range(0),
    "an element fails": lambda n: fl.Dataset.range(n, n + 4).map(fail_at(9)),
    "the function fails": lambda n: fl.Dataset.range(fail_at(7)(n)),
    "further datasets": lambda n: fl.Dataset.range(n).interleave(
        lambda m: fl.Dataset.range(m, m + 2), 2, num_parallel_calls=2
    ),
}


@pytest.mark.parametrize(("calls", "executor"), SIDE_BY_SIDE)
@pytest.mark.parametrize("inner", INNER)
def test_side_by_side_all_is_as_it_is_one_by_one(inner, calls, executor) -> None:
    def build(calls, cycle, block):
        fl.random.set_seed(3)
        parent = fl.Dataset.range(12).shuffle(12, seed=5)
        return parent.interleave(INNER[inner], cycle, block, num_parallel_calls=calls)

    try:
        for cycle, block in ((3, 1), (5, 2)):
            one_by_one = build(None, cycle, block)
            side_by_side = run_by(build(calls, cycle, block), executor)
            for _ in range(2):
                expected = given_and_error(one_by_one)
                assert given_and_error(side_by_side) == expected
            ignoring = build(None, cycle, block).ignore_errors(), build(calls, cycle, block).ignore_errors()
            assert given_and_error(ignoring[0]) == given_and_error(run_by(ignoring[1], executor))
    finally:
        fl.random.set_seed(None)


def meeting(barrier):
    """Returns a dataset whose elements are made only while as many others are as the barrier has parties."""

    def meet(number):
        barrier.wait(60)
        return number

    return lambda n: fl.Dataset.range(n * 10, n * 10 + 5).map(meet)


@pytest.mark.parametrize("calls", [4, fl.AUTOTUNE])
@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("kind", ["map", "generator"])
def test_datasets_are_read_side_by_side(calls, prefetch, kind) -> None:
    barrier = threading.Barrier(4)

    def generate(number):
        for step in range(5):
            barrier.wait(60)
            yield number * 10 + step

    def inner(number):
        if kind == "map":
            return meeting(barrier)(number)
        return fl.Dataset.from_generator(generate, args=(number,), output_signature=fl.TensorSpec((), "int64"))

    dataset = fl.Dataset.range(4).interleave(inner, cycle_length=4, num_parallel_calls=calls)
    if prefetch:
        dataset = dataset.prefetch(prefetch)
    assert [int(n) for n in dataset] == [n * 10 + step for step in range(5) for n in range(4)]


def test_no_more_are_read_at_one_time_than_asked_for_and_by_the_consumer() -> None:
    reading, most, changing = 0, 0, threading.Lock()

    def read(number):
        nonlocal reading, most
        with changing:
            reading += 1
            most = max(most, reading)
        threading.Event().wait(0.002)
        with changing:
            reading -= 1
        return number

    dataset = fl.Dataset.range(6).interleave(lambda n: fl.Dataset.range(5).map(read), 6, num_parallel_calls=2)
    assert len(list(dataset)) == 30
    assert 2 <= most <= 3


def test_a_cache_is_not_filled_behind_a_failure() -> None:
    reached = []

    def number(n):
        reached.append(int(n))
        return fail_at(2)(n)

    cached = fl.Dataset.range(6).map(number).cache()
    dataset = cached.interleave(lambda n: fl.Dataset.from_tensors(n).repeat(2), 2, num_parallel_calls=2)
    iterator = iter(dataset)
    with pytest.raises(fl.errors.UserFunctionError, match="refused 2"):
        collections.deque(iterator, maxlen=0)
    assert max(reached) == 2


def test_memory_is_bounded_where_elements_are_large() -> None:
    ahead = [0, 0]
    changing = threading.Lock()

    def make(number):
        with changing:
            ahead[0] += 1
            ahead[1] = max(ahead[1], ahead[0])
        threading.Event().wait(0.002)  # so that no dataset is asked for many elements at once
        return np.zeros(1 << 20, np.uint8)

    dataset = fl.Dataset.range(8).interleave(lambda n: fl.Dataset.range(20).map(make), 8, 4, num_parallel_calls=1)
    for _ in dataset.with_options(fl.Options(memory_budget=3 << 20)):
        with changing:
            ahead[0] -= 1
    assert ahead[1] <= 3 + 1 + 8  # what fits, what is being made, and what was asked for at once: not two turns of each


def test_a_seed_gives_the_same_numbers_however_far_was_read_ahead() -> None:
    def second_epoch(calls):
        fl.random.set_seed(11)
        dataset = fl.Dataset.range(1, 12).interleave(draws, 3, num_parallel_calls=calls)
        iterator = iter(dataset)
        for _ in range(4):
            next(iterator)
        iterator.close()
        return [element.tolist() for element in dataset]

    try:
        assert second_epoch(None) == second_epoch(3) == second_epoch(fl.AUTOTUNE)
    finally:
        fl.random.set_seed(None)
