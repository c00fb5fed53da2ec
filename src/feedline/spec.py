"""Dtypes and specs: what the components of an element look like.

A dtype is a `numpy.dtype`. A string is `bytes`, so the dtype of strings is `numpy.dtype(object)`, which prints as
`string`. Shapes are tuples in which None stands for a length that differs or is unknown; a shape of None is an unknown
rank.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError

Shape = tuple[int | None, ...] | None

string = np.dtype(object)
bool_ = np.dtype(np.bool_)
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
float16, float32, float64 = (np.dtype(f"float{bits}") for bits in (16, 32, 64))
half, double = float16, float64
complex64, complex128 = np.dtype("complex64"), np.dtype("complex128")

_MACHINE_LEARNING_DTYPES = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4")


def as_dtype(dtype: Any) -> np.dtype:
    """Returns the `numpy.dtype` for a NumPy dtype, a Python type, a framework's dtype or a name.

    Raises:
        DtypeError: there is no such dtype.

    Example:
        >>> as_dtype("float32")
        dtype('float32')
        >>> as_dtype("string") is as_dtype(bytes) is string
        True
    """
    if isinstance(dtype, np.dtype):
        return string if dtype.kind in "SUO" else dtype
    if dtype in ("string", bytes, str, object):
        return string
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if name in _MACHINE_LEARNING_DTYPES:
        return machine_learning_dtype(name)
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
        if isinstance(name, str) and not isinstance(dtype, str):  # a framework's own dtype object, such as tf.float32
            return as_dtype(name)
    if found is None or (found.kind == "f" and dtype is None):
        raise DtypeError(f"{dtype!r} is not a dtype.", fix='Use a name such as "float32", "int64" or "string".')
    return string if found.kind in "SUO" else found


def machine_learning_dtype(name: str) -> np.dtype:
    """Returns a dtype that NumPy has only through `ml_dtypes`, such as bfloat16."""
    try:
        import ml_dtypes
    except ImportError:
        raise DtypeError(f"the dtype {name} needs ml_dtypes.", fix="pip install ml_dtypes") from None
    return np.dtype(getattr(ml_dtypes, name))


def dtype_name(dtype: np.dtype) -> str:
    """Returns a dtype's name as TensorFlow writes it: `string` for bytes, `bool`, `float32`."""
    return "string" if dtype == string else dtype.name


def as_shape(shape: Any) -> Shape:
    """Returns a shape as a tuple of ints and Nones, or None for an unknown rank.

    Example:
        >>> as_shape([None, 3]), as_shape(5), as_shape(None)
        ((None, 3), (5,), None)
    """
    if shape is None:
        return None
    if isinstance(shape, int | np.integer):
        shape = (shape,)
    try:
        lengths = tuple(None if length is None or length == -1 else operator.index(length) for length in shape)
    except TypeError:
        raise ArgumentError(
            f"{str(shape)[:80]} is not a shape.", fix="Give a tuple of whole numbers, with None for an unknown length."
        ) from None
    if any(length is not None and length < 0 for length in lengths):
        raise ArgumentError(f"the shape {tuple(shape)} has a negative length.", fix="Use None for an unknown length.")
    return lengths


def shape_allows(shape: Shape, actual: Sequence[int | None]) -> bool:
    """Says whether an array of shape `actual` is of `shape`.

    Example:
        >>> shape_allows((None, 3), (7, 3)), shape_allows((None, 3), (7, 4)), shape_allows(None, (1, 2))
        (True, False, True)
    """
    if shape is None:
        return True
    return len(shape) == len(actual) and all(
        wanted is None or wanted == got for wanted, got in zip(shape, actual, strict=True)
    )


def merge_shapes(first: Shape, second: Shape) -> Shape:
    """Returns the most exact shape that allows whatever either of the two allows."""
    if first is None or second is None or len(first) != len(second):
        return None
    return tuple(a if a == b else None for a, b in zip(first, second, strict=True))


class _Spec:
    """What the specs share."""

    shape: Shape
    dtype: np.dtype

    def _normalise(self) -> None:
        object.__setattr__(self, "shape", as_shape(self.shape))
        object.__setattr__(self, "dtype", as_dtype(self.dtype))


@dataclass(frozen=True, repr=False)
class TensorSpec(_Spec):
    """The shape and dtype of one component.

    Args:
        shape: a tuple of lengths, None for a length that is not known; None for an unknown rank.
        dtype: a dtype or its name.
        name: a name for messages.

    Example:
        >>> TensorSpec((None, 28, 28), "uint8")
        TensorSpec(shape=(None, 28, 28), dtype=uint8)
    """

    shape: Any = None
    dtype: Any = float32
    name: str | None = None

    def __post_init__(self) -> None:
        self._normalise()

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"TensorSpec(shape={self.shape}, dtype={dtype_name(self.dtype)}{name})"


@dataclass(frozen=True, repr=False)
class RaggedTensorSpec(_Spec):
    """The shape and dtype of a ragged component (`feedline.RaggedTensor`).

    Args:
        shape: as in `TensorSpec`; ragged dimensions are None.
        dtype: the dtype of the values.
        ragged_rank: how many dimensions are ragged; None for all but the first.
        row_splits_dtype: int32 or int64.

    Raises:
        ArgumentError: neither `ragged_rank` nor the rank of `shape` is known, or there are no so many dimensions.

    Example:
        >>> RaggedTensorSpec((None, None), "int32")
        RaggedTensorSpec(shape=(None, None), dtype=int32, ragged_rank=1)
    """

    shape: Any = None
    dtype: Any = float32
    ragged_rank: Any = None
    row_splits_dtype: Any = int64

    def __post_init__(self) -> None:
        self._normalise()
        object.__setattr__(self, "row_splits_dtype", as_dtype(self.row_splits_dtype))
        rank = None if self.shape is None else len(self.shape)
        if self.ragged_rank is None:
            if rank is None:
                raise ArgumentError("a RaggedTensorSpec has neither ragged_rank nor a shape.", fix="Give one of them.")
            object.__setattr__(self, "ragged_rank", rank - 1)
        elif rank is not None and self.ragged_rank > 0 and self.ragged_rank >= rank:
            raise ArgumentError(
                f"ragged_rank is {self.ragged_rank} for the shape {self.shape}.", fix=f"Give at most {rank - 1}."
            )

    def __repr__(self) -> str:
        return f"RaggedTensorSpec(shape={self.shape}, dtype={dtype_name(self.dtype)}, ragged_rank={self.ragged_rank})"


@dataclass(frozen=True, repr=False)
class SparseTensorSpec(_Spec):
    """The dense shape and dtype of a sparse component (`feedline.SparseTensor`)."""

    shape: Any = None
    dtype: Any = float32

    def __post_init__(self) -> None:
        self._normalise()

    def __repr__(self) -> str:
        return f"SparseTensorSpec(shape={self.shape}, dtype={dtype_name(self.dtype)})"


@dataclass(frozen=True)
class DatasetSpec:
    """The spec of a component that is itself a dataset, as `window` gives.

    Args:
        element_spec: the spec of that dataset's elements.
    """

    element_spec: Any
    shape: tuple[int | None, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        """The dtype that stands for a dataset."""
        return string

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec})"
