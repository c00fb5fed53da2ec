"""Reach: all code that the values of a step lead to, and what that code reads and writes."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

import numpy as np
import optree

from feedline.nodes.base import Node
from feedline.plan.libraries import is_users
from feedline.plan.parts import CONTAINERS, MAKING, PLAIN, is_of_feedline, parts_of
from feedline.plan.written import CodeFacts, facts_of
from feedline.strings import PackedStrings

_MOST_ENTRIES = 10_000
_MOST_VALUES = 100_000
_LEAVES = (Node, np.generic, np.dtype)
_FIXED = (tuple, frozenset, PurePath, optree.PyTreeSpec, PackedStrings)
_HOLDING = (dict, list, tuple, set, frozenset)


class Reach:
    """All code that values lead to: functions, those that they refer to, methods of objects, and so on.

    What one function writes counts for all of them: a counter that a helper counts up is no part of the plan either.

    Args:
        values: where to begin.
        kept: what was found out of large containers that several steps refer to.

    Attributes:
        attributes: the names of attributes that the code reads.
        bound: variables that it binds anew: the `id` of a cell, or that of a module's variables with a name.
        changed: variables that hold what it changes, likewise.
        reads_all: whether it may read attributes that it does not name.
        is_fixed: whether there is neither code nor anything else that may change.
    """

    def __init__(self, values: Iterable[Any], kept: dict[tuple[str, int], tuple[Any, list]] | None = None) -> None:
        self._kept = {} if kept is None else kept
        self.attributes: set[str] = set()
        self.bound: set[Any] = set()
        self.changed: set[Any] = set()
        self.reads_all = False
        self.is_fixed = True
        self._bound_attributes: set[str] = set()
        self._changed_attributes: set[str] = set()
        self._parameters: dict[str, set[int]] = {}
        self._passing: dict[int, tuple[types.FunctionType, CodeFacts]] = {}
        self._seen: dict[int, Any] = {}
        self._open: list[Any] = []
        self._follow(list(values))

    def once(self, what: str, value: Any, find: Callable[[], list[Any]]) -> list[Any]:
        """Returns what is found out of a large container, which is looked at once for all steps."""
        found = self._kept.get((what, id(value)))
        if found is None:
            found = self._kept[what, id(value)] = value, find()  # with the container, which keeps its id its own
        return found[1]

    def reads(self, name: str, value: Any) -> bool:
        """Says whether the code reads an attribute, and does not write it."""
        return (self.reads_all or name in self.attributes) and not self.writes(name, value)

    def writes(self, name: str, value: Any) -> bool:
        """Says whether the code writes an attribute, or changes the container that it holds."""
        if name in self._bound_attributes:
            return True
        return name in self._changed_attributes and isinstance(value, CONTAINERS)

    def _follow(self, waiting: list[Any]) -> None:
        known = -1
        while waiting:
            while waiting:
                waiting.extend(self._next(waiting.pop()))
            if known != (known := len(self.attributes) + self.reads_all):  # names that were met since may lead further
                waiting = [part for each in self._open for part in self._parts(each)]
        self._note_passed()

    def changes_parameter(self, function: types.FunctionType, place: int) -> bool:
        """Says whether a function changes the container that one of its parameters holds, or lets another change it."""
        return place in self._parameters.get(function.__code__.co_name, ())

    def _next(self, value: Any) -> list[Any]:
        """Returns what a value leads to, where it was not met before."""
        kind = type(value)
        if issubclass(kind, Node):  # which may hold code
            self.is_fixed = False
        if kind in PLAIN or issubclass(kind, _LEAVES) or id(value) in self._seen or len(self._seen) > _MOST_VALUES:
            return []
        self._seen[id(value)] = value  # which keeps another from having its id
        if issubclass(kind, np.ndarray):
            return value.reshape(-1)[:_MOST_ENTRIES].tolist() if value.dtype.hasobject else []
        if not issubclass(kind, _FIXED) and not is_of_feedline(kind):
            self.is_fixed = False
        if kind in _HOLDING:
            return self._parts(value)
        if kind is types.FunctionType:
            self._note(value)
        self._open.append(value)
        return self._parts(value)

    def _parts(self, value: Any) -> list[Any]:
        try:
            parts = parts_of(value, self)
        except Exception:  # an object of the user's may raise whatever it likes where it is looked at
            return []
        if len(parts) > _MOST_ENTRIES:
            parts = parts[:: len(parts) // _MOST_ENTRIES | 1]
        return [part for part in parts if type(part) not in PLAIN]

    def _note(self, function: types.FunctionType) -> None:
        """Notes what a function reads and writes."""
        facts = facts_of(function.__code__)
        if is_users(function.__globals__.get("__name__")):
            self.attributes |= facts.attributes
            self.reads_all |= facts.reads_all
            self._passing[id(function)] = function, facts
            names = function.__code__.co_varnames
            self._parameters.setdefault(function.__code__.co_name, set()).update(
                names.index(name) for name in facts.changed_parameters
            )
            if function.__code__.co_name not in MAKING:
                self._bound_attributes |= facts.bound_attributes
                self._changed_attributes |= facts.changed_attributes
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for known, of_globals, of_cells in (
            (self.bound, facts.bound_globals, facts.bound_cells),
            (self.changed, facts.changed_globals, facts.changed_cells),
        ):
            known.update((id(function.__globals__), name) for name in of_globals)
            known.update(id(cells[name]) for name in of_cells if name in cells)

    def _note_passed(self) -> None:
        """Notes what functions change of what others pass to them. Functions are told apart by their names."""
        known = -1
        while known != (known := sum(map(len, self._parameters.values()))):  # they may pass on what they were passed
            for function, facts in self._passing.values():
                code = function.__code__
                cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
                for each in facts.passed:
                    if each.place not in self._parameters.get(each.function, ()):
                        continue
                    if each.kind == "global":
                        self.changed.add((id(function.__globals__), each.name))
                    elif each.kind == "cell" and each.name in cells:
                        self.changed.add(id(cells[each.name]))
                    elif each.kind == "attribute" and code.co_name not in MAKING:
                        self._changed_attributes.add(each.name)
                    elif each.kind == "parameter":
                        self._parameters[code.co_name].add(code.co_varnames.index(each.name))
