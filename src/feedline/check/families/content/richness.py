"""How much an element holds: whether two can be the same by chance."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor

_MOST_VALUES = 8192
_BYTES = 64
_FULL_PRECISION = 4


def holds_much(values: list[Any]) -> bool:
    """Says whether an element cannot be the same as another by chance.

    It cannot where it holds four different numbers with more than three decimals, or does not fit 64 bytes when it is
    compressed: a picture, a sound, a long text. A row of a few whole numbers can.

    Args:
        values: its components.

    Example:
        >>> holds_much([np.array([1, 5, 2])]), holds_much([np.random.default_rng(0).random(8)])
        (False, True)
    """
    size = 0
    for value in values:
        if isinstance(value, RaggedTensor | SparseTensor):
            value = value.values
        if isinstance(value, bytes):
            raw = value[:_MOST_VALUES]
        else:
            array = np.asarray(value).reshape(-1)[:_MOST_VALUES]
            if array.dtype.kind == "f" and _precise(array):
                return True
            raw = array.tobytes() if array.dtype != object else b"".join(map(bytes, array.tolist()))
        size += len(zlib.compress(raw, 1)) - 11
    return size >= _BYTES


def _precise(array: np.ndarray) -> bool:
    thousandths = np.unique(array[np.isfinite(array)].astype(np.float64)) * 1000
    return bool((np.abs(thousandths - np.round(thousandths)) > 1e-3).sum() >= _FULL_PRECISION)
