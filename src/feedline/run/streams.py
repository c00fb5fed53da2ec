"""Running a plan: inline where that is cheap, in threads where it pays; the order is the same either way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedline.block import Block
from feedline.nodes.base import AUTOTUNE, Node, Stream
from feedline.run.autotune import InlineOrThreads
from feedline.run.threads import Threads
from feedline.run.units import IndexedUnits, StreamedUnits, Unit, Units, pass_over, split_plan

if TYPE_CHECKING:
    from feedline.run.context import Run

_UNIT_SECONDS = 2e-3


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
    threads: int | None = None
    waiting = [node]
    while waiting:
        current = waiting.pop()
        calls.append(current.parallel_calls)
        works = works or current.works
        threads = threads or current.threads
        lookahead = AUTOTUNE if AUTOTUNE in (lookahead, current.lookahead) else max(lookahead, current.lookahead)
        if current.indexed or split_plan(current)[0] is not current:
            waiting.extend(current.parents)
    parallel = [count for count in calls if count is not None]
    if not works or (not parallel and lookahead == 0):
        return Concurrency(0, lookahead, True)
    if not parallel:
        return Concurrency(1, lookahead, True)
    workers = threads or available_cores() if AUTOTUNE in parallel else max(parallel)
    return Concurrency(workers, lookahead, AUTOTUNE in parallel)


def open_stream(node: Node, epoch: int, run: Run, given: int = 0) -> Stream:
    """Returns a running node.

    Args:
        node: the node.
        epoch: which epoch.
        run: what the running nodes share.
        given: how many of the first elements are not wanted: they were given before.
    """
    base, suffix = split_plan(node)
    concurrency = concurrency_of(node)
    if base.indexed:
        return UnitStream(IndexedUnits(base, epoch, run, given), concurrency, _tuner_of(node, concurrency, run))
    if not suffix and concurrency.workers == 0:
        stream = run.open_source(base, epoch)
        pass_over(stream, given)
        return stream
    units = StreamedUnits(base, suffix, epoch, run, given)
    return UnitStream(units, concurrency, _tuner_of(node, concurrency, run))


def _tuner_of(node: Node, concurrency: Concurrency, run: Run) -> InlineOrThreads | None:
    """Returns what chooses between inline and threads; it begins where the last iteration over the node ended."""
    if not concurrency.workers or not concurrency.measured:
        return None
    known = run.timings.tuners.get(node)
    tuner = InlineOrThreads() if known is None else InlineOrThreads.resumed(known)
    run.timings.tuners[node] = tuner
    return tuner


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
        tuner: chooses between inline and threads; None where there is no choice.
    """

    def __init__(self, units: Units, concurrency: Concurrency, tuner: InlineOrThreads | None) -> None:
        self._units = units
        self._concurrency = concurrency
        self._threads: Threads | None = None
        self._tuner = tuner
        self._left = time.perf_counter()
        self._held: Block | None = None
        self._singles: Iterator[Unit] | None = None
        self._failure: BaseException | None = None
        self._ended = False
        if concurrency.workers and (tuner is None or tuner.threaded):
            self._start_threads(1)

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
            block = self._next_single()
            if block is not None:
                return block
        came = time.perf_counter()
        if self._threads is not None:
            ticket = self._threads.next()
            if ticket is not None:
                try:
                    block = ticket.result()
                except CancelledError:  # another thread has closed this stream
                    return None
                except Exception as error:
                    if ticket.unit is None or ticket.unit.count == 1:
                        raise
                    return self._begin_singles(ticket.unit, error)
                self._tune(block, came, self._threads.warm)
                return block
        unit = self._units.take(limit)
        if unit is None:
            return None
        try:
            block = unit.compute()
        except Exception as error:
            if unit.count == 1:
                raise
            return self._begin_singles(unit, error)
        self._tune(block, came, True)
        return block

    def _begin_singles(self, unit: Unit, failure: BaseException) -> Block | None:
        """Computes a unit that failed element by element, so that those before the failure are given first."""
        self._singles, self._failure = unit.singles(), failure
        return self._next_single()

    def _next_single(self) -> Block | None:
        assert self._singles is not None
        unit = next(self._singles, None)
        if unit is None:
            self._singles = None
            failure, self._failure = self._failure, None
            if failure is not None:  # what failed did not fail again: the unit was given, but the failure is not hidden
                raise failure
            return None
        try:
            return unit.compute()
        except Exception:
            self._failure = None
            raise

    def _tune(self, block: Block | None, came: float, warm: bool) -> None:
        if self._tuner is None or block is None:
            return
        now = time.perf_counter()
        apart, self._left = came - self._left, now
        if not self._tuner.note(block.length, now - came, apart, warm):
            return
        if self._tuner.threaded and self._threads is not None:
            self._threads.resume()
        elif self._tuner.threaded:
            self._start_threads(max(1, min(block.length, int(block.length * _UNIT_SECONDS / (now - came)))))
        elif self._threads is not None:
            self._threads.drain()

    def _start_threads(self, elements: int) -> None:
        self._threads = Threads(self._units, self._concurrency.workers, self._concurrency.lookahead, elements)

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
