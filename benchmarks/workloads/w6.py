"""W6: TFRecords of serialised uint8 tensors, scaled to float32, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.compare import Rule
from benchmarks.data import CLASSES, RAW_RECORDS
from benchmarks.workloads import PEER_NAMES

TITLE = "TFRecords of serialised uint8 224x224x3 tensors and a label, /255 and one-hot, batch 32"
SHORT = "tensors in TFRecords"
LIMIT = "reading, CRC32C and one pass from uint8 to float32 by an unguarded Numba loop, on all cores"
ABSENT = dict.fromkeys(PEER_NAMES, "reads no TFRecords of serialised tensors")
COMPARE = Rule(largest=1e-6)
SHUFFLES = False

BATCH, SIDE = 32, 224


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    features = {
        "image_bytes": library.io.FixedLenFeature([], library.string),
        "label": library.io.FixedLenFeature([], library.int64),
    }

    def process(record: Any) -> Any:
        parsed = library.io.parse_single_example(record, features)
        image = library.io.parse_tensor(parsed["image_bytes"], library.uint8)
        image = library.cast(image, library.float32) / 255.0
        return image, library.one_hot(parsed["label"], CLASSES)

    dataset = data.TFRecordDataset(str(RAW_RECORDS)).repeat()
    return dataset.map(process, num_parallel_calls=data.AUTOTUNE).batch(BATCH).prefetch(data.AUTOTUNE)


def limit() -> Iterator[int]:
    from benchmarks.limits.tensors import scaled

    return scaled(str(RAW_RECORDS), BATCH, (SIDE, SIDE, 3))
