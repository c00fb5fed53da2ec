"""window: datasets of consecutive elements."""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
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
        with closing(run.blocks(self.parents[0], epoch)) as blocks:
            held: Block | None = None
            first, begin = 0, 0  # the position of what is held first, and of the next window's first element
            reach = (self.size - 1) * self.stride + 1
            for block in blocks:
                joined = None if isinstance(block, Failure) else _joined(held, first, begin, block)
                if joined is None:
                    rows = [] if held is None else list(map(held.row, range(held.length)))
                    yield from self._of_rows(rows, first, begin, itertools.chain([block], blocks))
                    return
                held, first = joined
                while begin + reach <= first + held.length:
                    yield self._of_columns(held, begin - first)
                    begin += self.shift
            while held is not None and not self.drop_remainder and begin < first + held.length:
                yield self._of_columns(held, begin - first)
                begin += self.shift

    def _of_columns(self, held: Block, start: int) -> Any:
        """Returns the structure of the rows from `start` on, a dataset in place of each component."""
        from feedline.sources.arrays import given_columns

        rows = slice(start, start + (self.size - 1) * self.stride + 1, self.stride)
        columns = (np.ascontiguousarray(column[rows]) for column in held.columns)
        sources = (given_columns(column, self, functools.partial(_leaf, which)) for which, column in enumerate(columns))
        return held.treedef.unflatten([dataset_of_node(source) for source in sources])

    def _of_rows(self, rows: list[Any], first: int, begin: int, blocks: Iterator[Block | Failure]) -> Iterator[Any]:
        """Gives the windows from `begin` on of elements of which some fail, or of which no arrays are made.

        Args:
            rows: the elements from position `first` on that came already.
            first: their position.
            begin: where the next window begins.
            blocks: the elements behind them.
        """
        held: deque[Any] = deque(rows)
        reach = (self.size - 1) * self.stride + 1
        parent = itertools.chain.from_iterable(map(_rows_of, blocks))
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
            chosen = [held[index] for index in range(0, min(reach, len(held)), self.stride)]
            failure = next((row for row in chosen if isinstance(row, Failure)), None)
            if len(chosen) < self.size and self.drop_remainder:
                if failure is not None:  # which may be why there are no more: a file that ends too early
                    yield failure
                return
            yield failure or self._windowed(chosen)
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


def _rows_of(block: Block | Failure) -> Iterable[Any]:
    return [block] if isinstance(block, Failure) else map(block.row, range(block.length))


def _joined(held: Block | None, first: int, begin: int, block: Block) -> tuple[Block, int] | None:
    """Returns what is held from position `begin` on with a block behind it, and its position; None without arrays.

    Args:
        held: what came before.
        first: the position of its first element.
        begin: the first position that is still wanted.
        block: what comes behind it.
    """
    if not all(isinstance(column, np.ndarray) for column in block.columns):
        return None
    if held is None or begin >= first + held.length:
        before = 0 if held is None else first + held.length
        wanted = min(max(begin - before, 0), block.length)
        return block.slice(wanted, block.length), before + wanted
    alike = held.treedef == block.treedef and all(
        mine.dtype == other.dtype and mine.shape[1:] == other.shape[1:]
        for mine, other in zip(held.columns, block.columns, strict=True)
    )
    if not alike:
        return None
    kept = max(begin - first, 0)
    columns = [np.concatenate([mine[kept:], other]) for mine, other in zip(held.columns, block.columns, strict=True)]
    return Block(held.length - kept + block.length, columns, held.treedef), first + kept


def _leaf(which: int, structure: Any) -> Any:
    """Returns one of the leaves of a structure."""
    return flatten(structure)[0][which]
