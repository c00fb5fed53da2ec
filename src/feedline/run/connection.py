"""Messages between two processes: bytes, and descriptors of shared memory, over a pair of sockets."""

from __future__ import annotations

import array
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence

_PREFIX = struct.Struct("<QII")
_AT_ONCE = 1 << 16
_MOST_DESCRIPTORS = 250
"""How many descriptors one message may carry: the system's limit is 253."""

_DESCRIPTOR_BYTES = array.array("i").itemsize

Bytes = bytes | bytearray | memoryview


class ConnectionLostError(Exception):
    """The process at the other end is not there any more."""


class Connection:
    """One end of a pair of sockets. One thread at a time may send, and one receive.

    Args:
        end: the socket.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._buffer = bytearray(_AT_ONCE)
        self._have = 0
        self._descriptors: deque[int] = deque()
        self._ancillary = socket.CMSG_SPACE(_MOST_DESCRIPTORS * _DESCRIPTOR_BYTES)

    @classmethod
    def pair(cls) -> tuple[Connection, socket.socket]:
        """Returns a connection and the socket at its other end."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(here), there

    def fileno(self) -> int:
        """Returns the socket's descriptor."""
        return self._socket.fileno()

    def send(self, parts: Sequence[Bytes], descriptors: Sequence[int] = ()) -> None:
        """Sends a message.

        Args:
            parts: what it is made of.
            descriptors: open files for the other process; they stay open here.

        Raises:
            ConnectionLostError: nobody is there to receive it.
        """
        views = [memoryview(part).cast("B") for part in parts]
        lengths = struct.pack(f"<{len(views)}Q", *(view.nbytes for view in views))
        total = len(lengths) + sum(view.nbytes for view in views)
        rest = [memoryview(_PREFIX.pack(total, len(views), len(descriptors))), memoryview(lengths), *views]
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            while rest:
                sent = self._socket.sendmsg(rest, ancillary)
                ancillary = []
                rest = _without(rest, sent)
        except OSError as error:
            raise ConnectionLostError(str(error)) from None

    def receive(self) -> tuple[list[memoryview], list[int]]:
        """Returns the next message: its parts, writable and the caller's own, and the descriptors that came with it.

        Raises:
            ConnectionLostError: there will be none.
        """
        try:
            while self._have < _PREFIX.size:
                self._have += self._read(memoryview(self._buffer)[self._have :])
            total, count, descriptors = _PREFIX.unpack_from(self._buffer)
            body = memoryview(bytearray(total))
            stop = min(self._have, _PREFIX.size + total)
            have = stop - _PREFIX.size
            body[:have] = memoryview(self._buffer)[_PREFIX.size : stop]
            self._buffer[: self._have - stop] = self._buffer[stop : self._have]  # the next message has begun already
            self._have -= stop
            while have < total:
                have += self._read(body[have:])
        except OSError as error:
            raise ConnectionLostError(str(error)) from None
        lengths = struct.unpack_from(f"<{count}Q", body)
        parts, start = [], 8 * count
        for length in lengths:
            parts.append(body[start : start + length])
            start += length
        return parts, [self._descriptors.popleft() for _ in range(descriptors)]

    def _read(self, target: memoryview) -> int:
        """Reads what has come, up to the size of the target, and returns how many bytes that is."""
        got, ancillary, _, _ = self._socket.recvmsg_into([target], self._ancillary, _CLOSED_ON_EXEC)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._descriptors.extend(array.array("i", data[: len(data) - len(data) % _DESCRIPTOR_BYTES]))
        if not _CLOSED_ON_EXEC:
            for descriptor in self._descriptors:
                os.set_inheritable(descriptor, False)
        if got == 0:
            raise ConnectionLostError("closed")
        return got

    def close(self) -> None:
        """Closes this end, which ends the other process."""
        self._socket.close()


_CLOSED_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def _without(parts: list[memoryview], sent: int) -> list[memoryview]:
    """Returns what is left of parts of which so many bytes were sent."""
    while parts and sent >= parts[0].nbytes:
        sent -= parts[0].nbytes
        parts = parts[1:]
    return [parts[0][sent:], *parts[1:]] if parts else []
