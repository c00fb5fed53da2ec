"""A TFRecord file of many short records, for W13, with the place of each record beside it.

Ten million records are 1.16 GB; `python -m benchmarks --records 1000000` takes fewer. Each file is made once, by
TensorFlow where it is installed; git ignores them.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import data

COUNT_VARIABLE = "FEEDLINE_BENCHMARK_RECORDS"  # so that a contender's process knows it, too
DEFAULT_COUNT = 10_000_000
LENGTH = 100  # bytes of a record
FRAME = LENGTH + 16  # with its length and two checksums
NUMBER_BYTES = 8  # the first bytes of a record: its number
_CHUNK = 100_000


def count() -> int:
    """Returns how many records the file has."""
    return int(os.environ.get(COUNT_VARIABLE, DEFAULT_COUNT))


def path() -> Path:
    """Returns the file's path."""
    return data.DATA / f"short-{count()}.tfrecord"


def places_path() -> Path:
    """Returns the path of an `.npy` file: int64 (count + 1,), where each record's frame begins, and the file's end."""
    return path().with_suffix(".places.npy")


def make() -> None:
    """Makes the file and the places, once."""
    if path().exists() and places_path().exists():
        return
    partial = path().with_suffix(".partial")
    rng = np.random.default_rng(0)
    with data.record_library().io.TFRecordWriter(str(partial)) as writer:
        for first in range(0, count(), _CHUNK):
            numbers = np.arange(first, min(first + _CHUNK, count()), dtype="<i8")
            filling = rng.integers(0, 256, (len(numbers), LENGTH - NUMBER_BYTES), np.uint8)
            for record in np.hstack([numbers[:, None].view(np.uint8), filling]):
                writer.write(record.tobytes())
    np.save(places_path(), np.arange(count() + 1) * FRAME)
    partial.rename(path())


class Records:
    """The records by their number, for peers that read no TFRecords: an index and a read for each.

    Such an index is what a user of theirs makes, once, by going through the file. Checksums are not looked at.
    """

    def __init__(self) -> None:
        self._places = np.load(places_path(), mmap_mode="r")
        self._file = os.open(path(), os.O_RDONLY)

    def __len__(self) -> int:
        return len(self._places) - 1

    def __getitem__(self, number: int) -> np.ndarray:
        """Returns a record, uint8 of shape (LENGTH,)."""
        return np.frombuffer(self._read(*self._places[number : number + 2].tolist()), np.uint8)

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """Returns some records, uint8 of shape (len(numbers), LENGTH)."""
        starts, ends = self._places[numbers].tolist(), self._places[numbers + 1].tolist()
        joined = b"".join(map(self._read, starts, ends))
        return np.frombuffer(joined, np.uint8).reshape(len(numbers), -1)

    def _read(self, start: int, end: int) -> bytes:
        return os.pread(self._file, end - start - 16, start + 12)


@cache
def records() -> Records:
    """Returns the records, opened once in a process (forked ones read by position, so they may share the file)."""
    return Records()
