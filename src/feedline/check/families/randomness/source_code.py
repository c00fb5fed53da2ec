"""Where random numbers are drawn when a pipeline is built, told from the user's source code."""

from __future__ import annotations

import ast
import itertools
import linecache
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from feedline.check.functions import draws
from feedline.origin import is_library

_MAKES = frozenset(
    {"default_rng", "RandomState", "Random", "Generator", "generator", "stream", "seed", "set_seed", "SeedGenerator"}
)
_ORDERS = frozenset({"permutation", "permuted", "shuffle", "sample", "choice", "choices"})
_LIBRARIES = ("np.random.", "numpy.random.", "random.", "fl.random.", "tf.random.", "feedline.random.", "keras.random.")
_SEEDS = ("seed", "salt", "key", "state", "rng")

Scope: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module


@dataclass(frozen=True)
class BuildTimeDraw:
    """A value that was drawn once, and that a function uses for every element.

    Args:
        name: what the function calls it; "an argument" for one that was drawn where the function was handed over.
        value: it; None where it is not known.
        call: the call that drew it, as it stands in the code.
        file: the file.
        line: the line.
    """

    name: str
    value: Any
    call: str
    file: str
    line: int


def drawn_for(function: types.FunctionType) -> Iterator[BuildTimeDraw]:
    """Yields what a function refers to that was drawn when it was made, by the source of its file.

    Of a variable that is assigned in several places nothing is told.

    Args:
        function: a plain function of the user's.
    """
    file = function.__code__.co_filename
    found = _scopes_of(function)
    if found is None:
        return
    own, *outer = found
    seeds = _names_given_as_seeds(own)
    for name, default in _defaults(own):
        call = _random_call(default, function)
        if call and not _is_seed(name):
            yield BuildTimeDraw(f"the default of {name}", None, call, file, default.lineno)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name in _names_loaded(function):
        if name in seeds or _is_seed(name):
            continue
        if name in cells:
            scopes = outer[:-1]
        else:
            scopes = outer[-1:]
        where, assigned = next(
            ((scope, values) for scope in scopes if (values := _assigned(scope, name))), (own, list[ast.expr | None]())
        )
        if len(assigned) != 1 or assigned[0] is None:
            continue
        yield from _drawn_under_keys(name, assigned[0], function, own, where)
        call = _random_call(assigned[0], function)
        if not call:
            continue
        try:
            value = cells[name].cell_contents if name in cells else function.__globals__[name]
        except (KeyError, ValueError):
            continue
        yield BuildTimeDraw(name, value, call, file, assigned[0].lineno)


def drawn_for_object(owner: Any, functions: Iterable[types.FunctionType]) -> Iterator[BuildTimeDraw]:
    """Yields the attributes of an object that were drawn when it was made, and that its methods use.

    Only what is assigned once in all of its class is told of, in `__init__`: else it may be drawn anew.

    Args:
        owner: the object that is called, or whose method is.
        functions: the methods that are called, and other functions.
    """
    used = {name for function in functions for name in function.__code__.co_names}
    assigned: dict[str, list[tuple[ast.expr | None, types.FunctionType]]] = {}
    for kind in type(owner).__mro__:
        for method in vars(kind).values():
            if isinstance(method, types.FunctionType) and not is_library(method.__code__.co_filename):
                scopes = _scopes_of(method)
                for name, value in _attributes_assigned(scopes[0]) if scopes else ():
                    assigned.setdefault(name, []).append((value, method))
    for name, found in assigned.items():
        (value, method), *others = found
        if others or value is None or method.__name__ != "__init__" or name not in used or _is_seed(name):
            continue
        call = _random_call(value, method)
        if call and name in vars(owner):
            yield BuildTimeDraw(f"self.{name}", vars(owner)[name], call, method.__code__.co_filename, value.lineno)


def _attributes_assigned(method: Scope) -> Iterator[tuple[str, ast.expr | None]]:
    """Yields what a method binds to attributes of its object, None for what is no plain assignment."""
    if isinstance(method, ast.Module) or not method.args.args:
        return
    own = method.args.args[0].arg
    for node in ast.walk(method):
        plain = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        targets = list[ast.expr]()
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For):
            targets = [node.target]
        for target in targets:
            for each in ast.walk(target):
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == own:
                    yield each.attr, plain if each is target else None


def _drawn_under_keys(
    name: str, assigned: ast.expr, function: types.FunctionType, own: Scope, scope: Scope
) -> Iterator[BuildTimeDraw]:
    """Yields the values of a dict that were drawn when it was written, and that a function takes by their keys."""
    known = _value_of(name, function)
    if not isinstance(assigned, ast.Dict) or not isinstance(known, dict):
        return
    written = {each for node in ast.walk(scope) if (each := _key_of(node, name, ast.Store)) is not None}
    taken = {each for node in ast.walk(own) if (each := _key_of(node, name, ast.Load)) is not None}
    for key, value in zip(assigned.keys, assigned.values, strict=True):
        if not isinstance(key, ast.Constant) or key.value not in taken - written or _is_seed(str(key.value)):
            continue
        call = _random_call(value, function)
        if call and key.value in known:
            file = function.__code__.co_filename
            yield BuildTimeDraw(f"{name}[{key.value!r}]", known[key.value], call, file, value.lineno)


def _key_of(node: ast.AST, name: str, use: type) -> Any:
    """Returns the key by which a dict is read or written; None where this is something else."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, use):
        return None
    named = isinstance(node.value, ast.Name) and node.value.id == name
    return node.slice.value if named and isinstance(node.slice, ast.Constant) else None


def drawn_in_call(file: str, line: int, function: types.FunctionType) -> Iterator[BuildTimeDraw]:
    """Yields what was drawn within the arguments of a `.map(...)`: `.map(partial(f, delta=random.uniform(0, 1)))`.

    Args:
        file: the file.
        line: the line of the call.
        function: the function that was handed over, whose globals tell what names mean.
    """
    tree = _tree(file)
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "map":
            continue
        if not node.func.value.end_lineno or not node.lineno <= line <= (node.end_lineno or 0):
            continue
        for argument in [*node.args[:1], *(word.value for word in node.keywords if word.arg == "map_func")]:
            call = _random_call(argument, function)
            if call and argument.lineno <= line <= (argument.end_lineno or 0):
                yield BuildTimeDraw("an argument", None, call, file, argument.lineno)


def makers_with_constant_seed(function: types.FunctionType) -> list[str]:
    """Returns the calls in a function's code that make a generator anew with the same seed, as they stand there.

    Those of which a fixed order is drawn, such as `default_rng(0).permutation(n)`, are left out: that is what one seed
    for all elements is right for.
    """
    found = _scopes_of(function)
    if found is None:
        return []
    own = found[0]
    if any(isinstance(node, ast.Attribute) and node.attr in _ORDERS for node in ast.walk(own)):
        return []
    calls = [node for node in ast.walk(own) if isinstance(node, ast.Call)]
    made = []
    for call in calls:
        maker = _resolved(call.func, function)
        if getattr(maker, "__name__", "") not in ("default_rng", "RandomState", "Random") or not draws(maker):
            continue
        arguments = [*call.args, *(word.value for word in call.keywords)]
        if arguments and all(_is_constant(argument, own, function) for argument in arguments):
            made.append(ast.unparse(call))
    return made


def _is_constant(node: ast.expr, own: Scope, function: types.FunctionType) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    if not isinstance(node, ast.Name) or _assigned(own, node.id):
        return False
    return node.id not in function.__code__.co_varnames and type(_value_of(node.id, function)) is int


def _names_given_as_seeds(own: Scope) -> set[str]:
    words = [node for node in ast.walk(own) if isinstance(node, ast.keyword) and node.arg and "seed" in node.arg]
    return {node.id for word in words for node in ast.walk(word.value) if isinstance(node, ast.Name)}


def _defaults(own: Scope) -> list[tuple[str, ast.expr]]:
    """Returns the arguments of a function that have defaults, with them."""
    if isinstance(own, ast.Module):
        return []
    plain = [*own.args.posonlyargs, *own.args.args]
    pairs = [*zip(reversed(plain), reversed(own.args.defaults), strict=False)]
    named = zip(own.args.kwonlyargs, own.args.kw_defaults, strict=True)
    return [(each.arg, value) for each, value in (*pairs, *named) if value is not None]


def _is_seed(name: str) -> bool:
    return any(part in name.lower() for part in _SEEDS)


def _names_loaded(function: types.FunctionType) -> list[str]:
    code = function.__code__
    names = [*code.co_freevars, *(name for name in code.co_names if name in function.__globals__)]
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    names += [name for each in inner for name in each.co_names if name in function.__globals__]
    return list(dict.fromkeys(names))


def _assigned(scope: Scope, name: str) -> list[ast.expr | None]:
    """Returns the expressions that a name is bound to in a scope, None for each that is no plain assignment."""
    found: list[ast.expr | None] = []
    for node in _within(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found += [node.value] if isinstance(target, ast.Name) and target.id == name else []
                if isinstance(target, ast.Tuple | ast.List) and name in _targets(target):
                    found.append(None)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            found += [node.value] if isinstance(node.target, ast.Name) and node.target.id == name else []
        elif isinstance(node, ast.AugAssign | ast.For | ast.comprehension):
            found += [None] if name in _targets(node.target) else []
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            found += [None] if name in _targets(node.optional_vars) else []
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found += [None] if name in node.names else []
        elif isinstance(node, ast.arg):
            found += [None] if node.arg == name else []
    return found


def _within(scope: Scope) -> Iterator[ast.AST]:
    """Yields what stands in a scope, and not what stands in the functions within it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _targets(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _random_call(expression: ast.expr, function: types.FunctionType) -> str:
    """Returns the first call within an expression that draws numbers, not within a function in it; "" for none."""
    waiting: list[ast.AST] = [expression]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Lambda) or (isinstance(node, ast.keyword) and node.arg and _is_seed(node.arg)):
            continue
        if isinstance(node, ast.Call) and _draws_numbers(node.func, function):
            return ast.unparse(node)
        waiting.extend(ast.iter_child_nodes(node))
    return ""


def _draws_numbers(called: ast.expr, function: types.FunctionType) -> bool:
    if not isinstance(called, ast.Attribute | ast.Name):
        return False
    name = called.attr if isinstance(called, ast.Attribute) else called.id
    if name in _MAKES or name in _ORDERS:
        return False
    value = _resolved(called, function)
    if value is not None:
        return (draws(value) and not isinstance(value, type)) or _is_of_keras_random(value)
    return ast.unparse(called).startswith(_LIBRARIES)


def _is_of_keras_random(value: Any) -> bool:
    return isinstance(value, types.FunctionType) and value.__module__.startswith(("keras.random", "keras.src.random"))


def _resolved(expression: ast.expr, function: types.FunctionType) -> Any:
    if isinstance(expression, ast.Name):
        return _value_of(expression.id, function)
    if isinstance(expression, ast.Attribute):
        owner = _resolved(expression.value, function)
        if isinstance(owner, types.ModuleType) or draws(owner):
            return getattr(owner, expression.attr, None)
    return None


def _value_of(name: str, function: types.FunctionType) -> Any:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    try:
        return cells[name].cell_contents if name in cells else function.__globals__.get(name)
    except ValueError:
        return None


def _scopes_of(function: types.FunctionType) -> list[Scope] | None:
    """Returns a function's own place in the source, and the scopes around it, from the innermost to the module."""
    code = function.__code__
    tree = _tree(code.co_filename)
    if tree is None:
        return None
    found = [path for path in _paths(tree, [tree]) if _is_that(path[0], code)]
    found.sort(key=len)
    nested = all(outer[0] in inner for outer, inner in itertools.pairwise(found))
    return found[-1] if found and nested else None


def _paths(node: ast.AST, around: list[Scope]) -> Iterator[list[Scope]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield [child, *around]
            yield from _paths(child, [child, *around])
        else:
            yield from _paths(child, around)


def _is_that(scope: Scope, code: types.CodeType) -> bool:
    if isinstance(scope, ast.Lambda):
        if code.co_name != "<lambda>" or scope.lineno != code.co_firstlineno:
            return False
        names = [each.arg for each in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)]
        names_fit = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) == names
        return names_fit and all(_is_inside(place, scope) for place in code.co_positions())
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) or scope.name != code.co_name:
        return False
    first = min([scope.lineno, *(decorator.lineno for decorator in scope.decorator_list)])
    return first == code.co_firstlineno


def _is_inside(place: tuple[int | None, int | None, int | None, int | None], scope: ast.Lambda) -> bool:
    """Says whether the place in the source of an instruction is within a lambda; those that have none count as well."""
    line, end_line, column, end_column = place
    if line is None or column is None or not end_column:
        return True
    starts = (line, column) >= (scope.lineno, scope.col_offset)
    return starts and (end_line or line, end_column) <= (scope.end_lineno or 0, scope.end_col_offset or 0)


def _tree(file: str) -> ast.Module | None:
    text = "".join(linecache.getlines(file))
    try:
        return _parsed(text) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=16)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)
