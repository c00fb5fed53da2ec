"""How features, dtypes and counts of records are written in findings."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np

from feedline.check.families.format.surveys import Asked
from feedline.errors import nearest_name
from feedline.formats.record_features import BYTES, FLOATS, INTS
from feedline.io.misspelt import near_names
from feedline.spec import dtype_name

KIND_NAMES = {BYTES: "bytes", FLOATS: "float", INTS: "int64", 0: "nothing"}
DTYPE_OF_KIND = {BYTES: "string", FLOATS: "float32", INTS: "int64"}
_MOST_NAMES = 12


def written_dtype(dtype: np.dtype | str) -> str:
    """Returns a dtype as the user writes it: "fl.int64"."""
    return f"fl.{dtype if isinstance(dtype, str) else dtype_name(dtype)}"


def written_feature(asked: Asked, dtype: str, shape: tuple[int, ...] | None) -> str:
    """Returns a feature as the user would write it, with another dtype or shape than it has.

    Args:
        asked: the feature.
        dtype: "int64", "float32" or "string".
        shape: the shape; None for one of no fixed length.
    """
    kind = type(asked.feature).__name__
    if shape is not None:
        return f"fl.io.FixedLenFeature({list(shape)}, fl.{dtype})"
    if kind == "FixedLenSequenceFeature":
        return f"fl.io.FixedLenSequenceFeature({list(asked.feature.shape)}, fl.{dtype}, allow_missing=True)"
    return f"fl.io.{kind if kind == 'VarLenFeature' else 'RaggedFeature'}(fl.{dtype})"


def of_records(count: int, total: int) -> str:
    """Returns "all 512 records", "3 of 512 records" or "none of 512 records"."""
    if count == total:
        return f"all {total:,} records that were looked at" if total > 1 else "the record that was looked at"
    return f"{count:,} of the {total:,} records that were looked at"


def listed_names(names: Mapping[str, int]) -> str:
    """Returns the names that records have, each with its kind."""
    shown = [f"{name!r} ({KIND_NAMES.get(kind, 'unreadable')})" for name, kind in sorted(names.items())[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def meant_name(name: str, kind: int, names: Mapping[str, int], asked: Collection[str]) -> tuple[str | None, bool]:
    """Returns the name that was most likely meant, and whether there is hardly a doubt.

    Args:
        name: a name that no record has.
        kind: the kind of values that it is read as.
        names: the names that records have, with their kinds.
        asked: all names that are read.
    """
    others = [other for other in names if other not in asked]
    near = [other for other in others if near_names(name, other)]
    if near:
        return near[0], True
    same_kind = [other for other in others if names[other] == kind]
    parts = [other for other in same_kind if name.lower() in other.lower() or other.lower() in name.lower()]
    if len(parts) == 1:
        return parts[0], len(same_kind) == 1
    nearest = nearest_name(name, same_kind) or nearest_name(name, others)
    return nearest, False


def shape_for(shape: tuple[int, ...], count: int) -> tuple[int, ...] | None:
    """Returns the shape most like another one that takes so many values; None where none is.

    Example:
        >>> shape_for((28, 27), 784), shape_for((28, 28), 2352), shape_for((32, 32, 3), 1024), shape_for((), 5)
        ((28, 28), (28, 28, 3), (32, 32, 1), (5,))
    """
    if len(shape) < 2:
        return (count,) if count != 1 else ()
    changed: list[tuple[float, tuple[int, ...]]] = []
    for axis, length in enumerate(shape):
        rest = math.prod(shape[:axis] + shape[axis + 1 :])
        if rest and count % rest == 0 and count:
            new = count // rest
            changed.append((abs(math.log(new / length)) if length else 9.0, (*shape[:axis], new, *shape[axis + 1 :])))
    for channels in (3, 4, 1):
        if len(shape) == 2 and math.prod(shape) * channels == count:
            changed.append((0.0, (*shape, channels)))
    side = math.isqrt(count // shape[-1]) if shape[-1] else 0
    if len(shape) == 3 and side and side * side * shape[-1] == count:
        changed.append((0.5, (side, side, shape[-1])))
    return min(changed)[1] if changed else None
