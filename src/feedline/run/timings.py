"""Timings: how long each stage of a running plan takes, without the stages it waits for."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any

_SAMPLED = 8
"""Every how many units of work the time at work is measured: asking the system for it costs more than a clock."""


@dataclass(slots=True)
class StageTiming:
    """What one stage has done so far.

    Args:
        elements: how many elements it has given.
        seconds: the time in it, over all threads, without the stages below it.
        sampled_seconds: the part of that time in which it was also measured whether a core was at work.
        sampled_busy_seconds: the part of those in which one was.
        within_next: how many of the elements were computed within the next stage, which has the time that took.
    """

    elements: int = 0
    seconds: float = 0.0
    sampled_seconds: float = 0.0
    sampled_busy_seconds: float = 0.0
    within_next: int = 0

    @property
    def busy_seconds(self) -> float:
        """The time in which a core was at work; the rest is waiting, for files or for other threads."""
        if self.sampled_seconds <= 0:
            return self.seconds
        return self.seconds * min(1.0, self.sampled_busy_seconds / self.sampled_seconds)


class _Nesting(threading.local):
    """Where a thread is in the stages that call each other."""

    depth = 0
    units = 0
    sampling = False
    seconds = 0.0
    busy_seconds = 0.0


class StageClock:
    """Measures one piece of work of a stage.

    Args:
        timings: where it is added.
        node: whose work it is; None for what is no stage's here, such as waiting for another process.
        elements: how many elements it gives; may be set while it runs.
    """

    __slots__ = ("_busy_start", "_node", "_outer", "_outer_busy", "_start", "_timings", "elements")

    def __init__(self, timings: Timings, node: Any, elements: int) -> None:
        self._timings = timings
        self._node = node
        self.elements = elements

    def __enter__(self) -> StageClock:
        local = self._timings.nesting
        if local.depth == 0:
            local.sampling = local.units % _SAMPLED == 0
            local.units += 1
        local.depth += 1
        self._outer, local.seconds = local.seconds, 0.0
        if local.sampling:
            self._outer_busy, local.busy_seconds = local.busy_seconds, 0.0
            self._busy_start = time.thread_time()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        total = time.perf_counter() - self._start
        local = self._timings.nesting
        local.depth -= 1
        own = total - local.seconds
        local.seconds = self._outer + total
        busy = None
        if local.sampling:
            total_busy = time.thread_time() - self._busy_start
            busy = total_busy - local.busy_seconds
            local.busy_seconds = self._outer_busy + total_busy
        if self._node is not None:
            self._timings.add(self._node, self.elements, own, busy)


class Timings:
    """The timings of all stages of a dataset, over all its iterators, and what these have learnt from them.

    `tuners` has, for each node that is run by itself, what the last iterator over it settled on; `plans`, what of it
    was prepared for processes; `ways`, by what it was run last; `block_functions`, for each map, what runs its function
    on whole blocks; `together`, for each map, the runs of maps that end with it and can be computed as one, and
    `ran_together`, for each map that was computed so, the run.
    """

    def __init__(self) -> None:
        self.tuners: dict[Any, Any] = {}
        self.plans: dict[Any, Any] = {}
        self.ways: dict[Any, Any] = {}
        self.block_functions: dict[Any, Any] = {}
        self.together: dict[Any, Any] = {}
        self.ran_together: dict[Any, Any] = {}
        self._stages: dict[Any, StageTiming] = {}
        self._lock = threading.Lock()
        self.nesting = _Nesting()

    def stage(self, node: Any, elements: int = 0) -> StageClock:
        """Returns a context manager: the time in its block counts as `node`'s, except what nested stages take."""
        return StageClock(self, node, elements)

    def block_function_of(self, node: Any) -> Any:
        """Returns what runs a map's function on whole blocks, with others or by itself; None for nothing."""
        ran = self.ran_together.get(node)
        return ran.function if ran is not None and ran.refused is None else self.block_functions.get(node)

    def add(self, node: Any, elements: int, seconds: float, busy_seconds: float | None) -> None:
        """Adds work that a stage has done.

        Args:
            node: the stage.
            elements: how many elements it gave.
            seconds: the time it took.
            busy_seconds: how much of that a core was at work; None where that was not measured.
        """
        with self._lock:
            timing = self._stages.get(node)
            if timing is None:
                timing = self._stages[node] = StageTiming()
            timing.elements += elements
            timing.seconds += seconds
            if busy_seconds is not None:
                timing.sampled_seconds += seconds
                timing.sampled_busy_seconds += busy_seconds

    def add_within_next(self, node: Any, elements: int) -> None:
        """Adds elements of a stage that were computed within the next one."""
        with self._lock:
            timing = self._stages.setdefault(node, StageTiming())
            timing.elements += elements
            timing.within_next += elements

    def add_all(self, timings: dict[Any, StageTiming]) -> None:
        """Adds what stages have done elsewhere."""
        with self._lock:
            for node, timing in timings.items():
                known = self._stages.setdefault(node, StageTiming())
                known.elements += timing.elements
                known.seconds += timing.seconds
                known.sampled_seconds += timing.sampled_seconds
                known.sampled_busy_seconds += timing.sampled_busy_seconds
                known.within_next += timing.within_next

    def take(self) -> dict[Any, StageTiming]:
        """Returns the timings since the last time it was called, by node; they count no more."""
        with self._lock:
            taken, self._stages = self._stages, {}
        return taken

    def snapshot(self) -> dict[Any, StageTiming]:
        """Returns the timings so far, by node."""
        with self._lock:
            return {node: replace(timing) for node, timing in self._stages.items()}
