"""RaggedTensor: feedline's ragged tensor whose parts are tensors with `.numpy()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedline import ragged
from feedline.compat.tf.convert import to_array, whole
from feedline.compat.tf.shape import TensorShape
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError
from feedline.spec import as_dtype, dtype_name


class RaggedTensor(ragged.RaggedTensor):
    """Rows of different lengths.

    Args:
        values: all rows, one after the other: a tensor, or another `RaggedTensor`.
        row_splits: where each row starts and the last ends.

    Example:
        >>> import feedline.compat.tf as tf
        >>> ragged = tf.ragged.constant([[1, 2], [3]])
        >>> ragged.row_lengths().numpy(), ragged.to_tensor().numpy().tolist(), (ragged + 1).to_list()
        (array([2, 1]), [[1, 2], [3, 0]], [[2, 3], [4]])
    """

    row_splits: Tensor

    def __post_init__(self) -> None:
        object.__setattr__(self, "row_splits", _plain(self.row_splits))
        if not isinstance(self.values, ragged.RaggedTensor):
            object.__setattr__(self, "values", _plain(self.values))
        super().__post_init__()
        object.__setattr__(self, "row_splits", as_tensor(self.row_splits))
        object.__setattr__(self, "values", as_ragged_value(self.values))

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True) -> Any:
        """Returns the ragged tensor whose rows start and end at these places."""
        return cls(_values(values), _splits(row_splits))

    @classmethod
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, row_splits_dtype: Any = np.int64, name: str | None = None
    ) -> Any:
        """Returns the ragged tensor whose rows have these lengths."""
        lengths = _splits(row_lengths)
        splits = np.zeros(len(lengths) + 1, lengths.dtype if isinstance(row_lengths, Tensor) else row_splits_dtype)
        np.cumsum(lengths, out=splits[1:])
        return cls(_values(values), splits)

    @classmethod
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True
    ) -> Any:
        """Returns the ragged tensor for which the number of each value's row is given, in rising order."""
        rows = _splits(value_rowids)
        count = whole(nrows, "nrows") if nrows is not None else int(rows[-1]) + 1 if len(rows) else 0
        if (np.diff(rows) < 0).any() or (len(rows) and (rows[0] < 0 or rows[-1] >= count)):
            raise ArgumentError("value_rowids must rise, from 0 to below nrows.", fix="Sort the values by row.")
        return cls.from_row_lengths(values, np.bincount(rows, minlength=count))

    @classmethod
    def from_tensor(cls, tensor: Any, lengths: Any = None, padding: Any = None) -> Any:
        """Returns a dense tensor as a ragged one.

        Args:
            tensor: a tensor of rank 2 or more.
            lengths: how much of each row there is; None for all.
            padding: values at the end of the rows that are left out.
        """
        array = to_array(tensor, None, "tensor")
        kept = np.full(len(array), array.shape[1], np.int64)
        if lengths is not None:
            kept = np.clip(to_array(lengths, None, "lengths").astype(np.int64), 0, array.shape[1])
        elif padding is not None:
            unequal = np.asarray(array != to_array(padding, array.dtype, "padding"), bool)
            other: Any = unequal.reshape(*array.shape[:2], -1).any(axis=2)
            kept = np.where(other.any(axis=1), array.shape[1] - np.argmax(other[:, ::-1], axis=1), 0)
        rows = [row[:length] for row, length in zip(array, kept.tolist(), strict=True)]
        return cls.from_row_lengths(np.concatenate(rows) if rows else array.reshape(0, *array.shape[2:]), kept)

    @property
    def shape(self) -> TensorShape:
        """The shape, with None for the ragged dimensions."""
        return TensorShape((len(self), None, *self.values.shape[1:]))

    def get_shape(self) -> TensorShape:
        """Returns the shape."""
        return self.shape

    @property
    def uniform_row_length(self) -> None:
        """None: rows may differ."""
        return None

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        """Returns the number of rows."""
        return as_tensor(np.asarray(len(self), self.row_splits.dtype if out_type is None else as_dtype(out_type)))

    def row_lengths(self, axis: Any = 1, name: str | None = None) -> Any:
        """Returns the length of each row."""
        if whole(axis, "axis") != 1:
            inner: Any = self.values
            return RaggedTensor(inner.row_lengths(whole(axis, "axis") - 1), self.row_splits)
        return as_tensor(np.diff(np.asarray(self.row_splits)))

    def row_starts(self, name: str | None = None) -> Tensor:
        """Returns where each row starts."""
        return self.row_splits[:-1]

    def row_limits(self, name: str | None = None) -> Tensor:
        """Returns where each row ends."""
        return self.row_splits[1:]

    def value_rowids(self, name: str | None = None) -> Tensor:
        """Returns the number of each value's row."""
        numbers = np.arange(len(self), dtype=self.row_splits.dtype)
        return as_tensor(np.repeat(numbers, np.asarray(self.row_lengths())))

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Tensor:
        """Returns the shape that `to_tensor` has."""
        shape = np.array(np.shape(self.to_tensor()), self.row_splits.dtype if out_type is None else as_dtype(out_type))
        return as_tensor(shape if axis is None else shape[whole(axis, "axis")])

    def with_values(self, new_values: Any) -> Any:
        """Returns the ragged tensor with other values in rows of the same lengths."""
        return RaggedTensor(_values(new_values), self.row_splits)

    def with_flat_values(self, new_values: Any) -> Any:
        """Returns the ragged tensor with other innermost values in rows of the same lengths."""
        if isinstance(self.values, RaggedTensor):
            return self.with_values(self.values.with_flat_values(new_values))
        return self.with_values(new_values)

    def to_tensor(self, default_value: Any = None, name: str | None = None, shape: Any = None) -> Tensor:  # type: ignore[override]
        """Returns a dense tensor, its rows filled up.

        Args:
            default_value: the value to fill up with; None for 0 or b"".
            shape: lengths to fill up, or cut off, to; None for the longest row.
        """
        fill = None if default_value is None else to_array(default_value, self.dtype, "default_value")[()]
        return as_tensor(as_plain_ragged(self).to_tensor(fill, shape))

    def numpy(self) -> np.ndarray:
        """Returns an object array of the rows; a dense one where all have one length."""
        return as_plain_ragged(self).numpy()

    def to_list(self) -> list:
        """Returns nested lists."""
        return as_plain_ragged(self).to_list()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple):
            if len(index) != 2 or not isinstance(index[0], slice) or not isinstance(index[1], slice):
                raise ArgumentError(
                    f"a ragged tensor is indexed with {index!r:.60}.",
                    fix="Use ragged[i], ragged[a:b] or ragged[:, a:b].",
                )
            return RaggedTensor.from_rows([row[index[1]] for row in self[index[0]]])
        if isinstance(index, Tensor):
            index = int(index)
        return as_ragged_value(as_plain_ragged(self)[index])

    @classmethod
    def from_rows(cls, rows: Sequence[Any], row_splits_dtype: Any = np.int64) -> Any:
        """Returns the ragged tensor of these rows."""
        return as_ragged_value(ragged.RaggedTensor.from_rows([as_plain_ragged(row) for row in rows]))

    def _map(self, function: Callable[[Any], Any]) -> Any:
        return self.with_flat_values(function(self.flat_values))

    def _operate(self, operation: Callable[[Any, Any], Any], other: Any) -> Any:
        if isinstance(other, ragged.RaggedTensor):
            splits = zip(self.nested_row_splits, other.nested_row_splits, strict=False)
            if self.ragged_rank != other.ragged_rank or not all(np.array_equal(a, b) for a, b in splits):
                raise ArgumentError("the rows of two ragged tensors differ in length.", fix="Bring them to one length.")
            return self._map(lambda values: operation(values, as_tensor(_plain(other.flat_values))))
        return self._map(lambda values: operation(values, other))

    def __add__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a + b, other)

    def __radd__(self, other: Any) -> Any:
        return self._operate(lambda a, b: b + a, other)

    def __sub__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a - b, other)

    def __rsub__(self, other: Any) -> Any:
        return self._operate(lambda a, b: b - a, other)

    def __mul__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a * b, other)

    def __rmul__(self, other: Any) -> Any:
        return self._operate(lambda a, b: b * a, other)

    def __truediv__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a / b, other)

    def __eq__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a == b, other)

    def __ne__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a != b, other)

    def __lt__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a < b, other)

    def __le__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a <= b, other)

    def __gt__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a > b, other)

    def __ge__(self, other: Any) -> Any:
        return self._operate(lambda a, b: a >= b, other)

    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return self._map(lambda values: -values)

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self.to_list()!r}, dtype={dtype_name(self.dtype)}>"


def _plain(value: Any) -> np.ndarray:
    return np.asarray(value)


def _splits(value: Any) -> np.ndarray:
    array = to_array(value)
    return array if array.dtype == np.int32 and isinstance(value, Tensor) else array.astype(np.int64)


def _values(value: Any) -> Any:
    return value if isinstance(value, ragged.RaggedTensor) else to_array(value, None, "values")


def as_plain_ragged(value: Any) -> Any:
    """Returns feedline's own ragged tensor for one of these, and a plain array for a tensor."""
    if isinstance(value, ragged.RaggedTensor):
        return ragged.RaggedTensor(as_plain_ragged(value.values), np.asarray(value.row_splits))
    return np.asarray(value)


def as_ragged_value(value: Any) -> Any:
    """Returns a ragged tensor of tensors for feedline's own, and a tensor for an array."""
    if isinstance(value, RaggedTensor):
        return value
    if isinstance(value, ragged.RaggedTensor):
        return RaggedTensor(value.values, value.row_splits)
    return as_tensor(value)
