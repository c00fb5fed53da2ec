"""dense_to_ragged_batch and dense_to_sparse_batch: `Dataset.ragged_batch` and `sparse_batch`, for `Dataset.apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedline.dataset import Dataset


def dense_to_ragged_batch(
    batch_size: int, drop_remainder: bool = False, row_splits_dtype: Any = "int64"
) -> Callable[[Dataset], Dataset]:
    """Returns `Dataset.ragged_batch` with these arguments, for `Dataset.apply`.

    Example:
        >>> import numpy as np
        >>> import feedline as fl
        >>> ds = fl.Dataset.from_tensor_slices([np.array([1, 2]), np.array([3])])
        >>> [batch.to_list() for batch in ds.apply(fl.experimental.dense_to_ragged_batch(2))]
        [[[1, 2], [3]]]
    """
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder, row_splits_dtype)


def dense_to_sparse_batch(batch_size: int, row_shape: Any) -> Callable[[Dataset], Dataset]:
    """Returns `Dataset.sparse_batch` with these arguments, for `Dataset.apply`.

    Example:
        >>> import feedline as fl
        >>> (batch,) = fl.Dataset.range(3).apply(fl.experimental.dense_to_sparse_batch(3, []))
        >>> batch.values.tolist(), batch.dense_shape.tolist()
        ([0, 1, 2], [3])
    """
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)
