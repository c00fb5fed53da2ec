"""Elements as both libraries have them: tuples, dicts, namedtuples, dataclasses and None around arrays."""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from collections.abc import Callable
from typing import Any

Pair = namedtuple("Pair", "b a")


@dataclasses.dataclass
class Record:
    """A dataclass of the kind that tf.data takes."""

    image: Any
    label: Any

    def __tf_flatten__(self):
        return (), (self.image, self.label)

    @classmethod
    def __tf_unflatten__(cls, metadata, parts):
        return cls(*parts)


def parts_of(element: Any) -> list | None:
    """Returns the parts of a structure in the order that both libraries have them, None where it is no structure."""
    if isinstance(element, tuple):
        return list(element)
    if isinstance(element, dict):
        return [element[key] for key in sorted(element)]
    if isinstance(element, Record):
        return [element.image, element.label]
    return None


def leaves(element: Any) -> list:
    """Returns the components of an element."""
    parts = parts_of(element)
    if parts is None:
        return [] if element is None else [element]
    return [leaf for part in parts for leaf in leaves(part)]


def map_leaves(function: Callable[..., Any], element: Any, *others: Any) -> Any:
    """Returns the element of what a function makes of each component."""
    if element is None:
        return None
    parts = parts_of(element)
    if parts is None:
        return function(element, *others)
    columns = zip(parts, *(parts_of(other) for other in others), strict=True)
    made = [map_leaves(function, *column) for column in columns]
    if isinstance(element, dict):
        by_key = dict(zip(sorted(element), made, strict=True))
        return {key: by_key[key] for key in element}
    if isinstance(element, Record):
        return Record(*made)
    return type(element)(*made) if hasattr(element, "_fields") else tuple(made)


def shape_of_structure(element: Any) -> Any:
    """Returns what tells two structures apart."""
    parts = parts_of(element)
    if parts is None:
        return element is None
    names = tuple(sorted(element)) if isinstance(element, dict) else ()
    return type(element).__name__, names, tuple(shape_of_structure(part) for part in parts)


def has_dataclass(element: Any) -> bool:
    """Says whether a dataclass is part of a structure."""
    return isinstance(element, Record) or any(map(has_dataclass, parts_of(element) or ()))


def whole(arguments: tuple) -> Any:
    """Returns the element that a function was called with."""
    return arguments if len(arguments) != 1 else arguments[0]


ROWS = [
    "np.arange(7, dtype=np.int32)",
    "np.array([5, 3, 5, 5, 0, 3, 9, 0])",
    "np.linspace(-1, 1, 10, dtype=np.float32).reshape(5, 2)",
    "np.arange(6, dtype=np.float16).reshape(2, 3, 1)",
    "np.arange(6, dtype=np.uint8) * 50",
    "np.arange(-4, 4, dtype=np.int16).reshape(4, 2)",
    "np.array([True, False, True])",
    "np.array([1 + 2j, 0, 3j], np.complex64)",
    "[3, 1, 2]",
    "[[0.5, 1.0], [2.5, 3.0]]",
    "['a', 'bc', '', 'a', 'd\u00e9f', 'x' * 40]",
    "np.array([['p', 'q'], ['r', ''], ['p', 'q']], object)",
    "(np.arange(12, dtype=np.float64).reshape(6, 2), np.arange(6))",
    "(np.array([4, 2, 4]),)",
    "{'y': ['p', 'q', 'r', 's'], 'x': np.arange(8, dtype=np.int16).reshape(4, 2)}",
    "({'u': np.arange(5.0)}, (np.arange(5), np.ones((5, 1, 2), np.float16)))",
    "Pair(np.arange(4), np.arange(8, dtype=np.float32).reshape(4, 2))",
    "Pair({'k': np.arange(3, dtype=np.int8)}, (np.arange(3), ['u', 'v', 'w']))",
    "Record(np.arange(8, dtype=np.uint8).reshape(4, 2), [1, 0, 1, 1])",
    "(np.arange(5), None)",
    "{'a': None, 'b': (np.arange(3), None)}",
    "np.zeros((0, 3), np.float32)",
    "np.array([[1, 2, 3]])",
    "np.arange(24, dtype=np.int64).reshape(3, 2, 4)",
]
"""Values of which the sources are made, as code: from_tensor_slices takes their rows."""
