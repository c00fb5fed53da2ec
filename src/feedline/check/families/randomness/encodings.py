"""The encodings that functions refer to: which category has which number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.check.context import Context
from feedline.check.functions import FunctionFacts
from feedline.nodes.base import Node
from feedline.sources.arrays import Slices

_FEWEST = 2
_MOST = 1 << 20
_MOST_ATTRIBUTES = 64
_SPECIAL_NUMBERS = 4
"""The first category of a dict may have a number up to this: those before it stand for padding and the unknown."""

_LOOKUP_LAYERS = ("StringLookup", "IntegerLookup", "TextVectorization")


@dataclass(frozen=True)
class Encoding:
    """Which category has which number.

    Args:
        name: under which name a function refers to it.
        numbers: the number of each category, text as `str`.
        node: the step whose function it is.
        value: the object that it was read from.
    """

    name: str
    numbers: dict[Any, int]
    node: Node
    value: Any


def encodings_of(context: Context) -> list[Encoding]:
    """Returns the encodings that the functions of a pipeline refer to, each once."""
    found: dict[int, Encoding] = {}
    for node in context.plan.nodes:
        folders = _of_folders(node) if isinstance(node, Slices) else None
        if folders is not None:
            found[id(node)] = Encoding("the folders' labels", folders, node, node)
        for facts in context.plan.functions(node):
            for name, value in _looked_at(facts):
                numbers = _numbers(value, facts) if id(value) not in found else None
                if numbers is not None:
                    found[id(value)] = Encoding(name, numbers, node, value)
    return list(found.values())


def _of_folders(source: Slices) -> dict[Any, int] | None:
    """Returns the label of each folder of files, where a source gives pairs of a path and a label of its folder's."""
    columns = [np.asarray(column) for column in source.columns if isinstance(column, np.ndarray) and column.ndim == 1]
    paths = [column for column in columns if column.dtype == object]
    labels = [column for column in columns if column.dtype.kind in "iu"]
    if len(source.columns) != 2 or len(paths) != 1 or len(labels) != 1 or not 0 < len(paths[0]) <= _MOST:
        return None
    found: dict[Any, int] = {}
    for path, label in zip(paths[0].tolist(), labels[0].tolist(), strict=True):
        folder, _, name = (path if isinstance(path, bytes) else b"").replace(b"\\", b"/").rpartition(b"/")
        folder = folder.rpartition(b"/")[2]
        if not folder or b"." not in name or found.setdefault(_text(folder), label) != label:
            return None
    return _of_dict(found)


def _looked_at(facts: FunctionFacts) -> Iterator[tuple[str, Any]]:
    """Yields what a function refers to, and the attributes of objects of the user's own classes."""
    for name, value in facts.references:
        yield name, value
        kind = type(value)
        if name == "self" or kind.__module__.partition(".")[0] in ("builtins", "numpy", "feedline", "functools"):
            continue
        if isinstance(value, type) or _is_encoder(value):
            continue
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict) and kind.__name__ not in ("module", "function", "method"):
            for attribute, part in list(attributes.items())[:_MOST_ATTRIBUTES]:
                yield f"{name}.{attribute}", part


def _is_encoder(value: Any) -> bool:
    return type(value).__module__.startswith(("sklearn.preprocessing", "keras."))


def _numbers(value: Any, facts: FunctionFacts) -> dict[Any, int] | None:
    """Returns the number of each category in an encoding; None for what is none."""
    if type(value) is dict:
        return _of_dict(value)
    if isinstance(value, list | tuple):
        return _in_order(value) if any("index" in code.co_names for code in facts.codes) else None
    if isinstance(value, np.ndarray):
        return _in_order(value.tolist()) if value.ndim == 1 and value.dtype.kind in "OSU" else None
    if not _is_encoder(value):
        return None
    classes = getattr(value, "classes_", None)
    if isinstance(classes, np.ndarray) and classes.ndim == 1:
        return _in_order(classes.tolist(), of_numbers=True)
    columns = getattr(value, "categories_", None)
    if isinstance(columns, list) and columns:
        pairs = [(number, each) for number, column in enumerate(columns) for each in np.asarray(column).tolist()]
        return _in_order([each if len(columns) == 1 else str((at, each)) for at, each in pairs], of_numbers=True)
    if type(value).__name__ in _LOOKUP_LAYERS:
        try:
            return _in_order(list(value.get_vocabulary()), of_numbers=True)
        except Exception:  # one that has not been adapted: running it says so
            return None
    return None


def _of_dict(table: dict[Any, Any]) -> dict[Any, int] | None:
    if not _FEWEST <= len(table) <= _MOST or not all(isinstance(number, int | np.integer) for number in table.values()):
        return None
    numbers = {_text(key): int(number) for key, number in table.items()}
    if len(numbers) < len(table) or not all(isinstance(key, str | int) for key in numbers):
        return None
    first = min(numbers.values())
    if not 0 <= first <= _SPECIAL_NUMBERS or sorted(numbers.values()) != list(range(first, first + len(numbers))):
        return None
    return numbers


def _in_order(values: Sequence[Any], of_numbers: bool = False) -> dict[Any, int] | None:
    if not _FEWEST <= len(values) <= _MOST:
        return None
    kinds = (str, bytes, int, bool) if of_numbers else (str, bytes)
    if not all(isinstance(value, kinds) for value in values):
        return None
    numbers = {_text(value): place for place, value in enumerate(values)}
    return numbers if len(numbers) == len(values) else None


def _text(value: Any) -> Any:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value) if isinstance(
        value, str
    ) else value  # fmt: skip
