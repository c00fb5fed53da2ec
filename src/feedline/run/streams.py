"""Running a plan: inline where that is cheap, in threads where it pays; the order is the same either way."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedline.block import Block
from feedline.nodes.base import AUTOTUNE, Node, Stream
from feedline.run.units import IndexedUnits, StreamedUnits, Unit, Units, split_plan

if TYPE_CHECKING:
    from feedline.run.context import Run

_INLINE_SECONDS = 200e-6
"""Work that takes less than this is done inline: handing it to a thread would cost about as much."""

_UNIT_SECONDS = 2e-3
_LOOKAHEAD_BYTES = 512 << 20


def available_cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How a plan wants to be run.

    Args:
        workers: how many threads at the most; 0 for inline.
        lookahead: how many elements are made ready ahead; AUTOTUNE for what seems sensible.
        measured: whether threads are used only where measurement shows that they pay.
    """

    workers: int
    lookahead: int
    measured: bool


def concurrency_of(node: Node) -> Concurrency:
    """Returns what the maps and prefetches between a node and the streams below it ask for."""
    calls: list[int | None] = []
    lookahead = 0
    works = not node.indexed
    waiting = [node]
    while waiting:
        current = waiting.pop()
        calls.append(current.parallel_calls)
        works = works or current.works
        lookahead = AUTOTUNE if AUTOTUNE in (lookahead, current.lookahead) else max(lookahead, current.lookahead)
        if current.indexed or split_plan(current)[0] is not current:
            waiting.extend(current.parents)
    parallel = [count for count in calls if count is not None]
    if not works or (not parallel and lookahead == 0):
        return Concurrency(0, lookahead, True)
    if not parallel:
        return Concurrency(1, lookahead, True)
    workers = available_cores() if AUTOTUNE in parallel else max(parallel)
    return Concurrency(workers, lookahead, AUTOTUNE in parallel)


def open_stream(node: Node, epoch: int, run: Run) -> Stream:
    """Returns a running node, at its first element."""
    base, suffix = split_plan(node)
    concurrency = concurrency_of(node)
    if base.indexed:
        return UnitStream(IndexedUnits(base, epoch, run), concurrency, run)
    if not suffix and concurrency.workers == 0:
        return run.open_source(base, epoch)
    return UnitStream(StreamedUnits(base, suffix, epoch, run), concurrency, run)


def first_block(node: Node, run: Run) -> Block | None:
    """Returns the first element of the first epoch as a block, computed inline; None where there is none."""
    base, suffix = split_plan(node)
    units: Units
    units = IndexedUnits(base, 0, run) if base.indexed else StreamedUnits(base, suffix, 0, run)
    try:
        unit = units.take(1)
        return None if unit is None else unit.compute()
    finally:
        units.close()


class UnitStream:
    """Computes work units, in order, by the means that suit them.

    Args:
        units: the units.
        concurrency: what the plan asks for.
        run: the run.
    """

    def __init__(self, units: Units, concurrency: Concurrency, run: Run) -> None:
        self._units = units
        self._concurrency = concurrency
        self._run = run
        self._threads: _Threads | None = None
        self._inline_units = 0
        self._held: Block | None = None
        self._singles: Iterator[Unit] | None = None
        self._failure: BaseException | None = None
        self._ended = False
        if concurrency.workers and not concurrency.measured:
            self._start_threads(1, 0)

    def next(self, limit: int) -> Block | None:
        block = self._held
        while block is None:
            if self._ended:
                return None
            block = self._next_block(limit)
            if block is None:
                self.close()
                return None
            if block.length == 0:
                block = None
        self._held = None
        if block.length > limit:
            self._held = block.slice(limit, block.length)
            block = block.slice(0, limit)
        return block

    def _next_block(self, limit: int) -> Block | None:
        if self._singles is not None:
            return self._next_single()
        if self._threads is not None:
            ticket = self._threads.next()
            try:
                return ticket.result()
            except CancelledError:  # another thread has closed this stream
                return None
            except Exception as error:
                if ticket.unit is None or ticket.unit.count == 1:
                    self.close()
                    raise
                return self._begin_singles(ticket.unit, error)
        unit = self._guarded(lambda: self._units.take(limit))
        if unit is None:
            return None
        start = time.perf_counter()
        try:
            block = unit.compute()
        except Exception as error:
            if unit.count == 1:
                self.close()
                raise
            return self._begin_singles(unit, error)
        self._consider_threads(unit, block, time.perf_counter() - start)
        return block

    def _guarded(self, take):  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        try:
            unit = take()
        except Exception:
            self.close()
            raise
        self._take_seconds = time.perf_counter() - start
        return unit

    def _begin_singles(self, unit: Unit, failure: BaseException) -> Block:
        """Computes a unit that failed element by element, so that those before the failure are given first."""
        self._singles, self._failure = unit.singles(), failure
        return self._next_single()

    def _next_single(self) -> Block:
        assert self._singles is not None
        unit = next(self._singles, None)
        try:
            if unit is None:  # what failed does not fail again: the unit is given, but the failure is not hidden
                assert self._failure is not None
                raise self._failure
            return unit.compute()
        except Exception:
            self.close()
            raise

    def _consider_threads(self, unit: Unit, block: Block, seconds: float) -> None:
        self._inline_units += 1
        if not self._concurrency.workers or self._inline_units < 3:
            return  # the first units also load kernels and warm caches
        seconds += self._take_seconds
        if seconds > _INLINE_SECONDS:
            elements = max(1, min(256, int(unit.count * _UNIT_SECONDS / seconds)))
            self._start_threads(elements, block.nbytes() // unit.count * elements)

    def _start_threads(self, elements: int, unit_bytes: int) -> None:
        workers, lookahead = self._concurrency.workers, self._concurrency.lookahead
        depth = 2 * workers if lookahead <= 0 else workers + -(-lookahead // elements)
        if unit_bytes:
            depth = max(1, min(depth, _LOOKAHEAD_BYTES // unit_bytes))
        self._threads = _Threads(self._units, elements, workers, depth)

    def close(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._held = None
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.close()
        else:
            self._units.close()

    def __del__(self) -> None:
        if not self._ended:
            self.close()


class _Ticket(Future):
    """The place of one unit in the order of results."""

    unit: Unit | None = None


class _Threads:
    """Computes units in threads; takes them, and gives their results, in order."""

    def __init__(self, units: Units, elements: int, workers: int, depth: int) -> None:
        self._units = units
        self._elements = elements
        self._depth = depth
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="feedline")
        self._results: deque[_Ticket] = deque()
        self._tickets: deque[_Ticket] = deque()
        self._taking = threading.Lock()
        self._changing = threading.Lock()
        self._closed = False

    def next(self) -> _Ticket:
        """Returns the ticket of the next unit, in their order; it may not be done yet."""
        with self._changing:
            while not self._closed and len(self._results) < self._depth:
                ticket = _Ticket()
                self._results.append(ticket)
                self._tickets.append(ticket)
                self._pool.submit(self._work)
            if not self._closed:
                return self._results.popleft()
        ticket = _Ticket()
        ticket.cancel()
        return ticket

    def _work(self) -> None:
        with self._taking:
            ticket = self._tickets.popleft()
            if not self._closed and ticket.set_running_or_notify_cancel():
                try:
                    ticket.unit = self._units.take(self._elements)
                except BaseException as error:
                    ticket.set_exception(error)
        if self._closed:  # whoever closed it may have found it being taken from
            self._close_units()
        if ticket.done():
            return
        try:
            block = None if ticket.unit is None else ticket.unit.compute()
        except BaseException as error:
            ticket.set_exception(error)
        else:
            ticket.unit = None
            ticket.set_result(block)

    def close(self) -> None:
        with self._changing:
            self._closed = True
            self._pool.shutdown(wait=False, cancel_futures=True)
            for ticket in (*self._results, *self._tickets):
                ticket.cancel()  # nobody may wait for what no worker has begun
            self._results.clear()
        self._close_units()

    def _close_units(self) -> None:
        """Closes the units unless a worker is taking one: that worker then closes them when it has done so."""
        if self._taking.acquire(blocking=False):
            try:
                self._units.close()
            finally:
                self._taking.release()
