"""The arguments that all datasets of files take."""

from __future__ import annotations

from typing import Any

from feedline.dataset.base import BaseDataset, number_or_autotune, whole_number
from feedline.errors import ArgumentError, nearest_name
from feedline.nodes.base import AUTOTUNE, INFINITE_CARDINALITY


def as_files(filenames: Any) -> tuple[str, ...]:
    """Returns the files that the user means.

    Args:
        filenames: a file, several, glob patterns, or a dataset of names.

    Raises:
        MissingFileError: a file does not exist.
        NoFilesError: there are none.
        ArgumentError: the dataset of names is infinite.
    """
    from feedline.sources.files import existing_files

    if isinstance(filenames, BaseDataset):
        if filenames.cardinality() == INFINITE_CARDINALITY:  # type: ignore[attr-defined]
            raise ArgumentError("the dataset of file names is infinite.", fix="Repeat the records, not the names.")
        filenames = list(filenames)  # type: ignore[call-overload]
    return tuple(existing_files(filenames))


def as_compression(compression_type: Any) -> str:
    """Returns "", "GZIP" or "ZLIB".

    Raises:
        ArgumentError: it is something else.
    """
    if isinstance(compression_type, bytes):
        compression_type = compression_type.decode(errors="replace")
    name = "" if compression_type in (None, "", "NONE") else compression_type
    if name not in ("", "GZIP", "ZLIB"):
        near = nearest_name(name.upper(), ["GZIP", "ZLIB"]) if isinstance(name, str) else None
        fix = f'Did you mean "{near}"?' if near else 'Give None, "GZIP" or "ZLIB".'
        raise ArgumentError(f"compression_type is {compression_type!r}.", fix=fix)
    return name


def as_turns(num_parallel_reads: Any) -> int:
    """Returns how many files are read by turns.

    Args:
        num_parallel_reads: a number; None or AUTOTUNE for one file after the other.

    Raises:
        ArgumentError: it is no number, or below 1.
    """
    if num_parallel_reads is None:
        return 1
    turns = number_or_autotune(num_parallel_reads, "num_parallel_reads", least=1)
    return 1 if turns == AUTOTUNE else turns


def as_chunk(buffer_size: Any, default: int, least: int = 0) -> int:
    """Returns how many bytes of a file are read at a time.

    Args:
        buffer_size: a number; None or 0 for the default.
        default: the default.
        least: the smallest number that is taken.
    """
    return (0 if buffer_size is None else whole_number(buffer_size, "buffer_size", least=least)) or default
