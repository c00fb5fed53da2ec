"""Vocabulary: the categories of a column, in an order, and the search for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, with_article
from feedline.preprocess.values import kind_of

Category = bytes | int | bool


def as_category(value: Any, name: str) -> Category:
    """Returns one category that a user gave; text becomes bytes.

    Raises:
        ArgumentError: it is none, such as a float.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bool | int):
        return value
    raise ArgumentError(
        f"{name} has {with_article(type(value).__name__)}: {value!r:.40}.", fix="Give text, integers or bools."
    )


def as_vocabulary(values: Any) -> tuple[Category, ...]:
    """Returns categories that a user gave, in their order.

    Raises:
        ArgumentError: they are no categories of one kind, or one is there twice.
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ArgumentError(
            f"the vocabulary is {values!r:.60}, not a list.", fix="Give a list, such as vocabulary=['a', 'b']."
        )
    found = tuple(as_category(value, "the vocabulary") for value in values)
    if not found:
        raise ArgumentError("the vocabulary is empty.", fix="Give at least one category, or leave it out to learn it.")
    if len({type(value) for value in found}) > 1:
        raise ArgumentError("the vocabulary mixes kinds of values.", fix="Give text alone, or integers alone.")
    if len(set(found)) < len(found):
        twice = Counter(found).most_common(1)[0][0]
        raise ArgumentError(f"the vocabulary has {told(twice)} twice.", fix="Give each category once.")
    return found


def told(value: Any) -> str:
    """Returns a category for people: text without the b of bytes.

    Example:
        >>> told(b"Oslo"), told(3)
        ("'Oslo'", '3')
    """
    if isinstance(value, bytes):
        try:
            return repr(value.decode())
        except UnicodeDecodeError:
            pass
    return repr(value)


class Counts:
    """Counts categories that come in parts.

    Args:
        mask: a category that does not count; None for none.
    """

    def __init__(self, mask: Category | None) -> None:
        self._counter: Counter[Category] = Counter()
        self._mask = mask

    def add(self, values: np.ndarray) -> None:
        """Takes an array of any shape."""
        if values.dtype.kind == "O":
            self._counter.update(values.reshape(-1).tolist())
        else:
            found, counts = np.unique(values, return_counts=True)
            for value, count in zip(found.tolist(), counts.tolist(), strict=True):
                self._counter[value] += count

    def vocabulary(self, order: str, max_size: int | None, min_count: int) -> tuple[Category, ...]:
        """Returns the categories.

        Args:
            order: "frequency", the most frequent first and of equally frequent ones the smaller, or "value".
            max_size: how many of the most frequent ones there may be; None for all.
            min_count: how often each must have come.
        """
        found = [(value, count) for value, count in self._counter.items() if count >= min_count and value != self._mask]
        found.sort(key=lambda pair: (-pair[1], pair[0]))
        values = [value for value, _ in found[:max_size]]
        return tuple(sorted(values) if order == "value" else values)


class Lookup:
    """Finds the places of values in a vocabulary, many at a time.

    Args:
        vocabulary: the categories.
    """

    def __init__(self, vocabulary: Sequence[Category]) -> None:
        first = vocabulary[0] if vocabulary else b""
        self.kind = "string" if isinstance(first, bytes) else "bool" if isinstance(first, bool) else "integer"
        self._places = {value: place for place, value in enumerate(vocabulary)}
        self._sorted: np.ndarray | None = None
        if self.kind == "integer" and all(abs(int(value)) < _LIMIT for value in vocabulary):
            numbers = np.array(vocabulary, np.int64)
            self._order = np.argsort(numbers)
            self._sorted = numbers[self._order]

    def places(self, values: np.ndarray) -> np.ndarray:
        """Returns int64 places of the shape of the values; -1 for those that are not there.

        Raises:
            DtypeError: the values are of another kind than the vocabulary.
        """
        kind = kind_of(values)
        if kind != self.kind:
            raise DtypeError(
                f"the values are of the kind {kind!r}, and the vocabulary of the kind {self.kind!r}.",
                fix="Give a vocabulary of the kind that the column has.",
            )
        if kind == "integer" and self._sorted is not None and values.dtype != np.uint64:
            at = np.searchsorted(self._sorted, values)
            at[at == len(self._sorted)] = 0
            return np.where(self._sorted[at] == values, self._order[at], -1)
        get = self._places.get  # also of uint64, which NumPy compares with int64 as floats
        found = [get(value, -1) for value in values.reshape(-1).tolist()]
        return np.array(found, np.int64).reshape(values.shape)


_LIMIT = 1 << 63
