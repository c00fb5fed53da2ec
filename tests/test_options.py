import pickle

import pytest

import feedline as fl
from feedline.errors import ArgumentError
from feedline.options import ThreadingOptions


def test_an_option_that_is_not_set_is_none() -> None:
    options = fl.Options()
    assert options.deterministic is None
    assert options.threading.private_threadpool_size is None
    assert options.autotune.enabled is None


def test_options_are_set_by_name_also_in_groups() -> None:
    options = fl.Options(deterministic=False)
    options.threading.private_threadpool_size = 3
    options.experimental_optimization.map_fusion = True
    assert options.deterministic is False
    assert options.threading.private_threadpool_size == 3
    assert options.experimental_optimization.map_fusion is True


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        (lambda options: setattr(options, "determinstic", True), "'deterministic'"),
        (lambda options: setattr(options.threading, "private_threadpool", 2), "'private_threadpool_size'"),
        (lambda options: setattr(options.autotune, "zzz", 2), "enabled"),
        (lambda options: options.treading, "'threading'"),
        (lambda options: fl.Options(determinism=True), "'deterministic'"),
    ],
)
def test_an_option_that_does_not_exist_is_an_error_that_names_the_nearest(change, fix) -> None:
    with pytest.raises(ArgumentError, match="there is no option") as caught:
        change(fl.Options())
    assert fix in caught.value.fix


def test_merging_keeps_what_the_other_does_not_set() -> None:
    first = fl.Options(deterministic=True, dataset_name="a")
    first.threading.private_threadpool_size = 2
    second = fl.Options(deterministic=False)
    second.threading.max_intra_op_parallelism = 1
    merged = first.merge(second)
    assert merged.deterministic is False
    assert merged.dataset_name == "a"
    assert merged.threading.private_threadpool_size == 2
    assert merged.threading.max_intra_op_parallelism == 1


def test_merging_leaves_both_as_they_were() -> None:
    first, second = fl.Options(), fl.Options()
    first.threading.private_threadpool_size = 2
    second.threading.max_intra_op_parallelism = 1
    first.merge(second)
    assert first.threading == ThreadingOptions(private_threadpool_size=2)
    assert second.threading == ThreadingOptions(max_intra_op_parallelism=1)


def test_a_merged_group_is_not_the_groups_own() -> None:
    options = fl.Options()
    options.threading.private_threadpool_size = 2
    merged = fl.Options().merge(options)
    merged.threading.private_threadpool_size = 5
    assert options.threading.private_threadpool_size == 2


def test_options_that_say_the_same_are_equal() -> None:
    assert fl.Options() == fl.Options()
    assert fl.Options(deterministic=True) == fl.Options(deterministic=True)
    assert fl.Options(deterministic=True) != fl.Options()
    assert ThreadingOptions() != fl.Options()
    looked_at = fl.Options()
    looked_at.threading  # which sets nothing
    assert looked_at == fl.Options()


def test_only_what_is_set_is_printed() -> None:
    options = fl.Options(deterministic=True)
    options.threading.private_threadpool_size = 2
    expected = "Options(deterministic=True, threading=ThreadingOptions(private_threadpool_size=2))"
    assert repr(options) == expected
    looked_at = fl.Options()
    looked_at.autotune
    assert repr(looked_at) == "Options()"


def test_options_can_be_pickled_and_copied() -> None:
    options = fl.Options(deterministic=True)
    options.threading.private_threadpool_size = 2
    assert pickle.loads(pickle.dumps(options)) == options


def test_a_dataset_remembers_its_options_and_later_ones_win() -> None:
    first = fl.Options(deterministic=True)
    first.threading.private_threadpool_size = 2
    dataset = fl.Dataset.range(3).with_options(first).map(lambda number: number)
    dataset = dataset.with_options(fl.Options(deterministic=False))
    assert dataset.options().deterministic is False
    assert dataset.options().threading.private_threadpool_size == 2
    assert [int(number) for number in dataset] == [0, 1, 2]


def test_options_changed_afterwards_do_not_change_the_dataset() -> None:
    options = fl.Options(deterministic=True)
    dataset = fl.Dataset.range(3).with_options(options)
    options.deterministic = False
    assert dataset.options().deterministic is True


def test_the_names_are_tensorflows() -> None:
    tf = pytest.importorskip("tensorflow")
    theirs = {name for name in dir(tf.data.Options()) if not name.startswith("_")} - {"merge"}
    for name in theirs:
        getattr(fl.Options(), name)
    for group in ("threading", "autotune", "experimental_optimization", "experimental_distribute"):
        for name in dir(getattr(tf.data.Options(), group)):
            if not name.startswith("_"):
                getattr(getattr(fl.Options(), group), name)
