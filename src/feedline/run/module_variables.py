"""Variables of the user's modules, as they are now: another process imports the modules, and has what their files say.

A program often sets them once it has read its arguments (`config.size = 64`), or between two epochs.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import pickle
import sys
import types
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from feedline.plan.libraries import is_users, is_users_class
from feedline.plan.parts import MAKING
from feedline.plan.written import methods_of, names_in
from feedline.run.state_reads import Read, of_cell, of_variable

_MOST_SEEN = 2048
_MOST_HELD = 256
"""What holds more is no setting, and is left as the module makes it."""

_MOST_BYTES = 64 << 10
_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)
_HOLDING = (tuple, list, set, frozenset)
_NAMESPACES = (types.SimpleNamespace, argparse.Namespace)

Variable = tuple[str, str, str, bytes]
"""The module, the class in it or "", the name, and the pickled value."""


def variables_of(functions: Iterable[Any]) -> list[Variable]:
    """Returns the variables of modules, and the attributes of classes in them, that functions name and that hold plain
    values.

    Args:
        functions: the functions; what they call is looked at too.
    """
    reach = Reach()
    for function in functions:
        with contextlib.suppress(Exception):  # an object of the user's may raise whatever it likes
            reach.follow(function)
    found = []
    for (module, owner, name), value in sorted(reach.found.items(), key=lambda pair: pair[0]):
        with contextlib.suppress(Exception):
            if _size_of(value) <= _MOST_HELD:
                found.append((module, owner, name, pickle.dumps(value)))
    return found


def set_variables(variables: Iterable[Variable]) -> None:
    """Sets variables of modules to what they hold in another process, where they hold something else here."""
    for module, owner, name, pickled in variables:
        with contextlib.suppress(Exception):  # the function that needs it will tell
            holder: Any = importlib.import_module(module)
            for part in filter(None, owner.split(".")):
                holder = getattr(holder, part)
            if name not in vars(holder) or pickle.dumps(vars(holder)[name]) != pickled:
                setattr(holder, name, pickle.loads(pickled))


def _size_of(value: Any, depth: int = 6) -> int:
    """Returns how many values a plain value is made of; more than is allowed where it is none."""
    if isinstance(value, (str, bytes)):
        return 1 + len(value) * _MOST_HELD // _MOST_BYTES
    if isinstance(value, _PLAIN):
        return 1
    if type(value) is np.ndarray:
        return 1 + (_MOST_HELD if value.dtype.hasobject else value.nbytes * _MOST_HELD // _MOST_BYTES)
    held: Any = None
    if isinstance(value, Mapping):
        held = [*value.keys(), *value.values()] if len(value) <= _MOST_HELD else None
    elif isinstance(value, _HOLDING):
        held = value if len(value) <= _MOST_HELD else None
    elif isinstance(value, _NAMESPACES) or _is_plain_object(value):
        held = vars(value).values()
    if held is None or depth == 0:
        return _MOST_HELD + 1
    count = 1
    for part in held:
        count += _size_of(part, depth - 1)
        if count > _MOST_HELD:
            break
    return count


def _is_plain_object(value: Any) -> bool:
    return is_users_class(type(value)) and hasattr(value, "__dict__") and not callable(value)


class Reach:
    """Follows functions to the variables that they name.

    Args:
        making: whether what makes objects (`__init__`) is followed, too, and what objects hold that no code names.

    Attributes:
        found: what the variables hold, by module, class and name.
        named: all variables and attributes of classes that code names, also the program's, and how each is read.
        names: the names in the code.
        holding: dictionaries, lists and objects of the user's that these hold.
    """

    def __init__(self, making: bool = True) -> None:
        self._making = making
        self._classes: dict[type, None] = {}
        self._objects: list[Any] = []
        self._noted: set[tuple[str, str, str]] = set()
        self.found: dict[tuple[str, str, str], Any] = {}
        self.named: list[tuple[str, Read]] = []
        self.names: set[str] = set()
        self.holding: list[Any] = []
        self._seen: dict[int, Any] = {}

    def follow(self, function: Any) -> None:
        """Follows a function, and what it leads to."""
        waiting, known = [function], -1
        while waiting:
            while waiting:
                value = waiting.pop()
                if isinstance(value, _PLAIN) or id(value) in self._seen or len(self._seen) > _MOST_SEEN:
                    continue
                self._seen[id(value)] = value  # which keeps another from having its id
                waiting += self._parts(value)
            if known != (known := len(self.names)):  # names that were met since may lead further
                waiting = [part for kind in self._classes for part in self._of_class(kind)]
                waiting += [part for each in self._objects for part in self._of_object(each)]

    def _parts(self, value: Any) -> list[Any]:
        if isinstance(value, partial):
            return [value.func, *value.args, *value.keywords.values()]
        if isinstance(value, types.MethodType):
            return [value.__self__, value.__func__]
        if isinstance(value, types.FunctionType):
            return self._of_function(value) if is_users(value.__module__) else []
        if isinstance(value, type):
            return self._of_class(value)
        if isinstance(value, (dict, list)):
            self.holding.append(value)
        if isinstance(value, dict):
            return list(value.values()) if len(value) <= _MOST_HELD else []
        if isinstance(value, _HOLDING):
            return list(value) if len(value) <= _MOST_HELD else []
        kind = type(value)
        if is_users_class(kind):
            self.holding.append(value)
            self._objects.append(value)
            return [kind, *self._of_object(value)]
        return [inner] if isinstance(inner := getattr(value, "__wrapped__", None), types.FunctionType) else []

    def _of_function(self, function: types.FunctionType) -> list[Any]:
        names = dict.fromkeys(names_in(function.__code__))
        self.names.update(names)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self.named.append((f"variable {name!r}", partial(of_cell, cell)))
        for name in names:
            if name in function.__globals__:
                self.named.append((f"variable {name!r}", partial(of_variable, function.__globals__, name)))
        parts: list[Any] = [held for cell in function.__closure__ or () for held in of_cell(cell)]
        parts += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *vars(function).values()]
        module = sys.modules.get(function.__module__ or "")
        if module is not None and vars(module) is function.__globals__:
            parts += self._of_module(module, names)
        parts += [function.__globals__[name] for name in names if name in function.__globals__]
        modules = [part for part in parts if isinstance(part, types.ModuleType)]
        modules += [sys.modules[name] for name in names if name in sys.modules and name not in function.__globals__]
        for known in modules:
            parts += self._of_module(known, names)
        return [part for part in parts if not isinstance(part, types.ModuleType)]

    def _of_module(self, module: types.ModuleType, names: Iterable[str]) -> list[Any]:
        if not is_users(module.__name__):
            return []
        held = {name: vars(module)[name] for name in names if name in vars(module)}
        parts: list[Any] = []
        for name, value in held.items():
            if isinstance(value, types.ModuleType):
                parts += self._of_module(value, names) if value is not module else []
            else:
                self._note(module.__name__, "", name, value)
                self.named.append((f"variable {name!r} of {module.__name__}", partial(of_variable, vars(module), name)))
                parts.append(value)
        return parts

    def _of_object(self, value: Any) -> list[Any]:
        attributes = getattr(value, "__dict__", {})
        return [part for name, part in attributes.items() if self._making or name in self.names]

    def _of_class(self, kind: type) -> list[Any]:
        """Returns the methods and attributes of a class that code names, and the methods that are called unnamed."""
        parts: list[Any] = []
        self._classes[kind] = None
        for each in kind.__mro__:
            if not is_users_class(each):
                continue
            for name, value in vars(each).items():
                methods, special = methods_of(value), name.startswith("__")
                if methods and (self._making or name not in MAKING) and (special or name in self.names):
                    parts += methods
                known = (each.__module__, each.__qualname__, name)
                if methods or special or name not in self.names or known in self._noted or hasattr(value, "__get__"):
                    continue
                self._noted.add(known)
                self._note(*known, value)
                self.named.append(
                    (f"attribute {name!r} of class {each.__name__}", partial(of_variable, vars(each), name))
                )
                parts.append(value)
        return parts

    def _note(self, module: str, owner: str, name: str, value: Any) -> None:
        if module != "__main__" and "<" not in owner:
            self.found[module, owner, name] = value
