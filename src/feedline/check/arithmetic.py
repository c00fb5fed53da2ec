"""Arithmetic: what a `map`'s function computes in small whole numbers on its way, seen while it runs on an element.

What comes out of a function does not tell: pixels that wrapped round and were divided by 255 look like any others. So
the function is called again with arrays that note what the user's own lines compute of them. Whether it matters is
tried: the function is called with other results in place of those that wrapped, and something else has to come out.
"""

from __future__ import annotations

import dis
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Literal, TypeAlias

import numpy as np

from feedline import random
from feedline.check.elements import Elements, described
from feedline.check.looking import nothing_drawn, spread
from feedline.check.plan import Plan
from feedline.nodes.map import Map, call_with_element
from feedline.origin import Origin, is_feedline_frame, is_library
from feedline.structure import as_component, flatten

_MOST_ELEMENTS = 8
_ENOUGH = 3
"""After so many elements in which nothing is computed in small whole numbers, no more are tried."""

_MOST_PLACES = 3
_FEWEST_VALUES = 16
_FEWEST_LEVELS = 8
_LEAST_DIVISOR = 200
_DIFFERENT = 1e-3
_MOST_BYTES = 2
_SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*"}
_OPERATORS = frozenset({"+", "-", "*", "//", "+=", "-=", "*=", "//="})
_NAMES = frozenset({*_SYMBOLS, "floor_divide"})
_CIRCULAR = ("hsv", "hls", "hue")
"""Angles wrap round, and mean the same then."""

Instead: TypeAlias = Literal["", "exact", "clipped"]
Place: TypeAlias = tuple[Origin, str]


@dataclass(frozen=True)
class Mistake:
    """Whole numbers that wrapped round, or were divided to 0 and 1, on the way to what a function returns.

    Args:
        wraps: whether they wrapped round; else they were divided.
        origin: the user's line.
        told: the numbers: "200 + 60 makes 4 in uint8".
        count: how many values of the first element.
        of: how many values it has.
        element: the first element, as it came into the step.
        elements: in how many elements it was so.
        tried: how many were tried.
    """

    wraps: bool
    origin: Origin
    told: str
    count: int
    of: int
    element: int
    elements: int
    tried: int


def mistakes_of(node: Map, into: Elements, plan: Plan, seconds: float) -> list[Mistake]:
    """Returns what the arithmetic of a step's function does to whole numbers, of a few elements.

    Args:
        node: the `map`.
        into: what comes into it.
        plan: the plan, whose random generators are put back.
        seconds: for how long it may be called.
    """
    codes = [code for facts in plan.functions(node) for code in facts.codes]
    if not any(map(_computes, codes)) or any(map(_is_circular, codes)) or sys.gettrace() is not None:
        return []
    end = time.perf_counter() + seconds
    chosen = set(spread(len(into), _MOST_ELEMENTS).tolist()) if len(into) else set[int]()
    found: dict[Place, Mistake] = {}
    times: dict[Place, int] = {}
    tried, any_small = 0, False
    for index, element in enumerate(into):
        if index not in chosen or time.perf_counter() > end:
            continue
        trial = _Trial(node, element, (int(into.positions[index]), int(into.epochs[index])), plan, codes, end)
        if tried >= _ENOUGH and not any_small:
            break
        tried += 1
        for place, noted in trial.mistakes(known=times):
            times[place] = times.get(place, 0) + 1
            told, count, of = noted
            found.setdefault(place, Mistake(place[1] != "floor_divide", place[0], told, count, of, index, 0, 0))
        any_small = any_small or trial.computes_small
    return [
        Mistake(each.wraps, each.origin, each.told, each.count, each.of, each.element, times[place], tried)
        for place, each in found.items()
    ]


def _computes(code: CodeType) -> bool:
    if _NAMES & set(code.co_names):
        return True
    return any(each.opname == "BINARY_OP" and each.argrepr in _OPERATORS for each in dis.get_instructions(code))


def _is_circular(code: CodeType) -> bool:
    names = [*code.co_names, *code.co_varnames, *(each for each in code.co_consts if isinstance(each, str))]
    return any(part in name.lower() for name in names for part in _CIRCULAR)


class _Trial:
    """One element, given to a function several times with the same random numbers."""

    def __init__(
        self, node: Map, element: Any, place: tuple[int, int], plan: Plan, codes: list[CodeType], end: float
    ) -> None:
        self._node, self._element, self._place, self._plan = node, element, place, plan
        self._codes, self._end = frozenset(codes), end
        self.computes_small = False

    def mistakes(self, known: Collection[Place]) -> Iterator[tuple[Place, tuple[str, int, int]]]:
        """Yields the places where numbers wrapped round or were divided away, and what comes out depends on it."""
        watch = _Watch(None, "", self._codes, self._end)
        try:
            seen = self._run(watch)
            self.computes_small = watch.computes_small
            if not watch.found:
                return
            plain = self._run(None)
        except Exception:  # FL100 tells what a function raises
            return
        if _apart(seen, plain) is not False:
            return  # the function is not the same with arrays that note
        for place, noted in list(watch.found.items())[:_MOST_PLACES]:
            if place in known or self._depends_on(place, seen):
                yield place, noted

    def _depends_on(self, place: Place, seen: list[Any]) -> bool:
        """Says whether something else comes out without the mistake: both where numbers are let grow, and where they
        are cut off. What chooses among results, or casts them back, comes out the same in one of the two.
        """
        try:
            if _apart(seen, self._run(_Watch(place, "clipped", self._codes, self._end))) is not True:
                return False
        except Exception:
            return False
        try:
            return _apart(seen, self._run(_Watch(place, "exact", self._codes, self._end))) is True
        except Exception:  # it is made for these dtypes only
            return True

    def _run(self, watch: _Watch | None) -> list[Any]:
        """Returns the components that come out, but for labels."""
        leaves, treedef = flatten(self._element)
        own = [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
        if watch is not None:
            own = [_as_watched(leaf) for leaf in own]
        outer = random.outer_element()
        with nothing_drawn(self._plan):
            try:
                random.enter_element(self._node.seed, self._place[1], self._place[0])
                with _watching(watch):
                    result = call_with_element(self._node.function, treedef.unflatten(own))
            finally:
                random.leave_element(outer)
        made, made_tree = flatten(tuple(result) if type(result) is list else result)
        roles = [role for _, _, role in described(made_tree)]
        return [_plain(as_component(leaf)) for leaf, role in zip(made, roles, strict=True) if role in ("x", None)]


class _Watch:
    """What is noted of the arithmetic of the user's lines while a function runs, and what is done about it.

    Args:
        place: where results are replaced.
        instead: by what.
        codes: the code whose variables are watched.
        end: until when.
    """

    def __init__(self, place: Place | None, instead: Instead, codes: frozenset[CodeType], end: float) -> None:
        self._place, self._instead = place, instead
        self._codes, self._end = codes, end
        self.found: dict[Place, tuple[str, int, int]] = {}
        self.computes_small = False

    def result(self, ufunc: np.ufunc, inputs: list[Any], result: np.ndarray, line: Origin, in_place: bool) -> Any:
        """Notes a result, and returns it, or what is to stand in for it."""
        place = line, ufunc.__name__
        self.computes_small = self.computes_small or _is_small(result)
        if ufunc is np.floor_divide:
            told, other = _divided(inputs, result), None
            if told is not None and place == self._place:
                other = np.true_divide(*inputs)
        elif ufunc.__name__ in _SYMBOLS:
            told, exact = _wrapped(ufunc, inputs, result)
            other = exact
            if exact is not None and (self._instead == "clipped" or in_place):
                limits = np.iinfo(result.dtype)
                other = exact.clip(limits.min, limits.max).astype(result.dtype)
        else:
            return result
        if told is None:
            return result
        self.found.setdefault(place, told)
        return result if place != self._place or other is None else other

    def begin(self, frame: FrameType, event: str, argument: Any) -> Any:
        """The trace function: watches the lines of the user's code."""
        return self._line if frame.f_code in self._codes else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Watches the arrays that a line has put into a variable: of a decoder, of another library."""
        if time.perf_counter() > self._end:
            sys.settrace(None)
            return None
        names = frame.f_locals  # asked for once: what is changed in it goes back into the variables
        for name, value in list(names.items()):
            watched = _as_watched(value)
            if watched is not value:
                names[name] = watched
        return self._line


class _Current(threading.local):
    watch: _Watch | None = None


_CURRENT = _Current()


@contextmanager
def _watching(watch: _Watch | None) -> Iterator[None]:
    if watch is None:
        yield
        return
    _CURRENT.watch = watch
    sys.settrace(watch.begin)
    try:
        yield
    finally:
        sys.settrace(None)
        _CURRENT.watch = None


class _Watched(np.ndarray):
    """An array that tells what is computed of it, and is any other array besides."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [_plain(each) for each in inputs]
        into = kwargs.get("out")
        if into is not None:
            kwargs["out"] = tuple(_plain(each) for each in into)
        watch, line = _CURRENT.watch, None
        if watch is not None and method == "__call__" and not set(kwargs) - {"out"}:
            line = _users_line(sys._getframe(1))
        operands = plain
        if line is not None and into is not None:  # x += 50 writes over what it is computed of
            operands = [each.copy() if isinstance(each, np.ndarray) else each for each in plain]
        result = getattr(ufunc, method)(*plain, **kwargs)
        if watch is not None and line is not None and isinstance(result, np.ndarray):
            other = watch.result(ufunc, operands, result, line, into is not None)
            if other is not result and into is not None:
                result[...] = other
            elif into is None:
                result = other
        if into is not None and len(into) == 1:
            return into[0]
        return tuple(map(_as_watched, result)) if isinstance(result, tuple) else _as_watched(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _as_watched(super().__array_function__(function, types, args, kwargs))


def _as_watched(value: Any) -> Any:
    """Returns an array of small whole numbers as one that tells what is computed of it; all else as it is."""
    if type(value) is np.ndarray and value.ndim and value.dtype.kind in "iu" and value.dtype.itemsize <= _MOST_BYTES:
        return value.view(_Watched)
    return value


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, _Watched) else value


def _users_line(frame: FrameType) -> Origin | None:
    """Returns the line that is executed, where it is the user's: what libraries compute is their affair."""
    if is_feedline_frame(frame) or is_library(frame.f_code.co_filename):
        return None
    return Origin(frame.f_code.co_filename, frame.f_lineno)


def _is_small(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.dtype.itemsize <= _MOST_BYTES


def _wrapped(
    ufunc: np.ufunc, inputs: list[Any], result: np.ndarray
) -> tuple[tuple[str, int, int] | None, np.ndarray | None]:
    """Returns what wrapped round, told, and the results as they would have been; None where nothing did."""
    if not _is_small(result) or result.size < _FEWEST_VALUES:
        return None, None
    wide = [np.asarray(each).astype(np.int64) for each in inputs]
    exact = ufunc(*wide)
    limits = np.iinfo(result.dtype)
    beyond = (exact < limits.min) | (exact > limits.max)
    if not beyond.any():
        return None, None
    place = np.unravel_index(int(beyond.argmax()), beyond.shape)
    one, two = (int(np.broadcast_to(each, exact.shape)[place]) for each in wide)
    told = f"{one} {_SYMBOLS[ufunc.__name__]} {two} makes {int(result[place])} in {result.dtype}"
    return (told, int(beyond.sum()), result.size), exact.astype(np.int32)


def _divided(inputs: list[Any], result: np.ndarray) -> tuple[str, int, int] | None:
    """Returns what became of pixels that were divided by 255 without a rest."""
    pixels, divisor = inputs
    if not _is_small(pixels) or pixels.size < _FEWEST_VALUES or np.ndim(divisor) or divisor < _LEAST_DIVISOR:
        return None
    if result.dtype.kind not in "iu" or pixels.min() < 0 or result.max() > 1:
        return None
    levels = len(np.unique(pixels))
    if levels < _FEWEST_LEVELS:
        return None
    told = f"{levels} different values from {int(pixels.min())} to {int(pixels.max())} become "
    told += "0 and 1" if result.any() else "0"
    return told, int(((pixels > 0) & (pixels < divisor)).sum()), pixels.size


def _apart(first: list[Any], second: list[Any]) -> bool | None:
    """Says whether two results differ in their values; None where they cannot be compared."""
    if len(first) != len(second):
        return None
    differ = False
    for one, other in zip(first, second, strict=True):
        if not isinstance(one, np.ndarray | np.generic) or not isinstance(other, np.ndarray | np.generic):
            continue
        if one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf":
            continue
        if one.shape != other.shape:
            return None
        if not one.size:
            continue
        a, b = one.astype(np.float64), other.astype(np.float64)
        room = _DIFFERENT * max(float(np.abs(a).max()), float(np.abs(b).max()))
        differ = differ or bool((np.abs(a - b) > room).any())
    return differ
