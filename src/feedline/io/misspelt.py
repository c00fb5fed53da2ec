"""A feature that may be missing can be misspelt without anybody noticing: this looks for it, and warns once.

Only the first records that a parser sees are looked at, so that it costs nothing later.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence

from feedline.errors import FeedlineWarning
from feedline.formats.example import KIND_NAMES, KINDS, Wanted, record_kinds
from feedline.origin import frames_to_user

RECORDS = 8
"""How many records are looked at."""

_PARTS = re.compile(r"[^0-9A-Za-z]+|(?<=[a-z])(?=[A-Z])")


class Misspelt:
    """Looks for optional features that no record has while all have one of nearly that name, for which nobody asked.

    Args:
        wanted: the features that are asked for.
        required: the names of those that must be there although they have neither a default nor a length.
        field: the number of the message's field that holds the features.
        what: what they are called.
    """

    def __init__(
        self, wanted: Sequence[Wanted], required: Iterable[str] = (), field: int = 1, what: str = "feature"
    ) -> None:
        self._names = {feature.name for feature in wanted}
        optional = [feature for feature in wanted if feature.count is None or feature.default is not None]
        self._optional = {feature.name: KINDS[feature.dtype] for feature in optional}
        for name in required:
            del self._optional[name]
        self._field, self._what = field, what
        self._kinds: dict[str, set[int]] = {}
        self._records = 0

    @property
    def pointless(self) -> bool:
        """Whether every feature must be there, so that one that is misspelt is an error anyway."""
        return not self._optional

    def look(self, records: Iterable[bytes], *, enough: bool) -> bool:
        """Looks at some records, and warns when enough were seen.

        Args:
            records: serialised records.
            enough: whether these are enough, however few they are.

        Returns:
            Whether no more need be looked at.
        """
        for record in records:
            self._records += 1
            for name, kind in record_kinds(record, self._field).items():
                self._kinds.setdefault(name, set()).add(kind)
        if self._optional.keys() <= self._kinds.keys():
            return True
        if self._records < RECORDS and not enough:
            return False
        for name in self._optional.keys() - self._kinds.keys():
            self._warn_of(name)
        return True

    def _warn_of(self, name: str) -> None:
        kind = self._optional[name]
        near = [
            other
            for other, kinds in self._kinds.items()
            if other not in self._names and (kind in kinds or self._field != 1) and near_names(name, other)
        ]
        if not near:
            return
        first = f"first {self._records} records have" if self._records > 1 else "first record has"
        held = f" ({KIND_NAMES[kind]})" if self._field == 1 else ""
        warnings.warn(
            f"the {self._what} {name!r} is asked for, and is not in the records: the {first} none, but "
            f"{near[0]!r}{held}, which is not asked for. Did you mean {near[0]!r}? What is missing becomes the default "
            "value, or an empty list.",
            FeedlineWarning,
            stacklevel=frames_to_user(),
        )


def near_names(name: str, other: str) -> bool:
    """Says whether one name may be the other, misspelt: all words but for a letter or two, and the same digits.

    Example:
        >>> near_names("imaeg/encoded", "image/encoded"), near_names("ImageHeight", "image_height")
        (True, True)
        >>> near_names("box/xmin", "box/xmax"), near_names("feature_1", "feature_2")
        (False, False)
    """
    words, others = _PARTS.split(name), _PARTS.split(other)
    if "".join(words).lower() == "".join(others).lower():
        return True
    return len(words) == len(others) and all(
        _near_words(word.lower(), another.lower()) for word, another in zip(words, others, strict=True)
    )


def _near_words(word: str, other: str) -> bool:
    if word == other:
        return True
    shortest = min(len(word), len(other))
    if shortest < 3 or re.findall(r"\d+", word) != re.findall(r"\d+", other):
        return False
    return _edits(word, other) <= (1 if shortest < 6 else 2)


def _edits(word: str, other: str) -> int:
    """Returns how many letters must be put in, left out, replaced, or swapped with their neighbour."""
    if abs(len(word) - len(other)) > 2 or max(len(word), len(other)) > 200:
        return 3
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        oldest, before, row = before, row, [i] + [0] * len(other)
        for j, another in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == another:
                row[j] = min(row[j], oldest[j - 2] + 1)
    return row[-1]
