"""The limit programs' sketches give what feedline gives: a limit that does less than the work would be none."""

from __future__ import annotations

import importlib
import struct

import numpy as np
import pytest

import feedline as fl


def limit(name):
    return importlib.import_module(f"benchmarks.limits.{name}")


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 64)])
def test_png(size) -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (*size, 3), np.uint8) // 16 + np.arange(size[1], dtype=np.uint8)[:, None]
    data = fl.io.encode_png(image)
    assert np.array_equal(limit("png").decode(data), image)


def test_table_of_examples() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(50, 20)).astype(np.float32)
    records = [
        fl.train.Example(
            features=fl.train.Features(
                feature={
                    "id": fl.train.Feature(int64_list=fl.train.Int64List(value=[number * 1_000_003])),
                    "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[number % 10])),
                    "x": fl.train.Feature(float_list=fl.train.FloatList(value=row.tolist())),
                    "cat": fl.train.Feature(bytes_list=fl.train.BytesList(value=[b"cat%d" % number])),
                    "unused": fl.train.Feature(bytes_list=fl.train.BytesList(value=[b"z" * 200])),
                }
            )
        ).SerializeToString()
        for number, row in enumerate(x)
    ]
    framed = b"".join(map(frame, records))
    integers, floats, strings = limit("example").parse_unit(np.frombuffer(framed, np.uint8), len(records))
    assert integers[:, 0].tolist() == [number * 1_000_003 for number in range(50)]
    assert integers[:, 1].tolist() == [number % 10 for number in range(50)]
    assert floats.tobytes() == x.tobytes()
    assert [framed[start : start + length] for start, length in strings] == [b"cat%d" % number for number in range(50)]
    with pytest.raises(ValueError, match="damaged"):
        limit("example").parse_unit(np.frombuffer(framed[:500] + b"?" + framed[501:], np.uint8), len(records))


def test_scale_and_cast() -> None:
    values = np.arange(256, dtype=np.uint8)
    out = np.empty(256, np.float32)
    limit("scaling").scale(values, np.float32(255), out)
    assert np.array_equal(out, values / np.float32(255))
    doubles = np.random.default_rng(1).normal(size=256)
    limit("scaling").cast(doubles, out)
    assert np.array_equal(out, doubles.astype(np.float32))


def test_tensors(tmp_path) -> None:
    images = np.random.default_rng(2).integers(0, 256, (6, 9, 7, 3), np.uint8)
    path = tmp_path / "tensors.tfrecord"
    with fl.io.TFRecordWriter(str(path)) as writer:
        for image in images:
            feature = {
                "image_bytes": fl.train.Feature(bytes_list=fl.train.BytesList(value=[fl.io.serialize_tensor(image)])),
                "label": fl.train.Feature(int64_list=fl.train.Int64List(value=[3])),
            }
            writer.write(fl.train.Example(features=fl.train.Features(feature=feature)).SerializeToString())
    counts = limit("tensors").scaled(str(path), 2, images.shape[1:])
    assert [next(counts) for _ in range(7)] == [2] * 7
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    counts = limit("tensors").scaled(str(path), 2, images.shape[1:])
    with pytest.raises(ValueError, match="damaged"):
        [next(counts) for _ in range(7)]


def frame(payload: bytes) -> bytes:
    """Returns a payload as a record of a TFRecord file."""
    crc = importlib.import_module("feedline.kernels.crc32c")
    length = struct.pack("<Q", len(payload))
    masked = [struct.pack("<I", crc.masked_crc32c(part)) for part in (length, payload)]
    return length + masked[0] + payload + masked[1]
