"""TFRecord files that are damaged, cut off, of another compression, or change while they are read."""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
import threading
import tracemalloc
import zlib
from pathlib import Path

import pytest

import feedline as fl
from feedline.errors import (
    ArgumentError,
    CorruptRecordError,
    FileFormatError,
    MissingFileError,
    TruncatedRecordError,
)
from feedline.formats import open_file, tfrecord
from feedline.formats.tfrecord import (
    build_index,
    iterate_packed,
    iterate_records,
    read_records,
)
from feedline.io.tfrecord_writer import TFRecordWriter

_spec = importlib.util.spec_from_file_location("tfrecord_files", Path(__file__).parent / "tfrecord_files.py")
tfrecord_files = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tfrecord_files)

GOLDEN, RECORDS = tfrecord_files.GOLDEN, tfrecord_files.RECORDS
frame, all_of, written = tfrecord_files.frame, tfrecord_files.all_of, tfrecord_files.written


# Damage


def test_every_flipped_bit_is_found(tmp_path):
    records = [b"first", b"", b"third record"]
    data = b"".join(map(frame, records))
    for position in range(len(data)):
        for bit in (0, 3, 7):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            path = written(tmp_path, damaged)
            tfrecord._indexes.clear()
            with pytest.raises(FileFormatError):
                read_records(build_index(path), range(3))
            with pytest.raises(FileFormatError):
                all_of(path)


def test_every_truncation_is_found(tmp_path):
    records = [b"first", b"", b"third record"]
    data = b"".join(map(frame, records))
    whole = {0: 0, 21: 1, 37: 2}
    for size in range(len(data)):
        path = written(tmp_path, data[:size])
        if size in whole:
            assert len(build_index(path)) == whole[size]
            assert all_of(path) == records[: whole[size]]
            continue
        number = sum(end <= size for end in (21, 37))
        for read in (build_index, all_of):
            with pytest.raises(TruncatedRecordError, match="ends within") as caught:
                read(path)
            assert caught.value.where == [f"record {number} of {path}, which begins at byte {[0, 21, 37][number]}"]
            assert caught.value.fix


@pytest.mark.parametrize(("compression_type", "compress"), [("GZIP", gzip.compress), ("ZLIB", zlib.compress)])
def test_damage_of_compressed_files(tmp_path, compression_type, compress):
    records = [b"first", b"", b"third record" * 5]
    data = compress(b"".join(map(frame, records)))
    for size in range(len(data)):
        with pytest.raises(FileFormatError):
            all_of(written(tmp_path, data[:size]), compression_type)
    harmless = 0
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            try:
                assert all_of(written(tmp_path, damaged), compression_type) == records
                harmless += 1  # the time and system that gzip's header names
            except FileFormatError:
                pass
    assert harmless <= (8 * 8 if compression_type == "GZIP" else 8)


def test_good_records_come_before_the_error(tmp_path):
    good = [b"%d" % number for number in range(100)]
    data = bytearray(b"".join(map(frame, good)))
    data[-5] ^= 1
    for content, compression_type in ((data, None), (gzip.compress(bytes(data)), "GZIP")):
        found = []
        stream = iterate_records(written(tmp_path, content), compression_type)
        with pytest.raises(CorruptRecordError, match="data is wrong") as caught:
            found.extend(record for records in stream for record in records)
        assert found == good[:99]
        assert caught.value.where[0].startswith("record 99 of ")
    assert all_of(written(tmp_path, data), verify=False)[:99] == good[:99]
    cut = gzip.compress(b"".join(map(frame, good)))[:-8]
    found = []
    stream = iterate_records(written(tmp_path, cut), "GZIP")
    with pytest.raises(TruncatedRecordError, match="GZIP stream ends"):
        found.extend(record for records in stream for record in records)
    assert found == good


def test_corrupt_data_names_record_and_offset(tmp_path):
    data = bytearray(frame(b"one") + frame(b"two") + frame(b"three"))
    data[19 + 13] ^= 4
    path = written(tmp_path, data)
    index = build_index(path)
    with pytest.raises(CorruptRecordError) as caught:
        read_records(index, [2, 1])
    assert caught.value.where == [f"record 1 of {path}, which begins at byte 19"]
    assert read_records(index, [2, 1], verify=False)[0] == b"three"


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 2**62, 10**12])
def test_absurd_length_with_a_good_checksum(tmp_path, length):
    data = frame(b"one") + frame(b"two", length)
    tracemalloc.start()
    path = written(tmp_path, data)
    for read in (build_index, all_of):
        with pytest.raises(TruncatedRecordError, match=str(length)[:7]):
            read(path)
    with pytest.raises(TruncatedRecordError, match=str(length)[:7]):
        all_of(written(tmp_path, gzip.compress(data)), "GZIP")
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_compressed_bomb_without_records_costs_no_memory(tmp_path):
    zeros = written(tmp_path, gzip.compress(bytes(64 << 20)), "zeros")
    endless = written(tmp_path, gzip.compress(frame(b"", 2**40)[:12] + bytes(3 << 20)), "endless")
    tracemalloc.start()
    with pytest.raises(CorruptRecordError):
        all_of(zeros, "GZIP", chunk=1 << 16)
    with pytest.raises(TruncatedRecordError):
        all_of(endless, "GZIP", chunk=1 << 16)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(("suffix", "name"), [("gzip", "GZIP"), ("zlib", "ZLIB")])
def test_compressed_file_read_as_plain(suffix, name):
    for kind in ("records", "empty"):
        for read in (build_index, all_of):
            with pytest.raises(FileFormatError) as caught:
                read(GOLDEN / f"{kind}_{suffix}.tfrecord")
            assert f'compression_type="{name}"' in caught.value.fix


def test_wrong_compression(tmp_path):
    for suffix, wrong, right in (("plain", "GZIP", "None"), ("zlib", "GZIP", '"ZLIB"'), ("gzip", "ZLIB", '"GZIP"')):
        with pytest.raises(FileFormatError) as caught:
            all_of(GOLDEN / f"records_{suffix}.tfrecord", wrong)
        assert f"compression_type={right}" in caught.value.fix


def test_many_streams_in_one_file(tmp_path):
    parts = [frame(b"one"), frame(b"two") + frame(b"three")[:9], frame(b"three")[9:], b""]
    expected = [b"one", b"two", b"three"]
    for compression_type, compress in (("GZIP", gzip.compress), ("ZLIB", zlib.compress)):
        data = b"".join(map(compress, parts))
        assert all_of(written(tmp_path, data), compression_type) == expected
    assert all_of(written(tmp_path, gzip.compress(parts[0]) + bytes(20)), "GZIP") == expected[:1]
    for data, compression_type in (
        (gzip.compress(parts[0]) + b"junk", "GZIP"),
        (zlib.compress(parts[0]) + b"\0", "ZLIB"),
    ):
        with pytest.raises(CorruptRecordError):
            all_of(written(tmp_path, data), compression_type)


def test_empty_file_is_no_compressed_file(tmp_path):
    with pytest.raises(TruncatedRecordError, match="empty"):
        all_of(written(tmp_path, b""), "GZIP")


def test_not_a_tfrecord_at_all(tmp_path):
    path = written(tmp_path, b"hello, this is a text file\n" * 10)
    for read in (build_index, all_of):
        with pytest.raises(CorruptRecordError, match="does not begin with a record"):
            read(path)


def test_missing_file_and_folder(tmp_path):
    written(tmp_path, b"", "train.tfrecord")
    for read in (build_index, all_of):
        with pytest.raises(MissingFileError) as caught:
            read(tmp_path / "trian.tfrecord")
        assert "train.tfrecord" in caught.value.fix
        with pytest.raises(MissingFileError):
            read(tmp_path / "nowhere" / "x")
        with pytest.raises(ArgumentError, match="folder"):
            read(tmp_path)
        with pytest.raises(ArgumentError):
            read("a\0b")
    if os.path.exists("/dev/zero"):
        with pytest.raises(ArgumentError, match="regular"):
            build_index("/dev/zero")


@pytest.mark.parametrize("compression_type", ["gzip", "SNAPPY", 1, b"GZIP"])
def test_unknown_compression(compression_type):
    with pytest.raises(ArgumentError, match="compression_type"):
        iterate_packed("x", compression_type)


@pytest.mark.parametrize("compression_type", [None, "", "NONE"])
def test_names_of_no_compression(compression_type):
    assert all_of(GOLDEN / "records_plain.tfrecord", compression_type) == RECORDS


@pytest.mark.parametrize("chunk", [0, -1, 1.5, None])
def test_chunk_must_be_positive(chunk):
    with pytest.raises(ArgumentError, match="chunk"):
        iterate_packed("x", chunk=chunk)


# Files that change


def test_file_cut_off_after_indexing(tmp_path):
    path = written(tmp_path, frame(b"one") + frame(b"two"))
    index = build_index(path)
    read_records(index, [0])
    os.truncate(path, 25)
    with pytest.raises(TruncatedRecordError, match="changed while it was read: it had 38 bytes"):
        read_records(index, [1])


def test_file_overwritten_in_place_after_indexing(tmp_path):
    path = written(tmp_path, frame(b"one") + frame(b"two"))
    index = build_index(path)
    with open(path, "r+b") as file:
        file.write(frame(b"new"))
    os.utime(path, ns=(0, index.mtime_ns + 10**9))
    with pytest.raises(CorruptRecordError, match="changed"):
        read_records(index, [1])


def test_file_replaced_after_indexing(tmp_path):
    path = written(tmp_path, frame(b"one") + frame(b"two"))
    index = build_index(path)
    assert read_records(index, [1]) == [b"two"]
    replacement = written(tmp_path, frame(b"six") + frame(b"ten"), "other")
    os.utime(replacement, ns=(0, index.mtime_ns + 10**9))
    os.replace(replacement, path)
    assert read_records(index, [1]) == [b"two"]  # still open, and whole
    open_file.close_all()
    with pytest.raises(CorruptRecordError, match="changed"):
        read_records(index, [1])
    assert read_records(build_index(path), [1]) == [b"ten"]


def test_file_that_grows_while_it_is_streamed(tmp_path):
    path = written(tmp_path, b"".join(frame(b"%d" % number) for number in range(100)))
    found = []
    for records in iterate_records(path, chunk=64):
        if not found:
            with open(path, "ab") as file:
                file.write(frame(b"last" * 1000))
        found += records
    assert found[:100] == [b"%d" % number for number in range(100)]
    assert found[100:] in ([], [b"last" * 1000])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_stream_from_a_pipe(tmp_path):
    path = str(tmp_path / "pipe")
    os.mkfifo(path)
    records = [bytes(size) for size in range(0, 3000, 37)]
    writer = threading.Thread(target=lambda: Path(path).write_bytes(b"".join(map(frame, records))))
    writer.start()
    assert all_of(path, chunk=500) == records
    writer.join()


def test_buffers_belong_to_the_caller(tmp_path):
    records = [bytes([number]) * 30 for number in range(50)]
    path = written(tmp_path, b"".join(map(frame, records)))
    found = []
    for buffer, offsets, lengths in iterate_packed(path, chunk=100):
        found += [bytes(buffer[start : start + n]) for start, n in zip(offsets, lengths, strict=True)]
        buffer[:] = 255
    assert found == records


def test_abandoned_stream_closes_its_file(tmp_path):
    with TFRecordWriter(tmp_path / "x") as writer:
        for _ in range(1000):
            writer.write(bytes(100))
    stream = iterate_records(tmp_path / "x", chunk=1000)
    next(stream)
    stream.close()
    if sys.platform == "linux":
        assert str(tmp_path / "x") not in [
            os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")
        ]


def test_a_file_in_place_of_one_of_the_same_size_and_time_is_read_anew(tmp_path) -> None:
    path = str(tmp_path / "a.tfrecord")

    def write(records) -> None:
        with fl.io.TFRecordWriter(path + ".new") as writer:
            for record in records:
                writer.write(record)
        os.replace(path + ".new", path)
        os.utime(path, (10**9, 10**9))

    for records in ([b"old-1", b"old-22"], [b"new-1", b"new-22"], [b"new-22", b"new-1"]):
        write(records)
        assert list(fl.TFRecordDataset(path)) == records
        assert list(fl.FixedLengthRecordDataset(path, 1, header_bytes=12)) != []
    fixed = str(tmp_path / "a.bin")
    for content in (b"abcd", b"efgh"):
        with open(fixed + ".new", "wb") as file:
            file.write(content)
        os.replace(fixed + ".new", fixed)
        os.utime(fixed, (10**9, 10**9))
        assert list(fl.FixedLengthRecordDataset(fixed, 2)) == [content[:2], content[2:]]
