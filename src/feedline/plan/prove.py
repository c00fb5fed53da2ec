"""Whether a user's function may run on whole blocks: proven from its code, or not at all.

A function is proven where its code neither branches nor loops, changes nothing, and refers to nothing but constants,
functions that are known to work on blocks, and other proven functions. What it refers to is looked at again before
every block: a global that was bound anew, or an array that was changed, ends the proof.
"""

from __future__ import annotations

import collections
import dataclasses
import dis
import enum
import inspect
import reprlib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedline.plan.constant_arrays import copy_as_it_lies

_HARMLESS_NAMES = """
    RESUME NOP CACHE PUSH_NULL POP_TOP COPY SWAP COPY_FREE_VARS PRECALL KW_NAMES CALL CALL_KW CALL_FUNCTION_EX NOT_TAKEN
    LOAD_CONST LOAD_SMALL_INT LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_BORROW LOAD_FAST_LOAD_FAST STORE_FAST
    LOAD_FAST_BORROW_LOAD_FAST_BORROW STORE_FAST_STORE_FAST STORE_FAST_LOAD_FAST LOAD_GLOBAL LOAD_DEREF LOAD_ATTR
    LOAD_METHOD RETURN_VALUE RETURN_CONST BINARY_OP BINARY_SUBSCR BINARY_SLICE UNARY_NEGATIVE UNARY_INVERT COMPARE_OP
    BUILD_TUPLE BUILD_LIST BUILD_MAP BUILD_CONST_KEY_MAP BUILD_SLICE LIST_EXTEND DICT_UPDATE DICT_MERGE UNPACK_SEQUENCE
    UNPACK_EX EXTENDED_ARG
"""
_HARMLESS = frozenset(_HARMLESS_NAMES.split())
_REASONS = {
    "STORE_SUBSCR": "it changes a value in place",
    "STORE_ATTR": "it changes an object",
    "STORE_GLOBAL": "it changes a global variable",
    "STORE_DEREF": "it changes a variable that another function uses",
    "MAKE_CELL": "it makes a function",
    "MAKE_FUNCTION": "it makes a function",
    "IMPORT_NAME": "it imports a module",
    "YIELD_VALUE": "it is a generator",
    "RAISE_VARARGS": "it raises an error",
    "LOAD_BUILD_CLASS": "it makes a class",
}
_CONSTANTS = (bool, int, float, str, bytes, type(None), type(Ellipsis))
"""Types of constants; a class made from one may compute whatever it likes."""

_NUMBER_MODULES = ("numpy", "ml_dtypes")
_LIBRARY_MODULES = ("builtins", "typing", "enum", "numpy", "collections", "abc")
_OF_NAMED_TUPLES = ("_replace", "_asdict", "_fields", "_make")
_HARMLESS_METHOD_NAMES = """
    __annotations__ __annotate__ __annotate_func__ __annotations_cache__ __classcell__ __conditional_annotations__
    __dataclass_fields__ __dataclass_params__ __dict__ __doc__ __firstlineno__ __getnewargs__ __getstate__
    __init_subclass__ __match_args__ __module__ __new_member__ __orig_bases__ __parameters__ __qualname__ __reduce__
    __reduce_ex__ __replace__ __setstate__ __slots__ __static_attributes__ __subclasshook__ __weakref__
"""
_HARMLESS_METHODS = frozenset(_HARMLESS_METHOD_NAMES.split())
"""What is made with a class, and methods that no operation on an object calls."""

_MAKING_NAMES = "__init__ __new__ __post_init__ __attrs_post_init__ __setattr__ __delattr__"
_MAKING_METHODS = frozenset(_MAKING_NAMES.split())
"""Methods that run when an object is made: one that is a constant was made before."""

_COMMON_NAMES = "__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __repr__ __str__ __format__"
_COMMON_METHODS = frozenset(_COMMON_NAMES.split())
"""Methods that classes are given by what makes them, or have of their own."""

_MAKERS = frozenset(
    each.__file__ for each in (collections, dataclasses, enum, reprlib, typing) if each.__file__ is not None
)
_FORMATTING = ("format", "format_map")
"""Methods of texts that look up attributes of what they are given, which no operation notes."""

_DEEPEST = 8
_MOST_ARRAY_BYTES = 1 << 20
"""A larger array is no constant: it would be looked through before every block."""

_SMALL_ARRAY_BYTES = 1 << 10


class UnprovenError(Exception):
    """A function is not proven to work on blocks; the message says why."""


@dataclass
class Proof:
    """A function that is proven.

    Args:
        function: the same code, bound to what `replace` made of all that it refers to.
        references: what it refers to, as ways to look at it again and what was found.
        attributes: the names of all attributes and methods that its code, and that of what it calls, asks for.
        objects: what it refers to that has methods of its own, with its name.
    """

    function: Callable[..., Any]
    references: list[tuple[Callable[[], Any], Any]] = field(default_factory=list)
    mappings: list[tuple[Mapping, dict]] = field(default_factory=list)
    arrays: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    objects: list[tuple[str, Any]] = field(default_factory=list)

    def holds(self) -> bool:
        """Says whether everything it refers to is still what it was."""
        try:
            return (
                all(look() is value for look, value in self.references)
                and all(dict(mapping) == copy for mapping, copy in self.mappings)
                and all(_same_array(array, copy) for array, copy in self.arrays)
            )
        except Exception:
            return False


def _same_array(array: np.ndarray, copy: np.ndarray) -> bool:
    if array.shape != copy.shape or array.dtype != copy.dtype:
        return False
    if array.nbytes <= _SMALL_ARRAY_BYTES or not array.flags.c_contiguous or not copy.flags.c_contiguous:
        return array.tobytes() == copy.tobytes()
    words = array.nbytes // 8 * 8
    ours, theirs = array.reshape(-1).view(np.uint8), copy.reshape(-1).view(np.uint8)
    same = np.array_equal(ours[:words].view(np.uint64), theirs[:words].view(np.uint64))
    return bool(same and ours[words:].tobytes() == theirs[words:].tobytes())


def prove(function: Any, replace: Callable[[Any, Proof], Any]) -> Proof:
    """Proves that a function may run on blocks.

    Args:
        function: the user's function.
        replace: returns what stands in for a module or a function that it refers to; None where that is not known to
            work on blocks.

    Raises:
        UnprovenError: it is not proven.
    """
    proof = Proof(function)
    proof.function = _bound(function, replace, proof, 0)
    for name, value in proof.objects:
        check_class(type(value), proof, name, _MAKING_METHODS)
        known = ("name", "value") if isinstance(value, enum.Enum) else ()
        for attribute in proof.attributes.intersection(getattr(value, "__dict__", ())).difference(known):
            raise UnprovenError(f"it uses {name}.{attribute}, which may change")
    return proof


def check_class(kind: type, proof: Proof, name: str, harmless: frozenset[str] = frozenset()) -> None:
    """Checks that a function asks an object for nothing that its class computes: that code is not looked at.

    Args:
        kind: the class.
        proof: the function's.
        name: what the object is called.
        harmless: special methods that it may have of its own.

    Raises:
        UnprovenError: it does.
    """
    if issubclass(kind, collections.defaultdict):
        raise UnprovenError(f"{name} may make values itself")
    fields: dict[str, Any] = getattr(kind, "__dataclass_fields__", {})
    known = {*getattr(kind, "_fields", ()), *fields, *attrs_fields(kind), *_OF_NAMED_TUPLES}
    if issubclass(kind, enum.Enum):
        known |= {"name", "value"}
    for field_name, each_field in fields.items():
        if not each_field.init and field_name in proof.attributes:
            raise UnprovenError(f"it uses {name}.{field_name}, which {kind.__name__} computes")
    for each in kind.__mro__:
        if each.__module__ in _LIBRARY_MODULES:
            continue
        for attribute, value in vars(each).items():
            special = attribute.startswith("__") and attribute.endswith("__")
            if special and not (_is_harmless(attribute, value) or attribute in harmless):
                raise UnprovenError(f"{name} is a {kind.__name__}, which has a {attribute}() of its own")
            asked = not special and attribute in proof.attributes
            if asked and (attribute not in known or (attribute in _OF_NAMED_TUPLES and not _is_made(value))):
                raise UnprovenError(f"it uses {name}.{attribute}, which {kind.__name__} computes")


def _is_harmless(name: str, value: Any) -> bool:
    """Says whether a special attribute of a class is none that computes anything of its own."""
    if name in _COMMON_METHODS or name in _MAKING_METHODS:
        return _is_made(value)
    return name in _HARMLESS_METHODS or name.startswith(("__attrs_", "__tf_"))


def _is_made(value: Any) -> bool:
    """Says whether an attribute of a class was made with it, as those of dataclasses are; it is no user's code then."""
    code = getattr(getattr(value, "__func__", value), "__code__", None)
    if isinstance(code, types.CodeType):
        return code.co_filename in _MAKERS or code.co_filename.startswith(("<string>", "<attrs generated"))
    return not callable(value) or isinstance(value, types.BuiltinFunctionType | types.WrapperDescriptorType)


def attrs_fields(kind: type) -> list[str]:
    """Returns the names of the fields of an attrs class; none of any other."""
    return [each.name for each in getattr(kind, "__attrs_attrs__", ())]


def _bound(function: Any, replace: Callable[[Any, Proof], Any], proof: Proof, depth: int) -> Callable[..., Any]:
    known = replace(function, proof) if depth == 0 else None
    if known is not None:  # it is one of those that rules are about, or an object that has its own
        return known
    if not isinstance(function, types.FunctionType):
        raise UnprovenError(f"it is a {type(function).__name__}, not a plain function")
    if depth > _DEEPEST:
        raise UnprovenError("its calls are nested too deeply")
    code = function.__code__
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        raise UnprovenError("it is a generator")
    global_names = _check_code(code)
    proof.attributes.update(_attributes(code))

    def stand_in(name: str, value: Any) -> Any:
        if isinstance(value, types.FunctionType) and not _is_feedlines(value):
            return _bound(value, replace, proof, depth + 1)
        return _stand_in(name, value, replace, proof)

    names: dict[str, Any] = {}
    for name in global_names:
        if name not in function.__globals__:
            raise UnprovenError(f"it calls {name}()")
        value = function.__globals__[name]
        proof.references.append((_lookup(function.__globals__, name), value))
        names[name] = stand_in(name, value)
    cells = []
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            raise UnprovenError(f"{name} has no value yet") from None
        proof.references.append((_contents(cell), value))
        cells.append(types.CellType(stand_in(name, value)))
    _look_again(function, proof)
    defaults = tuple(_constant("a default", value, proof) for value in function.__defaults__ or ())
    named_defaults = {name: _constant(name, value, proof) for name, value in (function.__kwdefaults__ or {}).items()}
    _check_attributes(
        code, {**names, **{name: cell.cell_contents for name, cell in zip(code.co_freevars, cells, strict=True)}}
    )
    bound = types.FunctionType(code, names, function.__name__, defaults, tuple(cells))
    bound.__kwdefaults__ = named_defaults
    return bound


def _look_again(function: types.FunctionType, proof: Proof) -> None:
    """Has the proof end where a function is given other code or other defaults."""
    proof.references.append((lambda: function.__code__, function.__code__))
    proof.references.append((lambda: function.__defaults__, function.__defaults__))
    proof.references.append((lambda: function.__kwdefaults__, function.__kwdefaults__))
    if function.__kwdefaults__ is not None:
        proof.mappings.append((function.__kwdefaults__, dict(function.__kwdefaults__)))


def _is_feedlines(function: types.FunctionType) -> bool:
    """Says whether a function is feedline's own; one that `exec` made may have no module."""
    return (function.__module__ or "").partition(".")[0] == "feedline"


def _check_attributes(code: types.CodeType, names: dict[str, Any]) -> None:
    """Checks what is taken out of modules; their stand-ins refuse what is not known to work on blocks."""
    holder: Any = None
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in ("LOAD_GLOBAL", "LOAD_DEREF"):
            holder = names.get(instruction.argval)
        elif name in ("LOAD_ATTR", "LOAD_METHOD") and getattr(holder, "stands_for_module", False):
            holder = getattr(holder, instruction.argval)
        elif name not in ("CACHE", "NOP", "PUSH_NULL"):
            holder = None


def _check_code(code: types.CodeType) -> list[str]:
    """Returns the global names that code uses."""
    names = []
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name not in _HARMLESS:
            jumps = "JUMP" in name or name.startswith(("FOR_", "SEND", "GET_ITER"))
            reason = "it branches or loops" if jumps or name == "TO_BOOL" else _REASONS.get(name, f"it uses {name}")
            raise UnprovenError(reason)
        if name == "BINARY_OP" and instruction.argrepr.endswith("="):
            raise UnprovenError("it changes a value in place")
        if name == "LOAD_GLOBAL" and instruction.argval not in names:
            names.append(instruction.argval)
    return names


def _attributes(code: types.CodeType) -> set[str]:
    """Returns the names of the attributes and methods that code asks for."""
    asking = (each for each in dis.get_instructions(code) if each.opname in ("LOAD_ATTR", "LOAD_METHOD"))
    names = {each.argval for each in asking}
    for name in names:
        if name.startswith("__") and name.endswith("__"):
            raise UnprovenError(f"it uses .{name}")  # what stands for a value has them too, by default
        if name in _FORMATTING:
            raise UnprovenError(f"it makes a string with .{name}()")
    return names


def _stand_in(name: str, value: Any, replace: Callable[[Any, Proof], Any], proof: Proof) -> Any:
    replaced = replace(value, proof)
    if replaced is not None:
        return replaced
    if type(value) is np.ndarray and not value.dtype.hasobject and value.nbytes <= _MOST_ARRAY_BYTES:
        copy = copy_as_it_lies(value, _MOST_ARRAY_BYTES)
        if copy is not None:
            copy.flags.writeable = False
            proof.arrays.append((value, copy))
            return copy
    return _constant(name, value, proof)


class _ReadOnly(dict):
    """A copy of a dict that a function refers to, which it must not change."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise UnprovenError("it changes a dict")

    setdefault = pop = popitem = update = clear = __ior__ = _refuse  # type: ignore[assignment]


def _constant(name: str, value: Any, proof: Proof) -> Any:
    """Returns what stands in for a constant: itself, or a copy of what could be changed."""
    if type(value) in _CONSTANTS or isinstance(value, np.dtype):
        return value
    if isinstance(value, enum.Enum):
        proof.objects.append((name, value))
        _constant(name, value.value, proof)
        return value
    if isinstance(value, np.generic) and not isinstance(value, np.void):
        if type(value).__module__.partition(".")[0] not in _NUMBER_MODULES:
            proof.objects.append((name, value))
        return value
    if isinstance(value, type) and issubclass(value, np.generic):
        return value
    if type(value) is tuple:
        return tuple(_constant(name, part, proof) for part in value)
    if type(value) is dict and all(_is_feature(part) for part in value.values()):
        proof.mappings.append((value, dict(value)))
        return _ReadOnly(value)
    what = f"{name}()" if callable(value) else f"{name}, a {type(value).__name__} that may change"
    raise UnprovenError(f"it {'calls' if callable(value) else 'uses'} {what}")


def _is_feature(value: Any) -> bool:
    from feedline.io.example_parser import ALLOWED

    return isinstance(value, ALLOWED)


def _lookup(names: dict[str, Any], name: str) -> Callable[[], Any]:
    return lambda: names.get(name)


def _contents(cell: types.CellType) -> Callable[[], Any]:
    return lambda: cell.cell_contents
