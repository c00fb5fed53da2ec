"""Ragged tensors reduced along dimensions: what `tf.reduce_sum` and its kin do with them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from feedline.compat.tf.convert import axis_of, wholes
from feedline.compat.tf.ragged_joining import expand_dims
from feedline.compat.tf.ragged_making import splits_of
from feedline.compat.tf.ragged_parts import coordinates
from feedline.compat.tf.ragged_tensor import RaggedTensor
from feedline.compat.tf.tensor import as_tensor
from feedline.errors import ArgumentError

Gather = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""Makes of values `(n, ...)`, the group of each, and the number of groups one value for each group."""


def reduced(value: RaggedTensor, axis: Any, keepdims: bool, whole: Callable[..., Any], gathered: Gather) -> Any:
    """Returns what is made of a ragged tensor along dimensions: dense where none of those left is ragged.

    Args:
        value: the ragged tensor.
        axis: a dimension, several, or None for all.
        keepdims: whether the dimensions stay, with length 1.
        whole: what the function does with a dense tensor, an axis and `keepdims`.
        gathered: what it makes of the values of each group.
    """
    rank = len(value.shape)
    if axis is None:
        found = whole(value.flat_values, None, False)
        return as_tensor(np.asarray(found).reshape([1] * rank)) if keepdims else found
    axes = sorted({axis_of(number, rank) for number in wholes(axis, "axis")})
    if not axes:
        return value
    outer = [number for number in axes if number <= value.ragged_rank]
    inner = tuple(number - value.ragged_rank for number in axes if number > value.ragged_rank)
    if inner and not outer:
        result: Any = value.with_flat_values(whole(value.flat_values, inner, False))
    else:
        result = _without_outer(value, outer, inner, gathered)
    if not keepdims:
        return result
    for number in axes:
        result = (
            expand_dims(result, number)
            if isinstance(result, RaggedTensor)
            else as_tensor(np.expand_dims(np.asarray(result), number))
        )
    return result


def _without_outer(value: RaggedTensor, outer: list[int], inner: tuple[int, ...], gathered: Gather) -> Any:
    """Returns what is made along dimensions up to the last ragged one, and along dense ones behind it."""
    flat, places = np.asarray(value.flat_values), coordinates(value)
    if inner:  # the values along dense dimensions join the group of their row
        flat = np.moveaxis(flat, inner, range(1, len(inner) + 1))
        size = int(np.prod(flat.shape[1 : len(inner) + 1], dtype=np.int64))
        flat = flat.reshape(-1, *flat.shape[len(inner) + 1 :])
        places = [np.repeat(numbers, size) for numbers in places]
    kept = [number for number in range(value.ragged_rank + 1) if number not in outer]
    group = np.zeros(len(flat), np.int64)
    count = 1
    splits: list[np.ndarray] = []
    for depth, number in enumerate(kept):
        if depth == 0:
            lengths = np.array([_longest(value, number, places)], np.int64)
        else:
            lengths = _lengths_within(value, number, kept[:depth], splits, count)
        bounds = splits_of(lengths)
        group = bounds[:-1][group] + places[number]
        splits.append(bounds)
        count = int(bounds[-1])
    with np.errstate(all="ignore"):
        result: Any = gathered(flat, group, count)
    if not kept:
        return as_tensor(result[0])
    for bounds in reversed(splits[1:]):
        result = RaggedTensor._with_splits(result, bounds.astype(value.row_splits.dtype))
    return result if isinstance(result, RaggedTensor) else as_tensor(result)


def _longest(value: RaggedTensor, axis: int, places: list[np.ndarray]) -> int:
    return int(value.bounding_shape().numpy()[axis])


def _lengths_within(
    value: RaggedTensor, axis: int, before: list[int], splits: list[np.ndarray], count: int
) -> np.ndarray:
    """Returns how long each group's rows are along a dimension: as long as the longest of them.

    Args:
        value: the ragged tensor.
        axis: the dimension.
        before: the dimensions that are kept before it.
        splits: the bounds of the groups along these.
        count: the number of groups so far.
    """
    rows = np.diff(np.asarray(value.nested_row_splits[axis - 1]))
    places = _coordinates_of_rows(value, axis - 1)
    group = np.zeros(len(rows), np.int64)
    for number, bounds in zip(before, splits, strict=True):
        group = bounds[:-1][group] + places[number]
    lengths = np.zeros(count, np.int64)
    np.maximum.at(lengths, group, rows)
    return lengths


def _coordinates_of_rows(value: RaggedTensor, level: int) -> list[np.ndarray]:
    """Returns where the rows of a level of a ragged tensor stand, an array for each dimension up to it."""
    places: list[np.ndarray] = [np.arange(len(value))]
    for splits in value.nested_row_splits[:level]:
        starts, lengths = np.asarray(splits)[:-1], np.diff(np.asarray(splits))
        within = np.arange(int(splits[-1])) - np.repeat(starts, lengths)
        places = [*(np.repeat(numbers, lengths) for numbers in places), within]
    return places


def _by(function: np.ufunc, first: Callable[[np.dtype], Any]) -> Gather:
    def gathered(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
        result = np.full((count, *flat.shape[1:]), first(flat.dtype), flat.dtype)
        function.at(result, group, flat)
        return result

    return gathered


def _lowest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else np.finfo(dtype).min


def _highest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).max if dtype.kind in "iu" else np.finfo(dtype).max


def _counts(group: np.ndarray, count: int, like: np.ndarray) -> np.ndarray:
    numbers = np.bincount(group, minlength=count)
    return numbers.reshape(-1, *[1] * (like.ndim - 1))


def _mean(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    sums = SUM(flat, group, count)
    numbers = _counts(group, count, flat)
    return (sums / numbers.astype(flat.dtype)).astype(flat.dtype)


def _variance(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    away = flat - _mean(flat, group, count)[group]
    return _mean(np.square(away), group, count)


SUM = _by(np.add, lambda dtype: 0)
PRODUCT = _by(np.multiply, lambda dtype: 1)
SMALLEST = _by(np.minimum, _highest)
LARGEST = _by(np.maximum, _lowest)
ALL = _by(np.logical_and, lambda dtype: True)
ANY = _by(np.logical_or, lambda dtype: False)
MEAN = _mean
VARIANCE = _variance


def DEVIATION(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """Returns the standard deviation of each group."""
    return np.sqrt(_variance(flat, group, count))


def LOGARITHM_OF_SUM(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """Returns log(sum(exp(values))) of each group, without overflow; -infinity for no values."""
    largest = LARGEST(flat, group, count)
    shift = np.where(np.isfinite(largest), largest, 0).astype(flat.dtype)
    shift[np.bincount(group, minlength=count) == 0] = 0
    return np.log(SUM(np.exp(flat - shift[group]), group, count)) + shift


def joined(separator: bytes) -> Gather:
    """Returns what joins the strings of each group."""

    def gathered(flat: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
        if flat.ndim > 1:
            raise ArgumentError("reduce_join of ragged rows of rows is not covered.", fix="Use .to_tensor() first.")
        parts: list[list[bytes]] = [[] for _ in range(count)]
        for number, text in zip(group.tolist(), flat.tolist(), strict=True):
            parts[number].append(text)
        result = np.empty(count, object)
        result[:] = [separator.join(part) for part in parts]
        return result

    return gathered


def cumsum(value: RaggedTensor, axis: Any, exclusive: bool, reverse: bool) -> RaggedTensor:
    """Returns the sums of all values up to each along the innermost ragged dimension.

    Raises:
        ArgumentError: `axis` is another dimension.
    """
    if axis_of(axis, len(value.shape)) != value.ragged_rank:
        raise ArgumentError(
            f"cumsum of a ragged tensor along axis {axis} is not covered.",
            fix=f"Sum along axis {value.ragged_rank}, its last ragged dimension, or use .to_tensor() first.",
        )
    flat = np.asarray(value.flat_values)
    splits = np.asarray(value.nested_row_splits[-1])
    rows = [flat[start:stop] for start, stop in itertools.pairwise(splits.tolist())]
    sums = []
    with np.errstate(all="ignore"):
        for row in rows:
            turned = row[::-1] if reverse else row
            total = np.cumsum(turned, axis=0, dtype=flat.dtype)
            if exclusive:
                total = np.concatenate([np.zeros_like(total[:1]), total[:-1]])
            sums.append(total[::-1] if reverse else total)
    return value.with_flat_values(np.concatenate(sums) if sums else flat)
