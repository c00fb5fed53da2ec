"""Trials: a `map`'s function called again on a few elements, to see what it draws and what comes out of that.

That a function refers to something random does not say that it draws: `if training:` may keep it from it. A trial
tells. Each element is given to the function twice: as the element of one epoch and as that of the next, with other
states of the global generators. What is random comes out differently.
"""

from __future__ import annotations

import random as python_random
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from feedline import image, random
from feedline.check.elements import Elements, Role, described, digest
from feedline.check.functions import FunctionFacts
from feedline.check.looking import spread
from feedline.nodes.map import Map, call_with_element
from feedline.structure import Treedef, as_component, flatten

_MOST_ELEMENTS = 12
_FEWEST = 8
_MOST_SECONDS = 1.0
_FIRST_SEED = 20_260_101
_OTHER_SEED = 20_250_101

Ranges = tuple[float, float]


@dataclass
class ImageCall:
    """One call of a function of `feedline.image`, made while a map's function ran.

    Args:
        function: which one.
        arguments: its arguments by name, after defaults.
        given: the least and the greatest value of its first argument; None where that is no array of numbers.
        returned: the same of what it returned; None where it has not.
        within: whether another function of `feedline.image` made the call.
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    given: Ranges | None
    returned: Ranges | None = None
    within: bool = False


@dataclass
class Tried:
    """What a function made of one element.

    Args:
        given: the components that it was given.
        first: what came of it.
        later: what came of it in the next epoch.
        calls: what of feedline's it called, the first time.
        drawn: from what it drew: "feedline", "NumPy", "Python", "a generator".
        seeded: which global generators it set to a state of its own: "NumPy", "Python".
        states: the states of those when it had ended.
    """

    given: list[Any]
    first: list[Any]
    later: list[Any]
    calls: list[ImageCall]
    drawn: set[str]
    seeded: set[str]
    states: dict[str, Any]

    def differs(self, index: int) -> bool:
        """Says whether a component came out differently in the next epoch."""
        return digest(self.first[index]) != digest(self.later[index])


@dataclass
class Trial:
    """What a map's function did to a few elements.

    Args:
        node: the map.
        tried: one by one, the elements that were tried; empty where there was no time, or the function raised.
        given: the structure of what it is given.
        result: the structure of what it returns.
        numbers: which of the elements that came into the map these are.
    """

    node: Map
    tried: list[Tried] = field(default_factory=list)
    given: Treedef | None = None
    result: Treedef | None = None
    numbers: list[int] = field(default_factory=list)

    @cached_property
    def drawn(self) -> frozenset[str]:
        """From what it drew random numbers, of "feedline", "NumPy", "Python" and "a generator"."""
        return frozenset(name for tried in self.tried for name in tried.drawn)

    @cached_property
    def changing(self) -> tuple[int, ...]:
        """Which components of what it returns are random: they differ for one and the same element."""
        count = len(self.tried[0].first) if self.tried else 0
        return tuple(index for index in range(count) if any(tried.differs(index) for tried in self.tried))

    def differing(self) -> int:
        """Returns of how many elements something came out differently."""
        return sum(any(tried.differs(index) for index in self.changing) for tried in self.tried)

    @cached_property
    def given_names(self) -> list[tuple[str, str, Role | None]]:
        """For each component that it is given its name, key and role."""
        return [] if self.given is None else described(self.given)

    @cached_property
    def result_names(self) -> list[tuple[str, str, Role | None]]:
        """For each component that it returns its name, key and role."""
        return [] if self.result is None else described(self.result)


def tried(node: Map, elements: Elements, facts: tuple[FunctionFacts, ...], seconds: float) -> Trial:
    """Returns what a map's function does to a few elements; random generators are not put back here.

    Args:
        node: the map.
        elements: what comes into it.
        facts: of its function.
        seconds: for how long it may be called; eight elements are tried in any case, unless that takes very long.
    """
    trial = Trial(node)
    start = time.perf_counter()
    end, latest = start + seconds, start + _MOST_SECONDS
    chosen = sorted(spread(len(elements), _MOST_ELEMENTS).tolist()) if len(elements) else []
    generators = [generator for each in facts for generator in each.generators]
    wanted = set(chosen)
    for index, element in enumerate(elements):
        if index not in wanted:
            continue
        now = time.perf_counter()
        one = (now - start) / max(1, len(trial.tried))
        if trial.tried and (now + one > latest or (now > end and len(trial.tried) >= _FEWEST)):
            break
        place = int(elements.positions[index]), int(elements.epochs[index])
        try:
            each = _tried_once(trial, element, place, generators)
        except Exception:  # FL100 tells what a function raises
            break
        if trial.tried and len(each.first) != len(trial.tried[0].first):
            break
        trial.tried.append(each)
        trial.numbers.append(index)
    return trial


def in_epoch(trial: Trial, elements: Elements, epoch: int, end: float) -> list[list[Any]]:
    """Returns what a map's function makes in a further epoch of the elements that were tried, or of the first of them.

    Args:
        trial: the trial.
        elements: what comes into the map.
        epoch: how many epochs after the first; from 2 on.
        end: until when it may be called, as `time.perf_counter` tells it.
    """
    made: list[list[Any]] = []
    for tried, number in zip(trial.tried, trial.numbers, strict=True):
        if trial.given is None or time.perf_counter() > end:
            break
        _seed(_OTHER_SEED + epoch * _MOST_ELEMENTS + len(made))
        place = int(elements.positions[number]), int(elements.epochs[number]) + epoch
        try:
            result, _ = _called(trial.node, trial.given.unflatten(tried.given), *place)
        except Exception:  # FL100 tells what a function raises
            break
        leaves = [as_component(leaf) for leaf in flatten(result)[0]]
        if len(leaves) != len(tried.first):
            break
        made.append(leaves)
    return made


def _tried_once(trial: Trial, element: Any, place: tuple[int, int], generators: list[Any]) -> Tried:
    node = trial.node
    given, trial.given = flatten(element)
    calls: list[ImageCall] = []
    _seed(_FIRST_SEED + len(trial.tried))
    before = _states(generators)
    with watched(calls):
        first = _called(node, element, *place)
    drawn = {"feedline"} if first[1] else set[str]()
    after = _states(generators)
    drawn |= {name for name in after if not _same(before[name], after[name])}
    _seed(_OTHER_SEED)
    later = _called(node, element, place[0], place[1] + 1)
    now = _states([])
    seeded = {name for name in now if name in drawn and _same(after[name], now[name])}
    leaves, trial.result = flatten(first[0])
    first_leaves, later_leaves = ([as_component(leaf) for leaf in each] for each in (leaves, flatten(later[0])[0]))
    if len(first_leaves) != len(later_leaves):
        raise ValueError("other structures")
    kept = {name: after[name] for name in seeded}
    named = {"a generator" if name.startswith("generator") else name for name in drawn}
    return Tried(given, first_leaves, later_leaves, calls, named, seeded, kept)


def _called(node: Map, element: Any, position: int, epoch: int) -> tuple[Any, bool]:
    """Returns what the function makes of an element, and whether it drew from feedline's streams."""
    leaves, treedef = flatten(element)
    own = treedef.unflatten([leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])
    outer = random.outer_element()
    try:
        random.enter_element(node.seed, epoch, position)
        result = call_with_element(node.function, own)
        drew = any(count or made for count, made in random.draws_so_far().values())
    finally:
        random.leave_element(outer)
    return tuple(result) if type(result) is list else result, drew


def _seed(seed: int) -> None:
    np.random.seed(seed)  # noqa: NPY002
    python_random.seed(seed)


def _states(generators: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"NumPy": np.random.get_state(), "Python": python_random.getstate()}  # noqa: NPY002
    for number, generator in enumerate(generators):
        if isinstance(generator, np.random.Generator):
            found[f"generator {number}"] = str(generator.bit_generator.state)
        elif isinstance(generator, np.random.RandomState):
            found[f"generator {number}"] = generator.get_state()
        else:
            found[f"generator {number}"] = generator.getstate()
    return found


def _same(first: Any, second: Any) -> bool:
    if type(first) is tuple:
        return len(first) == len(second) and all(map(_same, first, second))
    return bool(np.array_equal(first, second)) if isinstance(first, np.ndarray) else bool(first == second)


@contextmanager
def watched(calls: list[ImageCall]) -> Iterator[None]:
    """Notes the calls of feedline's image functions, and of Pillow's resize, in this thread.

    Nothing is noted where a profiler runs already.

    Args:
        calls: is added to, in the order in which the calls begin.
    """
    if sys.getprofile() is not None:
        yield
        return
    codes = {**_image_codes(), **_pillow_codes()}
    open_calls: dict[int, ImageCall] = {}

    def note(frame: types.FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code in codes:
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            arguments = {name: frame.f_locals.get(name) for name in names}
            call = ImageCall(codes[code], arguments, _range_of(next(iter(arguments.values()), None)))
            call.within = bool(open_calls)
            open_calls[id(frame)] = call
            calls.append(call)
        elif event == "return" and id(frame) in open_calls:
            open_calls.pop(id(frame)).returned = _range_of(argument)

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


@cache
def _image_codes() -> dict[types.CodeType, Callable[..., Any]]:
    functions = (getattr(image, name) for name in image.__all__)
    return {function.__code__: function for function in functions if isinstance(function, types.FunctionType)}


def _pillow_codes() -> dict[types.CodeType, Callable[..., Any]]:
    pillow = sys.modules.get("PIL.Image")
    resize = getattr(getattr(pillow, "Image", None), "resize", None)
    return {resize.__code__: resize} if isinstance(resize, types.FunctionType) else {}


def _range_of(value: Any) -> Ranges | None:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or not value.size:
        return None
    return float(value.min()), float(value.max())
