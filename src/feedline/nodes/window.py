"""window: datasets of consecutive elements."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedline.nested import dataset_of_node
from feedline.nodes.base import Failure, ceil_divide
from feedline.nodes.streamed import StreamedNode
from feedline.spec import DatasetSpec
from feedline.structure import flatten, map_structure

if TYPE_CHECKING:
    from feedline.run.context import Run


@dataclass(frozen=True, eq=False)
class Window(StreamedNode):
    """Each element holds, for each component, a dataset of its values in the window.

    A window with an element in it that cannot be computed fails, also where it is left out for not being full; those
    without it do not.

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
    spec_costs = False

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

    def spec(self) -> Any:
        return map_structure(DatasetSpec, self.parents[0].spec())

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
                failure = next((row for row in rows if isinstance(row, Failure)), None)
                if len(rows) < self.size and self.drop_remainder:
                    if failure is not None:  # which may be why there are no more: a file that ends too early
                        yield failure
                    return
                yield failure or self._windowed(rows)
                begin += self.shift

    def _windowed(self, rows: list[Any]) -> Any:
        """Returns the structure of the rows, a dataset in place of each component."""
        from feedline.sources.arrays import given_rows

        flat = [flatten(row) for row in rows]
        columns = zip(*(leaves for leaves, _ in flat), strict=True)
        datasets = [
            dataset_of_node(given_rows(list(column), self, functools.partial(_leaf, which)))
            for which, column in enumerate(columns)
        ]
        return flat[0][1].unflatten(datasets)


_END = object()


def _leaf(which: int, structure: Any) -> Any:
    """Returns one of the leaves of a structure."""
    return flatten(structure)[0][which]
