"""Messages between two processes: bytes, and descriptors of shared memory, over a pair of sockets."""

from __future__ import annotations

import array
import os
import socket
import struct
import zlib
from collections import deque
from collections.abc import Sequence

_SUM = struct.Struct("<I")
_COUNTS = struct.Struct("<IQII")
_PREFIX_BYTES = _SUM.size + _COUNTS.size
_AT_ONCE = 1 << 16
_MOST_DESCRIPTORS = 250
"""How many descriptors one message may carry: the system's limit is 253."""

_DESCRIPTOR_BYTES = array.array("i").itemsize

Bytes = bytes | bytearray | memoryview


class ConnectionLostError(Exception):
    """The process at the other end is not there any more."""


class DamagedMessageError(Exception):
    """What came is not what the other end sends, or not all of it could be taken; nothing after it can be read."""


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
        # The first part says what the others are: damaged, it would have them taken for something else.
        words = zlib.crc32(views[0], zlib.crc32(lengths)) if views else zlib.crc32(lengths)
        counts = _COUNTS.pack(words, total, len(views), len(descriptors))
        rest = [memoryview(_SUM.pack(zlib.crc32(counts)) + counts), memoryview(lengths), *views]
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
            DamagedMessageError: it cannot be read, or a descriptor could not be taken; nor can what follows be read.
        """
        try:
            while self._have < _PREFIX_BYTES:
                self._have += self._read(memoryview(self._buffer)[self._have :])
            counts = self._buffer[_SUM.size : _PREFIX_BYTES]
            words, total, count, descriptors = _COUNTS.unpack(counts)
            if _SUM.unpack_from(self._buffer)[0] != zlib.crc32(counts):
                raise DamagedMessageError("something else than a message was written to the socket")
            body = memoryview(bytearray(total))
            stop = min(self._have, _PREFIX_BYTES + total)
            have = stop - _PREFIX_BYTES
            body[:have] = memoryview(self._buffer)[_PREFIX_BYTES:stop]
            self._buffer[: self._have - stop] = self._buffer[stop : self._have]  # the next message has begun already
            self._have -= stop
            while have < total:
                have += self._read(body[have:])
        except OSError as error:
            raise ConnectionLostError(str(error)) from None
        lengths = struct.unpack_from(f"<{count}Q", body)
        first = 8 * count + (lengths[0] if lengths else 0)
        if 8 * count + sum(lengths) != total or zlib.crc32(body[:first]) != words:
            raise DamagedMessageError("a message was damaged")
        if len(self._descriptors) < descriptors:
            raise DamagedMessageError("a descriptor was not sent")
        parts, start = [], 8 * count
        for length in lengths:
            parts.append(body[start : start + length])
            start += length
        return parts, [self._descriptors.popleft() for _ in range(descriptors)]

    def _read(self, target: memoryview) -> int:
        """Reads what has come, up to the size of the target, and returns how many bytes that is."""
        got, ancillary, flags, _ = self._socket.recvmsg_into([target], self._ancillary, _CLOSED_ON_EXEC)
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._descriptors.extend(array.array("i", data[: len(data) - len(data) % _DESCRIPTOR_BYTES]))
        if not _CLOSED_ON_EXEC:
            for descriptor in self._descriptors:
                os.set_inheritable(descriptor, False)
        if flags & socket.MSG_CTRUNC:
            raise DamagedMessageError("a descriptor could not be taken: too many files are open (ulimit -n)")
        if got == 0:
            raise ConnectionLostError("closed")
        return got

    def close(self) -> None:
        """Closes this end, which ends the other process."""
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())


_CLOSED_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def _without(parts: list[memoryview], sent: int) -> list[memoryview]:
    """Returns what is left of parts of which so many bytes were sent."""
    while parts and sent >= parts[0].nbytes:
        sent -= parts[0].nbytes
        parts = parts[1:]
    return [parts[0][sent:], *parts[1:]] if parts else []
