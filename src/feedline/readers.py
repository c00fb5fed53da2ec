"""Datasets of the records of files, under the names that `tf.data` has for them."""

from __future__ import annotations

from typing import Any

from feedline.dataset import Dataset
from feedline.dataset.base import BaseDataset, whole_number
from feedline.errors import ArgumentError
from feedline.nodes.base import AUTOTUNE, INFINITE_CARDINALITY
from feedline.origin import user_origin


class TFRecordDataset(Dataset):
    """The records of TFRecord files, as `bytes`; or parsed, where `features` says how.

    Plain files are indexed by one scan of their framing, so that shuffling is over all records and any of them can be
    read by its position. Compressed files are streamed.

    Args:
        filenames: a file, several, glob patterns, or a dataset of names.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: not used; `tf.data` has it.
        num_parallel_reads: not used: workers read in any case.
        name: not used; `tf.data` has it.
        features: a dict as for `fl.io.parse_example`: elements are then dicts of arrays, parsed many at a time.
        verify: whether the checksums of the records are checked as they are read.

    Raises:
        MissingFileError: a file does not exist.
        NoFilesError: a pattern matches nothing.
        TruncatedRecordError: a file ends within a record.
        CorruptRecordError: bytes do not match their checksum.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.tfrecord"
        >>> with fl.io.TFRecordWriter(path) as writer:
        ...     writer.write(b"first")
        ...     writer.write(b"second")
        >>> list(fl.TFRecordDataset(path))
        [b'first', b'second']
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: int | None = None,
        num_parallel_reads: int | None = None,
        name: str | None = None,
        *,
        features: dict[str, Any] | None = None,
        verify: bool = True,
    ) -> None:
        from feedline.sources.files import existing_files
        from feedline.sources.tfrecord import ParsedRecords, TFRecords

        if num_parallel_reads is not None and num_parallel_reads != AUTOTUNE:
            whole_number(num_parallel_reads, "num_parallel_reads", least=1)
        if isinstance(filenames, BaseDataset):
            filenames = _names_of(filenames)
        origin = user_origin()
        compression = _compression(compression_type)
        files = tuple(existing_files(filenames))
        records = TFRecords((), origin, files, compression, bool(verify))
        super().__init__(records if features is None else ParsedRecords((records,), origin, dict(features)))


def _names_of(dataset: Any) -> list:
    if dataset.cardinality() == INFINITE_CARDINALITY:
        raise ArgumentError("the dataset of file names is infinite.", fix="Repeat the records, not the names.")
    return list(dataset)


def _compression(compression_type: Any) -> str:
    if isinstance(compression_type, bytes):
        compression_type = compression_type.decode()
    name = "" if compression_type in (None, "", "NONE") else compression_type
    if name not in ("", "GZIP", "ZLIB"):
        raise ArgumentError(f"compression_type is {compression_type!r}.", fix='Give None, "GZIP" or "ZLIB".')
    return name
