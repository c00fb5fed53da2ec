"""What a serialised Example or SequenceExample holds: each feature's kind and how many values it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedline.errors import CorruptExampleError
from feedline.formats.wire import DELIMITED, FIXED32, VARINT, fields

BYTES, FLOATS, INTS = 1, 2, 3
"""The number of each kind of list in the message Feature; 0 stands for a feature without a list."""

EXAMPLE, FEATURE_LISTS = 1, 2
"""The field of an Example's features, and of a SequenceExample's context; and that of its lists of features."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a record holds under one name.

    Args:
        kind: `BYTES`, `FLOATS`, `INTS`, or 0 where there is no list.
        count: how many values; of a list of features how many features.
        first: of `BYTES` the first value; else b"".
    """

    kind: int
    count: int
    first: bytes | memoryview = b""


def features_of(record: bytes, field: int = EXAMPLE) -> dict[str, Held]:
    """Returns what a record holds, by name, as far as it can be read.

    Args:
        record: the serialised message.
        field: `EXAMPLE`, or `FEATURE_LISTS` for the lists of a SequenceExample.

    Example:
        >>> from feedline.train import Example, Feature, Features, Int64List
        >>> label = Feature(int64_list=Int64List(value=[7, 8]))
        >>> record = Example(features=Features(feature={"label": label})).SerializeToString()
        >>> features_of(record)
        {'label': Held(kind=3, count=2, first=b'')}
    """
    found: dict[str, Held] = {}
    read = _feature if field == EXAMPLE else _feature_list
    try:
        for number, wire, features in fields(record):
            if number != field or wire != DELIMITED:
                continue
            for _, entry_wire, entry in fields(features):  # type: ignore[arg-type]
                if entry_wire != DELIMITED:
                    continue
                parts = {part: value for part, _, value in fields(entry)}  # type: ignore[arg-type]
                name = bytes(parts.get(1, b"")).decode("utf-8", "backslashreplace")  # type: ignore[arg-type]
                found[name] = read(parts.get(2, b""))  # type: ignore[arg-type]
    except (CorruptExampleError, TypeError):
        pass  # what was read so far is told all the same
    return found


def _feature(message: bytes | memoryview) -> Held:
    held = Held(0, 0)
    for kind, wire, values in fields(message):
        if wire == DELIMITED and kind in (BYTES, FLOATS, INTS):
            held = _list(kind, values)  # type: ignore[arg-type]
    return held


def _list(kind: int, message: bytes | memoryview) -> Held:
    count, first = 0, None
    for number, wire, value in fields(message):
        if number != 1:
            continue
        if kind == BYTES:
            count, first = count + 1, value if first is None else first
        elif wire in (FIXED32, VARINT):
            count += 1
        elif kind == FLOATS:
            count += len(value) // 4  # type: ignore[arg-type]
        else:  # each number ends with a byte below 128
            count += int(np.count_nonzero(np.frombuffer(value, np.uint8) < 128))  # type: ignore[arg-type]
    return Held(kind, count, b"" if first is None else first)  # type: ignore[arg-type]


def _feature_list(message: bytes | memoryview) -> Held:
    features = [value for number, wire, value in fields(message) if number == 1 and wire == DELIMITED]
    first = _feature(features[0]) if features else Held(0, 0)  # type: ignore[arg-type]
    return Held(first.kind, len(features), first.first)
