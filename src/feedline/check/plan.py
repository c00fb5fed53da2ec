"""Plan: what can be told of a pipeline from its steps alone, without running anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

from feedline.check.functions import FunctionFacts
from feedline.nodes.base import BlockNode, Node, OrderNode, ceil_divide, nodes_of
from feedline.nodes.batch import GroupNode
from feedline.nodes.cache import Cache
from feedline.nodes.concatenate import Concatenate
from feedline.nodes.group_by_window import GroupByWindow
from feedline.nodes.map import Map
from feedline.nodes.repeat import Repeat
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.unbatch import Rebatch, Unbatch
from feedline.nodes.zip import Zip

Kind = TypeVar("Kind", bound=Node)


class Plan:
    """The steps of a pipeline.

    Args:
        last: its last node.

    Attributes:
        last: its last node.
        nodes: all its nodes, parents before children, each once.
    """

    def __init__(self, last: Node) -> None:
        self.last = last
        self.nodes = tuple(nodes_of(last))
        self._functions: dict[Node, tuple[FunctionFacts, ...]] = {}
        self._before: dict[Node, frozenset[Node]] = {}
        self._lengths: dict[Node, int | None] = {}
        for node in self.nodes:
            self._before[node] = frozenset(node.parents).union(*(self._before[parent] for parent in node.parents))

    @cached_property
    def sources(self) -> tuple[Node, ...]:
        """The nodes that take elements from no other."""
        return tuple(node for node in self.nodes if not node.parents)

    def of(self, *kinds: type[Kind]) -> tuple[Kind, ...]:
        """Returns the nodes of some classes, parents before children."""
        return tuple(node for node in self.nodes if isinstance(node, kinds))

    def before(self, node: Node) -> frozenset[Node]:
        """Returns all nodes that a node takes elements from, directly or not."""
        return self._before[node]

    def is_before(self, first: Node, second: Node) -> bool:
        """Says whether one node's elements go into another."""
        return first in self._before[second]

    def after(self, node: Node) -> tuple[Node, ...]:
        """Returns all nodes that take elements from a node, directly or not, parents before children."""
        return tuple(each for each in self.nodes if node in self._before[each])

    @cached_property
    def chain(self) -> tuple[Node, ...]:
        """The steps one after the other, from the source, or from the last step that joins several, to the end."""
        steps = [self.last]
        while len(steps[-1].parents) == 1:
            steps.append(steps[-1].parents[0])
        return tuple(reversed(steps))

    @cached_property
    def batch(self) -> Node | None:
        """The step that makes the batches of the end: the first that is followed by no `unbatch`; None without one.

        One that makes pieces is none.
        """
        found: Node | None = None
        for node in self.chain:
            if isinstance(node, Unbatch):
                found = None
            elif found is None and _makes_batches(node) and node not in self.pieces:
                found = node
        if found is None and len(self.chain[0].parents) > 1:
            inner = [Plan(parent).batch for parent in self.chain[0].parents]
            if any(inner) and not any(isinstance(node, Unbatch) for node in self.chain):
                return next(node for node in inner if node is not None)
        return found

    @cached_property
    def pieces(self) -> frozenset[Node]:
        """The `batch` steps that cut a text or a series into pieces of one length, which are batched later on."""
        steps = [node for node in self.chain if isinstance(node, Unbatch) or _makes_batches(node)]
        return frozenset(
            node
            for node, later in pairwise(steps)
            if isinstance(node, GroupNode) and node.drop_remainder and isinstance(later, GroupNode)
        )

    @cached_property
    def elements(self) -> Node:
        """The step whose elements are put together as batches; the last one where there are no batches."""
        return self.last if self.batch is None else self.batch.parents[0]

    def gives_batches(self, node: Node) -> bool:
        """Says whether what a node gives was batched by a step of the plan, and not unbatched since."""
        if isinstance(node, Unbatch):
            return False
        if _makes_batches(node) and node not in self.pieces:
            return True
        return any(self.gives_batches(parent) for parent in node.parents)

    def length(self, node: Node | None = None) -> int | None:
        """Returns how many elements a node gives until it begins anew; None where only running tells.

        Of an endless `repeat` these are the elements of one turn.
        """
        node = self.last if node is None else node
        if node not in self._lengths:
            self._lengths[node] = self._length(node)
        return self._lengths[node]

    def _length(self, node: Node) -> int | None:
        try:
            known = node.cardinality()
        except Exception:
            return None
        if known >= 0:
            return known
        if not node.parents:
            return None
        lengths = [self.length(parent) for parent in node.parents]
        if isinstance(node, Zip):
            return min((length for length in lengths if length is not None), default=None)
        if isinstance(node, Concatenate):
            return None if None in lengths else sum(length for length in lengths if length is not None)
        if lengths[0] is None or not isinstance(node, OrderNode | BlockNode):
            return None
        if isinstance(node, BlockNode):
            return ceil_divide(lengths[0], node.group)
        return lengths[0] if isinstance(node, Repeat | Shuffle | Cache) or node.passes_on else None

    def functions(self, node: Node) -> tuple[FunctionFacts, ...]:
        """Returns what is known of the user's functions that a node calls."""
        if node not in self._functions:
            self._functions[node] = tuple(map(FunctionFacts, functions_of(node)))
        return self._functions[node]

    @cached_property
    def maps(self) -> tuple[Map, ...]:
        """The `map` steps, in order."""
        return self.of(Map)


def functions_of(node: Node) -> list[Callable[..., Any]]:
    """Returns the user's functions that a node calls."""
    values = [getattr(node, field.name) for field in fields(node) if not field.name.startswith("_")]
    return [value for value in values if callable(value) and not isinstance(value, type)]


def written(node: Node) -> str:
    """Returns a step as the user writes it, for the fix: ".cache()", ".batch(32)"."""
    label = node.label()
    return f".{label}" if "(" in label else f".{label}()"


def _makes_batches(node: Node) -> bool:
    return isinstance(node, GroupNode | Rebatch | GroupByWindow)
