"""What a call would use up: iterators that are gone through, and counters that go on from where they are.

It is read from the code of the functions, with the objects at hand that they refer to; nothing is called. What a
function makes itself is never at hand, and so is never taken for something that lasts.
"""

from __future__ import annotations

import collections
import dis
import functools
import sysconfig
import types
from collections.abc import Hashable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from feedline.check.one_shot import EMPTIED, TAKE_OUT, is_iterator, is_queue, takes_out

_DEEPEST = 6
_DEEPEST_INSIDE = 3
_MOST_INSIDE = 64
_MOST_FUNCTIONS = 200
_STANDARD_LIBRARY = tuple({sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib")})
_CONTAINERS = (list, tuple, dict, set, frozenset, collections.deque)
_WITHIN_USERS = ("__iter__", "__next__", "__call__", "__getitem__")
_GIVE = {"get", "items", "values", "setdefault"}
_NEUTRAL = {
    "NOP", "RESUME", "CACHE", "EXTENDED_ARG", "KW_NAMES", "MAKE_CELL", "COPY_FREE_VARS", "TO_BOOL", "NOT_TAKEN",
    "RETURN_GENERATOR", "GEN_START", "PUSH_EXC_INFO",
}  # fmt: skip
_ONLY_TAKE = (
    "POP_", "JUMP", "STORE_", "DELETE_", "RETURN", "RAISE", "RERAISE", "END_", "LIST_APPEND", "LIST_EXTEND", "SET_ADD",
    "SET_UPDATE", "MAP_ADD", "DICT_", "CLEANUP_THROW",
)  # fmt: skip
_ENDS = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS")
_COMPARES = ("IS_OP", "CONTAINS_OP", "COMPARE_OP")


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Something that a call would not leave as it was.

    Args:
        name: as the code has it: "state['rows']", "self.position".
        changed: whether it is a value that the call counts on from; else it is gone through, or taken out of.
    """

    name: str
    changed: bool


@dataclass(frozen=True, slots=True)
class _Value:
    """What is known of a value on the way through a function's code.

    Args:
        name: how the code came to it.
        value: the object, where it is one that was there before the call.
        known: whether it is such an object.
        reads: the places that it was computed from.
        counted: whether anything was computed from them, such as a sum.
        constant: the constant that it is.
    """

    name: str = ""
    value: Any = None
    known: bool = False
    reads: frozenset[Hashable] = frozenset()
    counted: bool = False
    constant: Any = None


_NOTHING = _Value()
Found = dict[Hashable, UsedUp]


def used_up_by_calling(function: Any) -> Found:
    """Returns what a call of a function would use up, each under a key that tells the objects apart.

    Args:
        function: a function, a method, a `functools.partial`, or an object that is called.

    Example:
        >>> state = {"rows": iter([1, 2]), "next": 0}
        >>> def rows():
        ...     for row in state["rows"]:
        ...         state["next"] += 1
        ...         yield row, state["next"]
        >>> [found.name for found in used_up_by_calling(rows).values()]
        ["state['rows']", "state['next']"]
    """
    walk = _Walk()
    with suppress(Exception):  # an object that is like no other must not keep anyone from a check
        walk.called(_Value("self", function, True), _DEEPEST)
    return walk.result()


def used_up_by_iterating(value: Any, name: str) -> Found:
    """Returns what going through an iterable would use up, or through a generator that was not begun yet.

    Args:
        value: the iterable.
        name: what it is called.
    """
    walk = _Walk()
    with suppress(Exception):
        if not isinstance(value, types.GeneratorType):
            for method in ("__iter__", "__next__"):
                walk.method_of(_Value(name, value, True), method, _DEEPEST)
        elif value.gi_frame is not None and _is_users_code(value.gi_code):
            given = {key: _Value(key, each, True) for key, each in value.gi_frame.f_locals.items()}
            walk.run(value.gi_code, given, {}, value.gi_frame.f_globals, _DEEPEST)
    return walk.result()


@dataclass(slots=True)
class _Walk:
    """Goes through the code of functions in its order, with a stack of what is known of each value."""

    _found: Found = field(default_factory=dict)
    _used: set[Hashable] = field(default_factory=set)
    _read: set[Hashable] = field(default_factory=set)
    _set: set[Hashable] = field(default_factory=set)
    _visited: set[tuple[types.CodeType, int]] = field(default_factory=set)

    def result(self) -> Found:
        """Returns what is used up; not what is only counted, and nothing is made of: statistics."""
        return {place: each for place, each in self._found.items() if not each.changed or place in self._used}

    def use(self, value: _Value, besides: Hashable = None) -> None:
        """Notes that something is made of a value: a choice, an element, a call."""
        self._used |= value.reads - {besides}

    def called(self, value: _Value, depth: int) -> None:
        """Goes through what is run when an object is called."""
        function, given = value.value, list[_Value]()
        while isinstance(function, functools.partial):
            given = [_Value(f"argument {number}", each, True) for number, each in enumerate(function.args)] + given
            function = function.func
        if isinstance(function, types.MethodType):
            given = [_Value("self", function.__self__, True), *given]
            function = function.__func__
        if isinstance(function, types.FunctionType):
            self.function(function, given, depth)
        elif not isinstance(function, type):
            self.method_of(_Value("self", function, True), "__call__", depth)

    def method_of(self, owner: _Value, name: str, depth: int) -> None:
        """Goes through a method of a class of the user's."""
        method = _in_class(owner.value, name)
        if isinstance(method, types.FunctionType):
            self.function(method, [owner], depth)

    def function(self, function: types.FunctionType, given: list[_Value], depth: int) -> None:
        """Goes through a function of the user's, once for each object that it belongs to."""
        code = function.__code__
        key = code, id(given[0].value) if given else 0
        if depth < 0 or key in self._visited or not _is_users_code(code) or len(self._visited) > _MOST_FUNCTIONS:
            return
        self._visited.add(key)
        known = dict(zip(code.co_varnames, given, strict=False))
        parameters = code.co_varnames[: code.co_argcount]
        defaults = function.__defaults__ or ()
        for name, value in zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True):
            known.setdefault(name, _Value(name, value, True))
        for name, value in (function.__kwdefaults__ or {}).items():
            known.setdefault(name, _Value(name, value, True))
        captured: dict[str, Hashable] = {}
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            captured[name] = ("variable", id(cell))
            try:
                known[name] = _Value(name, cell.cell_contents, True)
            except ValueError:  # it has no value yet
                continue
        self.run(code, known, captured, function.__globals__, depth)

    def run(
        self,
        code: types.CodeType,
        known: dict[str, _Value],
        captured: Mapping[str, Hashable],
        names: dict[str, Any],
        depth: int,
    ) -> None:
        """Goes through code.

        Args:
            code: the code.
            known: what is known of its variables.
            captured: the places of those variables that are there before and after the call.
            names: the globals.
            depth: how many calls deep it may go on.
        """
        _Frame(self, known, captured, names, depth).run(code)

    def look_inside(self, value: _Value, depth: int = _DEEPEST_INSIDE) -> None:
        """Notes the iterators and queues that a list, a dict or the like holds."""
        inside = value.value
        if is_iterator(inside) or is_queue(inside):
            self.note(("object", id(inside)), value.name, False)
        elif depth and isinstance(inside, _CONTAINERS):
            for name, each in _entries(inside):
                self.look_inside(_Value(value.name + name, each, True), depth - 1)

    def given_away(self, value: _Value, depth: int) -> None:
        """Notes what may be used up by whoever is given an object."""
        if not value.known:
            return
        self.look_inside(value)
        if isinstance(value.value, _CONTAINERS) or not _is_users_object(value.value):
            return
        has_methods = False
        for method in _WITHIN_USERS:
            if isinstance(_in_class(value.value, method), types.FunctionType):
                has_methods = True
                self.method_of(value, method, depth - 1)
        attributes = {} if has_methods else getattr(value.value, "__dict__", {})
        for name, each in list(attributes.items())[:_MOST_INSIDE]:
            self.look_inside(_Value(f"{value.name}.{name}", each, True), _DEEPEST_INSIDE - 1)

    def loaded(self, value: _Value, depth: int) -> _Value:
        """Notes what an object is that the code loads, and goes on into functions."""
        if not value.known:
            return value
        if is_iterator(value.value) or is_queue(value.value):
            self.note(("object", id(value.value)), value.name, False)
        elif takes_out(value.value):
            self.note(("object", id(value.value.__self__)), value.name.rpartition(".")[0], False)
        elif isinstance(value.value, types.FunctionType | types.MethodType | functools.partial):
            self.called(value, depth - 1)
        return value

    def read(self, place: Hashable, value: _Value) -> _Value:
        """Returns a value that is read from a place; what the call itself has put there is not known."""
        self._read.add(place)
        known = value.known and place not in self._set
        return _Value(value.name, value.value if known else None, known, frozenset([place]))

    def store(self, place: Hashable, name: str, value: _Value) -> None:
        """Notes that a value is put in a place: one that counts on from what was there, or a new one."""
        self.use(value, besides=place)
        if place in self._set:
            return
        if place in value.reads and value.counted:
            self.note(place, name, True)
        elif place not in self._read:
            self._set.add(place)

    def note(self, place: Hashable, name: str, changed: bool) -> None:
        """Notes something that is used up."""
        self._found.setdefault(place, UsedUp(name, changed))


class _Frame:
    """One function's code on its way."""

    def __init__(
        self,
        walk: _Walk,
        known: dict[str, _Value],
        captured: Mapping[str, Hashable],
        names: dict[str, Any],
        depth: int,
    ) -> None:
        self._walk = walk
        self._known = known
        self._captured = captured
        self._names = names
        self._depth = depth
        self._stack: list[_Value] = []

    def run(self, code: types.CodeType) -> None:
        at_jumps: dict[int, list[_Value]] = {}
        ended = False
        for instruction in dis.get_instructions(code):
            if ended:
                self._stack = list(at_jumps.get(instruction.offset, ()))
            forward = instruction.opcode in dis.hasjrel and instruction.argval > instruction.offset
            if forward and instruction.argval not in at_jumps:
                effect = _effect(instruction, jumps=True)
                at_jumps[instruction.argval] = self._stack[:effect] if effect < 0 else list(self._stack)
            self._step(instruction)
            ended = instruction.opname in _ENDS

    def _pop(self) -> _Value:
        return self._stack.pop() if self._stack else _NOTHING

    def _push(self, value: _Value, count: int = 1) -> None:
        self._stack += [value] * count

    def _step(self, instruction: dis.Instruction) -> None:
        operation, argument = instruction.opname, instruction.argval
        if operation in _NEUTRAL:
            return
        if operation.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF")):
            for name in argument if isinstance(argument, tuple) else (argument,):
                self._push(self._variable(name))
        elif operation.startswith("STORE_FAST"):
            self._store_fast(operation, argument)
        elif operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            self._push(_NOTHING, _effect(instruction) - 1)
            self._push(self._global(argument))
        elif operation in ("LOAD_CONST", "LOAD_SMALL_INT", "RETURN_CONST"):
            self._push(_Value(constant=argument))
            if isinstance(argument, types.CodeType):
                self._inner(argument)
        elif operation in ("LOAD_ATTR", "LOAD_METHOD"):
            owner = self._pop()
            self._push(_NOTHING, _effect(instruction))
            self._push(self._attribute(owner, argument))
        elif operation == "COPY":
            self._push(self._stack[-argument] if argument <= len(self._stack) else _NOTHING)
        elif operation == "SWAP":
            if argument <= len(self._stack):
                self._stack[-1], self._stack[-argument] = self._stack[-argument], self._stack[-1]
        elif operation == "BINARY_SUBSCR" or (operation == "BINARY_OP" and instruction.argrepr == "[]"):
            key, owner = self._pop(), self._pop()
            self._walk.use(key)
            self._push(self._entry(owner, key))
        elif operation == "UNPACK_SEQUENCE":
            taken = self._pop()
            self._push(_Value(reads=taken.reads, counted=taken.counted), argument)
        elif operation == "STORE_ATTR":
            owner, value = self._pop(), self._pop()
            if owner.known:
                self._walk.store(("attribute", id(owner.value), argument), f"{owner.name}.{argument}", value)
        elif operation == "STORE_SUBSCR":
            key, owner, value = self._pop(), self._pop(), self._pop()
            if owner.known:
                self._walk.store(_entry_place(owner, key), owner.name + _entry_name(key), value)
            self._walk.use(key)
        elif operation == "DELETE_SUBSCR":
            key, owner = self._pop(), self._pop()
            if owner.known and isinstance(owner.value, EMPTIED):
                self._walk.note(("object", id(owner.value)), owner.name, False)
        elif operation == "STORE_GLOBAL":
            self._walk.store(("global", id(self._names), argument), argument, self._pop())
        elif operation == "STORE_DEREF":
            self._store_variable(argument, self._pop())
        else:
            self._other(instruction)

    def _other(self, instruction: dis.Instruction) -> None:
        """What takes some values and gives at most one that was computed from them."""
        operation, effect = instruction.opname, _effect(instruction)
        if operation.startswith(_ONLY_TAKE):
            taken = [self._pop() for _ in range(-effect)]
            if not operation.startswith("POP_TOP"):
                self._use(taken)
            if operation.startswith(("RETURN", "LIST_", "SET_", "MAP_", "DICT_")):
                self._give_away(taken)
        elif effect > 0:
            self._push(_NOTHING, effect)
        else:
            taken = [self._pop() for _ in range(1 - effect)]
            if operation not in _COMPARES:
                self._give_away(taken)
            if operation != "BINARY_OP":
                self._use(taken)
            counted = operation == "BINARY_OP" or any(each.counted for each in taken)
            self._push(_Value(reads=frozenset().union(*(each.reads for each in taken)), counted=counted))

    def _give_away(self, values: list[_Value]) -> None:
        for value in values:
            self._walk.given_away(value, self._depth)

    def _use(self, values: list[_Value]) -> None:
        for value in values:
            self._walk.use(value)

    def _variable(self, name: str) -> _Value:
        value = self._known.get(name, _NOTHING)
        if name in self._captured:
            value = self._walk.read(self._captured[name], value)
        return self._walk.loaded(value, self._depth)

    def _global(self, name: str) -> _Value:
        known = name in self._names
        value = self._walk.read(("global", id(self._names), name), _Value(name, self._names.get(name), known))
        return self._walk.loaded(value, self._depth)

    def _store_fast(self, operation: str, argument: Any) -> None:
        names = argument if isinstance(argument, tuple) else (argument,)
        self._store_variable(names[0], self._pop())
        if operation == "STORE_FAST_LOAD_FAST":
            self._push(self._variable(names[1]))
        elif len(names) > 1:
            self._store_variable(names[1], self._pop())

    def _store_variable(self, name: str, value: _Value) -> None:
        if name in self._captured:
            self._walk.store(self._captured[name], name, value)
        else:
            self._known[name] = value

    def _inner(self, code: types.CodeType) -> None:
        """Goes through a function within the function: what it shares with it lasts no longer than the call."""
        known = {name: self._known[name] for name in code.co_freevars if name in self._known}
        captured = {name: self._captured[name] for name in code.co_freevars if name in self._captured}
        if self._depth > 0:
            self._walk.run(code, known, captured, self._names, self._depth - 1)

    def _attribute(self, owner: _Value, name: str) -> _Value:
        if not owner.known:
            return _Value(reads=owner.reads, counted=owner.counted)
        place = ("attribute", id(owner.value), name)
        path = f"{owner.name}.{name}"
        if name in TAKE_OUT and isinstance(owner.value, EMPTIED):
            return self._walk.loaded(_Value(path, getattr(owner.value, name), True), self._depth)
        if name in _GIVE and isinstance(owner.value, dict):
            self._walk.look_inside(owner)
            return _NOTHING
        own = getattr(owner.value, "__dict__", None)
        if isinstance(own, dict | types.MappingProxyType) and name in own:
            value = own[name]
        else:
            value = _in_class(owner.value, name)
            if isinstance(value, property):
                if isinstance(value.fget, types.FunctionType):
                    self._walk.function(value.fget, [owner], self._depth - 1)
                return _NOTHING
            if isinstance(value, types.FunctionType):
                value = types.MethodType(value, owner.value)
            elif isinstance(value, types.MemberDescriptorType):  # of __slots__
                value = getattr(owner.value, name, _NOTHING)
            elif value is _NOTHING or hasattr(type(value), "__get__"):
                return self._walk.read(place, _Value(path))
        if isinstance(value, types.MethodType):
            if isinstance(value.__func__, types.FunctionType):
                bound = _Value(owner.name, value.__self__, True)
                self._walk.function(value.__func__, [bound], self._depth - 1)
            return _NOTHING
        return self._walk.loaded(self._walk.read(place, _Value(path, value, True)), self._depth)

    def _entry(self, owner: _Value, key: _Value) -> _Value:
        if not owner.known:
            return _Value(reads=owner.reads | key.reads, counted=owner.counted or key.counted)
        name, value = owner.name + _entry_name(key), _Value()
        if isinstance(owner.value, list | tuple | dict) and isinstance(key.constant, int | str):
            try:
                value = _Value(name, owner.value[key.constant], True)  # type: ignore[index]
            except LookupError:
                value = _NOTHING
        elif not value.known:
            self._walk.given_away(owner, self._depth)
        return self._walk.loaded(self._walk.read(_entry_place(owner, key), value), self._depth)


def _effect(instruction: dis.Instruction, jumps: bool = False) -> int:
    """Returns how many values more there are on the stack behind an instruction."""
    try:
        return dis.stack_effect(instruction.opcode, instruction.arg, jump=jumps)
    except ValueError:
        return 0


def _entry_place(owner: _Value, key: _Value) -> Hashable:
    return "entry", id(owner.value), key.constant if isinstance(key.constant, int | str) else None


def _entry_name(key: _Value) -> str:
    return f"[{key.constant!r}]" if isinstance(key.constant, int | str) else "[...]"


def _entries(inside: Any) -> Iterator[tuple[str, Any]]:
    """Yields what a container holds, with the way to it, as far as is looked."""
    pairs = inside.items() if isinstance(inside, dict) else enumerate(inside)
    for number, (key, each) in enumerate(pairs):
        if number >= _MOST_INSIDE:
            return
        yield (f"[{key!r}]" if isinstance(key, int | str) else "[...]"), each


def _in_class(value: Any, name: str) -> Any:
    """Returns what an object's class has under a name, without asking the object: it could do anything."""
    kinds = value.__mro__ if isinstance(value, type) else type(value).__mro__
    return next((vars(kind)[name] for kind in kinds if name in vars(kind)), _NOTHING)


def _is_users_object(value: Any) -> bool:
    """Says whether an object is of a class that the user wrote."""
    if isinstance(value, type | types.ModuleType | types.FunctionType | types.MethodType):
        return False
    functions = [each for each in vars(type(value)).values() if isinstance(each, types.FunctionType)]
    return any(_is_users_code(each.__code__) for each in functions)


def _is_users_code(code: types.CodeType) -> bool:
    name = code.co_filename
    if "site-packages" in name or name.startswith(("<frozen", _FEEDLINE)):
        return False
    return not name.startswith(_STANDARD_LIBRARY)


_FEEDLINE = __file__.rpartition("check")[0]
