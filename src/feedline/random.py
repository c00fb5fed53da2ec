"""Random numbers that depend on the element, not on the worker.

Inside `map`, every draw comes from a stream keyed by (seed, transformation, epoch, position of the element): the same
element gets the same augmentation for every number of workers, and another one in the next epoch. Outside `map`, draws
come from one stream of the thread, seeded by `set_seed` or by the operating system.

The mixing function is SplitMix64's finaliser (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
OOPSLA 2014).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def mix(value: int) -> int:
    """Returns 64 well-mixed bits of an integer."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def mix_all(*values: int) -> int:
    """Returns 64 well-mixed bits of several integers, in their order.

    Example:
        >>> mix_all(1, 2) == mix_all(1, 2), mix_all(1, 2) == mix_all(2, 1)
        (True, False)
    """
    key = 0
    for value in values:
        key = mix(key ^ (int(value) & _MASK))
    return key


class Stream:
    """One stream of random numbers, all of them a function of its key.

    Args:
        key: 64 bits.
    """

    __slots__ = ("_count", "_generator", "key")

    def __init__(self, key: int) -> None:
        self.key = key
        self._count = 0
        self._generator: np.random.Generator | None = None

    def random(self) -> float:
        """Returns one float64 of [0, 1), cheaply."""
        self._count += 1
        return (mix(self.key + self._count * _GOLDEN) >> 11) * 2.0**-53

    def bits(self) -> int:
        """Returns 64 random bits."""
        self._count += 1
        return mix(self.key + self._count * _GOLDEN)

    def generator(self) -> np.random.Generator:
        """Returns a NumPy generator of this stream, for arrays and other distributions."""
        if self._generator is None:
            self._generator = np.random.Generator(np.random.Philox(key=mix(self.key)))
        return self._generator


class _ThreadStreams(threading.local):
    element: tuple[int, int, int] | None = None
    streams: dict[Any, Stream]

    def __init__(self) -> None:
        self.streams = {}


_thread = _ThreadStreams()
_SEEDS = object()
"""The place of the stream that gives seeds to what is made for an element."""

_global_seed: int | None = None
_global_lock = threading.Lock()
_nodes_seeded = 0


def set_seed(seed: int | None) -> None:
    """Sets the seed of every pipeline built from now on that has none of its own, and of draws outside `map`.

    Args:
        seed: an integer, or None to go back to the operating system's entropy.

    Example:
        >>> set_seed(7); first = uniform(())
        >>> set_seed(7); bool(first == uniform(()))
        True
        >>> set_seed(None)
    """
    global _global_seed, _nodes_seeded
    if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
        from feedline.errors import ArgumentError

        raise ArgumentError(f"the seed is {seed!r}, not a whole number.", fix="Give an int, or None.")
    with _global_lock:
        _global_seed = seed
        _nodes_seeded = 0
    _thread.streams.clear()


class GivenSeed(int):
    """A seed that the user gave: it is part of what a pipeline is, as one that was drawn is not."""


def fresh_seed() -> int:
    """Returns the seed for a transformation that was given none: its turn under `set_seed`, or entropy.

    For one that is made for an element, as in the function of `flat_map`, it is the element's: how many elements were
    looked at before it, and by whom, changes nothing.
    """
    global _nodes_seeded
    seeds = _thread.streams.get(_SEEDS)
    if seeds is None and _thread.element is not None:
        seeds = _thread.streams[_SEEDS] = Stream(mix_all(3, *_thread.element))
    if seeds is not None:
        return seeds.bits() >> 8
    with _global_lock:
        if _global_seed is None:
            return int.from_bytes(os.urandom(7), "little")
        _nodes_seeded += 1
        return mix_all(_global_seed, _nodes_seeded) >> 8


def enter_element(seed: int, epoch: int, position: int) -> None:
    """Makes the draws of this thread those of one element; the engine calls it before a user's function."""
    _thread.element = (seed, epoch, position)
    streams = _thread.streams
    if streams or type(streams) is not dict:
        _thread.streams = {}


class _StreamsOfMany(dict):
    """The streams of the element at hand among many that are asked for in one go: looked up where one is drawn from."""

    def __init__(self, seed: int, epoch: int, position: Callable[[], int]) -> None:
        self._element = seed, epoch
        self._position = position

    def get(self, seed: Any, default: Any = None) -> Any:
        element = (*self._element, self._position())
        if element != _thread.element:
            self.clear()
            _thread.element = element
        return super().get(seed, default)


def enter_elements(seed: int, epoch: int, position: Callable[[], int]) -> None:
    """Makes the draws of this thread those of many elements, one after the other.

    Args:
        seed: keys the draws.
        epoch: the epoch.
        position: says which element is at hand when a number is drawn.
    """
    _thread.element = None
    _thread.streams = _StreamsOfMany(seed, epoch, position)


def outer_element() -> tuple[Any, Any]:
    """Sets aside what the draws of this thread are, and returns it: a user's function may run another pipeline."""
    outer = _thread.element, _thread.streams
    _thread.streams = {}
    return outer


def leave_element(outer: tuple[Any, Any]) -> None:
    """Ends what `enter_element` began: goes back to what `outer_element` returned before."""
    _thread.element, _thread.streams = outer


class OwnStreams:
    """The draws of many elements: each draws from streams of its own, which go on where they were left.

    Args:
        seed: keys the draws.
        epochs: int64 `(n,)`, the epoch of each element.
        positions: int64 `(n,)`, its position.

    Example:
        >>> streams = OwnStreams(7, np.zeros(2, np.int64), np.arange(2))
        >>> first = streams.call(1, lambda: stream().random()), streams.call(1, lambda: stream().random())
        >>> first == tuple(first_draws(7, np.zeros(1), np.ones(1), drawn=drawn)[0] for drawn in (0, 1))
        True
    """

    def __init__(self, seed: int, epochs: np.ndarray, positions: np.ndarray) -> None:
        pairs = zip(epochs.tolist(), positions.tolist(), strict=True)
        self._states: list[tuple[tuple[int, int, int], dict]] = [((seed, *pair), {}) for pair in pairs]

    def part(self, start: int, stop: int) -> OwnStreams:
        """Returns those of some elements in a row; the streams are the same."""
        part = OwnStreams.__new__(OwnStreams)
        part._states = self._states[start:stop]
        return part

    def call(self, index: int, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls a function, whose draws are those of one of the elements."""
        outer = _thread.element, _thread.streams
        _thread.element, _thread.streams = self._states[index]
        try:
            return function(*args, **kwargs)
        finally:
            _thread.element, _thread.streams = outer

    def streams(self, seed: int | None) -> list[Stream]:
        """Returns what `stream(seed)` gives for each of the elements."""
        return [self.call(index, stream, seed) for index in range(len(self._states))]

    def random(self, seed: int | None) -> np.ndarray:
        """Returns what `stream(seed).random()` gives for each of the elements: float64 `(n,)` of [0, 1)."""
        return np.array([one.random() for one in self.streams(seed)])


def stream(seed: int | None = None) -> Stream:
    """Returns the stream of the element at hand, or of the thread outside `map`.

    Args:
        seed: an operation's own seed; operations with different seeds draw independently.
    """
    found = _thread.streams.get(seed)
    if found is None:
        own = 0 if seed is None else mix_all(1, seed)
        if _thread.element is not None:
            pipeline, epoch, position = _thread.element
            key = mix_all(own if seed is not None else pipeline, epoch, position)
        elif seed is not None:
            key = own
        elif _global_seed is not None:
            key = mix_all(2, _global_seed)
        else:
            key = int.from_bytes(os.urandom(8), "little")
        found = _thread.streams[seed] = Stream(key)
    return found


def draws_so_far() -> dict[int | None, tuple[int, bool]]:
    """Returns for each seed how many numbers were drawn from its stream, and whether from a NumPy generator too."""
    return {seed: (known._count, known._generator is not None) for seed, known in _thread.streams.items()}


def first_draws(
    pipeline: int, epochs: np.ndarray, positions: np.ndarray, seed: int | None = None, drawn: int = 0
) -> np.ndarray:
    """Returns what `stream(seed).random()` gives for each of many elements.

    Args:
        pipeline: the seed of the transformation.
        epochs: int64 `(n,)`, the epoch of each element.
        positions: int64 `(n,)`, its position.
        seed: the operation's own seed.
        drawn: how many numbers each element has drawn from the stream before.

    Returns:
        float64 `(n,)`.
    """
    first = pipeline if seed is None else mix_all(1, seed)
    with np.errstate(over="ignore"):
        key = _mix_array(np.full(len(positions), first & _MASK, np.uint64))
        for values in (epochs, positions):
            key = _mix_array(key ^ values.astype(np.uint64))
        bits = _mix_array(key + np.uint64((drawn + 1) * _GOLDEN & _MASK))
    return (bits >> np.uint64(11)) * 2.0**-53


def _mix_array(values: np.ndarray) -> np.ndarray:
    values = values + np.uint64(_GOLDEN)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def generator(seed: int | None = None) -> np.random.Generator:
    """Returns a NumPy generator of the element at hand: use it in `map` where you would use `np.random`.

    Example:
        >>> generator(seed=3).integers(0, 10, 4).shape
        (4,)
    """
    return stream(seed).generator()


def uniform(
    shape: Any = (), minval: float = 0, maxval: float | None = None, dtype: Any = "float32", seed: int | None = None
) -> np.ndarray:
    """Returns uniform random numbers of [minval, maxval).

    Args:
        shape: the shape of the result.
        minval: the lowest value.
        maxval: the bound above; 1 for floats, must be given for integers.
        dtype: a float or integer dtype.
        seed: a seed for this operation.
    """
    from feedline.errors import ArgumentError
    from feedline.spec import as_dtype

    dtype = as_dtype(dtype)
    if dtype.kind in "iu":
        if maxval is None:
            raise ArgumentError("uniform() of integers needs maxval.", fix="Give the bound above as maxval.")
        if not minval < maxval:
            raise ArgumentError(f"uniform() of integers from {minval} to below {maxval}: there are none.")
        # NumPy's types know no floats as bounds.
        return np.asarray(generator(seed).integers(minval, maxval, shape, dtype))  # type: ignore[call-overload]
    _check_float(dtype, "uniform")
    high = 1.0 if maxval is None else maxval
    numbers = np.asarray(minval + (high - minval) * generator(seed).random(shape), dtype)
    if minval < high:  # rounding to the dtype must not reach the bound
        below = np.nextafter(dtype.type(high), dtype.type(minval))
        numbers = np.where(numbers < dtype.type(high), numbers, below)
    return numbers


def _check_float(dtype: np.dtype, function: str) -> None:
    from feedline.errors import DtypeError

    if dtype.kind != "f" and dtype.name != "bfloat16":
        raise DtypeError(f"{function}() cannot give {dtype.name}.", fix='Give a float dtype such as "float32".')


def normal(
    shape: Any = (), mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: int | None = None
) -> np.ndarray:
    """Returns normally distributed random numbers.

    Args:
        shape: the shape of the result.
        mean: their mean.
        stddev: their standard deviation.
        dtype: a float dtype.
        seed: a seed for this operation.
    """
    from feedline.spec import as_dtype

    dtype = as_dtype(dtype)
    _check_float(dtype, "normal")
    return np.asarray(mean + stddev * generator(seed).standard_normal(shape), dtype)
