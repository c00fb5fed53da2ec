import enum
import pickle

import numpy as np
import pytest

import feedline as fl
import feedline.options
from feedline.errors import ArgumentError, NoSuchOptionError
from feedline.options import AutoShardPolicy, AutotuneAlgorithm, ExternalStatePolicy, ThreadingOptions


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


def test_a_datasets_own_options_cannot_be_changed() -> None:
    dataset = fl.Dataset.range(3).with_options(fl.Options(deterministic=True))
    options = dataset.options()
    for change in (
        lambda: setattr(options, "deterministic", False),
        lambda: setattr(options.threading, "private_threadpool_size", 2),
        lambda: setattr(dataset.options().experimental_distribute, "auto_shard_policy", AutoShardPolicy.OFF),
    ):
        with pytest.raises(ArgumentError, match="cannot be changed") as caught:
            change()
        assert "with_options" in caught.value.fix
    copied = fl.Options().merge(options)
    copied.deterministic = False
    assert options.deterministic is True


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        (lambda options: setattr(options, "deterministic", "yes"), "True or False"),
        (lambda options: setattr(options, "deterministic", 1), "True or False"),
        (lambda options: setattr(options.threading, "private_threadpool_size", 2.0), "a whole number"),
        (lambda options: setattr(options, "dataset_name", 3), "text"),
        (lambda options: setattr(options, "threading", None), "ThreadingOptions()"),
        (lambda options: setattr(options.experimental_distribute, "auto_shard_policy", "OFF"), "AutoShardPolicy.OFF"),
        (lambda options: setattr(options.autotune, "autotune_algorithm", 1), "AutotuneAlgorithm.HILL_CLIMB"),
        (lambda options: setattr(options, "experimental_external_state_policy", "WARN"), "ExternalStatePolicy.WARN"),
    ],
)
def test_a_value_of_another_type_is_refused(change, fix) -> None:
    with pytest.raises(ArgumentError, match="the option") as caught:
        change(fl.Options())
    assert fix in caught.value.fix


def test_sharding_among_workers_is_taken_and_has_no_effect() -> None:
    options = fl.Options()
    assert options.experimental_distribute.auto_shard_policy is AutoShardPolicy.AUTO
    options.experimental_distribute.auto_shard_policy = AutoShardPolicy.DATA
    dataset = fl.Dataset.range(3).with_options(options)
    assert dataset.options().experimental_distribute.auto_shard_policy is AutoShardPolicy.DATA
    assert [int(number) for number in dataset] == [0, 1, 2]


def test_a_name_that_does_not_exist_is_no_attribute() -> None:
    assert not hasattr(fl.Options(), "determinstic")
    assert not hasattr(fl.Options().threading, "private_threads")
    with pytest.raises(ArgumentError, match="deleted"):
        del fl.Options().deterministic
    with pytest.raises(NoSuchOptionError, match="fusion"):
        fl.Options().experimental_optimization.fusion = True


def test_older_names_mean_the_same() -> None:
    options = fl.Options()
    options.experimental_deterministic = False
    options.experimental_threading.private_threadpool_size = np.int64(4)
    assert options.deterministic is options.experimental_deterministic is False
    assert options.threading.private_threadpool_size == 4
    assert options == fl.Options(deterministic=False, threading=ThreadingOptions(private_threadpool_size=4))


VALUES = {
    bool: [True, False],
    int: [0, 3],
    str: ["a"],
    list: [["jax"]],
    AutoShardPolicy: list(AutoShardPolicy),
    AutotuneAlgorithm: list(AutotuneAlgorithm),
    ExternalStatePolicy: list(ExternalStatePolicy),
}
OTHERS = [True, 1, 1.5, "a", ["a"], b"a", (1,)]


def as_theirs(tf, value):
    """Returns TensorFlow's value for one of ours."""
    return getattr(tf.data.experimental, type(value).__name__)[value.name] if isinstance(value, enum.Enum) else value


def same(ours, theirs) -> bool:
    """Says whether two values of options are the same, whichever library's."""
    return (ours.name, ours.value) == (theirs.name, theirs.value) if isinstance(ours, enum.Enum) else ours == theirs


GROUPS = [
    None, "autotune", "threading", "experimental_distribute", "experimental_optimization", "experimental_service",
]  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_every_option_of_tensorflows_can_be_set_and_no_other(group) -> None:
    tf = pytest.importorskip("tensorflow")

    def options(kind):
        return kind if group is None else getattr(kind, group)

    theirs = [name for name in dir(options(tf.data.Options())) if name[0] != "_" and name not in ("merge", *GROUPS)]
    ours = [name for name in dir(options(fl.Options())) if name[0] != "_"]
    assert set(ours) - {"merge", "freeze", "executor", "memory_budget", *GROUPS} == set(theirs)
    for name in set(theirs) - {"experimental_threading"}:
        assert same(getattr(options(fl.Options()), name), getattr(options(tf.data.Options()), name)), name
        kind = options(fl.Options())._types[options(fl.Options())._renamed.get(name, name)]
        for value in VALUES[kind]:
            one, other = fl.Options(), tf.data.Options()
            setattr(options(one), name, value)
            setattr(options(other), name, as_theirs(tf, value))
            assert same(getattr(options(one), name), getattr(options(other), name)), name
        for value in OTHERS:
            taken = []
            for kind in (fl.Options(), tf.data.Options()):
                try:
                    setattr(options(kind), name, value)
                except (TypeError, ValueError):
                    taken.append(False)
                else:
                    taken.append(True)
            assert taken[0] == taken[1], (name, value)


@pytest.mark.parametrize("name", ["AutoShardPolicy", "AutotuneAlgorithm", "ExternalStatePolicy"])
def test_the_choices_are_tensorflows(name) -> None:
    tf = pytest.importorskip("tensorflow")
    theirs = getattr(tf.data.experimental, name)
    assert {m.name: m.value for m in getattr(feedline.options, name)} == {m.name: m.value for m in theirs}


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("executor", "process", "'processes'"),
        ("executor", "gpu", "inline, threads, processes"),
        ("executor", 3, "Give text"),
        ("memory_budget", 0, "positive"),
        ("memory_budget", "1 GB", "whole number"),
    ],
)
def test_what_is_to_run_a_dataset_is_checked(name, value, fix) -> None:
    options = fl.Options()
    with pytest.raises(ArgumentError) as caught:
        setattr(options, name, value)
    assert fix in caught.value.fix
    with pytest.raises(ArgumentError):
        fl.Options(**{name: value})
    assert getattr(options, name) is None
