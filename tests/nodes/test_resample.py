"""rejection_resample: elements are left out at random, so that classes come in other proportions."""

import numpy as np
import pytest

import feedline as fl


def source(count, shares):
    """Returns class numbers of these shares, in an order at random."""
    return np.random.default_rng(7).choice(len(shares), count, p=shares)


def classes(dataset):
    got = [(int(which), int(element)) for which, element in dataset]
    assert all(which == element for which, element in got)
    return [which for which, _ in got]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("target", [[0.5, 0.5], [0.2, 0.8], [1.0, 0.0]])
def test_shares(known, target) -> None:
    count, shares = 8000, [0.9, 0.1]
    numbers = source(count, shares)
    dataset = fl.Dataset.from_tensor_slices(numbers).rejection_resample(
        lambda n: n, target, shares if known else None, seed=2
    )
    got = np.bincount(classes(dataset), minlength=2)
    expected = got.sum() * np.array(target)
    there = expected > 0
    assert (got[~there] == 0).all()
    if known:  # chi-square, 1 degree of freedom: exceeded once in 1000 times; the seed is fixed
        assert ((got - expected)[there] ** 2 / expected[there]).sum() < 10.9
    else:  # the shares are learnt as the elements come: near enough in the end
        assert (np.abs(got - expected) < 0.05 * got.sum()).all()


def test_epochs_leave_out_others_each_as_often_as_it_should() -> None:
    """Of 20 elements of each class, over 400 epochs: the rare class always stays, each of the other in a third."""
    numbers = np.repeat([0, 1], 20)
    dataset = fl.Dataset.from_tensor_slices((np.arange(40), numbers)).rejection_resample(
        lambda _, which: which, [0.25, 0.75], [0.5, 0.5], seed=6
    )
    epochs = [{int(element) for _, (element, _) in dataset} for _ in range(400)]
    kept = np.array([[element in epoch for element in range(40)] for epoch in epochs])
    assert kept[:, 20:].all()
    # chi-square, 20 degrees of freedom: exceeded once in 1000 times; the seed is fixed
    assert (((kept[:, :20].sum(0) - 400 / 3) ** 2) / (400 / 3 * 2 / 3)).sum() < 45.3
    # from one epoch to the next: of 20 * 399 pairs a ninth is kept twice; exceeded once in 1000 times
    both = (kept[:-1, :20] & kept[1:, :20]).sum()
    assert abs(both - 20 * 399 / 9) < 3.3 * np.sqrt(20 * 399 / 9)


def test_no_more_are_left_out_than_must_be() -> None:
    """Of the class that is the rarest by what is wanted, every element stays."""
    numbers = source(4000, [0.7, 0.2, 0.1])
    dataset = fl.Dataset.from_tensor_slices(numbers).rejection_resample(
        lambda n: n, [1 / 3] * 3, [0.7, 0.2, 0.1], seed=3
    )
    got = np.bincount(classes(dataset), minlength=3)
    assert got[2] == (numbers == 2).sum()
    kept = got[0] / (numbers == 0).sum()
    assert abs(kept - 1 / 7) < 3.3 * np.sqrt(1 / 7 * 6 / 7 / (numbers == 0).sum())  # normal: once in 1000 times


def test_the_same_shares_leave_all() -> None:
    numbers = source(100, [0.5, 0.5])
    dataset = fl.Dataset.from_tensor_slices(numbers).rejection_resample(lambda n: n, [0.5, 0.5], [0.5, 0.5])
    assert classes(dataset) == numbers.tolist()


def test_the_order_and_the_elements_stay() -> None:
    dataset = fl.Dataset.range(300).rejection_resample(lambda n: n % 3, [0.6, 0.2, 0.2], [1 / 3] * 3, seed=1)
    got = [int(n) for _, n in dataset]
    assert got == sorted(set(got))
    assert dataset.element_spec == (fl.TensorSpec((), "int64"), fl.TensorSpec((), "int64"))


def test_seeds_and_epochs() -> None:
    def epochs(seed):
        dataset = fl.Dataset.range(60).rejection_resample(lambda n: n % 2, [0.9, 0.1], [0.5, 0.5], seed=seed)
        return [[int(n) for _, n in dataset] for _ in range(2)]

    assert epochs(1) == epochs(1)
    assert epochs(1) != epochs(2)
    assert epochs(1)[0] != epochs(1)[1]
    assert epochs(None) != epochs(None)


@pytest.mark.parametrize("calls", [None, 1, 2, 4, fl.AUTOTUNE])
def test_the_same_for_every_number_of_calls(calls) -> None:
    numbers = fl.Dataset.range(60).map(lambda n: n, num_parallel_calls=calls)
    dataset = numbers.rejection_resample(lambda n: n % 2, [0.9, 0.1], [0.5, 0.5], seed=1).prefetch(2)
    plain = fl.Dataset.range(60).rejection_resample(lambda n: n % 2, [0.9, 0.1], [0.5, 0.5], seed=1)
    assert [int(n) for _, n in dataset] == [int(n) for _, n in plain]


def test_shares_and_structure_as_in_tensorflow(tensorflow) -> None:
    """The pairs, the dtypes and the shares are tf.data's; that gives some elements twice, feedline none."""
    numbers = source(4000, [0.8, 0.2])
    for library in (fl, tensorflow):
        dataset = library.Dataset.from_tensor_slices(numbers).rejection_resample(
            lambda n: n, [0.5, 0.5], [0.8, 0.2], seed=5
        )
        pairs = list(dataset.as_numpy_iterator())
        assert {(type(pair), len(pair), pair[0].dtype.name, pair[1].dtype.name) for pair in pairs} == {
            (tuple, 2, "int64", "int64")
        }
        got = np.bincount([int(which) for which, _ in pairs], minlength=2)
        # normal: exceeded once in 1000 times; the seeds are fixed
        assert abs(int(got[0]) - got.sum() / 2) < 3.3 * np.sqrt(got.sum()) / 2


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((3, [1.0]), fl.errors.ArgumentError, "cannot be called"),
        ((lambda n: n, []), fl.errors.ArgumentError, "target_dist"),
        ((lambda n: n, [-1.0, 2.0]), fl.errors.ArgumentError, "target_dist"),
        ((lambda n: n, [0.5, 0.5], [0.0, 0.0]), fl.errors.ArgumentError, "initial_dist"),
        ((lambda n: n, [0.5, 0.5], [1.0]), fl.errors.StructureError, "2 classes and initial_dist 1"),
        ((lambda n: n, [0.5, 0.5], [0.0, 1.0]), fl.errors.ArgumentError, "class 0 is wanted"),
        ((lambda a, b: a, [0.5, 0.5]), fl.errors.StructureError, "takes 2 arguments"),
        ((lambda n: n, [0.5, 0.5], None, "a"), fl.errors.ArgumentError, "seed"),
    ],
)
def test_arguments_that_cannot_work(arguments, error, text) -> None:
    with pytest.raises(error, match=text):
        fl.Dataset.range(3).rejection_resample(*arguments)


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (lambda n: n * 0.5, fl.errors.DtypeError, "class number"),
        (lambda n: np.array([0, 1]), fl.errors.DtypeError, "class number"),
        (lambda n: n, fl.errors.ArgumentError, "class 2, with 2 classes"),
        (lambda n: -1, fl.errors.ArgumentError, "class -1"),
        (lambda n: 1 // 0, fl.errors.UserFunctionError, "ZeroDivision"),
    ],
)
def test_classes_that_cannot_be(function, error, text) -> None:
    with pytest.raises(error, match=text) as caught:
        list(fl.Dataset.range(5).rejection_resample(function, [0.5, 0.5]))
    assert "test_resample.py:" in str(caught.value)
