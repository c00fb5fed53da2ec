"""Changes here: what a program changes, of what functions refer to, while other processes work with their copies of it.

Only plain values that others take the place of count. What is made when it is first needed, and what grows, is as a
rule made by the functions themselves, where some elements are computed in this process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial
from typing import Any

from feedline.run.module_variables import Reach
from feedline.run.state_reads import MOST_VALUES, PLAIN, Read, of_container, of_names

_MOST_POINTS = 64


class ChangesHere:
    """Looks at what functions refer to in this process.

    Args:
        functions: the functions, each with a key that `changed` returns.

    Example:
        >>> variables = {"level": 1}
        >>> raised = eval("lambda number: number + level", variables)
        >>> changes = ChangesHere([(0, raised)])
        >>> changes.changed()
        >>> variables["level"] = 2
        >>> changes.changed()
        (0, "variable 'level'")
    """

    def __init__(self, functions: Iterable[tuple[int, Any]]) -> None:
        self._points = [
            (key, told, read, held)
            for key, function in functions
            for told, read in _named_by(function)
            if (held := _plain(read)) is not None
        ]

    def changed(self) -> tuple[int, str] | None:
        """Returns the key of a function and what of it has changed, once; None where nothing has."""
        for key, told, read, before in self._points:
            now = _plain(read)
            if now is not None and len(now) == len(before) and any(map(_is_other, now, before)):
                self._points = []
                return key, told
        return None


def _named_by(function: Any) -> list[tuple[str, Read]]:
    reach = Reach(making=False)
    with contextlib.suppress(Exception):  # an object of the user's may raise whatever it likes
        reach.follow(function)
    found = reach.named
    for value in reach.holding[:_MOST_POINTS]:
        if isinstance(value, (dict, list)):
            if len(value) <= MOST_VALUES:
                found.append((f"what a {type(value).__name__} holds", partial(of_container, value)))
        elif names := [name for name in getattr(value, "__dict__", {}) if name in reach.names]:
            told = f"an attribute of {type(value).__name__}: {', '.join(names)}"
            found.append((told, partial(of_names, vars(value), names)))
    return found[:_MOST_POINTS]


def _plain(read: Read) -> list[Any] | None:
    """Returns what is read where any of it is plain."""
    try:
        held = read()
    except Exception:  # another thread changes it at this moment
        return None
    return held if any(isinstance(value, PLAIN) for value in held) else None


def _is_other(now: Any, before: Any) -> bool:
    return now is not before and isinstance(now, PLAIN) and isinstance(before, PLAIN) and now != before and now == now
