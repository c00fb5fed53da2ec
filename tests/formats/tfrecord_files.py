"""TFRecord files that tests write, and those that TensorFlow wrote."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from feedline.formats.tfrecord import iterate_records
from feedline.kernels.crc32c import masked_crc32c

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "tfrecord"
RECORDS = [bytes.fromhex(record) for record in json.loads((GOLDEN / "records.json").read_text())["records"]]
COMPRESSIONS = {"plain": None, "gzip": "GZIP", "zlib": "ZLIB"}


def frame(payload: bytes, length: int | None = None) -> bytes:
    header = struct.pack("<Q", len(payload) if length is None else length)
    return header + struct.pack("<I", masked_crc32c(header)) + payload + struct.pack("<I", masked_crc32c(payload))


def all_of(path, compression_type=None, **options) -> list[bytes]:
    return [record for records in iterate_records(path, compression_type, **options) for record in records]


def written(tmp_path, data: bytes, name: str = "file.tfrecord") -> str:
    path = tmp_path / name
    path.write_bytes(data)
    return str(path)
