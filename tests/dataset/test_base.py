"""Arguments that every kind of method has: numbers, AUTOTUNE, True and False."""

from types import SimpleNamespace

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError

NUMBERS = fl.Dataset.range(6)

FLAGS = {
    "batch": lambda flag: NUMBERS.batch(2, flag),
    "padded_batch": lambda flag: NUMBERS.padded_batch(2, drop_remainder=flag),
    "ragged_batch": lambda flag: NUMBERS.ragged_batch(2, flag),
    "rebatch": lambda flag: NUMBERS.batch(3).rebatch(2, flag),
    "window": lambda flag: NUMBERS.window(2, drop_remainder=flag),
    "bucket, drop_remainder": lambda flag: NUMBERS.bucket_by_sequence_length(int, [2], [1, 1], drop_remainder=flag),
    "bucket, no_padding": lambda flag: NUMBERS.bucket_by_sequence_length(int, [2], [1, 1], no_padding=flag),
    "bucket, to the boundary": lambda flag: NUMBERS.bucket_by_sequence_length(
        int, [2], [1, 1], pad_to_bucket_boundary=flag
    ),
    "shuffle": lambda flag: NUMBERS.shuffle(2, reshuffle_each_iteration=flag),
    "sample": lambda flag: fl.Dataset.sample_from_datasets([NUMBERS], stop_on_empty_dataset=flag),
    "sample anew": lambda flag: fl.Dataset.sample_from_datasets([NUMBERS], rerandomize_each_iteration=flag),
    "choose": lambda flag: fl.Dataset.choose_from_datasets([NUMBERS], NUMBERS, flag),
    "random": lambda flag: fl.Dataset.random(rerandomize_each_iteration=flag),
    "ignore_errors": lambda flag: NUMBERS.ignore_errors(log_warning=flag),
}


@pytest.mark.parametrize("name", FLAGS)
def test_flags_are_true_or_false(name) -> None:
    for flag in (3, 1, 0, "yes", 1.0, [True]):
        with pytest.raises(ArgumentError, match="True or False") as caught:
            FLAGS[name](flag)
        assert repr(flag) in str(caught.value)
    for flag in (True, False, np.True_, np.array(False)):
        assert isinstance(FLAGS[name](flag), fl.Dataset)


def test_a_number_that_comes_as_drop_remainder() -> None:
    with pytest.raises(ArgumentError, match=r"drop_remainder is 3(.|\n)*num_parallel_calls=") as caught:
        NUMBERS.batch(2, 3)
    assert "fix:   Give True or False." in str(caught.value)


@pytest.mark.parametrize("flag", [3, "yes", 1.0])
def test_tensorflow_takes_no_other_flags_either(flag) -> None:
    tf = pytest.importorskip("tensorflow")
    with pytest.raises((TypeError, ValueError)):
        tf.data.Dataset.range(6).batch(2, flag)


@pytest.mark.parametrize(
    "build",
    [
        lambda value: NUMBERS.prefetch(value),
        lambda value: NUMBERS.map(int, num_parallel_calls=value),
        lambda value: NUMBERS.batch(2, num_parallel_calls=value),
        lambda value: NUMBERS.interleave(fl.Dataset.range, num_parallel_calls=value),
        lambda value: NUMBERS.interleave(fl.Dataset.range, cycle_length=value),
        lambda value: fl.TextLineDataset(__file__, num_parallel_reads=value),
    ],
    ids=["prefetch", "map", "batch", "interleave", "cycle_length", "num_parallel_reads"],
)
def test_autotune_is_named_where_it_is_taken(build) -> None:
    for value in ("auto", "AUTOTUNE", True, 1.5, -2):
        with pytest.raises(ArgumentError) as caught:
            build(value)
        assert repr(value) in str(caught.value)
    for value in ("auto", True, -2):
        with pytest.raises(ArgumentError, match=r"feedline\.AUTOTUNE"):
            build(value)
    for value in (2, fl.AUTOTUNE, np.int64(fl.AUTOTUNE)):
        assert isinstance(build(value), fl.Dataset)


WRONG_TYPES = {
    "zip of a number": lambda lib, numbers: lib.Dataset.zip((numbers, 5)),
    "zip of a list": lambda lib, numbers: lib.Dataset.zip([numbers, numbers]),
    "zip of nothing": lambda lib, numbers: lib.Dataset.zip(),
    "range": lambda lib, numbers: lib.Dataset.range(3.5),
    "batch of a float": lambda lib, numbers: numbers.batch(2.0),
    "batch of a text": lambda lib, numbers: numbers.batch("3"),
    "repeat": lambda lib, numbers: numbers.repeat(1.5),
    "prefetch": lambda lib, numbers: numbers.prefetch(2.5),
    "signature and types": lambda lib, numbers: lib.Dataset.from_generator(
        lambda: iter([1]), output_types=np.int32, output_signature=lib.TensorSpec([], np.int32)
    ),
    "apply": lambda lib, numbers: numbers.apply(lambda dataset: 3),
    "an option": lambda lib, numbers: setattr(lib.Options(), "deterministic", "no"),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_arguments_of_a_wrong_type_are_type_errors_and_value_errors(name) -> None:
    with pytest.raises(TypeError) as caught:
        WRONG_TYPES[name](fl, NUMBERS)
    assert isinstance(caught.value, ArgumentError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_they_are_type_errors_in_tensorflow(name) -> None:
    data = pytest.importorskip("tensorflow").data
    library = SimpleNamespace(
        Dataset=data.Dataset, Options=data.Options, TensorSpec=pytest.importorskip("tensorflow").TensorSpec
    )
    with pytest.raises(TypeError):
        WRONG_TYPES[name](library, data.Dataset.range(6))
