"""`parse_example` and `parse_single_example`: serialised `tf.train.Example` messages to arrays."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, FeedlineError, ShapeError, UnequalLengthsError, with_article
from feedline.io.example_parser import ExampleParser, feature_items
from feedline.strings import PackedStrings, origin_of_record

Packed = tuple[np.ndarray, np.ndarray, np.ndarray]


@functools.lru_cache(maxsize=256)
def _parser(items: tuple[tuple[str, Any], ...]) -> ExampleParser:
    return ExampleParser(items)


def parser_of(features: Any) -> ExampleParser:
    """Returns the parser for these features, the same one for the same features."""
    try:
        items = tuple(features.items())
        if items:
            return _parser(items)
    except (TypeError, AttributeError):
        pass  # not hashable, or no mapping: the checks below say what is wrong
    return ExampleParser(feature_items(features))


def parse_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """Parses a batch of serialised `tf.train.Example` messages.

    Args:
        serialized: a list or array `(batch,)` of bytes; or bytes alone, which is parsed as `parse_single_example` does.
        features: from each feature's name to how it is read: `FixedLenFeature`, `VarLenFeature`, `RaggedFeature`,
            `FixedLenSequenceFeature` or `SparseFeature`.
        example_names: accepted for TensorFlow's sake; must be as many as the records.
        name: accepted for TensorFlow's sake.

    Returns:
        a dict, in TensorFlow's order: an array `(batch, *shape)` for a FixedLenFeature (strings as an object array of
        bytes), `(batch, rows of the longest, *shape)` for a FixedLenSequenceFeature, a `SparseTensor` for a
        VarLenFeature or SparseFeature, a `RaggedTensor` for a RaggedFeature.

    Raises:
        MissingFeatureError: a record lacks a feature that has no default.
        FeatureDtypeError: a feature holds another kind of values.
        FeatureLengthError: a feature holds another number of values.
        CorruptExampleError: a record is not a well-formed Example.
        DtypeError: `serialized` does not hold bytes.

    Example:
        >>> from feedline.io.features import FixedLenFeature
        >>> from feedline.train import Example, Feature, Features, Int64List
        >>> labels = [{"label": Feature(int64_list=Int64List(value=[number]))} for number in range(3)]
        >>> records = [Example(features=Features(feature=feature)).SerializeToString() for feature in labels]
        >>> parse_example(records, {"label": FixedLenFeature([], "int64")})
        {'label': array([0, 1, 2])}

    Source: https://www.tensorflow.org/api_docs/python/tf/io/parse_example
    """
    parser = parser_of(features)
    if isinstance(serialized, bytes):
        return parser.single(serialized)
    if isinstance(serialized, PackedStrings) and serialized.whole is not None:
        check_names(example_names, len(serialized))
        columns = columns_of(parser, serialized.whole)
        if columns:
            first, stop = serialized.first, serialized.first + len(serialized)
            return {name: column[first:stop].copy() for name, column in columns.items()}
    packed = pack(serialized)
    if packed is None:
        return parser.single(_scalar(serialized))
    check_names(example_names, len(packed[1]))
    return _batch(parser, packed)


def columns_of(parser: ExampleParser, strings: PackedStrings, *, packed: bool = False) -> dict[str, Any] | None:
    """Returns what all records of a block hold, parsed at once; None where they are to be parsed part by part.

    Args:
        parser: reads them.
        strings: the records.
        packed: whether single strings may stay where they are, as `PackedStrings`.
    """
    if not parser.dense:
        return None
    return strings.result((parser, packed), functools.partial(_parse_at_once, parser, packed=packed))


def _parse_at_once(parser: ExampleParser, strings: PackedStrings, *, packed: bool) -> dict[str, Any] | None:
    buffer, offsets, lengths = _packed(strings.packed_buffer, strings.packed_offsets, strings.packed_lengths)
    try:
        return parser.batch(buffer, offsets, lengths, packed=packed)
    except FeedlineError:  # whoever comes to the record that is at fault says so
        return None


def parse_packed(buffer: Any, offsets: Any, lengths: Any, features: Mapping[str, Any]) -> dict[str, Any]:
    """Parses a batch of serialised Examples that lie in one buffer.

    Args:
        buffer: uint8 `(n,)`, or bytes: what holds all records.
        offsets: int64 `(batch,)`: where each record starts in the buffer.
        lengths: int64 `(batch,)`: how many bytes it has.
        features: as in `parse_example`.

    Returns:
        what `parse_example` returns; no value keeps the buffer alive.

    Raises:
        FeedlineError: as in `parse_example`.
        ArgumentError: a record does not lie within the buffer.
    """
    return _batch(parser_of(features), _packed(buffer, offsets, lengths))


def parse_single_example(
    serialized: Any, features: Mapping[str, Any], example_names: Any = None, name: str | None = None
) -> dict[str, Any]:
    """Parses one serialised `tf.train.Example` message.

    Args:
        serialized: the bytes.
        features: as in `parse_example`.
        example_names: accepted for TensorFlow's sake.
        name: accepted for TensorFlow's sake.

    Returns:
        a dict: an array of the feature's shape for a FixedLenFeature (a scalar for the shape `[]`; a string is bytes),
        `(rows, *shape)` for a FixedLenSequenceFeature, a `SparseTensor` for a VarLenFeature or SparseFeature, and for
        a RaggedFeature a `RaggedTensor`, or an array where it has no partitions.

    Raises:
        FeedlineError: as in `parse_example`.

    Example:
        >>> from feedline.io.features import FixedLenFeature
        >>> from feedline.train import BytesList, Example, Feature, Features
        >>> example = Example(features=Features(feature={"name": Feature(bytes_list=BytesList(value=[b"Ada"]))}))
        >>> parse_single_example(example.SerializeToString(), {"name": FixedLenFeature([], "string")})
        {'name': b'Ada'}

    Source: https://www.tensorflow.org/api_docs/python/tf/io/parse_single_example
    """
    parser = parser_of(features)
    if type(serialized) is bytes:
        origin = origin_of_record(serialized)
        columns = None if origin is None else columns_of(parser, origin[0])
        if origin is not None and columns:
            row = origin[1]
            return {name: column[row].copy() if column.ndim > 1 else column[row] for name, column in columns.items()}
        return parser.single(serialized)
    return parser.single(_scalar(serialized))


def parse_strings(strings: PackedStrings, parser: ExampleParser) -> dict[str, Any]:
    """Returns what a parser reads of a block's records; single strings stay where they are, as `PackedStrings`.

    Raises:
        FeedlineError: as in `parse_example`.
    """
    return parser.batch(*_packed(strings.packed_buffer, strings.packed_offsets, strings.packed_lengths), packed=True)


def _batch(parser: ExampleParser, packed: Packed) -> dict[str, Any]:
    try:
        return parser.batch(*packed)
    except FeedlineError as error:
        add_record(error)
        raise


def add_record(error: FeedlineError) -> None:
    """Adds to an error which record of the batch it is about."""
    row = getattr(error, "row", None)
    if row is not None:
        error.add_where(f"record {row} of the batch")


def check_names(example_names: Any, records: int) -> None:
    """Checks that there are as many names as records, or none."""
    if example_names is not None and np.size(example_names) not in (0, records):
        raise UnequalLengthsError(
            f"there are {np.size(example_names)} example_names for {records} records.",
            fix="Give one name for each record, or leave example_names out.",
        )


def pack(serialized: Any) -> Packed | None:
    """Returns a batch of records as one buffer with offsets and lengths; None for a single record.

    Raises:
        DtypeError: it does not hold bytes.
        ShapeError: it has more than one dimension.
    """
    if isinstance(serialized, PackedStrings):
        return _packed(serialized.packed_buffer, serialized.packed_offsets, serialized.packed_lengths)
    if isinstance(serialized, bytes | bytearray | memoryview):
        return None
    if isinstance(serialized, str):
        raise _not_bytes("a str")
    if isinstance(serialized, list | tuple):
        records = serialized
    else:
        array = np.asarray(serialized)
        if array.ndim == 0:
            return None
        if array.ndim > 1:
            raise ShapeError(
                f"serialized has the shape {array.shape}.", fix="Give the records as one list: reshape it to (-1,)."
            )
        if array.dtype.kind == "S":
            raise _drops_zeros(array.dtype)
        records = array.tolist()
    try:
        joined = b"".join(records)
        lengths = np.fromiter(map(len, records), np.int64, len(records))
    except TypeError:
        odd = next(record for record in records if not isinstance(record, bytes))
        raise _not_bytes(with_article(type(odd).__name__)) from None
    return _packed(joined, np.cumsum(lengths) - lengths, lengths)


def _not_bytes(what: str) -> DtypeError:
    return DtypeError(
        f"serialized holds {what}, not bytes.", fix="Give the bytes that SerializeToString() or a TFRecord file gave."
    )


def _drops_zeros(dtype: np.dtype) -> DtypeError:
    return DtypeError(
        f"serialized is an array of dtype {dtype}, which drops zeros at the end of every record.",
        fix="Give a list of bytes, or np.array(records, dtype=object).",
    )


def _packed(buffer: Any, offsets: Any, lengths: Any) -> Packed:
    """Returns the three arrays as the kernels take them: contiguous, of one dtype, and read-only (one compilation)."""
    if isinstance(buffer, np.ndarray):
        if buffer.dtype != np.uint8 or buffer.ndim != 1:
            raise ArgumentError(
                f"the buffer is of dtype {buffer.dtype} and shape {buffer.shape}.", fix="Give uint8 of shape (n,)."
            )
        buffer = np.ascontiguousarray(buffer).view(np.ndarray)
    else:
        buffer = np.frombuffer(buffer, np.uint8)
    offsets = np.ascontiguousarray(offsets, np.int64).view()
    lengths = np.ascontiguousarray(lengths, np.int64).view()
    if offsets.ndim != 1 or offsets.shape != lengths.shape:
        raise UnequalLengthsError(
            f"offsets have the shape {offsets.shape}, lengths {lengths.shape}.", fix="Give one of each for each record."
        )
    if buffer.flags.writeable:
        buffer = buffer.view()
        buffer.flags.writeable = False
    offsets.flags.writeable = lengths.flags.writeable = False
    return buffer, offsets, lengths


def _scalar(serialized: Any) -> bytes:
    """Returns one record as bytes."""
    if isinstance(serialized, bytes | bytearray | memoryview):
        return bytes(serialized)
    if isinstance(serialized, np.ndarray) or hasattr(serialized, "__array__"):
        array = np.asarray(serialized)
        if array.ndim != 0:
            raise ShapeError(
                f"serialized has the shape {array.shape}, but one record is parsed.",
                fix="Use parse_example for a batch, before or after batch().",
            )
        if array.dtype.kind == "S":
            raise _drops_zeros(array.dtype)
        return _scalar(array.item())
    if isinstance(serialized, list | tuple):
        raise ShapeError(
            f"serialized is a list of {len(serialized)}, but one record is parsed.",
            fix="Use parse_example for a batch.",
        )
    raise _not_bytes(with_article(type(serialized).__name__))
