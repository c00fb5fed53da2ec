"""TextLineDataset."""

from __future__ import annotations

from typing import Any

from feedline.dataset import Dataset
from feedline.origin import user_origin
from feedline.readers.arguments import as_chunk, as_compression, as_files, as_turns


class TextLineDataset(Dataset):
    """The lines of text files, as `bytes` without their ends.

    Carriage returns are left out wherever they stand, and empty lines are elements, as in `tf.data`.

    Args:
        filenames: a file, several (also lists of lists), glob patterns, or a dataset of names, which is read once,
            here.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: how many bytes are read at a time; None for 1 MB.
        num_parallel_reads: how many files are read by turns, one line of each; None or `AUTOTUNE` for one file after
            the other.
        name: not used; `tf.data` has it.

    Raises:
        MissingFileError: a file does not exist.
        NoFilesError: a pattern matches nothing.
        FileFormatError: while running: a file is compressed in another way than is said, or damaged.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "words.txt"
        >>> _ = path.write_bytes(b"one\\r\\n\\r\\nthree")
        >>> list(fl.TextLineDataset(path))
        [b'one', b'', b'three']
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: int | None = None,
        num_parallel_reads: int | None = None,
        name: str | None = None,
    ) -> None:
        from feedline.sources.text_lines import CHUNK, TextLines

        chunk, turns = as_chunk(buffer_size, CHUNK), as_turns(num_parallel_reads)
        compression = as_compression(compression_type)
        super().__init__(TextLines((), user_origin(), as_files(filenames), compression, chunk, turns))
