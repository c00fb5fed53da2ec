"""What identifies a plan: its steps, what they were told, and the code of the user's functions.

Two plans with the same fingerprint and the same seeds give the same elements. How many workers run them, and how far
they look ahead, is no part of it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import optree

from feedline.nodes.base import Node
from feedline.strings import PackedStrings

_NOT_PART_OF_IT = {"parents", "origin", "seed", "num_parallel_calls", "deterministic"}
_DIGEST_BYTES = 8
_LARGE_BYTES = 64 << 20
_ROWS_OF_LARGE = 4096
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan.

    Args:
        label: the node as the user would write it.
        digest: of what it was told, without its seed.
        seed: the key of its random numbers, or None.
    """

    label: str
    digest: str
    seed: int | None


def steps_of(node: Node) -> list[Step]:
    """Returns the steps of a plan, sources first, each node once.

    Example:
        >>> from feedline import Dataset
        >>> [step.label for step in steps_of(Dataset.range(9).batch(2).prefetch(1).node)]
        ['range', 'batch(2)']
    """
    numbers: dict[Node, int] = {}
    steps: list[Step] = []
    for each in _nodes_of(node):
        if each.passes_on:
            numbers[each] = numbers[each.parents[0]]
            continue
        digest = _Digest()
        digest.add([numbers[parent] for parent in each.parents])
        digest.add(type(each).__qualname__)
        for field in dataclasses.fields(each):
            if field.name not in _NOT_PART_OF_IT and not field.name.startswith("_"):
                digest.add(field.name)
                digest.add(getattr(each, field.name))
        numbers[each] = len(steps)
        steps.append(Step(each.label(), digest.hex(), getattr(each, "seed", None)))
    return steps


def fingerprint_of(steps: Sequence[Step]) -> str:
    """Returns one short text for all steps."""
    digest = _Digest()
    digest.add([step.digest for step in steps])
    return digest.hex()


def with_seeds(node: Node, seeds: Sequence[int | None]) -> Node:
    """Returns a plan with other seeds.

    Args:
        node: the plan's last node.
        seeds: the seed of each of its `steps_of`.
    """
    remaining = iter(seeds)
    made: dict[Node, Node] = {}
    for each in _nodes_of(node):
        parents = tuple(made[parent] for parent in each.parents)
        changed: dict[str, Any] = {}
        if any(new is not old for new, old in zip(parents, each.parents, strict=True)):
            changed["parents"] = parents
        if not each.passes_on:
            seed = next(remaining)
            if seed != getattr(each, "seed", None):
                changed["seed"] = seed
        made[each] = _changed(each, changed) if changed else each
    return made[node]


def _changed(node: Node, changed: dict[str, Any]) -> Node:
    copy = object.__new__(type(node))
    copy.__setstate__({**{field.name: getattr(node, field.name) for field in _told(node)}, **changed})
    return copy


def _told(node: Node) -> Iterator[dataclasses.Field]:
    """Gives the fields that say what a node does; what it keeps while running is private."""
    return (field for field in dataclasses.fields(node) if not field.name.startswith("_"))


def _nodes_of(node: Node) -> list[Node]:
    """Returns a node and all it takes elements from, parents before children, each once."""
    found: dict[Node, None] = {}
    waiting = [(node, False)]
    while waiting:
        each, parents_found = waiting.pop()
        if parents_found:
            found[each] = None
        elif each not in found:
            waiting.append((each, True))
            waiting.extend((parent, False) for parent in reversed(each.parents))
    return list(found)


class _Digest:
    """A running digest of values of any kind."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        self._seen: set[int] = set()
        self._depth = 0

    def hex(self) -> str:
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        self._depth += 1
        if self._depth <= _DEEPEST:
            self._add(value)
        self._depth -= 1

    def _text(self, *texts: str) -> None:
        for text in texts:
            self._hash.update(text.encode("utf-8", "surrogatepass") + b"\0")

    def _add(self, value: Any) -> None:
        kind = type(value)
        self._text(kind.__qualname__)
        if value is None or kind in (bool, int, float, complex, str, bytes, range, type(Ellipsis)):
            self._text(repr(value))
        elif isinstance(value, np.ndarray):
            self._add_array(value)
        elif isinstance(value, np.generic | np.dtype | PurePath | optree.PyTreeSpec):
            self._text(str(getattr(value, "dtype", "")), str(value))
        elif isinstance(value, PackedStrings):
            self._add_array(value.array())
        elif isinstance(value, dict):
            for key, part in value.items():
                self.add(key)
                self.add(part)
        elif isinstance(value, list | tuple):
            self._text(str(len(value)))
            for part in value:
                self.add(part)
        elif isinstance(value, set | frozenset):
            self._text(*sorted(map(repr, value)))
        elif isinstance(value, Node):
            for step in steps_of(value):
                self._text(step.digest)
        elif isinstance(value, types.FunctionType):
            self._add_function(value)
        elif isinstance(value, types.MethodType):
            self.add(value.__func__)
        elif isinstance(value, functools.partial):
            self.add((value.func, value.args, value.keywords))
        elif isinstance(value, types.CodeType):
            self._add_code(value)
        elif isinstance(value, type | types.BuiltinFunctionType):
            self._text(value.__module__ or "", value.__qualname__)
        elif hasattr(type(value), "feedline_reference"):  # one that says itself what identifies it
            self._text(value.fingerprint)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                if not field.name.startswith("_"):
                    self.add(getattr(value, field.name))
        elif callable(value):  # numpy's functions, which have types of their own, are told apart by their names
            self._text(str(getattr(value, "__module__", "")), str(getattr(value, "__name__", "")))

    def _add_array(self, array: np.ndarray) -> None:
        self._text(str(array.dtype), str(array.shape))
        if array.nbytes > _LARGE_BYTES and len(array) > _ROWS_OF_LARGE:
            array = array[:: len(array) // _ROWS_OF_LARGE]
        if array.dtype == object:
            self._text(*map(repr, array.reshape(-1).tolist()))
        else:
            self._hash.update(np.ascontiguousarray(array).view(np.uint8).data if array.size and array.ndim else b"")
            if array.ndim == 0:
                self._text(repr(array[()]))

    def _add_function(self, function: types.FunctionType) -> None:
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        self.add(function.__code__)
        self.add(function.__defaults__)
        self.add(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                self._add_constant(cell.cell_contents)
            except ValueError:  # a variable that has no value yet
                continue
        for name in _names_in(function.__code__):
            if name in function.__globals__:
                self._add_constant(function.__globals__[name])

    def _add_constant(self, value: Any) -> None:
        """Adds what a function refers to, unless it may change without the plan being another: a list that it fills."""
        if isinstance(value, np.ndarray | list | dict | set | types.ModuleType):
            return
        if isinstance(value, types.FunctionType) and (value.__module__ or "").partition(".")[0] == "feedline":
            self._text(value.__qualname__)
            return
        self.add(value)

    def _add_code(self, code: types.CodeType) -> None:
        self._hash.update(code.co_code)
        self._text(*code.co_names)
        self.add(code.co_consts)


def _names_in(code: types.CodeType) -> list[str]:
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += _names_in(constant)
    return names
