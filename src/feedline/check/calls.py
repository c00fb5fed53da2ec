"""Calls: which of feedline's own functions a user's function calls, and with what, seen while it runs on an element.

Its code does not tell: the features that are parsed may be a local variable, the decoder may depend on the name. So it
is called once more on some of the elements, and Python's profile hook tells of each call.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from feedline.check.elements import Elements
from feedline.check.looking import Budget, EnoughSeenError, LookingRun
from feedline.errors import FeedlineError
from feedline.nodes.base import BlockNode
from feedline.origin import Origin, is_feedline_frame

_MOST_WELL = 3
_MOST_RAISING = 3
_MOST_TRIED = 128
_MEMORY = 256 << 20


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a function of `feedline.io` or `feedline.image`.

    Args:
        name: the function's name, such as "decode_raw".
        arguments: its arguments by name, those with defaults included.
        result: what it returned; None where it raised.
        origin: the line of the user's code that called it; None where that is not known.
        element: which of the elements that came into the step it was called for.
    """

    name: str
    arguments: dict[str, Any]
    result: Any
    origin: Origin | None
    element: int


@dataclass(frozen=True, eq=False)
class Calls:
    """The calls that a step's function makes for some elements.

    Args:
        into: the elements that came into the step; `Call.element` counts these.
        calls: the calls, in their order.
        errors: what the function raised, by element.
    """

    into: Elements
    calls: tuple[Call, ...]
    errors: dict[int, FeedlineError]

    def of(self, *names: str) -> list[Call]:
        """Returns the calls of some functions."""
        return [call for call in self.calls if call.name in names]


def calls_of(node: BlockNode, into: Elements, given: Elements, seconds: float) -> Calls:
    """Calls a step's function again on some elements, those first of which nothing came out.

    Args:
        node: a `map`, or another step that makes one element of one.
        into: the elements that came into it.
        given: what it gave.
        seconds: for how long at the most.
    """
    budget = Budget(seconds, _MEMORY)
    calls: list[Call] = []
    errors: dict[int, FeedlineError] = {}
    well = 0
    for element, raised_before in itertools.islice(_worth_a_look(into, given), _MOST_TRIED):
        if len(errors) >= _MOST_RAISING or (well >= _MOST_WELL and not raised_before):
            break
        try:
            calls += _calls_for(node, into, element, budget)
            well += 1
        except _RaisedError as raised:
            calls += raised.calls
            errors[element] = raised.error
        except EnoughSeenError:
            break
    return Calls(into, tuple(calls), errors)


class _RaisedError(Exception):
    def __init__(self, calls: list[Call], error: FeedlineError) -> None:
        super().__init__()
        self.calls = calls
        self.error = error


def _worth_a_look(into: Elements, given: Elements) -> Iterator[tuple[int, bool]]:
    """Yields elements by their number, and whether nothing came out of them: these first, then the first, the last."""
    came = set(zip(given.positions.tolist(), given.epochs.tolist(), strict=True))
    places = list(zip(into.positions.tolist(), into.epochs.tolist(), strict=True))
    lost = [number for number, place in enumerate(places) if place not in came]
    yield from ((number, True) for number in lost)
    well = [number for number, place in enumerate(places) if place in came]
    order = [0, len(well) - 1, *range(1, len(well) - 1)]
    yield from ((well[number], False) for number in dict.fromkeys(order) if 0 <= number < len(well))


def _calls_for(node: BlockNode, into: Elements, element: int, budget: Budget) -> list[Call]:
    block = into.blocks[0].slice(element, element + 1).own()
    where = slice(element, element + 1)
    calls: list[Call] = []
    try:
        with noted(calls, element, _watched()):
            LookingRun(budget).nested().apply(node, block, into.positions[where], into.epochs[where])
    except FeedlineError as error:
        raise _RaisedError(calls, error) from None
    return calls


@contextmanager
def noted(calls: list[Call], element: int, watched: dict[CodeType, str]) -> Iterator[None]:
    """Notes the calls of some functions while something runs; not where a profiler is at work.

    Args:
        calls: is given the calls.
        element: which element they are for.
        watched: the code of the functions, with the names that the calls get.
    """
    if sys.getprofile() is not None:
        yield
        return
    sys.setprofile(_Noting(calls, element, watched).event)
    try:
        yield
    finally:
        sys.setprofile(None)


class _Noting:
    """The profile hook: `event` is told of every call and return."""

    def __init__(self, calls: list[Call], element: int, watched: dict[CodeType, str]) -> None:
        self._calls = calls
        self._element = element
        self._watched = watched
        self._within: FrameType | None = None
        self._arguments: dict[str, Any] = {}

    def event(self, frame: FrameType, kind: str, value: Any) -> None:
        if kind == "call":
            if self._within is None and frame.f_code in self._watched:
                self._within, self._arguments = frame, dict(frame.f_locals)
        elif kind == "return" and frame is self._within:
            name, arguments = self._watched[frame.f_code], self._arguments
            self._calls.append(Call(name, arguments, value, _user_line(frame), self._element))
            self._within, self._arguments = None, {}


def _user_line(frame: FrameType) -> Origin | None:
    """Returns the line outside feedline that led to a call."""
    caller = frame.f_back
    while caller is not None and is_feedline_frame(caller):
        caller = caller.f_back
    return None if caller is None else Origin(caller.f_code.co_filename, caller.f_lineno)


@cache
def _watched() -> dict[CodeType, str]:
    """Returns the code of the public functions of `feedline.io` and `feedline.image`, with their names."""
    from feedline import image, io

    functions: list[tuple[str, Callable[..., Any]]] = [
        (name, getattr(module, name)) for module in (io, image) for name in module.__all__
    ]
    return {each.__code__: name for name, each in functions if isinstance(each, FunctionType)}


def nothing_called(into: Elements) -> Calls:
    """Returns the calls of a step that none was looked at of."""
    return Calls(into, (), {})


def as_bytes(value: Any) -> bytes | None:
    """Returns an argument as the bytes that it is, or holds; None where it is something else."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, np.ndarray) and value.ndim == 0 and isinstance(value.item(), bytes):
        return bytes(value.item())
    return None
