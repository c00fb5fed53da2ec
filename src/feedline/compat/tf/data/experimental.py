"""`tf.data.experimental` by feedline: older names of what datasets do by themselves, and what they do not."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import feedline
from feedline import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, experimental
from feedline.compat.tf.data.dataset import Cardinality, Dataset, as_dataset, plain_dataset
from feedline.compat.tf.data.optional import Optional, get_next_as_optional
from feedline.compat.tf.data.readers import CsvDataset, SqlDataset
from feedline.compat.tf.errors import OutOfRangeError
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import on_tensors, plain
from feedline.experimental import (
    AutoShardPolicy,
    AutotuneAlgorithm,
    AutotuneOptions,
    DistributeOptions,
    ExternalStatePolicy,
    OptimizationOptions,
    ServiceOptions,
    ThreadingOptions,
)

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "AutoShardPolicy",
    "AutotuneAlgorithm",
    "AutotuneOptions",
    "Counter",
    "CsvDataset",
    "DistributeOptions",
    "ExternalStatePolicy",
    "OptimizationOptions",
    "Optional",
    "RandomDataset",
    "Reducer",
    "ServiceOptions",
    "SqlDataset",
    "TFRecordWriter",
    "ThreadingOptions",
    "assert_cardinality",
    "at",
    "bucket_by_sequence_length",
    "cardinality",
    "choose_from_datasets",
    "copy_to_device",
    "dense_to_ragged_batch",
    "dense_to_sparse_batch",
    "enable_debug_mode",
    "enumerate_dataset",
    "from_list",
    "get_next_as_optional",
    "get_single_element",
    "get_structure",
    "group_by_reducer",
    "group_by_window",
    "ignore_errors",
    "load",
    "make_batched_features_dataset",
    "make_csv_dataset",
    "map_and_batch",
    "pad_to_cardinality",
    "parallel_interleave",
    "parse_example_dataset",
    "prefetch_to_device",
    "rejection_resample",
    "sample_from_datasets",
    "save",
    "scan",
    "shuffle_and_repeat",
    "snapshot",
    "take_while",
    "unbatch",
    "unique",
]

Transformation = Callable[[Any], Any]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.data.experimental", name, __all__)


def _for_apply(method: str, public: str | None = None) -> Callable[..., Transformation]:
    """Returns the function of `tf.data.experimental` that has a method's arguments, but for `name`."""
    signature = inspect.signature(getattr(feedline.Dataset, method))
    parameters = [each for name, each in signature.parameters.items() if name not in ("self", "name")]
    arguments = signature.replace(parameters=parameters, return_annotation=Transformation)

    def transformation(*args: Any, **kwargs: Any) -> Transformation:
        given = arguments.bind(*args, **kwargs)
        return lambda dataset: getattr(as_dataset(dataset), method)(*given.args, **given.kwargs)

    transformation.__name__ = transformation.__qualname__ = public or method
    transformation.__doc__ = f"Returns `Dataset.{method}` with these arguments, for `Dataset.apply`."
    transformation.__signature__ = arguments  # type: ignore[attr-defined]
    return transformation


bucket_by_sequence_length = _for_apply("bucket_by_sequence_length")
dense_to_ragged_batch = _for_apply("ragged_batch", "dense_to_ragged_batch")
dense_to_sparse_batch = _for_apply("sparse_batch", "dense_to_sparse_batch")
enumerate_dataset = _for_apply("enumerate", "enumerate_dataset")
group_by_window = _for_apply("group_by_window")
ignore_errors = _for_apply("ignore_errors")
rejection_resample = _for_apply("rejection_resample")
scan = _for_apply("scan")
take_while = _for_apply("take_while")
unbatch = _for_apply("unbatch")
unique = _for_apply("unique")


def _of_feedline(function: Callable[..., Any], makes_dataset: bool = True) -> Callable[..., Any]:
    """Returns a function of `feedline.experimental` for datasets of tensors.

    Args:
        function: the function.
        makes_dataset: whether it returns a dataset, and not what `Dataset.apply` takes.
    """

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        made = function(*plain(args), **{name: plain(value) for name, value in kwargs.items()})
        if makes_dataset:
            return as_dataset(made)
        return lambda dataset: as_dataset(made(plain_dataset(dataset)))

    return called


assert_cardinality = _of_feedline(experimental.assert_cardinality, makes_dataset=False)
from_list = _of_feedline(experimental.from_list)
make_batched_features_dataset = _of_feedline(experimental.make_batched_features_dataset)
make_csv_dataset = _of_feedline(experimental.make_csv_dataset)
pad_to_cardinality = _of_feedline(experimental.pad_to_cardinality, makes_dataset=False)
parse_example_dataset = _of_feedline(experimental.parse_example_dataset, makes_dataset=False)


class Reducer(experimental.Reducer):
    """How the elements of a key become one; see `feedline.experimental.Reducer`. The functions get tensors."""

    def __init__(
        self, init_func: Callable[..., Any], reduce_func: Callable[..., Any], finalize_func: Callable[..., Any]
    ) -> None:
        functions = (init_func, reduce_func, finalize_func)
        super().__init__(*(on_tensors(each) if callable(each) else each for each in functions))


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """Returns, for `Dataset.apply`, what makes one element of all of each key; see `feedline.experimental`."""
    made = experimental.group_by_reducer(on_tensors(key_func) if callable(key_func) else key_func, reducer)
    return lambda dataset: as_dataset(made(plain_dataset(dataset)))


class TFRecordWriter(experimental.TFRecordWriter):
    """Writes datasets of strings to a TFRecord file; see `feedline.experimental.TFRecordWriter`."""

    def __init__(self, filename: Any, compression_type: str | None = None) -> None:
        super().__init__(plain(filename), compression_type)

    def write(self, dataset: Any) -> None:
        """Writes the elements of a dataset."""
        super().write(plain_dataset(dataset) if isinstance(dataset, feedline.Dataset) else dataset)


class RandomDataset(Dataset):
    """Random numbers without end; see `feedline.Dataset.random`."""

    def __init__(
        self, seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> None:
        super().__init__(feedline.Dataset.random(plain(seed), rerandomize_each_iteration).node)


def Counter(start: Any = 0, step: Any = 1, dtype: Any = np.int64) -> Any:
    """Returns numbers without end; see `feedline.Dataset.counter`."""
    return Dataset.counter(start, step, dtype)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """Returns `Dataset.shuffle` and then `Dataset.repeat`, for `Dataset.apply`."""
    return lambda dataset: as_dataset(dataset).shuffle(buffer_size, seed).repeat(count)


def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """Returns `Dataset.prefetch`, for `Dataset.apply`; Keras moves batches to its device by itself."""
    return lambda dataset: as_dataset(dataset).prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Transformation:
    """Returns a dataset as it is, for `Dataset.apply`; Keras moves batches to its device by itself."""
    return as_dataset


def enable_debug_mode() -> None:
    """Does nothing: functions are run as they are called, also without it."""


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """Returns `Dataset.map` and then `Dataset.batch`, for `Dataset.apply`.

    Args:
        map_func: the function, of one element.
        batch_size: how many elements.
        num_parallel_batches: how many batches are made at one time; give this or `num_parallel_calls`.
        drop_remainder: whether a last, smaller batch is left out.
        num_parallel_calls: how many calls may run at one time.
    """
    calls = num_parallel_calls
    if calls is None and num_parallel_batches is not None:
        calls = plain(num_parallel_batches) * plain(batch_size)
    return lambda dataset: as_dataset(dataset).map(map_func, calls).batch(batch_size, drop_remainder)


def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool | None = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """Returns `Dataset.interleave`, in parallel, for `Dataset.apply`; the last three arguments are not used."""
    return lambda dataset: as_dataset(dataset).interleave(map_func, cycle_length, block_length, cycle_length)


def snapshot(path: Any, compression: Any = "AUTO", reader_func: Any = None, shard_func: Any = None) -> Transformation:
    """Returns `Dataset.snapshot` with these arguments, for `Dataset.apply`."""
    return lambda dataset: as_dataset(dataset).snapshot(path, compression, reader_func, shard_func)


def save(dataset: Any, path: Any, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None) -> None:
    """Writes a dataset to a folder; see `feedline.Dataset.save`."""
    as_dataset(dataset).save(path, compression, shard_func, checkpoint_args)


def load(path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None) -> Any:
    """Returns the dataset that `save` has written; see `feedline.Dataset.load`."""
    return Dataset.load(path, element_spec, compression, reader_func)


def cardinality(dataset: Any) -> Cardinality:
    """Returns the number of elements of a dataset."""
    return as_dataset(dataset).cardinality()


def get_single_element(dataset: Any) -> Any:
    """Returns the only element of a dataset."""
    return as_dataset(dataset).get_single_element()


def get_structure(dataset_or_iterator: Any) -> Any:
    """Returns the spec of the elements of a dataset, or of an iterator."""
    return dataset_or_iterator.element_spec


def at(dataset: Any, index: Any) -> Any:
    """Returns the element of an indexed dataset at a position.

    Raises:
        OutOfRangeError: there is none.
    """
    position = int(plain(index))
    if position < 0:
        raise OutOfRangeError(f"there is no element {position}.", fix="Count from 0.")
    try:
        return as_dataset(dataset)[position]
    except IndexError as error:
        raise OutOfRangeError(str(error), fix="Ask for len(dataset) first.") from None


def sample_from_datasets(
    datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False
) -> Any:
    """Returns elements of datasets drawn at random; see `feedline.Dataset.sample_from_datasets`."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Any:
    """Returns elements of datasets as another says; see `feedline.Dataset.choose_from_datasets`."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)
