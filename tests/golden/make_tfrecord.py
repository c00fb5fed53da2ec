"""Writes tests/golden/data/tfrecord with TensorFlow: python tests/golden/make_tfrecord.py"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent / "data" / "tfrecord"


def records() -> list[bytes]:
    generator = np.random.default_rng(7)
    lengths = [0, 1, 2, 7, 8, 9, 0, 100, 255, 256, 1000, 5000, 0]
    return [generator.integers(0, 256, length, dtype=np.uint8).tobytes() for length in lengths]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for compression_type in ("", "GZIP", "ZLIB"):
        suffix = compression_type.lower() or "plain"
        with tf.io.TFRecordWriter(str(FOLDER / f"records_{suffix}.tfrecord"), compression_type) as writer:
            for record in records():
                writer.write(record)
        tf.io.TFRecordWriter(str(FOLDER / f"empty_{suffix}.tfrecord"), compression_type).close()
    content = {"tensorflow": tf.__version__, "records": [record.hex() for record in records()]}
    (FOLDER / "records.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
