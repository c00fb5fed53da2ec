"""DatasetIterator: one epoch of a dataset, element by element."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

from feedline.block import Block
from feedline.errors import FeedlineWarning
from feedline.iteration_hooks import iteration_begins
from feedline.nodes.base import AUTOTUNE, Node, Stream
from feedline.origin import frames_to_user
from feedline.plan.foreseen_kernels import compile_foreseen
from feedline.run.concurrency import PROCESSES, asked_for, available_cores
from feedline.run.context import Run, asks_one_by_one
from feedline.run.plan_message import functions_of
from feedline.run.sections import whole_plan
from feedline.run.timings import Timings

_QUICK_SECONDS = 2e-3
_SLOW_SECONDS = 8e-3
_LIMIT_BYTES = 2 << 20
_MOST_AT_ONCE = 1024

_AHEAD_SECONDS = 1e-3
_MOST_AHEAD = 16
"""How many elements are asked for at once at the most where asking may mean a long wait, but `prefetch` allows it."""

_TIGHT_SHARE = 0.5
"""Up to which share of the time the consumer may do something of its own between elements: if it does more, asking for
several at once would save it little, and could make it wait for one that it does not need as yet."""


_END = object()


class Epochs:
    """Counts the epochs of a dataset."""

    def __init__(self) -> None:
        self._next = 0
        self._lock = threading.Lock()
        self._seeded: tuple[Node, Node] | None = None

    def __next__(self) -> int:
        with self._lock:
            self._next += 1
            return self._next - 1

    def go_on_after(self, epoch: int, node: Node, seeded: Node) -> None:
        """Makes the next epoch the one after this, with the seeds that this has.

        Args:
            epoch: the epoch.
            node: the dataset's last node.
            seeded: the same with the seeds of a state.
        """
        with self._lock:
            self._next = epoch + 1
            self._seeded = node, seeded

    def node_for(self, node: Node) -> Node:
        """Returns a node with the seeds that its epochs have."""
        seeded = self._seeded
        return seeded[1] if seeded is not None and seeded[0] is node else node

    def __reduce__(self) -> tuple:
        return Epochs, ()


def _warn_if_in_vain(node: Node) -> None:
    """Warns where the user asked for processes, and says of no function that it may run in parallel."""
    nodes = whole_plan(node)
    ordered = [each for each in nodes if each.in_order]
    if ordered and not any(each.parallel_calls is not None for each in nodes):
        warnings.warn(
            f"executor='processes' has no effect: {ordered[0].label()} must see the elements in their order. Give it "
            "num_parallel_calls.",
            FeedlineWarning,
            stacklevel=frames_to_user(),
        )


class DatasetIterator:
    """Gives the elements of one epoch. It lets go of its threads at the end, at `close()`, and when it is dropped.

    Args:
        node: the last node of the pipeline.
        epochs: the dataset's count of epochs, of which this is the next.
        timings: where the times of the stages are added up.
    """

    def __init__(self, node: Node, epochs: Epochs, timings: Timings) -> None:
        self._given_node = node
        node = epochs.node_for(node)
        self._epochs = epochs
        self._timings = timings
        self._lock = threading.Lock()
        self._grows = not asks_one_by_one(node)
        self._ahead = 0 if self._grows else _ahead(node)
        self._open(node, next(epochs), 0)

    def _open(self, node: Node, epoch: int, given: int) -> None:
        # Together, and with a count that goes with them: who asks for the state does not wait for the next element.
        self._place: tuple[Node, int, list[int]] = node, epoch, [given]
        self._given = self._place[2]
        self._limit = 1
        self._left = 0.0
        self._elements: Iterator[Any] = iter(())
        iteration_begins()
        asked = asked_for(node)
        if asked.executor == PROCESSES:
            _warn_if_in_vain(node)
        compile_foreseen((each for part in whole_plan(node) for _, each in functions_of(part)), available_cores())
        run = Run(self._timings, asked=asked)
        self._stream: Stream | None = None
        self._stream = run.open(node, epoch, given)

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        with self._lock:  # several threads may share an iterator, as one of tf.data's: each element goes to one of them
            element = next(self._elements, _END)
            while element is _END:
                self._elements = iter(())  # what was given is let go of: its memory may be used again
                self._elements = self._next_block().rows()
                element = next(self._elements, _END)
            self._given[0] += 1
        return element

    def state_dict(self) -> dict[str, Any]:
        """Returns where the iteration is, as small JSON: what identifies the pipeline, the epoch, the elements given.

        Example:
            >>> from feedline import Dataset
            >>> iterator = iter(Dataset.range(100).shuffle(100, seed=1))
            >>> first = [int(next(iterator)) for _ in range(3)]
            >>> state = iterator.state_dict()
            >>> expected = [int(number) for number in iterator]
            >>> again = iter(Dataset.range(100).shuffle(100, seed=1))
            >>> again.load_state_dict(state)
            >>> [int(number) for number in again] == expected
            True
        """
        from feedline.run.position import state_of

        # Without the lock: a handler of a signal asks for it in the middle of `next`, whose element is not given then.
        node, epoch, given = self._place
        return state_of(node, epoch, given[0])

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state: the elements to come are those that would have come there, byte for byte.

        An indexed pipeline goes straight to its position. A streamed one goes through its stream again from the start
        of the epoch, without the `map` and `batch` steps above it: what the stream reads must be as it was. How many
        elements run in parallel, and how far they are made ready ahead, may differ. The dataset's next epoch is the
        one after the state's. Seeds that nobody gave here are taken from the state, for the epochs after it too: those
        that are drawn by chance are others in each program. One that was given must be the state's.

        Args:
            state: what `state_dict` returned, also in another process or after a trip through JSON.

        Raises:
            StateError: it is no state, or that of another pipeline: the iterator stays where it is. Or a stream ends
                before it: the iterator is at its end then.
        """
        from feedline.run.position import restored

        with self._lock:
            node, epoch, given = restored(self._given_node, state)
            self.close()
            self._epochs.go_on_after(epoch, self._given_node, node)
            self._open(node, epoch, given)

    def _next_block(self) -> Block:
        if self._stream is None:
            raise StopIteration
        start = time.perf_counter()
        try:
            block = self._stream.next(max(self._limit, getattr(self._stream, "held", 0)))
        except BaseException:  # also KeyboardInterrupt: what was being computed is lost, and must not go missing
            self.close()
            raise
        if block is None:
            self.close()
            raise StopIteration
        now = time.perf_counter()
        if self._grows:
            self._adapt(block, now - start, _QUICK_SECONDS, _MOST_AT_ONCE)
        elif self._ahead:
            tight = start - self._left < _TIGHT_SHARE * (now - self._left)
            self._adapt(block, now - start if tight else _SLOW_SECONDS, _AHEAD_SECONDS, self._ahead)
        self._left = now
        return block.plain()

    def _adapt(self, block: Block, seconds: float, quick: float, most: int) -> None:
        """Asks for more at once where elements are cheap, so that the cost of asking is shared."""
        if seconds >= _SLOW_SECONDS:
            self._limit = max(1, self._limit // 2)
        elif seconds < quick and block.length == self._limit < most and block.nbytes() < _LIMIT_BYTES:
            self._limit = min(2 * self._limit, most)

    def close(self) -> None:
        """Ends the iteration and lets go of its threads, files and generators."""
        stream, self._stream, self._elements = self._stream, None, iter(())
        if stream is not None:
            stream.close()

    def __del__(self) -> None:
        if getattr(self, "_stream", None) is not None:
            self.close()


def _ahead(node: Node) -> int:
    """Returns how many elements the `prefetch` at the end of a pipeline allows to be asked for at once."""
    most = 0
    while node.passes_on:
        most = _MOST_AHEAD if node.lookahead == AUTOTUNE else max(most, min(node.lookahead + 1, _MOST_AHEAD))
        node = node.parents[0]
    return most
