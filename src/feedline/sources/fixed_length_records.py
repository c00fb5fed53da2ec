"""FixedLengthRecordDataset: records of one length each, between a header and a footer.

Plain files are indexed by their size alone. Compressed files are streamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.errors import FeedlineError, FileFormatError
from feedline.nodes.base import UNKNOWN_CARDINALITY, Node, Stream
from feedline.sources.file_turns import FilesStream, order_by_turns
from feedline.spec import TensorSpec, string
from feedline.strings import PackedStrings
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run

_RECORD = flatten(0)[1]


@dataclass(frozen=True, eq=False)
class FixedLengthRecords(Node):
    """The records of files, one file after the other.

    Args:
        filenames: the files.
        record_bytes: how long a record is.
        header_bytes: how many bytes come before the first record of a file.
        footer_bytes: how many bytes come after the last.
        compression_type: "", "GZIP" or "ZLIB".
        chunk: how many bytes of a compressed file are read at a time.
        turns: how many files are read by turns; 1 for one after the other.
    """

    filenames: tuple[str, ...]
    record_bytes: int
    header_bytes: int
    footer_bytes: int
    compression_type: str
    chunk: int
    turns: int = 1

    name = "FixedLengthRecordDataset"

    @cached_property
    def indexed(self) -> bool:
        return not self.compression_type

    @property
    def streamed_because(self) -> str:
        return "a compressed file can only be read from its start"

    @cached_property
    def versions(self) -> list[tuple[int, int]]:
        """The size of each file in bytes, and when it was last changed, in nanoseconds."""
        from feedline.formats.open_file import open_file
        from feedline.formats.stores import in_parallel

        versions = in_parallel(lambda name: open_file(name).state(), self.filenames)
        for name, (size, _) in zip(self.filenames, versions, strict=True):
            body = size - self.header_bytes - self.footer_bytes
            if body < 0 or body % self.record_bytes:
                error = self._wrong_size(name, size)
                error.add_where(f"{self.label()} at {self.origin}")  # the length is asked for where no stage runs yet
                raise error
        return versions

    def _wrong_size(self, name: str, size: int, what: str = "file has") -> FileFormatError:
        around = self.header_bytes + self.footer_bytes
        if size < around:
            return FileFormatError(
                f"the {what} {size} bytes, fewer than the {around} of its header and footer.",
                where=[name],
                fix="Give the right header_bytes and footer_bytes, or leave the file out.",
            )
        body = size - around
        inside = f" without header and footer ({around})" if around else ""
        rest = body % self.record_bytes
        return FileFormatError(
            f"the {what} {body} bytes{inside}: {body // self.record_bytes} records of {self.record_bytes} bytes, "
            f"and {rest} byte{'' if rest == 1 else 's'} too many.",
            where=[name],
            fix="Give the right record_bytes, header_bytes and footer_bytes; or copy the file again, it may be cut.",
        )

    @cached_property
    def starts(self) -> np.ndarray:
        """The number of the first record of each file, and the number of all."""
        around = self.header_bytes + self.footer_bytes
        return np.cumsum([0, *((size - around) // self.record_bytes for size, _ in self.versions)])

    @cached_property
    def order(self) -> np.ndarray | None:
        """Which record comes when, where files are read by turns."""
        return order_by_turns(np.diff(self.starts).tolist(), self.turns) if self.turns > 1 else None

    def cardinality(self) -> int:
        return int(self.starts[-1]) if self.indexed else UNKNOWN_CARDINALITY

    def spec(self) -> Any:
        return TensorSpec((), string)

    def read(self, positions: np.ndarray, epochs: np.ndarray, run: Run) -> Block:
        if self.order is not None:
            positions = self.order[positions]
        size = self.record_bytes
        files = np.searchsorted(self.starts, positions, side="right") - 1
        in_file = (positions - self.starts[files]) * size + self.header_bytes
        buffer = np.empty(len(positions) * size, np.uint8)
        targets = np.arange(len(positions)) * size
        for which in np.unique(files).tolist():
            chosen = np.flatnonzero(files == which)
            self._read_file(which, in_file[chosen], buffer, targets[chosen])
        records = PackedStrings(buffer, targets, np.full(len(positions), size, np.int64))
        return Block(len(positions), [records], _RECORD)

    def _read_file(self, which: int, positions: np.ndarray, buffer: np.ndarray, targets: np.ndarray) -> None:
        from feedline.formats.open_file import opened
        from feedline.formats.stores import absolute_name
        from feedline.formats.tfrecord_errors import changed

        # Records that follow one another, in the file and in the buffer, are read in one go.
        size = self.record_bytes
        breaks = np.flatnonzero((np.diff(positions) != size) | (np.diff(targets) != size)) + 1
        first = np.concatenate([[0], breaks])
        counts = np.diff(np.append(first, len(positions)))
        path = absolute_name(self.filenames[which])
        version = self.versions[which]
        file = opened(path, version)
        whole = file.state() == version
        if not whole or file.read_pieces(positions[first], counts * size, buffer, targets[first]) != -1:
            raise changed(path, version, file.now())

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        if not self.indexed:
            return f"record {position} of {self.filenames[0]}" if len(self.filenames) == 1 else ""
        if self.order is not None:
            position = int(self.order[position])
        which = int(np.searchsorted(self.starts, position, side="right")) - 1
        return f"record {position - int(self.starts[which])} of {self.filenames[which]}"

    def open(self, epoch: int, run: Run) -> Stream:
        return FilesStream(range(len(self.filenames)), lambda which: _RecordReader(self, which), self.turns)


class _RecordReader:
    """The records of one compressed file."""

    def __init__(self, node: FixedLengthRecords, which: int) -> None:
        from feedline.formats.byte_source import CompressedSource
        from feedline.formats.open_file import open_stream

        self._node = node
        self._path = node.filenames[which]
        self._file, _ = open_stream(self._path)
        self._source = CompressedSource(self._file, node.compression_type, self._path)
        self._records = self._read()

    def next_block(self, limit: int) -> Block | None:
        return next(self._records, None)

    def _read(self) -> Iterator[Block]:
        from feedline.formats.byte_source import fill_buffer

        node, size = self._node, self._node.record_bytes
        total = 0
        skip = node.header_bytes
        tail = np.empty(0, np.uint8)
        records = 0
        while True:
            buffer = np.empty(max(node.chunk, 2 * len(tail)), np.uint8)
            buffer[: len(tail)] = tail
            filled, ended, failure = fill_buffer(self._source, buffer, len(tail))
            total += filled - len(tail)
            skipped = min(skip, filled)
            skip -= skipped
            count = max(0, filled - skipped - node.footer_bytes) // size
            tail = buffer[skipped + count * size : filled].copy()
            if count:
                offsets = np.arange(count) * size + skipped
                yield Block(count, [PackedStrings(buffer, offsets, np.full(count, size, np.int64))], _RECORD)
                records += count
            if failure is not None:
                error = FileFormatError(str(failure), where=[f"record {records} of {self._path}"])
                error.fix = "Copy the file again; the records before this one are good."
                raise error from failure.__cause__
            if ended:
                body = total - node.header_bytes - node.footer_bytes
                if body < 0 or body % size:
                    raise self._excess(total)
                return

    def _excess(self, total: int) -> FeedlineError:
        return self._node._wrong_size(self._path, total, "file inflates to")

    def close(self) -> None:
        self._records.close()  # type: ignore[attr-defined]
        self._file.close()
