"""How what functions refer to is read after each unit, for which it must cost next to nothing."""

from __future__ import annotations

import ctypes
import itertools
import operator
import pickle
import random
import types
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

Read = Callable[[], list[Any]]
"""Returns values that must stay the same."""

MOST_VALUES = 32
PLAIN = (bool, int, float, complex, str, bytes)
_COMPARED = (*PLAIN, tuple, frozenset, type(None), np.generic)
_MOST_BYTES = 4096
_GONE = object()
_WORDS = 625
"""Of 32 bits, in the state of NumPy's global generator: the last two of them change with every number drawn."""


def are_same(now: list[Any], before: list[Any]) -> bool:
    """Says whether values are what was read before."""
    try:
        if now == before:
            return True
    except Exception:  # of arrays; below only values are compared of which that can be asked
        pass
    return len(now) == len(before) and all(map(_same, now, before))


def _same(now: Any, before: Any) -> bool:
    if now is before:
        return True
    if type(now) is not type(before) or not isinstance(now, _COMPARED):
        return False
    try:
        return bool(now == before) or bool(now != now)
    except Exception:  # of a tuple of arrays
        return False


def of_cell(cell: types.CellType) -> list[Any]:
    """Returns what a variable of a function around it holds."""
    try:
        return [cell.cell_contents]
    except ValueError:  # it is empty
        return []


def of_variable(variables: Any, name: str) -> list[Any]:
    """Returns what one of many variables holds."""
    return [variables[name]] if name in variables else []


def of_names(variables: Any, names: Iterable[str]) -> list[Any]:
    """Returns what some of many variables hold."""
    return [variables.get(name, _GONE) for name in names]


def of_attributes(value: Any, names: Iterable[str]) -> list[Any]:
    """Returns what some attributes hold."""
    return [getattr(value, name, _GONE) for name in names]


def of_container(container: Any) -> list[Any]:
    """Returns the length of a container and what it holds; of a large one, some of that."""
    count = len(container)
    if isinstance(container, (set, frozenset)):
        return [count, frozenset(container)] if count <= MOST_VALUES else [count]
    order = tuple(islice(container, MOST_VALUES)) if isinstance(container, OrderedDict) else ()
    values = container.values() if isinstance(container, dict) else container
    if count <= MOST_VALUES:
        return [count, *order, *values]
    some = values[:: count // MOST_VALUES] if isinstance(values, list) else ()
    last = islice(reversed(values), MOST_VALUES // 2)
    return [count, *order, *islice(values, MOST_VALUES), *some, *last]


def of_generator(generator: Any) -> list[Any]:
    """Returns the state of a generator of random numbers."""
    if isinstance(generator, random.Random):
        return [generator.getstate()]
    return [pickle.dumps(generator)]


def of_global_generator() -> list[Any]:
    """Returns the state of the generator that all functions of `random` share."""
    return [random.getstate()]


def read_of_numpy() -> Read:
    """Returns what reads, of the generator that all functions of `numpy.random` share, what each number changes."""
    generator = np.random.mtrand._rand._bit_generator  # type: ignore[attr-defined]
    if not isinstance(generator, np.random.MT19937):
        return partial(of_generator, generator)
    words = (ctypes.c_uint32 * _WORDS).from_address(generator.ctypes.state_address)  # a copy of it takes 30 us
    return lambda: words[-2:] if generator else []


def of_iterator(iterator: Any) -> list[Any]:
    """Returns how far an iterator is; where that cannot be seen, what is never the same: it is there to go on."""
    if isinstance(iterator, itertools.count):
        return [repr(iterator)]
    left = operator.length_hint(iterator, -1)
    return [left] if left >= 0 else [object()]


def of_environment(environment: Any) -> list[Any]:
    """Returns the values of the variables of the environment."""
    return list(environment._data.values())  # as the system has them, which need not be decoded


def of_file(file: Any) -> list[Any]:
    """Returns where in a file, or in what stands for one in memory, is read or written next."""
    try:
        return [file.tell()]
    except (OSError, ValueError):  # it is closed, or no file with places
        return []


def of_memory(memory: Any) -> list[Any]:
    """Returns what an array, or what is like one, holds; of a large one, a part."""
    if isinstance(memory, (array, bytearray)):
        return [len(memory), bytes(memory[:_MOST_BYTES])]
    if not isinstance(memory, np.ndarray):
        return versions([memory])
    if memory.dtype.hasobject or not (memory.flags.c_contiguous or memory.flags.f_contiguous):
        return []
    flat = memory.ravel(order="K")
    return [(flat if flat.nbytes <= _MOST_BYTES else flat[:: flat.size // MOST_VALUES]).tobytes()]


def versions(tensors: list[Any]) -> list[Any]:
    """Returns how often tensors were written to in place."""
    return [tensor._version for tensor in tensors]
