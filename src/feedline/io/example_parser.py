"""A parser for one set of features: compiled once, then called for every batch or record."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, FeatureLengthError, ShapeError, StructureError, with_article
from feedline.formats.example import ExamplePlan, Lists, Wanted, at_row, record_bytes
from feedline.io.features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    SparseFeature,
    UniformRowLength,
    VarLenFeature,
)
from feedline.io.misspelt import RECORDS, Misspelt
from feedline.io.partition import partitioned
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor
from feedline.spec import dtype_name, float32, int64, string
from feedline.strings import PackedStrings

_SCALAR_INT, _SCALAR_FLOAT, _SCALAR_STRING, _INTS, _FLOATS, _STRINGS = range(6)

ALLOWED = (FixedLenFeature, FixedLenSequenceFeature, VarLenFeature, RaggedFeature, SparseFeature)


def feature_items(features: Any, argument: str = "features") -> tuple[tuple[str, Any], ...]:
    """Returns the items of a mapping of features, to compile a parser from.

    Raises:
        StructureError: it is no mapping from names to features.
        ArgumentError: it is empty.
    """
    if not isinstance(features, Mapping):
        raise StructureError(
            f"{argument} is {with_article(type(features).__name__)}, not a dict.",
            fix='Give a dict such as {"label": FixedLenFeature([], "int64")}.',
        )
    if not features:
        raise ArgumentError(f"{argument} is empty.", fix="Name at least one feature to read.")
    return tuple(features.items())


def check_classes(items: tuple[tuple[str, Any], ...], allowed: tuple[type, ...], argument: str) -> None:
    """Checks that names are strings and features are of these classes."""
    for name, feature in items:
        if not isinstance(name, str):
            raise StructureError(f"{argument} has the key {name!r}, which is not a str.", fix="Give names as str.")
        if not isinstance(feature, allowed):
            names = ", ".join(f"feedline.io.{kind.__name__}" for kind in allowed)
            raise StructureError(
                f"{argument}[{name!r}] is {feature!r}, which cannot be read here.", fix=f"Use one of {names}."
            )


class Requests:
    """Which features of a record are read for the features that the user named, in TensorFlow's order."""

    def __init__(self, items: tuple[tuple[str, Any], ...]) -> None:
        self.sparse: dict[str, np.dtype] = {}
        self.dense: dict[str, Any] = {}
        self.ragged: dict[str, np.dtype] = {}
        named = sorted(items)
        for name, feature in named:
            if isinstance(feature, VarLenFeature):
                self._add(self.sparse, name, feature.dtype)
            elif isinstance(feature, SparseFeature):
                keys = [feature.index_key] if isinstance(feature.index_key, str) else sorted(feature.index_key)
                for key in keys:
                    self._add(self.sparse, key, int64)
                self._add(self.sparse, feature.value_key, feature.dtype)
            elif isinstance(feature, RaggedFeature):
                self._add(self.ragged, feature.value_key or name, feature.dtype)
                for partition in feature.partitions:
                    if not isinstance(partition, UniformRowLength):
                        self._add(self.ragged, partition.key, int64)
            else:
                self.dense[name] = feature
        for name in self.dense:
            if name in self.sparse or name in self.ragged:
                raise ArgumentError(
                    f"feature {name!r} is asked for both dense and with differing lengths.",
                    fix="Read it once, as VarLenFeature or RaggedFeature, and make the other from it.",
                )
        for name in self.sparse.keys() & self.ragged.keys():
            self._add(self.ragged, name, self.sparse[name])
        read = dict.fromkeys([*self.sparse, *self.dense, *self.ragged])
        asked = dict(items)
        composite = [name for name, feature in named if isinstance(feature, SparseFeature | RaggedFeature)]
        order = dict.fromkeys([name for name in read if name in asked] + composite)
        self.items = tuple((name, asked[name]) for name in order)

    @staticmethod
    def _add(group: dict[str, np.dtype], name: str, dtype: np.dtype) -> None:
        if group.setdefault(name, dtype) != dtype:
            raise ArgumentError(
                f"feature {name!r} is asked for both as {dtype_name(group[name])} and as {dtype_name(dtype)}.",
                fix="A feature holds values of one dtype: ask for that one.",
            )

    def wanted(self, *, empty_replaces: bool) -> list[Wanted]:
        """Returns what the kernels read. `empty_replaces` is for the features of differing lengths."""
        wanted = []
        for name, feature in self.dense.items():
            if isinstance(feature, FixedLenSequenceFeature):
                wanted.append(Wanted(name, feature.dtype))
                continue
            count = int(np.prod(feature.shape, dtype=np.int64))
            default = None if feature.default_value is None or count == 0 else feature.default_value.reshape(-1)
            wanted.append(Wanted(name, feature.dtype, count, default, feature.shape))
        lists = {**self.sparse, **self.ragged}
        wanted.extend(Wanted(name, dtype, empty_replaces=empty_replaces) for name, dtype in lists.items())
        return wanted


class ExampleParser:
    """Reads the features of Examples.

    Args:
        items: names and features.

    Raises:
        StructureError: a feature is of no class that can be read.
        ArgumentError: two features contradict each other.
    """

    def __init__(self, items: tuple[tuple[str, Any], ...]) -> None:
        check_classes(items, ALLOWED, "features")
        for name, feature in items:
            if isinstance(feature, FixedLenSequenceFeature) and not feature.allow_missing:
                raise ArgumentError(
                    f"feature {name!r} is a FixedLenSequenceFeature with allow_missing=False.",
                    fix="Give allow_missing=True: parse_example pads what is missing.",
                )
        self._requests = Requests(items)
        self.items = self._requests.items
        misspelt = Misspelt(self._requests.wanted(empty_replaces=True))
        self._misspelt: Misspelt | None = None if misspelt.pointless else misspelt
        self.dense = all(isinstance(feature, FixedLenFeature) for _, feature in self.items)
        """Whether every value is one row of an array, so that a block's values can be taken apart by rows."""

    @functools.cached_property
    def _batch_plan(self) -> ExamplePlan:
        return ExamplePlan(self._requests.wanted(empty_replaces=True))

    @functools.cached_property
    def _single_plan(self) -> tuple[ExamplePlan, list, list]:
        plan = ExamplePlan(self._requests.wanted(empty_replaces=False))
        places = {wanted.name: plan.place(index) for index, wanted in enumerate(plan.wanted)}
        fixed = []
        for name, feature in self.items:
            if isinstance(feature, FixedLenFeature):
                scalar, place = feature.shape == (), places[name]
                count = int(np.prod(feature.shape, dtype=np.int64))
                if feature.dtype == int64:
                    fixed.append((name, _SCALAR_INT if scalar else _INTS, place, place + count, feature))
                elif feature.dtype == float32:
                    start = 2 * place
                    fixed.append((name, _SCALAR_FLOAT if scalar else _FLOATS, start, start + count, feature))
                else:
                    fixed.append((name, _SCALAR_STRING if scalar else _STRINGS, place, place + count, feature))
        listed = [(wanted.name, places[wanted.name], wanted.dtype) for wanted in plan.wanted if wanted.count is None]
        return plan, fixed, listed

    def batch(
        self, buffer: np.ndarray, offsets: np.ndarray, lengths: np.ndarray, *, packed: bool = False
    ) -> dict[str, Any]:
        """Parses a batch; the arguments are those of `ExamplePlan.parse`."""
        plan = self._batch_plan
        read = plan.parse(buffer, offsets, lengths, packed=packed)
        if self._misspelt is not None and len(offsets):
            first = range(min(RECORDS, len(offsets)))
            self._look(*(record_bytes(buffer, offsets, lengths, row) for row in first), enough=True)
        columns: dict[str, Any] = {wanted.name: column for wanted, column in zip(plan.wanted, read, strict=True)}
        values = {}
        for name, feature in self.items:
            if isinstance(feature, FixedLenFeature):
                column = columns[name]
                as_it_is = feature.shape == () and isinstance(column, PackedStrings)
                values[name] = column if as_it_is else column.reshape(len(offsets), *feature.shape)
            elif isinstance(feature, FixedLenSequenceFeature):
                values[name] = padded_rows(name, feature, columns[name])
            elif isinstance(feature, VarLenFeature):
                values[name] = sparse_of(columns[name])
            elif isinstance(feature, SparseFeature):
                values[name] = sparse_by_index(name, feature, columns, batch=True)
            else:
                values[name] = ragged_of(name, feature, columns, batch=True)
        return values

    def single(self, record: bytes) -> dict[str, Any]:
        """Parses one record."""
        plan, fixed, listed = self._single_plan
        buffer, numbers, spans, regions = plan.parse_one(record)
        if self._misspelt is not None:
            self._look(record, enough=False)
        values: dict[str, Any] = {}
        floats = numbers.view(np.float32)
        for name, way, start, stop, feature in fixed:
            if way == _SCALAR_INT:
                values[name] = numbers[start]
            elif way == _SCALAR_FLOAT:
                values[name] = floats[start]
            elif way == _INTS:
                values[name] = numbers[start:stop].reshape(feature.shape)
            elif way == _FLOATS:
                values[name] = floats[start:stop].reshape(feature.shape)
            else:
                default = None if feature.default_value is None else feature.default_value.reshape(-1)
                texts = [
                    record[position : position + length] if position >= 0 else default[length]  # type: ignore[index]
                    for position, length in spans[start:stop].tolist()
                ]
                if way == _SCALAR_STRING:
                    values[name] = texts[0]
                else:
                    array = np.empty(len(texts), object)
                    array[:] = texts
                    values[name] = array.reshape(feature.shape)
        if not listed:
            return values
        columns = {name: Lists(buffer, dtype, regions[place], name) for name, place, dtype in listed}
        return {
            name: values[name] if name in values else self._single_list(name, feature, columns)
            for name, feature in self.items
        }

    def _look(self, *records: bytes, enough: bool) -> None:
        """Looks at the first records for features that are misspelt."""
        misspelt, self._misspelt = self._misspelt, None  # other threads look at no more
        if misspelt is not None and not misspelt.look(records, enough=enough):
            self._misspelt = misspelt

    def _single_list(self, name: str, feature: Any, columns: dict[str, Lists]) -> Any:
        if isinstance(feature, FixedLenSequenceFeature):
            return padded_rows(name, feature, columns[name])[0]
        if isinstance(feature, VarLenFeature):
            values = columns[name].values
            return SparseTensor(np.arange(len(values))[:, None], values, np.array([len(values)]))
        if isinstance(feature, SparseFeature):
            return sparse_by_index(name, feature, columns, batch=False)
        return ragged_of(name, feature, columns, batch=False)


def padded_rows(name: str, feature: FixedLenSequenceFeature, lists: Lists) -> np.ndarray:
    """Returns lists as `(lists, rows of the longest, *shape)`, filled up with the feature's default."""
    size = int(np.prod(feature.shape, dtype=np.int64))
    uneven = np.flatnonzero(lists.counts % size)
    if len(uneven):
        count = int(lists.counts[uneven[0]])
        raise at_row(
            FeatureLengthError(
                f"feature {name!r} holds {count} values, which do not fill rows of the shape {feature.shape} ({size}).",
                fix="Correct the shape, or use VarLenFeature.",
            ),
            int(uneven[0]),
        )
    padding = feature.default_value
    fill = (b"" if feature.dtype == string else 0) if padding is None else padding[()]
    dense = lists.padded(fill)
    return dense.reshape(len(dense), dense.shape[1] // size, *feature.shape)


def sparse_of(lists: Lists) -> SparseTensor:
    """Returns lists as the sparse tensor `(lists, longest)`."""
    counts = lists.counts
    indices = np.empty((int(counts.sum()), 2), np.int64)
    indices[:, 0] = np.repeat(np.arange(len(counts)), counts)
    indices[:, 1] = np.arange(len(indices)) - np.repeat(np.cumsum(counts) - counts, counts)
    return SparseTensor(indices, lists.values, np.array([len(counts), counts.max(initial=0)]))


def sparse_by_index(name: str, feature: SparseFeature, columns: dict[str, Lists], *, batch: bool) -> SparseTensor:
    """Returns the sparse tensor whose values and indices stand in several features."""
    several = not isinstance(feature.index_key, str)
    keys = feature.index_key if several else (feature.index_key,)
    sizes = feature.size if several else (feature.size,)
    value_lists = columns[feature.value_key]
    counts = value_lists.counts
    rows = np.repeat(np.arange(len(counts)), counts)
    indices = [rows] if batch else []
    for key, size in zip(keys, sizes, strict=True):
        if np.any(columns[key].counts != counts):
            row = int(np.flatnonzero(columns[key].counts != counts)[0])
            raise at_row(
                FeatureLengthError(
                    f"feature {key!r} holds {columns[key].counts[row]} indices for the {counts[row]} values in "
                    f"{feature.value_key!r}.",
                    fix=f"Write one index for each value, or read the two apart from the SparseFeature {name!r}.",
                ),
                row,
            )
        index = columns[key].values
        outside = np.flatnonzero((index < 0) | (index >= size))
        if len(outside):
            raise at_row(
                ShapeError(
                    f"feature {key!r} holds the index {index[outside[0]]}, but the size of {name!r} is {size}.",
                    fix="Give the SparseFeature a size above every index.",
                ),
                int(rows[outside[0]]),
            )
        indices.append(index)
    values, stacked = value_lists.values, np.stack(indices, axis=1)
    if not feature.already_sorted:
        order = np.lexsort(stacked.T[::-1])
        values, stacked = values[order], stacked[order]
    return SparseTensor(stacked, values, np.array([len(counts), *sizes] if batch else sizes))


def ragged_of(name: str, feature: RaggedFeature, columns: dict[str, Lists], *, batch: bool) -> Any:
    """Returns a feature's lists as a ragged tensor; one list alone without the outer dimension."""
    lists = columns[feature.value_key or name]
    values, counts = partitioned(
        lists.values,
        lists.counts,
        feature.partitions,
        columns,
        feature.row_splits_dtype,
        name=name,
        needs_splits=not batch,
    )
    return RaggedTensor.from_row_lengths(values, counts, feature.row_splits_dtype) if batch else values
