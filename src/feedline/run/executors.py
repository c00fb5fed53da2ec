"""Executors: what else but the consumer's own thread can compute the units of a plan, made when it is needed."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedline.errors import ArgumentError, FeedlineError, FeedlineWarning
from feedline.nodes.base import Node
from feedline.origin import frames_to_user
from feedline.run.concurrency import INLINE, PROCESSES, THREADS, Concurrency, available_cores
from feedline.run.memory import default_budget
from feedline.run.threads import Threads
from feedline.run.units import Units

if TYPE_CHECKING:
    from feedline.run.context import Run
    from feedline.run.remote import Remote
    from feedline.run.starting import ProcessesStarting

_WORTH_SECONDS = 3.0
"""Processes are not started for an iteration that is over sooner: starting them costs about a second of work."""


@dataclass(frozen=True, slots=True)
class WayTaken:
    """By what a plan was run last.

    Args:
        way: "inline", "threads" or "processes".
        workers: how many there were.
        remarks: why it was not run by processes, or what of it was not.
    """

    way: str
    workers: int
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Returns it for people: `2 processes`."""
        if self.way == INLINE:
            return INLINE
        name = self.way if self.workers != 1 else {THREADS: "thread", PROCESSES: "process"}[self.way]
        return f"{self.workers} {name}"


class Executors:
    """The threads and the processes of one running plan.

    Args:
        node: the last node of the plan.
        units: its units.
        concurrency: what it asks for.
        run: what the running nodes share.

    Attributes:
        remote: what has processes compute, while they do.
        refusal: why measurement cannot choose processes, where it cannot.
    """

    def __init__(self, node: Node, units: Units, concurrency: Concurrency, run: Run) -> None:
        self._node = node
        self._units = units
        self._concurrency = concurrency
        self._run = run
        self._budget = run.asked.memory_budget if run.asked is not None else default_budget()
        self._taking = threading.Lock()
        self._made: dict[str, Threads] = {}
        self._starting: ProcessesStarting | None = None
        self.remote: Remote | None = None
        self.refusal: str | None = None

    @property
    def starting(self) -> bool:
        """Whether processes are being started."""
        return self._starting is not None

    def begin(self, way: str, elements: int, workers: int | None = None) -> Threads | None:
        """Returns what computes the units from now on; None for the consumer's own thread.

        Args:
            way: by what.
            elements: how many elements the first units have.
            workers: by how many threads; None for as many as the plan asks for.

        Raises:
            UnpicklableError: the user asked for processes, and a function cannot be sent to them.
            WorkerDiedError: the user asked for processes, and none can be started.
        """
        if way == PROCESSES and self.remote is None:
            way = self._open_remote()
        workers, remote = (workers or self._concurrency.workers) if way == THREADS else 1, None
        if way == PROCESSES and self.remote is not None:
            workers, remote = self.remote.count, self.remote
        self._run.timings.ways[self._node] = WayTaken(way, workers, self._remarks())
        if way == INLINE:
            return None
        threads = self._made.get(way)
        if threads is not None:
            threads.resume()
            threads.limit(workers)
        else:
            lookahead = self._concurrency.lookahead
            give_way = way == THREADS and self.may_hold_the_lock()
            threads = Threads(self._units, workers, lookahead, elements, remote, self._budget, self._taking, give_way)
            self._made[way] = threads
        return threads

    def limit(self, way: str, workers: int) -> None:
        """Has another number of threads compute the units from now on.

        Args:
            way: by what they are computed.
            workers: by how many threads.
        """
        if way == THREADS and way in self._made:
            self._made[way].limit(workers)
            self._run.timings.ways[self._node] = WayTaken(way, workers, self._remarks())

    def _remarks(self) -> tuple[str, ...]:
        if self.refusal is not None:
            return (f"no processes: {self.refusal}",)
        return self.remote.prepared.staying if self.remote is not None else ()

    def _open_remote(self) -> str:
        """Starts processes, and returns by what the plan is to be run: by threads where processes cannot."""
        from feedline.run.prepare import NotForProcessesError

        asked = len(self._concurrency.ways) == 1
        remote: Remote | None = None
        try:
            remote = self._new_remote(asked)
            remote.open()
        except NotForProcessesError as error:
            self.refusal = str(error)
            if asked and not _in_worker():
                warnings.warn(
                    f"executor='processes' has no effect: {error}.", FeedlineWarning, stacklevel=frames_to_user()
                )
            return THREADS
        except FeedlineError as error:
            if remote is not None:
                remote.close()
            if asked:
                raise
            self.refusal = error.what
            return THREADS
        self.remote = remote
        return PROCESSES

    def _new_remote(self, asked: bool) -> Remote:
        from feedline.run.prepare import NotForProcessesError, PreparedPlan, prepared_plan

        reason = why_no_processes(asked)
        if reason is not None:
            raise NotForProcessesError(reason)
        from feedline.run.processes import POOL
        from feedline.run.remote import Remote

        node, plans = self._node, self._run.timings.plans

        def prepare() -> PreparedPlan:
            plans[node] = prepared = prepared_plan(node, plans.get(node), self._budget, asked)
            return prepared

        count = self._concurrency.workers
        if not asked:
            count = min(count, max(1, available_cores() - POOL.lent))
        return Remote(prepare, count, asked, self._budget)

    def start_processes(self, rate: float) -> None:
        """Starts processes while the plan is run by other means, where what is left to do is worth it.

        Args:
            rate: how many elements a second are given at present.
        """
        from feedline.run.starting import ProcessesStarting

        if not self.may_hold_the_lock():
            self.refusal = "its functions run on whole blocks, for which threads need no lock"
            return
        left = self._units.left()
        if left is not None and left < _WORTH_SECONDS * rate and self._units.epoch == 0:
            return
        self._starting = ProcessesStarting(lambda: self._new_remote(False))

    def may_hold_the_lock(self) -> bool:
        """Says whether functions are called for each element, which in threads wait for the interpreter's lock."""
        from feedline.run.plan_message import functions_of
        from feedline.run.sections import whole_plan

        for node in whole_plan(self._node):
            if any(functions_of(node)):
                on_blocks = self._run.timings.block_function_of(node)
                if on_blocks is None or on_blocks.holds_the_lock:
                    return True
        return False

    def processes_have_started(self) -> bool:
        """Says whether processes that were being started can be used from now on."""
        starting = self._starting
        if starting is None:
            return False
        self.remote = starting.take()
        self.refusal = starting.refusal
        if self.remote is None and self.refusal is None:
            return False
        self._starting = None
        return self.remote is not None

    def processes_are_given_up(self) -> bool:
        """Says, once, that what processes were to compute is computed in this process from now on."""
        if self.remote is None or self.remote.refusal is None or self.refusal is not None:
            return False
        self.refusal = self.remote.refusal
        return True

    def close(self, interrupted: bool) -> bool:
        """Ends the threads, and gives the processes back; says whether the units are closed by that.

        Args:
            interrupted: whether processes are to end at once.
        """
        if self._starting is not None:
            self._starting.give_up()
        remote, made = self.remote, list(self._made.values())
        if remote is not None and interrupted:
            remote.interrupt()
        for threads in made:
            threads.close()
        if remote is not None:
            remote.close()
        return bool(made)


_USUAL_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""What NumPy does about numbers that go wrong, unless it is told otherwise."""


def why_no_processes(asked: bool = False) -> str | None:
    """Returns why this process starts no workers; None where it may.

    Args:
        asked: whether the user asked for processes.

    Raises:
        ArgumentError: the user asked for them on a system that has not what they need.
    """
    if _in_worker():
        return "this process is a worker itself"
    if not hasattr(os, "register_at_fork") or not sys.executable:
        if asked:
            raise ArgumentError(
                "processes are not available on this system.", fix="Use executor='threads', or leave it out."
            )
        return "they are not available on this system"
    if asked:
        return None
    if np.geterr() != _USUAL_ERRORS:
        return "np.seterr() or np.errstate() holds here, and would not in other processes"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "this Python has no lock that threads would have to share"
    return None if available_cores() > 1 else "there is only one core"


def _in_worker() -> bool:
    worker = sys.modules.get("feedline.run.worker")
    return worker is not None and worker.is_worker
