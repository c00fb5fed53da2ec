"""The names of the files that are read for each element, where they are computed in the user's function."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from feedline.check.calls import Call, noted
from feedline.check.context import Context
from feedline.check.looking import Budget, EnoughSeenError, LookingRun
from feedline.io.read_file import read_file
from feedline.nodes.base import Node
from feedline.nodes.map import Map
from feedline.sources.generator import Generator

_SECONDS = 0.3
_MEMORY = 256 << 20
_MOST_ELEMENTS = 64
_MOST_FILES = 4


def names_read(context: Context, node: Node) -> list[list[str]]:
    """Returns the files that a function reads for some elements: for each file of an element a list, of one length.

    They are seen as the function runs once more, by `fl.io.read_file`, `np.load` and the like, and `PIL.Image.open`;
    what Python's `open` is given cannot be seen. None where it refers to none of these, or reads one file only for each
    element, or not always as many.

    Args:
        context: the dataset.
        node: a `map`, or `from_generator`.
    """
    readers = _readers()
    facts = context.plan.functions(node)
    if context.sample.not_looked_at or not any(each.mentions(*readers) for each in facts):
        return []
    codes = {code: name for function, name in readers.items() if (code := _code_of(function)) is not None}
    found: list[list[str]] = []
    with context.sample.trying(_SECONDS) as seconds:
        try:
            for calls in _calls(context, node, codes, Budget(seconds, _MEMORY)):
                found.append([path for call in calls if (path := _path(call)) is not None])
                if not 2 <= len(found[-1]) <= _MOST_FILES or len(found[-1]) != len(found[0]):
                    return []
        except EnoughSeenError:
            pass
        except Exception:  # what it raises is told as FL100
            return []
    return [list(column) for column in zip(*found, strict=True)]


def _calls(context: Context, node: Node, codes: dict[CodeType, str], budget: Budget) -> Iterator[list[Call]]:
    if isinstance(node, Map):
        into = context.sample.into(node)
        for element in range(min(into.count, _MOST_ELEMENTS)):
            calls = list[Call]()
            block, where = into.blocks[0].slice(element, element + 1).own(), slice(element, element + 1)
            with noted(calls, element, codes):
                LookingRun(budget).nested().apply(node, block, into.positions[where], into.epochs[where])
            yield calls
    elif isinstance(node, Generator):
        stream = LookingRun(budget).open(node, 0)
        try:
            for element in range(_MOST_ELEMENTS):
                calls = []
                with noted(calls, element, codes):
                    block_given = stream.next(1)
                if block_given is None:
                    return
                yield calls
        finally:
            stream.close()


def _readers() -> dict[Callable[..., Any], str]:
    """Returns functions that read a file, with the name of the argument that says which."""
    found: dict[Callable[..., Any], str] = {
        read_file: "filename", np.load: "file", np.loadtxt: "fname", np.genfromtxt: "fname",
    }  # fmt: skip
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None:
        found[pillow.open] = "fp"
    return found


def _code_of(function: Callable[..., Any]) -> CodeType | None:
    plain = inspect.unwrap(function)
    return plain.__code__ if isinstance(plain, FunctionType) else None


def _path(call: Call) -> str | None:
    value = call.arguments.get(call.name)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    return os.fsdecode(value) if isinstance(value, str | bytes | os.PathLike) else None
