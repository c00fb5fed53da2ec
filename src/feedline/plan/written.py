"""What code writes to, of all that it refers to: names, attributes, and the containers that are behind them."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any

_CHANGING = frozenset(
    ["add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop", "popitem", "popleft",
     "put", "remove", "reverse", "setdefault", "sort", "update"]
)  # fmt: skip
_LOADING_NAMES = frozenset(["LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_NAME"])
_LOADING_ATTRIBUTES = frozenset(["LOAD_ATTR", "LOAD_METHOD"])
_IN_BETWEEN = frozenset(["CACHE", "NOP", "PUSH_NULL", "PRECALL", "EXTENDED_ARG", "RESUME", "COPY", "SWAP"])


class Written:
    """What code, and the code within it, writes to.

    Args:
        code: the code.

    Attributes:
        names: of variables outside of it: they are bound anew, or what they hold is changed.
        attributes: the same of objects.
    """

    def __init__(self, code: types.CodeType) -> None:
        self.names, self.attributes = _written(code)


@functools.lru_cache(maxsize=4096)
def _written(code: types.CodeType) -> tuple[frozenset[str], frozenset[str]]:
    names: set[str] = set()
    attributes: set[str] = set()
    for each in _codes_in(code):
        before: list[dis.Instruction] = []
        for instruction in dis.get_instructions(each):
            name = instruction.opname
            if name in _IN_BETWEEN:
                continue
            if name in ("STORE_GLOBAL", "STORE_DEREF", "DELETE_GLOBAL", "DELETE_DEREF"):
                names.add(instruction.argval)
            elif name in ("STORE_ATTR", "DELETE_ATTR"):
                attributes.add(instruction.argval)
            elif name in _LOADING_ATTRIBUTES and instruction.argval in _CHANGING and before:
                _note(before[-1], names, attributes)
            elif name in ("STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE"):
                _note_container(before, names, attributes)
            before.append(instruction)
    return frozenset(names), frozenset(attributes)


def _note(loading: dis.Instruction, names: set[str], attributes: set[str]) -> None:
    if loading.opname in _LOADING_NAMES:
        names.add(loading.argval)
    elif loading.opname in _LOADING_ATTRIBUTES:
        attributes.add(loading.argval)


def _note_container(before: list[dis.Instruction], names: set[str], attributes: set[str]) -> None:
    """Notes what an item is written to, which is loaded before the key; all that is loaded, where the key is long."""
    if len(before) >= 2 and before[-1].opname.startswith(("LOAD_CONST", "LOAD_FAST", "LOAD_SMALL_INT")):
        _note(before[-2], names, attributes)
        return
    line = before[-1].positions.lineno if before and before[-1].positions is not None else None
    for each in reversed(before):
        if each.positions is not None and each.positions.lineno != line:
            break
        _note(each, names, attributes)


def _codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes_in(constant)


def names_in(code: types.CodeType) -> list[str]:
    """Returns the names of globals and attributes in code, and in the code within it."""
    return [name for each in _codes_in(code) for name in each.co_names]


def methods_of(value: Any) -> list[types.FunctionType]:
    """Returns the functions of what a class holds: a method of any kind, or a property."""
    if isinstance(value, types.FunctionType):
        return [value]
    if isinstance(value, staticmethod | classmethod):
        return methods_of(value.__func__)
    if isinstance(value, property):
        return [each for part in (value.fget, value.fset, value.fdel) for each in methods_of(part)]
    if isinstance(value, functools.cached_property):
        return methods_of(value.func)
    return []
