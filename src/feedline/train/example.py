"""The message Example: one record of a data set."""

from __future__ import annotations

from typing import Self

from feedline.errors import ArgumentError
from feedline.formats.wire import DELIMITED, delimited, fields
from feedline.train.feature import Features
from feedline.train.message import Message, block, take


class Example(Message):
    """One record: names and their features.

    Args:
        features: the features.

    Raises:
        DtypeError: `features` is no `Features`.

    Example:
        >>> from feedline.train import Feature, Int64List
        >>> example = Example(features=Features(feature={"label": Feature(int64_list=Int64List(value=[3]))}))
        >>> Example.FromString(example.SerializeToString()) == example
        True
        >>> example.features.feature["label"].int64_list.value[0]
        3

    Source of the format: https://www.tensorflow.org/api_docs/python/tf/train/Example
    """

    __slots__ = ("_features", "_present")

    def __init__(self, features: Features | None = None) -> None:
        self._present = features is not None
        self._features: Features = Features() if features is None else take(Features, features, "Example")

    @property
    def features(self) -> Features:
        """The features."""
        return self._features

    def HasField(self, field_name: str) -> bool:
        """Says whether the features are set."""
        if field_name != "features":
            raise ArgumentError(f"an Example has no field {field_name!r}.", fix='Ask for "features".')
        return self._present or len(self._features.feature) > 0

    def _copy(self) -> Example:
        return Example(self._features if self.HasField("features") else None)

    def _payload(self) -> bytes:
        return delimited(1, self._features._payload()) if self.HasField("features") else b""

    def _merge(self, message: memoryview) -> None:
        for number, wire, value in fields(message):
            if number == 1 and wire == DELIMITED:
                self._present = True
                self._features._merge(value)  # type: ignore[arg-type]

    def _assign(self, other: Self) -> None:
        self._present = other._present
        self._features._assign(other._features)

    def _contents(self) -> tuple:
        return (self.HasField("features"), self._features)

    def _text(self) -> list[str]:
        return block("features", self._features._text()) if self.HasField("features") else []
