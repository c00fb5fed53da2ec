"""FunctionFacts: what can be told of a user's function from its code, without calling it."""

from __future__ import annotations

import dis
import functools
import random as python_random
import types
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from feedline.check.one_shot import EMPTIED, TAKE_OUT, is_iterator, is_queue, takes_out
from feedline.check.used_up import UsedUp, used_up_by_calling

_DEEPEST = 6
_MOST_ATTRIBUTES = 64


class FunctionFacts:
    """What a function refers to: itself, the functions of the user's that it calls, and the objects it is bound to.

    What it does with it is not known: code that is never reached counts as any other.

    Args:
        function: a function, a method, a `functools.partial`, or an object that is called.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    @cached_property
    def references(self) -> tuple[tuple[str, Any], ...]:
        """All that it refers to: pairs of a name, such as "fl.image.resize" or "self.scale", and the value."""
        return tuple(_references(self.function))

    @cached_property
    def owner(self) -> Any:
        """The object that is called, or whose method is; None for plain functions."""
        return _owner(self.function)

    @cached_property
    def functions(self) -> tuple[types.FunctionType, ...]:
        """The function, or the method of the object, and all those of the user's that it calls, each once."""
        return tuple(_functions_in(self.function, _DEEPEST))

    @cached_property
    def codes(self) -> tuple[types.CodeType, ...]:
        """The code of the function and of all those of the user's that it calls, functions within them included."""
        found: dict[types.CodeType, None] = {}
        for function in self.functions:
            _add_code(function.__code__, found)
        return tuple(found)

    @cached_property
    def constants(self) -> tuple[int | float, ...]:
        """The numbers that stand in the code, such as the 255 of `image / 255`."""
        found = [value for code in self.codes for value in code.co_consts]
        numbers = [value for value in found if isinstance(value, int | float) and not isinstance(value, bool)]
        return tuple(dict.fromkeys(numbers))

    def mentions(self, *wanted: Any) -> list[str]:
        """Returns the names under which it refers to any of some functions or other objects.

        Example:
            >>> import feedline as fl
            >>> FunctionFacts(lambda image: fl.image.resize(image, [8, 8])).mentions(fl.image.resize)
            ['fl.image.resize']
        """
        return [name for name, value in self.references if any(value is each for each in wanted)]

    @cached_property
    def random_calls(self) -> tuple[str, ...]:
        """The names of the functions that it refers to which draw random numbers, whosever they are."""
        return tuple(name for name, value in self.references if draws(value))

    @cached_property
    def foreign_random_calls(self) -> tuple[str, ...]:
        """Those of `random_calls` that are not feedline's: NumPy's, Python's, or a generator of the user's own."""
        return tuple(name for name, value in self.references if draws(value) and not _is_feedlines(value))

    @cached_property
    def generators(self) -> tuple[Any, ...]:
        """The random generators, of NumPy's and Python's kind, that it refers to; not the global ones."""
        kinds = (np.random.Generator, np.random.RandomState, python_random.Random)
        found = [getattr(value, "__self__", None) if not isinstance(value, kinds) else value for _, value in
                 self.references]  # fmt: skip
        own = (value for value in found if isinstance(value, kinds) and not any(value is each for each in _GLOBAL))
        return tuple({id(value): value for value in own}.values())

    @cached_property
    def layers(self) -> tuple[Any, ...]:
        """The Keras layers and models that it refers to, those within models included."""
        found = (layer for _, value in self.references for layer in _layers_of(value, _DEEPEST))
        return tuple({id(layer): layer for layer in found}.values())

    @cached_property
    def one_shot(self) -> tuple[str, ...]:
        """The names of what it refers to that can be gone through only once: generator objects, cursors, open files,
        queues and sockets, also within dicts and objects, and lists, dicts and the like that it takes elements out of.
        """
        emptied = [name.rpartition(".")[0] for name, value in self.references if takes_out(value)]
        gone_through = [name for name, value in self.references if is_iterator(value) or is_queue(value)]
        deeper = [found.name for found in self.used_up.values() if not found.changed]
        return tuple(dict.fromkeys((*gone_through, *emptied, *deeper)))

    @cached_property
    def used_up(self) -> dict[Hashable, UsedUp]:
        """What a call would use up, as far as its code says: iterators in dicts and objects, counters that go on."""
        return used_up_by_calling(self.function)


def draws(value: Any) -> bool:
    """Says whether an object is a function that draws random numbers, or a generator of them."""
    if isinstance(value, np.random.Generator | np.random.RandomState):
        return True
    if any(value is maker for maker in _MAKERS):
        return True
    owner = getattr(value, "__self__", None)
    if isinstance(owner, np.random.Generator | np.random.RandomState | python_random.Random):
        return True
    module, name = getattr(value, "__module__", None) or "", getattr(value, "__name__", "")
    if module.startswith("feedline."):
        return (
            (module.startswith("feedline.image.") and (name.startswith("random_") or name in _FEEDLINES_IMAGE))
            or (module == "feedline.random" and name in _FEEDLINES)
            or module == "feedline.compat.tf.random"
        )
    if isinstance(value, types.ModuleType):
        return False
    return module.startswith(("tensorflow.", "keras.")) and name.startswith("random_")


_GLOBAL = (np.random.mtrand._rand, python_random._inst)  # type: ignore[attr-defined]
_MAKERS = (np.random.default_rng, np.random.RandomState, np.random.Generator, python_random.Random)
_FEEDLINES = {"uniform", "normal", "generator", "stream"}
_FEEDLINES_IMAGE = {"sample_distorted_bounding_box"}


def _is_feedlines(value: Any) -> bool:
    return (getattr(value, "__module__", None) or "").partition(".")[0] == "feedline"


def _layers_of(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, type) or not any(kind.__module__.startswith("keras.") for kind in type(value).__mro__):
        return
    if isinstance(value, types.FunctionType | types.ModuleType) or not callable(value):
        return
    yield value
    inner = getattr(value, "layers", None)
    for layer in inner if depth and isinstance(inner, list | tuple) else ():
        yield from _layers_of(layer, depth - 1)


def _is_users(function: types.FunctionType) -> bool:
    return not _is_feedlines(function) and "site-packages" not in function.__code__.co_filename


def _functions_in(function: Any, depth: int) -> Iterator[types.FunctionType]:
    """Yields a function and those of the user's that it refers to, each once."""
    seen: set[int] = set()
    waiting = [(function, depth)]
    while waiting:
        each, left = waiting.pop(0)
        for plain in _unwrapped(each):
            if id(plain) in seen:
                continue
            seen.add(id(plain))
            yield plain
            if left > 0:
                for _, value in _names_of(plain):
                    called = value.__func__ if isinstance(value, types.MethodType) else value
                    if isinstance(called, types.FunctionType) and _is_users(called):
                        waiting.append((called, left - 1))


def _unwrapped(function: Any) -> list[types.FunctionType]:
    """Returns the plain functions of a callable."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, types.MethodType):
        function = function.__func__
    if isinstance(function, types.FunctionType):
        wrapped = getattr(function, "__wrapped__", None)
        return [function, *(_unwrapped(wrapped) if wrapped is not None else [])]
    call = next((vars(kind)["__call__"] for kind in type(function).__mro__ if "__call__" in vars(kind)), None)
    return [call] if isinstance(call, types.FunctionType) else []


def _references(function: Any) -> Iterator[tuple[str, Any]]:
    seen: set[tuple[str, int]] = set()
    for name, value in _all_references(function):
        if (name, id(value)) not in seen:
            seen.add((name, id(value)))
            yield name, value


def _all_references(function: Any) -> Iterator[tuple[str, Any]]:
    bound = function
    while isinstance(bound, functools.partial):
        for number, value in enumerate(bound.args):
            yield f"argument {number}", value
        yield from bound.keywords.items()
        bound = bound.func
    owner = _owner(bound)
    if owner is not None:
        yield "self", owner
        yield from _attributes(owner)
    for plain in _functions_in(function, _DEEPEST):
        yield from _names_of(plain)


def _owner(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    owner = getattr(function, "__self__", None)
    if owner is None and not isinstance(function, types.FunctionType | type):
        owner = function
    return None if isinstance(owner, types.ModuleType | type) else owner


def _attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    attributes = getattr(owner, "__dict__", None)
    for name, value in list(attributes.items())[:_MOST_ATTRIBUTES] if isinstance(attributes, dict) else ():
        yield f"self.{name}", value
        yield from ((f"self.{name}", each) for each in _unwrapped(value) if callable(value))


def _names_of(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Yields what a function's code takes from outside: globals, the closure, defaults, and attributes of modules."""
    for value in function.__defaults__ or ():
        yield "a default", value
    yield from (function.__kwdefaults__ or {}).items()
    cells: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
    codes: dict[types.CodeType, None] = {}
    _add_code(function.__code__, codes)
    for code in codes:
        yield from _names_in(code, function.__globals__, cells)


def _names_in(code: types.CodeType, names: dict[str, Any], cells: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    held: tuple[str, Any] | None = None
    for instruction in dis.get_instructions(code):
        operation, name = instruction.opname, instruction.argval
        if operation in ("LOAD_GLOBAL", "LOAD_NAME") and name in names:
            held = (name, names[name])
            yield held
        elif operation in ("LOAD_DEREF", "LOAD_CLOSURE") and name in cells:
            held = (name, cells[name])
            yield held
        elif operation in ("LOAD_ATTR", "LOAD_METHOD") and held is not None:
            held = _attribute(held, name)
            if held is not None:
                yield held
        elif operation not in ("CACHE", "NOP", "PUSH_NULL", "EXTENDED_ARG"):
            held = None


def _attribute(held: tuple[str, Any], name: str) -> tuple[str, Any] | None:
    """Returns an attribute of a module, a class, a random generator or a plain object; None where it is not there."""
    path, owner = held
    simple = isinstance(owner, types.ModuleType | type | np.random.Generator | np.random.RandomState)
    known = simple or (isinstance(owner, EMPTIED) and name in TAKE_OUT)
    if not known and name not in getattr(owner, "__dict__", {}):  # a property could do anything
        return None
    try:
        return f"{path}.{name}", getattr(owner, name)
    except Exception:
        return None


def _add_code(code: types.CodeType, found: dict[types.CodeType, None]) -> None:
    if code not in found:
        found[code] = None
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                _add_code(constant, found)
