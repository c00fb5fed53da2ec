"""What every dataset has: its last node, its count of epochs, and the checks of arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.errors import ArgumentError, ArgumentTypeError, FeedlineError
from feedline.nested import DatasetComponent
from feedline.nodes.base import AUTOTUNE, Node
from feedline.run.depth import make_room_for
from feedline.run.iterator import Epochs
from feedline.run.timings import Timings

if TYPE_CHECKING:
    from feedline.dataset import Dataset


class BaseDataset(DatasetComponent):
    """A dataset's node and what belongs to it alone."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._epochs = Epochs()
        self._timings = Timings()

    def __getstate__(self) -> dict[str, Any]:
        return {"node": self._node}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Makes the dataset anew, as in another process: its next iteration is its first epoch."""
        BaseDataset.__init__(self, state["node"])

    @classmethod
    def _of(cls, node: Node) -> Dataset:
        from feedline.dataset import Dataset

        make_room_for(node)
        try:
            node.check_parents()
        except FeedlineError as error:
            error.add_where(f"{node.label()} at {node.origin}")
            raise
        return Dataset(node)

    @property
    def node(self) -> Node:
        """The last node of the pipeline."""
        return self._node

    def __repr__(self) -> str:
        return f"<feedline dataset: {describe_chain(self._node)}>"

    def __bool__(self) -> bool:
        return True


def describe_chain(node: Node) -> str:
    """Returns a pipeline in one line: `range -> map(f) -> batch(32)`."""
    labels: list[str] = []
    while len(node.parents) == 1:
        labels.append(node.label())
        node = node.parents[0]
    parents = f"[{', '.join(map(describe_chain, node.parents))}] -> " if node.parents else ""
    return " -> ".join([parents + node.label(), *reversed(labels)])


def seed_or_drawn(seed: Any) -> int:
    """Returns the seed that the user gave, or one that is drawn where that is None."""
    return random.fresh_seed() if seed is None else random.GivenSeed(whole_number(seed, "seed"))


def whole_number(value: Any, name: str, *, least: int | None = None, special: str = "") -> int:
    """Returns an argument that must be a whole number.

    Args:
        value: the argument.
        name: how the user knows it ("batch_size").
        least: the smallest value that works.
        special: what the values below it mean, for the message.

    Raises:
        ArgumentTypeError: it is not one.
        ArgumentError: it is too small.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        nearest = int(value) if isinstance(value, float | np.floating) and np.isfinite(value) else None
        raise ArgumentTypeError(
            f"{name} is {value!r:.60}, not a whole number.",
            fix=f"Give an int{special}."
            if nearest is None
            else f"Give an int such as {nearest}; // divides to an int.",
        )
    if least is not None and value < least:
        raise ArgumentError(f"{name} is {value}; it must be at least {least}{special}.", fix=f"Give {least} or more.")
    if not -(1 << 63) <= int(value) < 1 << 63:
        raise ArgumentError(f"{name} is {value}, which 64 bits cannot hold.", fix="Give a smaller number.")
    return int(value)


def number_or_autotune(value: Any, name: str, *, least: int) -> int:
    """Returns an argument that is a whole number or AUTOTUNE.

    Args:
        value: the argument.
        name: how the user knows it ("num_parallel_calls").
        least: the smallest number that works.

    Raises:
        ArgumentTypeError: it is neither.
        ArgumentError: it is too small.
    """
    if isinstance(value, int | np.integer) and value == AUTOTUNE:
        return AUTOTUNE
    return whole_number(value, name, least=least, special=", or feedline.AUTOTUNE")


def true_or_false(value: Any, name: str, hint: str = "") -> bool:
    """Returns an argument that must be True or False, of Python, NumPy or TensorFlow.

    Args:
        value: the argument.
        name: how the user knows it ("drop_remainder").
        hint: more on what to do, for the message.

    Raises:
        ArgumentTypeError: it is neither; a number in its place was most likely meant for another argument.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    array = np.asarray(value)
    if array.dtype != np.bool_ or array.ndim:
        raise ArgumentTypeError(f"{name} is {value!r:.60}, not True or False.", fix=f"Give True or False.{hint}")
    return bool(array)


def check_name(name: Any, fix: str) -> None:
    """Checks that what came as `name` is one: data meant to be used would be dropped without a word.

    Raises:
        ArgumentError: it is not text.
    """
    if name is not None and not isinstance(name, str | bytes):
        raise ArgumentError(f"name is {name!r:.60}, not text: it would not be used.", fix=fix)


def check_function(function: Any, method: str) -> None:
    """Checks that an argument is a function.

    Raises:
        ArgumentTypeError: it cannot be called.
    """
    if not callable(function):
        raise ArgumentTypeError(
            f"{method}() was given {function!r:.60}, which cannot be called.", fix="Give a function or a lambda."
        )
