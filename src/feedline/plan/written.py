"""What code reads and writes, of all that it refers to: variables, attributes, and the containers behind them."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from dataclasses import dataclass

CHANGING = frozenset(
    ["__delitem__", "__iadd__", "__ior__", "__setitem__", "add", "append", "appendleft", "clear", "difference_update",
     "discard", "extend", "extendleft", "fill", "insert", "intersection_update", "move_to_end", "pop", "popitem",
     "popleft", "put", "remove", "resize", "reverse", "rotate", "setdefault", "sort", "subtract", "update"]
)  # fmt: skip
_CHANGING_THEIR_FIRST = frozenset(
    ["copyto", "fill_diagonal", "heappop", "heappush", "heappushpop", "heapreplace", "place", "put", "put_along_axis",
     "putmask", "setitem", "shuffle"]
)  # fmt: skip
_CHANGED_AS = ("out",)
"""Keywords that name what a function of NumPy's writes its result to."""

_READING_ALL = frozenset(
    ["__dict__", "__getattribute__", "__getstate__", "asdict", "astuple", "attrgetter", "deepcopy", "eval", "exec",
     "getattr", "vars"]
)  # fmt: skip
_LOADING_GLOBALS = frozenset(["LOAD_GLOBAL", "LOAD_NAME"])
_LOADING_CELLS = frozenset(["LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"])
_LOADING_ATTRIBUTES = frozenset(["LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"])
_LOADING_ITEMS = frozenset(["BINARY_SUBSCR", "BINARY_SLICE"])
_STORING_ITEMS = {"STORE_SUBSCR": 1, "DELETE_SUBSCR": 1, "STORE_SLICE": 2}
"""How many values lie above the container."""

_LEAST_IN_PLACE = 13
"""From here on, the numbers of operators are those of assignments such as `+=`."""

_ONLY_POPPING = ("POP_", "STORE_", "DELETE_", "RETURN_", "RAISE_", "RERAISE", "YIELD_", "KW_NAMES", "END_", "JUMP_")
_NOTHING = frozenset(["CACHE", "NOP", "EXTENDED_ARG", "RESUME", "PRECALL", "MAKE_CELL", "COPY_FREE_VARS"])


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that code passes to a function.

    Args:
        function: the name of what is called.
        place: which argument it is, counted from the first.
        kind: what it was loaded from: "global", "cell", "attribute" or "parameter".
        name: the name of that.
    """

    function: str
    place: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What code, and the code within it, reads and writes.

    Args:
        variables: the names of the globals that it reads, as they come.
        attributes: the names of attributes that it reads.
        bound_globals: of the globals that it binds anew.
        bound_cells: of the variables of functions around it that it binds anew.
        bound_attributes: of the attributes that it sets.
        changed_globals: of the globals that hold containers which it changes.
        changed_cells: the same of variables of functions around it.
        changed_attributes: the same of attributes.
        changed_parameters: the same of its own parameters.
        passed: what it passes to functions that may change it.
        reads_all: whether it may read attributes that it does not name.
    """

    variables: tuple[str, ...]
    attributes: frozenset[str]
    bound_globals: frozenset[str]
    bound_cells: frozenset[str]
    bound_attributes: frozenset[str]
    changed_globals: frozenset[str]
    changed_cells: frozenset[str]
    changed_attributes: frozenset[str]
    changed_parameters: frozenset[str]
    passed: frozenset[Passed]
    reads_all: bool


@functools.lru_cache(maxsize=4096)
def facts_of(code: types.CodeType) -> CodeFacts:
    """Returns what code reads and writes."""
    variables: dict[str, None] = {}
    attributes: set[str] = set()
    bound_globals: set[str] = set()
    bound_cells: set[str] = set()
    bound_attributes: set[str] = set()
    changes = _Changes()
    for each in _codes_in(code):
        instructions = [one for one in dis.get_instructions(each) if one.opname not in _NOTHING]
        changes.note_all(instructions, each, outermost=each is code)
        for instruction in instructions:
            name = instruction.opname
            if name in _LOADING_GLOBALS:
                variables[instruction.argval] = None
            elif name in _LOADING_ATTRIBUTES or name == "IMPORT_FROM":
                attributes.add(instruction.argval)
            elif name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                bound_globals.add(instruction.argval)
            elif name in ("STORE_DEREF", "DELETE_DEREF"):
                bound_cells.add(instruction.argval)
            elif name in ("STORE_ATTR", "DELETE_ATTR"):
                bound_attributes.add(instruction.argval)
    bound_attributes |= changes.bound_attributes
    return CodeFacts(
        tuple(variables),
        frozenset(attributes),
        frozenset(bound_globals),
        frozenset(bound_cells),
        frozenset(bound_attributes),
        frozenset(changes.found["global"]),
        frozenset(changes.found["cell"]),
        frozenset(changes.found["attribute"]),
        frozenset(changes.found["parameter"]),
        frozenset(changes.passed),
        not _READING_ALL.isdisjoint((*variables, *attributes)),
    )


class _Changes:
    """The names of the containers that code changes: by an assignment to an item, by a method, or as an argument.

    Attributes:
        found: the names, by what holds the container: "global", "cell", "attribute" or "parameter".
        bound_attributes: the attributes that it sets by their names as text.
        passed: what it passes to functions.
    """

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {kind: set() for kind in ("global", "cell", "attribute", "parameter")}
        self.bound_attributes: set[str] = set()
        self.passed: set[Passed] = set()
        self._instructions: list[dis.Instruction] = []
        self._constants: tuple = ()
        self._parameters: tuple[str, ...] = ()
        self._locals: dict[str, int] = {}

    def note_all(self, instructions: list[dis.Instruction], code: types.CodeType, *, outermost: bool) -> None:
        """Notes what the instructions of one code change.

        Args:
            instructions: those that do something.
            code: the code.
            outermost: whether its parameters are those of the function that is asked about.
        """
        self._instructions, self._constants, self._locals = instructions, code.co_consts, {}
        count = code.co_argcount + code.co_kwonlyargcount
        self._parameters = code.co_varnames[:count] if outermost else ()
        for number, instruction in enumerate(instructions):
            name = instruction.opname
            if name in _STORING_ITEMS:
                place = _place_of(instructions, number, _STORING_ITEMS[name])
                self._note(place)
                self._note_attribute(place, _place_of(instructions, number, 0))
            elif name in ("LOAD_METHOD", "LOAD_ATTR") and instruction.argval in CHANGING:
                self._note(_place_of(instructions, number, 0))
            elif name == "BINARY_OP" and (instruction.arg or 0) >= _LEAST_IN_PLACE:
                self._note(_place_of(instructions, number, 1))
            elif name == "STORE_FAST":
                source = _place_of(instructions, number, 0)
                if source is not None:
                    self._locals[instruction.argval] = source
            elif name in ("CALL", "CALL_KW"):
                self._note_arguments(number)

    def _note(self, place: int | None) -> None:
        """Notes what lies behind an instruction that loads a container."""
        holding = self._holding(place)
        if holding is not None:
            self.found[holding[0]].add(holding[1])

    def _holding(self, place: int | None) -> tuple[str, str] | None:
        """Returns what holds the container that an instruction loads: of items of items, the outermost."""
        for _ in range(20):
            if place is None:
                return None
            loading = self._instructions[place]
            if loading.opname in _LOADING_GLOBALS:
                return "global", loading.argval
            if loading.opname in _LOADING_CELLS:
                return "cell", loading.argval
            if loading.opname in _LOADING_ATTRIBUTES:
                return "attribute", loading.argval
            if loading.opname in _LOADING_ITEMS:
                place = _place_of(self._instructions, place, 1 if loading.opname == "BINARY_SUBSCR" else 2)
            elif loading.opname.startswith("LOAD_FAST") and isinstance(loading.argval, str):
                place = self._locals.get(loading.argval)
                if place is None and loading.argval in self._parameters:
                    return "parameter", loading.argval
            else:
                return None
        return None

    def _note_attribute(self, place: int | None, key: int | None) -> None:
        """Notes an attribute that is set by its name as text, in what an object keeps them in."""
        if place is not None and key is not None and self._instructions[place].argval == "__dict__":
            self._note_name(key)

    def _note_name(self, place: int) -> None:
        loading = self._instructions[place]
        if loading.opname == "LOAD_CONST" and isinstance(loading.argval, str):
            self.bound_attributes.add(loading.argval)

    def _note_arguments(self, number: int) -> None:
        """Notes what a call writes its result to, where it says so by a keyword, or by the name of what is called."""
        call, before = self._instructions[number], self._instructions[number - 1]
        keywords: tuple = ()
        if call.opname == "CALL_KW" or before.opname == "KW_NAMES":
            told = before.argval if isinstance(before.argval, tuple) else self._constants[before.arg or 0]
            keywords = told if isinstance(told, tuple) else ()
        above = 1 if call.opname == "CALL_KW" else 0  # from Python 3.13 on, the keywords lie on the stack
        count = call.arg or 0
        for place, keyword in enumerate(reversed(keywords)):
            if keyword in _CHANGED_AS:
                self._note(_place_of(self._instructions, number, above + place))
        if count == len(keywords):
            return
        for depth in (above + count, above + count + 1):
            called = _place_of(self._instructions, number, depth)
            name = None if called is None else self._instructions[called].argval
            if name in _CHANGING_THEIR_FIRST:
                self._note(_place_of(self._instructions, number, above + count - 1))
                return
            if name == "setattr" and count == 3:
                place_of_name = _place_of(self._instructions, number, 1)
                if place_of_name is not None:
                    self._note_name(place_of_name)
                return
            if isinstance(name, str) and name.isidentifier():
                for place in range(count - len(keywords)):
                    holding = self._holding(_place_of(self._instructions, number, above + count - 1 - place))
                    if holding is not None:
                        self.passed.add(Passed(name, place, *holding))


def _place_of(instructions: list[dis.Instruction], end: int, depth: int) -> int | None:
    """Returns which instruction put a value on the stack; None where that cannot be told.

    Args:
        instructions: the instructions of a code.
        end: how many of them were run.
        depth: how many values lie above the wanted one.
    """
    wanted = -depth  # as a height of the stack, whose top is at 0 now
    height = 0
    for number in range(end - 1, -1, -1):
        instruction = instructions[number]
        name = instruction.opname
        if name == "SWAP":
            other = height - (instruction.arg or 0) + 1
            wanted = other if wanted == height else height if wanted == other else wanted
            continue
        below = height - _effect(instruction)
        if name == "COPY" and wanted == height:
            wanted = height - (instruction.arg or 0)
        elif not name.startswith(_ONLY_POPPING) and (wanted == height or below < wanted <= height):
            return number
        height = below
    return None


def _effect(instruction: dis.Instruction) -> int:
    """Returns by how much an instruction makes the stack higher."""
    if instruction.opname == "JUMP_FORWARD":  # the other branch of `a if b else c`, which is read next, pushes one too
        return -1
    if instruction.opname in ("CALL", "CALL_KW"):
        return -(instruction.arg or 0) - (2 if instruction.opname == "CALL_KW" else 1)
    argument = instruction.arg if instruction.opcode >= dis.HAVE_ARGUMENT else None
    return dis.stack_effect(instruction.opcode, argument, jump=False)


def _codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes_in(constant)


def names_in(code: types.CodeType) -> list[str]:
    """Returns the names of globals and attributes in code, and in the code within it."""
    return [name for each in _codes_in(code) for name in each.co_names]


def methods_of(value: object) -> list[types.FunctionType]:
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
