"""DatasetIterator: one epoch of a dataset, element by element."""

from __future__ import annotations

import threading
import time
from typing import Any

from feedline.block import Block
from feedline.nodes.base import Node, Stream
from feedline.run.context import Run, asks_one_by_one
from feedline.run.timings import Timings

_QUICK_SECONDS = 2e-3
_SLOW_SECONDS = 8e-3
_LIMIT_BYTES = 1 << 20


class DatasetIterator:
    """Gives the elements of one epoch. It lets go of its threads at the end, at `close()`, and when it is dropped.

    Args:
        node: the last node of the pipeline.
        epoch: which epoch.
        timings: where the times of the stages are added up.
    """

    def __init__(self, node: Node, epoch: int, timings: Timings) -> None:
        self._stream: Stream | None = Run(timings).open(node, epoch)
        self._limit = 1
        self._grows = not asks_one_by_one(node)
        self._block: Block | None = None
        self._row = 0
        self._lock = threading.Lock()

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        with self._lock:  # several threads may share an iterator, as one of tf.data's: each element goes to one of them
            block = self._block
            if block is None or self._row == block.length:
                block = self._block = self._next_block()
                self._row = 0
            row = self._row
            self._row = row + 1
        return block.row(row)

    def _next_block(self) -> Block:
        if self._stream is None:
            raise StopIteration
        start = time.perf_counter()
        try:
            block = self._stream.next(self._limit)
        except BaseException:  # also KeyboardInterrupt: what was being computed is lost, and must not go missing
            self.close()
            raise
        if block is None:
            self.close()
            raise StopIteration
        if self._grows:
            self._adapt(block, time.perf_counter() - start)
        return block.plain()

    def _adapt(self, block: Block, seconds: float) -> None:
        """Asks for more at once where elements are cheap, so that the cost of asking is shared."""
        if seconds > _SLOW_SECONDS:
            self._limit = max(1, self._limit // 2)
        elif seconds < _QUICK_SECONDS and block.length == self._limit < 1024 and block.nbytes() < _LIMIT_BYTES:
            self._limit *= 2

    def close(self) -> None:
        """Ends the iteration and lets go of its threads, files and generators."""
        stream, self._stream, self._block = self._stream, None, None
        if stream is not None:
            stream.close()

    def __del__(self) -> None:
        if getattr(self, "_stream", None) is not None:
            self.close()
