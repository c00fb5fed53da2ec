"""Surveys: which features are parsed, and which the records hold that came to be parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from feedline.check.calls import Call, Calls, as_bytes
from feedline.check.context import Context
from feedline.check.elements import Component, Elements
from feedline.check.families.format.inner import with_inner
from feedline.errors import FeedlineError
from feedline.formats.record_features import EXAMPLE, FEATURE_LISTS, Held, features_of
from feedline.io.features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    SparseFeature,
    UniformRowLength,
    VarLenFeature,
)
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.origin import Origin
from feedline.sources.tfrecord import ParsedRecords
from feedline.spec import int64
from feedline.strings import as_plain_array

_EXAMPLES = ("parse_example", "parse_single_example")
_SEQUENCES = ("parse_sequence_example", "parse_single_sequence_example")


@dataclass(frozen=True)
class Asked:
    """One feature that is read.

    Args:
        name: its name in the records.
        dtype: the dtype that it is read as.
        feature: what the user wrote.
        shape: of a FixedLenFeature its shape; None for those of differing lengths.
        required: whether parsing raises where it is missing.
    """

    name: str
    dtype: np.dtype
    feature: Any
    shape: tuple[int, ...] | None
    required: bool

    @property
    def has_default(self) -> bool:
        """Whether a value of the user's stands in where it is missing."""
        return getattr(self.feature, "default_value", None) is not None


class Survey:
    """What is parsed of the records that came into a step, and what these hold.

    Args:
        node: the step.
        features: what is parsed, as the user wrote it.
        records: the records.
        where: says which record one of these is.
        origin: the line that parses; None where that is the step itself.
        field: `EXAMPLE` or `FEATURE_LISTS`.
    """

    def __init__(
        self,
        node: Node,
        features: Mapping[str, Any],
        records: list[bytes],
        where: Callable[[int], str],
        origin: Origin | None,
        field: int = EXAMPLE,
    ) -> None:
        self.node = node
        self.features = features
        self.records = records
        self.field = field
        self.origin = origin
        self._where = where

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """The features that are read, those that partitions and indices stand in included."""
        found: dict[str, Asked] = {}
        for name, feature in self.features.items():
            for each in _asked(name, feature):
                found.setdefault(each.name, each)
        return tuple(found.values())

    @cached_property
    def held(self) -> list[dict[str, Held]]:
        """What each record holds, by name."""
        return [features_of(record, self.field) for record in self.records]

    @cached_property
    def names(self) -> dict[str, int]:
        """All names in the records, with the kind of the first."""
        names: dict[str, int] = {}
        for held in self.held:
            for name, each in held.items():
                names[name] = names.get(name, 0) or each.kind
        return names

    def rows_with(self, name: str) -> dict[int, Held]:
        """Returns what the records that have a feature hold, by the number of the record."""
        return {row: held[name] for row, held in enumerate(self.held) if name in held}

    def where(self, row: int) -> list[str]:
        """Returns the places of a record, from the innermost out: the line that parses, the record."""
        return [*([str(self.origin)] if self.origin is not None else []), self._where(row)]

    def errors(self, name: str, context: Context, *kinds: type[FeedlineError]) -> list[FeedlineError]:
        """Returns the errors of the pipeline that are about a feature."""
        return [error for error in context.sample.errors if isinstance(error, kinds) and repr(name) in error.what]


def _asked(name: str, feature: Any) -> Iterator[Asked]:
    if isinstance(feature, FixedLenFeature):
        yield Asked(name, feature.dtype, feature, feature.shape, feature.default_value is None)
    elif isinstance(feature, FixedLenSequenceFeature):
        yield Asked(name, feature.dtype, feature, None, not feature.allow_missing)
    elif isinstance(feature, VarLenFeature):
        yield Asked(name, feature.dtype, feature, None, False)
    elif isinstance(feature, RaggedFeature):
        yield Asked(feature.value_key or name, feature.dtype, feature, None, False)
        for partition in feature.partitions:
            if not isinstance(partition, UniformRowLength):
                yield Asked(partition.key, int64, feature, None, False)
    elif isinstance(feature, SparseFeature):
        for key in [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key:
            yield Asked(key, int64, feature, None, False)
        yield Asked(feature.value_key, feature.dtype, feature, None, False)


_surveys: WeakKeyDictionary[Context, tuple[Survey, ...]] = WeakKeyDictionary()


def surveys_of(context: Context) -> tuple[Survey, ...]:
    """Returns a survey for each set of features that is parsed, as far as records were seen."""
    if context not in _surveys:
        found = (survey for each in with_inner(context) for survey in _found(each))
        _surveys[context] = tuple(survey for survey in found if survey.records)
    return _surveys[context]


def _found(context: Context) -> Iterator[Survey]:
    for node in context.plan.nodes:
        if isinstance(node, ParsedRecords):
            into = context.sample.into(node)
            for component in into.components[:1]:
                yield Survey(node, node.features, _bytes_in(component), into.where_row, None)
        elif isinstance(node, Map):
            yield from _of_calls(node, context.sample.calls(node))


def _of_calls(node: Map, calls: Calls) -> Iterator[Survey]:
    seen: list[tuple[Any, int]] = []
    for call in calls.of(*_EXAMPLES, *_SEQUENCES):
        for argument, field in _FEATURES if call.name in _SEQUENCES else _FEATURES[:1]:
            features = call.arguments.get(argument)
            if not isinstance(features, Mapping) or not features or (features, field) in seen:
                continue
            seen.append((features, field))
            records, where = _records_of(call, calls)
            yield Survey(node, features, records, where, call.origin, field)


_FEATURES = (("features", EXAMPLE), ("context_features", EXAMPLE), ("sequence_features", FEATURE_LISTS))


def _records_of(call: Call, calls: Calls) -> tuple[list[bytes], Callable[[int], str]]:
    """Returns all records that came in where those of a call did; the call's own where they were made on the way."""
    for component in calls.into.components:
        if _is(component.values[call.element], call.arguments.get("serialized")):
            return _bytes_in(component), calls.into.where_row
    own = call.arguments.get("serialized")
    single = as_bytes(own)
    records = [single] if single is not None else [each for each in _listed(own) if isinstance(each, bytes)]
    return records, lambda row: _place(calls.into, call.element, row if single is None else None)


def _place(into: Elements, element: int, row: int | None) -> str:
    return into.where(element) if row is None else f"record {row} of {into.where(element)}"


def _listed(value: Any) -> list[Any]:
    value = as_plain_array(value)
    return list(value.reshape(-1)) if isinstance(value, np.ndarray) else list(value) if type(value) is list else []


def _is(value: Any, argument: Any) -> bool:
    if isinstance(value, bytes):
        return as_bytes(argument) == value
    listed = _listed(argument)
    return isinstance(value, np.ndarray) and value.shape == (len(listed),) and all(map(_same, value, listed))


def _same(value: Any, other: Any) -> bool:
    return bool(value == other)


def _bytes_in(component: Component) -> list[bytes]:
    return [row for row in component.rows if isinstance(row, bytes)]
