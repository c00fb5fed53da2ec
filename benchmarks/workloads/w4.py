"""W4: small PNG files with labels in .npy files, resized, shuffled, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule
from benchmarks.data import PHOTOS, files
from benchmarks.limits import decoding

TITLE = "64x64 PNG files with .npy labels, to float32 128x128, shuffle, batch 32"
SHORT = "small PNG files and labels"
LIMIT = "decoding the PNG files, already in memory, by isal and feedline's unfilter, on all cores"
ABSENT = {"torch-bulk": "the data is in files"}
COMPARE = Rule(largest=1e-4)
SHUFFLES = True

BATCH, SIDE, SHUFFLE_BUFFER = 32, 128, 500
NPY_HEADER = 128  # bytes before the numbers of these files


@cache
def paths() -> tuple[list[str], list[str]]:
    return files("png64"), files("npy")


def load(position: int) -> peers.Element:
    images, labels = paths()
    return peers.read_image(images[position], SIDE, SIDE), np.load(labels[position])


PEERS = peers.OfElements(load, PHOTOS, BATCH)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def decode_behind_header(content: Any) -> Any:
        return library.io.decode_raw(library.strings.substr(content, NPY_HEADER, -1), library.int32)

    decode_label = getattr(library.io, "decode_npy", decode_behind_header)

    def process(image_path: Any, label_path: Any) -> Any:
        image = library.io.decode_png(library.io.read_file(image_path), channels=3)
        image = library.image.convert_image_dtype(image, library.float32)
        return library.image.resize(image, [SIDE, SIDE]), decode_label(library.io.read_file(label_path))

    dataset = data.Dataset.from_tensor_slices(paths()).repeat()
    dataset = dataset.map(process, num_parallel_calls=data.AUTOTUNE)
    if shuffle:
        dataset = dataset.shuffle(SHUFFLE_BUFFER)
    return dataset.batch(BATCH).prefetch(data.AUTOTUNE)


def limit() -> Iterator[int]:
    from benchmarks.limits.png import decode

    return decoding(paths()[0], decode)
