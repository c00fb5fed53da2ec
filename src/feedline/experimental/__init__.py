"""The functions of `tf.data.experimental` that are no methods of `Dataset`, and its options."""

from __future__ import annotations

from typing import Any

from feedline.errors import no_such_name
from feedline.experimental.assert_cardinality import assert_cardinality
from feedline.experimental.batches import dense_to_ragged_batch, dense_to_sparse_batch
from feedline.experimental.examples import make_batched_features_dataset, parse_example_dataset
from feedline.experimental.from_list import from_list
from feedline.experimental.group_by_reducer import Reducer, group_by_reducer
from feedline.experimental.make_csv_dataset import make_csv_dataset
from feedline.experimental.pad_to_cardinality import pad_to_cardinality
from feedline.experimental.record_writer import TFRecordWriter
from feedline.experimental.sql import SqlDataset
from feedline.options import (
    AutoShardPolicy,
    AutotuneAlgorithm,
    AutotuneOptions,
    DistributeOptions,
    ExternalStatePolicy,
    OptimizationOptions,
    ServiceOptions,
    ThreadingOptions,
)
from feedline.readers import CsvDataset

__all__ = [
    "AutoShardPolicy",
    "AutotuneAlgorithm",
    "AutotuneOptions",
    "CsvDataset",
    "DistributeOptions",
    "ExternalStatePolicy",
    "OptimizationOptions",
    "Reducer",
    "ServiceOptions",
    "SqlDataset",
    "TFRecordWriter",
    "ThreadingOptions",
    "assert_cardinality",
    "dense_to_ragged_batch",
    "dense_to_sparse_batch",
    "from_list",
    "group_by_reducer",
    "make_batched_features_dataset",
    "make_csv_dataset",
    "pad_to_cardinality",
    "parse_example_dataset",
]

INSTEAD = {
    "Counter": "use Dataset.counter",
    "RandomDataset": "use Dataset.random",
    "at": "write dataset[index]",
    "copy_to_device": "leave it out: Keras moves batches to its device by itself",
    "distributed_save": "use Dataset.save",
    "enable_debug_mode": "leave it out: functions are run as they are called",
    "get_structure": "use dataset.element_spec",
    "map_and_batch": "use Dataset.map and Dataset.batch",
    "parallel_interleave": "use Dataset.interleave",
    "prefetch_to_device": "use Dataset.prefetch",
    "service": "use Dataset.shard, one part for each worker",
    "shuffle_and_repeat": "use Dataset.shuffle and Dataset.repeat",
}


def __getattr__(name: str) -> Any:
    from feedline.dataset import Dataset

    method = {"cardinality", "choose_from_datasets", "get_single_element", "sample_from_datasets"} | set(dir(Dataset))
    instead = {name: f"use Dataset.{name}"} if name in method and not name.startswith("_") else INSTEAD
    raise no_such_name("feedline.experimental", name, __all__, instead)
