"""Sections of a plan as a message: functions are sent by their code, so lambdas and closures are, too."""

from __future__ import annotations

import hashlib
import io
import linecache
import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from feedline.nodes.base import Node, nodes_of
from feedline.run.code_pickler import code_pickler, modules_sent_by_value
from feedline.run.given import given_for
from feedline.run.module_variables import Variable, variables_of
from feedline.run.sections import Section

_HASHED_WHOLE = 1 << 20
"""Hashing takes a second for a gigabyte, at the start of each epoch; of larger buffers, sums of pieces are hashed."""

_WORDS = 8192
_GIVEN = "given"


@dataclass(frozen=True, slots=True)
class PlanMessage:
    """A plan as it is sent.

    Args:
        pickled: the sections and what they refer to.
        buffers: the memory of the arrays in it, which is not copied here.
        digest: of both, so that a change is seen.
        sources: the lines of code that is in no file, such as that of notebooks.
    """

    pickled: bytes
    buffers: list[memoryview]
    digest: bytes
    sources: dict[str, list[str]]

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return len(self.pickled) + sum(buffer.nbytes for buffer in self.buffers)


def plan_message(sections: Sequence[Section]) -> PlanMessage:
    """Returns the message of sections of a plan.

    Raises:
        Exception: something in it cannot be pickled.
    """
    below = {section.below: given_for(number, section) for number, section in enumerate(sections) if section.below}
    content = [(section.top, section.nodes, section.below is None, section.all_nodes()) for section in sections]
    names = {node.origin.filename for section in sections for node in section.all_nodes()}
    nodes = [section.nodes if section.below is not None else nodes_of(section.top) for section in sections]
    # Nodes come behind their parents: from the last one down, the pickler would be in as deep as the plan is.
    functions = [function for section in sections for node in section.all_nodes() for _, function in functions_of(node)]
    pickled, buffers = _pickled((nodes, content, variables_of(functions)), below, names)
    return PlanMessage(pickled, buffers, _digest(pickled, buffers), _sources_outside_files(names))


def load_plan(
    pickled: Any, buffers: Iterable[Any]
) -> tuple[list[tuple[Node, tuple, bool, list[Node]]], list[Variable]]:
    """Returns, for each section, its top, its block nodes, whether it begins at sources, and all of its nodes; and the
    variables of modules that functions refer to."""
    unpickler = pickle.Unpickler(io.BytesIO(pickled), buffers=buffers)
    unpickler.persistent_load = lambda given: given[1]  # type: ignore[method-assign]
    _, content, variables = unpickler.load()
    return content, variables


def node_message(node: Node) -> tuple[bytes, list[memoryview]]:
    """Returns a node alone, pickled, and the memory of the arrays in it.

    Raises:
        Exception: something in it cannot be pickled.
    """
    return _pickled(node, dict.fromkeys(node.parents))


def value_message(value: Any) -> tuple[bytes, list[memoryview]]:
    """Returns any value pickled as within a plan, and the memory of the arrays in it.

    Raises:
        Exception: something in it cannot be pickled.
    """
    return _pickled(value, {})


def _pickled(value: Any, replaced: dict[Node, Any], files: set[str] | None = None) -> tuple[bytes, list[memoryview]]:
    """Returns a value pickled, and the memory of the arrays in it.

    Args:
        value: the value.
        replaced: nodes, with what is pickled in place of each.
        files: where the names of the files are put that the code in it is of.
    """
    buffers: list[memoryview] = []
    file = io.BytesIO()
    pickler = _pickler_class()(file, protocol=5, buffer_callback=lambda buffer: buffers.append(buffer.raw()))
    pickler.replaced = replaced
    with modules_sent_by_value():
        pickler.dump(value)
    if files is not None:
        files.update(pickler.files)
    return file.getvalue(), buffers


@cache
def _pickler_class() -> Any:
    """Returns what pickles plans."""

    class Pickler(code_pickler()):  # type: ignore[misc]
        replaced: dict[Node, Any]

        def persistent_id(self, each: Any) -> Any:
            return (_GIVEN, self.replaced[each]) if isinstance(each, Node) and each in self.replaced else None

    return Pickler


def _digest(pickled: bytes, buffers: Iterable[memoryview]) -> bytes:
    digest = hashlib.blake2b(pickled, digest_size=16)
    for buffer in buffers:
        digest.update(str(buffer.nbytes).encode())
        if buffer.nbytes <= _HASHED_WHOLE:
            digest.update(buffer)
        else:
            pieces = buffer.nbytes // (8 * _WORDS)
            words = np.frombuffer(buffer, np.uint64, pieces * _WORDS).reshape(pieces, _WORDS)
            digest.update(words @ _weights())
            digest.update(buffer[words.nbytes :])
    return digest.digest()


@cache
def _weights() -> np.ndarray:
    """Returns what each word of a piece counts for in its sum: odd, so that a change of any bit changes the sum."""
    return np.random.default_rng(0).integers(0, 1 << 64, _WORDS, np.uint64) | np.uint64(1)


def functions_of(node: Node) -> Iterator[tuple[str, Any]]:
    """Gives the functions of the user's that a node calls, with the names of the fields that hold them."""
    for field in fields(node):
        value = getattr(node, field.name)
        if callable(value) and not isinstance(value, type):
            yield field.name, value


def _sources_outside_files(names: set[str]) -> dict[str, list[str]]:
    return {name: lines for name in names if not os.path.exists(name) and (lines := linecache.getlines(name))}


def know_sources(sources: dict[str, list[str]]) -> None:
    """Makes the lines of code that is in no file known to tracebacks of this process."""
    for name, lines in sources.items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)
