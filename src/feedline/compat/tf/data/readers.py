"""Datasets of the records of files: feedline's readers, whose records are tensors."""

from __future__ import annotations

import inspect
from typing import Any

import feedline
import feedline.experimental
from feedline.compat.tf.data.dataset import Dataset
from feedline.compat.tf.values import plain


class _Reader(Dataset):
    """What the readers share: the arguments are those of feedline's class of the same name."""

    _reader: Any

    def __init_subclass__(cls) -> None:
        cls.__signature__ = inspect.signature(cls._reader)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        read = self._reader(*plain(args), **plain(kwargs))
        super().__init__(read.node)


class TFRecordDataset(_Reader):
    """The records of TFRecord files, as strings; see `feedline.TFRecordDataset`."""

    _reader = feedline.TFRecordDataset


class TextLineDataset(_Reader):
    """The lines of text files, as strings; see `feedline.TextLineDataset`."""

    _reader = feedline.TextLineDataset


class FixedLengthRecordDataset(_Reader):
    """Records of one length, as strings; see `feedline.FixedLengthRecordDataset`."""

    _reader = feedline.FixedLengthRecordDataset


class CsvDataset(_Reader):
    """The rows of CSV files; see `feedline.CsvDataset`."""

    _reader = feedline.CsvDataset


class SqlDataset(_Reader):
    """The rows that a query to a SQLite database gives; see `feedline.experimental.SqlDataset`."""

    _reader = feedline.experimental.SqlDataset
