"""`tf.data.experimental` by feedline: older names of what datasets do by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import feedline
from feedline import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from feedline.compat.tf.data.dataset import Dataset, as_dataset
from feedline.compat.tf.data.readers import CsvDataset
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.values import plain
from feedline.errors import ArgumentError
from feedline.options import AutotuneOptions, DistributeOptions, OptimizationOptions, ThreadingOptions

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "AutotuneOptions",
    "CsvDataset",
    "DistributeOptions",
    "OptimizationOptions",
    "ThreadingOptions",
    "assert_cardinality",
    "bucket_by_sequence_length",
    "cardinality",
    "choose_from_datasets",
    "dense_to_ragged_batch",
    "enumerate_dataset",
    "get_single_element",
    "group_by_window",
    "ignore_errors",
    "make_csv_dataset",
    "prefetch_to_device",
    "rejection_resample",
    "sample_from_datasets",
    "scan",
    "shuffle_and_repeat",
    "take_while",
    "unbatch",
    "unique",
]

Transformation = Callable[[Any], Any]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.data.experimental", name, __all__)


def _for_apply(method: str, public: str | None = None) -> Callable[..., Transformation]:
    def transformation(*args: Any, **kwargs: Any) -> Transformation:
        return lambda dataset: getattr(as_dataset(dataset), method)(*args, **kwargs)

    transformation.__name__ = transformation.__qualname__ = public or method
    transformation.__doc__ = f"Returns `Dataset.{method}` with these arguments, for `Dataset.apply`."
    return transformation


bucket_by_sequence_length = _for_apply("bucket_by_sequence_length")
dense_to_ragged_batch = _for_apply("ragged_batch", "dense_to_ragged_batch")
enumerate_dataset = _for_apply("enumerate", "enumerate_dataset")
group_by_window = _for_apply("group_by_window")
ignore_errors = _for_apply("ignore_errors")
rejection_resample = _for_apply("rejection_resample")
scan = _for_apply("scan")
take_while = _for_apply("take_while")
unbatch = _for_apply("unbatch")
unique = _for_apply("unique")


def shuffle_and_repeat(buffer_size: int, count: int | None = None, seed: int | None = None) -> Transformation:
    """Returns `Dataset.shuffle` and then `Dataset.repeat`, for `Dataset.apply`."""
    return lambda dataset: as_dataset(dataset).shuffle(buffer_size, seed).repeat(count)


def prefetch_to_device(device: str, buffer_size: int | None = None) -> Transformation:
    """Returns `Dataset.prefetch`, for `Dataset.apply`; Keras moves batches to its device by itself."""
    return lambda dataset: as_dataset(dataset).prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def cardinality(dataset: Any) -> int:
    """Returns the number of elements of a dataset."""
    return as_dataset(dataset).cardinality()


def get_single_element(dataset: Any) -> Any:
    """Returns the only element of a dataset."""
    return as_dataset(dataset).get_single_element()


def sample_from_datasets(
    datasets: Any, weights: Any = None, seed: Any = None, stop_on_empty_dataset: bool = False
) -> Any:
    """Returns elements of datasets drawn at random; see `feedline.Dataset.sample_from_datasets`."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Any:
    """Returns elements of datasets as another says; see `feedline.Dataset.choose_from_datasets`."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """Returns, for `Dataset.apply`, a check that a dataset has so many elements where their number is known.

    Raises:
        ArgumentError: it has another number.
    """
    wanted = int(plain(expected_cardinality))

    def check(dataset: Any) -> Any:
        count = int(dataset.cardinality())
        if count not in (wanted, UNKNOWN_CARDINALITY):
            raise ArgumentError(f"the dataset has {count} elements, not {wanted}.", fix="Count the source's records.")
        return dataset

    return check


def make_csv_dataset(*args: Any, **kwargs: Any) -> Any:
    """Returns the rows of CSV files as batches of columns; see `feedline.experimental.make_csv_dataset`."""
    return as_dataset(feedline.experimental.make_csv_dataset(*plain(args), **plain(kwargs)))
