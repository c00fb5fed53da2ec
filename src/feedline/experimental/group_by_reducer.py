"""group_by_reducer: what functions make of all elements of each key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from feedline import random
from feedline.dataset import Dataset
from feedline.dataset.base import check_function
from feedline.errors import ArgumentError
from feedline.origin import user_origin


@dataclass(frozen=True)
class Reducer:
    """How the elements of a key become one: for `group_by_reducer`.

    Args:
        init_func: from the key to the state before its first element.
        reduce_func: from state and element to the new state.
        finalize_func: from the last state to what is given; the components of a tuple are its arguments.
    """

    init_func: Callable[..., Any]
    reduce_func: Callable[..., Any]
    finalize_func: Callable[..., Any]

    def __post_init__(self) -> None:
        for function in (self.init_func, self.reduce_func, self.finalize_func):
            check_function(function, "Reducer")


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Callable[[Dataset], Dataset]:
    """Returns, for `Dataset.apply`, what makes one element of all elements of each key, in the order of the keys.

    Args:
        key_func: from element to key, a whole number.
        reducer: how the elements become one.

    Raises:
        StructureError: while running: a state has another structure than the one before it.
        DtypeError: while running: a key is no whole number, or a state has another dtype than the one before it.

    Example:
        >>> import numpy as np
        >>> import feedline as fl
        >>> total = fl.experimental.Reducer(lambda key: np.int64(0), lambda total, number: total + number, np.negative)
        >>> ds = fl.Dataset.range(7).apply(fl.experimental.group_by_reducer(lambda number: number % 3, total))
        >>> [int(number) for number in ds]
        [-9, -5, -7]
    """
    from feedline.nodes.group_by_reducer import GroupByReducer

    check_function(key_func, "group_by_reducer")
    if not isinstance(reducer, Reducer):
        raise ArgumentError(f"reducer is {reducer!r:.60}.", fix="Give a feedline.experimental.Reducer.")
    origin, seed = user_origin(), random.fresh_seed()
    functions = (key_func, reducer.init_func, reducer.reduce_func, reducer.finalize_func)
    return lambda dataset: Dataset._of(GroupByReducer((dataset.node,), origin, *functions, seed))
