"""Reading many pieces of a file in one call, without the GIL, where the C library has `pread` with 64-bit offsets."""

from __future__ import annotations

import os
import sys

import numpy as np
from numba import types

from feedline.kernels.compile import BYTES, INT64, INTS, kernel
from feedline.kernels.wire import address_of

AVAILABLE = sys.platform in ("linux", "darwin") and hasattr(os, "pread") and sys.maxsize > 2**32

_pread = types.ExternalFunction("pread", types.intp(types.intc, types.uintp, types.uintp, types.int64))


@kernel((INT64, INTS, INTS, BYTES, INTS))
def read_pieces(descriptor, positions, sizes, buffer, targets):
    """Reads pieces of a file into a buffer.

    Args:
        descriptor: of a file that stays open for as long as this runs.
        positions: int64 `(n,)`: where pieces begin in the file.
        sizes: int64 `(n,)`: how many bytes they have.
        buffer: uint8 `(m,)`: gets the pieces.
        targets: int64 `(n,)`: where each goes in the buffer.

    Returns:
        The number of the first piece that was not read whole (the file ended, an error, or a piece out of the
        buffer), -1 if none.
    """
    for number in range(sizes.size):
        position, rest, target = positions[number], sizes[number], targets[number]
        if position < 0 or rest < 0 or target < 0 or target > buffer.size or rest > buffer.size - target:
            return number
        while rest > 0:
            # Linux reads at most 2 GiB less a page in one call; less than asked for is not yet the end of the file.
            count = _pread(descriptor, np.uint64(address_of(buffer) + target), np.uint64(rest), position)
            if count <= 0 or count > rest:
                return number
            position += count
            target += count
            rest -= count
    return -1
