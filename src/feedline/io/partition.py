"""Cuts lists of values into rows, as a `RaggedFeature`'s partitions say.

All lists of a batch are cut at once: what a partition says about each list is turned into the lengths of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from feedline.errors import FeatureLengthError
from feedline.formats.example import Lists, at_row
from feedline.io.features import RowLengths, RowLimits, RowSplits, RowStarts, UniformRowLength, ValueRowIds
from feedline.ragged import RaggedTensor

_MOST_ROWS = 1 << 28


def partitioned(
    values: np.ndarray | RaggedTensor,
    counts: np.ndarray,
    partitions: Sequence[Any],
    lists: Mapping[str, Lists],
    splits_dtype: np.dtype,
    *,
    name: str,
    needs_splits: bool = False,
) -> tuple[np.ndarray | RaggedTensor, np.ndarray]:
    """Cuts lists of values into rows.

    Args:
        values: the values of all lists, one list after the other.
        counts: int64 `(lists,)`: how many values each list has.
        partitions: the partitions, the outermost first.
        lists: the features that partitions name; each has as many lists as there are lists of values.
        splits_dtype: the dtype of the row splits made.
        name: the feature's name, for messages.
        needs_splits: whether row splits must hold the first 0 even of a list without rows.

    Returns:
        the rows of all lists, one list after the other, and how many each list has.

    Raises:
        FeatureLengthError: a partition does not cover a list exactly; `row` is the list's number.
    """
    for partition in reversed(partitions):
        if isinstance(partition, UniformRowLength):
            length = int(partition.length)
            _require(counts % length == 0, name, f"its values do not fill rows of {length}")
            if isinstance(values, RaggedTensor):
                values = RaggedTensor(values, np.arange(0, len(values) + 1, length, dtype=splits_dtype))
            else:
                values = values.reshape(-1, length, *values.shape[1:])
            counts = counts // length
            continue
        parts = lists[partition.key]
        cut = _CUTS[type(partition)]
        _require(parts.counts == parts.counts if not needs_splits or cut is not _by_splits else parts.counts > 0,
                 name, f"the row splits in {partition.key!r} are empty")  # fmt: skip
        lengths, rows = cut(parts.values, parts.counts, counts, name, partition.key)
        values = RaggedTensor.from_row_lengths(values, lengths, splits_dtype)
        counts = rows
    return values, counts


def _require(fine: np.ndarray, name: str, what: str) -> None:
    if not fine.all():
        raise at_row(
            FeatureLengthError(
                f"feature {name!r} cannot be cut into rows: {what}.",
                fix="Partition the values by a feature that covers each record's values exactly.",
            ),
            int(np.flatnonzero(~fine)[0]),
        )


def _owner(part_counts: np.ndarray) -> np.ndarray:
    """Returns the list that each part belongs to."""
    return np.repeat(np.arange(len(part_counts)), part_counts)


def _all_of(fine: np.ndarray, owner: np.ndarray, lists: int) -> np.ndarray:
    """Says for each list whether all its parts are fine."""
    return np.bincount(owner[~fine], minlength=lists) == 0


def _within(parts: np.ndarray, part_counts: np.ndarray, counts: np.ndarray, name: str, key: str) -> np.ndarray:
    owner = _owner(part_counts)
    fine = (parts >= 0) & (parts <= counts[owner])
    _require(_all_of(fine, owner, len(counts)), name, f"{key!r} points beyond its values")
    return owner


def _rising(
    lengths: np.ndarray, owner: np.ndarray, covered: np.ndarray, counts: np.ndarray, name: str, key: str
) -> None:
    _require(_all_of(lengths >= 0, owner, len(counts)), name, f"{key!r} does not rise")
    _require(covered == counts, name, f"{key!r} covers another number of values than it has")


def _by_lengths(
    parts: np.ndarray, part_counts: np.ndarray, counts: np.ndarray, name: str, key: str
) -> tuple[np.ndarray, np.ndarray]:
    owner = _within(parts, part_counts, counts, name, key)
    ends = np.cumsum(part_counts)
    totals = np.concatenate([[0], np.cumsum(parts)])
    _rising(parts, owner, totals[ends] - totals[ends - part_counts], counts, name, key)
    return parts, part_counts


def _by_limits(
    parts: np.ndarray, part_counts: np.ndarray, counts: np.ndarray, name: str, key: str
) -> tuple[np.ndarray, np.ndarray]:
    owner = _within(parts, part_counts, counts, name, key)
    before = np.concatenate([[0], parts[:-1]])[: len(parts)]
    ends = np.cumsum(part_counts)
    before[(ends - part_counts)[part_counts > 0]] = 0
    covered = np.zeros(len(counts), np.int64)
    covered[part_counts > 0] = parts[ends[part_counts > 0] - 1]
    _rising(parts - before, owner, covered, counts, name, key)
    return parts - before, part_counts


def _by_starts(
    parts: np.ndarray, part_counts: np.ndarray, counts: np.ndarray, name: str, key: str
) -> tuple[np.ndarray, np.ndarray]:
    owner = _within(parts, part_counts, counts, name, key)
    after = np.concatenate([parts[1:], [0]])[: len(parts)]
    some = part_counts > 0
    ends = np.cumsum(part_counts)
    after[ends[some] - 1] = counts[some]
    covered = np.zeros(len(counts), np.int64)
    covered[some] = counts[some] - parts[(ends - part_counts)[some]]
    _rising(after - parts, owner, covered, counts, name, key)
    return after - parts, part_counts


def _by_splits(
    parts: np.ndarray, part_counts: np.ndarray, counts: np.ndarray, name: str, key: str
) -> tuple[np.ndarray, np.ndarray]:
    some = part_counts > 0
    firsts = (np.cumsum(part_counts) - part_counts)[some]
    starts_at_zero = np.ones(len(counts), bool)
    starts_at_zero[some] = parts[firsts] == 0
    _require(starts_at_zero, name, f"{key!r} does not start at 0")
    limits = np.delete(parts, firsts)
    return _by_limits(limits, part_counts - some, counts, name, key)


def _by_value_row_ids(
    parts: np.ndarray, part_counts: np.ndarray, counts: np.ndarray, name: str, key: str
) -> tuple[np.ndarray, np.ndarray]:
    _require(part_counts == counts, name, f"{key!r} has another number of values than it has")
    owner = _owner(part_counts)
    fine = (parts >= 0) & (parts < _MOST_ROWS)
    _require(_all_of(fine, owner, len(counts)), name, f"a row number in {key!r} is negative or absurdly large")
    falls = np.zeros(len(parts), bool)
    falls[1:] = (parts[1:] < parts[:-1]) & (owner[1:] == owner[:-1])
    _require(_all_of(~falls, owner, len(counts)), name, f"{key!r} does not rise")
    rows = np.zeros(len(counts), np.int64)
    rows[part_counts > 0] = parts[np.cumsum(part_counts)[part_counts > 0] - 1] + 1
    first_rows = np.cumsum(rows) - rows
    _require(np.cumsum(rows) < _MOST_ROWS, name, f"{key!r} makes more than {_MOST_ROWS} rows")
    return np.bincount(parts + first_rows[owner], minlength=int(rows.sum())), rows


_CUTS = {
    RowLengths: _by_lengths,
    RowLimits: _by_limits,
    RowStarts: _by_starts,
    RowSplits: _by_splits,
    ValueRowIds: _by_value_row_ids,
}
