"""Whether a user's function can be called with what an element is made of, and what is said where it cannot."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from feedline.errors import StructureError
from feedline.nodes.base import Node
from feedline.origin import is_feedline_frame


def function_name(function: Callable[..., Any]) -> str:
    """Returns a function's name for messages."""
    return getattr(function, "__name__", None) or type(function).__name__


def called(function: Callable[..., Any]) -> str:
    """Returns a function's name for messages, as in a call."""
    name = function_name(function)
    return "the lambda" if name == "<lambda>" else f"{name}()"


CALLS = "__feedline_calls__"
"""The attribute by which a function that stands around a user's says which one that is."""


def check_arity(function: Callable[..., Any], node: Node) -> None:
    """Checks that a function takes as many arguments as the elements above a node have, where these are known.

    Raises:
        StructureError: it does not.
    """
    parent = node.parents[0]
    if not parent.spec_is_free:
        return
    spec = parent.spec()
    error = arity_error(function, len(spec) if type(spec) is tuple else 1, "", node.label())
    if error is not None:
        raise error


def check_roles(function: Callable[..., Any], given: int, roles: str, node: Node) -> None:
    """Checks that a function takes a number of arguments.

    Raises:
        StructureError: it does not.
    """
    error = arity_error(function, given, roles, node.label())
    if error is not None:
        raise error


def arity_error(function: Callable[..., Any], given: int, roles: str, stage: str) -> StructureError | None:
    """Returns the error for a function that cannot be called with this many arguments; None where it can be.

    Args:
        function: the function.
        given: how many arguments there are.
        roles: what these are ("the state and the element"); empty where they are what an element is made of.
        stage: who calls it.
    """
    function = getattr(function, CALLS, function)
    if type(function) is types.FunctionType and _takes(function, given):
        return None
    try:
        signature = inspect.signature(function, follow_wrapped=False)  # what is called may take other arguments
    except (TypeError, ValueError):  # written in C, and does not tell
        return None
    try:
        signature.bind(*range(given))
    except TypeError:
        pass
    else:
        return None
    takes = f"{called(function)} in {stage} takes {_arguments(signature)}"
    if roles:
        return StructureError(f"{takes}, but is called with {roles}.", fix=f"Write a function of {_count(given)}.")
    if given == 1:
        fix = "Write a function of 1 argument, such as lambda x: ...; what is in it can be taken apart there."
        return StructureError(f"elements have one component, but {takes}.", fix=fix)
    fix = f"Write a function of {given} arguments"
    fix += f", such as lambda {', '.join('xyzw'[:given])}: ..." if given < 5 else ""
    return StructureError(
        f"elements are tuples of {given}, whose components are separate arguments, but {takes}.",
        fix=f"{fix}, or of *args for all components.",
    )


def _takes(function: types.FunctionType, given: int) -> bool:
    """Says, quickly, whether a function can surely be called with this many arguments."""
    code = function.__code__
    most = code.co_argcount
    least = most - len(function.__defaults__ or ())
    return least <= given and (given <= most or bool(code.co_flags & inspect.CO_VARARGS)) and not code.co_kwonlyargcount


def _arguments(signature: inspect.Signature) -> str:
    """Returns how many arguments a function takes, in words."""
    parameters = signature.parameters.values()
    by_position = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = sum(one.default is one.empty for one in by_position)
    if any(one.kind == one.VAR_POSITIONAL for one in parameters):
        text = f"{needed} or more arguments"
    elif needed < len(by_position):
        text = f"{needed} to {len(by_position)} arguments"
    else:
        text = _count(needed)
    named = [one.name for one in parameters if one.kind == one.KEYWORD_ONLY and one.default is one.empty]
    return text + (f", and {', '.join(named)} by name" if named else "")


def _count(arguments: int) -> str:
    return "1 argument" if arguments == 1 else f"{arguments} arguments"


def never_entered(error: Exception) -> bool:
    """Says whether an error was raised by the call of a user's function, and not within it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return isinstance(error, TypeError) and trace is not None and is_feedline_frame(trace.tb_frame)
