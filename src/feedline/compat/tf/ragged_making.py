"""How ragged tensors are made of values and of what says where their rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from feedline import ragged
from feedline.compat.tf.convert import to_array, whole
from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import as_dtype, dtype_name


class RaggedMaking(ragged.RaggedTensor):
    """The ways to make a ragged tensor, which `tf.RaggedTensor` has as class methods.

    `validate` is not used in any of them: what says where the rows are is always checked.
    """

    @classmethod
    def _with_splits(cls, values: Any, row_splits: Any, uniform_row_length: int | None = None) -> Self:
        """Returns the ragged tensor of values that need no looking at, and row splits.

        Args:
            values: all rows, one after the other.
            row_splits: where each row starts, and the last ends.
            uniform_row_length: the one length that all rows have by the way they were made, None where they may differ.
        """
        made = cls(values, row_splits)
        object.__setattr__(made, "_uniform_row_length", uniform_row_length)
        return made

    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True) -> Self:
        """Returns the ragged tensor whose rows start and end at these places.

        Raises:
            ArgumentError: the row splits do not rise from 0 to the number of values.

        Example:
            >>> import feedline.compat.tf as tf
            >>> tf.RaggedTensor.from_row_splits([1, 2, 3], [0, 2, 3])
            <tf.RaggedTensor [[1, 2], [3]], dtype=int32>
        """
        return cls._with_splits(rows_values(values), positions(row_splits, "row_splits"))

    @classmethod
    def from_row_lengths(  # type: ignore[override]  # TensorFlow's arguments
        cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> Self:
        """Returns the ragged tensor whose rows have these lengths.

        Raises:
            ArgumentError: a length is negative, or they do not add up to the number of values.
        """
        lengths = positions(row_lengths, "row_lengths")
        return cls.from_row_splits(values, splits_of(lengths))

    @classmethod
    def from_row_starts(cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True) -> Self:
        """Returns the ragged tensor whose rows start at these places, each ending where the next starts.

        Raises:
            ArgumentError: the starts do not rise from 0 to the number of values at the most.
        """
        inner = rows_values(values)
        starts = positions(row_starts, "row_starts")
        return cls.from_row_splits(inner, np.append(starts, starts.dtype.type(len(inner))))

    @classmethod
    def from_row_limits(cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True) -> Self:
        """Returns the ragged tensor whose rows end at these places, each starting where the one before ends.

        Raises:
            ArgumentError: the limits do not rise to the number of values.
        """
        limits = positions(row_limits, "row_limits")
        return cls.from_row_splits(values, np.concatenate([np.zeros(1, limits.dtype), limits]))

    @classmethod
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True
    ) -> Self:
        """Returns the ragged tensor for which the number of each value's row is given, in rising order.

        Args:
            values: the values.
            value_rowids: the number of each one's row.
            nrows: how many rows there are; None for as many as have values.
            name: not used.
            validate: not used.

        Raises:
            ArgumentError: the numbers do not rise, there are more or fewer than values, or one is not below `nrows`.
        """
        rows = positions(value_rowids, "value_rowids")
        inner = rows_values(values)
        count = whole(nrows, "nrows") if nrows is not None else int(rows[-1]) + 1 if len(rows) else 0
        if (np.diff(rows) < 0).any() or (len(rows) and (rows[0] < 0 or rows[-1] >= count)) or len(rows) != len(inner):
            raise ArgumentError(
                f"value_rowids must rise, from 0 to below nrows ({count}), one for each of the {len(inner)} values.",
                fix="Sort the values by row.",
            )
        return cls.from_row_lengths(inner, np.bincount(rows, minlength=count).astype(rows.dtype))

    @classmethod
    def from_uniform_row_length(
        cls, values: Any, uniform_row_length: Any, nrows: Any = None, validate: bool = True, name: str | None = None
    ) -> Self:
        """Returns the ragged tensor whose rows all have one length.

        Args:
            values: the values.
            uniform_row_length: the length.
            nrows: how many rows there are, which must be said where the length is 0.
            validate: not used.
            name: not used.

        Raises:
            ArgumentError: the values do not fill the rows.

        Example:
            >>> import feedline.compat.tf as tf
            >>> tf.RaggedTensor.from_uniform_row_length([1, 2, 3, 4], 2).shape
            TensorShape([2, 2])
        """
        inner = rows_values(values)
        length = whole(uniform_row_length, "uniform_row_length")
        if nrows is not None:
            count = whole(nrows, "nrows")
        else:
            count = len(inner) // length if length > 0 else 0
        if length < 0 or count * length != len(inner):
            raise ArgumentError(
                f"{count} rows of {length} values are not {len(inner)} values.",
                fix="Give a length that divides the number of values, and nrows where it is 0.",
            )
        dtype = _array_of(uniform_row_length, np.int64).dtype
        return cls._with_splits(inner, np.arange(count + 1, dtype=dtype) * dtype.type(length), length)

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        """Returns the ragged tensor of innermost values and the row splits of each dimension, the outermost first."""
        made = flat_values
        for splits in reversed(_listed(nested_row_splits, "nested_row_splits")):
            made = cls.from_row_splits(made, splits)
        return made

    @classmethod
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        """Returns the ragged tensor of innermost values and the row lengths of each dimension, the outermost first."""
        made = flat_values
        for lengths in reversed(_listed(nested_row_lengths, "nested_row_lengths")):
            made = cls.from_row_lengths(made, lengths)
        return made

    @classmethod
    def from_nested_value_rowids(
        cls, flat_values: Any, nested_value_rowids: Any, nested_nrows: Any = None, name: str | None = None,
        validate: bool = True,
    ) -> Any:  # fmt: skip
        """Returns the ragged tensor of innermost values and, for each dimension, the numbers of the rows they are in.

        Args:
            flat_values: the innermost values.
            nested_value_rowids: a list of what `from_value_rowids` takes, the outermost dimension first.
            nested_nrows: the number of rows for each of them; None for as many as have values.
            name: not used.
            validate: not used.
        """
        ids = _listed(nested_value_rowids, "nested_value_rowids")
        counts = [None] * len(ids) if nested_nrows is None else _listed(nested_nrows, "nested_nrows")
        if len(counts) != len(ids):
            raise ArgumentError(
                f"nested_nrows has {len(counts)} numbers for {len(ids)} dimensions.", fix="Give one for each dimension."
            )
        made = flat_values
        for numbers, count in zip(reversed(ids), reversed(counts), strict=True):
            made = cls.from_value_rowids(made, numbers, count)
        return made

    @classmethod
    def from_tensor(
        cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1, name: str | None = None,
        row_splits_dtype: Any = np.int64,
    ) -> Self:  # fmt: skip
        """Returns a dense tensor as a ragged one.

        Args:
            tensor: a tensor of rank 2 or more.
            lengths: how much of each row there is; a list of such lengths, one for each ragged dimension, the outermost
                first; None for all.
            padding: the value at the end of the innermost ragged dimension's rows that is left out.
            ragged_rank: how many dimensions behind the first are ragged.
            name: not used.
            row_splits_dtype: the dtype of the row splits.

        Raises:
            ShapeError: the tensor has too few dimensions, or lengths or padding do not fit it.
            ArgumentError: `lengths` and `padding` are given, or there is no such `ragged_rank`.

        Example:
            >>> import feedline.compat.tf as tf
            >>> tf.RaggedTensor.from_tensor([[1, 0, 2, 0], [0, 0, 0, 0]], padding=0)
            <tf.RaggedTensor [[1, 0, 2], []], dtype=int32>
        """
        array, dtype = to_array(tensor, None, "tensor"), splits_dtype(row_splits_dtype)
        if lengths is not None and padding is not None:
            raise ArgumentError("from_tensor was given lengths and padding.", fix="Give one of them.")
        rank = whole(ragged_rank, "ragged_rank")
        nested = isinstance(lengths, list | tuple) and len(lengths) > 0 and not isinstance(lengths[0], int | float)
        if nested and rank == 1:
            rank = len(lengths)
        if rank < 1 or (nested and rank != len(lengths)):
            raise ArgumentError(
                f"ragged_rank is {rank}" + (f", and lengths has {len(lengths)} dimensions." if nested else "."),
                fix="Give the number of ragged dimensions, from 1.",
            )
        if array.ndim < max(2, rank + 1):
            raise ShapeError(
                f"a tensor of shape {array.shape} has no {rank + 1} dimensions.",
                fix="Give a tensor with a dimension of rows before each ragged one.",
            )
        if nested:
            return _cut_to_nested_lengths(cls, array, [positions(part, "lengths") for part in lengths])
        rows = array.reshape(-1, *array.shape[rank:])
        made = _cut_rows(cls, rows, lengths, padding, dtype)
        for axis in range(rank - 1, 0, -1):
            count = int(np.prod(array.shape[:axis], dtype=np.int64))
            splits = np.arange(count + 1, dtype=dtype) * dtype.type(array.shape[axis])
            made = cls._with_splits(made, splits, array.shape[axis])
        return made

    @classmethod
    def from_sparse(cls, st_input: Any, name: str | None = None, row_splits_dtype: Any = np.int64) -> Self:
        """Returns a sparse tensor of rank 2, whose values stand at the beginning of its rows, as a ragged one.

        Raises:
            ShapeError: it is of another rank.
            ArgumentError: there is a gap before a value, or the values are out of order.
        """
        if not hasattr(st_input, "dense_shape"):
            raise DtypeError("from_sparse is for sparse tensors.", fix="Use tf.RaggedTensor.from_tensor.")
        indices, shape = np.asarray(st_input.indices), np.asarray(st_input.dense_shape)
        if len(shape) != 2:
            raise ShapeError(f"the sparse tensor has the shape {tuple(shape.tolist())}.", fix="Give one of rank 2.")
        lengths = np.bincount(indices[:, 0], minlength=int(shape[0]))
        starts = np.repeat(splits_of(lengths)[:-1], lengths)
        if not np.array_equal(indices[:, 1], np.arange(len(indices)) - starts) or (np.diff(indices[:, 0]) < 0).any():
            raise ArgumentError(
                "the values of the sparse tensor do not stand at the beginning of its rows, in order.",
                fix="Use tf.sparse.to_dense, or tf.sparse.reorder first.",
            )
        return cls.from_row_lengths(np.asarray(st_input.values), lengths.astype(splits_dtype(row_splits_dtype)))


def rows_values(value: Any) -> Any:
    """Returns the values of rows: a ragged tensor as it is, everything else as an array of rank 1 or more.

    Raises:
        ShapeError: it is a single value.
    """
    if isinstance(value, ragged.RaggedTensor):
        return value
    array = to_array(value, None, "values")
    if array.ndim == 0:
        raise ShapeError("values is a single value, and not a row of them.", fix="Give a list.")
    return array


def positions(value: Any, name: str) -> np.ndarray:
    """Returns an argument that says where rows are: a row of whole numbers, int64 unless it is an array of int32.

    Raises:
        DtypeError: it is of another dtype.
        ShapeError: it is no row.
    """
    array = _array_of(value, np.int64)
    if array.size == 0 and not isinstance(value, np.ndarray):
        array = array.astype(np.int64)
    if array.dtype not in (np.int32, np.int64):
        raise DtypeError(f"{name} is {dtype_name(array.dtype)}, not int64 or int32.", fix="Use tf.cast first.")
    if array.ndim != 1:
        raise ShapeError(f"{name} has the shape {array.shape}.", fix="Give a list of whole numbers.")
    return array


def _array_of(value: Any, whole_numbers: Any) -> np.ndarray:
    array = to_array(value)
    return array if isinstance(value, np.ndarray) or array.dtype != np.int32 else array.astype(whole_numbers)


def splits_of(lengths: np.ndarray) -> np.ndarray:
    """Returns where rows of these lengths start, and the last ends."""
    splits = np.zeros(len(lengths) + 1, lengths.dtype)
    np.cumsum(lengths, out=splits[1:])
    return splits


def splits_dtype(dtype: Any) -> np.dtype:
    """Returns a dtype for row splits.

    Raises:
        DtypeError: it is neither int32 nor int64.
    """
    found = as_dtype(dtype)
    if found not in (np.int32, np.int64):
        raise DtypeError(f"row splits cannot be {dtype_name(found)}.", fix="Give tf.int64 or tf.int32.")
    return found


def _listed(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ArgumentError(f"{name} is {value!r:.60}.", fix="Give a list of arrays, one for each ragged dimension.")
    return value


def _cut_rows(cls: Any, array: np.ndarray, lengths: Any, padding: Any, dtype: np.dtype) -> Any:
    """Returns the rows of an array as a ragged tensor, cut to lengths or without padding at their ends."""
    width = array.shape[1]
    if lengths is None and padding is None:
        splits = np.arange(len(array) + 1, dtype=dtype) * dtype.type(width)
        return cls._with_splits(array.reshape(-1, *array.shape[2:]), splits, width)
    if lengths is not None:
        wanted = to_array(lengths, None, "lengths")
        if wanted.shape != (len(array),):
            raise ShapeError(
                f"lengths has the shape {wanted.shape} for {len(array)} rows.", fix="Give one length for each row."
            )
        kept = np.clip(wanted.astype(np.int64), 0, width)
    else:
        fill = to_array(padding, array.dtype, "padding")
        if fill.shape != array.shape[2:]:
            raise ShapeError(
                f"padding has the shape {fill.shape}, and the values {array.shape[2:]}.", fix="Give one of their shape."
            )
        unequal: Any = np.asarray(array != fill, bool)
        other = unequal.reshape(*array.shape[:2], -1).any(axis=2)
        kept = np.where(other.any(axis=1), width - np.argmax(other[:, ::-1], axis=1), 0) if width else np.zeros(0, int)
        kept = kept if len(kept) == len(array) else np.zeros(len(array), np.int64)
    inside = np.arange(width) < kept[:, None]
    return cls._with_splits(array[inside], splits_of(kept.astype(dtype)))


def _cut_to_nested_lengths(cls: Any, array: np.ndarray, lengths: list[np.ndarray]) -> Any:
    """Returns what is left of an array where each ragged dimension is cut to lengths."""
    filled = cls.from_nested_row_lengths(np.ones(int(lengths[-1].sum()), bool), lengths)
    inside = np.asarray(filled.to_tensor(False))
    if inside.shape != array.shape[: inside.ndim]:
        raise ShapeError(
            f"lengths describe the shape {inside.shape}, and the tensor has {array.shape}.",
            fix="Give lengths whose longest rows fill the tensor.",
        )
    return cls.from_nested_row_lengths(array[inside], lengths)
