"""`tf.sparse` by feedline."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.compat.tf.convert import to_array
from feedline.compat.tf.missing import missing_name
from feedline.compat.tf.sparse_tensor import SparseTensor, as_plain_sparse
from feedline.compat.tf.tensor import Tensor, as_tensor

__all__ = ["SparseTensor", "from_dense", "reorder", "to_dense"]


def __getattr__(name: str) -> Any:
    raise missing_name("tf.sparse", name, __all__)


def to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """Returns the dense tensor, with one value wherever there is none.

    Args:
        sp_input: a sparse tensor.
        default_value: that value; None for 0 or b"".
        validate_indices: not used: they are always checked.
    """
    fill = None if default_value is None else to_array(default_value, sp_input.dtype, "default_value")[()]
    return as_tensor(as_plain_sparse(sp_input).to_dense(fill))


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """Returns the values of a tensor that are not 0, and where they are."""
    array = to_array(tensor, None, "tensor")
    filled = np.asarray(array != (b"" if array.dtype == object else 0), bool)
    return SparseTensor(np.argwhere(filled), array[filled], np.array(array.shape, np.int64))


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with its values in the order of their places."""
    plain = as_plain_sparse(sp_input)
    order = np.lexsort(plain.indices.T[::-1])
    return SparseTensor(plain.indices[order], plain.values[order], plain.dense_shape)
