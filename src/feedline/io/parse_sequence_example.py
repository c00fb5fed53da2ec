"""`parse_sequence_example` and `parse_single_sequence_example`: serialised `tf.train.SequenceExample` to arrays.

The context of a SequenceExample has the layout of an Example's features. A feature list has one Feature, a *row* here,
a time step; the rows of all records are read at once.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, CorruptExampleError, FeatureLengthError, FeedlineError
from feedline.formats.example import (
    KINDS,
    ExamplePlan,
    Lists,
    Wanted,
    at_row,
    malformed,
    missing,
    other_kind,
    record_bytes,
    record_kinds,
)
from feedline.io.example_parser import Requests, check_classes, feature_items, ragged_of, sparse_of
from feedline.io.features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    UniformRowLength,
    VarLenFeature,
)
from feedline.io.misspelt import RECORDS, Misspelt
from feedline.io.parse_example import Packed, _scalar, add_record, check_names, pack
from feedline.io.partition import partitioned
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import string

_CONTEXT_CLASSES = (VarLenFeature, FixedLenFeature, RaggedFeature)
_SEQUENCE_CLASSES = (VarLenFeature, FixedLenSequenceFeature, RaggedFeature)
_FEATURE_LISTS, _FEATURE_LISTS_TAG = 2, 18


class _Rows:
    """A feature list of every record of a batch: how many rows each record has, and the values of all rows."""

    def __init__(self, counts: np.ndarray, lists: Lists, present: np.ndarray) -> None:
        self.counts, self.lists, self.present = counts, lists, present
        self.record = np.repeat(np.arange(len(counts)), counts)


class _SequenceParser:
    """Reads the context and the feature lists of SequenceExamples.

    Args:
        context_items, sequence_items: names and features.
    """

    def __init__(self, context_items: tuple, sequence_items: tuple) -> None:
        check_classes(context_items, _CONTEXT_CLASSES, "context_features")
        check_classes(sequence_items, _SEQUENCE_CLASSES, "sequence_features")
        for name, feature in sequence_items:
            if isinstance(feature, FixedLenSequenceFeature) and feature.default_value is not None:
                raise ArgumentError(
                    f"feature list {name!r} has a default_value, but sequences are padded with 0 or b''.",
                    fix="Leave default_value out.",
                )
        context, sequence = Requests(context_items), Requests(sequence_items)
        self._context_items, self._sequence_items = context.items, sequence.items
        wanted = [
            Wanted(feature.name, feature.dtype, feature.count, feature.default, feature.shape, empty_replaces=True)
            for feature in context.wanted(empty_replaces=True)
        ]
        self._context_plan = ExamplePlan(wanted, any_order=False)
        lists = sequence.wanted(empty_replaces=True)
        required = [name for name, feature in sequence.dense.items() if not feature.allow_missing]
        looking = [Misspelt(wanted), Misspelt(lists, required, _FEATURE_LISTS, "feature list")]
        self._misspelt = [one for one in looking if not one.pointless]
        self._sequence_plan = ExamplePlan(
            [
                Wanted(feature.name, feature.dtype, empty_replaces=True)
                for feature in sequence.wanted(empty_replaces=True)
            ]
        )

    def batch(self, packed: Packed, *, single: bool = False) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Parses a batch: context, sequences, and the lengths of the dense sequences."""
        read = self._context_plan.parse(*packed)
        if self._misspelt and len(packed[1]):
            misspelt, self._misspelt = self._misspelt, []
            records = [record_bytes(*packed, row) for row in range(min(RECORDS, len(packed[1])))]
            self._misspelt = [one for one in misspelt if not one.look(records, enough=not single)]
        columns: dict[str, Any] = {w.name: column for w, column in zip(self._context_plan.wanted, read, strict=True)}
        context: dict[str, Any] = {}
        for name, feature in self._context_items:
            if isinstance(feature, FixedLenFeature):
                context[name] = columns[name].reshape(len(packed[1]), *feature.shape)
            elif isinstance(feature, VarLenFeature):
                context[name] = sparse_of(columns[name])
            else:
                context[name] = ragged_of(name, feature, columns, batch=True)
        rows = self._rows(packed)
        sequences: dict[str, Any] = {}
        lengths: dict[str, Any] = {}
        for name, feature in self._sequence_items:
            if isinstance(feature, FixedLenSequenceFeature):
                sequences[name] = _dense(name, feature, rows[name], packed)
                lengths[name] = rows[name].counts
            elif isinstance(feature, VarLenFeature):
                sequences[name] = _sparse(rows[name])
            else:
                sequences[name] = _ragged(name, feature, rows)
        return context, sequences, lengths

    def single(self, record: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parses one record: context and sequences."""
        buffer = np.frombuffer(record, np.uint8)
        offsets, sizes = np.zeros(1, np.int64), np.array([len(record)])
        offsets.flags.writeable = sizes.flags.writeable = False
        context, sequences, _ = self.batch((buffer, offsets, sizes), single=True)
        for name, feature in self._context_items:
            if isinstance(feature, FixedLenFeature):
                context[name] = context[name][0]
            else:
                context[name] = _without_batch(context[name])
        for name, feature in self._sequence_items:
            if isinstance(feature, FixedLenSequenceFeature):
                sequences[name] = sequences[name][0]
            else:
                sequences[name] = _without_batch(sequences[name])
        return context, sequences

    def _rows(self, packed: Packed) -> dict[str, _Rows]:
        from feedline.kernels import example as kernel
        from feedline.kernels import feature_lists

        plan, (buffer, offsets, lengths) = self._sequence_plan, packed
        records = len(offsets)
        regions = np.empty((len(plan.wanted), records, 2), np.int64)
        code, row, _, _ = kernel.locate(
            buffer, offsets, lengths, _FEATURE_LISTS_TAG, plan.names, plan.table, plan.columns, regions
        )
        if code:
            size = len(record_bytes(buffer, offsets, lengths, row))
            raise at_row(
                CorruptExampleError(
                    f"the record ({size} bytes) is not a well-formed SequenceExample.",
                    fix="Give bytes as tf.train.SequenceExample(...).SerializeToString() returns them.",
                ),
                row,
            )
        found = {}
        for wanted, mine in zip(plan.wanted, regions, strict=True):
            counts = np.empty(records, np.int64)
            places = np.empty((0, 2), np.int64)
            code, row, _, _ = feature_lists.read_rows(buffer, mine, counts, places)
            if not code:
                places = np.empty((int(counts.sum()), 2), np.int64)
                code, row, _, _ = feature_lists.read_rows(buffer, mine, counts, places)
            if code:
                raise at_row(malformed(wanted.name), row)
            kind = KINDS[wanted.dtype]
            code, step, _, got = feature_lists.open_rows(buffer, kind, places)
            record = np.repeat(np.arange(records), counts)
            if code:
                wrong = code == feature_lists.OTHER_KIND
                raise _at_step(
                    other_kind(wanted.name, wanted.dtype, got) if wrong else malformed(wanted.name), step, record
                )
            try:
                lists = Lists(buffer, wanted.dtype, places, wanted.name)
            except FeedlineError as error:
                raise _at_step(error, error.row or 0, record) from None
            found[wanted.name] = _Rows(counts, lists, mine[:, 0] >= 0)
        return found


def _at_step(error: FeedlineError, step: int, record: np.ndarray) -> FeedlineError:
    """Returns an error about a row of a batch as one about a time step of its record."""
    row = int(record[step])
    error.where.insert(0, f"step {step - int(np.searchsorted(record, row))} of the feature list")
    return at_row(error, row)


def _dense(name: str, feature: FixedLenSequenceFeature, rows: _Rows, packed: Packed) -> np.ndarray:
    """Returns rows of one shape as `(records, steps of the longest, *shape)`, filled up with 0 or b""."""
    if not feature.allow_missing and not rows.present.all():
        row = int(np.flatnonzero(~rows.present)[0])
        kinds = record_kinds(record_bytes(*packed, row), _FEATURE_LISTS)
        error = missing(name, dict.fromkeys(kinds), "feature list")
        error.fix += " Or give it allow_missing=True."
        raise at_row(error, row)
    size = int(np.prod(feature.shape, dtype=np.int64))
    odd = np.flatnonzero(rows.lists.counts != size)
    if len(odd):
        raise _at_step(
            FeatureLengthError(
                f"feature list {name!r} holds {rows.lists.counts[odd[0]]} values in a step, but its shape "
                f"{feature.shape} takes {size}.",
                fix="Correct the shape, or use VarLenFeature or RaggedFeature.",
            ),
            int(odd[0]),
            rows.record,
        )
    records, longest = len(rows.counts), int(rows.counts.max(initial=0))
    dense = np.full((records, longest, size), b"" if feature.dtype == string else 0, feature.dtype)
    dense[np.arange(longest) < rows.counts[:, None]] = rows.lists.values.reshape(-1, size)
    return dense.reshape(records, longest, *feature.shape)


def _steps(counts: np.ndarray) -> np.ndarray:
    """Returns the number of each element within its list, for lists of these lengths."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _sparse(rows: _Rows) -> SparseTensor:
    """Returns rows as the sparse tensor `(records, steps of the longest, values of the longest)`."""
    sizes = rows.lists.counts
    step = _steps(rows.counts)
    indices = np.stack([np.repeat(rows.record, sizes), np.repeat(step, sizes), _steps(sizes)], axis=1)
    shape = np.array([len(rows.counts), rows.counts.max(initial=0), sizes.max(initial=0)])
    return SparseTensor(indices, rows.lists.values, shape)


def _ragged(name: str, feature: RaggedFeature, rows: Mapping[str, _Rows]) -> RaggedTensor:
    """Returns rows as the ragged tensor `(records, steps, values...)`."""
    mine = rows[feature.value_key or name]
    parts: dict[str, Lists] = {}
    for partition in feature.partitions:
        if isinstance(partition, UniformRowLength):
            continue
        other = rows[partition.key]
        odd = np.flatnonzero(other.counts != mine.counts)
        if len(odd):
            raise at_row(
                FeatureLengthError(
                    f"feature list {name!r} has {mine.counts[odd[0]]} steps, but {partition.key!r}, which cuts it "
                    f"into rows, has {other.counts[odd[0]]}.",
                    fix="Write both with the same number of steps.",
                ),
                int(odd[0]),
            )
        parts[partition.key] = other.lists
    splits = feature.row_splits_dtype
    try:
        values, counts = partitioned(mine.lists.values, mine.lists.counts, feature.partitions, parts, splits, name=name)
    except FeedlineError as error:
        raise _at_step(error, error.row or 0, mine.record) from None
    inner = RaggedTensor.from_row_lengths(values, counts, splits)
    return RaggedTensor.from_row_lengths(inner, mine.counts, splits)


def _without_batch(value: SparseTensor | RaggedTensor) -> Any:
    """Returns what a batch of one record holds, without the batch dimension."""
    if isinstance(value, SparseTensor):
        return SparseTensor(value.indices[:, 1:], value.values, value.dense_shape[1:])
    return value.values


@functools.lru_cache(maxsize=256)
def _parser(context_items: tuple, sequence_items: tuple) -> _SequenceParser:
    return _SequenceParser(context_items, sequence_items)


def _parser_of(context_features: Any, sequence_features: Any) -> _SequenceParser:
    if not context_features and not sequence_features:
        raise ArgumentError(
            "neither context_features nor sequence_features name a feature.", fix="Name at least one feature to read."
        )
    context = feature_items(context_features, "context_features") if context_features else ()
    sequence = feature_items(sequence_features, "sequence_features") if sequence_features else ()
    try:
        return _parser(context, sequence)
    except TypeError:  # not hashable: the parser's own checks say what is wrong
        return _SequenceParser(context, sequence)


def parse_sequence_example(
    serialized: Any,
    context_features: Mapping[str, Any] | None = None,
    sequence_features: Mapping[str, Any] | None = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Parses a batch of serialised `tf.train.SequenceExample` messages.

    Args:
        serialized: a list or array `(batch,)` of bytes.
        context_features: from each name in the context to how it is read: `FixedLenFeature`, `VarLenFeature` or
            `RaggedFeature`.
        sequence_features: from each name in the feature lists to how it is read: `FixedLenSequenceFeature`,
            `VarLenFeature` or `RaggedFeature`.
        example_names: accepted for TensorFlow's sake; must be as many as the records.
        name: accepted for TensorFlow's sake.

    Returns:
        three dicts: the context as `parse_example` returns it; the sequences: `(batch, steps of the longest, *shape)`
        filled up with 0 or b"" for a FixedLenSequenceFeature, a `SparseTensor` `(batch, steps, values)` for a
        VarLenFeature, a `RaggedTensor` for a RaggedFeature; and the number of steps `(batch,)` of each
        FixedLenSequenceFeature.

    Raises:
        MissingFeatureError: a record lacks a feature that it must have.
        FeatureDtypeError: a feature holds another kind of values.
        FeatureLengthError: a feature, or a step of a sequence, holds another number of values.
        CorruptExampleError: a record is not a well-formed SequenceExample.

    Source: https://www.tensorflow.org/api_docs/python/tf/io/parse_sequence_example
    """
    parser = _parser_of(context_features, sequence_features)
    packed = pack(serialized)
    if packed is None:
        record = _scalar(serialized)
        context, sequences = parser.single(record)
        lengths = {
            name: np.int64(len(sequences[name]))
            for name, feature in (sequence_features or {}).items()
            if isinstance(feature, FixedLenSequenceFeature)
        }
        return context, sequences, lengths
    check_names(example_names, len(packed[1]))
    try:
        return parser.batch(packed)
    except FeedlineError as error:
        add_record(error)
        raise


def parse_single_sequence_example(
    serialized: Any,
    context_features: Mapping[str, Any] | None = None,
    sequence_features: Mapping[str, Any] | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parses one serialised `tf.train.SequenceExample` message.

    Args:
        serialized: the bytes.
        context_features, sequence_features: as in `parse_sequence_example`.
        example_name: accepted for TensorFlow's sake.
        name: accepted for TensorFlow's sake.

    Returns:
        two dicts: the context as `parse_single_example` returns it, and the sequences: `(steps, *shape)` for a
        FixedLenSequenceFeature, a `SparseTensor` `(steps, values)` for a VarLenFeature, a `RaggedTensor` for a
        RaggedFeature.

    Raises:
        FeedlineError: as in `parse_sequence_example`.

    Example:
        >>> from feedline.train import SequenceExample
        >>> example = SequenceExample()
        >>> for step in range(3):
        ...     example.feature_lists.feature_list["x"].feature.add().int64_list.value.append(step)
        >>> features = {"x": FixedLenSequenceFeature([], "int64")}
        >>> parse_single_sequence_example(example.SerializeToString(), sequence_features=features)
        ({}, {'x': array([0, 1, 2])})

    Source: https://www.tensorflow.org/api_docs/python/tf/io/parse_single_sequence_example
    """
    return _parser_of(context_features, sequence_features).single(_scalar(serialized))
