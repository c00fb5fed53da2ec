"""One file in a store: which pieces of it are asked for, and what is said when the answers are wrong."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path

import numpy as np
import pytest

import feedline as fl
from feedline.formats import store_file, tfrecord

_spec = importlib.util.spec_from_file_location("watched_store", Path(__file__).parent / "watched_store.py")
watched_store = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watched_store)

fsspec, MemoryFileSystem = watched_store.fsspec, watched_store.MemoryFileSystem
RECORDS, WatchedStore, write_records = watched_store.RECORDS, watched_store.WatchedStore, watched_store.write_records
read_bytes, stores, folder = watched_store.read_bytes, watched_store.stores, watched_store.folder


def test_reads_are_few_and_small() -> None:
    records = [bytes([number % 256]) * 20_000 for number in range(1000)]  # 20 MB
    path = write_records("watched://data/a.tfrecord", records)
    WatchedStore.asked.clear()
    dataset = fl.TFRecordDataset(path)
    assert len(dataset) == 1000
    scanning = [what for what in WatchedStore.asked if what[0] == "read"]
    assert len(scanning) <= 6
    WatchedStore.asked.clear()
    assert dataset[700] == records[700]
    assert len(WatchedStore.asked) == 1
    assert read_bytes(WatchedStore.asked) < 21_000
    WatchedStore.asked.clear()
    near = fl.TFRecordDataset(path).skip(100).take(40).batch(40)
    assert list(near.get_single_element()) == records[100:140]
    assert len([what for what in WatchedStore.asked if what[0] == "read"]) == 1
    WatchedStore.asked.clear()
    scattered = tfrecord.build_index(path)
    assert tfrecord.read_records(scattered, [900, 3, 5, 500, 3]) == [records[n] for n in (900, 3, 5, 500, 3)]
    assert len([what for what in WatchedStore.asked if what[0] == "read"]) == 3
    assert read_bytes(WatchedStore.asked) < 110_000


def test_large_records_are_jumped_over() -> None:
    records = [bytes(9 << 20)] * 4
    path = write_records("watched://data/a.tfrecord", records)
    WatchedStore.asked.clear()
    assert len(fl.TFRecordDataset(path)) == 4
    assert len(WatchedStore.asked) < 20
    tfrecord._indexes.clear()


def test_many_threads_read_at_once() -> None:
    path = write_records("memory://data/a.tfrecord")
    index = tfrecord.build_index(path)
    wrong = []

    def read(seed: int) -> None:
        numbers = np.random.default_rng(seed).integers(0, 500, 200)
        if tfrecord.read_records(index, numbers) != [RECORDS[number] for number in numbers]:
            wrong.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_pieces_in_any_order_overlapping_and_empty(monkeypatch) -> None:
    monkeypatch.setattr(store_file, "_GAP_BYTES", 10)
    monkeypatch.setattr(store_file, "_REQUEST_BYTES", 64)
    data = np.random.default_rng(0).integers(0, 256, 1000).astype(np.uint8)
    fl.io.write_file("memory://data/a", data.tobytes())
    file = store_file.StoreFile("memory://data/a")
    rng = np.random.default_rng(1)
    for _ in range(50):
        positions = rng.integers(0, 900, 20)
        sizes = rng.integers(0, 100, 20)
        targets = np.cumsum(sizes) - sizes
        buffer = np.zeros(int(sizes.sum()), np.uint8)
        assert file.read_pieces(positions, sizes, buffer, targets) == -1
        want = np.concatenate([data[a : a + n] for a, n in zip(positions, sizes, strict=True)])
        assert np.array_equal(buffer, want)
    assert (
        file.read_pieces(np.array([5, 990, 20]), np.array([5, 20, 5]), np.zeros(30, np.uint8), np.array([0, 5, 25]))
        == 1
    )
    target = np.zeros(500, np.uint8)
    assert file.read_into(target, 700) == 300
    assert np.array_equal(target[:300], data[700:])
    assert file.read_into(target, 1000) == 0


def test_errors_of_the_store_say_which_file(monkeypatch) -> None:
    path = write_records("watched://data/a.tfrecord")
    dataset = fl.TFRecordDataset(path)
    monkeypatch.setattr(WatchedStore, "failure", ConnectionError("the network is down"))
    for reads in (fl.io.read_file, fl.TFRecordDataset, tfrecord.build_index):
        with pytest.raises(fl.errors.FileFormatError, match=r"a\.tfrecord could not be read: the network is down"):
            reads(path)
    with pytest.raises(fl.errors.FileFormatError, match=r"network is down(.|\n)*TFRecordDataset at"):
        next(iter(dataset))
    monkeypatch.setattr(WatchedStore, "failure", PermissionError("denied"))
    with pytest.raises(fl.errors.FileFormatError, match=r"denied(.|\n)*allow reading"):
        fl.io.read_file(path)


def test_a_file_that_changes_while_it_is_read() -> None:
    path = write_records("watched://data/a.tfrecord")
    dataset = fl.TFRecordDataset(path)
    assert len(dataset) == 500
    write_records(path, RECORDS[::-1])
    with pytest.raises(fl.errors.CorruptRecordError, match="changed while it was read"):
        list(dataset)
    write_records(path, RECORDS[:10])
    with pytest.raises(fl.errors.TruncatedRecordError, match="changed while it was read"):
        list(dataset)
    assert list(fl.TFRecordDataset(path)) == RECORDS[:10]


def test_answers_that_are_cut_short(monkeypatch) -> None:
    path = write_records("watched://data/a.tfrecord")
    dataset = fl.TFRecordDataset(path)
    len(dataset)
    monkeypatch.setattr(WatchedStore, "cut_to", 100)
    with pytest.raises(fl.errors.CorruptRecordError):
        list(dataset.skip(200).batch(50))
    with pytest.raises(fl.errors.FileFormatError):
        list(fl.TFRecordDataset(path, "GZIP"))


def test_damage_is_found_where_it_is() -> None:
    path = write_records("memory://data/a.tfrecord")
    data = bytearray(fl.io.read_file(path))
    data[-30] ^= 1
    fl.io.write_file(path, bytes(data))
    with pytest.raises(fl.errors.CorruptRecordError, match=r"record 499(.|\n)*memory://data/a\.tfrecord"):
        list(fl.TFRecordDataset(path))
    fl.io.write_file(path, bytes(data[:-3]))
    with pytest.raises(fl.errors.TruncatedRecordError, match=r"memory://data/a\.tfrecord"):
        len(fl.TFRecordDataset(path))


def test_a_store_that_is_asked_about_many_pieces_at_once() -> None:
    wrapper = pytest.importorskip("fsspec.implementations.asyn_wrapper")  # of fsspec 2024.12 and later

    class AsynchronousStore(wrapper.AsyncFileSystemWrapper):
        """The files of memory:// behind a client that works as those of gs:// and s3:// do."""

        cachable = False

        def __init__(self, *_, **__):
            super().__init__(MemoryFileSystem(), asynchronous=False)

        @classmethod
        def _strip_protocol(cls, path):
            return MemoryFileSystem._strip_protocol(path.replace("asynchronous://", "memory://"))

    fsspec.register_implementation("asynchronous", AsynchronousStore, clobber=True)
    path = write_records("asynchronous://data/a.tfrecord")
    dataset = fl.TFRecordDataset("asynchronous://data/*.tfrecord")
    assert list(dataset) == RECORDS
    assert sorted(dataset.shuffle(500, seed=2).batch(50).prefetch(2).unbatch()) == sorted(RECORDS)
    assert list(fl.TFRecordDataset("memory://data/a.tfrecord")) == RECORDS
    with pytest.raises(fl.errors.MissingFileError, match=r"Did you mean asynchronous://data/a\.tfrecord"):
        fl.io.read_file(path.replace("a.tf", "b.tf"))
