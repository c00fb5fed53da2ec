"""Arrays that stay in their files: rows are read when they are asked for.

What the user maps into memory with `np.load(path, mmap_mode="r")` is read like any other file: a file that is cut off
while it is mapped kills the process, and pages that were looked at once would count as the program's memory. It is
also known by its file: it is sent to another process, and told from another, without its values.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedline.buffers import POOL
from feedline.formats.open_file import OpenFile, opened
from feedline.formats.tfrecord_errors import changed

_AT_ONCE_BYTES = 16 << 20
"""Arrays up to this size are read whole: their rows are short, and a call for each would cost more than the memory."""


@dataclass(frozen=True, eq=False)
class StoredArray:
    """Rows of one shape in a file.

    Args:
        path: the file, absolute.
        offset: where the first row begins, in bytes.
        step: from the beginning of one row to that of the next, in bytes.
        shape: of the array.
        stored_dtype: of the values in the file, in any byte order.
    """

    path: str
    offset: int
    step: int
    shape: tuple[int, ...]
    stored_dtype: np.dtype
    _version: tuple[int, int]

    @property
    def dtype(self) -> np.dtype:
        """The dtype, in the machine's byte order."""
        return self.stored_dtype.newbyteorder("=")

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @cached_property
    def _row_bytes(self) -> int:
        return self.stored_dtype.itemsize * math.prod(self.shape[1:])

    @cached_property
    def _whole(self) -> np.ndarray | None:
        if len(self) * self._row_bytes > _AT_ONCE_BYTES:
            return None
        return self._read(np.arange(len(self)))

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    def __len__(self) -> int:
        return self.shape[0]

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """Returns rows, in memory of their own.

        Args:
            positions: int64 `(n,)`, each within the array.

        Raises:
            CorruptRecordError: the file has changed since the array was opened.
            TruncatedRecordError: it has become shorter.
        """
        if self._whole is not None:
            return self._whole.take(positions, axis=0)
        return self._read(positions)

    def _read(self, positions: np.ndarray) -> np.ndarray:
        size = self._row_bytes
        rows = POOL.empty((len(positions), *self.shape[1:]), self.stored_dtype)
        file = opened(self.path, self._version)
        if file.state() != self._version:
            raise changed(self.path, self._version, file.state())
        if rows.size:
            # Rows that follow one another without a gap are read in one go.
            follow = np.diff(positions) == 1 if self.step == size else np.zeros(len(positions) - 1, bool)
            first = np.concatenate([[0], np.flatnonzero(~follow) + 1])
            counts = np.diff(np.append(first, len(positions)))
            buffer = rows.reshape(-1).view(np.uint8)
            if file.read_pieces(positions[first] * self.step + self.offset, counts * size, buffer, first * size) != -1:
                raise changed(self.path, self._version, file.state())
        return rows if self.stored_dtype.isnative else rows.astype(self.dtype)


def stored_array(array: Any) -> StoredArray | None:
    """Returns an array that is mapped into memory for reading as rows of its file, None where it is none of these.

    Args:
        array: any value. Rows that lie scattered over the file, as those of arrays in Fortran order, stay mapped.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/x.npy"
        >>> np.save(path, np.arange(6).reshape(3, 2))
        >>> stored_array(np.load(path, mmap_mode="r")).rows(np.array([2, 0]))
        array([[4, 5],
               [0, 1]])
    """
    if not isinstance(array, np.memmap) or array.mode != "r" or array.filename is None or array.ndim == 0:
        return None
    if array.dtype.kind not in "biufc" or not array.size or not array[:1].flags.c_contiguous or array.strides[0] < 0:
        return None
    whole = array
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    path = os.path.abspath(os.fsdecode(array.filename))
    offset = whole.offset + array.ctypes.data - whole.ctypes.data
    row_bytes = array.dtype.itemsize * math.prod(array.shape[1:])
    step = array.strides[0] if len(array) > 1 else row_bytes
    try:
        version = OpenFile(path).state()
    except OSError:  # renamed or deleted since; the mapping lives on
        return None
    if version[0] < offset + step * (len(array) - 1) + row_bytes:
        return None
    return StoredArray(path, offset, step, array.shape, array.dtype, version)
