"""TFRecord files: index, random access, streams; TensorFlow's files, damage of every kind."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import (
    ArgumentError,
)
from feedline.formats import open_file, tfrecord
from feedline.formats.tfrecord import (
    RecordIndex,
    build_index,
    read_packed,
    read_records,
)

_spec = importlib.util.spec_from_file_location("tfrecord_files", Path(__file__).parent / "tfrecord_files.py")
tfrecord_files = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tfrecord_files)

GOLDEN, RECORDS, COMPRESSIONS = tfrecord_files.GOLDEN, tfrecord_files.RECORDS, tfrecord_files.COMPRESSIONS
frame, all_of, written = tfrecord_files.frame, tfrecord_files.all_of, tfrecord_files.written


# TensorFlow's files


@pytest.mark.parametrize("suffix", COMPRESSIONS)
@pytest.mark.parametrize("chunk", [1, 100, 1000, 1 << 20])
def test_stream_of_tensorflows_file(suffix, chunk):
    assert all_of(GOLDEN / f"records_{suffix}.tfrecord", COMPRESSIONS[suffix], chunk=chunk) == RECORDS


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_file_without_records(suffix):
    assert all_of(GOLDEN / f"empty_{suffix}.tfrecord", COMPRESSIONS[suffix]) == []


def test_index_of_tensorflows_file():
    index = build_index(GOLDEN / "records_plain.tfrecord")
    assert len(index) == len(RECORDS)
    assert index.lengths.tolist() == [len(record) for record in RECORDS]
    assert index.file_size == os.path.getsize(index.path)
    assert read_records(index, np.arange(len(index))) == RECORDS
    assert len(build_index(GOLDEN / "empty_plain.tfrecord")) == 0


# Random access


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_any_order_with_repeats(data, tmp_path_factory):
    records = data.draw(st.lists(st.binary(max_size=40), max_size=20))
    path = written(tmp_path_factory.mktemp("any"), b"".join(map(frame, records)))
    index = build_index(path)
    numbers = data.draw(st.lists(st.integers(0, len(records) - 1), max_size=30)) if records else []
    assert read_records(index, numbers) == [records[number] for number in numbers]
    buffer, offsets, lengths = read_packed(index, numbers, verify=False)
    packed = [bytes(buffer[start : start + n]) for start, n in zip(offsets, lengths, strict=True)]
    assert packed == [records[number] for number in numbers]
    assert all_of(path, chunk=data.draw(st.integers(1, 200))) == records


def test_large_records_are_jumped_over_and_small_ones_read(tmp_path, monkeypatch):
    records = [bytes(100_000)] * 30 + [b"small"] * 3000 + [bytes(300_000)] * 10 + [b""] * 5
    path = written(tmp_path, b"".join(map(frame, records)))
    monkeypatch.setattr(open_file.OpenFile, "longest_read", 20_000)
    read = []
    original = open_file.OpenFile.read_into
    monkeypatch.setattr(
        open_file.OpenFile,
        "read_into",
        lambda self, target, position: read.append(len(target)) or original(self, target, position),
    )
    index = build_index(path)
    assert index.lengths.tolist() == [len(record) for record in records]
    assert sum(read) < os.path.getsize(path) / 20
    assert len(read) < 100
    assert read_records(index, [3030, 0, 3041]) == [bytes(300_000), bytes(100_000), b""]


def test_out_buffer_is_used_where_it_is_large_enough():
    index = build_index(GOLDEN / "records_plain.tfrecord")
    out = np.zeros(10_000, np.uint8)
    buffer, offsets, lengths = read_packed(index, [7, 1], out=out)
    assert buffer is out
    assert bytes(out[offsets[0] : offsets[0] + lengths[0]]) == RECORDS[7]
    assert read_packed(index, [11], out=out[:10])[0] is not out


@pytest.mark.parametrize("numbers", [[13], [-1], [0, 99]])
def test_number_out_of_range(numbers):
    with pytest.raises(ArgumentError, match="13 records"):
        read_records(build_index(GOLDEN / "records_plain.tfrecord"), numbers)


@pytest.mark.parametrize("numbers", [[0.5], [[1]], [True], ["1"]])
def test_numbers_of_wrong_kind(numbers):
    with pytest.raises(ArgumentError, match="integers"):
        read_records(build_index(GOLDEN / "records_plain.tfrecord"), numbers)


def test_without_preadv_and_kernel(monkeypatch):
    from feedline.kernels import pread

    monkeypatch.setattr(pread, "AVAILABLE", False)
    monkeypatch.delattr(os, "preadv", raising=False)
    tfrecord._indexes.clear()
    index = build_index(GOLDEN / "records_plain.tfrecord")
    assert read_records(index, range(len(RECORDS))) == RECORDS


@pytest.mark.parametrize(
    ("offsets", "lengths"),
    [([12], [2**62]), ([12], [-1]), ([2**62], [1]), ([-5], [1]), ([12, 12], [1, 1]), ([12, 30], [50, 1]), ([12], [])],
)
def test_index_that_cannot_be_is_refused(offsets, lengths):
    with pytest.raises(ArgumentError):
        RecordIndex("x", np.array(offsets, np.int64), np.array(lengths, np.int64), 100, 0)


def test_index_is_kept_until_the_file_changes(tmp_path):
    path = written(tmp_path, frame(b"one"))
    first = build_index(path)
    assert build_index(path) is first
    written(tmp_path, frame(b"one") * 2)
    assert len(build_index(path)) == 2
    with pytest.raises(ValueError, match="read-only"):
        first.offsets[0] = 3


def test_index_cache_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(tfrecord, "_MOST_INDEXES", 3)
    for number in range(8):
        build_index(written(tmp_path, frame(b"x"), f"{number}"))
    assert len(tfrecord._indexes) == 3


def test_few_descriptors_stay_open(tmp_path, monkeypatch):
    monkeypatch.setattr(open_file, "_MOST_OPEN", 4)
    paths = [written(tmp_path, frame(b"%d" % number), f"{number}") for number in range(20)]
    indexes = [build_index(path) for path in paths]
    for _ in range(3):
        assert [read_records(index, [0])[0] for index in indexes] == [b"%d" % number for number in range(20)]
    assert len(open_file._files) == 4
    if sys.platform == "linux":
        names = [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
        assert sum(name in set(map(os.path.realpath, paths)) for name in names) == 4
    open_file.close_all()
    assert not open_file._files


def test_many_threads_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(open_file, "_MOST_OPEN", 2)
    contents = [[bytes([number]) * size for size in range(50)] for number in range(6)]
    indexes = [
        build_index(written(tmp_path, b"".join(map(frame, records)), f"{number}"))
        for number, records in enumerate(contents)
    ]
    failures = []

    def work(seed):
        generator = np.random.default_rng(seed)
        for _ in range(100):
            file, numbers = generator.integers(6), generator.integers(0, 50, 7)
            if read_records(indexes[file], numbers) != [contents[file][number] for number in numbers]:
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_forked_process_reads_though_a_lock_was_held(tmp_path):
    index = build_index(written(tmp_path, frame(b"one")))
    read_records(index, [0])
    with open_file._files_lock, tfrecord._indexes_lock:
        process = os.fork()
        if process == 0:
            good = read_records(index, [0]) == [b"one"] and len(build_index(index.path)) == 1
            os._exit(0 if good else 1)
    assert os.waitpid(process, 0)[1] == 0
    assert read_records(index, [0]) == [b"one"]
