"""Run: what the nodes of one running plan share."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from feedline.block import Block, other_dtype
from feedline.errors import FeedlineError, StructureError
from feedline.nodes.base import AUTOTUNE, Failure, nodes_of
from feedline.run.concurrency import INLINE
from feedline.run.memory import default_budget
from feedline.run.timings import Timings
from feedline.structure import component_dtype, component_names, describe_tree

if TYPE_CHECKING:
    from feedline.nodes.base import BlockNode, Node, Stream, Together
    from feedline.run.concurrency import Asked
    from feedline.run.reading_ahead import Begin
    from feedline.run.remote import Remote
    from feedline.run.turns import UnitTurns


_ALWAYS = nullcontext()
_MOST_AT_ONCE = 64

_MOST_READERS = 16
"""How many datasets AUTOTUNE reads side by side at the most: more than there are cores, since files are waited for."""


class _Here(threading.local):
    """What this thread is computing a unit with."""

    turns: UnitTurns | None = None
    remote: Remote | None = None


class Run:
    """One running of a plan, from its first element to its last.

    Args:
        timings: where the times of the stages are added up.
        keeps: whether caches keep what is read; not where an element is only looked at, since nothing counts that work.
        asked: what the user asked for with options; None for nothing.
    """

    composes_order: ClassVar[bool] = True
    """Whether the order nodes above a source may be gone through together, without a `read` of each."""

    joins_maps: ClassVar[bool] = True
    """Whether maps that follow each other may be computed as one, without an `apply` of each."""

    def __init__(self, timings: Timings | None = None, *, keeps: bool = True, asked: Asked | None = None) -> None:
        self.timings = timings or Timings()
        self.keeps = keeps
        self.asked = asked
        self._may_read_ahead = keeps and (asked is None or asked.executor != INLINE)
        self.structures: dict[Any, Any] = {}
        self._dtypes: dict[Any, tuple] = {}
        self._turns: dict[Any, threading.Semaphore] = {}
        self._vectorises = True
        self._here = _Here()

    def read(self, node: Node, positions: np.ndarray, epochs: np.ndarray) -> Block:
        """Returns elements of an indexed node, timed, its errors located."""
        return self._read(node, node.read, positions, epochs)

    def read_in_place(self, node: Node, positions: np.ndarray, epochs: np.ndarray) -> Block:
        """Returns elements of an indexed node as `Node.read_in_place` does, timed, its errors located."""
        return self._read(node, node.read_in_place, positions, epochs)

    def _read(self, node: Node, read: Callable[..., Block], positions: np.ndarray, epochs: np.ndarray) -> Block:
        remote = self._here.remote
        if remote is not None and (section := remote.giving(node)) is not None:
            return remote.read(section, positions, epochs, self)
        try:
            with self.timings.stage(node, len(positions)):
                return read(positions, epochs, self)
        except FeedlineError as error:
            raise located_at(error, node) from error.__cause__

    def apply(self, node: BlockNode, block: Block, positions: np.ndarray, epochs: np.ndarray) -> Block:
        """Returns a block node's elements made of its parent's, timed, its errors located."""
        return self._apply(node, node.apply, block, positions, epochs)

    def _apply(
        self, node: Node, apply: Callable[..., Block], block: Block, positions: np.ndarray, epochs: np.ndarray
    ) -> Block:
        try:
            with self.timings.stage(node, len(positions)):
                return apply(block, positions, epochs, self)
        except FeedlineError as error:
            raise located_at(error, node) from error.__cause__

    def joined(self, steps: Sequence[tuple[BlockNode, np.ndarray, np.ndarray]]) -> list[Callable[[Block], Block]]:
        """Returns what turns a block into what block nodes make of it one after the other; maps run as one if they can.

        Args:
            steps: the nodes, each with the positions and epochs of what it gives.
        """
        calls: list[Callable[[Block], Block]] = []
        left = len(steps)
        while left:
            node, positions, epochs = steps[left - 1]
            together = self.together(node, len(positions))
            if together is None or len(together.steps) > left:
                calls.append(partial(self.apply, node, positions=positions, epochs=epochs))
                left -= 1
            else:
                calls.append(partial(self._apply, node, together.apply, positions=positions, epochs=epochs))
                left -= len(together.steps)
        return calls[::-1]

    def together(self, node: BlockNode, count: int) -> Together | None:
        """Returns the maps that can be computed as one, of which a node is the last; None where there are none.

        Args:
            node: the node.
            count: how many elements are asked for.
        """
        if count < 2 or not (self._vectorises and self.joins_maps and self.keeps) or self._here.remote is not None:
            return None
        found = self.timings.together.get(node)
        if found is None:
            found = self.timings.together.setdefault(node, node.together())
        return next((each for each in found if each.refused is None), None)

    def open(self, node: Node, epoch: int, given: int = 0) -> Stream:
        """Returns a running node, behind the elements that were given before."""
        from feedline.run.streams import open_stream

        return open_stream(node, epoch, self, given)

    def elements(self, node: Node, epoch: int) -> Generator[Any]:
        """Runs a node and gives its elements one by one, a `Failure` in place of each that cannot be computed.

        What it opened is closed when the iterator is.
        """
        return rows_of(self.blocks(node, epoch))

    def blocks(self, node: Node, epoch: int, patience: float = math.inf) -> Generator[Block | Failure]:
        """Runs a node and gives its elements as blocks, longer ones as it goes on, with `Failure`s in their places.

        Args:
            node: the node.
            epoch: which epoch.
            patience: for how many seconds a block may be waited for: where one took longer, the next are shorter.
        """
        stream = self.open(node, epoch)
        limit = 1
        grows = not asks_one_by_one(node)
        try:
            while True:
                start = time.perf_counter()
                try:
                    block = stream.next(limit)
                except FeedlineError as error:
                    yield Failure(error)
                    continue
                if block is None:
                    return
                if time.perf_counter() - start > patience:
                    limit = max(1, limit // 2)
                elif grows:
                    limit = min(2 * limit, _MOST_AT_ONCE)
                yield block.plain()
        finally:
            stream.close()

    def on_blocks(
        self,
        node: Node,
        function: Callable[..., Any],
        seed: int,
        one_by_one: Callable[[Block, np.ndarray, np.ndarray], Block],
    ) -> Callable[[Block, np.ndarray, np.ndarray], Block | None]:
        """Returns what runs a node's function on a whole block; it returns None where that cannot be done.

        Args:
            node: the node.
            function: the user's function.
            seed: keys the random numbers drawn inside it.
            one_by_one: calls the function for each element of a block.
        """
        if not self._vectorises:
            return _never
        found = self.timings.block_functions.get(node)
        if found is None:
            from feedline.plan.vectorise import BlockFunction

            found = self.timings.block_functions.setdefault(node, BlockFunction(function, seed))
        return partial(found.run, one_by_one=one_by_one)

    def reads_in_place(self, node: Node) -> bool:
        """Says whether a node's function is known to run on whole blocks, wherever their rows lie."""
        found = self.timings.block_functions.get(node) if self._vectorises else None
        return found is not None and found.is_proven

    def nested(self) -> Run:
        """Returns a run for a dataset made for one element, which nothing is remembered of afterwards.

        Proving its functions anew for every such dataset would cost more than it gains.
        """
        run = Run()
        run._vectorises = False
        run._may_read_ahead = self._may_read_ahead
        return run

    def ahead(
        self,
        datasets: Callable[[Begin], Generator[Any]],
        calls: int | None,
        most_calls: int,
        elements: int,
    ) -> Iterator[Any]:
        """Returns running datasets as they are given, or side by side: begun and read ahead by threads.

        Args:
            datasets: gives them, a `Failure` in place of one that cannot be had, when it is given what begins one.
            calls: how many are to be read at one time; None to read none ahead, AUTOTUNE for as many as make sense.
            most_calls: how many can be asked for at one time.
            elements: how many elements of each are read ahead.

        Returns:
            An iterator with `close()`.
        """
        if calls is None or not self._may_read_ahead:
            return datasets(lambda blocks, node: rows_of(blocks))
        from feedline.run.reading_ahead import DatasetsAhead
        from feedline.run.threads import MOST_THREADS

        threads = self.asked.threads if self.asked is not None else None
        workers = min(most_calls, MOST_THREADS, (threads or _MOST_READERS) if calls == AUTOTUNE else calls)
        budget = self.asked.memory_budget if self.asked is not None else default_budget()
        return DatasetsAhead(datasets, workers, elements, budget)

    def open_source(self, node: Node, epoch: int, packed: bool = False) -> Stream:
        """Returns a streamed node's own stream, timed, its errors located.

        Args:
            node: the node.
            epoch: which epoch.
            packed: whether columns may be `PackedRows`.
        """
        return _TimedStream(node, (node.open_packed if packed else node.open)(epoch, self), self.timings)

    def turn_of(self, node: Node, calls: int | None) -> AbstractContextManager[Any]:
        """Returns what keeps a node's function from running more often at one time than the user allows.

        Args:
            node: the node.
            calls: how often: a number, AUTOTUNE for as often as there are workers, or None for once, in order.
        """
        if calls == AUTOTUNE:
            return _ALWAYS
        semaphore = self._turns.get(node) or self._turns.setdefault(node, threading.Semaphore(calls or 1))
        turns = self._here.turns
        if calls is not None or turns is None:
            return semaphore
        turn = ExitStack()
        turn.enter_context(turns.turn(node))
        turn.enter_context(semaphore)
        return turn

    @contextmanager
    def computing(self, turns: UnitTurns | None, remote: Remote | None) -> Iterator[None]:
        """Marks what this thread does as the computing of one unit.

        Args:
            turns: its turns.
            remote: what has sections of the plan computed by processes; None where this thread computes all.
        """
        here = self._here
        before = here.turns, here.remote
        here.turns, here.remote = turns, remote
        try:
            yield
        finally:
            here.turns, here.remote = before

    @property
    def lessons(self) -> int:
        """How much has been learnt so far of the structures and dtypes of blocks; it only grows."""
        return len(self.structures) + len(self._dtypes)

    def learnt(self, node: Node) -> tuple[Any, tuple | None] | None:
        """Returns the structure and the dtypes that a node's blocks have had so far; None where there were none."""
        treedef = self.structures.get(node)
        return None if treedef is None else (treedef, self._dtypes.get(node))

    def learn(self, node: Node, treedef: Any, dtypes: tuple | None) -> bool:
        """Takes note of the structure and the dtypes that a node's blocks had elsewhere.

        Returns:
            Whether they are those of the blocks before; what is known stays known.
        """
        same = self.structures.setdefault(node, treedef) == treedef
        return same and (dtypes is None or self._dtypes.setdefault(node, dtypes) == dtypes)

    def relearn(self, node: Node, treedef: Any, dtypes: tuple | None) -> None:
        """Replaces what is known of a node's blocks."""
        self.structures[node] = treedef
        if dtypes is not None:
            self._dtypes[node] = dtypes

    def check_alike(self, node: Node, block: Block, giver: str) -> None:
        """Checks that a block has the structure and the dtypes of the node's blocks before it.

        Raises:
            StructureError: it has another structure.
            DtypeError: it has other dtypes.
        """
        treedef = self.structures.setdefault(node, block.treedef)
        if treedef is not block.treedef and treedef != block.treedef:
            raise StructureError(
                f"{giver} gave {describe_tree(block.treedef)} where the elements before have {describe_tree(treedef)}.",
                fix="Give the same structure for every element.",
            )
        if block.length == 0:
            return
        dtypes = tuple(
            column.dtype if isinstance(column, np.ndarray) else component_dtype(column[0]) for column in block.columns
        )
        known = self._dtypes.setdefault(node, dtypes)
        if known == dtypes:
            return
        for name, before, now in zip(component_names(block.treedef), known, dtypes, strict=True):
            if before != now:
                raise other_dtype(giver, name, before, now)


def _never(block: Block, positions: np.ndarray, epochs: np.ndarray) -> None:
    return None


def rows_of(blocks: Iterator[Block | Failure]) -> Generator[Any]:
    """Gives the elements of blocks one by one, and `Failure`s as they are; closes the blocks in the end.

    Args:
        blocks: an iterator with `close()`.
    """
    try:
        for block in blocks:
            if isinstance(block, Failure):
                yield block
            else:
                yield from map(block.row, range(block.length))
    finally:
        blocks.close()  # type: ignore[attr-defined]


def asks_one_by_one(node: Node) -> bool:
    """Says whether asking a node for several elements at once may mean a long wait for the first."""
    return any(each.one_by_one for each in nodes_of(node))


def located_at(error: FeedlineError, node: Node) -> FeedlineError:
    """Returns the error with the stage that raised it, the innermost, and the line where the user wrote it."""
    if not getattr(error, "stage", None):
        error.stage = node.label()  # type: ignore[attr-defined]
        error.add_where(f"{node.label()} at {node.origin}")
    return error


class _TimedStream:
    """A stream whose time counts as its node's."""

    def __init__(self, node: Node, stream: Stream, timings: Timings) -> None:
        self._node = node
        self._stream = stream
        self._timings = timings

    def next(self, limit: int) -> Block | None:
        try:
            with self._timings.stage(self._node) as clock:
                block = self._stream.next(limit)
                clock.elements = block.length if block is not None else 0
                return block
        except FeedlineError as error:
            raise located_at(error, self._node) from error.__cause__

    def close(self) -> None:
        self._stream.close()
