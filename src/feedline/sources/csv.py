"""CsvDataset: the records of CSV files, their fields as numbers and text.

The grammar, the numbers that are read and the order of all things are those of `tf.data.experimental.CsvDataset`.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline import random
from feedline.block import Block
from feedline.errors import CsvError, FeedlineError
from feedline.formats.number_text import read_numbers
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
        self._texts = np.frombuffer(b"".join(self._default_texts()), np.uint8)
        self._file = TextFile(node.filenames[number], node.compression_type, node.chunk, len(self._texts))
        self._buffer = np.empty(0, np.uint8)
        self._filled = 0
        self._position = 0
        self._line = 1
        self._header = b""
        self._held: Block | None = None
        self._left_out: list[FeedlineError] = []
        self._left_out_count = 0
        self._items = self._read()

    def _default_texts(self) -> list[bytes]:
        return [column.default or b"" for column in self._node.columns if column.dtype == string]

    def next_block(self, limit: int) -> Block | None:
        block = self._held
        while block is None:
            item = next(self._items, None)
            if item is None:
                return None
            if isinstance(item, FeedlineError):
                raise item
            block = item
        self._held = block.slice(limit, block.length) if limit < block.length else None
        return block.slice(0, limit) if limit < block.length else block

    def _read(self) -> Iterator[Block | FeedlineError]:
        """Gives what the file holds: blocks of records, and errors in place of those that cannot be read."""
        if self._node.header:
            error = self._skip_header()
            if error is not None and self._is_told(error):
                yield error
        records = 0
        while True:
            found = self._split(self._node.included, self._node.rest, len(self._node.columns))
            if found.count:
                records += found.count
                yield from self._parse(found)
            elif self._file.ended:
                break
            else:
                self._fill()
        error = self._file.take_failure(f"line {self._line} of {self._file.path}")
        if error is not None and self._is_told(error):
            yield error
        self._node.counts.note(self._number, records)
        self._warn_of_left_out()

    def _fill(self) -> None:
        """Reads on; what is not yet a whole record is kept."""
        tail = self._buffer[self._position : self._filled].copy()
        self._buffer, self._filled = self._file.next_buffer(tail)
        self._position = 0
        self._buffer[len(self._buffer) - len(self._texts) :] = self._texts

    def _split(self, included: np.ndarray, rest: bool, outputs: int, most: int = _MOST_RECORDS) -> _Found:
        """Finds the next whole records of what is at hand, and moves on behind them."""
        from feedline.kernels.csv_fields import split_records

        found = _Found(outputs, max(1, min(most, _MOST_FIELDS // max(1, outputs))))
        ended = self._file.ended and self._file.failure is None
        found.count, self._position, self._line = split_records(
            self._buffer, self._filled, self._position, ended, ord(self._node.delimiter), self._node.quotes,
            included, rest, self._line,
            found.starts, found.lengths, found.doubled, found.begins, found.lines, found.codes, found.columns,
        )  # fmt: skip
        return found

    def _skip_header(self) -> FeedlineError | None:
        while True:
            found = self._split(np.empty(0, np.bool_), False, 0, 1)
            if found.count:
                break
            if self._file.ended:
                if self._file.failure is not None:
                    return None  # told when the rest of the file is read
                what = "the file is empty, but its first line is to be a header."
                return csv_error(what, f"line 1 of {self._file.path}", "Leave the file out, or give header=False.")
            self._fill()
        self._header = self._buffer[int(found.begins[0]) : self._position].tobytes()
        return self._fault(found, 0) if found.codes[0] else None

    def _parse(self, found: _Found) -> Iterator[Block | FeedlineError]:
        from feedline.kernels.csv_fields import undouble_quotes

        count = found.count
        columns = []
        for output, column in enumerate(self._node.columns):
            starts, lengths = found.starts[output, :count], found.lengths[output, :count]
            good = found.codes[:count] == 0
            starts[~good] = lengths[~good] = 0  # what is not there is not set
            doubled = found.doubled[output, :count] & good
            if doubled.any():
                undouble_quotes(self._buffer, starts, lengths, doubled)
            columns.append(self._column(output, column, starts, lengths, good, found))
        block = Block(count, columns, self._node.treedef)
        bad = np.flatnonzero(found.codes[:count])
        if len(bad) == 0:
            yield block
            return
        if self._node.skip_errors:
            for row in bad[:3].tolist():
                self._is_told(self._fault(found, row))
            self._left_out_count += max(0, len(bad) - 3)
            if len(bad) < count:
                yield block.take(np.flatnonzero(found.codes[:count] == 0))
            return
        start = 0
        for row in bad.tolist():
            if start < row:
                yield block.slice(start, row)
            yield self._fault(found, row)
            start = row + 1
        if start < count:
            yield block.slice(start, count)

    def _column(
        self, output: int, column: CsvColumn, starts: np.ndarray, lengths: np.ndarray, good: np.ndarray, found: _Found
    ) -> Any:
        """Returns the values of a column; notes which records have none that can be read."""
        from feedline.kernels import csv_fields

        na_value = np.frombuffer(self._node.na_value, np.uint8)
        missing = csv_fields.find_missing(self._buffer, starts, lengths, na_value) & good
        codes, columns = found.codes[: len(starts)], found.columns[: len(starts)]
        if column.default is None and missing.any():
            codes[missing], columns[missing] = csv_fields.MISSING, output
        if column.dtype == string:
            if column.default is not None and missing.any():
                number = sum(other.dtype == string for other in self._node.columns[:output])
                before = sum(map(len, self._default_texts()[:number]))
                starts[missing] = len(self._buffer) - len(self._texts) + before
                lengths[missing] = len(column.default)
            return PackedStrings(self._buffer, starts, lengths)
        values, wrong = read_numbers(self._buffer, starts, lengths, good & ~missing, column.dtype)
        codes[wrong], columns[wrong] = csv_fields.INVALID, output
        if column.default is not None:
            values[missing] = column.default
        return values

    def _fault(self, found: _Found, row: int) -> FeedlineError:
        """Returns the error for a record."""
        from feedline.kernels import csv_fields as kernels

        code, number = int(found.codes[row]), int(found.columns[row])
        wanted = len(self._node.columns)
        if code in (kernels.TOO_FEW, kernels.TOO_MANY):
            which = "wanted fields" if self._node.selected or self._node.excluded else "fields"
            what = f"the record has {number} {which} where {wanted} are expected."
            fix = "Mend the file, or give record_defaults for the columns that it has."
        elif code == kernels.UNCLOSED:
            what, fix = "a field begins with a quote and never ends: the file ends before.", _QUOTE_FIX
        elif code == kernels.BARE_QUOTE:
            what, fix = "a quote inside a quoted field is neither doubled nor its end.", _QUOTE_FIX
        elif code == kernels.QUOTE_IN_FIELD:
            what, fix = "a field that does not begin with a quote has one inside.", _QUOTE_FIX
        else:
            dtype = dtype_name(self._node.columns[number].dtype)
            start = int(found.starts[number, row])
            text = self._buffer[start : start + int(found.lengths[number, row])].tobytes().decode(errors="replace")
            number = self._file_column(number)
            if code == kernels.MISSING:
                what = f"the field is {'empty' if not text else repr(text)}, and its column has no default."
                fix = f"Give the column a default, such as np.{dtype}(0), in place of its dtype."
            else:
                what = f"the field {text!r:.80} is not a number that {dtype} can hold."
                fix = "Mend the file, or give the column another dtype; na_value names a text for missing values."
        place = f"line {found.lines[row]} of {self._file.path}"
        if code not in (kernels.TOO_FEW, kernels.TOO_MANY):
            place = f"column {number}{self._name_of(number)} of {place}"
        return csv_error(what, place, fix)

    def _file_column(self, output: int) -> int:
        """Returns the number that a wanted column has in the file."""
        if self._node.selected:
            return self._node.selected[output]
        for excluded in self._node.excluded:
            output += excluded <= output
        return output

    def _name_of(self, column: int) -> str:
        if not self._header:
            return " (from 0)"
        delimiter = self._node.delimiter.decode("latin-1")
        text = self._header.decode("latin-1")
        try:
            names = next(csv.reader([text], delimiter=delimiter))
        except (csv.Error, TypeError, StopIteration):
            return ""
        return f" ({names[column].encode('latin-1').decode(errors='replace')!r})" if column < len(names) else ""

    def _is_told(self, error: FeedlineError) -> bool:
        """Says whether an error is to be raised; where errors are skipped, it is noted instead."""
        if self._node.skip_errors:
            self._left_out_count += 1
            if len(self._left_out) < 3:
                self._left_out.append(error)
        return not self._node.skip_errors

    def _warn_of_left_out(self) -> None:
        count, self._left_out_count = self._left_out_count, 0
        if count:
            several = "records" if count > 1 else "record"
            some = "\n".join(str(error) for error in self._left_out)
            warnings.warn(
                f"left out of {self._file.path}: {count} {several} that cannot be read, such as:\n{some}",
                RuntimeWarning,
                stacklevel=2,
            )

    def close(self) -> None:
        self._warn_of_left_out()
        self._file.close()
        self._held = None


_QUOTE_FIX = "Mend the file: a quote inside a quoted field is written twice; or give use_quote_delim=False."


class _Found:
    """The records that were found in a buffer; arguments as of `feedline.kernels.csv_fields.split_records`."""

    def __init__(self, outputs: int, most: int) -> None:
        self.count = 0
        self.starts = np.empty((outputs, most), np.int64)
        self.lengths = np.empty((outputs, most), np.int64)
        self.doubled = np.empty((outputs, most), np.bool_)
        self.begins, self.lines, self.codes, self.columns = np.empty((4, most), np.int64)


def csv_error(what: str, place: str, fix: str) -> CsvError:
    """Returns the error for a record."""
    return CsvError(what, where=[place], fix=fix)
