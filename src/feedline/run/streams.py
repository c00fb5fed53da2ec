"""Running a plan: inline where that is cheap, in threads or processes where it pays; the order is always the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from feedline.block import Block
from feedline.nodes.base import Node, Stream
from feedline.run.autotune import Tuner
from feedline.run.concurrency import available_cores, concurrency_of
from feedline.run.executors import Executors
from feedline.run.lock_probe import LockProbe, give_way
from feedline.run.threads import Threads
from feedline.run.units import IndexedUnits, StreamedUnits, Unit, Units, pass_over, split_plan

if TYPE_CHECKING:
    from feedline.run.context import Run

_UNIT_SECONDS = 2e-3
_WAY_SECONDS, _WAY_EVERY_SECONDS = 1e-3, 1e-2


def open_stream(node: Node, epoch: int, run: Run, given: int = 0) -> Stream:
    """Returns a running node.

    Args:
        node: the node.
        epoch: which epoch.
        run: what the running nodes share.
        given: how many of the first elements are not wanted: they were given before.
    """
    base, suffix = split_plan(node)
    concurrency = concurrency_of(node, run.asked.executor if run.asked is not None else None)
    units: Units
    if base.indexed:
        units = IndexedUnits(base, epoch, run, given)
    elif not suffix and concurrency.workers == 0:
        stream = run.open_source(base, epoch)
        pass_over(stream, given)
        return stream
    else:
        units = StreamedUnits(base, suffix, epoch, run, given)
    executors = Executors(node, units, concurrency, run)
    known = run.timings.tuners.get(node)
    if len(concurrency.ways) > 1:
        cores = min(concurrency.workers, available_cores())
        if known is None:
            tuner = Tuner(concurrency.ways, cores, threads=concurrency.workers)
        else:
            tuner = Tuner.resumed(known)
        run.timings.tuners[node] = tuner
        return UnitStream(units, executors, tuner)
    return UnitStream(units, executors, concurrency.ways[0])


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
        executors: what else but this thread can compute them.
        way: by what they are computed; or a tuner that chooses.
    """

    def __init__(self, units: Units, executors: Executors, way: Tuner | str) -> None:
        self._units = units
        self._executors = executors
        self._tuner = way if isinstance(way, Tuner) else None
        self._way = way.way if isinstance(way, Tuner) else way
        self._threads: Threads | None = None
        self._begun = False
        self._left = time.perf_counter()
        self._worked = 0.0
        self._probe: LockProbe | None = None
        self._gave_way = self._left
        self._held: Block | None = None
        self._singles: Iterator[Unit] | None = None
        self._failure: BaseException | None = None
        self._ended = False

    @property
    def held(self) -> int:
        """How many elements are at hand: no one has to wait for them."""
        return 0 if self._held is None else self._held.length

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
        if not self._begun:
            self._begun = True
            self._begin(1)
        while (threads := self._threads) is not None:
            ticket = None
            try:
                ticket = threads.next()
                if ticket is None:  # drained
                    self._begin(threads.elements)
                    continue
                block = ticket.result()
            except CancelledError:  # another thread has closed this stream
                return None
            except Exception as error:
                if ticket is None or ticket.unit is None or ticket.unit.count == 1:
                    raise
                return self._begin_singles(ticket.unit, error)
            except BaseException:
                self.close(interrupted=True)
                raise
            self._tune(block, came, threads.warm, threads.busy_seconds)
            return block
        unit = self._units.take(limit)
        if unit is None:
            return None
        start = time.thread_time() if self._tuner is not None else 0.0
        try:
            block = unit.compute()
        except Exception as error:
            if unit.count == 1:
                raise
            return self._begin_singles(unit, error)
        if self._tuner is not None:
            self._tune(block, came, True, self._worked + time.thread_time() - start)
            if self._tuner.wants_probe or self._executors.starting:
                self._give_way()
        return block

    def _begin(self, elements: int) -> None:
        """Begins to compute units by what was chosen.

        Args:
            elements: how many elements the first units have.
        """
        workers = self._tuner.threads if self._tuner is not None else None
        self._threads = self._executors.begin(self._way, elements, workers)
        if self._tuner is not None and self._executors.refusal is not None:
            self._tuner.refuse_processes()
            self._way = self._tuner.way
        self._worked = self._threads.busy_seconds if self._threads is not None else 0.0

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
            return unit.compute(None, self._executors.remote if self._threads is not None else None)
        except Exception:
            self._failure = None
            raise

    def _tune(self, block: Block | None, came: float, warm: bool, worked: float) -> None:
        """Lets the tuner know of a block, and changes to what it chooses.

        Args:
            block: the block.
            came: when it was asked for.
            warm: whether the way at hand has run long enough to be measured.
            worked: for how long cores were at work so far, in seconds.
        """
        tuner = self._tuner
        if tuner is None or block is None:
            return
        now = time.perf_counter()
        apart, self._left = came - self._left, now
        work, self._worked = worked - self._worked, worked
        if tuner.wants_probe:
            self._look_for_the_lock(tuner)
        changed = tuner.note(block.length, now - came, apart, warm, work)
        if self._executors.processes_are_given_up():
            tuner.refuse_processes()
            changed = self._way != tuner.way
        if tuner.wants_processes or self._executors.starting:
            self._start_processes(tuner)
        if not changed:
            return
        if self._threads is not None and self._way == tuner.way:
            self._executors.limit(self._way, tuner.threads)
            return
        self._way = tuner.way
        if self._threads is not None:
            self._threads.drain()
        else:
            self._begin(max(1, min(block.length, int(block.length * _UNIT_SECONDS / (now - came)))))

    def _give_way(self) -> None:
        """Lets what is measured, or started, have the interpreter's lock from time to time."""
        if self._left - self._gave_way >= _WAY_EVERY_SECONDS:
            give_way(_WAY_SECONDS)
            self._gave_way = self._left = time.perf_counter()

    def _look_for_the_lock(self, tuner: Tuner) -> None:
        if self._probe is None and not self._executors.may_hold_the_lock():
            tuner.note_lock(0.0)
        elif self._probe is None:
            self._probe = LockProbe()
            self._left = time.perf_counter()
        elif self._probe.share is not None:
            tuner.note_lock(self._probe.share)

    def _start_processes(self, tuner: Tuner) -> None:
        """Starts processes beside what runs; once they are there, or cannot be, the tuner is told."""
        if not self._executors.starting:
            self._executors.start_processes(tuner.rate)
            if self._executors.refusal is not None:
                tuner.refuse_processes()
        elif self._executors.processes_have_started():
            tuner.offer_processes()
        elif self._executors.refusal is not None:
            tuner.refuse_processes()

    def close(self, interrupted: bool = False) -> None:
        """Ends what runs, and closes what is read.

        Args:
            interrupted: whether processes are to end at once; else they are kept for the next iteration.
        """
        if self._ended:
            return
        self._ended = True
        self._held = None
        self._threads = None
        if not self._executors.close(interrupted):
            self._units.close()

    def __del__(self) -> None:
        if not self._ended:
            self.close()
