"""Reading many small files in one call, without the GIL, where the C library has 64-bit offsets."""

from __future__ import annotations

import numpy as np
from numba import types

from feedline.kernels.compile import BYTES, CONSTANT_BYTES, INT64, INTS, kernel
from feedline.kernels.pread import AVAILABLE
from feedline.kernels.wire import address_of

__all__ = ["AVAILABLE", "read_whole_files"]

_open = types.ExternalFunction("open", types.intc(types.uintp, types.intc))
_lseek = types.ExternalFunction("lseek", types.int64(types.intc, types.int64, types.intc))
_pread = types.ExternalFunction("pread", types.intp(types.intc, types.uintp, types.uintp, types.int64))
_close = types.ExternalFunction("close", types.intc(types.intc))

_END = 2  # SEEK_END


@kernel((CONSTANT_BYTES, INTS, INT64, INT64, BYTES, INTS, INTS))
def read_whole_files(names, places, flags, first, buffer, offsets, lengths):
    """Reads whole files into a buffer, one behind the other, until one does not fit.

    Args:
        names: uint8, the names, each with a zero byte at its end.
        places: int64 `(n,)`: where each name begins.
        flags: what to open files with.
        first: the number of the first file to read; those before it are in the buffer.
        buffer: uint8, gets the files.
        offsets: int64 `(n,)`: gets where each file begins in the buffer.
        lengths: int64 `(n,)`: gets how many bytes it has.

    Returns:
        `(number, size)`: how many files are in the buffer now. Where that is not all, `size` is the size of the next,
        for which there is no room; -1 where it cannot be read, or is empty, or is something else than a plain file.
    """
    used = np.int64(0) if first == 0 else offsets[first - 1] + lengths[first - 1]
    for number in range(first, places.size):
        if places[number] < 0 or places[number] >= names.size or names[names.size - 1] != 0:
            return number, np.int64(-1)
        descriptor = _open(np.uint64(address_of(names) + places[number]), flags)
        if descriptor < 0:
            return number, np.int64(-1)
        size = _lseek(descriptor, 0, _END)
        if size <= 0 or size >= buffer.size - used:  # one byte more, to see that the file ends
            _close(descriptor)
            return number, size if size > 0 else np.int64(-1)
        there = np.int64(0)
        while there <= size:
            rest = size + 1 - there
            at = np.uint64(address_of(buffer) + used + there)
            count = _pread(descriptor, at, np.uint64(rest), there)
            if count <= 0 or count > rest:
                break
            there += count
        _close(descriptor)
        if there != size:
            return number, np.int64(-1)
        offsets[number] = used
        lengths[number] = size
        used += size
    return places.size, np.int64(0)
