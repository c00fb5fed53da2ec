"""explain: the plan of a dataset, for people."""

from __future__ import annotations

from feedline.nodes.base import INFINITE_CARDINALITY, Node, OrderNode
from feedline.nodes.map import Map
from feedline.report.foreseen import Foreseen
from feedline.report.together import numbered, told_on_blocks
from feedline.report.ways import ways_taken
from feedline.run.timings import Timings


def explain(node: Node, timings: Timings | None = None) -> str:
    """Returns the steps of a pipeline, from source to end, one a line, and by what they were run last.

    Args:
        node: the pipeline's last node.
        timings: what its iterations have learnt; None for nothing.
    """
    steps = _indented(node)
    numbers = {id(step): number for number, (step, _) in enumerate(steps, 1)}
    titles = ["  " * depth + f"{numbers[id(step)]}. {_title(step, numbers)}" for step, depth in steps]
    width = max(20, *(len(title) for title in titles)) + 2
    elements = Foreseen()
    lines = [
        f"{title:<{width}} {_state(step, timings, elements)}" for title, (step, _) in zip(titles, steps, strict=True)
    ]
    nodes = [step for step, _ in steps]
    lines += _told_of_positions(nodes)
    if timings is not None:
        lines += told_on_blocks(nodes, timings)
        lines += ways_taken(nodes, timings)
    return "\n".join(lines)


def _told_of_positions(steps: list[Node]) -> list[str]:
    """Returns which steps that follow each other move no elements, but compute together which ones are read."""
    runs: list[list[Node]] = []
    for step in steps:
        if not _moves_positions(step):
            continue
        if runs and runs[-1][-1] is step.parents[0]:
            runs[-1].append(step)
        else:
            runs.append([step])
    return [
        f"{numbered(run, steps)} are one computation of positions: no element is moved" for run in runs if len(run) > 1
    ]


def _moves_positions(node: Node) -> bool:
    of_its_own = isinstance(node, OrderNode) and type(node).read is OrderNode.read
    return of_its_own and node.indexed and not node.passes_on


_MOST_INDENTED = 20


def _indented(node: Node) -> list[tuple[Node, int]]:
    """Returns the steps of a plan, sources first, each once, with how far it is indented."""
    steps: dict[Node, int] = {}
    waiting = [(node, 0, False)]
    while waiting:
        each, depth, below_is_there = waiting.pop()
        if below_is_there:
            steps.setdefault(each, depth)
        elif each not in steps:
            waiting.append((each, depth, True))
            deeper = min(depth + (len(each.parents) > 1), _MOST_INDENTED)
            waiting.extend((parent, deeper, False) for parent in reversed(each.parents))
    return list(steps.items())


def _title(node: Node, numbers: dict[int, int]) -> str:
    if len(node.parents) > 1:
        return f"{node.label()} of {' and '.join(str(numbers[id(parent)]) for parent in node.parents)}"
    return node.label()


def _state(node: Node, timings: Timings | None, elements: Foreseen) -> str:
    """Returns where a step is, and how it does what it does: as it was done, or, before that, as it will be."""
    ran = timings.block_function_of(node) if timings is not None else None
    way = "" if ran is None else ran.way()
    if not way:
        way = elements.way(node) if isinstance(node, Map) else node.way()
    return _place(node) + (f"; {way}" if way else "")


def _place(node: Node) -> str:
    if node.indexed:
        length = node.cardinality()
        if length == INFINITE_CARDINALITY:
            return "indexed, endless"
        return f"indexed, {length:,} element{'' if length == 1 else 's'}"
    if node.streamed_because and all(parent.indexed for parent in node.parents):
        return f"streamed from here on: {node.streamed_because}"
    return "streamed"
