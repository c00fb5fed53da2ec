"""TFRecord files: an index by one scan, and records at random.

A record is an uint64 length, its masked CRC32C, the payload, and the payload's masked CRC32C, all little-endian
(TensorFlow's guide "TFRecord and tf.train.Example", section "TFRecords format details"). The index needs the headers
only: large payloads are jumped over. Files are read, never mapped: a file that is cut off while it is mapped kills the
process that touches the missing page, a short read is an error that can be told.

Compressed files cannot be read at random; `feedline.formats.tfrecord_stream` reads them, and plain ones, in order.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedline.buffers import POOL
from feedline.errors import ArgumentError
from feedline.formats import index_store, tfrecord_errors
from feedline.formats.open_file import OpenFile, open_file, opened
from feedline.formats.store_file import StoreFile
from feedline.formats.stores import absolute_name
from feedline.formats.tfrecord_errors import as_compression_type
from feedline.formats.tfrecord_stream import iterate_packed, iterate_records

__all__ = [
    "RecordIndex",
    "as_compression_type",
    "build_index",
    "iterate_packed",
    "iterate_records",
    "most_bytes",
    "read_packed",
    "read_records",
]

_HEADER = 12
_FOOTER = 4
_MOST_INDEXES = 4096
_MOST_INDEX_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """Where the records of one version of a TFRecord file are.

    Args:
        path: the file, absolute.
        offsets: int64 `(n,)`, rising: where payloads begin, in bytes.
        lengths: int64 `(n,)`: of the payloads, in bytes.
        file_size: of the version indexed, in bytes.
        mtime_ns: when that version was last changed, in nanoseconds.

    Raises:
        ArgumentError: the records do not lie within the file, one after the other.
    """

    path: str
    offsets: np.ndarray = field(repr=False)
    lengths: np.ndarray = field(repr=False)
    file_size: int
    mtime_ns: int

    def __post_init__(self) -> None:
        offsets = np.ascontiguousarray(self.offsets, np.int64).view()
        lengths = np.ascontiguousarray(self.lengths, np.int64).view()
        offsets.flags.writeable = lengths.flags.writeable = False
        object.__setattr__(self, "offsets", offsets)
        object.__setattr__(self, "lengths", lengths)
        if offsets.ndim != 1 or offsets.shape != lengths.shape:
            raise ArgumentError(
                f"an index has offsets {offsets.shape} but lengths {lengths.shape}.", fix="Use build_index()."
            )
        if len(offsets) == 0:
            return
        # Each bound is checked before the sum that relies on it, so that no sum can overflow.
        within = int(lengths.min()) >= 0 and int(lengths.max()) <= self.file_size
        within = within and int(offsets.min()) >= _HEADER and int(offsets.max()) <= self.file_size
        ends = offsets + lengths + _FOOTER
        if not within or int(ends[-1]) > self.file_size or np.any(ends[:-1] + _HEADER > offsets[1:]):
            raise ArgumentError(
                f"an index of {self.path} has records that overlap or lie outside of its {self.file_size} bytes.",
                fix="Use build_index().",
            )

    def __len__(self) -> int:
        return len(self.offsets)


_indexes: OrderedDict[tuple, RecordIndex] = OrderedDict()
_indexes_bytes = 0
_indexes_lock = threading.Lock()


def _after_fork() -> None:
    global _indexes_lock
    _indexes_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def build_index(path: str | os.PathLike) -> RecordIndex:
    """Finds the records of an uncompressed TFRecord file.

    The checksum of every length is verified, and that the file ends where its last record does. The data is neither
    read nor verified. Indexes are kept, up to 256 MB of them, for files that have not changed since; those of many
    records are kept for other programs too, see `feedline.formats.index_store`.

    Args:
        path: the file.

    Returns:
        The index; empty for an empty file.

    Raises:
        MissingFileError: there is no such file.
        TruncatedRecordError: the file ends within a record.
        CorruptRecordError: the checksum of a length is wrong.
        FileFormatError: the file is compressed.

    Example:
        >>> import tempfile
        >>> from feedline.io.tfrecord_writer import TFRecordWriter
        >>> path = tempfile.mkdtemp() + "/two.tfrecord"
        >>> with TFRecordWriter(path) as writer:
        ...     writer.write(b"first"), writer.write(b"second")
        (None, None)
        >>> index = build_index(path)
        >>> len(index), read_records(index, [1, 0])
        (2, [b'second', b'first'])
    """
    path = absolute_name(path)
    file = open_file(path)
    version = file.version()
    key = (path, version)
    with _indexes_lock:
        index = _indexes.get(key)
        if index is not None:
            _indexes.move_to_end(key)
            return index
    kept = index_store.load_lengths(path, version)
    if kept is not None:
        offsets, lengths = index_store.offsets_of(kept), kept
    else:
        offsets, lengths = _scan(file, version.size)
    state = version.size, version.mtime_ns
    if file.now() != state:
        raise tfrecord_errors.changed(path, state, file.now())
    if kept is None:
        index_store.keep_lengths(path, version, lengths)
    index = RecordIndex(path, offsets, lengths, *state)
    _remember(key, index)
    return index


def _remember(key: tuple, index: RecordIndex) -> None:
    global _indexes_bytes
    with _indexes_lock:
        if key in _indexes:
            return
        _indexes[key] = index
        _indexes_bytes += index.offsets.nbytes + index.lengths.nbytes
        while len(_indexes) > 1 and (len(_indexes) > _MOST_INDEXES or _indexes_bytes > _MOST_INDEX_BYTES):
            _, dropped = _indexes.popitem(last=False)
            _indexes_bytes -= dropped.offsets.nbytes + dropped.lengths.nbytes


def _scan(file: OpenFile | StoreFile, size: int) -> tuple[np.ndarray, np.ndarray]:
    from feedline.kernels import tfrecord as kernels

    all_offsets: list[np.ndarray] = []
    all_lengths: list[np.ndarray] = []
    records = 0
    base = 0  # where the next header is, in the file
    read_size = min(file.longest_read, max(size, _HEADER))
    buffer = np.empty(read_size, np.uint8)
    offsets = np.empty(read_size // (_HEADER + _FOOTER) + 1, np.int64)
    lengths = np.empty_like(offsets)
    while base < size:
        target = buffer[: min(read_size, size - base)]
        filled = file.read_into(target, base)
        if filled < len(target):
            raise tfrecord_errors.changed(file.path, (size, 0), file.now())
        state, count, position = kernels.scan_headers(buffer, filled, size - base, 0, offsets, lengths)
        all_offsets.append(offsets[:count] + base)
        all_lengths.append(lengths[:count].copy())
        records += count
        if state != kernels.MORE:
            raise _scan_error(state, records, base, position, size, buffer[:filled], file.path)
        base += position
        far = position > max(count, 1) * file.worth_jumping
        read_size = file.shortest_read if far else file.longest_read
    if not all_offsets:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(all_offsets), np.concatenate(all_lengths)


def _scan_error(
    state: int, number: int, base: int, position: int, size: int, buffer: np.ndarray, path: str
) -> Exception:
    from feedline.kernels import tfrecord as kernels

    offset = base + position
    if number == 0:
        error = tfrecord_errors.not_plain(path, buffer[:16].tobytes())
        if error is not None:
            return error
    if state == kernels.BAD_HEADER:
        return tfrecord_errors.bad_header(number, offset, path)
    needed = None
    if size - offset >= _HEADER:
        needed = int.from_bytes(buffer[position : position + 8].tobytes(), "little") + _HEADER + _FOOTER
    return tfrecord_errors.truncated(number, offset, path, size - offset, needed)


def read_packed(
    index: RecordIndex, numbers: Any, verify: bool = True, out: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reads records, in any order, into one buffer.

    Records that follow one another in the file are read in one go.

    Args:
        index: the index of the file.
        numbers: integers `(n,)`: which records; one may come more than once.
        verify: whether to check the data's checksums.
        out: uint8 `(m,)`: a buffer to use if it is large enough; its rest keeps what it holds.

    Returns:
        `(buffer, offsets, lengths)`: payload i is `buffer[offsets[i]:offsets[i] + lengths[i]]`. The buffer is `out`
        or a new one.

    Raises:
        ArgumentError: a number is out of range.
        CorruptRecordError: a checksum is wrong, or the file is no longer the one that was indexed.
        TruncatedRecordError: the file is shorter than when it was indexed.
    """
    from feedline.kernels import tfrecord as kernels

    numbers = _as_numbers(numbers, len(index))
    count = len(numbers)
    if count == 0:
        return np.empty(0, np.uint8) if out is None else out, np.empty(0, np.int64), np.empty(0, np.int64)
    offsets, lengths, positions, sizes, targets = (np.empty(count, np.int64) for _ in range(5))
    pieces, total = kernels.place_records(
        index.offsets, index.lengths, numbers, offsets, lengths, positions, sizes, targets
    )
    positions, sizes, targets = positions[:pieces], sizes[:pieces], targets[:pieces]
    buffer = out if out is not None and len(out) >= total else POOL.some_of(total)

    version = index.file_size, index.mtime_ns
    file = opened(index.path, version)
    if file.state() != version:
        raise tfrecord_errors.changed(index.path, version, file.state())
    if file.read_pieces(positions, sizes, buffer, targets) != -1:
        raise tfrecord_errors.changed(index.path, version, file.now())
    if verify:
        bad = kernels.first_corrupt(buffer, offsets, lengths)
        if bad != -1:
            now = file.now()
            if now != version:
                raise tfrecord_errors.changed(index.path, version, now)
            raise tfrecord_errors.bad_data(int(numbers[bad]), int(index.offsets[numbers[bad]]) - _HEADER, index.path)
    return buffer, offsets, lengths


def most_bytes(index: RecordIndex, numbers: np.ndarray) -> int:
    """Returns how large a buffer is enough for `read_packed`.

    Args:
        index: the index of the file.
        numbers: int64 `(n,)`: which records.
    """
    return int(index.lengths[numbers].sum()) + len(numbers) * (_HEADER + _FOOTER)


def _as_numbers(numbers: Any, records: int) -> np.ndarray:
    array = np.asarray(numbers)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ArgumentError(
            f"numbers of records are integers (n,), got {array.dtype} {array.shape}.", fix="Give a list of integers."
        )
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= records:
        raise ArgumentError(
            f"there is no record {low if low < 0 else high}: the file has {records} records.",
            fix=f"Use numbers from 0 to {records - 1}." if records else "The file is empty.",
        )
    return np.require(array, np.int64, ["C", "W"])


def read_records(index: RecordIndex, numbers: Any, verify: bool = True) -> list[bytes]:
    """Reads records, in any order.

    Args:
        index: the index of the file.
        numbers: integers `(n,)`: which records.
        verify: whether to check the data's checksums.

    Returns:
        The payloads.

    Raises:
        As `read_packed`.
    """
    buffer, offsets, lengths = read_packed(index, numbers, verify)
    view = buffer.data
    starts = offsets.tolist()
    return [bytes(view[start : start + length]) for start, length in zip(starts, lengths.tolist(), strict=True)]
