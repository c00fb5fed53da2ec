"""window: datasets of consecutive elements."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedline.nested import dataset_of_node
from feedline.nodes.base import ceil_divide
from feedline.nodes.streamed import StreamedNode
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Window(StreamedNode):
    """Each element holds, for each component, a dataset of its values in the window.

    Args:
        size: how many elements a window has.
        shift: by how many elements the next window begins later.
        stride: how far apart the elements of a window are.
        drop_remainder: whether windows that are not full are left out.
    """

    size: int
    shift: int
    stride: int
    drop_remainder: bool

    name = "window"

    def label(self) -> str:
        return f"window({self.size})"

    def cardinality(self) -> int:
        length = self.parents[0].cardinality()
        if length < 0:
            return length
        if self.drop_remainder:
            reach = (self.size - 1) * self.stride + 1
            return 0 if length < reach else (length - reach) // self.shift + 1
        return ceil_divide(length, self.shift)

    def elements(self, epoch: int, run: Run) -> Iterator[Any]:
        held: deque[Any] = deque()
        first, begin = 0, 0  # the position of held[0], and of the next window's first element
        reach = (self.size - 1) * self.stride + 1
        with closing(run.elements(self.parents[0], epoch)) as parent:
            ended = False
            while True:
                while held and first < begin:
                    held.popleft()
                    first += 1
                while not ended and first + len(held) < begin + reach:
                    element = next(parent, _END)
                    if element is _END:
                        ended = True
                    elif not held and first < begin:
                        first += 1
                    else:
                        held.append(element)
                if ended and not held:
                    return
                rows = [held[index] for index in range(0, min(reach, len(held)), self.stride)]
                if len(rows) < self.size and self.drop_remainder:
                    return
                yield windowed(rows, self)
                begin += self.shift


_END = object()


def windowed(rows: list[Any], node: StreamedNode) -> Any:
    """Returns the structure of the rows, a dataset in place of each component."""
    from feedline.sources.arrays import slices_of_elements

    flat = [flatten(row) for row in rows]
    treedef = flat[0][1]
    columns = zip(*(leaves for leaves, _ in flat), strict=True)
    return treedef.unflatten([dataset_of_node(slices_of_elements(list(column), node.origin)) for column in columns])
