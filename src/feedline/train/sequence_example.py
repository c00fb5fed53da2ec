"""The messages FeatureList, FeatureLists and SequenceExample: a record whose features have one entry a time step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableSequence
from typing import Any, Self

from feedline.errors import ArgumentError, DtypeError, with_article
from feedline.formats.wire import DELIMITED, delimited, fields
from feedline.train.feature import Feature, Features
from feedline.train.message import Message, block, take
from feedline.train.message_map import MessageMap


class FeatureSequence(MutableSequence):
    """The features of a FeatureList, which is a list of `Feature`s."""

    __slots__ = ("_items",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self._items: list[Feature] = []

    def _taken(self, feature: Any) -> Feature:
        return take(Feature, feature, "a FeatureList")

    def add(self, **lists: Any) -> Feature:
        """Adds a new Feature, made of these arguments, and returns it."""
        self._items.append(Feature(**lists))
        return self._items[-1]

    def insert(self, index: int, value: Feature) -> None:
        """Adds a copy of a Feature before a position."""
        self._items.insert(index, self._taken(value))

    def extend(self, values: Iterable[Feature]) -> None:
        """Adds copies of Features.

        Raises:
            DtypeError: it is no list of Features.
        """
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise DtypeError(
                f"a FeatureList takes a list of Features, not {with_article(type(values).__name__)}.",
                fix="Give a list of feedline.train.Feature(...).",
            )
        self._items.extend([self._taken(value) for value in values])

    def MergeFrom(self, other: Iterable[Feature]) -> None:
        """Adds copies of the Features of another list."""
        self.extend(other)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._items[index] = [self._taken(feature) for feature in value]
        else:
            self._items[index] = self._taken(value)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._items)

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, FeatureSequence) else other)

    def __repr__(self) -> str:
        return repr(self._items)


class FeatureList(Message):
    """A list of features, one for each time step.

    Args:
        feature: the `Feature`s.

    Example:
        >>> from feedline.train import Int64List
        >>> steps = FeatureList(feature=[Feature(int64_list=Int64List(value=[step])) for step in range(3)])
        >>> len(steps.feature), steps.feature[2].int64_list.value[0]
        (3, 2)
    """

    __slots__ = ("_feature",)

    def __init__(self, feature: Iterable[Feature] | None = None) -> None:
        self._feature = FeatureSequence()
        if feature is not None:
            self._feature.extend(feature)

    @property
    def feature(self) -> FeatureSequence:
        """The features, in order."""
        return self._feature

    def _copy(self) -> FeatureList:
        return FeatureList(self._feature)

    def _payload(self) -> bytes:
        return b"".join([delimited(1, feature._payload()) for feature in self._feature])

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if number == 1 and wire == DELIMITED:
                self._feature.add()._merge(value)  # type: ignore[arg-type]

    def _assign(self, other: Self) -> None:
        self._feature[:] = other._feature

    def _contents(self) -> FeatureSequence:
        return self._feature

    def _text(self) -> list[str]:
        return [line for feature in self._feature for line in block("feature", feature._text())]


class FeatureLists(Message):
    """Names to lists of features.

    Args:
        feature_list: a dict from names to `FeatureList`s.
    """

    __slots__ = ("_map",)

    def __init__(self, feature_list: Mapping[str, FeatureList] | None = None) -> None:
        self._map = MessageMap(FeatureList, feature_list)

    @property
    def feature_list(self) -> MessageMap:
        """The lists by name; a name that is not there yet is added by asking for it."""
        return self._map

    def _copy(self) -> FeatureLists:
        made = FeatureLists()
        made._map = self._map.copy()
        return made

    def _payload(self) -> bytes:
        return self._map.payload()

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if number == 1 and wire == DELIMITED:
                self._map.merge(value)  # type: ignore[arg-type]

    def _assign(self, other: Self) -> None:
        self._map.replace(other._map)

    def _contents(self) -> MessageMap:
        return self._map

    def _text(self) -> list[str]:
        return self._map.text("feature_list")


class SequenceExample(Message):
    """A record with features of its own (the context) and features that have one entry a time step.

    Args:
        context: the features of the record as a whole.
        feature_lists: the features that have one entry a time step.

    Raises:
        DtypeError: `context` is no `Features`, or `feature_lists` no `FeatureLists`.

    Example:
        >>> example = SequenceExample()
        >>> example.context.feature["length"].int64_list.value.append(2)
        >>> example.feature_lists.feature_list["word"].feature.add().bytes_list.value.append(b"yes")
        >>> SequenceExample.FromString(example.SerializeToString()) == example
        True

    Source of the format: https://www.tensorflow.org/api_docs/python/tf/train/SequenceExample
    """

    __slots__ = ("_context", "_feature_lists", "_present")

    def __init__(self, context: Features | None = None, feature_lists: FeatureLists | None = None) -> None:
        self._present = {"context": context is not None, "feature_lists": feature_lists is not None}
        self._context: Features = Features() if context is None else take(Features, context, "a context")
        self._feature_lists: FeatureLists = (
            FeatureLists() if feature_lists is None else take(FeatureLists, feature_lists, "a SequenceExample")
        )

    @property
    def context(self) -> Features:
        """The features of the record as a whole."""
        return self._context

    @property
    def feature_lists(self) -> FeatureLists:
        """The features that have one entry a time step."""
        return self._feature_lists

    def HasField(self, field_name: str) -> bool:
        """Says whether the context, or the feature lists, are set."""
        if field_name not in self._present:
            raise ArgumentError(
                f"a SequenceExample has no field {field_name!r}.", fix='Ask for "context" or "feature_lists".'
            )
        items = self._context.feature if field_name == "context" else self._feature_lists.feature_list
        return self._present[field_name] or len(items) > 0

    def _parts(self) -> list[tuple[int, str, Message]]:
        parts = [(1, "context", self._context), (2, "feature_lists", self._feature_lists)]
        return [part for part in parts if self.HasField(part[1])]

    def _clear_field(self, field_name: str) -> None:
        self._present[field_name] = False
        (self._context if field_name == "context" else self._feature_lists).Clear()

    def _copy(self) -> SequenceExample:
        return SequenceExample(**{name: part for _, name, part in self._parts()})  # type: ignore[arg-type]

    def _payload(self) -> bytes:
        return b"".join([delimited(number, part._payload()) for number, _, part in self._parts()])

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if wire != DELIMITED or number not in (1, 2):
                continue
            name, part = ("context", self._context) if number == 1 else ("feature_lists", self._feature_lists)
            self._present[name] = True
            part._merge(value)  # type: ignore[arg-type]

    def _assign(self, other: Self) -> None:
        self._present = dict(other._present)
        self._context._assign(other._context)
        self._feature_lists._assign(other._feature_lists)

    def _contents(self) -> list:
        return self._parts()

    def _text(self) -> list[str]:
        return [line for _, name, part in self._parts() for line in block(name, part._text())]
