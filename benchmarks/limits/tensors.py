"""Reading records of large tensors, their checksums, and one pass over each to float32.

A sketch for measuring: it takes a record's tensor to be its last bytes before the label, so it is for the benchmark's
own file alone.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator

import numpy as np

from benchmarks.limits import cores, on_all_cores
from benchmarks.limits.scaling import scale

_WAITING = 4
"""How many batches there are beside those that are being made: they wait to be taken, and one is in use."""


def scaled(path: str, batch: int, shape: tuple[int, ...]) -> Iterator[int]:
    """Yields how many tensors were read, checked and scaled, on all cores; the file is in the page cache.

    Args:
        path: TFRecords of a uint8 tensor each.
        batch: how many make a batch.
        shape: theirs.
    """
    from feedline.formats.tfrecord import build_index
    from feedline.kernels.tfrecord import first_corrupt

    index = build_index(path)
    size, length = math.prod(shape), int(index.lengths[0])
    frame = length + 16
    file = os.open(path, os.O_RDONLY)
    first = np.frombuffer(os.pread(file, length, int(index.offsets[0])), np.uint8)
    place = _tensor_at(first, size)
    content = [np.empty(batch * frame, np.uint8) for _ in range(cores())]
    buffers = [np.empty((batch, size), np.float32) for _ in range(cores() + _WAITING)]
    free, idle = deque(buffers), deque(content)
    offsets, lengths = np.arange(batch) * frame + 12, np.full(batch, length)

    def work(unit: int) -> int:
        records, out = idle.popleft(), free.popleft()
        start = int(index.offsets[unit * batch]) - 12
        if os.preadv(file, [records], start) != len(records) or first_corrupt(records, offsets, lengths) != -1:
            raise ValueError("a record of the benchmark's tensors is damaged: make the data anew")
        for row, offset in enumerate(offsets.tolist()):
            scale(records[offset + place : offset + place + size], np.float32(255), out[row])
        idle.append(records)
        free.append(out)
        return batch

    try:
        yield from on_all_cores(work, len(index) // batch)
    finally:
        os.close(file)


def _tensor_at(record: np.ndarray, size: int) -> int:
    """Returns where a record's tensor begins: behind the length that says how many bytes it has."""
    number, length = size, b""
    while number > 127:
        length += bytes([number & 127 | 128])
        number >>= 7
    length += bytes([number])
    return record.tobytes().index(length, record.tobytes().index(b"\x22" + length)) + len(length)
