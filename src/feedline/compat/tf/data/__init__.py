"""`tf.data` by feedline."""

from __future__ import annotations

from typing import Any

from feedline import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Options
from feedline.compat.tf.data import experimental
from feedline.compat.tf.data.dataset import Dataset
from feedline.compat.tf.data.dataset import DatasetIterator as Iterator
from feedline.compat.tf.data.readers import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset
from feedline.compat.tf.missing import missing_name
from feedline.options import ThreadingOptions
from feedline.run.iterator import DatasetIterator as NumpyIterator
from feedline.spec import DatasetSpec

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "DatasetSpec",
    "FixedLengthRecordDataset",
    "Iterator",
    "NumpyIterator",
    "Options",
    "TFRecordDataset",
    "TextLineDataset",
    "ThreadingOptions",
    "experimental",
]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.data", name, __all__)
