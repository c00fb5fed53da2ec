"""TFRecordWriter: the elements of a dataset of strings, written to a TFRecord file."""

from __future__ import annotations

from typing import Any

from feedline.dataset import Dataset
from feedline.errors import ArgumentError, DtypeError
from feedline.origin import user_origin
from feedline.spec import TensorSpec, string


class TFRecordWriter:
    """Writes datasets of strings; `fl.io.TFRecordWriter` writes record by record.

    Args:
        filename: the file.
        compression_type: None, "GZIP" or "ZLIB".

    Example:
        >>> import tempfile
        >>> import feedline as fl
        >>> path = tempfile.mkdtemp() + "/words.tfrecord"
        >>> fl.experimental.TFRecordWriter(path).write(fl.Dataset.from_tensor_slices(["a", "b"]))
        >>> list(fl.TFRecordDataset(path))
        [b'a', b'b']
    """

    def __init__(self, filename: Any, compression_type: str | None = None) -> None:
        self._filename = filename
        self._compression_type = compression_type

    def write(self, dataset: Dataset) -> None:
        """Writes the elements of a dataset; the file is there whole or not at all.

        Args:
            dataset: single strings.

        Raises:
            ArgumentError: it is no dataset, or has no end.
            DtypeError: its elements are no single strings.
            WriteError: the disk is full, or another failure of writing.
        """
        from feedline.io import TFRecordWriter as Writer

        if not isinstance(dataset, Dataset):
            raise ArgumentError(f"write() was given {dataset!r:.60}.", fix="Give a dataset.")
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec) or spec.dtype != string or spec.shape not in ((), None):
            raise DtypeError(
                f"write() is for single strings, and the elements are {spec!r:.80}.",
                where=[str(user_origin())],
                fix="Make strings of them first, such as tf.train.Example(...).SerializeToString() in map.",
            )
        with Writer(self._filename, self._compression_type) as writer:
            for record in dataset:
                writer.write(record)
