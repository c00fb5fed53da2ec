"""The fastest way known here from uint8 to float32: an unguarded Numba loop, where NumPy takes two steps."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def scale(values: np.ndarray, divisor: np.float32, out: np.ndarray) -> None:
    """out = values / divisor, all of them of one dimension."""
    for i in range(values.size):
        out[i] = np.float32(values[i]) / divisor
