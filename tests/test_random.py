import threading

import numpy as np
import pytest

import feedline as fl
from feedline import random


@pytest.fixture(autouse=True)
def no_seed_is_left():
    yield
    random.set_seed(None)


def test_one_seed_one_stream() -> None:
    random.set_seed(3)
    first = [float(random.uniform(())) for _ in range(5)]
    random.set_seed(3)
    assert [float(random.uniform(())) for _ in range(5)] == first
    assert len(set(first)) == 5
    random.set_seed(4)
    assert float(random.uniform(())) != first[0]
    random.set_seed(None)
    assert float(random.uniform(())) not in first


@pytest.mark.parametrize("seed", [1.5, "a", True, [1]])
def test_seeds_are_whole_numbers(seed) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="seed"):
        random.set_seed(seed)


def test_operations_with_seeds_of_their_own() -> None:
    random.enter_element(1, 0, 0)
    try:
        a, b, c = random.uniform((), seed=1), random.uniform((), seed=2), random.uniform(())
    finally:
        random.leave_element((None, {}))
    assert len({float(a), float(b), float(c)}) == 3


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_uniform_floats_never_reach_the_bound(dtype) -> None:
    random.set_seed(5)
    numbers = random.uniform((200_000,), 2, 3, dtype)
    assert numbers.dtype == np.dtype(dtype)
    assert numbers.min() >= 2
    assert numbers.max() < 3
    assert abs(float(numbers.astype("float64").mean()) - 2.5) < 5 * 0.289 / np.sqrt(200_000) + 0.001
    assert random.uniform((2, 3)).shape == (2, 3)


def test_uniform_integers() -> None:
    random.set_seed(5)
    numbers = random.uniform((1000,), -2, 3, "int16")
    assert numbers.dtype == np.int16
    assert set(numbers.tolist()) == {-2, -1, 0, 1, 2}
    for bounds in ((0, None), (3, 3), (4, 3)):
        with pytest.raises(fl.errors.ArgumentError):
            random.uniform((), *bounds, "int32")


def test_dtypes_that_make_no_sense() -> None:
    for function in (random.uniform, random.normal):
        for dtype in ("bool", "string", "complex64"):
            with pytest.raises(fl.errors.DtypeError):
                function((), dtype=dtype)
    with pytest.raises(fl.errors.DtypeError):
        random.normal((), dtype="int32")


def test_normal() -> None:
    random.set_seed(5)
    numbers = random.normal((50_000,), 3.0, 2.0)
    assert numbers.dtype == np.float32
    assert abs(float(numbers.mean()) - 3) < 5 * 2 / np.sqrt(50_000)
    assert abs(float(numbers.std()) - 2) < 0.05


def test_draws_of_neighbouring_elements_are_independent() -> None:
    random.set_seed(1)
    draws = np.array([float(x) for x in fl.Dataset.range(4000).map(lambda n: random.stream().random())])
    bound = 4.5 / np.sqrt(4000)
    assert abs(draws.mean() - 0.5) < bound * 0.289
    for lag in (1, 2, 7):
        assert abs(np.corrcoef(draws[lag:], draws[:-lag])[0, 1]) < bound
    counts = np.histogram(draws, 20, (0, 1))[0]
    assert ((counts - 200) ** 2 / 200).sum() < 43.8  # chi-square, 19 degrees of freedom: once in 1000; fixed seed


def test_threads_do_not_share_their_element() -> None:
    found = []
    random.enter_element(1, 2, 3)
    try:
        thread = threading.Thread(target=lambda: found.append(random.outer_element()[0]))
        thread.start()
        thread.join(10)
    finally:
        random.leave_element((None, {}))
    assert found == [None]


def test_seeds_under_one_seed_differ() -> None:
    random.set_seed(1)
    seeds = [random.fresh_seed() for _ in range(100)]
    assert len(set(seeds)) == 100
    random.set_seed(1)
    assert [random.fresh_seed() for _ in range(100)] == seeds


def test_draws_of_many_elements_are_those_of_each() -> None:
    def draw() -> list[float]:
        return [random.stream().random(), random.stream(5).random(), float(random.uniform(()))]

    outer = random.outer_element()
    expected = []
    for position in range(4):
        random.enter_element(7, 2, position)
        expected.append([draw(), draw()])
    at = [0]
    random.enter_elements(7, 2, lambda: at[0])
    found = []
    for at[0] in (0, 1, 3):
        first = draw()
        inner = random.outer_element()
        random.enter_element(1, 1, 1)
        draw()
        random.leave_element(inner)
        found.append([first, draw()])
    assert found == [expected[0], expected[1], expected[3]]
    random.enter_element(7, 2, 2)
    assert [draw(), draw()] == expected[2]
    random.leave_element(outer)


@pytest.mark.parametrize("wrap", [lambda ds: ds, lambda ds: ds.prefetch(8)])
def test_what_is_made_for_an_element_has_its_seed_however_far_was_read_before(wrap) -> None:
    def epochs(first: int) -> list[float]:
        random.set_seed(7)
        dataset = wrap(
            fl.Dataset.range(6).flat_map(
                lambda n: (
                    fl.Dataset.range(3)
                    .map(lambda m: random.uniform(()))
                    .shuffle(3)
                    .concatenate(fl.Dataset.range(3).map(lambda m: random.uniform(())))
                )
            )
        )
        iterator = iter(dataset)
        for _ in range(first):
            next(iterator)
        return [float(draw) for draw in dataset]

    try:
        second = epochs(36)
        assert len(set(second)) == 36
        assert epochs(1) == epochs(20) == second
    finally:
        random.set_seed(None)


def test_what_is_made_for_an_element_goes_on_from_a_state_as_it_was() -> None:
    def build():
        return fl.Dataset.range(6).interleave(
            lambda n: fl.Dataset.range(3).map(lambda m: random.uniform(())).shuffle(3), 2
        )

    iterator = iter(build())
    for _ in range(5):
        next(iterator)
    state, rest = iterator.state_dict(), [float(draw) for draw in iterator]
    again = iter(build())
    again.load_state_dict(state)
    assert [float(draw) for draw in again] == rest


def test_seeds_are_drawn_for_the_element_at_hand_in_a_generator_too() -> None:
    def numbers():
        for _ in range(4):
            yield int(next(iter(fl.Dataset.range(1 << 40).shuffle(1 << 40))))

    def epoch(calls: int) -> list[int]:
        random.set_seed(9)
        dataset = fl.Dataset.from_generator(numbers)
        iterator = iter(dataset)
        for _ in range(calls):
            next(iterator)
        return [int(number) for number in dataset]

    try:
        assert epoch(1) == epoch(4)
        assert len(set(epoch(2))) == 4
    finally:
        random.set_seed(None)
