"""What can be gone through only once: iterators, queues, and what elements are taken out of."""

from __future__ import annotations

import collections
import io
import types
from typing import Any

_QUEUES = {
    ("queue", "Queue"), ("_queue", "SimpleQueue"), ("multiprocessing.queues", "Queue"), ("socket", "socket"),
    ("multiprocessing.queues", "SimpleQueue"), ("multiprocessing.connection", "_ConnectionBase"),
}  # fmt: skip
"""What gives each of its elements to the first who asks."""

EMPTIED = (list, dict, set, bytearray, collections.deque)
"""What elements can be taken out of."""

TAKE_OUT = {"pop", "popleft", "popitem"}
"""The methods that take an element out of one of these."""


def is_iterator(value: Any) -> bool:
    """Says whether an object gives its next element, and so can be gone through only once; not files to write to."""
    if isinstance(value, type) or not callable(getattr(type(value), "__next__", None)):
        return False
    if not isinstance(value, io.IOBase):
        return True
    try:
        return value.closed or value.readable()
    except ValueError:  # it was detached from what it read
        return True


def is_queue(value: Any) -> bool:
    """Says whether an object gives each of its elements to the first who asks."""
    return not isinstance(value, type) and any(
        (kind.__module__, kind.__name__) in _QUEUES for kind in type(value).__mro__
    )


def takes_out(value: Any) -> bool:
    """Says whether an object is a method that takes an element out of a list or the like, such as `rows.pop`."""
    owner = getattr(value, "__self__", None) if isinstance(value, types.BuiltinMethodType) else None
    return isinstance(owner, EMPTIED) and value.__name__ in TAKE_OUT
