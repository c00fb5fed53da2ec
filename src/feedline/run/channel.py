"""Channel: what two processes say to each other, with blocks in memory that both see."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.run.block_message import Writing
from feedline.run.connection import Connection, DamagedMessageError
from feedline.run.shared_blocks import BorrowedBlocks, LentBlocks
from feedline.structure import PortableTree, Treedef

_SMALL_BYTES = 32 << 10
"""What needs less memory goes with the message: it is copied quicker than a block is shared."""

_IN_MESSAGE = -1


class Channel:
    """One end of what connects two processes. One thread at a time may send, and one receive.

    Args:
        connection: carries the messages.

    Attributes:
        lent: the blocks that this process writes.
        borrowed: those that it reads.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lent = LentBlocks()
        self.borrowed = BorrowedBlocks()
        self._numbers: dict[Treedef, int] = {}
        self._next = 0
        self._trees: dict[int, Treedef] = {}

    def send(self, message: Any, writing: Writing | None = None, descriptors: Sequence[int] = ()) -> None:
        """Sends a message.

        Args:
            message: anything that can be pickled.
            writing: arrays that go with it.
            descriptors: open files that go with it; they stay open here.

        Raises:
            ConnectionLostError: nobody is there to receive it.
        """
        place: tuple[int, int] | None = None
        parts: list[Any] = []
        if writing is not None and writing.nbytes <= _SMALL_BYTES:
            place = _IN_MESSAGE, writing.nbytes
            memory = bytearray(writing.nbytes)
            parts.append(memory)
        elif writing is not None:
            number, memory = self.lent.take(writing.nbytes)  # type: ignore[assignment]
            place = number, writing.nbytes
        if writing is not None and writing.nbytes:
            writing.write(memory)
        fresh, dropped, of_blocks = self.lent.news()
        try:
            header = (fresh, dropped, self.borrowed.released(), place, message)
            self.connection.send([pickle.dumps(header, 5), *parts], [*of_blocks, *descriptors])
        finally:
            for descriptor in of_blocks:
                os.close(descriptor)

    def receive(self) -> tuple[Any, np.ndarray | None, list[int]]:
        """Returns the next message, the memory of the arrays that came with it, and descriptors, to be closed.

        The memory is lent as long as it, or any view of it, is there.

        Raises:
            ConnectionLostError: there will be none.
            DamagedMessageError: it cannot be read, or what it says of the memory is not so.
        """
        parts, descriptors = self.connection.receive()
        try:
            fresh, dropped, released, place, message = pickle.loads(parts[0])
            own, descriptors = descriptors[: len(fresh)], descriptors[len(fresh) :]
            self.borrowed.learn(fresh, dropped, own)
            memory = self._memory_at(place, parts)
        except Exception as error:
            for descriptor in descriptors:
                os.close(descriptor)
            raise DamagedMessageError(f"{type(error).__name__}: {error}") from error
        self.lent.returned(released)
        return message, memory, descriptors

    def _memory_at(self, place: tuple[int, int] | None, parts: Sequence[memoryview]) -> np.ndarray | None:
        if place is None:
            return None
        number, nbytes = place
        if nbytes == 0:
            return np.empty(0, np.uint8)
        if number == _IN_MESSAGE:
            return np.frombuffer(parts[1], np.uint8, nbytes)
        return self.borrowed.array(number, nbytes)

    def number_of(self, treedef: Treedef) -> tuple[int, bytes | None]:
        """Returns a structure as the other end knows it, and what teaches it to it the first time."""
        number = self._numbers.get(treedef)
        if number is not None:
            return number, None
        import cloudpickle

        taught = cloudpickle.dumps(PortableTree(treedef))
        number = self._numbers[treedef] = self._next
        self._next += 1
        return number, taught

    def teach_anew(self) -> None:
        """Has `number_of` teach every structure once more: the other end may not have been sent what it taught."""
        self._numbers.clear()

    def tree_of(self, numbered: tuple[int, bytes | None]) -> Treedef:
        """Returns a structure that the other end has numbered."""
        number, taught = numbered
        if taught is not None:
            self._trees[number] = pickle.loads(taught).treedef()
        return self._trees[number]
