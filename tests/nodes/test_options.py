"""with_options: how a dataset is to be run; its elements stay."""

import pytest

import feedline as fl


def test_the_elements_stay(agree) -> None:
    def build(lib):
        options = lib.Options()
        options.deterministic = True
        options.threading.private_threadpool_size = 2
        return lib.Dataset.range(5).map(lambda n: n * 2, num_parallel_calls=2).with_options(options).batch(2)

    agree(build)
    ours = fl.Dataset.range(5).map(lambda n: n).with_options(fl.Options()).batch(2)
    assert [batch.tolist() for batch in ours] == [[0, 1], [2, 3], [4]]


def test_it_is_no_step_that_anything_is_copied_for() -> None:
    dataset = fl.Dataset.range(5).with_options(fl.Options())
    assert len(dataset) == 5
    assert int(dataset[3]) == 3
    assert dataset.element_spec == fl.TensorSpec((), "int64")
    assert sorted(int(n) for n in dataset.shuffle(5)) == list(range(5))


def test_those_set_later_go_first_and_others_stay() -> None:
    first, second = fl.Options(), fl.Options()
    first.deterministic = True
    first.threading.private_threadpool_size = 3
    second.deterministic = False
    dataset = fl.Dataset.range(3).with_options(first).map(lambda n: n).with_options(second)
    assert dataset.options().deterministic is False
    assert dataset.options().threading.private_threadpool_size == 3
    assert fl.Dataset.range(3).options().deterministic is None


def test_options_of_all_that_a_dataset_is_made_of() -> None:
    first = fl.Options()
    first.deterministic = False
    both = fl.Dataset.zip(fl.Dataset.range(3), fl.Dataset.range(3).with_options(first))
    assert both.options().deterministic is False


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_number_of_threads_gives_the_same(size) -> None:
    options = fl.Options()
    options.threading.private_threadpool_size = size
    dataset = fl.Dataset.range(200).map(lambda n: n * n, num_parallel_calls=fl.AUTOTUNE).with_options(options)
    assert [int(n) for n in dataset.prefetch(3)] == [n * n for n in range(200)]


@pytest.mark.parametrize("options", [None, {}, {"deterministic": True}, True])
def test_bad_arguments(options) -> None:
    with pytest.raises(fl.errors.ArgumentError, match=r"with_options\(\) was given"):
        fl.Dataset.range(3).with_options(options)


def test_unknown_options() -> None:
    options = fl.Options()
    with pytest.raises(fl.errors.ArgumentError, match="determinstic"):
        options.determinstic = True
