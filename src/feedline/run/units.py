"""Work units: what one worker computes in one go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from feedline.block import Block, concatenate_blocks
from feedline.errors import FeedlineError, StateError
from feedline.nodes.base import BlockNode, Node, Stream

if TYPE_CHECKING:
    from feedline.run.context import Run
    from feedline.run.remote import Remote
    from feedline.run.turns import UnitTurns


class Unit(Protocol):
    """Consecutive elements, still to be computed; computing touches nothing that other units use."""

    count: int

    def compute(self, turns: UnitTurns | None = None, remote: Remote | None = None) -> Block:
        """Returns the elements.

        Args:
            turns: what gives the functions that may not run in parallel the units in order; None without threads.
            remote: what has sections of the plan computed by processes; None where this thread computes all.
        """

    def singles(self) -> Iterator[Unit]:
        """Returns units of one element each that together are this one."""


class Units(Protocol):
    """Gives the work units of a plan in order; one caller at a time."""

    epoch: int

    def left(self) -> int | None:
        """Returns how many elements are still to come; None where that is not known, or they have no end."""

    def take(self, count: int) -> Unit | None:
        """Returns the unit of the next `count` elements, fewer at the end; None when there are no more."""

    def close(self) -> None:
        """Lets go of what is open."""


class IndexedUnit:
    """Elements first .. first + count - 1 of an epoch of an indexed node."""

    __slots__ = ("_epoch", "_first", "_node", "_run", "count")

    def __init__(self, node: Node, epoch: int, first: int, count: int, run: Run) -> None:
        self._node = node
        self._epoch = epoch
        self._first = first
        self.count = count
        self._run = run

    def compute(self, turns: UnitTurns | None = None, remote: Remote | None = None) -> Block:
        positions = np.arange(self._first, self._first + self.count)
        with self._run.computing(turns, remote):
            return self._run.read(self._node, positions, np.full(self.count, self._epoch))

    def singles(self) -> Iterator[IndexedUnit]:
        for first in range(self._first, self._first + self.count):
            yield IndexedUnit(self._node, self._epoch, first, 1, self._run)


class IndexedUnits:
    """The units of one epoch of an indexed node, without the elements that were given before."""

    def __init__(self, node: Node, epoch: int, run: Run, given: int = 0) -> None:
        self._node = node
        self.epoch = epoch
        self._run = run
        length = node.cardinality()
        self._endless = length < 0
        self._length = length if length >= 0 else 1 << 62
        self._next = min(given, self._length)

    def take(self, count: int) -> IndexedUnit | None:
        count = min(count, self._length - self._next)
        if count <= 0:
            return None
        unit = IndexedUnit(self._node, self.epoch, self._next, count, self._run)
        self._next += count
        return unit

    def left(self) -> int | None:
        return None if self._endless else self._length - self._next

    def close(self) -> None:
        self._next = self._length


class StreamedUnit:
    """Elements that a stream has given, and the block nodes that they still have to pass."""

    __slots__ = ("_block", "_epoch", "_first", "_group", "_run", "_suffix", "count")

    def __init__(self, block: Block, first: int, suffix: list[BlockNode], group: int, epoch: int, run: Run) -> None:
        self._block = block
        self._first = first
        self._suffix = suffix
        self._group = group
        self._epoch = epoch
        self._run = run
        self.count = -(-block.length // group)

    def compute(self, turns: UnitTurns | None = None, remote: Remote | None = None) -> Block:
        block = self._block
        works = any(node.works for node in self._suffix)
        if self.count > 1 and works and (remote is None or not remote.sends_first(self._suffix)):
            block = block.own()  # the user's function may change its argument, and where it fails, `singles` begin anew
        steps = self._steps()
        with self._run.computing(turns, remote):
            if remote is None:
                for apply in self._run.joined(steps):
                    block = apply(block)
                return block
            while steps:
                node, positions, epochs = steps[0]
                section = remote.beginning_with(node)
                if section is None:
                    block = self._run.apply(node, block, positions, epochs)
                    steps = steps[1:]
                else:
                    block = remote.apply(section, block, steps[: len(section.nodes)], self._run)
                    steps = steps[len(section.nodes) :]
        return block

    def _steps(self) -> list[tuple[BlockNode, np.ndarray, np.ndarray]]:
        """Returns the block nodes with the positions and epochs of what each gives."""
        steps, count, first = [], self._block.length, self._first
        for node in self._suffix:
            count = -(-count // node.group)
            first //= node.group
            steps.append((node, np.arange(first, first + count), np.full(count, self._epoch)))
        return steps

    def singles(self) -> Iterator[StreamedUnit]:
        for start in range(0, self._block.length, self._group):
            part = self._block.slice(start, min(start + self._group, self._block.length))
            yield StreamedUnit(part, self._first + start, self._suffix, self._group, self._epoch, self._run)


class StreamedUnits:
    """The units of a streamed node: what its stream gives, cut where the batches end.

    Elements that were given before are passed over: the stream goes through them, the block nodes above it do not.
    """

    def __init__(self, base: Node, suffix: list[BlockNode], epoch: int, run: Run, given: int = 0) -> None:
        self._stream = run.open_source(base, epoch, bool(suffix) and suffix[0].takes_packed)
        self._suffix = suffix
        self.epoch = epoch
        self._run = run
        self._group = int(np.prod([node.group for node in suffix], dtype=np.int64))
        self._first = given * self._group
        self._ended = False
        self._error: BaseException | None = None
        pass_over(self._stream, self._first, self._group)

    def take(self, count: int) -> StreamedUnit | None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        wanted = count * self._group
        parts: list[Block] = []
        held = 0
        while held < wanted and not self._ended:
            try:
                block = self._stream.next(wanted - held)
            except BaseException as error:
                self._ended = not isinstance(error, FeedlineError)
                if held < self._group:
                    raise
                self._error = error  # the batches before it come first
                held -= held % self._group
                break
            if block is None:
                self._ended = True
                break
            parts.append(block)
            held += block.length
            if held % self._group == 0:
                break
        held = self._without_remainder(held)
        if held == 0:
            return None
        block = concatenate_blocks(parts)
        unit = StreamedUnit(
            block if block.length == held else block.slice(0, held),
            self._first, self._suffix, self._group, self.epoch, self._run,
        )  # fmt: skip
        self._first += held
        return unit

    def left(self) -> int | None:
        return None

    def _without_remainder(self, rows: int) -> int:
        """Returns how many of the last rows are left when smaller batches are dropped."""
        size, count = 1, rows
        for node in self._suffix:
            count = count // node.group if getattr(node, "drop_remainder", False) else -(-count // node.group)
            size *= node.group
            rows = min(rows, count * size)
        return rows

    def close(self) -> None:
        self._ended = True
        self._stream.close()


_PASSED_AT_ONCE = 1024


def pass_over(stream: Stream, count: int, group: int = 1) -> None:
    """Lets a stream go through elements that were given before.

    Args:
        stream: the stream, which is closed where this fails.
        count: how many.
        group: how many make a batch, of which the last may have fewer.

    Raises:
        StateError: it ends before.
    """
    left = count
    try:
        while left > 0:
            block = stream.next(min(left, _PASSED_AT_ONCE))
            if block is None:
                break
            left -= block.length
        if left >= group:
            raise StateError(
                f"this state is of a longer epoch: {count:,} elements were read there, now there are {count - left:,}.",
                fix="Give the pipeline what it read then, or begin anew with iter(dataset).",
            )
    except BaseException:
        stream.close()
        raise


def split_plan(node: Node) -> tuple[Node, list[BlockNode]]:
    """Returns the topmost node that must run by itself, and the block nodes above it in the order they apply."""
    suffix: list[BlockNode] = []
    while node.passes_on or (not node.indexed and isinstance(node, BlockNode)):
        if isinstance(node, BlockNode):
            suffix.insert(0, node)
        node = node.parents[0]
    return node, suffix
