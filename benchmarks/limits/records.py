"""Reading records by their number from a mapped file, checked, in one unguarded loop.

A sketch for measuring: it trusts every length, so it is for the benchmark's own file alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from benchmarks import short_records
from benchmarks.limits import on_all_cores
from benchmarks.limits.example import HAS_CRC_INSTRUCTION, masked_crc, number_at

ROWS_A_UNIT = 4096


@njit(nogil=True)
def _gather(content: np.ndarray, places: np.ndarray, rows: np.ndarray, check: bool, batch: np.ndarray) -> int:
    for row in range(len(rows)):
        start = places[rows[row]]
        length = batch.shape[1]
        if number_at(content, start, 8) != length:
            return -1
        if check and masked_crc(content, start + 12, length) != number_at(content, start + 12 + length, 4):
            return -1
        for byte in range(length):
            batch[row, byte] = content[start + 12 + byte]
    return len(rows)


def shuffled() -> Iterator[int]:
    """Yields how many records were gathered in a random order, on all cores; the file is in the page cache."""
    content = np.memmap(short_records.path(), np.uint8, "r")
    places = np.load(short_records.places_path())
    order = np.random.default_rng(0).permutation(len(places) - 1)
    free = [np.empty((ROWS_A_UNIT, short_records.LENGTH), np.uint8) for _ in range(16)]

    def work(unit: int) -> int:
        rows, batch = order[unit * ROWS_A_UNIT : (unit + 1) * ROWS_A_UNIT], free.pop()
        if _gather(content, places, rows, HAS_CRC_INSTRUCTION, batch) != len(rows):
            raise ValueError("a record of the benchmark's short records is damaged: make the data anew")
        free.append(batch)
        return len(rows)

    return on_all_cores(work, -(-len(order) // ROWS_A_UNIT))
