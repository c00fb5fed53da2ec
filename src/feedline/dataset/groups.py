"""Transformations that change what one position stands for: batch, padded_batch, ragged_batch, sparse_batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.dataset.base import BaseDataset, number_or_autotune, true_or_false, whole_number
from feedline.errors import ArgumentError
from feedline.origin import user_origin
from feedline.spec import as_dtype, as_shape

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class GroupMethods(BaseDataset):
    """Transformations that change what one position stands for."""

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Returns the dataset of batches: n consecutive elements, stacked along a new first dimension.

        Args:
            batch_size: n.
            drop_remainder: whether a last, smaller batch is left out.
            num_parallel_calls: not used: batches are made by the workers of `map` in any case.
            deterministic: not used; the order is kept.
            name: not used; `tf.data` has it.

        Raises:
            ArgumentError: `batch_size` is below 1, or `drop_remainder` is not True or False.
            ShapeError: while running: elements of one batch have different shapes.

        Example:
            >>> from feedline import Dataset
            >>> [batch.tolist() for batch in Dataset.range(5).batch(2)]
            [[0, 1], [2, 3], [4]]
        """
        from feedline.nodes.batch import Batch

        size = whole_number(batch_size, "batch_size", least=1)
        hint = " num_parallel_calls goes by its name: batch(n, num_parallel_calls=m)."
        drops = true_or_false(drop_remainder, "drop_remainder", hint)
        if num_parallel_calls is not None:
            number_or_autotune(num_parallel_calls, "num_parallel_calls", least=1)
        return self._of(Batch((self._node,), user_origin(), size, drops))

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Returns the dataset of batches whose elements are filled up to one shape.

        Args:
            batch_size: how many elements.
            padded_shapes: a structure of shapes, None in them for the longest of the batch; None for that everywhere.
            padding_values: a structure of values, or one for all; None for 0, False or b"".
            drop_remainder: whether a last, smaller batch is left out.
            name: not used; `tf.data` has it.

        Raises:
            ShapeError: while running: an element is longer than its padded shape, or of another rank.
            DtypeError: a padding value is not of its component's dtype.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> ds = Dataset.from_tensor_slices([np.array([1, 2, 3]), np.array([4])])
            >>> [batch.tolist() for batch in ds.padded_batch(2)]
            [[[1, 2, 3], [4, 0, 0]]]
        """
        from feedline.nodes.padded_batch import PaddedBatch

        size = whole_number(batch_size, "batch_size", least=1)
        drops = true_or_false(drop_remainder, "drop_remainder")
        return self._of(PaddedBatch((self._node,), user_origin(), size, drops, padded_shapes, padding_values))

    def ragged_batch(
        self, batch_size: int, drop_remainder: bool = False, row_splits_dtype: Any = "int64", name: str | None = None
    ) -> Dataset:
        """Returns the dataset of batches in which elements keep their lengths: `RaggedTensor` where these differ.

        A component becomes ragged where `element_spec` has a length that is not known; others are stacked.

        Args:
            batch_size: how many elements.
            drop_remainder: whether a last, smaller batch is left out.
            row_splits_dtype: int32 or int64.
            name: not used; `tf.data` has it.

        Raises:
            ArgumentError: `batch_size` is below 1, or there is no such dtype for row splits.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> ds = Dataset.from_tensor_slices([np.arange(3), np.arange(1)])
            >>> [batch.to_list() for batch in ds.ragged_batch(2)]
            [[[0, 1, 2], [0]]]
        """
        from feedline.nodes.ragged_batch import RaggedBatch

        size = whole_number(batch_size, "batch_size", least=1)
        splits = as_dtype(row_splits_dtype)
        if splits not in (np.int32, np.int64):
            raise ArgumentError(f"row_splits_dtype is {splits}.", fix='Give "int32" or "int64".')
        drops = true_or_false(drop_remainder, "drop_remainder")
        return self._of(RaggedBatch((self._node,), user_origin(), size, drops, splits))

    def sparse_batch(self, batch_size: int, row_shape: Any, name: str | None = None) -> Dataset:
        """Returns the dataset of batches as `SparseTensor`s `(batch_size, *row_shape)` that hold every value.

        An element is one array; arrays of a batch may differ in their lengths. The last batch may be smaller.

        Args:
            batch_size: how many elements.
            row_shape: the lengths that a batch has behind the first, none of them shorter than an element's; None in it
                for the longest of the batch. It has the rank of the elements.
            name: not used; `tf.data` has it.

        Raises:
            ArgumentError: `batch_size` is below 1, or `row_shape` is no shape.
            StructureError: an element has several components, or is a tuple or dict of one.
            ShapeError: an element is of another rank than `row_shape`, or longer; also while running.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> ds = Dataset.from_tensor_slices([np.array([1, 0, 2]), np.array([5])])
            >>> for batch in ds.sparse_batch(2, [None]):
            ...     print(batch.indices.tolist(), batch.values, batch.dense_shape)
            [[0, 0], [0, 1], [0, 2], [1, 0]] [1 0 2 5] [2 3]
        """
        from feedline.nodes.sparse_batch import SparseBatch

        size = whole_number(batch_size, "batch_size", least=1)
        shape = None if row_shape is None or isinstance(row_shape, str) else as_shape(row_shape)
        if shape is None:
            raise ArgumentError(
                f"row_shape is {row_shape!r:.60}, which is no shape.",
                fix="Give a list with a length, or None, for each dimension of an element: [None] for sequences.",
            )
        return self._of(SparseBatch((self._node,), user_origin(), size, False, shape))
