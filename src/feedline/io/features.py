"""What to read from a `tf.train.Example`: one class for each way in which a feature can become an array.

A feature holds a list of int64, float32 or string values and nothing else: these are the dtypes that can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from feedline.errors import ArgumentError, DtypeError
from feedline.spec import as_dtype, as_shape, dtype_name, float32, int32, int64, string

_DTYPES = (int64, float32, string)


def _feature_dtype(dtype: Any) -> np.dtype:
    if dtype is None:
        raise DtypeError("the feature has no dtype.", fix='Give "int64", "float32" or "string".')
    found = as_dtype(dtype)
    if found not in _DTYPES:
        name = dtype_name(found)
        stored = "float32" if found.kind in "fc" else "int64"
        raise DtypeError(
            f"an Example holds int64, float32 and string values, not {name}.",
            fix=f'Read the feature as "{stored}", then feedline.cast(value, "{name}").',
        )
    return found


def _fixed_shape(shape: Any, owner: str) -> tuple[int, ...]:
    if shape is None:
        raise ArgumentError(f"{owner} has no shape.", fix="Give the shape of one record's value; [] for a scalar.")
    found = as_shape(shape)
    assert found is not None
    if None in found:
        raise ArgumentError(
            f"{owner} has the shape {found}, whose lengths are not all known.",
            fix="Use FixedLenSequenceFeature (without that first dimension), VarLenFeature or RaggedFeature.",
        )
    return found  # type: ignore[return-value]


def _default(value: Any, dtype: np.dtype, shape: tuple[int, ...], owner: str) -> np.ndarray | None:
    """Returns a default value as an array of this dtype and shape, or None if there is none.

    Raises:
        ArgumentError: the value has another number of elements, or does not fit the dtype exactly.
    """
    if value is None:
        return None
    if dtype == string:
        array = np.array(value.tolist() if isinstance(value, np.ndarray) else value, object)
        for index, item in np.ndenumerate(array):
            array[index] = item.encode() if isinstance(item, str) else item
        if any(not isinstance(item, bytes) for item in array.flat):
            raise ArgumentError(
                f"{owner} is of strings, but its default_value is {value!r}.", fix='Give bytes, such as b"".'
            )
    else:
        array = np.asarray(value)
        number = array.dtype.kind in "iub" or (dtype == float32 and array.dtype.kind == "f")
        with np.errstate(over="ignore"):
            cast = array.astype(dtype) if number or array.size == 0 else array
        overflow = number and (np.any(cast != array) if dtype == int64 else np.any(np.isinf(cast) & np.isfinite(array)))
        if (not number and array.size > 0) or overflow:
            raise ArgumentError(
                f"{owner} is of dtype {dtype_name(dtype)}, but its default_value is {value!r}.",
                fix=f"Give a value that {dtype_name(dtype)} holds.",
            )
        array = cast
    if array.size != int(np.prod(shape, dtype=np.int64)):
        raise ArgumentError(
            f"{owner} has the shape {shape}, but its default_value has {array.size} elements.",
            fix=f"Give a default_value of the shape {shape}.",
        )
    array = array.reshape(shape)
    array.flags.writeable = False
    return array


class _Feature:
    """What all features share: equality and a hash by content, so that a compiled parser is found again."""

    _identity: tuple
    _hash: int

    def _seal(self, *parts: Any) -> None:
        identity = (type(self).__name__, *parts)
        object.__setattr__(self, "_identity", identity)
        object.__setattr__(self, "_hash", hash(identity))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Feature) and self._identity == other._identity)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple:
        return (type(self), tuple(getattr(self, field.name) for field in fields(self)))  # type: ignore[arg-type]


def _contents(default: np.ndarray | None) -> Any:
    if default is None:
        return None
    return tuple(default.ravel().tolist()) if default.dtype == string else default.tobytes()


def _set(feature: Any, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(feature, name, value)


@dataclass(frozen=True, eq=False)
class FixedLenFeature(_Feature):
    """A feature that has the same number of values in every record: it becomes a dense array.

    Args:
        shape: the shape of one record's value; `[]` for a scalar.
        dtype: int64, float32 or string.
        default_value: the value of a record that lacks the feature; None makes that an error.

    Raises:
        DtypeError: the dtype is none of these three.
        ArgumentError: the shape is not known, or the default value does not fit shape and dtype.

    Example:
        >>> FixedLenFeature([28, 28], "float32")
        FixedLenFeature(shape=(28, 28), dtype=dtype('float32'), default_value=None)
    """

    shape: Any
    dtype: Any
    default_value: Any = None

    def __post_init__(self) -> None:
        dtype = _feature_dtype(self.dtype)
        shape = _fixed_shape(self.shape, "the FixedLenFeature")
        default = _default(self.default_value, dtype, shape, "the FixedLenFeature")
        _set(self, dtype=dtype, shape=shape, default_value=default)
        self._seal(shape, dtype.str, _contents(default))


@dataclass(frozen=True, eq=False)
class VarLenFeature(_Feature):
    """A feature with any number of values: it becomes a `feedline.SparseTensor`.

    Args:
        dtype: int64, float32 or string.
    """

    dtype: Any

    def __post_init__(self) -> None:
        _set(self, dtype=_feature_dtype(self.dtype))
        self._seal(self.dtype.str)


@dataclass(frozen=True, eq=False)
class FixedLenSequenceFeature(_Feature):
    """A feature with any number of rows of one shape: it becomes a dense array, padded to the longest in the batch.

    Args:
        shape: the shape of one row; `[]` for a scalar.
        dtype: int64, float32 or string.
        allow_missing: whether a record may lack the feature; `parse_example` reads no other.
        default_value: the value to pad with: a scalar; None for 0 or b"".

    Raises:
        DtypeError: the dtype is none of these three.
        ArgumentError: the shape is not known or holds nothing, or the default value is no scalar of the dtype.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None

    def __post_init__(self) -> None:
        dtype = _feature_dtype(self.dtype)
        shape = _fixed_shape(self.shape, "the FixedLenSequenceFeature")
        if 0 in shape:
            raise ArgumentError(
                f"the FixedLenSequenceFeature has the shape {shape}, which holds no value.",
                fix="Give a shape without a 0: the number of rows is the number of values divided by its size.",
            )
        default = _default(self.default_value, dtype, (), "the padding of the FixedLenSequenceFeature")
        _set(self, dtype=dtype, shape=shape, default_value=default, allow_missing=bool(self.allow_missing))
        self._seal(shape, dtype.str, self.allow_missing, _contents(default))


@dataclass(frozen=True)
class _Partition:
    """How values are cut into rows, by the values of another feature."""

    key: str

    def __post_init__(self) -> None:
        if not isinstance(self.key, str) or not self.key:
            raise ArgumentError(
                f"a partition's key is a feature's name, not {self.key!r}.", fix="Give the name as a str."
            )


class RowSplits(_Partition):
    """The feature `key` holds where each row starts, and where the last ends."""


class RowLengths(_Partition):
    """The feature `key` holds the length of each row."""


class RowStarts(_Partition):
    """The feature `key` holds where each row starts; the last ends with the values."""


class RowLimits(_Partition):
    """The feature `key` holds where each row ends; the first starts at 0."""


class ValueRowIds(_Partition):
    """The feature `key` holds the row that each value is in, in rising order."""


@dataclass(frozen=True)
class UniformRowLength:
    """Every row has `length` values."""

    length: int

    def __post_init__(self) -> None:
        if not isinstance(self.length, int | np.integer) or self.length < 1:
            raise ArgumentError(f"UniformRowLength({self.length!r}) makes no rows.", fix="Give a length of 1 or more.")


@dataclass(frozen=True, eq=False)
class RaggedFeature(_Feature):
    """A feature with any number of values, cut into rows: it becomes a `feedline.RaggedTensor`.

    Args:
        dtype: int64, float32 or string.
        value_key: the feature that holds the values; None for the one it is named after.
        partitions: how the values are cut into rows, the outermost dimension first: `RaggedFeature.RowSplits(key)`,
            `RowLengths`, `RowStarts`, `RowLimits`, `ValueRowIds` (each by the values of the feature `key`), or
            `UniformRowLength(length)`.
        row_splits_dtype: int32 or int64.
        validate: accepted for TensorFlow's sake; partitions are always checked.

    Raises:
        DtypeError: a dtype is none of these.
        ArgumentError: a partition is none of these classes.

    Example:
        >>> RaggedFeature("int64", partitions=[RaggedFeature.RowLengths("sizes")]).partitions
        (RowLengths(key='sizes'),)
    """

    RowSplits: ClassVar = RowSplits
    RowLengths: ClassVar = RowLengths
    RowStarts: ClassVar = RowStarts
    RowLimits: ClassVar = RowLimits
    ValueRowIds: ClassVar = ValueRowIds
    UniformRowLength: ClassVar = UniformRowLength

    dtype: Any
    value_key: str | None = None
    partitions: Sequence[Any] = ()
    row_splits_dtype: Any = int32
    validate: bool = False

    def __post_init__(self) -> None:
        splits = as_dtype(self.row_splits_dtype)
        if splits not in (int32, int64):
            raise DtypeError(f"row splits are int32 or int64, not {dtype_name(splits)}.", fix="Give one of the two.")
        if self.value_key is not None and (not isinstance(self.value_key, str) or not self.value_key):
            raise ArgumentError(
                f"value_key is a feature's name, not {self.value_key!r}.", fix="Give the name as a str, or None."
            )
        partitions = self.partitions
        if not isinstance(partitions, list | tuple):
            raise ArgumentError(f"partitions is {partitions!r}, not a list.", fix="Give a list of partitions.")
        for partition in partitions:
            if not isinstance(partition, _Partition | UniformRowLength):
                raise ArgumentError(
                    f"{partition!r} is not a partition.",
                    fix="Use RaggedFeature.RowSplits, .RowLengths, .RowStarts, .RowLimits, .ValueRowIds, "
                    "or .UniformRowLength.",
                )
        _set(self, dtype=_feature_dtype(self.dtype), partitions=tuple(partitions), row_splits_dtype=splits)
        kinds = tuple((type(partition).__name__, partition) for partition in partitions)
        self._seal(self.dtype.str, self.value_key, kinds, splits.str)


@dataclass(frozen=True, eq=False)
class SparseFeature(_Feature):
    """Values in one feature and their indices in others: they become one `feedline.SparseTensor`.

    Args:
        index_key: the feature that holds the indices; a list of them for more than one dimension.
        value_key: the feature that holds the values.
        dtype: the dtype of the values: int64, float32 or string.
        size: the length of the dimension; a list where `index_key` is one.
        already_sorted: whether the indices of each record are known to be in rising order; if not they are sorted.

    Raises:
        DtypeError: the dtype is none of these three.
        ArgumentError: a key is no name, or there are not as many sizes as indices.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False

    def __post_init__(self) -> None:
        several = not isinstance(self.index_key, str)
        keys = tuple(self.index_key) if several else (self.index_key,)
        sizes = tuple(int(size) for size in self.size) if np.ndim(self.size) else (int(self.size),)
        if not keys or not all(isinstance(key, str) and key for key in (*keys, self.value_key)):
            raise ArgumentError(
                f"index_key={self.index_key!r} and value_key={self.value_key!r} must be features' names.",
                fix="Give each as a str, index_key as a list of them for more than one dimension.",
            )
        if len(keys) != len(sizes) or any(size < 0 for size in sizes) or several != bool(np.ndim(self.size)):
            raise ArgumentError(
                f"index_key={self.index_key!r} does not go with size={self.size!r}.",
                fix="Give one size for one index_key, or a list of sizes, as many as there are index_keys.",
            )
        _set(
            self,
            dtype=_feature_dtype(self.dtype),
            index_key=keys if several else keys[0],
            size=sizes if several else sizes[0],
            already_sorted=bool(self.already_sorted),
        )
        self._seal(self.index_key, self.value_key, self.dtype.str, self.size, self.already_sorted)
