"""RaggedTensor: feedline's ragged tensor whose parts are tensors with `.numpy()`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from feedline import ragged
from feedline.compat.tf.convert import axis_of, to_array, wholes
from feedline.compat.tf.ragged_making import RaggedMaking, rows_values, splits_dtype
from feedline.compat.tf.shape import TensorShape
from feedline.compat.tf.tensor import Tensor, as_tensor
from feedline.errors import ArgumentError, ShapeError
from feedline.spec import as_dtype, as_shape, dtype_name


class RaggedTensor(RaggedMaking):
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
    _uniform_row_length: int | None = None

    # What NumPy would make of it, an array of objects, is of no use to anyone.
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "row_splits", np.asarray(self.row_splits))
        if not isinstance(self.values, ragged.RaggedTensor):
            object.__setattr__(self, "values", np.asarray(self.values))
        super().__post_init__()
        object.__setattr__(self, "row_splits", as_tensor(self.row_splits))
        object.__setattr__(self, "values", as_ragged_value(self.values))

    @property
    def shape(self) -> TensorShape:
        """The shape, with None for the ragged dimensions."""
        return TensorShape((len(self), self._uniform_row_length, *self.values.shape[1:]))

    def get_shape(self) -> TensorShape:
        """Returns the shape."""
        return self.shape

    @property
    def uniform_row_length(self) -> Tensor | None:
        """The one length that all rows have by the way they were made; None where they may differ."""
        length = self._uniform_row_length
        return None if length is None else as_tensor(np.asarray(length, self.row_splits.dtype))

    @property
    def flat_values(self) -> Tensor:
        """The innermost values."""
        return self.values.flat_values if isinstance(self.values, RaggedTensor) else self.values  # type: ignore[return-value]

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        """Returns the number of rows."""
        return as_tensor(np.asarray(len(self), self.row_splits.dtype if out_type is None else as_dtype(out_type)))

    def row_lengths(self, axis: Any = 1, name: str | None = None) -> Any:
        """Returns the lengths along a dimension.

        Args:
            axis: the dimension: 0 for the number of rows, 1 for the length of each row, a further one for the lengths
                within them, which are ragged themselves.
            name: not used.
        """
        number = axis_of(axis, len(self.shape))
        if number == 0:
            return self.nrows()
        if number == 1:
            return as_tensor(np.diff(np.asarray(self.row_splits)))
        if isinstance(self.values, RaggedTensor):
            return self.with_values(self.values.row_lengths(number - 1))
        shape = self.flat_values.shape
        return self.with_values(np.full(shape[: number - 1], shape[number - 1], self.row_splits.dtype))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Tensor, ...]:
        """Returns the row lengths of every ragged dimension, the outermost first."""
        return tuple(as_tensor(np.diff(np.asarray(splits))) for splits in self.nested_row_splits)

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

    def nested_value_rowids(self, name: str | None = None) -> tuple[Tensor, ...]:
        """Returns the numbers of the rows that the values of every ragged dimension are in, the outermost first."""
        inner = self.values.nested_value_rowids() if isinstance(self.values, RaggedTensor) else ()
        return (self.value_rowids(), *inner)

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Tensor:
        """Returns the shape that `to_tensor` has; with `axis` its length, or lengths, there."""
        longest = [max(np.asarray(lengths).tolist(), default=0) for lengths in self.nested_row_lengths()]
        dtype = self.row_splits.dtype if out_type is None else as_dtype(out_type)
        shape = np.array([len(self), *longest, *self.flat_values.shape[1:]], dtype)
        if axis is None:
            return as_tensor(shape)
        if to_array(axis, None, "axis").ndim:
            return as_tensor(shape[[axis_of(number, len(shape)) for number in wholes(axis, "axis")]])
        return as_tensor(shape[axis_of(axis, len(shape))])

    def with_values(self, new_values: Any) -> RaggedTensor:
        """Returns the ragged tensor with other values in rows of the same lengths.

        Raises:
            ShapeError: there is another number of values.
        """
        values = rows_values(new_values)
        if len(values) != len(self.values):
            raise ShapeError(
                f"there are {len(values)} new values for {len(self.values)}.", fix="Give one for each value."
            )
        return RaggedTensor._with_splits(values, self.row_splits, self._uniform_row_length)

    def with_flat_values(self, new_values: Any) -> RaggedTensor:
        """Returns the ragged tensor with other innermost values in rows of the same lengths."""
        if isinstance(self.values, RaggedTensor):
            return self.with_values(self.values.with_flat_values(new_values))
        return self.with_values(new_values)

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """Returns the ragged tensor with row splits of another dtype."""
        wanted = splits_dtype(dtype)
        values = self.values.with_row_splits_dtype(wanted) if isinstance(self.values, RaggedTensor) else self.values
        return RaggedTensor._with_splits(values, np.asarray(self.row_splits).astype(wanted), self._uniform_row_length)

    def merge_dims(self, outer_axis: Any, inner_axis: Any) -> Any:
        """Returns the ragged tensor, or the tensor, with the dimensions from one to another as a single one.

        Raises:
            ArgumentError: `outer_axis` lies behind `inner_axis`.

        Example:
            >>> import feedline.compat.tf as tf
            >>> tf.ragged.constant([[[1], [2, 3]], []]).merge_dims(1, 2)
            <tf.RaggedTensor [[1, 2, 3], []], dtype=int32>
        """
        from feedline.compat.tf.ragged_parts import merged

        return merged(self, outer_axis, inner_axis)

    def to_tensor(self, default_value: Any = None, name: str | None = None, shape: Any = None) -> Tensor:  # type: ignore[override]
        """Returns a dense tensor, its rows filled up.

        Args:
            default_value: the value to fill up with, of the shape of an innermost value; None for 0 or b"".
            name: not used.
            shape: lengths to fill up, or cut off, to; None in it for the longest row.

        Raises:
            ShapeError: `shape` is of another rank, or `default_value` does not fit.
        """
        bounds = self.bounding_shape().numpy().tolist()
        lengths: list[Any] = [None] * len(bounds) if shape is None else list(as_shape(shape) or [None] * len(bounds))
        if len(lengths) != len(bounds):
            raise ShapeError(
                f"shape is {lengths} for a ragged tensor of {len(bounds)} dimensions.",
                fix="Give a length, or None, for each dimension.",
            )
        lengths = [bound if length is None else length for bound, length in zip(bounds, lengths, strict=True)]
        flat = np.asarray(self.flat_values)
        fill: Any = b"" if flat.dtype == object else 0
        if default_value is not None:
            fill = to_array(default_value, flat.dtype, "default_value")
            inner = flat.shape[1:]
            if fill.ndim > len(inner) or np.broadcast_shapes(fill.shape, inner) != inner:
                raise ShapeError(
                    f"default_value has the shape {fill.shape}, and the values {inner}.", fix="Give one of their shape."
                )
        dense = np.empty(lengths, flat.dtype)
        dense[...] = fill
        from feedline.compat.tf.ragged_parts import coordinates

        outer = coordinates(self)
        inside = np.ones(len(flat), bool)
        for places, length in zip(outer, lengths, strict=False):
            inside &= places < length
        kept: tuple[Any, ...] = tuple(
            slice(0, min(length, have)) for length, have in zip(lengths[len(outer) :], flat.shape[1:], strict=True)
        )
        target: tuple[Any, ...] = (*(places[inside] for places in outer), *kept)
        dense[target] = flat[inside][(slice(None), *kept)]
        return as_tensor(dense)

    def to_padded(self, default_value: Any = None, shape: Any = None) -> Any:
        """Returns a dense tensor, its rows filled up, and where its values are; see `feedline.RaggedTensor`."""
        fill = None if default_value is None else to_array(default_value, self.dtype, "default_value")[()]
        dense, mask = as_plain_ragged(self).to_padded(fill, shape)
        return as_tensor(dense), as_tensor(mask)

    def to_sparse(self, name: str | None = None) -> Any:
        """Returns a sparse tensor of the values, zeros too."""
        from feedline.compat.tf.ragged_parts import as_sparse

        return as_sparse(self)

    def numpy(self) -> np.ndarray:
        """Returns an object array of the rows; a dense one where all have one length."""
        return as_plain_ragged(self).numpy()

    def to_list(self) -> list:
        """Returns nested lists."""
        return as_plain_ragged(self).to_list()

    def __getitem__(self, key: Any) -> Any:
        from feedline.compat.tf.ragged_parts import picked

        return picked(self, key)

    @classmethod
    def from_rows(cls, rows: Sequence[Any], row_splits_dtype: Any = np.int64) -> Any:
        """Returns the ragged tensor of these rows."""
        made = ragged.RaggedTensor.from_rows([as_plain_ragged(row) for row in rows], row_splits_dtype)
        return as_ragged_value(made)

    def _operate(self, operation: str, other: Any, reflected: bool = False) -> Any:
        from feedline.compat.tf.arithmetic import operate

        if other is None:
            return NotImplemented
        return operate(operation, other, self) if reflected else operate(operation, self, other)

    def __add__(self, other: Any) -> Any:
        return self._operate("add", other)

    def __radd__(self, other: Any) -> Any:
        return self._operate("add", other, True)

    def __sub__(self, other: Any) -> Any:
        return self._operate("subtract", other)

    def __rsub__(self, other: Any) -> Any:
        return self._operate("subtract", other, True)

    def __mul__(self, other: Any) -> Any:
        return self._operate("multiply", other)

    def __rmul__(self, other: Any) -> Any:
        return self._operate("multiply", other, True)

    def __truediv__(self, other: Any) -> Any:
        return self._operate("divide", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._operate("divide", other, True)

    def __floordiv__(self, other: Any) -> Any:
        return self._operate("floordiv", other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._operate("floordiv", other, True)

    def __mod__(self, other: Any) -> Any:
        return self._operate("floormod", other)

    def __rmod__(self, other: Any) -> Any:
        return self._operate("floormod", other, True)

    def __pow__(self, other: Any) -> Any:
        return self._operate("pow", other)

    def __rpow__(self, other: Any) -> Any:
        return self._operate("pow", other, True)

    def __and__(self, other: Any) -> Any:
        return self._operate("bitwise_and", other)

    def __rand__(self, other: Any) -> Any:
        return self._operate("bitwise_and", other, True)

    def __or__(self, other: Any) -> Any:
        return self._operate("bitwise_or", other)

    def __ror__(self, other: Any) -> Any:
        return self._operate("bitwise_or", other, True)

    def __xor__(self, other: Any) -> Any:
        return self._operate("bitwise_xor", other)

    def __rxor__(self, other: Any) -> Any:
        return self._operate("bitwise_xor", other, True)

    def __lt__(self, other: Any) -> Any:
        return self._operate("less", other)

    def __le__(self, other: Any) -> Any:
        return self._operate("less_equal", other)

    def __gt__(self, other: Any) -> Any:
        return self._operate("greater", other)

    def __ge__(self, other: Any) -> Any:
        return self._operate("greater_equal", other)

    def __eq__(self, other: Any) -> Any:
        return self._compare("equal", other)

    def __ne__(self, other: Any) -> Any:
        return self._compare("not_equal", other)

    def _compare(self, operation: str, other: Any) -> Any:
        """Compares as `==` does: with None, and where the rows do not fit, the answer is one for the whole."""
        if other is None:
            return operation == "not_equal"
        try:
            return self._operate(operation, other)
        except ShapeError:
            return operation == "not_equal"

    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return self.on_flat_values(lambda values: -values)

    def __abs__(self) -> Any:
        return self.on_flat_values(abs)

    def __invert__(self) -> Any:
        return self.on_flat_values(lambda values: ~values)

    def __bool__(self) -> bool:
        raise ArgumentError("a ragged tensor is neither true nor false.", fix="Use tf.reduce_all or tf.reduce_any.")

    def on_flat_values(self, function: Callable[[Tensor], Any]) -> Any:
        """Returns the ragged tensor with what a function makes of its innermost values, in the same rows."""
        return self.with_flat_values(function(self.flat_values))

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self.to_list()!r}, dtype={dtype_name(self.dtype)}>"


def by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function of a tensor and further arguments, for a ragged tensor done to its innermost values."""

    @functools.wraps(function)
    def called(values: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(values, RaggedTensor):
            return values.on_flat_values(lambda flat: function(flat, *args, **kwargs))
        return function(values, *args, **kwargs)

    return called


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
