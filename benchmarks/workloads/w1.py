"""W1: small float64 arrays in memory, shuffled, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule

TITLE = "arrays in memory: float64 32x32x3 and a label, shuffle, batch 32"
SHORT = "arrays in memory"
LIMIT = "np.take of each batch into one recycled buffer, one thread"
ABSENT: dict[str, str] = {}
COMPARE = Rule()
SHUFFLES = True

ROWS, BATCH = 1000, 32


@cache
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((ROWS, 32, 32, 3)), rng.integers(0, 10, ROWS)


def load(row: int) -> peers.Element:
    images, labels = arrays()
    return images[row], labels[row]


def load_batch(rows: np.ndarray) -> peers.Element:
    images, labels = arrays()
    return images[rows], labels[rows]


PEERS = peers.OfElements(load, ROWS, BATCH, load_batch, in_memory=True)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    dataset = data.Dataset.from_tensor_slices(arrays())
    if shuffle:
        dataset = dataset.shuffle(ROWS)
    return dataset.repeat().batch(BATCH).prefetch(data.AUTOTUNE)


def torch_bulk(shuffle: bool) -> Iterable[Any]:
    return peers.torch_rows(arrays(), BATCH, shuffle)


def limit() -> Iterator[int]:
    images, labels = arrays()
    batch_images, batch_labels = np.empty((BATCH, 32, 32, 3)), np.empty(BATCH, labels.dtype)
    for rows in peers.position_batches(ROWS, BATCH, shuffle=True):
        np.take(images, rows, 0, out=batch_images, mode="clip")
        np.take(labels, rows, 0, out=batch_labels, mode="clip")
        yield BATCH
