"""How long a chain of steps can be: each is asked by the one behind it, some calls within calls."""

from __future__ import annotations

import sys

from feedline.errors import ArgumentError
from feedline.nodes.base import Node

MOST_STEPS = 2000
"""More steps than this one behind the other might end a thread's memory for calls, which would kill the process."""

_CALLS_A_STEP = 24
_CALLS_BESIDES = 1000
"""What Python allows to begin with is left to the user's functions, and to what calls feedline."""

_SHORT = 25


def make_room_for(node: Node) -> None:
    """Lets calls be as deep in each other as the steps of a plan need; it only ever allows more.

    Raises:
        ArgumentError: there are too many steps.
    """
    depth = node.depth
    if depth <= _SHORT:
        return
    if depth > MOST_STEPS:
        raise ArgumentError(
            f"{depth:,} steps follow each other in this pipeline, of which {MOST_STEPS:,} are possible.",
            where=[f"{node.label()} at {node.origin}"],
            fix="Do in one map() what many do one after the other; read many datasets with "
            "Dataset.from_tensor_slices(...).interleave(...), or one concatenate() after the other.",
        )
    needed = _CALLS_BESIDES + depth * _CALLS_A_STEP
    if sys.getrecursionlimit() < needed:
        sys.setrecursionlimit(needed)
