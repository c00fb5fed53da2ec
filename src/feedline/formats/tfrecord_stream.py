"""TFRecord files read in order: plain, GZIP or ZLIB.

Nothing is allocated because a length says so: the buffer grows only as bytes arrive, so that a damaged length, or a
compressed file made to inflate without end, costs memory in proportion to what was really read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from feedline.errors import ArgumentError, FeedlineError
from feedline.formats import tfrecord_errors
from feedline.formats.byte_source import ByteSource, CompressedSource, PlainSource, fill_buffer
from feedline.formats.open_file import open_stream
from feedline.formats.stores import absolute_name

_CHUNK = 4 << 20
_SHORTEST_RECORD = 16

Packed = tuple[np.ndarray, np.ndarray, np.ndarray]


def iterate_packed(
    path: str | os.PathLike, compression_type: str | None = None, verify: bool = True, chunk: int = _CHUNK
) -> Iterator[Packed]:
    """Reads a TFRecord file in order, many records at a time.

    All good records before a damaged one are given before the error is raised.

    Args:
        path: the file.
        compression_type: None, "GZIP" or "ZLIB".
        verify: whether to check the data's checksums; those of lengths are always checked.
        chunk: how many bytes to read at a time; a longer record gets a longer buffer.

    Yields:
        `(buffer, offsets, lengths)`, at least one record each: payload i is
        `buffer[offsets[i]:offsets[i] + lengths[i]]`. Every buffer is a new one.

    Raises:
        ArgumentError: the compression type is none of these, or `chunk` is not positive.
        MissingFileError: there is no such file.
        TruncatedRecordError: the file ends within a record or a compressed stream.
        CorruptRecordError: a checksum is wrong or a compressed stream damaged.
        FileFormatError: the file is compressed in another way than `compression_type` says.
    """
    compression_type = tfrecord_errors.as_compression_type(compression_type)
    if not isinstance(chunk, int | np.integer) or chunk < 1:
        raise ArgumentError(f"chunk is {chunk!r}.", fix="Give a positive number of bytes.")
    return _iterate(absolute_name(path), compression_type, bool(verify), max(int(chunk), 64))


def iterate_records(
    path: str | os.PathLike, compression_type: str | None = None, verify: bool = True, chunk: int = _CHUNK
) -> Iterator[list[bytes]]:
    """Reads a TFRecord file in order, many records at a time, as `bytes`.

    Arguments and errors are those of `iterate_packed`.

    Yields:
        Lists of payloads, at least one in each.

    Example:
        >>> import tempfile
        >>> from feedline.io.tfrecord_writer import TFRecordWriter
        >>> path = tempfile.mkdtemp() + "/three.tfrecord.gz"
        >>> with TFRecordWriter(path, "GZIP") as writer:
        ...     for number in range(3):
        ...         writer.write(b"%d" % number)
        >>> list(iterate_records(path, "GZIP"))
        [[b'0', b'1', b'2']]
    """
    for buffer, offsets, lengths in iterate_packed(path, compression_type, verify, chunk):
        view = buffer.data
        yield [
            bytes(view[start : start + length])
            for start, length in zip(offsets.tolist(), lengths.tolist(), strict=True)
        ]


def _iterate(path: str, compression_type: str, verify: bool, chunk: int) -> Iterator[Packed]:
    from feedline.kernels import tfrecord as kernels

    file, size = open_stream(path)
    with file:
        source: ByteSource = (
            CompressedSource(file, compression_type, path) if compression_type else PlainSource(file, size)
        )
        records = 0
        base = 0  # where the buffer begins, in the stream of records
        filled = 0
        needed = 0  # by the record at the buffer's start, as far as is known
        tail = np.empty(0, np.uint8)
        while True:
            buffer = np.empty(_buffer_size(chunk, filled, needed, source.remaining), np.uint8)
            buffer[:filled] = tail
            filled, ended, failure = fill_buffer(source, buffer, filled)
            offsets = np.empty(filled // _SHORTEST_RECORD, np.int64)
            lengths = np.empty_like(offsets)
            state, count, position, needed = kernels.scan_records(buffer, filled, 0, verify, offsets, lengths)
            tail = buffer[position:filled].copy()  # the buffer is the caller's from here on
            if count:
                yield buffer, offsets[:count].copy(), lengths[:count].copy()
            records += count
            offset = base + position
            if state != kernels.MORE:
                raise _damage(state == kernels.BAD_DATA, records, offset, path, compression_type, tail)
            if failure is not None:
                where = [tfrecord_errors.place(records, offset, path, compression_type)]
                fix = "Copy the file again; the records before this one are good."
                raise failure.kind(str(failure), where=where, fix=fix) from failure.__cause__
            if ended and len(tail) == 0:
                return
            needed = int(needed)
            if ended or (source.remaining is not None and needed > len(tail) + source.remaining > 0):
                raise _truncation(records, offset, path, compression_type, tail, needed, source.remaining)
            base, filled = offset, len(tail)


def _buffer_size(chunk: int, filled: int, needed: int, remaining: int | None) -> int:
    """Returns how large the next buffer is: a chunk, or twice what is there of a record that is longer."""
    size = max(chunk, min(needed, 2 * filled))
    return size if remaining is None else min(max(size, needed), filled + remaining + 1)


def _damage(
    in_data: bool, number: int, offset: int, path: str, compression_type: str, tail: np.ndarray
) -> FeedlineError:
    if in_data:
        return tfrecord_errors.bad_data(number, offset, path, compression_type)
    error = tfrecord_errors.not_plain(path, tail[:16].tobytes()) if number == 0 and not compression_type else None
    return error or tfrecord_errors.bad_header(number, offset, path, compression_type)


def _truncation(
    number: int,
    offset: int,
    path: str,
    compression_type: str,
    tail: np.ndarray,
    needed: int,
    remaining: int | None,
) -> FeedlineError:
    start = tail[:16].tobytes()
    if number == 0 and not compression_type and len(start) < 12:
        error = tfrecord_errors.not_plain(path, start)
        if error is not None:
            return error
    present = len(tail) + (remaining or 0)
    return tfrecord_errors.truncated(
        number, offset, path, present, needed if len(tail) >= 12 else None, compression_type
    )
