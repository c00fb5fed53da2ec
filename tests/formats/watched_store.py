"""What tests of stores share: a store that notes what it is asked, and fails when told to; records; fixtures."""

from __future__ import annotations

from typing import ClassVar

import pytest

import feedline as fl
from feedline.formats import tfrecord

fsspec = pytest.importorskip("fsspec")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

RECORDS = [bytes([number % 256]) * (number * 37 % 400) for number in range(500)]


class WatchedStore(MemoryFileSystem):
    """A store of files that notes what it is asked, and fails when told to."""

    protocol = "watched"
    store: ClassVar[dict] = {}
    pseudo_dirs: ClassVar[list] = [""]
    cachable = False
    asked: ClassVar[list[tuple]] = []
    failure: ClassVar[Exception | None] = None
    cut_to: ClassVar[int | None] = None

    def note(self, *what) -> None:
        if self.failure is not None:
            raise self.failure
        self.asked.append(what)

    def cat_file(self, path, start=None, end=None, **options):
        self.note("read", start, end)
        data = super().cat_file(path, start, end, **options)
        return data if self.cut_to is None else data[: self.cut_to]

    def info(self, path, **options):
        self.note("info")
        return super().info(path, **options)

    def pipe_file(self, path, value, mode="overwrite", **options):
        self.note("write")
        return super().pipe_file(path, value, mode, **options)

    def put_file(self, lpath, rpath, **options):
        self.note("write")
        return super().put_file(lpath, rpath, **options)


@pytest.fixture(autouse=True)
def stores(monkeypatch, tmp_path):
    monkeypatch.setenv("FEEDLINE_CACHE", str(tmp_path / "cache"))
    fsspec.register_implementation("watched", WatchedStore, clobber=True)
    for kind in (MemoryFileSystem, WatchedStore):
        monkeypatch.setattr(kind, "store", {})
        monkeypatch.setattr(kind, "pseudo_dirs", [""])
    monkeypatch.setattr(WatchedStore, "asked", [])
    tfrecord._indexes.clear()


@pytest.fixture(params=["memory://data", "watched://data", "file://"])
def folder(request, tmp_path) -> str:
    if request.param == "file://":
        (tmp_path / "data").mkdir()
        return f"file://{tmp_path}/data"
    fl.io.write_file(f"{request.param}/other/kept.txt", b"")
    return request.param


def write_records(path: str, records=RECORDS, compression: str | None = None) -> str:
    with fl.io.TFRecordWriter(path, compression) as writer:
        for record in records:
            writer.write(record)
    return path


def read_bytes(requests: list[tuple]) -> int:
    return sum(end - start for what, *span in requests if what == "read" for start, end in [span])
