"""The draws behind the `random_*` and `stateless_random_*` functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError
from feedline.random import Stream, mix_all, stream

_STATELESS = 0x5EED


def element_stream(seed: Any) -> Stream:
    """Returns the stream of the element at hand, for an operation's own seed.

    Raises:
        ArgumentError: the seed is neither an int nor None.
    """
    if seed is not None and not isinstance(seed, int | np.integer):
        raise ArgumentError(f"seed is {seed!r}; an int is wanted.", fix="Give an int, or None.")
    return stream(None if seed is None else int(seed))


def stateless_stream(seed: Any) -> Stream:
    """Returns the stream of draws that belongs to a seed of two ints.

    Raises:
        ArgumentError: the seed is something else.
    """
    array = np.asarray(seed)
    if array.shape != (2,) or array.dtype.kind not in "iu":
        raise ArgumentError(f"seed is {seed!r}; two ints are wanted.", fix="Give for example (1, 2).")
    return Stream(mix_all(_STATELESS, int(array[0]), int(array[1])))


def between(numbers: np.ndarray, low: float, high: float) -> np.ndarray:
    """Returns what `uniform` makes of many draws of [0, 1)."""
    values = np.float32(low) + numbers.astype(np.float32) * (np.float32(high) - np.float32(low))
    return np.minimum(values, np.nextafter(np.float32(high), np.float32(low))).astype(np.float64)


def uniform(draws: Stream, low: float, high: float) -> float:
    """Returns a number of [low, high), in float32 as TensorFlow draws it."""
    value = np.float32(low) + np.float32(draws.random()) * (np.float32(high) - np.float32(low))
    return float(min(value, np.nextafter(np.float32(high), np.float32(low))))
