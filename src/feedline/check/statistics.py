"""Statistics of the values that one component had in the elements that were looked at."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np

from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.structure import component_dtype, component_shape

_MOST_VALUES_A_ROW = 4096
"""How many values of an element are looked at where all of them would cost too much."""

_MOST_DISTINCT = 100_000
_LARGEST_SQUARED = 1e12


class Statistics:
    """What the values of a component are like. Everything is computed when it is first asked for.

    Args:
        values: the value in each element.
        batched: whether these are batches, whose rows are the single elements.
    """

    def __init__(self, values: list[Any], batched: bool) -> None:
        self._values = values
        self._batched = batched

    @cached_property
    def dtype(self) -> np.dtype | None:
        """The dtype; None where there is no value."""
        return component_dtype(self._values[0]) if self._values else None

    @property
    def is_number(self) -> bool:
        """Whether the values are integers or floats; neither strings, bools, complex numbers nor datasets."""
        return self.dtype is not None and (self.dtype.kind in "iuf" or self.dtype.name == "bfloat16")

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        """The numbers of each value as an array: of ragged and sparse tensors those that are there."""
        return [_numbers(value) for value in self._values]

    @cached_property
    def shapes(self) -> Counter[tuple[int | None, ...]]:
        """How often each shape comes, of the values as they are: of batches where they are batches."""
        return Counter(component_shape(value) for value in self._values)

    @cached_property
    def row_shapes(self) -> Counter[tuple[int | None, ...]]:
        """How often each shape of a single element comes."""
        if not self._batched:
            return self.shapes
        found: Counter[tuple[int | None, ...]] = Counter()
        for shape, count in self.shapes.items():
            if shape and not any(isinstance(value, RaggedTensor) for value in self._values[:1]):
                found[shape[1:]] += count * (shape[0] or 0)
        if not found:
            for value in self._values:
                if isinstance(value, RaggedTensor):
                    found.update(component_shape(value[row]) for row in range(int(value.shape[0] or 0)))
        return found

    @cached_property
    def _moments(self) -> tuple[int, float, float, float, float, int, int]:
        """Count, least, greatest, sum, sum of squares, NaNs, infinities; of the finite values but for the last two."""
        count, nans, infinities = 0, 0, 0
        least, greatest, total, squares = np.inf, -np.inf, 0.0, 0.0
        for array in self.arrays if self.is_number else ():
            flat = array.reshape(-1)
            if flat.dtype.kind not in "iu" and not _is_finite(flat):
                finite = np.isfinite(flat)
                nans += int(np.isnan(flat).sum())
                infinities += int(len(flat) - finite.sum())
                flat = flat[finite]
            if not len(flat):
                continue
            count += len(flat)
            least, greatest = min(least, float(flat.min())), max(greatest, float(flat.max()))
            total += float(flat.sum(dtype=np.float64))
            exact = flat.dtype.kind == "f" and flat.dtype.itemsize >= 4 and max(-least, greatest) < _LARGEST_SQUARED
            wide = flat if exact else flat.astype(np.float64)
            squares += float(np.dot(wide, wide))
        return count, least, greatest, total, squares, nans, infinities - nans

    @property
    def count(self) -> int:
        """How many finite numbers there are."""
        return self._moments[0]

    @property
    def minimum(self) -> float | None:
        """The least finite value; None where there is none."""
        return self._moments[1] if self.count else None

    @property
    def maximum(self) -> float | None:
        """The greatest finite value; None where there is none."""
        return self._moments[2] if self.count else None

    @property
    def mean(self) -> float | None:
        """The mean of the finite values; None where there is none."""
        return self._moments[3] / self.count if self.count else None

    @property
    def std(self) -> float | None:
        """The standard deviation of the finite values; None where there is none."""
        if not self.count:
            return None
        count, _, _, total, squares, _, _ = self._moments
        return float(np.sqrt(max(0.0, squares / count - (total / count) ** 2)))

    @property
    def nan_count(self) -> int:
        """How many values are NaN."""
        return self._moments[5]

    @property
    def inf_count(self) -> int:
        """How many values are infinite."""
        return self._moments[6]

    @property
    def constant(self) -> bool:
        """Whether all values of all elements are one and the same; of strings and bools too."""
        if self.is_number:
            return self.count > 0 and self.minimum == self.maximum and not self.nan_count and not self.inf_count
        return len(self.distinct or ()) == 1

    @cached_property
    def integer_valued(self) -> bool:
        """Whether all values are whole numbers, of whatever dtype; of large elements some values are looked at."""
        if not self.is_number or not self.count:
            return False
        if self.dtype is not None and self.dtype.kind in "iu":
            return True
        return all(bool((part == np.floor(part)).all()) for part in map(_thinned, self.arrays))

    def within(self, low: float, high: float, slack: float = 1e-6) -> bool:
        """Says whether all finite values are from `low` to `high`, up to rounding."""
        if self.minimum is None or self.maximum is None:
            return False
        room = slack * max(1.0, abs(low), abs(high))
        return self.minimum >= low - room and self.maximum <= high + room

    @property
    def in_unit(self) -> bool:
        """Whether all values are from 0 to 1."""
        return self.within(0, 1)

    @property
    def in_255(self) -> bool:
        """Whether all values are from 0 to 255, and some above 1."""
        return self.within(0, 255) and (self.maximum or 0) > 1

    @cached_property
    def distinct(self) -> Counter[Any] | None:
        """How often each value comes, of components of one value an element; None for arrays.

        NaN is left out.
        """
        rank = 1 if self._batched else 0
        if self.dtype is None or any(len(shape) != rank for shape in self.shapes):
            return None
        found: Counter[Any] = Counter()
        for value in self._values:
            items = value.reshape(-1).tolist() if isinstance(value, np.ndarray) else [_plain(value)]
            found.update(item for item in items if item == item)
            if len(found) > _MOST_DISTINCT:
                break
        return found

    @cached_property
    def lengths(self) -> np.ndarray:
        """int64, the first length of the shape of each single element; empty for scalars."""
        found: list[int] = []
        for value in self._values:
            if isinstance(value, RaggedTensor) and self._batched:
                found += np.diff(np.asarray(value.row_splits)).tolist()
                continue
            shape = component_shape(value)
            if self._batched:
                found += [shape[1]] * (shape[0] or 0) if len(shape) > 1 and shape[1] is not None else []
            elif shape and shape[0] is not None:
                found.append(shape[0])
        return np.array(found, np.int64)

    def __repr__(self) -> str:
        return f"<{self.count} values of {self.dtype}, {self.minimum} to {self.maximum}, mean {self.mean}>"


def _is_finite(values: np.ndarray) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _numbers(value: Any) -> np.ndarray:
    if isinstance(value, RaggedTensor):
        return _numbers(value.values)
    if isinstance(value, SparseTensor):
        return np.asarray(value.values)
    return np.asarray(value)


def _thinned(array: np.ndarray) -> np.ndarray:
    flat = array.reshape(-1)
    part = flat[:: max(1, len(flat) // _MOST_VALUES_A_ROW)]
    return part[np.isfinite(part)]
