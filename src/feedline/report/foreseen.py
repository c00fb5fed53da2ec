"""How a map's function will run, as far as that can be known before anything is run.

A function that is proven is traced on the first element, where that is at hand: nothing of the user's is called for
it but code that was proven to do nothing beyond its result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline import random
from feedline.errors import FeedlineError
from feedline.nodes.base import Node, OrderNode
from feedline.nodes.batch import Batch
from feedline.nodes.enumerate import Enumerate
from feedline.nodes.filter import Filter
from feedline.nodes.map import Map
from feedline.nodes.zip import Zip
from feedline.plan.prove import UnprovenError
from feedline.plan.reasons import in_words
from feedline.plan.rules import all_rules
from feedline.plan.trace import Slot, trace
from feedline.plan.vectorise import why_not
from feedline.structure import flatten


class _UnknownError(Exception):
    """What an element looks like is known only once the plan has run."""


class Foreseen:
    """What is known of the elements of a plan's nodes before anything is run; each is looked at once."""

    def __init__(self) -> None:
        self._elements: dict[Node, Any] = {}
        self._errors: dict[Node, Exception] = {}

    def way(self, node: Map) -> str:
        """Returns how a map's function will run, and why."""
        reason = why_not(node.function)
        known = True
        if reason is None:
            try:
                self._elements[node] = _result(node, self._element(node.parents[0]))
            except UnprovenError as error:
                reason = str(error)
            except Exception:  # the element is not at hand, or the function raises for it
                known = False
        if reason is not None:
            return f"runs element by element: {in_words(node.function, reason)}"
        return "runs on blocks" if known else "runs on blocks, as far as its code tells"

    def _element(self, node: Node) -> Any:
        """Returns an element like those of a node, without running anything but what is proven.

        Raises:
            _UnknownError: it is not at hand.
        """
        if node in self._errors:
            raise self._errors[node]
        if node not in self._elements:
            try:
                self._elements[node] = self._found(node)
            except Exception as error:
                self._errors[node] = error
                raise
        return self._elements[node]

    def _found(self, node: Node) -> Any:
        from feedline.sources.arrays import Slices, Tensors
        from feedline.sources.range import Range

        if isinstance(node, Slices | Tensors | Range) and node.cardinality() != 0:
            return _first(node)
        if isinstance(node, OrderNode | Filter):
            return self._element(node.parents[0])
        if isinstance(node, Map):
            element = self._element(node.parents[0])
            try:
                return _result(node, element)
            except UnprovenError:
                raise _UnknownError from None
        if isinstance(node, Batch):
            leaves, treedef = flatten(self._element(node.parents[0]))
            if not all(isinstance(leaf, np.ndarray | np.generic) for leaf in leaves):
                raise _UnknownError
            return treedef.unflatten([np.stack([leaf, leaf]) for leaf in leaves])
        if isinstance(node, Enumerate):
            return np.int64(node.start), self._element(node.parents[0])
        if isinstance(node, Zip):
            return node.treedef.unflatten([self._element(parent) for parent in node.parents])
        raise _UnknownError


def _first(node: Node) -> Any:
    from feedline.run.context import Run

    where = np.arange(min(2, abs(node.cardinality())))
    block = node.read(where, np.zeros(len(where), np.int64), Run(keeps=False))
    if any(isinstance(column, list) for column in block.columns):
        raise UnprovenError("its elements differ in shape or dtype")
    return block.slice(0, 1).own().row(0)


def _result(node: Map, element: Any) -> Any:
    """Returns what a function makes of an element.

    Raises:
        UnprovenError: it will be called for each element.
    """
    outer = random.outer_element()
    random.enter_element(node.seed, 0, 0)
    try:
        made = trace(node.function, element, all_rules())
    except FeedlineError:
        raise _UnknownError from None
    finally:
        random.leave_element(outer)
    samples = made.samples()
    return made.treedef.unflatten(
        [samples[output.number] if type(output) is Slot else output for output in made.outputs]
    )
