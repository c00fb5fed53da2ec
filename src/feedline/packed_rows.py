"""PackedRows: arrays of different lengths, as the bytes that were copied of each.

It stands for a list of arrays where nothing but padding is done to them: no array objects are made that padding would
only look at and throw away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import Any, overload

import numpy as np

from feedline.buffers import POOL


@dataclass(slots=True)
class PackedRows:
    """n arrays whose shapes differ in their first length only.

    Args:
        pieces: the bytes of each, in C order.
        lengths: the first length of each.
        inner: the other lengths, which all have in common.
        dtype: the dtype.

    Example:
        >>> rows = PackedRows([b"ab", b"c"], [2, 1], (), np.dtype("uint8"))
        >>> len(rows), [row.tolist() for row in rows]
        (2, [[97, 98], [99]])
        >>> [batch.tolist() for batch in rows.padded([(0, 2)], [3], np.uint8(0))]
        [[[97, 98, 0], [99, 0, 0]]]
    """

    pieces: list[bytes]
    lengths: list[int]
    inner: tuple[int, ...]
    dtype: np.dtype

    @property
    def nbytes(self) -> int:
        """How many bytes the arrays have together."""
        return sum(map(len, self.pieces))

    def __len__(self) -> int:
        return len(self.pieces)

    @overload
    def __getitem__(self, index: slice) -> PackedRows: ...

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return PackedRows(self.pieces[index], self.lengths[index], self.inner, self.dtype)
        return np.ndarray((self.lengths[index], *self.inner), self.dtype, bytearray(self.pieces[index]))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    @classmethod
    def joined(cls, parts: Sequence[PackedRows]) -> PackedRows | None:
        """Returns the arrays of several one after the other, or None where they have no shape in common."""
        inner, dtype = parts[0].inner, parts[0].dtype
        if any(part.inner != inner or part.dtype != dtype for part in parts):
            return None
        pieces = list(chain.from_iterable(part.pieces for part in parts))
        return cls(pieces, list(chain.from_iterable(part.lengths for part in parts)), inner, dtype)

    def padded(self, ranges: Sequence[tuple[int, int]], lengths: Sequence[int], fill: Any) -> list[np.ndarray]:
        """Returns ranges of them as arrays, `(stop - start, length, *inner)` each, filled up to one length.

        Args:
            ranges: (start, stop) of each.
            lengths: for each, at least the longest of theirs.
            fill: a scalar of the dtype.
        """
        row = np.full(self.inner, fill, self.dtype).tobytes()
        packs = bool(row) and not row.strip(b"\0")
        width = len(row)
        sizes = [(stop - start) * length * width for (start, stop), length in zip(ranges, lengths, strict=True)]
        batches = []
        places = _places(sizes)
        for (start, stop), length in zip(ranges, lengths, strict=True):
            memory, writable, offset = next(places)
            if packs:
                _fields(length * width, stop - start).pack_into(writable, offset, *self.pieces[start:stop])
            else:
                filled = self._joined(start, stop, length, row)
                writable[offset : offset + len(filled)] = filled
            batches.append(np.ndarray((stop - start, length, *self.inner), self.dtype, memory, offset))
        return batches

    def _joined(self, start: int, stop: int, length: int, row: bytes) -> bytes:
        gaps = [row * (length - own) for own in self.lengths[start:stop]]
        return b"".join(chain.from_iterable(zip(self.pieces[start:stop], gaps, strict=True)))


_ALIGNMENT = 64
_SHARED_BYTES = 256 << 10
"""How much memory small batches share: they mostly come and go one after the other, but one that is kept keeps all."""


def _places(sizes: Sequence[int]) -> Iterator[tuple[np.ndarray, memoryview, int]]:
    """Returns memory for arrays of these sizes in bytes, which some share: it, a view of it, and where each begins."""
    left = sum(size + _ALIGNMENT for size in sizes)
    memory, offset = np.empty(0, np.uint8), 0
    writable = memory.data
    for size in sizes:
        if offset + size > len(memory):
            wanted = max(size, min(left, _SHARED_BYTES))
            # The pool has what is asked for again and again: sizes that differ a little are to be the same.
            step = 1 << max(0, wanted.bit_length() - 3)
            memory, offset = POOL.empty((-(-wanted // step) * step,), np.dtype(np.uint8)), 0
            writable = memory.data
        yield memory, writable, offset
        offset += -(-size // _ALIGNMENT) * _ALIGNMENT
        left -= size + _ALIGNMENT


@lru_cache(256)
def _fields(size: int, count: int) -> Struct:
    """Returns what writes so many strings of bytes, each filled up with zeros to a size."""
    return Struct(f"{size}s" * count)
