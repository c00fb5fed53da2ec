"""FixedLengthRecordDataset."""

from __future__ import annotations

from typing import Any

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.origin import user_origin
from feedline.readers.arguments import as_chunk, as_compression, as_files, as_turns

_CHUNK = 1 << 20


class FixedLengthRecordDataset(Dataset):
    """The records of files whose records are all of one length, as `bytes`.

    Plain files are indexed, so that shuffling is over all records and any of them can be read by its position.
    Compressed files are streamed.

    Args:
        filenames: a file, several (also lists of lists), glob patterns, or a dataset of names, which is read once,
            here.
        record_bytes: how long a record is, in bytes.
        header_bytes: how many bytes to leave out at the start of each file; None for 0.
        footer_bytes: how many bytes to leave out at the end of each file; None for 0.
        buffer_size: how many bytes of a compressed file are read at a time; None for 1 MB.
        compression_type: None, "GZIP" or "ZLIB".
        num_parallel_reads: how many files are read by turns, one record of each; None or `AUTOTUNE` for one file
            after the other.
        name: not used; `tf.data` has it.

    Raises:
        ArgumentError: a number of bytes cannot work.
        MissingFileError: a file does not exist.
        NoFilesError: a pattern matches nothing.
        FileFormatError: the bytes of a file are no whole number of records.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "points.bin"
        >>> _ = path.write_bytes(b"HEADaabbcc")
        >>> ds = fl.FixedLengthRecordDataset(path, 2, header_bytes=4)
        >>> len(ds), ds[2]
        (3, b'cc')
    """

    def __init__(
        self,
        filenames: Any,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        buffer_size: int | None = None,
        compression_type: str | None = None,
        num_parallel_reads: int | None = None,
        name: str | None = None,
    ) -> None:
        from feedline.sources.fixed_length_records import FixedLengthRecords

        size = whole_number(record_bytes, "record_bytes", least=1)
        header = 0 if header_bytes is None else whole_number(header_bytes, "header_bytes", least=0)
        footer = 0 if footer_bytes is None else whole_number(footer_bytes, "footer_bytes", least=0)
        chunk, turns = as_chunk(buffer_size, _CHUNK), as_turns(num_parallel_reads)
        compression, files = as_compression(compression_type), as_files(filenames)
        super().__init__(FixedLengthRecords((), user_origin(), files, size, header, footer, compression, chunk, turns))
