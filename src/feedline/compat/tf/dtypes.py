"""`tf.dtypes` by feedline: dtypes are NumPy's, `tf.string` is NumPy's dtype of objects, which are `bytes`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline import spec
from feedline.compat.tf.making import cast, complex, saturate_cast
from feedline.compat.tf.missing import missing_name
from feedline.spec import bool_ as bool
from feedline.spec import (
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    machine_learning_dtype,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)

DType = np.dtype

__all__ = [  # noqa: F822 (bfloat16 comes from __getattr__)
    "DType", "as_dtype", "bfloat16", "bool", "cast", "complex", "complex64", "complex128", "double", "float16",
    "float32", "float64", "half", "int8", "int16", "int32", "int64", "saturate_cast", "string", "uint8", "uint16",
    "uint32", "uint64",
]  # fmt: skip


def as_dtype(type_value: Any) -> np.dtype:
    """Returns the dtype for a NumPy dtype, a Python type or a name; see `feedline.spec.as_dtype`."""
    return spec.as_dtype(type_value)


def __getattr__(name: str) -> Any:
    if name == "bfloat16":
        return machine_learning_dtype(name)
    raise missing_name("tf.dtypes", name, __all__)
