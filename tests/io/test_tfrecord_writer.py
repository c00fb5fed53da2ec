"""TFRecordWriter: what is written comes back, and half a file never appears."""

from __future__ import annotations

import errno
import gc
import os
import stat
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedline.errors import ArgumentError, DtypeError, WriteError
from feedline.formats.tfrecord import iterate_records
from feedline.io import tfrecord_writer
from feedline.io.tfrecord_writer import TFRecordOptions, TFRecordWriter


def all_of(path, compression_type=None) -> list[bytes]:
    return [record for records in iterate_records(path, compression_type) for record in records]


@given(
    records=st.lists(st.binary(max_size=50), max_size=30),
    kind=st.sampled_from([None, "", "NONE", "GZIP", "ZLIB"]),
    buffered=st.sampled_from([None, 1, 60]),
)
@settings(deadline=None, max_examples=60)
def test_round_trip(records, kind, buffered, tmp_path_factory):
    path = tmp_path_factory.mktemp("round") / "x"
    with TFRecordWriter(path, TFRecordOptions(kind, input_buffer_size=buffered)) as writer:
        for record in records:
            writer.write(record)
    assert all_of(path, kind) == records
    assert os.listdir(path.parent) == ["x"]


def test_large_and_many_records(tmp_path):
    records = [bytes(3_000_000), b"", *[b"small"] * 40_000, os.urandom(1_500_000)]
    with TFRecordWriter(tmp_path / "x") as writer:
        for record in records:
            writer.write(record)
    assert all_of(tmp_path / "x") == records


def test_other_bytes_are_copied_at_once(tmp_path):
    record = bytearray(b"abc")
    with TFRecordWriter(tmp_path / "x") as writer:
        for value in (record, memoryview(record), np.bytes_(b"abc"), np.array(b"abc", object)):
            writer.write(value)
        record[:] = b"xyz"
    assert all_of(tmp_path / "x") == [b"abc"] * 4


class Message:
    def SerializeToString(self) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("record", "fix"),
    [
        ("text", "encode"),
        (Message(), "SerializeToString"),
        (np.zeros(3), "serialize_tensor"),
        (3, "bytes"),
        (None, "bytes"),
        ([b"a"], "bytes"),
    ],
)
def test_record_that_is_not_bytes(tmp_path, record, fix):
    with TFRecordWriter(tmp_path / "x") as writer:
        with pytest.raises(DtypeError) as caught:
            writer.write(record)
        assert fix in caught.value.fix
        writer.write(b"good")
    assert all_of(tmp_path / "x") == [b"good"]


def test_file_appears_only_at_close(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"before")
    writer = TFRecordWriter(path)
    writer.write(b"one")
    writer.flush()
    assert path.read_bytes() == b"before"
    hidden = [name for name in os.listdir(tmp_path) if name != "x"]
    assert len(hidden) == 1
    assert hidden[0].startswith(".")
    assert os.path.getsize(tmp_path / hidden[0]) == 19
    writer.close()
    assert all_of(path) == [b"one"]
    assert os.listdir(tmp_path) == ["x"]
    writer.close()


def test_use_after_close(tmp_path):
    writer = TFRecordWriter(tmp_path / "x")
    writer.close()
    for use in (lambda: writer.write(b"x"), writer.flush, writer.__enter__):
        with pytest.raises(ArgumentError, match="closed"):
            use()


def test_exception_in_the_block_leaves_what_was_there(tmp_path):
    (tmp_path / "x").write_bytes(b"before")

    def fail():
        with TFRecordWriter(tmp_path / "x", "GZIP") as writer:
            writer.write(bytes(3_000_000))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
    assert (tmp_path / "x").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["x"]


def test_writer_that_is_never_closed_warns_and_leaves_nothing(tmp_path):
    def forget():
        writer = TFRecordWriter(tmp_path / "x")
        writer.write(b"lost")
        del writer
        gc.collect()

    with pytest.warns(RuntimeWarning, match="never closed"):
        forget()
    assert os.listdir(tmp_path) == []


SCRIPT = """
import os, sys
from feedline.io.tfrecord_writer import TFRecordWriter
writer = TFRecordWriter(sys.argv[1])
writer.write(bytes(2_000_000))
writer.flush()
{end}
"""


@pytest.mark.parametrize(("end", "left"), [("os._exit(3)", 1), ("sys.exit(3)", 0)])
def test_process_that_ends_without_closing(tmp_path, end, left):
    path = tmp_path / "x"
    path.write_bytes(b"before")
    result = subprocess.run([sys.executable, "-c", SCRIPT.format(end=end), str(path)], capture_output=True, text=True)
    assert result.returncode == 3, result.stderr
    assert path.read_bytes() == b"before"
    assert len([name for name in os.listdir(tmp_path) if name.startswith(".x.")]) == left
    assert ("never closed" in result.stderr) == (left == 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_forked_process_does_not_touch_its_parents_file(tmp_path):
    writer = TFRecordWriter(tmp_path / "x")
    writer.write(b"one")
    process = os.fork()
    if process == 0:
        writer._finalizer()
        os._exit(0)
    os.waitpid(process, 0)
    writer.close()
    assert all_of(tmp_path / "x") == [b"one"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
@pytest.mark.parametrize("kind", [None, "GZIP"])
def test_full_disk(tmp_path, monkeypatch, step, kind):
    path = tmp_path / "x"
    path.write_bytes(b"before")
    writer = TFRecordWriter(path, kind)
    writer.write(b"first")
    writer.flush()

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(tfrecord_writer.os, step, full)
        writer.write(b"second")
        with pytest.raises(WriteError, match=r"No space left.*untouched") as caught:
            writer.close()
    assert "space" in caught.value.fix
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["x"]
    with pytest.raises(ArgumentError, match="closed"):
        writer.write(b"third")
    writer.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del writer
        gc.collect()


def test_short_writes_are_continued(tmp_path, monkeypatch):
    original = os.write
    monkeypatch.setattr(tfrecord_writer.os, "write", lambda descriptor, data: original(descriptor, data[:7]))
    with TFRecordWriter(tmp_path / "x") as writer:
        writer.write(b"a record longer than seven bytes")
    assert all_of(tmp_path / "x") == [b"a record longer than seven bytes"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_device(tmp_path, monkeypatch):
    writer = TFRecordWriter(tmp_path / "x")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._partial.descriptor)
    os.close(full)
    with pytest.raises(WriteError, match="No space left"):
        writer.write(bytes(2_000_000))
    assert os.listdir(tmp_path) == []


def test_missing_folder(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(WriteError) as caught:
        TFRecordWriter(tmp_path / "recrods" / "x")
    assert "makedirs" in caught.value.fix
    assert "records" in str(caught.value)
    assert os.listdir(tmp_path) == ["records"]


def test_places_that_are_no_files(tmp_path):
    with pytest.raises(WriteError, match="folder"):
        TFRecordWriter(tmp_path)
    with pytest.raises(WriteError):
        TFRecordWriter("a\0b")
    if os.path.exists("/dev/null"):
        with pytest.raises(WriteError, match="regular"):
            TFRecordWriter("/dev/null")
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError):
        TFRecordWriter(tmp_path / "file" / "x")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
def test_permissions_and_links_are_kept(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"")
    target.chmod(0o640)
    (tmp_path / "link").symlink_to(target)
    with TFRecordWriter(tmp_path / "link") as writer:
        writer.write(b"one")
    assert (tmp_path / "link").is_symlink()
    assert all_of(target) == [b"one"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_longest_name(tmp_path):
    with TFRecordWriter(tmp_path / ("é" * 127)) as writer:
        writer.write(b"one")
    assert all_of(tmp_path / ("é" * 127)) == [b"one"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"compression_type": "gzip"}, "compression_type"),
        ({"compression_level": 9}, "compression_level"),
        ({"compression_type": "GZIP", "compression_level": 10}, "compression_level"),
        ({"compression_type": "ZLIB", "window_bits": 31}, "window_bits"),
        ({"compression_type": "ZLIB", "window_bits": 8}, "window_bits"),
        ({"compression_type": "ZLIB", "mem_level": 0}, "mem_level"),
        ({"compression_type": "ZLIB", "compression_method": 9}, "compression_method"),
        ({"compression_type": "ZLIB", "compression_strategy": 5}, "compression_strategy"),
        ({"compression_type": "ZLIB", "flush_mode": zlib.Z_FINISH}, "flush_mode"),
        ({"input_buffer_size": 0}, "input_buffer_size"),
        ({"output_buffer_size": -1}, "output_buffer_size"),
    ],
)
def test_options_that_cannot_work(options, name):
    with pytest.raises(ArgumentError, match=name):
        TFRecordOptions(**options)


def test_options_of_wrong_kind(tmp_path):
    with pytest.raises(ArgumentError, match="options"):
        TFRecordWriter(tmp_path / "x", 3)
    assert os.listdir(tmp_path) == []


def test_level_and_window_are_obeyed(tmp_path):
    data = os.urandom(500) * 40
    sizes = {}
    for level in (0, 1, 9):
        with TFRecordWriter(tmp_path / f"{level}", TFRecordOptions("ZLIB", compression_level=level)) as writer:
            writer.write(data)
        sizes[level] = os.path.getsize(tmp_path / f"{level}")
    assert sizes[0] > len(data) > 10 * sizes[9]
    with TFRecordWriter(tmp_path / "window", TFRecordOptions("GZIP", window_bits=10)) as writer:
        writer.write(os.urandom(20_000))
    assert (tmp_path / "window").read_bytes()[:2] == b"\x1f\x8b"


def test_sync_flush_makes_records_readable_so_far(tmp_path):
    writer = TFRecordWriter(tmp_path / "x", TFRecordOptions("ZLIB", flush_mode=zlib.Z_SYNC_FLUSH))
    writer.write(b"one")
    writer.flush()
    (hidden,) = tmp_path.iterdir()
    assert b"one" in zlib.decompressobj().decompress(hidden.read_bytes())
    writer.close()
    assert all_of(tmp_path / "x", "ZLIB") == [b"one"]
