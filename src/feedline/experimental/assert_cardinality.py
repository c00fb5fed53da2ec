"""assert_cardinality: how many elements a dataset has is said, and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.nodes.base import INFINITE_CARDINALITY
from feedline.origin import user_origin


def assert_cardinality(expected_cardinality: Any) -> Callable[[Dataset], Dataset]:
    """Returns, for `Dataset.apply`, what says how many elements a dataset has, so that `len` and Keras know it.

    Args:
        expected_cardinality: the number; -1 for a dataset without end.

    Raises:
        ArgumentError: the dataset has another number of elements: as it is said where that is known, otherwise when
            it ends, or goes on.

    Example:
        >>> import feedline as fl
        >>> ds = fl.Dataset.range(6).filter(lambda number: number % 2 == 0)
        >>> len(ds.apply(fl.experimental.assert_cardinality(3)))
        3
    """
    from feedline.nodes.assert_cardinality import AssertCardinality

    count = whole_number(expected_cardinality, "expected_cardinality", least=INFINITE_CARDINALITY)
    origin = user_origin()
    return lambda dataset: Dataset._of(AssertCardinality((dataset.node,), origin, count))
