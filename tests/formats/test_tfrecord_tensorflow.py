"""TFRecord files, side by side with TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from feedline.formats.tfrecord import build_index, iterate_records, read_records
from feedline.io.tfrecord_writer import TFRecordOptions, TFRecordWriter

tf = pytest.importorskip("tensorflow")

RECORDS = [bytes(np.random.default_rng(n).integers(0, 256, n * n % 700, dtype=np.uint8)) for n in range(120)]
OPTIONS = [
    None,
    "",
    "GZIP",
    "ZLIB",
    TFRecordOptions("GZIP", compression_level=9),
    TFRecordOptions("ZLIB", compression_level=0, mem_level=1, window_bits=9),
    TFRecordOptions("GZIP", flush_mode=2, input_buffer_size=100),
    TFRecordOptions("GZIP", window_bits=31, compression_strategy=3, compression_method=8),
]


@pytest.mark.parametrize("options", OPTIONS, ids=range(len(OPTIONS)))
def test_tensorflow_reads_what_feedline_writes(tmp_path, options):
    path = str(tmp_path / "x")
    with TFRecordWriter(path, options) as writer:
        for number, record in enumerate(RECORDS):
            writer.write(record)
            if number == 50:
                writer.flush()
    kind = options.compression_type if isinstance(options, TFRecordOptions) else options
    assert [record.numpy() for record in tf.data.TFRecordDataset(path, kind)] == RECORDS
    assert [record for records in iterate_records(path, kind) for record in records] == RECORDS


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_tensorflow_reads_a_compressed_file_without_records(tmp_path, kind):
    TFRecordWriter(tmp_path / "x", kind).close()
    assert list(tf.data.TFRecordDataset(str(tmp_path / "x"), kind)) == []


def test_plain_files_are_equal_byte_for_byte(tmp_path):
    with TFRecordWriter(tmp_path / "ours") as ours, tf.io.TFRecordWriter(str(tmp_path / "theirs")) as theirs:
        for record in RECORDS:
            ours.write(record)
            theirs.write(record)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


@pytest.mark.parametrize("kind", ["", "GZIP", "ZLIB"])
def test_feedline_reads_what_tensorflow_writes(tmp_path, kind):
    path = str(tmp_path / "x")
    with tf.io.TFRecordWriter(path, kind) as writer:
        for record in RECORDS:
            writer.write(record)
    assert [record for records in iterate_records(path, kind, chunk=999) for record in records] == RECORDS
    if not kind:
        assert read_records(build_index(path), range(len(RECORDS))) == RECORDS


def test_options_of_tensorflow_and_a_tensor_as_record(tmp_path):
    with TFRecordWriter(tmp_path / "x", tf.io.TFRecordOptions("GZIP", compression_level=3)) as writer:
        writer.write(tf.io.serialize_tensor([1, 2]))
    assert list(iterate_records(tmp_path / "x", "GZIP")) == [[tf.io.serialize_tensor([1, 2]).numpy()]]
