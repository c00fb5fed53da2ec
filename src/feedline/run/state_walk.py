"""Goes through what functions refer to, for what may change of it and how that is read."""

from __future__ import annotations

import enum
import io
import os
import random
import sys
import types
from array import array
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from feedline.plan.libraries import is_users, is_users_class
from feedline.plan.written import methods_of, names_in
from feedline.run.state_reads import (
    MOST_VALUES,
    PLAIN,
    Read,
    of_attributes,
    of_cell,
    of_container,
    of_environment,
    of_file,
    of_generator,
    of_global_generator,
    of_iterator,
    of_memory,
    of_names,
    of_variable,
    read_of_numpy,
    versions,
)

_MOST_POINTS = 128
_MOST_ARRAYS = 16
_MOST_SEEN = 2048
DEEPEST = 6
_OF_LARGE = 4
"""Of a large container, so many of what it holds are gone through in turn."""

_CONTAINERS = (dict, list, set, deque)
_PLAIN_OBJECTS = frozenset(["argparse", "collections", "types"])
"""Modules of Python's own whose objects hold what users put into them, as attributes."""

_WRAPPED = ("__wrapped__", "pyfunc", "py_func")
"""Where libraries keep the function of the user's that they wrap in an object."""


class Walk:
    """Goes through what a function refers to.

    What functions refer to themselves goes before what is found deeper: only so much is looked at.
    """

    def __init__(self) -> None:
        self._points: list[tuple[int, str, Read]] = []
        self._memory: list[tuple[int, str, Read]] = []
        self._seen: set[Any] = set()

    @property
    def points(self) -> list[tuple[str, Read]]:
        """What is to be looked at: a name for people, and what returns the values that must stay the same."""
        return _nearest(self._points, _MOST_POINTS)

    @property
    def memory(self) -> list[tuple[str, Read]]:
        """Likewise arrays and their like, to which a function may only write what it needs for a moment."""
        return _nearest(self._memory, _MOST_ARRAYS)

    def function(self, function: Any, depth: int) -> None:
        """Goes through a function, a method, or an object that can be called."""
        if not self._is_new(function, depth):
            return
        if isinstance(function, partial):
            self.function(function.func, depth - 1)
            for value in (*function.args, *function.keywords.values()):
                self._value("an argument of a partial function", value, depth - 1)
        elif isinstance(function, (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)):
            self._value("its object", function.__self__, depth - 1)
            if isinstance(function, types.MethodType):
                self.function(function.__func__, depth - 1)
        elif isinstance(function, types.FunctionType):
            if is_users(function.__module__):
                self._variables(function, depth - 1)
                self._own_attributes(function, depth - 1)
        elif not isinstance(function, type):
            if is_users_class(type(function)):
                self._object("its object", function, depth)
            else:
                self._wrapped(function, depth)

    def _wrapped(self, value: Any, depth: int) -> None:
        for name in _WRAPPED:
            inner = getattr(value, name, None)
            if isinstance(inner, types.FunctionType):
                self.function(inner, depth - 1)

    def _variables(self, function: types.FunctionType, depth: int) -> None:
        names = list(dict.fromkeys(names_in(function.__code__)))
        modules = [sys.modules[name] for name in names if name in sys.modules and name not in function.__globals__]
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            modules += self._variable(name, partial(of_cell, cell), depth)
        for name in names:
            modules += self._variable(name, partial(of_variable, function.__globals__, name), depth)
        for module in modules:
            if isinstance(module, types.ModuleType):
                self._module(module, names, depth)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._value("a default argument", value, depth)

    def _own_attributes(self, function: types.FunctionType, depth: int) -> None:
        attributes = vars(function)
        if attributes:
            self._add(f"an attribute of {function.__name__}()", partial(of_container, attributes), depth)
        for name, part in islice(attributes.items(), MOST_VALUES):
            self._value(f"attribute {name!r} of {function.__name__}()", part, depth)
        if function.__defaults__ or function.__kwdefaults__:
            self._add("a default argument", partial(_defaults_of, function), depth)

    def _module(self, module: types.ModuleType, names: list[str], depth: int) -> None:
        """Goes through the variables of a module that code names, and through generators that a library's holds."""
        if module is os and "environ" in names:
            self._value("os.environ", os.environ, depth)
        drawing = "seed" not in names  # which makes them those of the element
        if module is random and drawing and not {"np", "numpy"}.intersection(names):  # whose `random` is another
            self._add("the random numbers of random", of_global_generator, depth)
        elif drawing and (module is np.random or (module is np and "random" in names)):
            self._add("the random numbers of numpy.random", read_of_numpy(), depth)
        if module.__name__ == "__main__" or depth <= 0 or not is_users(module.__name__):
            return
        for name in names:
            if name not in vars(module) or (id(module), name) in self._seen:
                continue
            self._seen.add((id(module), name))
            value = vars(module)[name]
            if isinstance(value, types.ModuleType):
                self._module(value, names, depth - 1)
                continue
            told = f"variable {name!r} of {module.__name__}"
            self._add(told, partial(of_variable, vars(module), name), depth)
            self._value(told, value, depth - 1)

    def _variable(self, name: str, read: Read, depth: int) -> list[Any]:
        """Goes through what a variable holds, if there is one, and returns it."""
        told = f"variable {name!r}"
        held = read()
        if held:
            self._add(told, read, depth)
        for value in held:
            self._value(told, value, depth)
        return held

    def _value(self, name: str, value: Any, depth: int) -> None:
        if isinstance(value, (types.FunctionType, types.MethodType, partial)):
            self.function(value, depth)
            return
        if isinstance(value, types.ModuleType) or not self._is_new(value, depth):
            return
        held: list[Any] = []
        if isinstance(value, type):
            self._class(value, depth)
        elif isinstance(value, (types.BuiltinMethodType, types.MethodWrapperType)):
            self._value(name, value.__self__, depth - 1)
        elif isinstance(value, _CONTAINERS):
            self._add(name, partial(of_container, value), depth)
            most = MOST_VALUES if len(value) <= MOST_VALUES else _OF_LARGE
            held = list(islice(value.values() if isinstance(value, dict) else value, most))
        elif isinstance(value, (np.ndarray, array, bytearray)) or _is_tensor(value):
            self._memory.append((depth, name, partial(of_memory, value)))
        elif isinstance(value, tuple):
            held = list(value[:MOST_VALUES])
        elif isinstance(value, type(os.environ)):
            self._add(name, partial(of_environment, value), depth)
        elif _is_generator(type(value)):
            self._add(name, partial(of_generator, value), depth)
        elif isinstance(value, io.IOBase):
            self._add(name, partial(of_file, value), depth)
        elif isinstance(value, Iterator) and not is_users_class(type(value)):
            self._add(name, partial(of_iterator, value), depth)
        elif _is_torch_module(value):
            self._add(f"a buffer of {name}", partial(versions, list(islice(value.buffers(), MOST_VALUES))), depth)
        elif callable(value) and not is_users_class(type(value)):
            self._wrapped(value, depth)
        if _holds_what_users_put_there(type(value)):
            self._object(name, value, depth)
        for part in held:
            self._value(name, part, depth - 1)

    def _object(self, name: str, value: Any, depth: int) -> None:
        """Goes through the attributes and the methods of an object of one of the user's classes."""
        attributes = getattr(value, "__dict__", {})
        slots = tuple(name for name in _slots(type(value)) if hasattr(value, name))
        held = (*islice(attributes.items(), MOST_VALUES), *((each, getattr(value, each)) for each in slots))
        for attribute, part in held:
            self._value(f"attribute {attribute!r} of {name}", part, depth - 1)
        self._add(f"an attribute of {name}", partial(of_container, attributes), depth)
        if slots:
            self._add(f"an attribute of {name}", partial(of_attributes, value, slots), depth)
        if self._is_new(type(value), depth):
            self._class(type(value), depth)

    def _class(self, kind: type, depth: int) -> None:
        """Goes through the attributes of a class of the user's, and of those that it is derived from."""
        for each in (*kind.__mro__, type(kind)):
            if not is_users_class(each) or issubclass(each, enum.Enum):
                continue
            names = []
            for name, value in list(vars(each).items()):
                methods = methods_of(value)
                for method in methods:
                    self.function(method, depth - 1)
                if not methods and not name.startswith(("__", "_abc_")) and not hasattr(value, "__get__"):
                    names.append(name)
                    self._value(f"attribute {name!r} of class {each.__name__}", value, depth - 1)
            if names:
                self._add(
                    f"an attribute of class {each.__name__}", partial(of_names, vars(each), names[:MOST_VALUES]), depth
                )

    def _is_new(self, value: Any, depth: int) -> bool:
        if depth <= 0 or isinstance(value, PLAIN) or id(value) in self._seen or len(self._seen) > _MOST_SEEN:
            return False
        self._seen.add(id(value))
        return True

    def _add(self, name: str, read: Read, depth: int) -> None:
        self._points.append((depth, name, read))


def _nearest(points: list[tuple[int, str, Read]], most: int) -> list[tuple[str, Read]]:
    return [(name, read) for _, name, read in sorted(points, key=lambda point: -point[0])[:most]]


def _defaults_of(function: types.FunctionType) -> list[Any]:
    return [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def _slots(kind: type) -> Iterator[str]:
    for each in filter(is_users_class, kind.__mro__):
        slots = vars(each).get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


def _holds_what_users_put_there(kind: type) -> bool:
    return not issubclass(kind, type) and (is_users_class(kind) or kind.__module__ in _PLAIN_OBJECTS)


def _is_generator(kind: type) -> bool:
    return any(str(each.__module__).startswith(("numpy.random", "random")) for each in kind.__mro__)


def _is_tensor(value: Any) -> bool:
    return "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor)


def _is_torch_module(value: Any) -> bool:
    return "torch.nn" in sys.modules and isinstance(value, sys.modules["torch.nn"].Module)
