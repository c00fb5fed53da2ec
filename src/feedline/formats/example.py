"""Serialised `tf.train.Example` messages as columns: runs the kernels, and says in words what they found wrong."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.errors import (
    ArgumentError,
    CorruptExampleError,
    FeatureDtypeError,
    FeatureLengthError,
    FeedlineError,
    MissingFeatureError,
    nearest_name,
)
from feedline.formats.wire import DELIMITED, fields
from feedline.spec import dtype_name, float32, int64, string
from feedline.strings import PackedStrings, bytes_objects

KINDS = {string: 1, float32: 2, int64: 3}  # the number of each kind's field in the message Feature
DTYPES = {number: dtype for dtype, number in KINDS.items()}
KIND_NAMES = {0: "empty", 1: "bytes", 2: "float", 3: "int64"}
_VALUE_SIZES = {1: 16, 2: 4, 3: 8}  # a string is a position and a length until it becomes an object
_NAMES_SHOWN = 20
_LAYOUTS_KEPT = 16


@dataclass(frozen=True)
class Wanted:
    """One feature to read.

    Args:
        name: its name.
        dtype: int64, float32 or string.
        count: how many values it has in every record; None where that differs.
        default: the values `(count,)` of a record that lacks it; None makes that an error.
        shape: the shape that the count was made of, for messages.
        empty_replaces: whether a later entry of the same name replaces an earlier one even if it holds nothing.
    """

    name: str
    dtype: np.dtype
    count: int | None = None
    default: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    empty_replaces: bool = False


class Lists:
    """Lists of differing lengths, not yet read from their buffer.

    Args:
        buffer: uint8, the buffer of all records.
        dtype: the dtype of the values.
        regions: int64 `(lists, 2)`: where each list starts and ends.
        name: the feature's name, for messages.

    Raises:
        CorruptExampleError: a list is malformed; `row` is its number.
    """

    def __init__(self, buffer: np.ndarray, dtype: np.dtype, regions: np.ndarray, name: str) -> None:
        from feedline.kernels import feature_lists

        self._buffer, self._regions, self._name = buffer, regions, name
        self.dtype, self._kind = dtype, KINDS[dtype]
        self.counts = np.empty(len(regions), np.int64)
        self._check(feature_lists.count_values(buffer, self._kind, regions, self.counts))

    def _check(self, result: tuple[int, int, int, int]) -> None:
        if result[0]:
            raise at_row(malformed(self._name), result[1])

    def _read(self, starts: np.ndarray, memory: np.ndarray) -> None:
        from feedline.kernels import feature_lists

        size = _VALUE_SIZES[self._kind]
        self._check(
            feature_lists.read_values(self._buffer, self._kind, self._regions, self.counts, starts, size, memory)
        )

    @functools.cached_property
    def values(self) -> np.ndarray:
        """All values, one list after the other."""
        memory = np.empty(int(self.counts.sum()) * _VALUE_SIZES[self._kind], np.uint8)
        self._read(np.cumsum(self.counts) - self.counts, memory)
        if self.dtype == string:
            return bytes_objects(self._buffer, memory.view(np.int64).reshape(-1, 2))
        return memory.view(self.dtype)

    def padded(self, padding: Any) -> np.ndarray:
        """Returns the lists as rows `(lists, longest)`, filled up with `padding`."""
        lists, longest = len(self.counts), int(self.counts.max(initial=0))
        rows = np.full((lists, longest), padding, self.dtype)
        if self.dtype == string:
            rows[np.arange(longest) < self.counts[:, None]] = self.values
        elif rows.size:
            self._read(np.arange(lists) * longest, rows.reshape(-1).view(np.uint8))
        return rows


class ExamplePlan:
    """Which features to read from Examples, made ready for the kernels; made once and used for every batch.

    Args:
        wanted: the features, each name once.
        any_order: whether a map entry may have its value before its name, as TensorFlow allows in an Example, but not
            in a SequenceExample.
    """

    def __init__(self, wanted: Sequence[Wanted], *, any_order: bool = True) -> None:
        from feedline.kernels import example as kernel

        self.wanted, self._any_order = tuple(wanted), any_order
        self._message = "Example" if any_order else "SequenceExample"
        names = [feature.name.encode() for feature in self.wanted]
        self.names = np.frombuffer(bytearray(b"".join(names) or b"\0"), np.uint8)
        self.table = np.full(1 << max(2, (4 * len(names) - 1).bit_length()), -1, np.int64)
        self.columns = np.zeros((len(names), kernel.COLUMNS), np.int64)
        defaults: list[np.ndarray] = []
        name_start = default_place = lists = 0
        for row, name, feature in zip(self.columns, names, self.wanted, strict=True):
            row[kernel.NAME_START], row[kernel.NAME_LENGTH] = name_start, len(name)
            row[kernel.KIND] = KINDS[feature.dtype]
            row[kernel.EMPTY_COUNTS] = feature.empty_replaces
            name_start += len(name)
            if feature.count is None:
                row[kernel.BASE] = lists
                lists += 1
                continue
            row[kernel.FIXED], row[kernel.COUNT] = 1, feature.count
            if feature.default is not None:
                row[kernel.HAS_DEFAULT], row[kernel.DEFAULT_BASE] = 1, default_place
                defaults.append(_default_words(feature.default))
                default_place += len(defaults[-1])
        self.defaults = np.concatenate([*defaults, np.zeros(1, np.int64)])
        self._list_count = lists
        self._layouts: dict[int, tuple[np.ndarray, int, int]] = {}
        kernel.fill_names(self.names, self.table, self.columns)
        self._parse_one = kernel.parse_one

    def layout(self, records: int) -> tuple[np.ndarray, int, int]:
        """Returns the plan's columns for this many records, and how many places their numbers and strings take."""
        layout = self._layouts.get(records)
        if layout is None:
            from feedline.kernels import example as kernel

            columns, numbers, spans = self.columns.copy(), 0, 0
            for row, feature in zip(columns, self.wanted, strict=True):
                if feature.count is None:
                    continue
                places = records * feature.count
                if feature.dtype == string:
                    row[kernel.BASE] = spans
                    spans += places
                else:
                    row[kernel.BASE] = numbers
                    numbers += (places + 1) // 2 if feature.dtype == float32 else places
            if len(self._layouts) >= _LAYOUTS_KEPT:
                self._layouts.clear()
            layout = self._layouts[records] = (columns, numbers, spans)
        return layout

    def parse(
        self, buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, *, packed: bool = False
    ) -> list[np.ndarray | PackedStrings | Lists]:
        """Parses a batch.

        Args:
            buffer: uint8, the bytes of all records.
            offsets: int64 `(records,)`: where each record starts in the buffer.
            lengths: int64 `(records,)`: how many bytes it has.
            packed: whether strings may stay where they are, as `PackedStrings` of the buffer.

        Returns:
            for each wanted feature an array `(records * count,)`, or `Lists` where it has no count.

        Raises:
            FeedlineError: a record does not hold what is wanted; `row` is its number.
        """
        from feedline.kernels import example as kernel

        records = len(offsets)
        columns, number_places, span_places = self.layout(records)
        numbers = np.empty(number_places, np.int64)
        spans = np.empty((span_places, 2), np.int64)
        regions = np.empty((self._list_count, records, 2), np.int64)
        code, row, feature, detail = kernel.parse(
            *(buffer, offsets, lengths, self._any_order, self.names, self.table, columns, self.defaults),
            *(numbers, spans, regions),
        )
        if code:
            raise at_row(self.error(code, feature, detail, record_bytes(buffer, offsets, lengths, row)), row)
        return [
            self._column(index, records, columns, buffer, numbers, spans, regions, packed)
            for index in range(len(self.wanted))
        ]

    def _column(
        self,
        index: int,
        records: int,
        columns: np.ndarray,
        buffer: np.ndarray,
        numbers: np.ndarray,
        spans: np.ndarray,
        regions: np.ndarray,
        packed: bool,
    ) -> np.ndarray | PackedStrings | Lists:
        from feedline.kernels import example as kernel

        feature, base = self.wanted[index], int(columns[index, kernel.BASE])
        if feature.count is None:
            return Lists(buffer, feature.dtype, regions[base], feature.name)
        places = records * feature.count
        if feature.dtype == int64:
            return numbers[base : base + places]
        if feature.dtype == float32:
            return numbers[base:].view(np.float32)[:places]
        mine = spans[base : base + places]
        if packed and (mine[:, 0] >= 0).all():
            return PackedStrings(buffer, mine[:, 0], mine[:, 1])
        objects = bytes_objects(buffer, mine)
        if feature.default is not None:
            absent = np.flatnonzero(mine[:, 0] < 0)
            objects[absent] = feature.default[mine[absent, 1]]
        return objects

    def parse_one(self, record: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Parses one record.

        Returns:
            the record as uint8; the numbers, strings' positions and lengths, and lists' regions of all features:
            `place` says where each feature's are.

        Raises:
            FeedlineError: the record does not hold what is wanted.
        """
        columns, number_places, span_places = self.layout(1)
        buffer = np.frombuffer(record, np.uint8)
        numbers = np.empty(number_places, np.int64)
        spans = np.empty((span_places, 2), np.int64)
        regions = np.empty((self._list_count, 1, 2), np.int64)
        code, _, feature, detail = self._parse_one(
            buffer, self.names, self.table, columns, self.defaults, numbers, spans, regions
        )
        if code:
            raise at_row(self.error(code, feature, detail, record), 0)
        return buffer, numbers, spans, regions

    def place(self, index: int) -> int:
        """Returns where `parse_one` puts the values of a feature."""
        from feedline.kernels import example as kernel

        return int(self.layout(1)[0][index, kernel.BASE])

    def error(self, code: int, feature: int, detail: int, record: bytes) -> FeedlineError:
        """Returns the error for a kernel's code."""
        from feedline.kernels import feature_lists as kernel

        if code == kernel.MALFORMED:
            return CorruptExampleError(
                f"the record ({len(record)} bytes) is not a well-formed {self._message}.",
                fix=f"Give bytes as tf.train.{self._message}(...).SerializeToString() returns them; "
                "a compressed TFRecord file needs its compression_type.",
            )
        wanted = self.wanted[feature]
        if code == kernel.MISSING:
            return missing(wanted.name, record_kinds(record))
        if code == kernel.OTHER_KIND:
            return other_kind(wanted.name, wanted.dtype, detail)
        if code == kernel.OTHER_COUNT:
            return other_count(wanted, detail)
        return malformed(wanted.name)


def _default_words(default: np.ndarray) -> np.ndarray:
    """Returns default values as the kernel copies them: whole int64 places; a string as -1 and its number."""
    if default.dtype == string:
        spans = np.empty((len(default), 2), np.int64)
        spans[:, 0], spans[:, 1] = -1, np.arange(len(default))
        return spans.reshape(-1)
    words = np.zeros((default.nbytes + 7) // 8, np.int64)
    words.view(np.uint8)[: default.nbytes] = np.ascontiguousarray(default).view(np.uint8)
    return words


def record_bytes(buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, row: int) -> bytes:
    """Returns the bytes of one record.

    Raises:
        ArgumentError: the record does not lie within the buffer.
    """
    start, length = int(offsets[row]), int(lengths[row])
    if not 0 <= start <= start + length <= len(buffer):
        raise ArgumentError(
            f"record {row} is {length} bytes from {start} on, but the buffer has {len(buffer)}.",
            fix="Give offsets and lengths that lie within the buffer.",
        )
    return buffer[start : start + length].tobytes()


def record_kinds(record: bytes, number: int = 1) -> dict[str, int]:
    """Returns the names in a record's map (the message's field `number`) and each kind, as far as the record reads."""
    kinds: dict[str, int] = {}
    try:
        for field, wire, features in fields(record):
            for entry in fields(features) if field == number and wire == DELIMITED else ():  # type: ignore[arg-type]
                parts = {part: bytes(value) for part, _, value in fields(entry[2])}  # type: ignore[arg-type]
                value = parts.get(2, b"")
                kinds[parts.get(1, b"").decode("utf-8", "backslashreplace")] = value[0] >> 3 if value else 0
    except (CorruptExampleError, TypeError):
        pass  # the names read so far are still worth showing
    return kinds


def at_row(error: FeedlineError, row: int) -> FeedlineError:
    """Returns an error with the number of the record it is about."""
    error.row = int(row)
    return error


def missing(name: str, kinds: Mapping[str, int | None], what: str = "feature") -> MissingFeatureError:
    """Returns the error for a feature that a record lacks, with the names it has and the kind of each, if known."""
    if name in kinds:
        return MissingFeatureError(
            f"{what} {name!r} is in the record, but holds no list of values.",
            fix="Write its values, or give the feature a default_value.",
        )
    nearest = nearest_name(name, kinds)
    shown = [
        f"{other!r}" if kind is None else f"{other!r} ({KIND_NAMES.get(kind, 'unreadable')})"
        for other, kind in list(kinds.items())[:_NAMES_SHOWN]
    ]
    more = f" and {len(kinds) - _NAMES_SHOWN} more" if len(kinds) > _NAMES_SHOWN else ""
    has = f"The record has: {', '.join(shown)}{more}." if kinds else "The record has no features."
    advice = f"Did you mean {nearest!r}? " if nearest else ""
    return MissingFeatureError(f"{what} {name!r} is not in the record.", fix=advice + has)


def other_kind(name: str, dtype: np.dtype, kind: int) -> FeatureDtypeError:
    """Returns the error for a feature of another kind than wanted."""
    held = dtype_name(DTYPES[kind])
    return FeatureDtypeError(
        f"feature {name!r} holds {held} values, not {dtype_name(dtype)}.",
        fix=f'Read it as "{held}"'
        + (f', then feedline.cast(value, "{dtype_name(dtype)}").' if string not in (dtype, DTYPES[kind]) else "."),
    )


def other_count(wanted: Wanted, count: int) -> FeatureLengthError:
    """Returns the error for a feature that has another number of values than its shape."""
    values = "1 value" if count == 1 else f"{count} values"
    return FeatureLengthError(
        f"feature {wanted.name!r} holds {values}, but its shape {wanted.shape} takes {wanted.count}.",
        fix="Correct the shape; where records differ, use FixedLenSequenceFeature, VarLenFeature or RaggedFeature.",
    )


def malformed(name: str) -> CorruptExampleError:
    """Returns the error for a feature whose bytes are not well-formed."""
    return CorruptExampleError(
        f"feature {name!r} is not well-formed.",
        fix="The record is damaged, or its writer split the feature's list in two: write the file again.",
    )
