"""TextLineDataset: the lines of text files.

A line ends with a line feed. Carriage returns are left out wherever they stand, and what is left of the last line
counts as a line if it holds anything: that is what `tf.data.TextLineDataset` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.block import Block
from feedline.nodes.base import UNKNOWN_CARDINALITY, Node, Stream
from feedline.sources.file_turns import FilesStream
from feedline.spec import TensorSpec, string
from feedline.strings import PackedStrings
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run

CHUNK = 1 << 20
"""How many bytes of a file are read at a time, unless the user says otherwise."""

_LINE_FEED, _CARRIAGE_RETURN = 10, 13
_LINE = flatten(0)[1]


class FileCounts:
    """How many elements each file has, as far as a stream over all files has come to its end."""

    def __init__(self, filenames: tuple[str, ...], word: str, first: int) -> None:
        self._filenames = filenames
        self._counts: list[int] = []
        self._word = word
        self._first = first

    def note(self, number: int, count: int) -> None:
        """Takes note of the elements of a file that has been read to its end."""
        if number == len(self._counts):
            self._counts.append(count)

    def place(self, position: int) -> str:
        """Returns where an element comes from ("line 3 of a.txt"); "" where that is not known."""
        for filename, count in zip(self._filenames, self._counts, strict=False):
            if position < count:
                return f"{self._word} {position + self._first} of {filename}"
            position -= count
        if len(self._counts) < len(self._filenames):
            return f"{self._word} {position + self._first} of {self._filenames[len(self._counts)]}"
        return ""


@dataclass(frozen=True, eq=False)
class TextLines(Node):
    """The lines of files.

    Args:
        filenames: the files.
        compression_type: "", "GZIP" or "ZLIB".
        chunk: how many bytes are read at a time.
        turns: how many files are read by turns; 1 for one after the other.
    """

    filenames: tuple[str, ...]
    compression_type: str
    chunk: int = CHUNK
    turns: int = 1
    _counts: list[FileCounts] = field(default_factory=list, repr=False)

    name = "TextLineDataset"

    @cached_property
    def indexed(self) -> bool:
        return False

    @property
    def streamed_because(self) -> str:
        return "where a line begins is known only by reading the lines before it"

    def cardinality(self) -> int:
        return UNKNOWN_CARDINALITY

    def spec(self) -> Any:
        return TensorSpec((), string)

    @property
    def counts(self) -> FileCounts:
        """How many lines the files have."""
        if not self._counts:
            self._counts.append(FileCounts(self.filenames, "line", 1))
        return self._counts[0]

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return self.counts.place(position) if self.turns == 1 else ""

    def open(self, epoch: int, run: Run) -> Stream:
        return FilesStream(range(len(self.filenames)), lambda number: _LineReader(self, number), self.turns)


class _LineReader:
    """The lines of one file."""

    def __init__(self, node: TextLines, number: int) -> None:
        from feedline.formats.byte_source import TextFile

        self._node = node
        self._number = number
        self._lines = 0
        self._held: PackedStrings | None = None
        self._tail = np.empty(0, np.uint8)
        self._file = TextFile(node.filenames[number], node.compression_type, node.chunk)

    def next_block(self, limit: int) -> Block | None:
        while self._held is None:
            if self._file.ended:
                error = self._file.take_failure(f"line {self._lines + 1} of {self._file.path}")
                if error is not None:
                    raise error
                self._node.counts.note(self._number, self._lines)
                return None
            self._held = self._read()
        lines = self._held[:limit]
        self._held = self._held[limit:] if limit < len(self._held) else None
        self._lines += len(lines)
        return Block(len(lines), [lines], _LINE)

    def _read(self) -> PackedStrings | None:
        """Returns the next lines, or None where not one is whole."""
        buffer, filled = self._file.next_buffer(self._tail)
        searched = len(self._tail)
        ends = np.flatnonzero(buffer[searched:filled] == _LINE_FEED) + searched
        whole = int(ends[-1]) + 1 if len(ends) else 0
        self._tail = buffer[whole:filled].copy()
        buffer = buffer[:whole]
        if self._file.ended and self._file.failure is None:
            last = self._tail[self._tail != _CARRIAGE_RETURN]
            if len(last):
                buffer = np.concatenate([buffer, last, [np.uint8(_LINE_FEED)]])
                ends = np.append(ends, len(buffer) - 1)
            self._tail = last[:0]
        return _lines(buffer, ends) if len(ends) else None

    def close(self) -> None:
        self._file.close()
        self._held = None


def _lines(buffer: np.ndarray, ends: np.ndarray) -> PackedStrings:
    """Returns the lines of a buffer, without their ends and without carriage returns.

    Args:
        buffer: uint8 `(n,)`, ends with a line feed.
        ends: where the line feeds are.
    """
    returns = np.count_nonzero(buffer == _CARRIAGE_RETURN)
    trimmed: np.ndarray | int = 0
    if returns:
        trimmed = (buffer[ends - 1] == _CARRIAGE_RETURN) & (ends > 0)
        if np.count_nonzero(trimmed) != returns:
            buffer = buffer[buffer != _CARRIAGE_RETURN]
            ends = np.flatnonzero(buffer == _LINE_FEED)
            trimmed = 0
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    return PackedStrings(buffer, starts, ends - starts - trimmed)
