"""What functions refer to and may change: seen after every unit, for which it must cost next to nothing.

A process has a copy of its own of all that. A function that numbers words in a dictionary gives other numbers there, so
it must be noticed where one begins to do so. Looked at are variables, also those of the user's modules, attributes of
functions, of the user's classes and of their objects, what containers hold (of large ones a part), iterators, files,
and generators of random numbers. Arrays are, as a rule, where a function puts what it needs for a moment: where one has
changed, an element is computed once more, to see whether the function gives the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from feedline.run.state_reads import Read, are_same
from feedline.run.state_walk import DEEPEST, Walk

_MOST_DOUBTS = 3
"""How often an element is computed once more: arrays that only ever hold what is needed for a moment are then known."""

_Point = tuple[int, str, Read, list[Any]]
"""A function's key, a name for people, what reads it, and what was read."""


class ReferredState:
    """What functions refer to.

    Args:
        functions: the functions, each with a key that `changed` returns.

    Example:
        >>> variables = {"words": {}}
        >>> number = eval("lambda word: words.setdefault(word, len(words))", variables)
        >>> state = ReferredState([(0, number)])
        >>> state.changed()
        >>> variables["words"]["new"] = 0
        >>> state.changed()
        (0, "variable 'words'")
    """

    def __init__(self, functions: Iterable[tuple[int, Any]]) -> None:
        self._functions = tuple(functions)
        self._points: list[_Point] | None = None
        self._memory: list[_Point] = []
        self._doubts = _MOST_DOUBTS

    @property
    def may_ask(self) -> bool:
        """Whether `changed` may ask whether functions give the same once more."""
        return bool(self._memory)

    def changed(self, gives_the_same: Callable[[], bool] | None = None) -> tuple[int, str] | None:
        """Returns the key of a function and what of it has changed, once; None where nothing has.

        The first call only looks: what functions make when they are first called changes nothing that they give.

        Args:
            gives_the_same: computes an element once more, and says whether it is the same; asked where it cannot be
                told in another way whether a change matters, a few times. None where that cannot be done.
        """
        if self._points is None:
            self._points = []
            for key, function in self._functions:
                walk = Walk()
                with contextlib.suppress(Exception):  # an object of the user's may raise whatever it likes
                    walk.function(function, DEEPEST)
                self._points += [(key, name, read, _read(read)) for name, read in walk.points]
                self._memory += [(key, name, read, _read(read)) for name, read in walk.memory]
            return None
        for key, name, read, before in self._points:
            now = _read(read)
            if not are_same(now, before):
                self._points, self._memory = [], []
                return key, name
        return self._changed_memory(gives_the_same) if gives_the_same is not None else None

    def look_again(self) -> None:
        """Takes what there is now for what it was: others than the functions have changed it."""
        self._points = self._points and [(key, name, read, _read(read)) for key, name, read, _ in self._points]

    def _changed_memory(self, gives_the_same: Callable[[], bool]) -> tuple[int, str] | None:
        for key, name, read, before in self._memory:
            if are_same(_read(read), before):
                continue
            self._doubts -= 1
            matters = not gives_the_same()
            if matters or self._doubts == 0:
                self._points, self._memory = ([], []) if matters else (self._points, [])
            return (key, name) if matters else None
        return None


def _read(read: Read) -> list[Any]:
    try:
        return read()
    except Exception:  # a thread of the user's changes it at this moment, or it does not want to be looked at
        return []
