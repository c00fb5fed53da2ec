"""Timings: how long each stage of a running plan takes, without the stages it waits for."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any


@dataclass(slots=True)
class StageTiming:
    """What one stage has done so far.

    Args:
        elements: how many elements it has given.
        seconds: the time in it, over all threads, without the stages below it.
        busy_seconds: the part of it in which a core was at work; the rest is waiting, for files or for other threads.
    """

    elements: int = 0
    seconds: float = 0.0
    busy_seconds: float = 0.0


class _Children(threading.local):
    seconds = 0.0
    busy_seconds = 0.0


class StageClock:
    """Measures one piece of work of a stage.

    Args:
        timings: where it is added.
        node: whose work it is.
        elements: how many elements it gives; may be set while it runs.
    """

    __slots__ = ("_busy_start", "_node", "_outer", "_outer_busy", "_start", "_timings", "elements")

    def __init__(self, timings: Timings, node: Any, elements: int) -> None:
        self._timings = timings
        self._node = node
        self.elements = elements

    def __enter__(self) -> StageClock:
        local = self._timings.children
        self._outer, local.seconds = local.seconds, 0.0
        self._outer_busy, local.busy_seconds = local.busy_seconds, 0.0
        self._busy_start = time.thread_time()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        total = time.perf_counter() - self._start
        busy = time.thread_time() - self._busy_start
        local = self._timings.children
        self._timings.add(self._node, self.elements, total - local.seconds, busy - local.busy_seconds)
        local.seconds = self._outer + total
        local.busy_seconds = self._outer_busy + busy


class Timings:
    """The timings of all stages of a dataset, over all its iterators."""

    def __init__(self) -> None:
        self._stages: dict[Any, StageTiming] = {}
        self._lock = threading.Lock()
        self.children = _Children()

    def stage(self, node: Any, elements: int = 0) -> StageClock:
        """Returns a context manager: the time in its block counts as `node`'s, except what nested stages take."""
        return StageClock(self, node, elements)

    def add(self, node: Any, elements: int, seconds: float, busy_seconds: float) -> None:
        """Adds work that a stage has done."""
        with self._lock:
            timing = self._stages.get(node)
            if timing is None:
                timing = self._stages[node] = StageTiming()
            timing.elements += elements
            timing.seconds += seconds
            timing.busy_seconds += busy_seconds

    def snapshot(self) -> dict[Any, StageTiming]:
        """Returns the timings so far, by node."""
        with self._lock:
            return {node: replace(timing) for node, timing in self._stages.items()}
