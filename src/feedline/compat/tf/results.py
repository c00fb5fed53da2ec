"""The named tuples that some functions return."""

from __future__ import annotations

from typing import Any, NamedTuple


class TopKV2(NamedTuple):
    """What `tf.math.top_k` returns."""

    values: Any
    indices: Any


class Unique(NamedTuple):
    """What `tf.unique` returns."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """What `tf.unique_with_counts` returns."""

    y: Any
    idx: Any
    count: Any
