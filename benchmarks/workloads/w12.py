"""W12: `model.fit` of a small CNN on JAX, from PNG files, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from benchmarks import peers, training
from benchmarks.compare import Rule
from benchmarks.data import PHOTOS, files, labels

TITLE = "model.fit of a small CNN on JAX: 64x64 PNG files to float32 and a label, shuffle, batch 32"
SHORT = "model.fit of a small CNN"
LIMIT = "model.fit on one batch that is in memory, again and again: the model alone"
ABSENT = {"torch-bulk": "the data is in files"}
COMPARE = Rule(largest=1e-4)
SHUFFLES = True
WARM = 3.0  # in which JAX compiles the step

BATCH, SIDE = 32, 64


@cache
def photos() -> tuple[list[str], np.ndarray]:
    return files("png64"), labels()


def load(position: int) -> peers.Element:
    paths, classes = photos()
    return peers.read_image(paths[position], SIDE, SIDE), classes[position]


PEERS = peers.OfElements(load, PHOTOS, BATCH)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def process(path: Any, label: Any) -> Any:
        image = library.io.decode_png(library.io.read_file(path), channels=3)
        image = library.image.convert_image_dtype(image, library.float32)
        return library.image.resize(image, [SIDE, SIDE]), label

    if library.__name__ == "feedline":
        import feedline.keras  # noqa: F401  (teaches `model.fit` to take its datasets)
    dataset = data.Dataset.from_tensor_slices(photos())
    if shuffle:
        dataset = dataset.shuffle(PHOTOS)
    dataset = dataset.repeat().map(process, num_parallel_calls=data.AUTOTUNE)
    return dataset.batch(BATCH).prefetch(data.AUTOTUNE)


# What `model.fit` takes of each peer: its own object where Keras knows it, else a generator.


def torch_0(shuffle: bool) -> Any:
    return PEERS.torch_loader(shuffle, workers=0)


def torch_2(shuffle: bool) -> Any:
    return PEERS.torch_loader(shuffle, workers=peers.WORKERS)


def grain_threads(shuffle: bool) -> Any:
    return PEERS.grain_dataset(shuffle, processes=False)


def grain_processes(shuffle: bool) -> Any:
    return PEERS.grain_dataset(shuffle, processes=True)


def py_dataset_threads(shuffle: bool) -> Any:
    return PEERS.py_dataset(shuffle, processes=False)


def py_dataset_processes(shuffle: bool) -> Any:
    return PEERS.py_dataset(shuffle, processes=True)


def limit() -> Iterator[peers.Element]:
    batch = PEERS.batch_of(np.arange(BATCH))
    while True:
        yield batch


def measure(batches: Any, warm: float, seconds: float) -> dict[str, Any]:
    return training.fit(batches, SIDE, warm, seconds)
