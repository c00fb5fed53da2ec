"""Arrays as PyTorch tensors."""

from __future__ import annotations

import numpy as np
import torch

from feedline.errors import DtypeError
from feedline.spec import dtype_name

_SAME_BITS = {"bfloat16": np.int16, "float8_e4m3fn": np.uint8, "float8_e5m2": np.uint8}
"""Dtypes of ml_dtypes that PyTorch has under the same name, and those of NumPy's that they pass as."""


def as_tensor(array: np.ndarray | np.generic) -> torch.Tensor:
    """Returns an array as a tensor on the CPU: the same memory where PyTorch can use it.

    It knows no memory that may not be written to, and no strides below 0: such arrays are copied.

    Args:
        array: numbers, in the machine's byte order.

    Raises:
        DtypeError: PyTorch has no such dtype.

    Example:
        >>> array = np.zeros(3, np.float32)
        >>> tensor = as_tensor(array)
        >>> array[0] = 5
        >>> tensor
        tensor([5., 0., 0.])
    """
    array = np.asarray(array)
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    bits = _SAME_BITS.get(array.dtype.name)
    if bits is not None:
        return torch.from_numpy(array.view(bits)).view(getattr(torch, array.dtype.name))
    try:
        return torch.from_numpy(array)
    except TypeError:
        raise DtypeError(
            f"PyTorch makes no tensor of an array of {dtype_name(array.dtype)}.",
            fix="Cast it in map(), for example with fl.cast(x, fl.float32).",
        ) from None
