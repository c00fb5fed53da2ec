"""The bytes of a file in order: plain, GZIP or ZLIB.

Nothing is allocated because a length says so: readers grow their buffers only as bytes arrive, so that a compressed
file made to inflate without end costs memory in proportion to what was really read.
"""

from __future__ import annotations

from typing import Any, BinaryIO, Protocol

import numpy as np

from feedline.errors import CorruptRecordError, FileFormatError, TruncatedRecordError
from feedline.formats import tfrecord_errors
from feedline.formats.open_file import open_stream

_COMPRESSED_READ = 256 << 10


class ByteSource(Protocol):
    """Bytes in order.

    Args:
        remaining: how many bytes are left where that is known.
    """

    remaining: int | None

    def read_into(self, target: memoryview) -> int:
        """Reads up to as many bytes as the target holds; 0 at the end.

        Raises:
            StreamError: a compressed stream is damaged.
        """


class PlainSource:
    """The bytes of a file, and how many are left where that is known.

    Args:
        file: the file.
        size: how many bytes it has, None where that is not known.
    """

    def __init__(self, file: BinaryIO, size: int | None) -> None:
        self._file = file
        self.remaining = size

    def read_into(self, target: memoryview) -> int:
        count = self._file.readinto(target)  # type: ignore[attr-defined]
        if count == 0:
            self.remaining = 0  # cut off since, where more was expected
        elif self.remaining is not None:
            # A file that is still written to may have more than it had, and so has one that says it has nothing.
            self.remaining = self.remaining - count if count <= self.remaining else None
        return count


class StreamError(Exception):
    """A compressed stream is damaged or ends too soon; the reader adds what that hits."""

    def __init__(self, kind: type[CorruptRecordError], what: str) -> None:
        super().__init__(what)
        self.kind = kind


class CompressedSource:
    """What a file of one or more GZIP or ZLIB streams, one after the other, inflates to."""

    remaining: int | None = None

    def __init__(self, file: BinaryIO, compression_type: str, path: str) -> None:
        from isal import igzip_lib

        self._file = file
        self._type = compression_type
        self._error: Any = igzip_lib.error
        flag = igzip_lib.DECOMP_GZIP if compression_type == "GZIP" else igzip_lib.DECOMP_ZLIB
        self._start = lambda: igzip_lib.IgzipDecompressor(flag=flag)
        self._stream: Any = None
        self._any = False
        self._pending = file.read(_COMPRESSED_READ)
        if len(self._pending) >= 2:
            error = tfrecord_errors.not_compressed(path, self._pending[:2], compression_type)
            if error is not None:
                raise error

    def read_into(self, target: memoryview) -> int:
        while True:
            if self._stream is None and not self._begin():
                if not self._any:
                    what = f"the file is empty, but a {self._type} stream has a header even where there is no data."
                    raise StreamError(TruncatedRecordError, what)
                return 0
            self._any = True
            if self._stream.needs_input and not self._pending:
                self._pending = self._file.read(_COMPRESSED_READ)
                if not self._pending:
                    raise StreamError(TruncatedRecordError, f"the {self._type} stream ends in its middle.")
            try:
                inflated = self._stream.decompress(self._pending, len(target))
            except self._error as error:
                raise StreamError(CorruptRecordError, f"the {self._type} stream is damaged ({error}).") from error
            self._pending = b""
            if self._stream.eof:
                self._pending = self._stream.unused_data
                self._stream = None
            if inflated:
                target[: len(inflated)] = inflated
                return len(inflated)

    def _begin(self) -> bool:
        """Begins the next stream; False at the end of the file. Zero bytes between streams are padding (RFC 1952)."""
        while True:
            if self._type == "GZIP":
                self._pending = self._pending.lstrip(b"\0")
            if self._pending:
                break
            self._pending = self._file.read(_COMPRESSED_READ)
            if not self._pending:
                return False
        self._stream = self._start()
        return True


def fill_buffer(source: ByteSource, buffer: np.ndarray, filled: int) -> tuple[int, bool, StreamError | None]:
    """Reads until a buffer is full.

    Args:
        source: what is read.
        buffer: uint8 `(n,)`.
        filled: how many bytes of it are there already.

    Returns:
        `(bytes in the buffer, whether the source has ended, what went wrong)`.
    """
    view = buffer.data
    while filled < len(view):
        try:
            count = source.read_into(view[filled:])
        except StreamError as error:
            return filled, True, error
        if count == 0:
            return filled, True, None
        filled += count
    return filled, False, None


class TextFile:
    """A file read in buffers, each of which begins with what the reader has left over of the one before.

    Args:
        path: the file.
        compression_type: "", "GZIP" or "ZLIB".
        chunk: how many bytes to read at a time; what is left over gets a longer buffer.
        spare: how many bytes to leave at the end of each buffer, for the reader's own use.

    Raises:
        MissingFileError: there is no such file.
        FileFormatError: it is not compressed as `compression_type` says.
    """

    def __init__(self, path: str, compression_type: str, chunk: int, spare: int = 0) -> None:
        self.path = path
        self.ended = False
        self.failure: StreamError | None = None
        self._chunk = chunk
        self._spare = spare
        self._file, size = open_stream(path)
        try:
            self._source: ByteSource = PlainSource(self._file, size)
            if compression_type:
                self._source = CompressedSource(self._file, compression_type, path)
        except BaseException:
            self.close()
            raise
        self._first = True
        self._compressed = bool(compression_type)

    def next_buffer(self, tail: np.ndarray) -> tuple[np.ndarray, int]:
        """Returns a new buffer that begins with `tail`, and how many bytes it has; `ended` says if these are the last.

        Args:
            tail: uint8 `(n,)`.

        Raises:
            FileFormatError: a plain file begins like a compressed one.
        """
        held = len(tail)
        size = max(self._chunk, 2 * held)
        if self._source.remaining is not None:
            size = min(size, held + self._source.remaining + 1)  # one more, to see the end
        buffer = np.empty(size + self._spare, np.uint8)
        buffer[:held] = tail
        filled, self.ended, self.failure = fill_buffer(self._source, buffer[:size], held)
        if self._first and not self._compressed and buffer[:2].tobytes() == b"\x1f\x8b" and filled >= 2:
            raise FileFormatError(
                "the file begins like a GZIP stream, not like text.",
                where=[f"the first bytes of {self.path}"],
                fix='Read it with compression_type="GZIP".',
            )
        self._first = False
        return buffer, filled

    def take_failure(self, place: str) -> FileFormatError | None:
        """Returns the error for what went wrong with a compressed file, the first time it is asked; None if nothing.

        Args:
            place: where, as errors say it ("line 12 of a.txt.gz").
        """
        failure, self.failure = self.failure, None
        if failure is None:
            return None
        error = FileFormatError(str(failure), where=[place], fix="Copy the file again; what comes before is good.")
        error.__cause__ = failure.__cause__
        return error

    def close(self) -> None:
        """Closes the file."""
        self.ended = True
        self._file.close()
