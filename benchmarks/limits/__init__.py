"""The least work that any program must do for a workload, with nothing around it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any


def cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_all_cores(
    work: Callable[[int], int], units: int, workers: int | None = None, executor: Executor | None = None
) -> Iterator[int]:
    """Yields, without end, how many samples each call of `work(unit)` did; a thread a core calls it.

    Args:
        work: does one unit of the work (it must release the GIL to scale) and returns its number of samples.
        units: `work` is called with 0, 1, ... units - 1, and again from 0.
        workers: how many threads, None for one a core.
        executor: what calls it in place of threads, with so many workers.
    """
    workers = workers or cores()
    with executor or ThreadPoolExecutor(workers) as pool:
        numbers = (number % units for number in count())
        pending = deque(pool.submit(work, next(numbers)) for _ in range(2 * workers))
        while True:
            done = pending.popleft().result()
            pending.append(pool.submit(work, next(numbers)))
            yield done


def decoding(
    paths: list[str], decode: Callable[[bytes], Any], units: int = 32, workers: int | None = None
) -> Iterator[int]:
    """Yields how many images were decoded from memory, on all cores.

    Args:
        paths: the image files; they are read before the first number is yielded.
        decode: takes the bytes of a file.
        units: into how many units of work the files are divided.
        workers: how many threads, None for one a core.
    """
    encoded = [Path(path).read_bytes() for path in paths]

    def work(unit: int) -> int:
        mine = encoded[unit::units]
        for image in mine:
            decode(image)
        return len(mine)

    return on_all_cores(work, units, workers)
