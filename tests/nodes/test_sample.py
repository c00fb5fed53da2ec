"""sample_from_datasets and choose_from_datasets."""

import collections

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "b a")


def three(lib):
    """Returns three datasets, of 2, 3 and 1 elements."""
    return [lib.Dataset.range(start, stop) for start, stop in ((0, 2), (10, 13), (20, 21))]


def chosen(lib, choices, **arguments):
    choice_dataset = lib.Dataset.from_tensor_slices(np.array(choices, np.int64))
    return lib.Dataset.choose_from_datasets(three(lib), choice_dataset, **arguments)


def turns(lib, choices, **arguments):
    """Returns a sample whose weights leave nothing to chance: each turn all the weight is on one."""
    weights = lib.Dataset.from_tensor_slices(np.eye(3, dtype=np.float64)[choices])
    return lib.Dataset.sample_from_datasets(three(lib), weights=weights, seed=1, **arguments)


CASES = {
    "choose": (lambda lib: chosen(lib, [0, 1, 2, 1, 0]), [0, 10, 20, 11, 1]),
    "choose, ends with the first that is empty": (lambda lib: chosen(lib, [2, 2, 0]), [20]),
    "choose, passes over what is empty": (
        lambda lib: chosen(lib, [2, 2, 0, 1, 0, 0, 1], stop_on_empty_dataset=False),
        [20, 0, 10, 1, 11],
    ),
    "choose, all empty": (lambda lib: chosen(lib, [0, 1, 2] * 5, stop_on_empty_dataset=False), [0, 10, 20, 1, 11, 12]),
    "choose nothing": (lambda lib: chosen(lib, []), []),
    "choose of structures": (
        lambda lib: lib.Dataset.choose_from_datasets(
            [lib.Dataset.from_tensor_slices(Pair([n, n], [[n], [n]])) for n in range(2)], lib.Dataset.range(2).repeat(2)
        ),
        [Pair(b=0, a=[0]), Pair(b=1, a=[1]), Pair(b=0, a=[0]), Pair(b=1, a=[1])],
    ),
    "choose of shapes that differ": (
        lambda lib: lib.Dataset.choose_from_datasets(
            [lib.Dataset.from_tensors(np.zeros(n)) for n in (1, 2)], lib.Dataset.range(2)
        ),
        [[0.0], [0.0, 0.0]],
    ),
    "all weight on one": (
        lambda lib: lib.Dataset.sample_from_datasets(three(lib), weights=[0.0, 1.0, 0.0], stop_on_empty_dataset=True),
        [10, 11, 12],
    ),
    "weights that change": (lambda lib: turns(lib, [0, 1, 1, 2, 0]), [0, 10, 11, 20, 1]),
    "weights that change, ends with the first that is empty": (
        lambda lib: turns(lib, [2, 2, 0], stop_on_empty_dataset=True),
        [20],
    ),
    "weights that change, passes over what is empty": (lambda lib: turns(lib, [2, 2, 0, 0, 0, 1]), [20, 0, 1, 10]),
    "one dataset": (lambda lib: lib.Dataset.sample_from_datasets([lib.Dataset.range(3)]), [0, 1, 2]),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


def draws(**arguments):
    datasets = [fl.Dataset.from_tensors(np.int64(number)).repeat() for number in range(3)]
    return fl.Dataset.sample_from_datasets(datasets, **arguments)


@pytest.mark.parametrize("weights", [None, [0.2, 0.3, 0.5], [2, 3, 5], np.array([0.1, 0.1, 0.8])])
def test_how_often_each_is_drawn(weights) -> None:
    count = 6000
    got = np.bincount([int(n) for n in draws(weights=weights, seed=11).take(count)], minlength=3)
    shares = np.ones(3) / 3 if weights is None else np.array(weights) / np.sum(weights)
    statistic = ((got - count * shares) ** 2 / (count * shares)).sum()
    assert statistic < 13.8  # chi-square, 2 degrees of freedom: exceeded once in 1000 times; the seed is fixed


def test_draws_do_not_hang_together() -> None:
    got = np.array([int(n) for n in draws(seed=5).take(9001)])
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (got[:-1], got[1:]), 1)
    assert ((pairs - 1000) ** 2 / 1000).sum() < 26.1  # chi-square, 8 degrees of freedom: once in 1000 times


def test_epochs_that_draw_anew_do_not_hang_together() -> None:
    count = 6000
    dataset = draws(weights=[1, 2, 1], seed=9, rerandomize_each_iteration=True).take(count)
    first, second = (np.array([int(n) for n in dataset]) for _ in range(2))
    table = np.zeros((3, 3))
    np.add.at(table, (first, second), 1)
    expected = count * np.outer([1, 2, 1], [1, 2, 1]) / 16
    assert ((table - expected) ** 2 / expected).sum() < 26.1  # chi-square, 8 degrees of freedom: once in 1000 times


def test_weights_that_are_a_dataset_have_their_distribution() -> None:
    weights = fl.Dataset.from_tensors(np.array([0.25, 0.0, 0.75])).repeat(4000)
    got = np.bincount([int(n) for n in draws(weights=weights, seed=3)], minlength=3)
    assert got[1] == 0
    assert abs(got[0] - 1000) < 3.3 * np.sqrt(4000 * 0.25 * 0.75)  # normal: exceeded once in 1000 times


def test_seeds_and_epochs() -> None:
    def epochs(**arguments):
        dataset = draws(**arguments).take(40)
        return [[int(n) for n in dataset] for _ in range(2)]

    same = epochs(seed=4)
    assert same[0] == same[1]  # as in tf.data: with a seed every epoch draws alike
    assert epochs(seed=4) == same
    assert epochs(seed=5) != same
    anew = epochs(seed=4, rerandomize_each_iteration=True)
    assert anew[0] != anew[1]
    assert epochs(seed=4, rerandomize_each_iteration=True) == anew
    free = epochs()
    assert free[0] != free[1]
    fixed = epochs(rerandomize_each_iteration=False)
    assert fixed[0] == fixed[1]
    fl.random.set_seed(8)
    first = epochs()
    fl.random.set_seed(8)
    assert epochs() == first
    fl.random.set_seed(None)


def test_everything_comes_once_in_the_order_of_each() -> None:
    parts = [fl.Dataset.range(start, start + 40) for start in (0, 100, 200)]
    for calls in (None, 1, 2, 4, fl.AUTOTUNE):
        mapped = [part.map(lambda n: n, num_parallel_calls=calls) for part in parts]
        got = [int(n) for n in fl.Dataset.sample_from_datasets(mapped, seed=2).prefetch(2)]
        assert sorted(got) == [*range(40), *range(100, 140), *range(200, 240)]
        for start in (0, 100, 200):
            assert [n for n in got if start <= n < start + 40] == list(range(start, start + 40))
        assert got == [int(n) for n in fl.Dataset.sample_from_datasets(parts, seed=2)]


def test_cardinality() -> None:
    """tf.data says in some of these that there is no end where there is one."""
    few, more, endless = fl.Dataset.range(2), fl.Dataset.range(3), fl.Dataset.range(3).repeat()
    unknown = more.filter(lambda n: True)

    def sampled(*parts, weights=None, stop=False):
        return fl.Dataset.sample_from_datasets(parts, weights, stop_on_empty_dataset=stop, seed=1).cardinality()

    assert sampled(few, more) == 5
    assert sampled(few, endless) == sampled(unknown, endless) == fl.INFINITE_CARDINALITY
    assert sampled(few, unknown) == fl.UNKNOWN_CARDINALITY
    assert sampled(few, more, stop=True) == sampled(few, endless, stop=True) == fl.UNKNOWN_CARDINALITY
    assert sampled(endless, endless, stop=True) == fl.INFINITE_CARDINALITY
    assert sampled(few, endless, weights=[1.0, 0.0]) == sampled(few, endless, weights=[1.0, 0.0], stop=True) == 2

    def chosen(choices, *parts):
        return fl.Dataset.choose_from_datasets(parts, choices).cardinality()

    assert chosen(few.repeat(), endless, endless) == fl.INFINITE_CARDINALITY
    assert chosen(few, endless, endless) == chosen(few.repeat(), few, endless) == fl.UNKNOWN_CARDINALITY


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([],), fl.errors.ArgumentError, "no datasets"),
        ((fl.Dataset.range(3),), fl.errors.ArgumentError, "one dataset"),
        (([3],), fl.errors.ArgumentError, "not a dataset"),
        (([fl.Dataset.range(3)], [0.5, 0.5]), fl.errors.UnequalLengthsError, "for 1 datasets"),
        (([fl.Dataset.range(3)] * 2, [0.5, -0.5]), fl.errors.ArgumentError, "weights"),
        (([fl.Dataset.range(3)] * 2, [0.0, 0.0]), fl.errors.ArgumentError, "weights"),
        (([fl.Dataset.range(3)] * 2, [0.5, float("nan")]), fl.errors.ArgumentError, "weights"),
        (([fl.Dataset.range(3)] * 2, "ab"), fl.errors.ArgumentError, "weights"),
        (([fl.Dataset.range(3), fl.Dataset.from_tensors((1, 2))],), fl.errors.StructureError, "structures"),
        (([fl.Dataset.range(3), fl.Dataset.from_tensors(1.5)],), fl.errors.DtypeError, "float32"),
        (([fl.Dataset.range(3)], None, 1.5), fl.errors.ArgumentError, "seed"),
    ],
)
def test_arguments_that_cannot_work(arguments, error, text) -> None:
    with pytest.raises(error, match=text) as caught:
        fl.Dataset.sample_from_datasets(*arguments)
    assert "test_sample.py:" in str(caught.value)


def test_choices_that_cannot_work() -> None:
    parts = [fl.Dataset.range(3), fl.Dataset.range(3)]
    with pytest.raises(fl.errors.ArgumentError, match="not a dataset"):
        fl.Dataset.choose_from_datasets(parts, [0, 1])
    for choices in (fl.Dataset.from_tensor_slices([0, 1]), fl.Dataset.range(2).batch(2)):
        with pytest.raises(fl.errors.DtypeError, match="choice_dataset has elements"):
            fl.Dataset.choose_from_datasets(parts, choices)
        with pytest.raises(fl.errors.DtypeError, match="not one int64"):
            list(fl.Dataset.choose_from_datasets(parts, choices.map(lambda n: n)))
    for choice in (2, -1):
        dataset = fl.Dataset.choose_from_datasets(parts, fl.Dataset.from_tensor_slices(np.array([0, choice, 1])))
        with pytest.raises(fl.errors.ArgumentError, match=f"is {choice}, with 2 datasets"):
            list(dataset)
        assert [int(n) for n in dataset.ignore_errors()] == [0, 0]
    with pytest.raises(fl.errors.StructureError, match="structures"):
        fl.Dataset.choose_from_datasets([fl.Dataset.range(3), fl.Dataset.from_tensors((1, 2))], fl.Dataset.range(2))


def test_choices_that_never_give_anything_are_not_waited_for(monkeypatch) -> None:
    from feedline.nodes import sample

    monkeypatch.setattr(sample, "_MOST_IDLE", 50)
    dataset = fl.Dataset.choose_from_datasets(
        [fl.Dataset.range(0), fl.Dataset.range(1)], fl.Dataset.range(1).repeat(), stop_on_empty_dataset=False
    )
    with pytest.raises(fl.errors.ArgumentError, match="no more elements"):
        list(dataset)


@pytest.mark.parametrize("known", [True, False])
def test_keys_are_in_the_order_of_the_first_dataset(known) -> None:
    datasets = [fl.Dataset.from_tensors({"a": 1, "b": 2}), fl.Dataset.from_tensors({"b": 20, "a": 10})]
    datasets.append(fl.Dataset.from_tensors(collections.OrderedDict(b=200, a=100)))
    if not known:
        datasets = [dataset.map(lambda row: type(row)(row)) for dataset in datasets]
    mixed = [fl.Dataset.choose_from_datasets(datasets, fl.Dataset.from_tensor_slices(np.array([2, 1, 0])))]
    mixed += [fl.Dataset.sample_from_datasets(datasets, seed=seed) for seed in range(8)]
    for dataset in mixed:
        assert [tuple(row) for row in dataset] == [("a", "b")] * 3
        values = {(int(a), int(b)) for a, b in dataset.map(lambda row: tuple(row.values()))}
        assert values == {(1, 2), (10, 20), (100, 200)}
