"""Reading training data for `fit`: the values of each column, cut into parts that do not depend on batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from feedline.block import Block
from feedline.errors import DtypeError, FeedlineError, InfiniteDatasetError
from feedline.nodes.base import INFINITE_CARDINALITY, Node
from feedline.nodes.batch import GroupNode
from feedline.nodes.group_by_window import GroupByWindow
from feedline.nodes.unbatch import Rebatch, Unbatch
from feedline.preprocess.step import Rows
from feedline.preprocess.values import as_values
from feedline.ragged import RaggedTensor
from feedline.run.concurrency import asked_for
from feedline.run.context import Run, asks_one_by_one
from feedline.run.timings import Timings
from feedline.sparse import SparseTensor

_VALUES_AT_ONCE = 1 << 16
_MOST_ELEMENTS = 1024
_ENOUGH_BYTES = 2 << 20


def gives_batches(node: Node) -> bool:
    """Says whether what a node gives was batched by a step of the plan, and not unbatched since."""
    if isinstance(node, Unbatch):
        return False
    if isinstance(node, GroupNode | Rebatch | GroupByWindow):
        return True
    return any(gives_batches(parent) for parent in node.parents)


def blocks_of(node: Node) -> Iterator[Block]:
    """Yields the elements of the first epoch, many at a time; the dataset counts no epoch.

    Raises:
        InfiniteDatasetError: there is no end.
    """
    if node.cardinality() == INFINITE_CARDINALITY:
        raise InfiniteDatasetError(
            "the dataset is infinite, so fit() would not end.", fix="Leave out repeat(), or use take(n)."
        )
    stream = Run(Timings(), asked=asked_for(node)).open(node, 0)
    limit, grows = 1, not asks_one_by_one(node)
    try:
        while (block := stream.next(limit)) is not None:
            yield block
            if grows and block.nbytes() < _ENOUGH_BYTES:
                limit = min(2 * limit, _MOST_ELEMENTS)
    finally:
        stream.close()


def rows_of(column: Any, batched: bool) -> Iterator[Rows]:
    """Yields the values of single elements of a block's column.

    Args:
        column: the column.
        batched: whether it is one of batches.

    Raises:
        DtypeError: the values are sparse, or ragged within an element.
    """
    if not batched:
        if isinstance(column, list):
            yield [_plain(value) for value in column]
        else:
            yield _plain(column)
        return
    for batch in column:
        if isinstance(batch, RaggedTensor):
            yield [_plain(row) for row in batch]
        else:
            yield _plain(batch)


def _plain(value: Any) -> np.ndarray:
    if isinstance(value, RaggedTensor | SparseTensor):
        raise DtypeError(
            f"a value is a {type(value).__name__} within one element.",
            fix="Make it dense in a map before it, with .to_tensor() or .to_dense().",
        )
    values = as_values(value)
    assert isinstance(values, np.ndarray)
    return values


class Parts:
    """Puts rows together, and gives them on in parts whose ends depend on nothing but the rows: so statistics are the
    same bits whether elements come one by one or in batches of any size.

    Args:
        take: is called with each part.
    """

    def __init__(self, take: Callable[[Rows], None]) -> None:
        self._take = take
        self._pieces: list[np.ndarray] = []
        self._values = 0
        self._given = 0

    def add(self, rows: Rows) -> None:
        """Takes further rows."""
        if isinstance(rows, list):
            for row in rows:
                self._add(row[None])
        else:
            self._add(rows)

    def _add(self, rows: np.ndarray) -> None:
        size = max(1, int(np.prod(rows.shape[1:], dtype=np.int64)))
        start = 0
        while start < len(rows):
            stop = min(len(rows), start - (self._values - _VALUES_AT_ONCE) // size)
            self._pieces.append(rows[start:stop])
            self._values += (stop - start) * size
            start = stop
            if self._values >= _VALUES_AT_ONCE:
                self.give()

    def give(self) -> None:
        """Gives on what is there.

        Raises:
            FeedlineError: what takes it raised; `row` says which of all rows it is about, where that is known.
        """
        pieces, self._pieces, self._values = self._pieces, [], 0
        if not pieces:
            return
        alike = len({piece.shape[1:] for piece in pieces}) == 1
        rows: Rows
        if alike:
            rows = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        else:
            rows = [row for piece in pieces for row in piece]
        try:
            self._take(rows)
        except FeedlineError as error:
            if error.row is not None:
                error.row += self._given
            raise
        self._given += len(rows)
