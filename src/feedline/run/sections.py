"""Which sections of a plan processes can compute, and which stay in the process of the consumer.

What stays is what is bound to it: a function that must see the elements in their order, a cache, a stream, data too
large to be sent. The sections between are sent; those that begin at a source get positions, the others get blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from feedline.nodes.base import AUTOTUNE, BlockNode, Node, nodes_of
from feedline.run.units import split_plan


@dataclass(frozen=True, eq=False)
class Section:
    """Nodes that one process computes in one go.

    Args:
        top: the node whose elements it gives.
        nodes: the block nodes that a block passes, in this order; empty where the section begins at sources.
        below: the node that gives these blocks; None where the section begins at sources.
    """

    top: Node
    nodes: tuple[BlockNode, ...]
    below: Node | None

    @property
    def calls(self) -> int | None:
        """How many may be computed at one time, by what the user said of its functions; None for any number."""
        counts = [node.parallel_calls for node in self.all_nodes()]
        return min((count for count in counts if count not in (None, AUTOTUNE)), default=None)

    def all_nodes(self) -> list[Node]:
        """Returns all of its nodes, each once."""
        return list(self.nodes) if self.below is not None else list(whole_plan(self.top))


def sections_of(node: Node, stays: Callable[[Node], bool]) -> list[Section]:
    """Returns the sections of a plan that have work for processes.

    Args:
        node: the last node of the plan, down to the streams below it.
        stays: says of a node whether it must stay, besides those that do in any case.
    """

    def goes(each: Node) -> bool:
        return not must_stay(each) and not stays(each)

    base, suffix = split_plan(node)
    found = list(_of_suffix(base, suffix, goes))
    if base.indexed:
        found.extend(_of_indexed(base, goes, set()))
    return found


def must_stay(node: Node) -> bool:
    """Says whether a node cannot be computed elsewhere: what it has seen or kept is part of what it gives."""
    return node.in_order or node.keeps_elements


def _works(nodes: Sequence[Node]) -> bool:
    return any(node.parallel_calls is not None for node in nodes)


def _of_suffix(base: Node, suffix: Sequence[BlockNode], goes: Callable[[Node], bool]) -> Iterator[Section]:
    below: Node = base
    chain: list[BlockNode] = []
    for node in [*suffix, None]:
        if node is not None and goes(node):
            chain.append(node)
            continue
        if _works(chain):
            yield Section(chain[-1], tuple(chain), below)
        chain = []
        below = node if node is not None else below


def _of_indexed(node: Node, goes: Callable[[Node], bool], seen: set[Node]) -> Iterator[Section]:
    if node in seen:
        return
    seen.add(node)
    whole = list(whole_plan(node))
    if not _works(whole):
        return
    if all(map(goes, whole)):
        yield Section(node, (), None)
        return
    chain: list[BlockNode] = []
    below = node
    while (below.passes_on or isinstance(below, BlockNode)) and goes(below):
        if isinstance(below, BlockNode):
            chain.insert(0, below)
        below = below.parents[0]
    if _works(chain):
        yield Section(node, tuple(chain), below)
        yield from _of_indexed(below, goes, seen)
        return
    for parent in node.parents:
        yield from _of_indexed(parent, goes, seen)


def whole_plan(node: Node) -> dict[Node, None]:
    """Returns a node and all that it takes elements from, the node first."""
    return dict.fromkeys(reversed(nodes_of(node)))
