"""The arguments that all datasets of files take."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.dataset.base import BaseDataset, number_or_autotune, whole_number
from feedline.errors import ArgumentError, nearest_name
from feedline.nodes.base import AUTOTUNE, INFINITE_CARDINALITY


def as_files(filenames: Any, nested: bool = True) -> tuple[str, ...]:
    """Returns the files that the user means.

    Args:
        filenames: a file, several, glob patterns, or a dataset of names.
        nested: whether lists may be in the list, whose files are taken one after the other.

    Raises:
        MissingFileError: a file does not exist.
        NoFilesError: there are none.
        ArgumentError: the dataset of names is infinite, or lists in the list are of different lengths.
    """
    from feedline.sources.files import existing_files

    if isinstance(filenames, BaseDataset):
        if filenames.cardinality() == INFINITE_CARDINALITY:  # type: ignore[attr-defined]
            raise ArgumentError("the dataset of file names is infinite.", fix="Repeat the records, not the names.")
        filenames = list(filenames)  # type: ignore[call-overload]
    elif nested:
        filenames = _flattened(filenames)
    return tuple(existing_files(filenames))


def _flattened(names: Any) -> Any:
    while isinstance(names, list | tuple) and any(map(_is_list, names)):
        if not all(map(_is_list, names)) or len({len(inner) for inner in names}) > 1:
            raise ArgumentError(
                f"the file names {names!r:.80} are not lists of one length.", fix="Give one list of names."
            )
        names = [name for inner in names for name in inner]
    return names


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


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
