"""W5: 256x256 PNG files, resized to 224x224, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from benchmarks import peers
from benchmarks.compare import Rule
from benchmarks.data import LARGE_PNGS, files
from benchmarks.limits import decoding

TITLE = "256x256 PNG files, to float32 224x224, batch 32"
SHORT = "PNG files"
LIMIT = "decoding the PNG files, already in memory, by isal and feedline's unfilter, on all cores"
ABSENT = {"torch-bulk": "the data is in files"}
COMPARE = Rule(largest=1e-4)
SHUFFLES = False

BATCH, SIDE = 32, 224


@cache
def paths() -> list[str]:
    return files("png")


def load(position: int) -> peers.Element:
    return (peers.read_image(paths()[position], SIDE, SIDE),)


PEERS = peers.OfElements(load, LARGE_PNGS, BATCH)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def process(path: Any) -> Any:
        image = library.io.decode_png(library.io.read_file(path), channels=3)
        image = library.image.resize(image, [SIDE, SIDE])
        return library.cast(image, library.float32) / 255.0

    dataset = data.Dataset.from_tensor_slices(paths()).repeat()
    return dataset.map(process, num_parallel_calls=data.AUTOTUNE).batch(BATCH).prefetch(data.AUTOTUNE)


def limit() -> Iterator[int]:
    from benchmarks.limits.png import decode

    return decoding(paths(), decode)
