"""PackedArrays: arrays of one shape that lie somewhere in one buffer, as a file's reader or a parser leaves them.

They become one array as soon as anybody looks at it. Until then nothing is copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.buffers import POOL

_SMALL_BYTES = 512
"""Up to so many, a number for each byte costs less than a call for each array."""


class PackedArrays:
    """n arrays of one shape and dtype.

    Args:
        buffer: uint8, what holds all of them; never written to again.
        starts: int64 `(n,)`: the byte at which each begins, in C order.
        shape: the shape of each.
        dtype: the dtype of each.

    Raises:
        ValueError: one of them does not lie within the buffer.

    Example:
        >>> arrays = PackedArrays(np.arange(8, dtype=np.uint8), np.array([5, 1]), (2,), np.dtype("uint8"))
        >>> arrays.shape, arrays[0], arrays.array().tolist()
        ((2, 2), array([5, 6], dtype=uint8), [[5, 6], [1, 2]])
    """

    __slots__ = ("buffer", "dtype", "ndim", "shape", "starts")

    def __init__(self, buffer: np.ndarray, starts: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.buffer = buffer
        self.starts = starts
        self.shape = (len(starts), *shape)
        self.ndim = len(self.shape)
        self.dtype = dtype
        if len(starts) and (starts.min() < 0 or starts.max() + self._row_bytes > len(buffer)):
            raise ValueError("an array does not lie within the buffer")

    @property
    def _row_bytes(self) -> int:
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return PackedArrays(self.buffer, self.starts[index], self.shape[1:], self.dtype)
        start = int(self.starts[index])
        rows = self.buffer[start : start + self._row_bytes].view()
        if rows.ctypes.data % self.dtype.alignment != 0:
            rows = rows.copy()
        row = rows.view(self.dtype).reshape(self.shape[1:])
        row.flags.writeable = False
        return row

    def array(self) -> np.ndarray:
        """Returns them as one array, `(n, *shape)`."""
        array = POOL.empty(self.shape, self.dtype)
        self.copy_to(array)
        return array

    def copy_to(self, array: np.ndarray) -> None:
        """Copies them to an array `(n, *shape)` in C order, of their dtype."""
        if array.size:
            self._copy_to(array.reshape(-1).view(np.uint8).reshape(len(self), self._row_bytes))

    def in_place(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Returns the buffer as values of the dtype, and where each array begins among them; None where they lie across
        the bounds of values.
        """
        size, starts = self.dtype.itemsize, self.starts
        if size == 1:
            return self.buffer.view(self.dtype), starts
        across = len(self.buffer) % size or self.buffer.ctypes.data % self.dtype.alignment or (starts % size).any()
        return None if across else (self.buffer.view(self.dtype), starts // size)

    def _copy_to(self, rows: np.ndarray) -> None:
        """Copies each array to a row of bytes."""
        size, starts = self._row_bytes, self.starts
        steps = np.diff(starts)
        if len(steps) and steps.min() == steps.max() and steps[0] >= 0:
            there = self.buffer[starts[0] : starts[-1] + size]
            rows[:] = np.lib.stride_tricks.as_strided(there, rows.shape, (int(steps[0]), 1))
        elif size <= _SMALL_BYTES:
            rows[:] = self.buffer[starts[:, None] + np.arange(size)]
        else:
            for row, start in zip(rows, starts.tolist(), strict=True):
                row[:] = self.buffer[start : start + size]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.array()
        return array if dtype is None else array.astype(dtype, copy=False)
