"""Processes that compute sections of plans: how they are started, told what to do, kept for later, and ended."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import mmap
import os
import signal
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from feedline.run.block_message import Writing
from feedline.run.channel import Channel
from feedline.run.connection import Connection, ConnectionLostError, DamagedMessageError
from feedline.run.plan_message import PlanMessage
from feedline.run.remote_errors import unpacked_error
from feedline.run.shared_blocks import anonymous_memory
from feedline.run.surroundings import Surroundings
from feedline.run.worker import worker_command

_IDLE_SECONDS = 60.0
"""How long a worker that nobody needs is kept for the next iteration: starting one takes a third of a second."""

_UNNEEDED_SECONDS = 5.0
"""How long it is kept when the datasets that it has worked for are gone: the next may be made at once."""

_STUCK_SECONDS = 30.0
"""How long a worker may go on with what nobody waits for any more, until it is ended."""

_END_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_ALIGNMENT = 64


class WorkerLostError(Exception):
    """A worker ended before it answered.

    Args:
        status: its exit status: the negative number of the signal that ended it, or what it exited with.
        told: what happened, where that is known better.
    """

    def __init__(self, status: int | None, told: str | None = None) -> None:
        super().__init__(told or describe_end(status))
        self.status = status


class UnreadablePlanError(Exception):
    """A worker cannot read a plan: the original is the error's `__cause__`.

    Args:
        module: the module that it does not find, if that is why.
    """

    def __init__(self, module: str | None) -> None:
        super().__init__(module)
        self.module = module


def describe_end(status: int | None) -> str:
    """Says how a process ended.

    Example:
        >>> describe_end(-11), describe_end(3)
        ('was ended by signal 11 (SIGSEGV)', 'exited with status 3')
    """
    if status is None:
        return "does not answer"
    if status < 0:
        names = {int(known): known.name for known in signal.Signals}
        return f"was ended by signal {-status} ({names.get(-status, 'unknown')})"
    return f"exited with status {status}"


class SharedPlan:
    """A plan in memory that all workers read, as long as anybody may need it.

    Args:
        message: the plan.
    """

    _numbers = itertools.count()

    def __init__(self, message: PlanMessage) -> None:
        self.number = next(SharedPlan._numbers)
        self.digest = message.digest
        self.sources = message.sources
        self.places: list[tuple[int, int]] = []
        start = 0
        pieces = [memoryview(message.pickled), *message.buffers]
        for piece in pieces:
            self.places.append((start, piece.nbytes))
            start = -(-(start + piece.nbytes) // _ALIGNMENT) * _ALIGNMENT
        self.descriptor = anonymous_memory(max(1, start))
        weakref.finalize(self, os.close, self.descriptor)
        with mmap.mmap(self.descriptor, max(1, start)) as memory:
            for piece, (first, nbytes) in zip(pieces, self.places, strict=True):
                memory[first : first + nbytes] = piece


class WorkerProcess:
    """A worker, started when it is first told of a plan. One thread at a time may use it.

    Attributes:
        knows: which running of a plan it was told of last, and how much was known then of its blocks.
        idle_since: when it was last given back.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._killed: subprocess.Popen | None = None
        self._channel: Channel | None = None
        self._plans: weakref.WeakValueDictionary[int, SharedPlan] = weakref.WeakValueDictionary()
        self._sent: set[int] = set()
        self._surroundings: Surroundings | None = None
        self.knows: tuple[int, int] | None = None
        self.idle_since = 0.0

    @property
    def started(self) -> bool:
        """Whether the process is there, and is not being ended."""
        return self._process is not None and self._process is not self._killed

    @property
    def channel(self) -> Channel:
        """What connects this process with it.

        Raises:
            WorkerLostError: it was not started, or has ended; one that is started anew knows no plan.
        """
        if self._channel is None:
            raise WorkerLostError(None)
        return self._channel

    def start(self) -> None:
        """Starts the process, unless it is there; anew, if it has ended while it had nothing to do."""
        if self._process is not None and (not self.started or self._process.poll() is not None):
            self.end()
        if self._channel is not None:
            return
        connection, end = Connection.pair()
        with end:
            self._process = subprocess.Popen(
                worker_command(end.fileno()),
                stdin=subprocess.DEVNULL,
                env=Surroundings.here().environment,
                pass_fds=(end.fileno(),),
                process_group=0,  # Ctrl-C in a terminal is for the process that uses it: it ends its workers
            )
        self._channel = Channel(connection)
        self._sent = set()
        self._surroundings = self.knows = None

    def prepare(self, plan: SharedPlan, surroundings: Surroundings) -> None:
        """Has the worker read a plan, if it has not done so yet.

        Args:
            plan: the plan.
            surroundings: what the worker is to have around it meanwhile.

        Raises:
            WorkerLostError: it ended.
            UnreadablePlanError: it cannot.
        """
        self.start()
        if surroundings != self._surroundings:
            self.ask(("surroundings", surroundings))
            self._surroundings = surroundings
        if plan.number in self._sent:
            return
        answer, _ = self.ask(("plan", plan.number, plan.places, plan.sources), descriptors=[plan.descriptor])
        if answer[0] == "unreadable":
            raise UnreadablePlanError(answer[1]) from unpacked_error(answer[2])
        self._sent.add(plan.number)
        self._plans[plan.number] = plan

    def ask(
        self, message: tuple[Any, ...], writing: Writing | None = None, descriptors: Sequence[int] = ()
    ) -> tuple[tuple[Any, ...], np.ndarray | None]:
        """Has the worker do something, and returns its answer with the memory that came with it.

        Raises:
            WorkerLostError: it ended.
        """
        channel = self.channel
        try:
            channel.send(message, writing, descriptors)
            answer, memory, _ = channel.receive()
        except ConnectionLostError:
            raise WorkerLostError(self.end(_END_SECONDS)) from None
        except DamagedMessageError as error:
            self.end()
            raise WorkerLostError(None, f"sent what cannot be read ({error})") from error
        except BaseException:  # its answer would be taken for that to the next question
            self.end()
            raise
        return answer, memory

    def rest(self) -> None:
        """Lets the worker let go of what it does not need until the next iteration."""
        forgotten = self._sent - set(self._plans)
        self._sent -= forgotten
        self.idle_since = time.monotonic()
        if self._channel is not None:
            try:
                self._channel.send(("rest", list(forgotten)))
                self._channel.lent.forget_all()
                self._channel.borrowed.forget_all()
            except ConnectionLostError:
                self.end(_END_SECONDS)

    @property
    def needed(self) -> bool:
        """Whether it knows a plan that may be run again."""
        return len(self._plans) > 0

    def kill(self) -> None:
        """Ends the process at once; whoever waits for its answer is told."""
        process = self._process
        if process is not None:
            self._killed = process  # the system may say for a while that it is there
            process.kill()

    def end(self, patience: float = 0.0) -> int | None:
        """Ends the process, and returns its exit status; None where there was none, or it does not end.

        Args:
            patience: how long it may take to end by itself, in seconds.
        """
        process, self._process = self._process, None
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.lent.close()
            channel.connection.close()
        if process is None:
            return None
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        return None

    def leave(self) -> None:
        """Lets go of the process without ending it: it is another's, whose copy this process is."""
        if self._channel is not None:
            self._channel.connection.close()
        if self._process is not None:
            self._process.returncode = 0  # it is no child of this process
        self._process = self._channel = None


class WorkerPool:
    """The workers of this process: those that are at work, and those kept for later."""

    def __init__(self, idle_seconds: float = _IDLE_SECONDS) -> None:
        self.idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._idle: deque[WorkerProcess] = deque()
        self._lent: set[WorkerProcess] = set()
        self._abandoned: dict[WorkerProcess, float] = {}
        self._warden: threading.Thread | None = None
        self._closed = False

    @property
    def lent(self) -> int:
        """How many workers are in use."""
        return len(self._lent)

    @property
    def closed(self) -> bool:
        """Whether the program is ending."""
        return self._closed

    def take(self) -> WorkerProcess:
        """Returns a worker for one's own use, one that is started already where there is one."""
        with self._lock:
            worker = self._idle.pop() if self._idle else WorkerProcess()
            self._lent.add(worker)
            return worker

    def give_back(self, worker: WorkerProcess) -> None:
        """Takes a worker back, and keeps it for some time."""
        worker.rest()
        with self._lock:
            self._lent.discard(worker)
            self._abandoned.pop(worker, None)
            keep = worker.started and not self._closed
            if keep:
                self._idle.append(worker)
                self._watch()
        if not keep:
            worker.end()

    def abandon(self, workers: Iterable[WorkerProcess]) -> None:
        """Says that nobody waits for what these workers are at: they are ended if that takes very long."""
        with self._lock:
            if self._closed:  # they are ended already, and no thread may be started as the program ends
                return
            now = time.monotonic()
            self._abandoned.update((worker, now) for worker in workers if worker in self._lent)
            if self._abandoned:
                self._watch()

    def _watch(self) -> None:
        if self._warden is None or not self._warden.is_alive():
            self._warden = threading.Thread(target=self._end_idle, daemon=True, name="idle_feedline")
            self._warden.start()
        self._changed.notify_all()

    def _end_idle(self) -> None:
        """Ends workers that nobody has needed for some time, and those that are stuck in what nobody waits for."""
        while True:
            with self._lock:
                now = time.monotonic()
                stuck = [worker for worker, since in self._abandoned.items() if now - since >= _STUCK_SECONDS]
                for worker in stuck:
                    del self._abandoned[worker]
                    worker.kill()  # the thread that asked it is told, and gives it back
                ended = [worker for worker in self._idle if now - worker.idle_since >= self._kept_for(worker)]
                for worker in ended:
                    self._idle.remove(worker)
                if not ended:
                    if not (self._idle or self._abandoned) or self._closed:
                        self._warden = None
                        return
                    self._changed.wait(_LOOK_SECONDS)
            for worker in ended:
                worker.end(_END_SECONDS)

    def _kept_for(self, worker: WorkerProcess) -> float:
        return self.idle_seconds if worker.needed else min(self.idle_seconds, _UNNEEDED_SECONDS)

    def close(self) -> None:
        """Ends all workers, also those at work."""
        with self._lock:
            self._closed = True
            idle = list(self._idle)
            self._idle.clear()
            busy = list(self._lent)
        for worker in busy:
            worker.kill()
        for worker in idle:
            worker.end(_END_SECONDS)

    def leave_all(self) -> None:
        """Begins anew in a process that was forked from the one whose workers these are."""
        for worker in (*self._idle, *self._lent):
            worker.leave()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._idle.clear()
        self._lent.clear()
        self._abandoned.clear()
        self._warden = None


POOL = WorkerPool()
"""The workers of this process."""

atexit.register(POOL.close)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.leave_all)
