"""SparseTensor: feedline's sparse tensor whose parts are tensors with `.numpy()`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline import sparse
from feedline.compat.tf.convert import to_array
from feedline.compat.tf.shape import TensorShape
from feedline.compat.tf.tensor import as_tensor
from feedline.errors import ShapeError


class SparseTensor(sparse.SparseTensor):
    """The values that are there, and where; what `tf.io.VarLenFeature` is parsed to.

    Args:
        indices: where the values are: int64 `(values, rank)`.
        values: the values.
        dense_shape: the shape of the dense tensor.
    """

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        super().__init__(_whole(indices), to_array(values), _whole(dense_shape))
        for field in ("indices", "values", "dense_shape"):
            object.__setattr__(self, field, as_tensor(getattr(self, field)))

    @property
    def shape(self) -> TensorShape:
        """The shape of the dense tensor."""
        return TensorShape(np.asarray(self.dense_shape).tolist())

    def get_shape(self) -> TensorShape:
        """Returns the shape of the dense tensor."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the dense tensor has this shape, in which None allows any length.

        Raises:
            ShapeError: it has not.
        """
        self.shape.assert_is_compatible_with(shape)

    def with_values(self, new_values: Any) -> SparseTensor:
        """Returns the sparse tensor with other values in the same places.

        Raises:
            ShapeError: there is another number of them.
        """
        values = to_array(new_values, None, "new_values")
        if values.shape != self.values.shape:
            raise ShapeError(
                f"new_values has the shape {values.shape}, not {self.values.shape}.", fix="Give one for each value."
            )
        return SparseTensor(self.indices, values, self.dense_shape)

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """Returns a value with indices, values and dense_shape as a sparse tensor."""
        value = sparse_tensor_value
        return cls(value.indices, value.values, value.dense_shape)


def _whole(value: Any) -> np.ndarray:
    return to_array(value).astype(np.int64)


def as_plain_sparse(value: sparse.SparseTensor) -> sparse.SparseTensor:
    """Returns feedline's own sparse tensor for one of these."""
    return sparse.SparseTensor(np.asarray(value.indices), np.asarray(value.values), np.asarray(value.dense_shape))
