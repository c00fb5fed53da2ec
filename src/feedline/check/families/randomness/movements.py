"""Movements: how an array was mirrored, turned or cut out, told from the arrays before and after."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_ALIKE = 0.98
_UNLIKE = 0.9
_DIFFERENT = 0.02
_HALF = 48
_PROBES = 96
_MOST_WINDOWS = 16_384
_MOST_TRIED = 8
_MOST_VALUES = 65_536

Movement = Callable[[np.ndarray], np.ndarray]

MIRRORINGS: dict[str, Movement] = {
    "mirrored left to right": lambda array: array[:, ::-1],
    "turned upside down": lambda array: array[::-1],
    "turned by 180 degrees": lambda array: array[::-1, ::-1],
    "turned by 90 degrees": lambda array: np.rot90(array),
    "turned by 270 degrees": lambda array: np.rot90(array, 3),
    "transposed": lambda array: np.swapaxes(array, 0, 1),
    "transposed the other way": lambda array: np.swapaxes(np.rot90(array, 2), 0, 1),
}


def alike(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the correlation of two arrays of one shape: 1 also where brightness and contrast differ."""
    if first.shape != second.shape:
        return 0.0
    step = 1 + first.size // _MOST_VALUES
    one, two = first.reshape(-1)[::step].astype(np.float64), second.reshape(-1)[::step].astype(np.float64)
    one, two = one - one.mean(), two - two.mean()
    size = float(np.sqrt((one * one).sum() * (two * two).sum()))
    return float((one * two).sum() / size) if size > 0 else 0.0


def image_movement(first: np.ndarray, later: np.ndarray) -> str | None:
    """Returns how a picture was mirrored or turned between two runs: "" for not at all, None where it is not clear.

    Args:
        first: what came of it in the one.
        later: what came of it in the other, perhaps brighter or darker.
    """
    if first.shape != later.shape:
        return None
    exactly = mask_movement(first, later)  # nearly symmetrical pictures, too, are moved or are not
    if exactly is not None and not any(np.array_equal(move(first), first) for move in MIRRORINGS.values()):
        return exactly
    first, later = _thinned(first), _thinned(later)
    still = alike(first, later)
    moved = {name: alike(move(first), later) for name, move in MIRRORINGS.items()}
    best = max(moved, key=lambda name: moved[name])
    if still >= _ALIKE and moved[best] < _UNLIKE:
        return ""
    return best if moved[best] >= _ALIKE and still < _UNLIKE else None


def mask_movement(first: np.ndarray, later: np.ndarray) -> str | None:
    """Returns how a mask was mirrored or turned between two runs, as `image_movement`: of masks each value must fit."""
    if np.array_equal(first, later):
        return ""
    thin, other = _thinned(first), _thinned(later)
    fits = [name for name, move in MIRRORINGS.items() if np.array_equal(move(thin), other)]
    fits = [name for name in fits if np.array_equal(MIRRORINGS[name](first), later)]
    return fits[0] if len(fits) == 1 else None


def _thinned(array: np.ndarray) -> np.ndarray:
    """Returns some rows and columns, the same ones from each end, so that movements are to be seen in them."""
    return array[_places(array.shape[0])][:, _places(array.shape[1])]


def _places(length: int) -> np.ndarray:
    if length <= 2 * _HALF:
        return np.arange(length)
    half = np.linspace(0, (length - 1) / 2, _HALF, endpoint=False).astype(np.int64)
    return np.concatenate([half, length - 1 - half[::-1]])


def changes(movement: str, array: np.ndarray) -> bool:
    """Says whether a movement would change a mask to be seen: it does not where that is symmetrical."""
    moved = MIRRORINGS[movement](array)
    return moved.shape != array.shape or float((moved != array).mean()) >= _DIFFERENT


def window_of(part: np.ndarray, whole: np.ndarray, least: float = _ALIKE) -> tuple[int, int] | None:
    """Returns where in an array a part of it was cut out; None where it was not, or there are too many places.

    Args:
        part: (height, width), perhaps brighter or darker than it was.
        whole: (height, width).
        least: how alike the part must be to the place.
    """
    height, width = part.shape
    tops, lefts = whole.shape[0] - height + 1, whole.shape[1] - width + 1
    if min(tops, lefts) < 1 or not 1 < tops * lefts <= _MOST_WINDOWS:
        return None
    draw = np.random.default_rng(0)
    down, right = draw.integers(0, height, _PROBES), draw.integers(0, width, _PROBES)
    values = part[down, right].astype(np.float64)
    values -= values.mean()
    if not np.abs(values).max() > 0:
        return None
    rows, columns = np.arange(tops)[:, None, None] + down, np.arange(lefts)[None, :, None] + right
    seen = whole[rows, columns].reshape(tops * lefts, _PROBES).astype(np.float64)
    seen -= seen.mean(axis=1, keepdims=True)
    sizes = np.sqrt((seen * seen).sum(axis=1) * float((values * values).sum()))
    scores = (seen @ values) / np.where(sizes > 0, sizes, np.inf)
    for best in np.argsort(-scores)[:_MOST_TRIED].tolist():
        top, left = divmod(best, lefts)
        if scores[best] < least:
            return None
        if alike(part, whole[top : top + height, left : left + width]) >= least:
            return top, left
    return None
