"""What functions refer to and may change: seen after every unit, for which it must cost next to nothing.

A process has a copy of its own of all that. A function that numbers words in a dictionary gives other numbers there, so
it must be noticed where one begins to do so. Looked at are variables, attributes of objects of the user's classes, and
what lists and dictionaries hold; of large ones the length alone. What arrays hold is left out: as a rule they are where
a function puts what it needs for a moment.
"""

from __future__ import annotations

import pickle
import types
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from feedline.plan.libraries import is_users
from feedline.plan.written import names_in

_MOST_POINTS = 128
_MOST_VALUES = 32
_DEEPEST = 6
_COMPARED = (bool, int, float, complex, str, bytes, tuple, type(None), np.generic)

_Read = Callable[[], list[Any]]


class ReferredState:
    """What functions refer to.

    Args:
        functions: the functions, each with a key that `changed` returns.

    Example:
        >>> variables = {"words": {}}
        >>> number = eval("lambda word: words.setdefault(word, len(words))", variables)
        >>> state = ReferredState([(0, number)])
        >>> state.changed()
        >>> variables["words"]["new"] = 0
        >>> state.changed()
        (0, "variable 'words'")
    """

    def __init__(self, functions: Iterable[tuple[int, Any]]) -> None:
        self._functions = tuple(functions)
        self._points: list[tuple[int, str, _Read, list[Any]]] | None = None

    def changed(self) -> tuple[int, str] | None:
        """Returns the key of a function and what of it has changed, once; None where nothing has.

        The first call only looks: what functions make when they are first called changes nothing that they give.
        """
        if self._points is None:
            self._points = []
            for key, function in self._functions:
                walk = _Walk()
                walk.function(function, _DEEPEST)
                self._points += [(key, name, read, read()) for name, read in walk.points]
            return None
        for key, name, read, before in self._points:
            now = read()
            if len(now) != len(before) or not all(map(_same, now, before)):
                self._points = []
                return key, name
        return None


def _same(now: Any, before: Any) -> bool:
    if now is before:
        return True
    if type(now) is not type(before) or not isinstance(now, _COMPARED):
        return False
    try:
        return bool(now == before) or bool(now != now)
    except Exception:  # of a tuple of arrays
        return False


class _Walk:
    """Goes through what a function refers to.

    Attributes:
        points: what is to be looked at: a name for people, and what returns the values that must stay the same.
    """

    def __init__(self) -> None:
        self.points: list[tuple[str, _Read]] = []
        self._seen: set[int] = set()

    def function(self, function: Any, depth: int) -> None:
        """Goes through a function, a method, or an object that can be called."""
        if not self._is_new(function, depth):
            return
        if isinstance(function, partial):
            self.function(function.func, depth - 1)
            for value in (*function.args, *function.keywords.values()):
                self._value("an argument of a partial function", value, depth - 1)
        elif isinstance(function, types.MethodType):
            self._value("its object", function.__self__, depth - 1)
            self.function(function.__func__, depth - 1)
        elif isinstance(function, types.FunctionType):
            if is_users(function.__module__):
                self._variables(function, depth - 1)
        elif not isinstance(function, type) and is_users(type(function).__module__):
            self._object("its object", function, depth)

    def _variables(self, function: types.FunctionType, depth: int) -> None:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._variable(name, partial(_of_cell, cell), depth)
        for name in dict.fromkeys(names_in(function.__code__)):
            if name in function.__globals__:
                self._variable(name, partial(_of_globals, function.__globals__, name), depth)
        for value in function.__defaults__ or ():
            self._value("a default argument", value, depth)

    def _variable(self, name: str, read: _Read, depth: int) -> None:
        told = f"variable {name!r}"
        self._add(told, read)
        for value in read():
            self._value(told, value, depth)

    def _value(self, name: str, value: Any, depth: int) -> None:
        if isinstance(value, (types.FunctionType, types.MethodType, partial)):
            self.function(value, depth)
            return
        if isinstance(value, (type, types.ModuleType)) or not self._is_new(value, depth):
            return
        held: list[Any] = []
        if isinstance(value, (dict, list, set, deque)):
            self._add(name, partial(_of_container, value))
            held = _of_container(value)[1:]
        elif isinstance(value, tuple):
            held = list(value[:_MOST_VALUES])
        elif type(value).__module__.startswith(("numpy.random", "random")):
            self._add(name, partial(_of_generator, value))
        elif hasattr(value, "__dict__") and is_users(type(value).__module__):
            self._object(name, value, depth)
        for part in held:
            self._value(name, part, depth - 1)

    def _object(self, name: str, value: Any, depth: int) -> None:
        """Goes through the attributes and the methods of an object of one of the user's classes."""
        attributes = getattr(value, "__dict__", {})
        for attribute, part in list(attributes.items())[:_MOST_VALUES]:
            self._value(f"attribute {attribute!r} of {name}", part, depth - 1)
        self._add(f"an attribute of {name}", partial(_of_container, attributes))
        for kind in type(value).__mro__:
            for method in vars(kind).values() if is_users(kind.__module__) else ():
                if isinstance(method, types.FunctionType):
                    self.function(method, depth - 1)

    def _is_new(self, value: Any, depth: int) -> bool:
        if depth <= 0 or isinstance(value, _COMPARED[:-3]) or id(value) in self._seen:
            return False
        self._seen.add(id(value))
        return True

    def _add(self, name: str, read: _Read) -> None:
        if len(self.points) < _MOST_POINTS:
            self.points.append((name, read))


def _of_cell(cell: types.CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # it is empty
        return []


def _of_globals(names: dict[str, Any], name: str) -> list[Any]:
    return [names[name]] if name in names else []


def _of_container(container: Any) -> list[Any]:
    if len(container) > _MOST_VALUES or isinstance(container, set):
        return [len(container)]
    return [len(container), *(container.values() if isinstance(container, dict) else container)]


def _of_generator(generator: Any) -> list[Any]:
    try:
        return [pickle.dumps(generator)]
    except Exception:
        return []
