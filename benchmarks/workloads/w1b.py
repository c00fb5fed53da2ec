"""W1b: a million rows of 20 float32 in memory, shuffled, in batches of 256."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule

TITLE = "a table in memory: 1 M rows of 20 float32 and a label, shuffle, batch 256"
SHORT = "table in memory"
LIMIT = "np.take of each batch into one recycled buffer, one thread"
ABSENT: dict[str, str] = {}
COMPARE = Rule()
SHUFFLES = True

ROWS, BATCH, SHUFFLE_BUFFER = 1_000_000, 256, 10_000


@cache
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((ROWS, 20), np.float32), rng.integers(0, 5, ROWS)


def load(row: int) -> peers.Element:
    table, labels = arrays()
    return table[row], labels[row]


def load_batch(rows: np.ndarray) -> peers.Element:
    table, labels = arrays()
    return table[rows], labels[rows]


PEERS = peers.OfElements(load, ROWS, BATCH, load_batch, in_memory=True)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    dataset = data.Dataset.from_tensor_slices(arrays())
    if shuffle:
        dataset = dataset.shuffle(SHUFFLE_BUFFER)
    return dataset.repeat().batch(BATCH).prefetch(data.AUTOTUNE)


def torch_bulk(shuffle: bool) -> Iterable[Any]:
    return peers.torch_rows(arrays(), BATCH, shuffle)


def limit() -> Iterator[int]:
    table, labels = arrays()
    batch_table, batch_labels = np.empty((BATCH, 20), np.float32), np.empty(BATCH, labels.dtype)
    for rows in peers.position_batches(ROWS, BATCH, shuffle=True):
        np.take(table, rows, 0, out=batch_table, mode="clip")
        np.take(labels, rows, 0, out=batch_labels, mode="clip")
        yield BATCH
