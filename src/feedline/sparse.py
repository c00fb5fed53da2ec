"""SparseTensor: the values that are there, and where; what `VarLenFeature` parses to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.errors import ShapeError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False, repr=False)
class SparseTensor:
    """A sparse array, in the layout of `tf.SparseTensor`.

    Args:
        indices: where the values are: int64 `(values, rank)`, in row-major order.
        values: the values, `(values,)`.
        dense_shape: the shape of the dense array: int64 `(rank,)`.

    Example:
        >>> sparse = SparseTensor(np.array([[0, 0], [1, 2]]), np.array([7, 8]), np.array([2, 3]))
        >>> sparse.to_dense()
        array([[7, 0, 0],
               [0, 0, 8]])
    """

    indices: np.ndarray
    values: np.ndarray
    dense_shape: np.ndarray

    def __post_init__(self) -> None:
        dense_shape = np.asarray(self.dense_shape, np.int64)
        values = np.asarray(self.values)
        object.__setattr__(self, "dense_shape", dense_shape)
        object.__setattr__(self, "indices", np.asarray(self.indices, np.int64).reshape(len(values), len(dense_shape)))
        object.__setattr__(self, "values", values)

    @classmethod
    def stack(cls, rows: Sequence[SparseTensor]) -> SparseTensor:
        """Returns the sparse tensor with one more dimension that holds these rows, as `batch` does.

        Raises:
            ShapeError: the rows differ in rank.
        """
        ranks = {len(row.dense_shape) for row in rows}
        if len(ranks) > 1:
            raise ShapeError(
                f"sparse tensors of different ranks {sorted(ranks)} cannot be stacked.",
                fix="Bring them to one rank, or make them dense.",
            )
        counts = [len(row.values) for row in rows]
        number = np.repeat(np.arange(len(rows)), counts)
        indices = np.concatenate([row.indices for row in rows])
        longest = np.max([row.dense_shape for row in rows], axis=0)
        return cls(
            np.concatenate([number[:, None], indices], axis=1),
            np.concatenate([row.values for row in rows]),
            np.concatenate([[len(rows)], longest]),
        )

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values."""
        return self.values.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the dense array."""
        return tuple(int(length) for length in self.dense_shape)

    def head(self, rows: int) -> SparseTensor:
        """Returns the first rows.

        Args:
            rows: how many, no more than there are.
        """
        kept = self.indices[:, 0] < rows
        shape = np.array([rows, *self.dense_shape[1:]], np.int64)
        return SparseTensor(self.indices[kept], self.values[kept], shape)

    def to_dense(self, default_value: Any = None) -> np.ndarray:
        """Returns the dense array, with `default_value` (0, or b"" for strings) where there is no value."""
        if default_value is None:
            default_value = b"" if self.dtype == object else np.zeros((), self.dtype)[()]
        dense = np.full(self.shape, default_value, self.dtype)
        if self.shape:
            dense[tuple(self.indices.T)] = self.values
        elif len(self.values):  # a single place
            dense[()] = self.values[-1]
        return dense

    def to_torch(self, device: Any = None) -> torch.Tensor:
        """Returns PyTorch's sparse tensor of this, in its COO layout; on the CPU it shares the values' memory.

        Args:
            device: where it is wanted; None for the CPU.

        Raises:
            MissingPackageError: PyTorch is not installed.
            ShapeError: a value is outside of the shape.
            DtypeError: PyTorch has no such dtype.

        Example:
            >>> sparse = SparseTensor(np.array([[0, 0], [1, 2]]), np.array([7, 8]), np.array([2, 3])).to_torch()
            >>> sparse.is_sparse, sparse.to_dense().tolist()
            (True, [[7, 0, 0], [0, 0, 8]])
        """
        from feedline.torch import tensor_of

        return tensor_of(self, device)

    def to_jax(self, device: Any = None) -> Any:
        """Returns the `jax.experimental.sparse.BCOO` of this.

        Args:
            device: where it is wanted; None for JAX's default device.

        Raises:
            MissingPackageError: JAX is not installed.
            DtypeError: an integer does not fit the 32 bits that JAX has for it, or the values are strings.

        Example:
            >>> sparse = SparseTensor(np.array([[0, 0], [1, 2]]), np.array([7, 8]), np.array([2, 3])).to_jax()
            >>> sparse.nse, sparse.todense().tolist()
            (2, [[7, 0, 0], [0, 0, 8]])
        """
        from feedline.jax import arrays_of

        return arrays_of(self, device)

    def __repr__(self) -> str:
        return f"SparseTensor({len(self.values)} values, dense_shape={self.shape}, dtype={self.dtype.name})"
