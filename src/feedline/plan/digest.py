"""A digest of anything that a plan holds or a user's function refers to, the same in every process.

What a function reads is part of it: arrays, lists, dicts and objects' attributes, however deep, the code of functions
and of the user's classes and modules. What a function writes to itself (`plan/written.py`) is not: a cache that is
filled, or a counter, changes without the plan being another. Of a library's classes and modules only the names are
part of it, and of their objects too: a generator of random numbers, a lock or a model would be another each time.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
import sysconfig
import types
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import numpy as np
import optree

from feedline.nodes.base import Node
from feedline.plan.written import Written, methods_of, names_in
from feedline.strings import PackedStrings

_DIGEST_BYTES = 8
_LARGE_BYTES = 16 << 20
"""Of larger data, parts that are spread over all of it are looked at."""

_PARTS_OF_LARGE, _PART_BYTES = 2048, 4096
_MOST_ENTRIES = 10_000
_DEEPEST = 100
_PLAIN = (bool, int, float, complex, str, bytes, range, type(Ellipsis), type(None))
_LIBRARIES = tuple(filter(None, (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))))


class Digest:
    """A running digest of values of any kind.

    Args:
        digests_of: returns the digests of the steps of a plan.
    """

    def __init__(self, digests_of: Callable[[Node], list[str]]) -> None:
        self._hash = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        self._digests_of = digests_of
        self._seen: dict[int, Any] = {}
        self._depth = 0

    def hex(self) -> str:
        """Returns it as text."""
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        """Adds a value; what is nested more deeply than any program has it is left out."""
        self._depth += 1
        if self._depth <= _DEEPEST:
            self._add(value)
        self._depth -= 1

    def _text(self, *texts: str) -> None:
        for text in texts:
            self._hash.update(text.encode("utf-8", "surrogatepass") + b"\0")

    def _is_new(self, value: Any) -> bool:
        """Says whether an object is met for the first time: it may hold itself."""
        if id(value) in self._seen:
            return False
        self._seen[id(value)] = value  # which keeps another from having its id
        return True

    def _add(self, value: Any) -> None:
        kind = type(value)
        self._text(kind.__qualname__)
        if kind in _PLAIN:
            self._text(repr(value))
        elif isinstance(value, np.ndarray):
            self._add_array(value)
        elif isinstance(value, np.generic | np.dtype | PurePath | optree.PyTreeSpec):
            self._text(str(getattr(value, "dtype", "")), str(value))
        elif isinstance(value, PackedStrings):
            self._add_strings(value)
        elif isinstance(value, dict | list | tuple | set | frozenset):
            self._add_container(value)
        elif isinstance(value, Node):
            self._text(*self._digests_of(value))
        elif isinstance(value, types.FunctionType):
            self._add_function(value)
        elif isinstance(value, types.MethodType):
            self.add(value.__func__)
            self._add_object(value.__self__, Written(value.__func__.__code__) if _has_code(value.__func__) else None)
        elif isinstance(value, functools.partial):
            self.add((value.func, value.args, value.keywords))
        elif isinstance(value, types.CodeType):
            self._add_code(value)
        elif isinstance(value, types.BuiltinFunctionType):
            self._text(value.__module__ or "", value.__qualname__)
        elif isinstance(value, type):
            self._add_class(value)
        elif isinstance(value, types.ModuleType):
            self._text(value.__name__)
        elif hasattr(kind, "feedline_reference"):  # one that says itself what identifies it
            self._text(value.fingerprint)
        else:
            self._add_object(value, None)

    def _add_array(self, array: np.ndarray) -> None:
        self._text(str(array.dtype), str(array.shape))
        if array.dtype == object:
            values = array.reshape(-1)
            step = max(1, len(values) // _MOST_ENTRIES)
            for value in values[::step].tolist():
                self.add(value)
        elif array.ndim == 0:
            self._text(repr(array[()]))
        elif array.nbytes <= _LARGE_BYTES or not array.flags.c_contiguous:
            step = max(1, array.nbytes // _LARGE_BYTES)
            self._hash.update(np.ascontiguousarray(array[::step]).view(np.uint8).data if array.size else b"")
        else:
            self._add_bytes(array.reshape(-1).view(np.uint8))

    def _add_bytes(self, data: np.ndarray) -> None:
        if data.nbytes <= _LARGE_BYTES:
            self._hash.update(data.data)
            return
        for start in np.linspace(0, data.nbytes - _PART_BYTES, _PARTS_OF_LARGE).astype(np.int64).tolist():
            self._hash.update(data[start : start + _PART_BYTES].data)

    def _add_strings(self, strings: PackedStrings) -> None:
        self._text(str(len(strings)))
        self._add_array(np.asarray(strings.packed_lengths))
        step = max(1, strings.nbytes // _LARGE_BYTES, len(strings) // (10 * _MOST_ENTRIES))
        for value in strings[::step] if step > 1 else strings:
            self._hash.update(value)

    def _add_container(self, value: Any) -> None:
        self._text(str(len(value)))
        if not isinstance(value, tuple) and not self._is_new(value):
            return
        step = max(1, len(value) // _MOST_ENTRIES)
        if isinstance(value, dict):
            for number, (key, part) in enumerate(list(value.items())):
                if number % step == 0:
                    self.add(key)
                    self.add(part)
        elif isinstance(value, set | frozenset):  # whose order differs from process to process
            self._text(*sorted(repr(part) for part in value if type(part) in _PLAIN))
        else:
            for part in list(value)[::step]:
                self.add(part)
        if type(value) not in (dict, list, tuple, set, frozenset):
            self._add_object(value, None)

    def _add_function(self, function: types.FunctionType) -> None:
        if not self._is_new(function):
            return
        if not _is_users(function.__module__):
            self._text(function.__module__, function.__qualname__)
            return
        code = function.__code__
        written = Written(code)
        self.add(code)
        self.add(function.__defaults__)
        self.add(function.__kwdefaults__)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:  # a variable that has no value yet
                continue
            self._add_referred(name, value, code, written)
        for name in names_in(code):
            if name in function.__globals__:
                self._add_referred(name, function.__globals__[name], code, written)

    def _add_referred(self, name: str, value: Any, code: types.CodeType, written: Written) -> None:
        """Adds what a function refers to by a name."""
        if name in written.names:
            return
        if isinstance(value, types.ModuleType):
            self._text(value.__name__)
            if _is_users(value.__name__):
                for attribute in names_in(code):
                    if attribute in vars(value) and attribute not in written.attributes:
                        self.add(vars(value)[attribute])
        elif isinstance(value, types.FunctionType) and (value.__module__ or "").partition(".")[0] == "feedline":
            self._text(value.__qualname__)
        elif _is_object(value):
            self._text(type(value).__qualname__)
            self._add_object(value, written)
        else:
            self.add(value)

    def _add_class(self, kind: type) -> None:
        self._text(kind.__module__ or "", kind.__qualname__)
        if not _is_users(kind.__module__) or not self._is_new(kind):
            return
        for base in kind.__mro__:
            if not _is_users(base.__module__):
                continue
            for name, value in sorted(vars(base).items()):
                for function in methods_of(value):
                    self._text(name)
                    self.add(function)
                if type(value) in _PLAIN and not name.startswith("__"):
                    self._text(name, repr(value))

    def _add_object(self, value: Any, written: Written | None) -> None:
        """Adds an object of a class of the user's: its class and its attributes, but for those that are written."""
        kind = type(value)
        if isinstance(value, type):
            self._add_class(value)
            return
        if dataclasses.is_dataclass(kind) and kind.__module__.partition(".")[0] == "feedline":
            for field in dataclasses.fields(kind):
                if not field.name.startswith("_"):
                    self.add(getattr(value, field.name))
            return
        if not _is_users(kind.__module__):
            if callable(value):  # numpy's functions, which have types of their own, are told apart by their names
                self._text(str(getattr(value, "__module__", "")), str(getattr(value, "__name__", "")))
            return
        if not self._is_new(value):
            return
        self._add_class(kind)
        left_out = set(written.attributes) if written is not None else set()
        for base in kind.__mro__:
            if _is_users(base.__module__):
                for name, part in vars(base).items():
                    if name not in ("__init__", "__post_init__", "__new__", "__setstate__"):
                        for function in methods_of(part):
                            left_out |= Written(function.__code__).attributes
        for name, part in sorted(_attributes(value).items()):
            if name not in left_out:
                self._text(name)
                self.add(part)

    def _add_code(self, code: types.CodeType) -> None:
        self._hash.update(code.co_code)
        self._text(*code.co_names)
        self.add(code.co_consts)


def _attributes(value: Any) -> dict[str, Any]:
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def _is_object(value: Any) -> bool:
    """Says whether a value is an object of a class that is not built in."""
    kind = type(value)
    return kind not in _PLAIN and kind.__module__ != "builtins" and not isinstance(value, np.ndarray | np.generic)


def _has_code(function: Any) -> bool:
    return isinstance(getattr(function, "__code__", None), types.CodeType)


@functools.lru_cache(maxsize=4096)
def _is_users(module: str | None) -> bool:
    """Says whether a module is the user's own: no library's, and not feedline's."""
    if module is None:  # what `exec` makes may have none
        return True
    if module == "builtins" or module.partition(".")[0] == "feedline":
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or not file.startswith(_LIBRARIES)
