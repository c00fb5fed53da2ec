"""W6: TFRecords of serialised uint8 tensors, scaled to float32, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.compare import Rule
from benchmarks.data import CLASSES, RAW_RECORDS, RAW_TENSORS
from benchmarks.limits import on_all_cores
from benchmarks.workloads import PEER_NAMES

TITLE = "TFRecords of serialised uint8 224x224x3 tensors and a label, /255 and one-hot, batch 32"
SHORT = "tensors in TFRecords"
LIMIT = "one pass from uint8 to float32 by an unguarded Numba loop, into recycled buffers, on all cores"
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
    from benchmarks.limits.scaling import scale

    units = RAW_TENSORS // BATCH
    images = np.random.default_rng(0).integers(0, 256, (units, BATCH, SIDE, SIDE, 3), np.uint8)
    free = [np.empty((BATCH, SIDE, SIDE, 3), np.float32) for _ in range(16)]

    def work(unit: int) -> int:
        batch = free.pop()
        scale(images[unit].reshape(-1), np.float32(255), batch.reshape(-1))
        free.append(batch)
        return BATCH

    return on_all_cores(work, units)
