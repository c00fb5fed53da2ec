"""A file that was replaced between two iterations, by one that is as large and as old, is read as it is now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import feedline as fl
from feedline.io import TFRecordWriter

_THEN = 1_600_000_000


def _fixed(path: Path, byte: bytes) -> None:
    path.write_bytes(byte * 400)


def _records(path: Path, byte: bytes) -> None:
    with TFRecordWriter(str(path)) as writer:
        for _ in range(100):
            writer.write(byte * 4)


def _put(write, path: Path, byte: bytes) -> None:
    """Puts a file in the place of another at once, as downloads do, and makes it as old."""
    new = path.with_name("new")
    write(new, byte)
    os.utime(new, (_THEN, _THEN))
    new.replace(path)


@pytest.mark.parametrize("again", ["the same dataset", "another dataset"])
@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
@pytest.mark.parametrize(
    ("write", "dataset"),
    [(_fixed, lambda path: fl.FixedLengthRecordDataset(path, 4)), (_records, lambda path: fl.TFRecordDataset(path))],
    ids=["fixed", "tfrecord"],
)
def test_the_next_iteration_reads_what_is_there(write, dataset, executor, again, tmp_path) -> None:
    path = tmp_path / "data"

    def made() -> fl.Dataset:
        mapped = dataset(str(path)).map(lambda record: record, num_parallel_calls=2)
        return mapped.with_options(fl.Options(executor=executor))

    _put(write, path, b"a")
    first = made()
    assert {bytes(record) for record in first} == {b"aaaa"}
    _put(write, path, b"b")
    assert {bytes(record) for record in (first if again == "the same dataset" else made())} == {b"bbbb"}


def test_a_file_that_was_removed_is_read_on(tmp_path) -> None:
    path = tmp_path / "data"
    _put(_fixed, path, b"a")
    dataset = fl.FixedLengthRecordDataset(str(path), 4)
    iterator = iter(dataset)
    next(iterator)
    path.unlink()
    assert len(list(dataset)) == 100
