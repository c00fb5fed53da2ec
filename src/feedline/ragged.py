"""RaggedTensor: rows of different lengths, as values and row splits.

The layout is `tf.RaggedTensor`'s: row i is `values[row_splits[i]:row_splits[i + 1]]`; `values` may itself be ragged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from feedline.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False, repr=False)
class RaggedTensor:
    """Rows of different lengths.

    Args:
        values: all rows, one after the other: an array `(total, ...)`, or another `RaggedTensor`.
        row_splits: where each row starts and the last ends: integers `(rows + 1,)`, rising from 0 to `len(values)`.

    Raises:
        ArgumentError: the row splits do not rise from 0 to the number of values.

    Example:
        >>> ragged = RaggedTensor(np.array([1, 2, 3]), np.array([0, 2, 2, 3]))
        >>> ragged.to_list()
        [[1, 2], [], [3]]
        >>> ragged.to_tensor()
        array([[1, 2],
               [0, 0],
               [3, 0]])
    """

    values: np.ndarray | RaggedTensor
    row_splits: np.ndarray

    def __post_init__(self) -> None:
        splits = np.asarray(self.row_splits)
        object.__setattr__(self, "row_splits", splits)
        if not isinstance(self.values, RaggedTensor):
            object.__setattr__(self, "values", np.asarray(self.values))
        if (
            splits.ndim != 1
            or len(splits) == 0
            or splits[0] != 0
            or splits[-1] != len(self.values)
            or np.any(splits[1:] < splits[:-1])
        ):
            raise ArgumentError(
                f"row_splits must rise from 0 to the number of values ({len(self.values)}), got {splits!r}.",
                fix="Give the start of each row and the end of the last.",
            )

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, row_splits_dtype: Any = np.int64) -> RaggedTensor:
        """Returns the ragged tensor whose rows have these lengths."""
        lengths = np.asarray(row_lengths)
        splits = np.zeros(len(lengths) + 1, row_splits_dtype)
        np.cumsum(lengths, out=splits[1:])
        return cls(values, splits)

    @classmethod
    def from_rows(cls, rows: Sequence[np.ndarray | RaggedTensor], row_splits_dtype: Any = np.int64) -> RaggedTensor:
        """Returns the ragged tensor of these rows, which agree in dtype and in all dimensions but the first.

        Raises:
            ShapeError: the rows differ in more than their length.
        """
        lengths = [len(row) for row in rows]
        if rows and isinstance(rows[0], RaggedTensor):
            ragged = cast("Sequence[RaggedTensor]", rows)
            inner = cls.from_row_lengths(
                _concatenate([row.values for row in ragged]),
                np.concatenate([row.row_lengths() for row in ragged]),
                row_splits_dtype,
            )
            return cls.from_row_lengths(inner, lengths, row_splits_dtype)
        return cls.from_row_lengths(_concatenate(list(rows)), lengths, row_splits_dtype)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the values."""
        return self.values.dtype

    @property
    def ragged_rank(self) -> int:
        """How many dimensions are ragged."""
        return 1 + (self.values.ragged_rank if isinstance(self.values, RaggedTensor) else 0)

    @property
    def flat_values(self) -> np.ndarray:
        """The innermost values, an array."""
        return self.values.flat_values if isinstance(self.values, RaggedTensor) else self.values

    @property
    def nested_row_splits(self) -> tuple[np.ndarray, ...]:
        """The row splits of every ragged dimension, the outermost first."""
        inner = self.values.nested_row_splits if isinstance(self.values, RaggedTensor) else ()
        return (self.row_splits, *inner)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape, with None for the ragged dimensions."""
        return (len(self), None, *self.values.shape[1:])

    def row_lengths(self) -> np.ndarray:
        """The length of each row, `(rows,)`."""
        return np.diff(self.row_splits)

    def __len__(self) -> int:
        return len(self.row_splits) - 1

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return RaggedTensor.from_rows([self[i] for i in range(start, stop, step)])
            stop = max(start, stop)
            splits = self.row_splits[start : stop + 1]
            return RaggedTensor(self.values[int(splits[0]) : int(splits[-1])], splits - splits[0])
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of a ragged tensor with {len(self)} rows")
        index %= len(self)
        return self.values[int(self.row_splits[index]) : int(self.row_splits[index + 1])]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def to_list(self) -> list:
        """Returns nested lists."""
        return [row.to_list() if isinstance(row, RaggedTensor) else row.tolist() for row in self]

    def to_tensor(self, default_value: Any = None, shape: Any = None) -> np.ndarray:
        """Returns a dense array, its rows filled up with `default_value` (0, or b"" for strings).

        Args:
            default_value: the value to fill up with.
            shape: lengths to fill up, or cut off, to; None for the longest row.
        """
        if default_value is None:
            default_value = b"" if self.dtype == object else np.zeros((), self.dtype)[()]
        shape = tuple(shape) if shape is not None else (None,) * len(self.shape)
        rows = [row.to_tensor(default_value, shape[1:]) if isinstance(row, RaggedTensor) else row for row in self]
        tail = [max((row.shape[axis] for row in rows), default=0) for axis in range(len(self.shape) - 1)]
        if not rows:
            tail = [0 if length is None else length for length in self.shape[1:]]
        dims = [self.__len__(), *tail]
        dims = [got if wanted is None else wanted for wanted, got in zip(shape, dims, strict=True)]
        dense = np.full(dims, default_value, self.dtype)
        for target, row in zip(dense, rows, strict=False):
            region = tuple(slice(0, min(a, b)) for a, b in zip(target.shape, row.shape, strict=True))
            target[region] = row[region]
        return dense

    def to_padded(self, default_value: Any = None, shape: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns a dense array, its rows filled up, and where its values are, for models that take a mask.

        In `map`, `lambda x, y: (x, *y.to_padded())` gives labels, and weights for them that leave out what was filled
        up; `lambda x, y: (x.to_padded(), y)` gives a model of two inputs the values and their mask.

        Args:
            default_value: the value to fill up with; 0, or b"" for strings, when left out.
            shape: lengths to fill up, or cut off, to; None for the longest row.

        Returns:
            The array, as `to_tensor` gives it, and an array of bool: the array's shape without the dimensions that are
            dense in this tensor.

        Example:
            >>> dense, mask = RaggedTensor(np.array([1, 2, 3]), np.array([0, 2, 3])).to_padded(-1)
            >>> dense.tolist(), mask.tolist()
            ([[1, 2], [3, -1]], [[True, True], [True, False]])
        """
        there = self._with_flat_values(np.ones(len(self.flat_values), np.bool_))
        lengths = None if shape is None else tuple(shape)[: len(there.shape)]
        return self.to_tensor(default_value, shape), there.to_tensor(False, lengths)

    def to_torch(self, device: Any = None) -> torch.Tensor:
        """Returns PyTorch's nested tensor of this, in its jagged layout; on the CPU it shares the values' memory.

        Args:
            device: where it is wanted; None for the CPU.

        Raises:
            MissingPackageError: PyTorch is not installed.
            StructureError: more than one dimension is ragged, which PyTorch does not have.
            DtypeError: PyTorch has no such dtype.

        Example:
            >>> nested = RaggedTensor(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 3])).to_torch()
            >>> nested.is_nested, [row.tolist() for row in nested.unbind()]
            (True, [[1.0, 2.0], [3.0]])
        """
        from feedline.torch import tensor_of

        return tensor_of(self, device)

    def to_jax(self, device: Any = None) -> tuple[Any, Any]:
        """Returns the values and the row splits as JAX arrays: JAX has no ragged arrays.

        Args:
            device: where they are wanted; None for JAX's default device.

        Returns:
            (values, row_splits); the values are such a pair again where more than one dimension is ragged.

        Raises:
            MissingPackageError: JAX is not installed.
            DtypeError: an integer does not fit the 32 bits that JAX has for it, or the values are strings.

        Example:
            >>> values, row_splits = RaggedTensor(np.array([1, 2, 3]), np.array([0, 2, 3])).to_jax()
            >>> values.tolist(), row_splits.tolist()
            ([1, 2, 3], [0, 2, 3])
        """
        from feedline.jax import arrays_of

        return arrays_of(self, device)

    def numpy(self) -> np.ndarray:
        """Returns an object array of the rows (a dense array where all rows have one length), as TensorFlow does."""
        rows = [row.numpy() if isinstance(row, RaggedTensor) else row for row in self]
        if len({row.shape for row in rows}) == 1:
            return np.stack(rows)
        array = np.empty(len(rows), object)
        array[:] = rows
        return array

    def _with_flat_values(self, values: np.ndarray) -> RaggedTensor:
        inner = self.values._with_flat_values(values) if isinstance(self.values, RaggedTensor) else values
        return RaggedTensor(inner, self.row_splits)

    def __repr__(self) -> str:
        return f"RaggedTensor({self.to_list()!r}, dtype={self.dtype.name})"


def _concatenate(parts: list) -> Any:
    if parts and isinstance(parts[0], RaggedTensor):
        return RaggedTensor.from_row_lengths(
            _concatenate([part.values for part in parts]), np.concatenate([part.row_lengths() for part in parts])
        )
    if not parts:
        return np.zeros(0, np.float32)
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise ShapeError(
            f"rows of a ragged tensor differ in more than their length: {sorted(shapes)}.",
            fix="Make all dimensions but the first equal.",
        )
    return np.concatenate(parts)
