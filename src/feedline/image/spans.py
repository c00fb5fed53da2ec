"""Which input pixels make up an output pixel, and with which weights: the filters of `resize`.

The filters and the order of the float32 operations are those of TensorFlow's ScaleAndTranslate and ResizeBicubic ops.
Keys: R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE ASSP 29(6), 1981.
Mitchell: D. P. Mitchell and A. N. Netravali, "Reconstruction filters in computer graphics", SIGGRAPH 1988.
Gaussian: K. Turkowski, "Filters for common resampling tasks", Graphics Gems, 1990 (sigma = 0.5, radius 1.5).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

_f = np.float32
_PI = _f(3.14159265359)
_TABLE_SIZE = 1 << 10


def _sine(x: np.ndarray) -> np.ndarray:
    # Rounded once, from float64: NumPy's own float32 sine is off by a bit or two, and not the same on every machine.
    return np.sin(x.astype(np.float64)).astype(_f)


def _lanczos(radius: float) -> Callable[[np.ndarray], np.ndarray]:
    def weigh(x: np.ndarray) -> np.ndarray:
        far = np.where(x <= _f(1e-3), _f(1), x)
        angle = _PI * far
        value = _f(radius) * _sine(angle) * _sine(angle / _f(radius)) / (_PI * _PI * far * far)
        return np.where(x > _f(radius), _f(0), np.where(x <= _f(1e-3), _f(1), value))

    return weigh


def _gaussian(x: np.ndarray) -> np.ndarray:
    value = np.exp((-x * x).astype(np.float64) / 0.5).astype(_f)
    return np.where(x >= _f(1.5), _f(0), value)


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.where(x < _f(1), _f(1) - x, _f(0))


def _keys_cubic(x: np.ndarray) -> np.ndarray:
    far = ((_f(-0.5) * x + _f(2.5)) * x - _f(4)) * x + _f(2)
    near = ((_f(1.5) * x - _f(2.5)) * x) * x + _f(1)
    return np.where(x >= _f(2), _f(0), np.where(x >= _f(1), far, near))


def _mitchell_cubic(x: np.ndarray) -> np.ndarray:
    far = ((_f(-7) / _f(18) * x + _f(2)) * x - _f(10) / _f(3)) * x + _f(16) / _f(9)
    near = ((_f(7) / _f(6) * x - _f(2)) * x) * x + _f(8) / _f(9)
    return np.where(x >= _f(2), _f(0), np.where(x >= _f(1), far, near))


FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "lanczos3": (_lanczos(3), 3.0),
    "lanczos5": (_lanczos(5), 5.0),
    "gaussian": (_gaussian, 1.5),
    "bilinear": (_triangle, 1.0),
    "bicubic": (_keys_cubic, 2.0),
    "mitchellcubic": (_mitchell_cubic, 2.0),
}


@lru_cache(maxsize=256)
def filter_spans(method: str, in_size: int, out_size: int, antialias: bool) -> tuple[np.ndarray, np.ndarray]:
    """Returns the spans of a filter along one dimension.

    Args:
        method: a key of `FILTERS`.
        in_size: the number of input pixels.
        out_size: the number of output pixels.
        antialias: whether the filter is widened when the image shrinks.

    Returns:
        The first input pixel of every output pixel, int64 `(out_size,)`, and the weights, float32 `(out_size, span)`.
    """
    weigh, radius = FILTERS[method]
    scale = _f(out_size) / _f(in_size)
    inverse = _f(1.0 / float(scale))
    widen = max(inverse, _f(1)) if antialias else _f(1)
    reach = _f(radius) * widen
    span = min(2 * int(np.ceil(reach)) + 1, in_size)
    centre = (np.arange(out_size).astype(_f) + _f(0.5)) * inverse
    starts = np.clip(np.ceil(centre - reach - _f(0.5)).astype(np.int64), 0, in_size - 1)
    ends = np.clip(np.floor(centre + reach - _f(0.5)).astype(np.int64), 0, in_size - 1) + 1
    pixels = starts[:, None] + np.arange(span)
    distance = np.abs((pixels.astype(_f) + _f(0.5) - centre[:, None]) * (_f(1) / widen))
    weights = np.where(pixels < ends[:, None], weigh(distance).astype(_f), _f(0))
    return _frozen(starts), _frozen(_normalised(weights))


def _normalised(weights: np.ndarray) -> np.ndarray:
    # Summed from left to right, one by one: NumPy's own sum adds in another order.
    total = np.zeros(len(weights), _f)
    for column in weights.T:
        total += column
    usable = np.abs(total) >= _f(1000) * np.finfo(_f).tiny
    inverse = _f(1) / np.where(usable, total, _f(1))
    return np.where(usable[:, None], weights * inverse[:, None], _f(0))


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


@lru_cache(maxsize=1)
def _cubic_table() -> np.ndarray:
    """Keys' kernel at 1025 offsets: columns are the weights of the near and of the far neighbour."""
    slope = -0.5
    x = (np.arange(_TABLE_SIZE + 1) / _TABLE_SIZE).astype(_f).astype(np.float64)
    near = ((slope + 2) * x - (slope + 3)) * x * x + 1
    x = (x + 1).astype(_f).astype(np.float64)
    far = ((slope * x - 5 * slope) * x + 8 * slope) * x - 4 * slope
    return np.stack([near, far], axis=1).astype(_f)


@lru_cache(maxsize=256)
def cubic_spans(in_size: int, out_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the spans of plain bicubic interpolation, whose weights come from a table of 1025 offsets.

    Returns:
        As `filter_spans`, with at most four pixels a span.
    """
    scale = _f(in_size) / _f(out_size)
    place = (np.arange(out_size).astype(_f) + _f(0.5)) * scale - _f(0.5)
    floor = np.floor(place)
    offset = np.rint((place - floor) * _f(_TABLE_SIZE)).astype(np.int64)
    table = _cubic_table()
    before = floor.astype(np.int64) - 1
    weights = np.stack(
        [table[offset, 1], table[offset, 0], table[_TABLE_SIZE - offset, 0], table[_TABLE_SIZE - offset, 1]], axis=1
    )
    pixels = before[:, None] + np.arange(4)
    weights = _normalised(np.where((pixels >= 0) & (pixels < in_size), weights, _f(0)))
    # A span starts inside the image: what lies before the edge weighs nothing and is shifted out.
    starts = np.clip(before, 0, in_size - 1)
    shifted = np.zeros_like(weights)
    for index, skip in enumerate(np.minimum(starts - before, 4)):
        shifted[index, : 4 - skip] = weights[index, skip:]
    return _frozen(starts), _frozen(shifted)
