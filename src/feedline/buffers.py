"""Memory for large arrays, used again once nobody looks at them any more.

Fresh memory from the operating system costs a page fault for every 4 KB of it, which for batches of images is a good
part of all work. So large arrays come from a pool, and go back to it by themselves: an array of the pool is free when
the pool holds the only reference to it. Every view of it, also one that a framework keeps, is a reference: a batch
that someone still holds is never written to again.
"""

from __future__ import annotations

import math
import sys
import threading

import numpy as np

_LEAST_BYTES = 128 << 10
_MOST_BYTES = 1 << 30
"""Beyond this much memory lent out, arrays are made by NumPy and forgotten."""

_IDLE_BYTES = 256 << 20
"""How much memory may lie idle."""

_COUNTS_ARE_EXACT = getattr(sys, "_is_gil_enabled", lambda: True)()


class BufferPool:
    """Arrays to be written and handed on.

    Example:
        >>> pool = BufferPool()
        >>> first = pool.empty((256, 1024), np.dtype("float32"))
        >>> first.shape, first.dtype
        ((256, 1024), dtype('float32'))
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buffers: dict[int, list[np.ndarray]] = {}
        self._bytes = 0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Returns an array whose values are not set.

        Args:
            shape: its shape.
            dtype: its dtype.
        """
        if not self.serves(shape, dtype):
            return np.empty(shape, dtype)
        nbytes = dtype.itemsize * math.prod(shape)
        with self._lock:
            buffer = self._free_buffer(nbytes)
            if buffer is None:
                if self._bytes + nbytes > _MOST_BYTES:
                    self._forget_idle(0)
                if self._bytes + nbytes > _MOST_BYTES:
                    return np.empty(shape, dtype)
                buffer = np.empty(nbytes, np.uint8)
                self._buffers.setdefault(nbytes, []).append(buffer)
                self._bytes += nbytes
                self._forget_idle(_IDLE_BYTES)
            return buffer.view(dtype).reshape(shape)

    def serves(self, shape: tuple[int, ...], dtype: np.dtype) -> bool:
        """Says whether an array is large enough to come from the pool."""
        return dtype.itemsize * math.prod(shape) >= _LEAST_BYTES and not dtype.hasobject and _COUNTS_ARE_EXACT

    def _free_buffer(self, nbytes: int) -> np.ndarray | None:
        for buffer in self._buffers.get(nbytes, ()):
            if sys.getrefcount(buffer) == _REFERENCES_WHEN_FREE:
                return buffer
        return None

    def _forget_idle(self, allowed: int) -> None:
        """Lets go of idle buffers beyond so many bytes, those of the sizes that were asked for first before others."""
        idle = 0
        for nbytes in reversed(self._buffers):
            kept = []
            for buffer in self._buffers[nbytes]:
                free = sys.getrefcount(buffer) == _REFERENCES_WHEN_FREE
                if free and idle + nbytes > allowed:
                    self._bytes -= nbytes
                    continue
                idle += nbytes if free else 0
                kept.append(buffer)
            self._buffers[nbytes] = kept
        for nbytes in [size for size, buffers in self._buffers.items() if not buffers]:
            del self._buffers[nbytes]

    def owns(self, buffer: np.ndarray) -> bool:
        """Says whether memory is of the pool, which then holds a reference to it.

        Args:
            buffer: an array that is no view.
        """
        return any(known is buffer for known in list(self._buffers.get(buffer.nbytes, ())))

    @property
    def nbytes(self) -> int:
        """How much memory the pool knows of, lent out or idle, in bytes."""
        return self._bytes


def _references_when_free() -> int:
    """Returns what `sys.getrefcount` says of a buffer in a list that a loop looks at."""
    for buffer in [np.empty(0, np.uint8)]:
        return sys.getrefcount(buffer)
    raise AssertionError


_REFERENCES_WHEN_FREE = _references_when_free()

POOL = BufferPool()
"""The pool of this process."""
