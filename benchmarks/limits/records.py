"""Reading records by their number from a mapped file, checked, in one unguarded loop.

A sketch for measuring: it trusts every length, so it is for the benchmark's own file alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from benchmarks import short_records
from benchmarks.limits import on_all_cores
from feedline.kernels.crc32c import masked_crc32c_of
from feedline.kernels.wire import address_of, copy_bytes, load32, load64

ROWS_A_UNIT = 4096


@njit(nogil=True)
def _gather(content: np.ndarray, places: np.ndarray, rows: np.ndarray, batch: np.ndarray) -> int:
    length = np.int64(batch.shape[1])
    for row in range(len(rows)):
        start = address_of(content) + places[rows[row]]
        if np.int64(load64(start)) != length:
            return -1
        if masked_crc32c_of(start + 12, length) != load32(start + 12 + length):
            return -1
        copy_bytes(address_of(batch) + row * length, start + 12, length)
    return len(rows)


def shuffled() -> Iterator[int]:
    """Yields how many records were gathered in a random order, on all cores; the file is in the page cache."""
    content = np.memmap(short_records.path(), np.uint8, "r")
    places = np.load(short_records.places_path())
    order = np.random.default_rng(0).permutation(len(places) - 1)
    free = [np.empty((ROWS_A_UNIT, short_records.LENGTH), np.uint8) for _ in range(16)]

    def work(unit: int) -> int:
        rows, batch = order[unit * ROWS_A_UNIT : (unit + 1) * ROWS_A_UNIT], free.pop()
        if _gather(content, places, rows, batch) != len(rows):
            raise ValueError("a record of the benchmark's short records is damaged: make the data anew")
        free.append(batch)
        return len(rows)

    return on_all_cores(work, -(-len(order) // ROWS_A_UNIT))
