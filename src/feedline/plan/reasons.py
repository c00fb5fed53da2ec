"""Why a function is called for each element, in words: where in its code, and what to write instead."""

from __future__ import annotations

import ast
import dis
import linecache
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

_BRANCHES = "it branches or loops"
_NAMES: dict[type[ast.AST], str] = {
    ast.If: "an if",
    ast.IfExp: "an if",
    ast.For: "a for",
    ast.While: "a while",
    ast.BoolOp: "an and",
    ast.Compare: "a comparison of several",
    ast.Assert: "an assert",
    ast.Try: "a try",
    ast.With: "a with",
    ast.Match: "a match",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Lambda: "a lambda",
    ast.FunctionDef: "a def",
}
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MAKING = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.FunctionDef)
_BRANCHING = tuple(kind for kind in _NAMES if kind not in (ast.Lambda, ast.FunctionDef))
_INSTRUCTIONS = {
    "UNARY_NOT": "it uses not (np.logical_not may do)",
    "CONTAINS_OP": "it uses in",
    "IS_OP": "it uses is",
    "FORMAT_VALUE": "it makes a string",
    "FORMAT_SIMPLE": "it makes a string",
    "FORMAT_WITH_SPEC": "it makes a string",
    "BUILD_STRING": "it makes a string",
    "BUILD_SET": "it makes a set",
    "LOAD_FAST_AND_CLEAR": "it has a comprehension",
    "DELETE_SUBSCR": "it changes a value in place",
    "LOAD_CLOSURE": "it makes a function",
    "BEFORE_WITH": "it has a with",
    "LOAD_SPECIAL": "it has a with",
    "SETUP_ANNOTATIONS": "it has annotations",
    "UNARY_POSITIVE": "it uses + before a value",
    "CALL_INTRINSIC_1": "it uses + before a value, or a *",
    "LIST_TO_TUPLE": "it calls with a *",
}
_INSTEAD = {
    "it changes a value in place": "make a new array, as in x = x + 1",
    "it imports a module": "import it at the top of the file",
    "it makes a function": "define that outside of it",
}
_OF_BUILTINS = {
    "abs": "np.abs",
    "all": "np.all",
    "any": "np.any",
    "bool": "x != 0",
    "float": "x.astype(float)",
    "int": "x.astype(int)",
    "len": "x.shape[0]",
    "max": "np.max or np.maximum",
    "min": "np.min or np.minimum",
    "pow": "x**y",
    "round": "np.round",
    "sum": "np.sum",
}


def in_words(function: Callable[..., Any], reason: str) -> str:
    """Returns a reason as the user is told it.

    Args:
        function: the user's function.
        reason: why it is not proven to work on blocks.

    Example:
        >>> in_words(lambda number: float(number), "it calls float()")
        'it calls float() (write x.astype(float))'
    """
    if reason == _BRANCHES or reason == "it makes a function":
        return _of_construct(function, reason)
    unknown = re.fullmatch(r"it uses ([A-Z_0-9]+)", reason)
    if unknown is not None:
        return _INSTRUCTIONS.get(unknown[1], f"it uses {unknown[1]}, an instruction of Python's")
    builtin = re.fullmatch(r"it calls (\w+)\(\)", reason)
    if builtin is not None and builtin[1] in _OF_BUILTINS:
        return f"{reason} (write {_OF_BUILTINS[builtin[1]]})"
    return f"{reason} ({_INSTEAD[reason]})" if reason in _INSTEAD else reason


def _of_construct(function: Callable[..., Any], reason: str) -> str:
    for code in _codes(function, set()):
        positions = _positions(code, reason)
        if positions is None or positions.lineno is None:
            continue
        node = _construct(code.co_filename, positions.lineno, positions.col_offset or 0, reason)
        where = f"line {positions.lineno}"
        where += "" if code is getattr(function, "__code__", None) else f", in {code.co_name}()"
        return f"{reason} on {where}" if node is None else f"it has {_named(node)} on {where}{_instead(node)}"
    return reason


def _named(node: ast.AST) -> str:
    if isinstance(node, ast.BoolOp):
        return "an and" if isinstance(node.op, ast.And) else "an or"
    return _NAMES[type(node)]


def _instead(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.IfExp):
        return " (np.where chooses between values)"
    if isinstance(node, _LOOPS):
        return " (write it as one expression of whole arrays)"
    if isinstance(node, ast.BoolOp):
        return f" (write np.logical_{'and' if isinstance(node.op, ast.And) else 'or'})"
    return " (define it outside)" if isinstance(node, ast.Lambda | ast.FunctionDef) else ""


def _codes(function: Any, seen: set[int]) -> Iterator[types.CodeType]:
    """Gives a function's code and that of those that it calls, in the order in which they are proven."""
    if not isinstance(function, types.FunctionType) or id(function) in seen:
        return
    if (function.__module__ or "").partition(".")[0] == "feedline":
        return
    seen.add(id(function))
    code = function.__code__
    yield code
    for name in code.co_names:
        yield from _codes(function.__globals__.get(name), seen)
    for cell in function.__closure__ or ():
        try:
            yield from _codes(cell.cell_contents, seen)
        except ValueError:  # it has no value yet
            continue


def _positions(code: types.CodeType, reason: str) -> dis.Positions | None:
    """Returns where the first instruction is that a reason is about."""
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        branches = "JUMP" in name or name.startswith(("FOR_", "SEND", "GET_ITER")) or name == "TO_BOOL"
        if branches if reason == _BRANCHES else name == "MAKE_FUNCTION":
            return instruction.positions
    return None


def _construct(filename: str, line: int, column: int, reason: str) -> ast.AST | None:
    """Returns the innermost construct of the source that branches at a place; None where that is not known."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError):
        return None
    kinds = _BRANCHING if reason == _BRANCHES else _MAKING
    found: ast.AST | None = None
    for node in ast.walk(tree):  # from the outermost to the innermost
        if not isinstance(node, kinds) or (isinstance(node, ast.Compare) and len(node.ops) < 2):
            continue
        if isinstance(node, ast.stmt):
            inside = _first_line(node) <= line <= _last_line_of_head(node)
        elif isinstance(node, ast.expr):
            end = node.end_lineno or 0, node.end_col_offset or 0
            inside = (node.lineno, node.col_offset) <= (line, column) <= end
        else:
            continue
        if inside:
            found = node
    return found


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])


def _last_line_of_head(node: ast.stmt) -> int:
    """Returns the last line of what decides: of a statement with a body, that before the body."""
    body = getattr(node, "body", None)
    return max(node.lineno, body[0].lineno - 1 if body else node.end_lineno or 0)
