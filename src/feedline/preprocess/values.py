"""What comes into a Preprocess: values of datasets, of Python, of pandas, as arrays with a kind and a rank."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedline.errors import DtypeError, ShapeError, with_article
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import dtype_name
from feedline.strings import PackedStrings
from feedline.structure import as_bytes_array

_KINDS = {"b": "bool", "i": "integer", "u": "integer", "f": "float", "O": "string"}

_MACHINE_LEARNING_FLOATS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
_DTYPES: dict[str, type] = {"bool": np.bool_, "integer": np.int64, "float": np.float64, "string": object}

Shape = tuple[int | None, ...]


def kind_of(values: np.ndarray) -> str:
    """Returns the kind of an array's values: "bool", "integer", "float" or "string".

    Raises:
        DtypeError: they are of another kind.
    """
    kind = _KINDS.get(values.dtype.kind)
    if kind is None and values.dtype.name in _MACHINE_LEARNING_FLOATS:  # asking for a name takes its time
        kind = "float"
    if kind is None:
        raise DtypeError(
            f"values of {dtype_name(values.dtype)} cannot be preprocessed.", fix="Convert them in a map before it."
        )
    return kind


def as_values(value: Any) -> np.ndarray | RaggedTensor:
    """Returns a component, or what a program gives in serving, as an array or a ragged tensor; text as bytes.

    Raises:
        DtypeError: it is no array of numbers or text.
        ShapeError: it is a list whose items differ in shape.
    """
    if type(value) is np.ndarray and value.dtype.kind in "biuf":
        return value
    if isinstance(value, RaggedTensor):
        return value if value.dtype.kind in "biuf" else RaggedTensor(as_values(value.values), value.row_splits)
    if isinstance(value, PackedStrings):
        return value.array()
    if isinstance(value, SparseTensor):
        raise DtypeError(
            "sparse tensors cannot be preprocessed.",
            fix="Write .map(lambda x: x.to_dense()) before it, where x is one.",
        )
    if isinstance(value, bytes | str):
        array = np.empty((), object)
        array[()] = value.encode() if isinstance(value, str) else bytes(value)
        return array
    if value is None:
        raise DtypeError("a value is None.", fix="Give NaN for a missing number and an empty text for missing text.")
    if isinstance(value, dict | tuple):
        raise DtypeError(
            f"a value is {with_article(type(value).__name__)}, not an array.",
            fix="Give one array for each column; nested structures are taken apart in a map before it.",
        )
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(
            "a value is a list whose items differ in shape.", fix="Give arrays of one shape, or a RaggedTensor."
        ) from None
    return as_bytes_array(array) if array.dtype.kind in "OSU" else array


def is_python_integer(value: Any) -> bool:
    """Says whether a value is a Python integer or a list of them: as in Python, one stands for a float too."""
    while isinstance(value, list) and value:
        value = value[0]
    return type(value) is int


def rank_of(values: np.ndarray | RaggedTensor) -> int:
    """Returns how many dimensions values have."""
    return len(values.shape)


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column since `fit`: what comes later must be like it.

    Args:
        kind: "bool", "integer", "float" or "string".
        shape: the shape of an element's value; None for lengths that differ.
    """

    kind: str
    shape: Shape

    @classmethod
    def of(cls, values: np.ndarray) -> Column:
        """Returns what is known of a column from one element's value."""
        return cls(kind_of(values), values.shape)

    def widened(self, shape: Shape) -> Column:
        """Returns the column that has this shape too.

        Raises:
            ShapeError: it has another rank.
        """
        if shape == self.shape:
            return self
        if len(shape) != len(self.shape):
            raise ShapeError(
                f"its values have the shape {shape} here and {self.shape} in elements before.",
                fix="Bring all values of a column to one number of dimensions in a map before it.",
            )
        merged = tuple(a if a == b else None for a, b in zip(self.shape, shape, strict=True))
        return replace(self, shape=merged)

    def check(self, values: np.ndarray | RaggedTensor, given: Any) -> np.ndarray | RaggedTensor:
        """Returns values that are of this column's kind and shape; their rank was looked at before.

        Args:
            values: those of an element or of a batch.
            given: the same as it was given.

        Raises:
            DtypeError: they are of another kind.
            ShapeError: they have another shape.
        """
        flat = values.flat_values if isinstance(values, RaggedTensor) else values
        kind = kind_of(flat)
        if kind != self.kind:
            if isinstance(values, np.ndarray) and self.kind == "float" and is_python_integer(given):
                return values.astype(np.float64)
            if isinstance(values, np.ndarray) and not values.size and isinstance(given, list):  # of no dtype
                return values.astype(_DTYPES[self.kind])
            raise DtypeError(
                f"its values are {dtype_name(flat.dtype)}, and were of the kind {self.kind!r} in fit().",
                fix=_fix_for(self.kind, kind),
            )
        if rank_of(values) < len(self.shape):  # told with those of the other columns
            return values
        shape = values.shape[rank_of(values) - len(self.shape) :]
        if any(a is not None and b is not None and a != b for a, b in zip(self.shape, shape, strict=True)):
            told = tuple(shape)
            raise ShapeError(
                f"an element's value has the shape {told}, and had {self.shape} in fit().",
                fix="Give values of the shape that it was fit on: the same steps must come before it.",
            )
        return values


def _fix_for(wanted: str, got: str) -> str:
    if "string" in (wanted, got):
        return "Give the column as it was in the training data: the same parsing must come before it."
    return (
        "The same steps must come before it as in training: was something scaled, or divided by 255, in only one of "
        "them? Where it is the same data in another dtype, cast it with feedline.cast."
    )
