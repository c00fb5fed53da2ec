"""TFRecordDataset."""

from __future__ import annotations

from typing import Any

from feedline.dataset import Dataset
from feedline.origin import user_origin
from feedline.readers.arguments import as_compression, as_files, as_turns


class TFRecordDataset(Dataset):
    """The records of TFRecord files, as `bytes`; or parsed, where `features` says how.

    Plain files are indexed by one scan of their framing, so that shuffling is over all records and any of them can be
    read by its position. Compressed files are streamed.

    Args:
        filenames: a file, several (also lists of lists), glob patterns, or a dataset of names, which is read once,
            here.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: not used; `tf.data` has it.
        num_parallel_reads: how many files are read by turns, one record of each; None or `AUTOTUNE` for one file
            after the other.
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
        from feedline.sources.tfrecord import ParsedRecords, TFRecords

        origin = user_origin()
        turns = as_turns(num_parallel_reads)
        compression = as_compression(compression_type)
        records = TFRecords((), origin, as_files(filenames), compression, bool(verify), turns)
        super().__init__(records if features is None else ParsedRecords((records,), origin, dict(features)))
