"""Memory for large arrays, used again once nobody looks at them any more.

Fresh memory from the operating system costs a page fault for every 4 KB of it, which for batches of images is a good
part of all work. So large arrays come from a pool, and go back to it by themselves: an array of the pool is free when
the pool holds the only reference to it. Every view of it, also one that a framework keeps, is a reference: a batch
that someone still holds is never written to again.

Arrays of the pool begin where a cache line does: JAX and TensorFlow take such memory as it is, and copy any other.
"""

from __future__ import annotations

import math
import os
import sys
import threading

import numpy as np

_LEAST_BYTES = 128 << 10
_MOST_BYTES = 1 << 30
"""Beyond this much memory lent out, arrays are made by NumPy and forgotten."""

_IDLE_BYTES = 256 << 20
"""How much memory may lie idle, where nobody allows less."""

_ALIGNMENT = 64
"""What XLA and TensorFlow ask of memory that they are to use in place, in bytes."""

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
        self._idle_bytes = _IDLE_BYTES
        self.forget_all()

    def limit_idle(self, nbytes: int) -> None:
        """Has no more memory lie idle than so many bytes, and never more than a pool keeps by itself."""
        nbytes = min(nbytes, _IDLE_BYTES)
        if nbytes == self._idle_bytes:
            return
        with self._lock:
            self._idle_bytes = nbytes
            if not self._looking:
                self._forget_idle(nbytes)

    def forget_all(self) -> None:
        """Begins anew; arrays that were handed out keep their memory for themselves."""
        self._lock = threading.RLock()
        self._looking = False
        self._buffers: dict[int, list[_Buffer]] = {}
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
            if self._looking:  # a signal came, or an object died, while this thread was here, and what then runs asks
                return np.empty(shape, dtype)
            self._looking = True
            try:
                aligned = self._free_buffer(nbytes)
                if aligned is None:
                    aligned = self._new_buffer(nbytes)
                return np.empty(shape, dtype) if aligned is None else aligned.view(dtype).reshape(shape)
            finally:
                self._looking = False

    def some_of(self, nbytes: int) -> np.ndarray:
        """Returns uint8 `(nbytes,)`, of memory that serves for other lengths like it too.

        Args:
            nbytes: how many bytes.
        """
        step = max(1, 1 << max(0, nbytes.bit_length() - 4))
        return self.empty((-(-nbytes // step) * step,), np.dtype(np.uint8))[:nbytes]

    def serves(self, shape: tuple[int, ...], dtype: np.dtype) -> bool:
        """Says whether an array is large enough to come from the pool."""
        return dtype.itemsize * math.prod(shape) >= _LEAST_BYTES and not dtype.hasobject and _COUNTS_ARE_EXACT

    def _free_buffer(self, nbytes: int) -> np.ndarray | None:
        for owner, aligned in self._buffers.get(nbytes, ()):
            if sys.getrefcount(owner) == _REFERENCES_WHEN_FREE:
                return aligned
        return None

    def _new_buffer(self, nbytes: int) -> np.ndarray | None:
        if self._bytes + nbytes > _MOST_BYTES:
            self._forget_idle(0)
        if self._bytes + nbytes > _MOST_BYTES:
            return None
        buffer = _aligned_buffer(nbytes)
        self._buffers.setdefault(nbytes, []).append(buffer)
        self._bytes += nbytes
        self._forget_idle(self._idle_bytes)
        return buffer[1]

    def _forget_idle(self, allowed: int) -> None:
        """Lets go of idle buffers beyond so many bytes, those of the sizes that were asked for first before others."""
        idle = 0
        for nbytes in reversed(self._buffers):
            kept = []
            for owner, aligned in self._buffers[nbytes]:
                free = sys.getrefcount(owner) == _REFERENCES_WHEN_FREE
                if free and idle + nbytes > allowed:
                    self._bytes -= nbytes
                    continue
                idle += nbytes if free else 0
                kept.append((owner, aligned))
            self._buffers[nbytes] = kept
        for nbytes in [size for size, buffers in self._buffers.items() if not buffers]:
            del self._buffers[nbytes]

    def references(self, owner: np.ndarray) -> int:
        """Returns how many references to memory the pool itself holds: 0 where it is not the pool's.

        Args:
            owner: an array that is no view.
        """
        known = list(self._buffers.get(owner.nbytes - _ALIGNMENT, ()))
        return 2 if any(buffer[0] is owner for buffer in known) else 0

    @property
    def nbytes(self) -> int:
        """How much memory the pool knows of, lent out or idle, in bytes."""
        return self._bytes


_Buffer = tuple[np.ndarray, np.ndarray]
"""What owns the memory, and a view of all of it from the first aligned byte on, which arrays are made of."""


def _aligned_buffer(nbytes: int) -> _Buffer:
    owner = np.empty(nbytes + _ALIGNMENT, np.uint8)
    start = -owner.ctypes.data % _ALIGNMENT
    return owner, owner[start : start + nbytes]


def _references_when_free() -> int:
    """Returns what `sys.getrefcount` says of a buffer in a list that a loop looks at."""
    for owner, _aligned in [_aligned_buffer(0)]:
        return sys.getrefcount(owner)
    raise AssertionError


_REFERENCES_WHEN_FREE = _references_when_free()

POOL = BufferPool()
"""The pool of this process."""

if hasattr(os, "register_at_fork"):
    # Another thread may have held the lock, and its references to buffers would never end in the child.
    os.register_at_fork(after_in_child=POOL.forget_all)
