"""CsvDataset: the records of CSV files, their fields as numbers and text.

The grammar, the numbers that are read and the order of all things are those of `tf.data.experimental.CsvDataset`.
"""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.block import Block
from feedline.errors import CsvError, FeedlineError
from feedline.nodes.base import UNKNOWN_CARDINALITY, Node, Stream
from feedline.sources.file_turns import FilesStream
from feedline.sources.text_lines import CHUNK, FileCounts
from feedline.spec import TensorSpec, dtype_name, string
from feedline.strings import PackedStrings
from feedline.structure import flatten

if TYPE_CHECKING:
    from feedline.run.context import Run

_MOST_RECORDS = 1 << 13
_MOST_FIELDS = 1 << 19


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """A column that is wanted.

    Args:
        dtype: int32, int64, float32, float64 or string.
        default: what stands for a field that is empty or missing; None where that is an error.
    """

    dtype: np.dtype
    default: Any = None


@dataclass(frozen=True, eq=False)
class Csv(Node):
    """The records of files.

    Args:
        filenames: the files.
        columns: the columns that are wanted, in order.
        compression_type: "", "GZIP" or "ZLIB".
        chunk: how many bytes are read at a time.
        header: whether the first record of each file is left out.
        delimiter: the byte between fields.
        quotes: whether fields may be in quotes.
        na_value: the text that stands for a missing field, as empty ones do.
        selected: the numbers of the wanted columns, rising; empty for all.
        excluded: the numbers of those not wanted, rising.
        turns: how many files are read by turns; 1 for one after the other.
        file_seed: keys the order of the files, another one each epoch; None for the order given.
        skip_errors: whether records that cannot be read are left out.
    """

    filenames: tuple[str, ...]
    columns: tuple[CsvColumn, ...]
    compression_type: str = ""
    chunk: int = CHUNK
    header: bool = False
    delimiter: bytes = b","
    quotes: bool = True
    na_value: bytes = b""
    selected: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    turns: int = 1
    file_seed: int | None = None
    skip_errors: bool = False
    _counts: list[FileCounts] = field(default_factory=list, repr=False)

    name = "CsvDataset"

    @cached_property
    def indexed(self) -> bool:
        return False

    @property
    def streamed_because(self) -> str:
        return "where a record begins is known only by reading the records before it"

    def cardinality(self) -> int:
        return UNKNOWN_CARDINALITY

    @cached_property
    def treedef(self) -> Any:
        """The structure of a record: a tuple."""
        return flatten(tuple(range(len(self.columns))))[1]

    @cached_property
    def included(self) -> np.ndarray:
        """Which columns are wanted, as far as that is said."""
        included = np.full(max((*self.selected, *self.excluded), default=-1) + 1, not self.selected)
        included[list(self.selected)] = True
        included[list(self.excluded)] = False
        return included

    @property
    def rest(self) -> bool:
        """Whether the columns after those are wanted."""
        return not self.selected

    def spec(self) -> Any:
        return tuple(TensorSpec((), column.dtype) for column in self.columns)

    @property
    def counts(self) -> FileCounts:
        """How many records the files have."""
        if not self._counts:
            self._counts.append(FileCounts(self.filenames, "record", 0))
        return self._counts[0]

    def source_of(self, position: int, epoch: int, row: int | None = None) -> str:
        return self.counts.place(position) if self.turns == 1 and self.file_seed is None else ""

    def open(self, epoch: int, run: Run) -> Stream:
        files = range(len(self.filenames))
        if self.file_seed is not None:
            key = random.mix_all(self.file_seed, epoch)
            files = np.random.Generator(np.random.Philox(key=key)).permutation(len(files)).tolist()
        return FilesStream(files, lambda number: CsvReader(self, number), self.turns)


class CsvReader:
    """The records of one file.

    Args:
        node: the source.
        number: which file.
    """

    def __init__(self, node: Csv, number: int) -> None:
        from feedline.formats.byte_source import TextFile

        self._node = node
        self._number = number
        defaults = [column.default for column in node.columns if column.dtype == string and column.default]
        self._defaults = np.frombuffer(b"".join(defaults), np.uint8)
        self._file = TextFile(node.filenames[number], node.compression_type, node.chunk, len(self._defaults))
        self._buffer = np.empty(0, np.uint8)
        self._filled = 0
        self._position = 0
        self._line = 1
        self._records = 0
        self._header: bytes | None = None
        self._before_header = node.header
        self._held: Block | None = None
        self._faults: list[tuple[int, FeedlineError]] = []
        self._left_out: list[FeedlineError] = []
        self._left_out_count = 0

    def next_block(self, limit: int) -> Block | None:
        while True:
            if self._held is None and not self._read():
                return None
            block, faults = self._held, self._faults
            assert block is not None
            if faults and faults[0][0] == 0:
                error = faults.pop(0)[1]
                self._keep(block, 1)
                if not self._node.skip_errors:
                    raise error
                self._leave_out(error)
                continue
            count = min(limit, block.length, faults[0][0] if faults else block.length)
            if count == 0:
                self._held = None
                continue
            self._keep(block, count)
            return block if count == block.length else block.slice(0, count)

    def _keep(self, block: Block, start: int) -> None:
        """Keeps what comes after the first records for later."""
        self._held = block.slice(start, block.length) if start < block.length else None
        self._faults = [(row - start, error) for row, error in self._faults]

    def _leave_out(self, error: FeedlineError) -> None:
        self._left_out_count += 1
        if len(self._left_out) < 3:
            self._left_out.append(error)

    def _tell_left_out(self) -> None:
        if self._left_out_count:
            count, some = self._left_out_count, "\n".join(str(error) for error in self._left_out)
            warnings.warn(
                f"{count} record{'s' * (count > 1)} of {self._file.path} could not be read and "
                f"{'were' if count > 1 else 'was'} left out; the first:\n{some}",
                RuntimeWarning,
                stacklevel=2,
            )
            self._left_out_count = 0

    def _read(self) -> bool:
        """Reads the next records; says whether there are any."""
        while True:
            if self._position < self._filled or not self._file.ended:
                if self._before_header:
                    self._read_header()
                elif self._read_records():
                    return True
                if self._position < self._filled and not self._file.ended:
                    self._fill()
                elif self._position >= self._filled and not self._file.ended:
                    self._fill()
                continue
            error = self._file.take_failure(f"line {self._line} of {self._file.path}")
            if error is None and self._before_header:
                self._before_header = False
                error = self._error("the file is empty, but a header is expected.", 1, "Leave the file out.")
            if error is None:
                self._node.counts.note(self._number, self._records)
                self._tell_left_out()
                return False
            if not self._node.skip_errors:
                raise error
            self._leave_out(error)

    def _fill(self) -> None:
        """Reads on; what is not yet a whole record is kept."""
        tail = self._buffer[self._position : self._filled].copy()
        self._position = self._filled = 0
        self._buffer, self._filled = self._file.next_buffer(tail)
        self._buffer[len(self._buffer) - len(self._defaults) :] = self._defaults

    def close(self) -> None:
        self._tell_left_out()
        self._file.close()
        self._held = None
