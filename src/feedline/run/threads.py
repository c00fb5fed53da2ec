"""Threads that compute work units, and give their results in the order of the units."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from feedline.errors import ArgumentError
from feedline.nodes.base import AUTOTUNE
from feedline.run.lock_probe import give_way
from feedline.run.memory import default_budget
from feedline.run.turns import Turns, UnitTurns
from feedline.run.units import Unit, Units

if TYPE_CHECKING:
    from feedline.run.remote import Remote

_SHORT_SECONDS = 2e-3
_LONG_SECONDS = 32e-3
_LONGER_SMALL, _SMALL_BYTES = 4, 4 << 20
"""How much longer units are that take little memory: between them threads wait for each other's Python."""

_MOST_ELEMENTS = 256
_LONGER_REMOTE = 16
"""How much longer units are that go to another process: handing one over costs both of them half a millisecond."""

_FORGOTTEN = 16
"""How slowly it is forgotten that elements were larger: those of one dataset may differ."""

_MOST_STRETCH = 8
"""How many times further is looked ahead, at the most, where the consumer asks in bursts."""

_AHEAD_BYTES = 1 << 26
"""No more is made ready ahead, unless workers would have nothing to do: what is written so long before it is read has
left the caches."""

_WARM_UNITS = 3
"""After how many times the depth the results come at the pace of the threads: their memory is fresh at first."""

MOST_THREADS = 256
"""More threads than this would only cost memory, whatever number the user gives."""

_EXIT_SECONDS = 1.0
"""How long the end of the program waits for workers: what a user's generator waits for may never come."""


class Workers:
    """Threads that start when there is work for them, and do not keep the program from ending.

    `concurrent.futures` joins its threads at exit: a generator that waits for ever in one would hang the program.

    Args:
        count: how many threads at the most.
    """

    _alive: ClassVar[weakref.WeakSet[Workers]] = weakref.WeakSet()

    def __init__(self, count: int) -> None:
        self._count = count
        self._running = 0
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        Workers._alive.add(self)

    def submit(self, work: Callable[[], None]) -> None:
        """Has a thread do a piece of work; one caller at a time."""
        self._work.put(work)
        if not self._idle.acquire(blocking=False) and self._running < self._count:
            self._running += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(
                target=_work_off, args=(self._work, self._idle), name=f"feedline_{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def limit(self, count: int) -> None:
        """Has another number of threads work from now on, at the most; one caller at a time, which submits too."""
        self._count = count
        while self._running > count:
            self._running -= 1
            self._work.put(None)

    def shutdown(self) -> None:
        """Ends the threads once they have done what they are at; work that none has begun is dropped."""
        while not self._work.empty():
            try:
                self._work.get_nowait()
            except Exception:
                break
        for _ in self._threads:
            self._work.put(None)

    def __del__(self) -> None:
        self.shutdown()

    @classmethod
    def end_all(cls) -> None:
        """Waits a moment for the threads of all workers, so that none is cut off within a codec."""
        threads = []
        for workers in list(cls._alive):
            workers.shutdown()
            threads += workers._threads
        end = time.monotonic() + _EXIT_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def _work_off(queue: SimpleQueue, idle: threading.Semaphore) -> None:
    while (work := queue.get()) is not None:
        work()
        del work
        idle.release()
    idle.acquire(blocking=False)  # one that has ended is not idle


atexit.register(Workers.end_all)


class Ticket(Future):
    """The place of one unit in the order of results."""

    unit: Unit | None = None
    turns: UnitTurns | None = None


class Threads:
    """Computes units in threads; takes them, and gives their results, in order.

    Args:
        units: where units are taken.
        workers: how many threads.
        lookahead: how many elements are made ready ahead; AUTOTUNE or 0 for two units a worker, and more where the
            consumer asks in bursts.
        elements: how many elements the first units have; units that prove short get more.
        remote: what has sections of the plan computed by processes, for which these threads wait; None for none.
        budget: how many bytes may be made ready ahead.
        taking: held while a unit is taken; shared by all who take from the same units.
        give_way: whether the work may hold the interpreter's lock: then each unit is followed by a moment without it.
    """

    def __init__(
        self,
        units: Units,
        workers: int,
        lookahead: int,
        elements: int = 1,
        remote: Remote | None = None,
        budget: int | None = None,
        taking: threading.Lock | None = None,
        give_way: bool = False,
    ) -> None:
        self._units = units
        self._workers = workers = min(workers, MOST_THREADS)
        self._lookahead = lookahead
        self._elements = elements
        self._remote = remote
        self._budget = budget or default_budget()
        self._longer = _LONGER_REMOTE if remote is not None else 1
        self._element_bytes = 0
        self._gate = threading.Lock()
        self._waiting = self._begun = self._taken = 0
        self._pool = Workers(workers)
        self._process = os.getpid()
        self._errors: Any = (
            np.geterr()
        )  # of the consumer: what is no more than a warning, or an error, is for it to say
        self._results: deque[Ticket] = deque()
        self._tickets: deque[Ticket] = deque()
        self._taking = taking or threading.Lock()
        self._changing = threading.Lock()
        self._closed = False
        self._draining = False
        self._gives_way = give_way
        self._given = 0
        self._turns = Turns()
        self._last: Ticket | None = None
        self._failed: Ticket | None = None
        self._put_off = 0
        self._stretch = 1
        self._was_full = False
        self.busy_seconds = 0.0

    @property
    def depth(self) -> int:
        """How many units may be under way or waiting to be given."""
        return self._depth(self._stretch)

    def _depth(self, stretch: int) -> int:
        unit_bytes = self._element_bytes * self._elements
        if self._lookahead in (0, AUTOTUNE):
            in_caches = _AHEAD_BYTES // unit_bytes if unit_bytes else 2 * self._workers
            depth = min(2 * self._workers * stretch, max(self._workers + 1, in_caches))
        else:
            depth = self._workers + -(-self._lookahead // self._elements)
        if unit_bytes:
            depth = min(depth, self._budget // unit_bytes)
        else:  # how much memory an element takes is not known yet
            depth = min(depth, 2 * self._workers)
        return max(1, depth)

    @property
    def elements(self) -> int:
        """How many elements a unit has at present."""
        return self._elements

    @property
    def warm(self) -> bool:
        """Whether results come at the pace of the threads: they are past their start, and not being drained."""
        return self._given > _WARM_UNITS * self._depth(1) and not self._draining

    def next(self) -> Ticket | None:
        """Returns the ticket of the next unit, in their order; it may not be done yet. None once drained."""
        if self._process != os.getpid():
            raise ArgumentError(
                "this iterator was begun before os.fork(), and its threads are not in this process.",
                fix="Begin one of its own in each process, with iter(dataset).",
            )
        with self._changing:
            self._go_on()
            self._look_further()
            while not self._closed and not self._draining and len(self._results) < self.depth:
                ticket = Ticket()
                self._results.append(ticket)
                self._tickets.append(ticket)
                self._pool.submit(self._work)
            if self._results:
                self._given += 1
                self._last = self._results.popleft()
                self._let_through()
                return self._last
            if self._draining:
                return None
        ticket = Ticket()
        ticket.cancel()
        return ticket

    def _may_begin(self) -> bool:
        """Says whether a unit may be begun; one that may not waits until others are given: as many were asked for as
        could be held while elements were smaller.
        """
        with self._gate:
            if self._room() < 1 and not self._closed:
                self._waiting += 1
                return False
            self._begun += 1
            return True

    def _let_through(self) -> None:
        """Has units begun for which there is room now that one is given."""
        with self._gate:
            self._taken += 1
            through = min(self._waiting, max(0, self._room()))
            self._waiting -= through
        for _ in range(through):
            self._pool.submit(self._work)

    def _room(self) -> int:
        """How many more units may be begun; at least one where the consumer would wait for one that is not begun."""
        unit_bytes = self._element_bytes * self._elements
        ahead = self._begun - self._taken
        return max(1, self._budget // unit_bytes) - ahead if unit_bytes else self._waiting + 1

    def _look_further(self) -> None:
        """Makes more ready ahead where all was ready at one time, and nothing is at another: the consumer asks in
        bursts.
        """
        if not self._results:
            return
        if self._results[-1].done():
            self._was_full = True
        elif self._was_full and not self._results[0].done():
            self._was_full = False
            self._stretch = min(2 * self._stretch, _MOST_STRETCH)

    def _go_on(self) -> None:
        """Takes units again when the consumer asks on past one that could not be taken."""
        if self._failed is None or self._failed is not self._last:
            return
        with self._taking:
            self._failed = None
            put_off, self._put_off = self._put_off, 0
        for _ in range(put_off):
            self._pool.submit(self._work)

    def _work(self) -> None:
        with self._taking:
            if self._failed is not None and not self._closed:
                # Whether a stream is read on past a failure is for the consumer to say: a cache that it fills would
                # otherwise be whole without the element that failed.
                self._put_off += 1
                return
            if not self._may_begin():
                return
            ticket = self._tickets.popleft()
            start = time.thread_time()
            if not self._closed and ticket.set_running_or_notify_cancel():
                try:
                    with np.errstate(**self._errors):
                        ticket.unit = self._units.take(self._elements)
                except BaseException as error:
                    self._failed = ticket
                    ticket.set_exception(error)
                else:
                    ticket.turns = self._turns.begin()
        if self._closed:  # whoever closed it may have found it being taken from
            self._close_units()
        if ticket.turns is None:
            return
        try:
            with np.errstate(**self._errors):
                self._compute(ticket, start)
        finally:
            ticket.turns.end()

    def _compute(self, ticket: Ticket, start: float) -> None:
        remote = self._remote
        try:
            block = None if ticket.unit is None else ticket.unit.compute(ticket.turns, remote)
        except BaseException as error:
            ticket.set_exception(error)
            return
        seconds = time.thread_time() - start + (remote.spent() if remote is not None else 0.0)
        if ticket.unit is not None and block is not None:
            self._adapt(ticket.unit.count, seconds, block.nbytes())
        ticket.unit = None
        ticket.set_result(block)
        if self._gives_way:
            give_way()

    def _adapt(self, count: int, seconds: float, nbytes: int) -> None:
        """Makes units longer where they are so short that handing them over costs a good part of them."""
        self.busy_seconds += seconds  # an estimate: two threads that add at one time may lose one of the two
        if count == self._elements:
            longer = max(self._longer, _LONGER_SMALL if nbytes < _SMALL_BYTES else 1)
            if seconds < longer * _SHORT_SECONDS and count < _MOST_ELEMENTS:
                self._elements = 2 * count
            elif seconds > self._longer * _LONG_SECONDS and count > 1:
                self._elements = count // 2
        self._element_bytes = max(nbytes // max(1, count), self._element_bytes - self._element_bytes // _FORGOTTEN)
        while self._elements > 1 and self._elements * self._element_bytes * 2 * self._workers > self._budget:
            self._elements //= 2

    def drain(self) -> None:
        """Takes no more units; what is under way can still be had from `next`."""
        self._draining = True

    def limit(self, workers: int) -> None:
        """Has another number of threads compute the units from now on."""
        with self._changing:
            workers = min(workers, MOST_THREADS)
            if workers != self._workers and not self._closed:
                self._workers = workers
                self._pool.limit(workers)
                self._given = (_WARM_UNITS - 1) * self._depth(1)

    def resume(self) -> None:
        """Takes units again after `drain`."""
        self._draining = False
        self._given = (_WARM_UNITS - 1) * self._depth(1)  # memory is there already: what is under way counts alone

    def close(self) -> None:
        """Ends the threads and closes the units."""
        with self._changing:
            self._closed = True
            self._pool.shutdown()
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
