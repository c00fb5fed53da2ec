"""Which kernels that take long to compile a plan will need, by the names in its functions' code.

It is a guess: what is guessed wrongly is compiled by another process for nothing, and what is not guessed is compiled
when it is needed.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

from feedline.plan.written import names_in

_MODULES = {
    "plain_png": {"decode_png", "decode_image"},
    "example": {"parse_example", "parse_single_example"},
    "bilinear": {"resize", "resize_with_pad"},
    "pointwise": {
        "cast", "convert_image_dtype", "adjust_brightness", "random_brightness", "flip_left_right",
        "random_flip_left_right", "flip_up_down", "random_flip_up_down", "astype",
    },
    "unfilter": {"decode_png", "decode_image"},
}  # fmt: skip
"""What has the kernels of a module needed; those that take longest first."""

_WITH_ANOTHER = {"bilinear": "pointwise"}
"""Modules that do what another one does, too."""

_DEEPEST = 4
_looked_for: set[str] = set()


def compile_foreseen(functions: Iterable[Any], processes: int) -> None:
    """Has large kernels that a plan will need compiled by other processes; each is looked for once in a process.

    Args:
        functions: the functions that the plan calls.
        processes: how many to start at the most.
    """
    if len(_looked_for) == len(_MODULES):
        return
    if found := [module for module in foreseen_kernels(functions) if module not in _looked_for]:
        _looked_for.update(found)
        from feedline.kernels.compile_ahead import compile_ahead

        compile_ahead(found, processes)


def foreseen_kernels(functions: Iterable[Any]) -> list[str]:
    """Returns the modules of kernels that a plan will need, of those that take long, the longest first.

    Args:
        functions: the functions that the plan calls.
    """
    names: set[str] = set()
    seen: set[int] = set()
    for function in functions:
        names.update(_names(function, _DEEPEST, seen))
    found = [module for module, of_module in _MODULES.items() if names & of_module]
    return [module for module in found if not any(_WITH_ANOTHER.get(other) == module for other in found)]


def _names(function: Any, depth: int, seen: set[int]) -> Iterator[str]:
    """Gives the names in the code of a function and of those that it refers to."""
    if isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, types.MethodType):
        function = function.__func__
    if not isinstance(function, types.FunctionType) and not isinstance(function, type):
        function = vars(type(function)).get("__call__")
    if depth == 0 or id(function) in seen or not isinstance(function, types.FunctionType):
        return
    seen.add(id(function))
    if (function.__module__ or "").partition(".")[0] == "feedline":
        yield function.__name__
        return
    names = set(names_in(function.__code__))
    yield from names
    referred = [function.__globals__[name] for name in names if name in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            referred.append(cell.cell_contents)
        except ValueError:  # it is empty
            continue
    for value in referred:
        if callable(value) and not isinstance(value, type):
            yield from _names(value, depth - 1, seen)
