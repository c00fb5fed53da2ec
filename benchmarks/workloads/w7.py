"""W7: JPEG photos in TFRecords, resized to 224x224, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule
from benchmarks.data import JPEG_RECORDS, PHOTOS, files, labels
from benchmarks.limits import decoding

TITLE = "500x375 JPEG photos in TFRecords, to float32 224x224, batch 32 (peers: the same photos as files)"
SHORT = "JPEG in TFRecords"
LIMIT = "decoding the JPEG files, already in memory, by libjpeg-turbo (simplejpeg), on all cores"
ABSENT = {"torch-bulk": "the data is in files"}
COMPARE = Rule(largest=0.15, mean=0.01)  # decoders may choose between two inverse transforms and two upsamplings
SHUFFLES = False

BATCH, SIDE = 32, 224


@cache
def photos() -> tuple[list[str], np.ndarray]:
    return files("jpg"), labels()


def load(position: int) -> peers.Element:
    paths, labels = photos()
    return peers.read_image(paths[position], SIDE, SIDE), labels[position]


PEERS = peers.OfElements(load, PHOTOS, BATCH)


def pipeline(library: Any, data: Any, shuffle: bool, workers: int | None = None) -> Any:
    features = {
        "image": library.io.FixedLenFeature([], library.string),
        "label": library.io.FixedLenFeature([], library.int64),
    }

    def process(record: Any) -> Any:
        parsed = library.io.parse_single_example(record, features)
        image = library.image.resize(library.io.decode_jpeg(parsed["image"], channels=3), [SIDE, SIDE])
        return image / 255.0, parsed["label"]

    dataset = data.TFRecordDataset(str(JPEG_RECORDS)).repeat()
    dataset = dataset.map(process, num_parallel_calls=workers or data.AUTOTUNE)
    return dataset.batch(BATCH).prefetch(data.AUTOTUNE)


def limit(workers: int | None = None) -> Iterator[int]:
    from simplejpeg import decode_jpeg

    return decoding(photos()[0], lambda photo: decode_jpeg(photo, "RGB"), workers=workers)
