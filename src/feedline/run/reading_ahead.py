"""Iterators that are read ahead by threads, side by side: those that `interleave` has take turns.

What they give, and in which order, stays the same. The consumer never waits for a thread to be free: what no thread is
reading when it is asked for, the consumer reads itself. So threads that wait for what may never come hold up nothing
that would not be held up without them.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from feedline.block import Block
from feedline.errors import ArgumentError
from feedline.nodes.base import Failure, Node
from feedline.run.context import rows_of
from feedline.run.lock_probe import give_way
from feedline.run.pace import QUICK_ELEMENT_SECONDS, QUICK_ITERATOR_SECONDS, Pace
from feedline.run.sections import whole_plan
from feedline.run.threads import Workers

_FULL_SECONDS = 2e-3
_MOST_OF_QUICK = 256
"""How far ahead one iterator is read where elements take little: for so long, and so many elements at the most."""

_SLICE_SECONDS = 10e-3
"""After so long a thread turns to the next iterator, where there are more of them than threads."""

Begin = Callable[[Generator[Block | Failure], Node], Any]
"""Returns a running dataset, given an iterator over its blocks and its last node."""

_END = object()


class Readers:
    """Threads that read iterators ahead, each by one thread at a time.

    Args:
        workers: how many threads.
        most: how many elements of each iterator are read ahead; more where they take little time.
        budget: how many bytes may be read ahead, over all iterators.
        quick: elements that take less time, in seconds, are left to the consumer.
        size: says of what an iterator gives how many elements it is, and how many bytes it takes.
    """

    def __init__(
        self, workers: int, most: int, budget: int, quick: float, size: Callable[[Any], tuple[int, int]]
    ) -> None:
        self._most = most
        self._budget = budget
        self.pace = Pace(quick)
        self.size = size
        self._workers = Workers(workers)
        self._process: int | None = None
        self._lock = threading.RLock()  # a garbage collection while it is held may close this
        self._open: set[ReadAhead] = set()
        self._closed = False
        self._held = 0
        self._largest = 0

    @property
    def pays(self) -> bool:
        """Whether threads are worth it: elements are not so quick that handing them over would cost as much."""
        return not self.pace.quick

    @property
    def limit(self) -> int:
        """How many elements of each iterator are read ahead."""
        each = self.pace.each
        enough = _MOST_OF_QUICK if each * _MOST_OF_QUICK < _FULL_SECONDS else math.ceil(_FULL_SECONDS / each)
        return max(self._most, enough)

    def read(self, elements: Generator[Any], nbytes: int = 0) -> ReadAhead:
        """Returns an iterator over the same elements, which are read ahead from now on.

        Args:
            elements: the iterator; it is closed in the end.
            nbytes: how many bytes it holds itself.
        """
        reader = ReadAhead(elements, self, nbytes)
        with self._lock:
            closed = self._closed
            if not closed:
                self._open.add(reader)
        if closed:
            reader.close()
        else:
            reader.go_on()
        return reader

    def submit(self, work: Callable[[], None]) -> None:
        """Has a thread do a piece of work."""
        with self._lock:
            if not self._closed:
                self._process = os.getpid()
                self._workers.submit(work)

    def check_process(self) -> None:
        """Checks that the threads are in this process.

        Raises:
            ArgumentError: they are not: it was forked.
        """
        if self._process is not None and self._process != os.getpid():
            raise ArgumentError(
                "this iterator was begun before os.fork(), and its threads are not in this process.",
                fix="Begin one of its own in each process, with iter(dataset).",
            )

    def reserve(self) -> int | None:
        """Returns how many bytes are set aside for what is read next; None where there is no room for it."""
        with self._lock:
            if self._held + self._largest > self._budget:
                return None
            self._held += self._largest
            return self._largest

    def hold(self, nbytes: int, reserved: int) -> None:
        """Takes note of the bytes of what has been read.

        Args:
            nbytes: how many they are.
            reserved: how many were set aside for it.
        """
        with self._lock:
            self._largest = max(self._largest, nbytes)
            self._held += nbytes - reserved

    def release(self, nbytes: int) -> None:
        """Takes note that so many bytes are not held any more."""
        with self._lock:
            self._held -= nbytes

    def forget(self, reader: ReadAhead) -> None:
        """Lets go of an iterator that is at its end."""
        with self._lock:
            self._open.discard(reader)

    def close(self) -> None:
        """Ends the threads and closes all iterators; one that is being read is closed by its thread after that."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            readers, self._open = self._open, set()
            self._workers.shutdown()
        with ExitStack() as stack:  # what one raises keeps none of the others open
            for reader in readers:
                stack.callback(reader.close)


class ReadAhead:
    """One iterator that is read ahead.

    Where it gives a `Failure`, no more is read until the consumer asks on past it: what it fills, such as a cache, must
    not become whole behind the consumer's back.

    Args:
        elements: the iterator.
        readers: the threads.
        nbytes: how many bytes it holds itself.
    """

    def __init__(self, elements: Generator[Any], readers: Readers, nbytes: int) -> None:
        self._elements = elements
        self._readers = readers
        self.nbytes = nbytes
        self._came: deque[tuple[Any, int, int]] = deque()
        self._count = 0
        self._changed = threading.Condition()
        self._queued = False  # a thread is to read it, and none has begun
        self._busy = False  # it is being read, or closed
        self._failed = False
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._readers.check_process()
        with self._changed:
            self._failed = self._failed and bool(self._came)
            while not self._came and self._busy:
                self._changed.wait()
            if self._came:
                element, count, nbytes = self._came.popleft()
                self._count -= count
            elif self._ended:
                error, self._error = self._error, None
                if error is not None:
                    raise error
                raise StopIteration
            else:
                self._queued, self._busy, element = False, True, _END
        if element is _END:
            element = self._read_here()
        else:
            self._readers.release(nbytes)
        self.go_on()
        return element

    def _read_here(self) -> Any:
        """Returns the next element, read by the consumer."""
        start = time.perf_counter()
        try:
            element = next(self._elements, _END)
        except BaseException:
            self._stop(ended=True)
            raise
        if element is _END:
            self._readers.pace.note(0, time.perf_counter() - start)
            self._stop(ended=True)
            raise StopIteration
        self._readers.pace.note(self._readers.size(element)[0], time.perf_counter() - start)
        self._stop(failed=type(element) is Failure)
        return element

    def go_on(self) -> None:
        """Has a thread read ahead, where that pays and there is room."""
        if not self._readers.pays:
            return
        with self._changed:
            if self._queued or self._busy or self._ended or self._failed or self._closed:
                return
            if self._count > self._readers.limit // 2:
                return
            self._queued = True
        self._readers.submit(self._work)

    def _work(self) -> None:
        with self._changed:
            if not self._queued or self._busy or self._closed:  # the consumer was here first
                return
            self._queued, self._busy = False, True
        try:
            self._read_some(time.perf_counter() + _SLICE_SECONDS)
        except BaseException as error:  # out of memory, say: nobody must wait for this thread
            self._stop(ended=True, error=error)
        give_way()

    def _read_some(self, end: float) -> None:
        """Reads in a thread, until enough is there or the time is up."""
        while True:
            reserved = self._readers.reserve()
            if reserved is None:
                self._stop()
                return
            if not self._read_one(reserved):
                return
            if time.perf_counter() > end:
                self._stop()
                self.go_on()
                return

    def _read_one(self, reserved: int) -> bool:
        """Reads once, in a thread; says whether there may be more to read."""
        readers = self._readers
        start, busy = time.perf_counter(), time.thread_time()
        element, error = _END, None
        try:
            element = next(self._elements, _END)
        except BaseException as raised:
            error = raised
        seconds, busy = time.perf_counter() - start, time.thread_time() - busy
        if element is _END:
            readers.release(reserved)
            readers.pace.note(0, seconds, busy)
            self._stop(ended=True, error=error)
            return False
        count, nbytes = readers.size(element)
        readers.hold(nbytes, reserved)
        readers.pace.note(count, seconds, busy)
        failed = type(element) is Failure
        with self._changed:
            if not self._closed:
                self._came.append((element, count, nbytes))
                self._count += count
                if not failed and self._count < readers.limit:
                    self._changed.notify()
                    return True
        self._stop(failed=failed)
        return False

    def _stop(self, ended: bool = False, failed: bool = False, error: BaseException | None = None) -> None:
        """Says that nobody reads it any more; closes it where that was asked for meanwhile."""
        with self._changed:
            self._ended = self._ended or ended
            self._failed = failed
            self._error = error
            self._busy = closes = self._closed and not ended
            self._changed.notify()
        if closes:
            self._close()
        if ended:
            self._readers.forget(self)

    def close(self) -> None:
        """Closes the iterator, unless it is being read: who reads it then closes it."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            came = sum(nbytes for _, _, nbytes in self._came)
            self._came.clear()
            reading, self._busy = self._busy, True
        self._readers.release(came)
        if not reading:
            self._close()
        self._readers.forget(self)

    def _close(self) -> None:
        try:
            self._elements.close()
        finally:
            with self._changed:
                self._ended, self._busy = True, False
                self._changed.notify()


class _DatasetReader(Readers):
    """The thread that begins datasets ahead of those who take turns.

    Args:
        elements: what reads their elements.
        workers: how many datasets are begun ahead.
        budget: how many bytes they may hold.
    """

    def __init__(self, elements: Readers, workers: int, budget: int) -> None:
        super().__init__(1, workers, budget, QUICK_ITERATOR_SECONDS, _size_of_begun)
        self._elements_ahead = elements

    @property
    def pays(self) -> bool:
        return super().pays or self._elements_ahead.pays

    @property
    def limit(self) -> int:
        return self._most  # each holds its files open


class DatasetsAhead:
    """Running datasets that are begun, and read, ahead of who takes turns with them.

    Args:
        datasets: gives them, or a `Failure` in place of one that cannot be had, when it is given what begins one.
        workers: how many datasets are read at one time; as many are begun before they are asked for.
        most: how many elements of each are read ahead.
        budget: how many bytes may be made ready ahead.
    """

    def __init__(self, datasets: Callable[[Begin], Generator[Any]], workers: int, most: int, budget: int) -> None:
        self._elements = Readers(workers, most, budget, QUICK_ELEMENT_SECONDS, _size_of_block)
        self._datasets = _DatasetReader(self._elements, workers, budget)
        self._begun = self._datasets.read(datasets(partial(_begin, self._elements)))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        begun = next(self._begun)
        return begun if isinstance(begun, Failure) else rows_of(begun)

    def close(self) -> None:
        """Closes the datasets and ends the threads."""
        try:
            self._datasets.close()
        finally:
            self._elements.close()


def _begin(readers: Readers, blocks: Generator[Block | Failure], node: Node) -> ReadAhead:
    return readers.read(blocks, sum(each.held_bytes for each in whole_plan(node)))


def _size_of_block(block: Block | Failure) -> tuple[int, int]:
    return (1, 0) if isinstance(block, Failure) else (block.length, block.nbytes())


def _size_of_begun(begun: ReadAhead | Failure) -> tuple[int, int]:
    return 1, 0 if isinstance(begun, Failure) else begun.nbytes
