"""Classes whose objects are structure: dataclasses, attrs classes, and those that say so as TensorFlow asks for it.

A class is told to optree when the first of its objects is seen.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable
from typing import Any

import optree

NAMESPACE = "feedline"
"""The optree namespace that the classes are told to."""

_known: dict[type, bool] = {}
_lock = threading.Lock()


def is_structured(kind: type) -> bool:
    """Says whether the objects of a class are structure: their attributes are components.

    That is so for dataclasses and attrs classes, whose fields are the components, and for classes with
    `__tf_flatten__` and `__tf_unflatten__`, which is how TensorFlow wants it said. Arrays, and feedline's own classes,
    are none.

    Example:
        >>> is_structured(dataclasses.make_dataclass("Pair", ["image", "label"])), is_structured(int)
        (True, False)
    """
    answer = _known.get(kind)
    return _learn(kind) if answer is None else answer


def _learn(kind: type) -> bool:
    with _lock:
        if kind not in _known:
            _known[kind] = _register(kind)
        return _known[kind]


def _register(kind: type) -> bool:
    if kind.__module__.partition(".")[0] == "feedline" or hasattr(kind, "__array__") or issubclass(kind, type):
        return False
    as_node: Any = kind  # optree's types ask for a class of collections
    if hasattr(kind, "__tf_flatten__") and hasattr(kind, "__tf_unflatten__"):
        optree.register_pytree_node(as_node, _flatten_protocol, kind.__tf_unflatten__, namespace=NAMESPACE)
        return True
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind) if field.init)
    elif hasattr(kind, "__attrs_attrs__"):
        names = tuple(field.name for field in kind.__attrs_attrs__)
    else:
        return False

    def taken_apart(value: Any) -> tuple[list[Any], None, tuple[str, ...]]:
        return [getattr(value, name) for name in names], None, names

    def put_together(_: Any, parts: Iterable[Any]) -> Any:
        return kind(**dict(zip(names, parts, strict=True)))

    optree.register_pytree_node(as_node, taken_apart, put_together, namespace=NAMESPACE)
    return True


def _flatten_protocol(value: Any) -> tuple[Iterable[Any], Any]:
    metadata, parts = value.__tf_flatten__()
    return parts, metadata
