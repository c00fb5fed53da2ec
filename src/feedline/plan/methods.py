"""The methods and properties of arrays, for functions that are traced: each is noted as the function of its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.plan.prove import UnprovenError
from feedline.plan.stand_in import StandIn

if TYPE_CHECKING:
    from feedline.plan.trace import Traced

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in "sum mean std var prod min max any all argmin argmax round squeeze".split()  # noqa: SIM905
}
"""Methods that are what the function of the same name calls, with the same arguments."""

_IN_PLACE = frozenset("fill itemset partition put resize setfield setflags sort".split())  # noqa: SIM905
_OF_PYTHON = {
    "item": "it takes a value out of an array with .item()",
    "tolist": "it makes a list of an array with .tolist()",
    "tobytes": "it makes a string of an array with .tobytes()",
}


def method_of(value: Traced, name: str) -> Any:
    """Returns a method, or what a property is, of a value that is traced.

    Raises:
        UnprovenError: it is not known to work on blocks.
    """
    sample = value.sample
    if not isinstance(sample, np.ndarray):
        kind = "number" if isinstance(sample, np.generic) else "string"
        instead = f" (np.{name}(value) may do)" if kind == "number" and name in _FUNCTIONS else ""
        raise UnprovenError(f"it uses .{name} of a {kind}{instead}")
    if name in _FUNCTIONS:
        return _Method(name, partial(value.recorder.record, _FUNCTIONS[name], value))
    if name in _OTHERS:
        return _Method(name, partial(_OTHERS[name], value))
    if name == "T":
        return value.recorder.record(np.transpose, value)
    if name == "size":
        value.recorder.looked_at_shapes = True
        return sample.size
    if name in _IN_PLACE:
        raise UnprovenError(f"it changes a value in place with .{name}()")
    if name in _OF_PYTHON:
        raise UnprovenError(_OF_PYTHON[name])
    raise UnprovenError(f"it uses .{name} of a value")


class _Method(StandIn):
    """A method of a value that is traced: it can be called, and nothing else."""

    __slots__ = ("_call", "_name")

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self._name, self._call = name, call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._call(*args, **kwargs)
        except TypeError:
            reason = f"it calls .{self._name}() with arguments that are not known to work on blocks"
            raise UnprovenError(reason) from None


def _clip(value: Traced, min: Any = None, max: Any = None) -> Any:
    return value.recorder.record(np.clip, value, min, max)


def _transpose(value: Traced, *axes: Any) -> Any:
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
        axes = tuple(axes[0] or ())
    if not all(type(axis) is int for axis in axes):
        raise UnprovenError("it computes the order of axes")
    return value.recorder.record(np.transpose, value, axes) if axes else value.recorder.record(np.transpose, value)


def _swap_axes(value: Traced, first: Any, second: Any) -> Any:
    axes = list(range(value.ndim))
    if type(first) is not int or type(second) is not int:
        raise UnprovenError("it computes the order of axes")
    axes[first], axes[second] = axes[second], axes[first]
    return _transpose(value, *axes)


def _flatten(value: Traced) -> Any:
    return value.reshape(-1)


def _copy(value: Traced) -> Any:
    if not value.sample.flags.c_contiguous:
        raise UnprovenError("it copies an array that lies in memory in another order")
    # another object, as a copy is: tuples that are compared ask first whether their items are the same
    return type(value)(value.recorder, value.slot, value.sample)


_OTHERS: dict[str, Callable[..., Any]] = {
    "clip": _clip,
    "transpose": _transpose,
    "swapaxes": _swap_axes,
    "flatten": _flatten,
    "ravel": _flatten,
    "copy": _copy,
}
