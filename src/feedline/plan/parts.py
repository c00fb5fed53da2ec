"""What a value that a plan holds is made of, as far as it may change what functions that refer to it give."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import types
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.formats.stored_array import StoredArray
from feedline.nested import DatasetComponent
from feedline.plan.libraries import is_model, is_users, parts_of_library_object
from feedline.plan.written import CHANGING, facts_of, methods_of

if TYPE_CHECKING:
    from feedline.plan.reach import Reach

PLAIN = frozenset([bool, int, float, complex, str, bytes, range, type(Ellipsis), type(None)])
CONTAINERS = (dict, list, set, bytearray, np.ndarray)
MAKING = frozenset(["__init__", "__new__", "__post_init__", "__setstate__", "__init_subclass__", "__set_name__"])
"""Methods that run before an object is in use: what they write is what it was told."""

_STORED_BYTES, _STORED_ROWS = 4 << 20, 256
"""How much of an array in a file is looked at: each row is a read of its own, perhaps from a disk that seeks."""

_LARGE_LENGTH, _SOME = 100_000, 50_000
"""Of longer lists and dictionaries, so many items that are spread over all of them are looked at."""

_UNCHANGING = (types.ModuleType, types.FunctionType, type, tuple, frozenset)
_FACTORIES = (int, float, str, list, dict, set)
_BASES = (int, float, complex, str, bytes)


def parts_of(value: Any, reach: Reach) -> list[Any]:
    """Returns what a value is made of that is neither plain nor an array; names are parts as well.

    Args:
        value: a container, a function, a class, a module or an object.
        reach: what the code of the step reads and writes.
    """
    if isinstance(value, types.FunctionType):
        return _of_function(value, reach)
    if isinstance(value, types.CodeType):
        return _of_code(value)
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.BuiltinFunctionType):
        owner = value.__self__
        if isinstance(owner, CONTAINERS) and value.__name__ in CHANGING:
            owner = type(owner)
        return [value.__module__, value.__qualname__, *([] if isinstance(owner, types.ModuleType) else [owner])]
    if isinstance(value, type):
        return _of_class(value, reach)
    if isinstance(value, types.ModuleType):
        return _of_module(value, reach)
    if type(value) in (dict, list) and len(value) > _LARGE_LENGTH:  # quickly, without a copy of all of it
        return reach.once("parts", value, lambda: _of_large(value))
    if isinstance(value, dict | types.MappingProxyType):
        return [part for pair in _items_of(value, reach) for part in pair] + _beyond_container(value, reach)
    if isinstance(value, list | tuple | set | frozenset):
        items = [] if _changes_itself(type(value), reach) else list(value)
        return items + _beyond_container(value, reach)
    if isinstance(value, DatasetComponent):
        return [value.node]
    kind = type(value)
    if hasattr(kind, "feedline_reference"):  # one that says itself what identifies it
        return [value.fingerprint]
    if isinstance(value, StoredArray):  # the file may be another by now, or have been moved
        row_bytes = max(1, value.dtype.itemsize * math.prod(value.shape[1:]))
        count = max(1, min(len(value), _STORED_ROWS, _STORED_BYTES // row_bytes))
        return [value.shape, value.rows(np.linspace(0, len(value) - 1, count).astype(np.int64))]
    if is_of_feedline(kind):
        fields = [field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")]
        return [getattr(value, name) for name in fields]
    if is_users(kind.__module__):
        return _of_object(value, reach)
    return parts_of_library_object(value)


def _of_large(container: dict | list) -> list[Any]:
    step = len(container) // _SOME | 1
    if isinstance(container, dict):
        return [len(container), *chain.from_iterable(list(islice(container.items(), 0, None, step)))]
    return [len(container), *container[::step]]


def is_of_feedline(kind: type) -> bool:
    """Says whether a class is one of feedline's that are made of what they were told."""
    return dataclasses.is_dataclass(kind) and kind.__module__.partition(".")[0] == "feedline"


def _of_code(code: types.CodeType) -> list[Any]:
    # Names, not the numbers of lines, nor the name of the file.
    return [code.co_code, code.co_names, code.co_freevars, code.co_consts, getattr(code, "co_exceptiontable", b"")]


def _of_function(function: types.FunctionType, reach: Reach) -> list[Any]:
    code, variables = function.__code__, function.__globals__
    if not is_users(variables.get("__name__")):  # a library's, which may be made around one of the user's
        around = [value for _, value in _in_cells(function, reach)]
        return [function.__module__, function.__qualname__, *around, getattr(function, "__wrapped__", None)]
    parts: list[Any] = [code, *_defaults_of(function, reach)]
    for name, value in _in_cells(function, reach):
        parts += (name, value)
    for name in facts_of(code).variables:
        if name in variables and (id(variables), name) not in reach.bound:
            value = variables[name]
            parts += (name, type(value) if _is_changed((id(variables), name), value, reach.changed) else value)
    for name, value in sorted(vars(function).items()):
        if name == "__wrapped__" or reach.reads(name, value):
            parts += (name, value)
    return parts


def _defaults_of(function: types.FunctionType, reach: Reach) -> list[Any]:
    """Returns the default arguments, but of containers that are changed their types alone."""
    code, positional, named = function.__code__, function.__defaults__ or (), function.__kwdefaults__ or {}
    first = code.co_argcount - len(positional)
    found = {code.co_varnames[first + number]: value for number, value in enumerate(positional)} | named
    for place, name in enumerate(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]):
        if name in found and isinstance(found[name], CONTAINERS) and reach.changes_parameter(function, place):
            found[name] = type(found[name])
    return [part for pair in sorted(found.items()) for part in pair]


def _items_of(container: Any, reach: Reach) -> list[tuple[Any, Any]]:
    """Returns the items of a dictionary, but for those that reading it alone puts there."""
    if _changes_itself(type(container), reach):
        return []
    items = list(container.items())
    factory = getattr(container, "default_factory", None) if isinstance(container, defaultdict) else None
    if factory in _FACTORIES or (isinstance(factory, types.FunctionType) and _is_constant(factory)):
        default = factory()
        items = [pair for pair in items if type(pair[1]) is not type(default) or pair[1] != default]
    return items


def _is_constant(function: types.FunctionType) -> bool:
    """Says whether a function only returns one plain value."""
    code = function.__code__
    return not (code.co_names or code.co_freevars or code.co_varnames) and {*map(type, code.co_consts)} <= PLAIN


def _changes_itself(kind: type, reach: Reach) -> bool:
    """Says whether a container's class is the user's, and has a method that changes what it holds."""
    if not is_users(kind.__module__):
        return False
    return any(
        reach.changes_parameter(method, 0)
        for base in kind.__mro__
        for name, held in _held_by(base)
        if name not in MAKING and (name in reach.attributes or _is_special(name))
        for method in methods_of(held)
    )


def _in_cells(function: types.FunctionType, reach: Reach) -> Iterator[tuple[str, Any]]:
    """Gives the variables of a closure, but for those that are written."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if id(cell) in reach.bound:
            continue
        try:
            value = cell.cell_contents
        except ValueError:  # a variable that has no value yet
            continue
        yield name, type(value) if _is_changed(id(cell), value, reach.changed) else value


def _is_changed(variable: Any, value: Any, changed: set) -> bool:
    """Says whether a variable holds a container that is changed; of an object, its methods say what they change."""
    if variable not in changed or isinstance(value, _UNCHANGING) or type(value) in PLAIN:
        return False
    return isinstance(value, CONTAINERS) or not is_users(type(value).__module__)


def _of_class(kind: type, reach: Reach) -> list[Any]:
    parts: list[Any] = [kind.__module__, kind.__qualname__]
    for base in kind.__mro__:
        for name, value in _held_by(base):
            functions = methods_of(value)
            if functions and (name in reach.attributes or _is_special(name)):  # such as Python itself calls
                parts += (name, *functions)
            elif not functions and not _is_special(name) and reach.reads(name, value):
                parts += (name, value)
    return parts


def _held_by(kind: type) -> list[tuple[str, Any]]:
    """Returns what a class of the user's holds itself, by its names."""
    return sorted(vars(kind).items(), key=lambda pair: pair[0]) if is_users(kind.__module__) else []


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _of_module(module: types.ModuleType, reach: Reach) -> list[Any]:
    parts: list[Any] = [module.__name__]
    if is_users(module.__name__):
        for name, value in sorted(vars(module).items(), key=lambda pair: pair[0]):
            if name in reach.attributes and not _is_special(name) and reach.reads(name, value):
                parts += (name, value)
    return parts


def _of_object(value: Any, reach: Reach) -> list[Any]:
    kind = type(value)
    parts: list[Any] = [kind]
    for base in _BASES:
        if isinstance(value, base):
            parts.append(base.__repr__(value))
    if isinstance(value, enum.Enum):
        return [*parts, value.name, value.value]
    return parts + (parts_of_library_object(value) if is_model(kind) else _of_attributes(value, reach))


def _of_attributes(value: Any, reach: Reach) -> list[Any]:
    """Returns the names and values of the attributes that code reads, and does not write; of what is only passed on,
    all of them."""
    kind = type(value)
    found = _attributes(value)
    named = [name for name in found if name in reach.attributes]
    methods = (name for base in kind.__mro__ for name, held in _held_by(base) if methods_of(held))
    passed_on = not named and not any(name in reach.attributes and not _is_special(name) for name in methods)
    if passed_on or reach.reads_all:
        named = list(found)
    parts: list[Any] = []
    for name in sorted(named):
        kept = isinstance(getattr(kind, name, None), functools.cached_property)  # its function counts instead
        if not kept and not reach.writes(name, found[name]):
            parts += (name, found[name])
    return parts


def _attributes(value: Any) -> dict[str, Any]:
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return {name: part for name, part in found.items() if isinstance(name, str)}


def _beyond_container(value: Any, reach: Reach) -> list[Any]:
    """Returns what a container of a class of its own has beside its items."""
    kind = type(value)
    if kind.__module__ in ("builtins", "collections"):
        return []
    return _of_object(value, reach) if is_users(kind.__module__) else [kind.__qualname__]
