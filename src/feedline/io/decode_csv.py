"""`decode_csv`: lines of comma-separated values to one array a column.

The grammar is RFC 4180's, with TensorFlow's reading of it: line ends before a field do not count, and elsewhere stand
only in quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedline.array_ops import as_array
from feedline.errors import ArgumentError, CsvError, DtypeError, ShapeError
from feedline.io.strings_given import as_strings, as_text
from feedline.spec import dtype_name, string

_DTYPES = tuple(np.dtype(name) for name in ("float32", "float64", "int32", "int64"))
_QUOTE_FIX = "Write a quote inside a quoted field twice, or give use_quote_delim=False."


@dataclass(frozen=True)
class _Column:
    """A column that is wanted; without a default it must be there."""

    dtype: np.dtype
    default: Any


def decode_csv(
    records: Any,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
    name: str | None = None,
) -> list[Any]:
    """Parses lines of comma-separated values.

    Args:
        records: one line as `bytes`, or an array of them of any shape; each without its line end.
        record_defaults: a value for each column, or a list of one: its dtype (float32, float64, int32, int64 or string)
            is the column's, and it stands for fields that are empty. An empty array of a dtype, such as
            `np.zeros(0, "int64")`, makes empty fields of that column an error.
        field_delim: the character between fields.
        use_quote_delim: whether fields may be in quotes.
        na_value: a text that stands for a missing field, as an empty one does.
        select_cols: the numbers of the wanted columns, rising; all of them by default.
        name: not used.

    Returns:
        A list of one array for each column, of the shape of `records`.

    Raises:
        CsvError: a line has another number of fields, or one that cannot be read.
        ArgumentError: an argument cannot work.
        DtypeError: a default is of another dtype, or `records` holds no strings.

    Example:
        >>> decode_csv([b"1,Ada,0.5", b"2,,"], [0, "nobody", np.zeros((), "float64")])
        [array([1, 2], dtype=int32), array([b'Ada', b'nobody'], dtype=object), array([0.5, 0. ])]
    """
    columns = _columns(record_defaults)
    delimiter, missing = _delimiter(field_delim), as_text(na_value, "na_value")
    selected = _selected(select_cols, len(columns))
    lines = as_strings(records, "decode_csv")
    fields: list[list[bytes]] = []
    for row, line in enumerate(lines.reshape(-1).tolist()):
        try:
            found = _fields(line, delimiter, bool(use_quote_delim), selected)
            if len(found) != len(columns):
                which = "of the selected fields" if selected else "fields"
                raise CsvError(
                    f"the line has {len(found)} {which}, where {len(columns)} are expected.",
                    fix="Mend the line, or give record_defaults for the columns that it has.",
                )
        except CsvError as error:
            raise _at_line(error, row, lines.ndim) from None
        fields.append(found)
    texts = list(zip(*fields, strict=True)) if fields else [()] * len(columns)
    results: list[Any] = [None] * len(columns)
    for dtype in dict.fromkeys(column.dtype for column in columns):
        # All columns of a dtype are read at once: a line of ten numbers is one call, not ten.
        chosen = [number for number, column in enumerate(columns) if column.dtype == dtype]
        read = _Texts([text for number in chosen for text in texts[number]], dtype, missing)
        for place, number in enumerate(chosen):
            part = slice(place * len(fields), (place + 1) * len(fields))
            values = read.column(part, columns[number], selected[number] if selected else number, lines.ndim)
            results[number] = values.reshape(lines.shape)[()]
    return results


def _columns(defaults: Any) -> list[_Column]:
    if isinstance(defaults, str | bytes | dict) or not isinstance(defaults, Sequence | np.ndarray) or not len(defaults):
        raise ArgumentError(
            f"record_defaults is {defaults!r:.60}.", fix="Give a list: a default value for each column."
        )
    columns = []
    for number, default in enumerate(defaults):
        array = as_array(default.numpy() if hasattr(default, "numpy") else default, f"record_defaults[{number}]")
        if isinstance(default, list | tuple) and not default:
            array = array.astype(np.float32)  # TensorFlow's dtype of what holds nothing
        if array.ndim > 1 or array.size > 1:
            raise ShapeError(
                f"record_defaults[{number}] has the shape {array.shape}.",
                fix="Give one value, or an empty array where a value is required.",
            )
        dtype = string if array.dtype.kind in "SUO" else array.dtype
        if dtype not in (*_DTYPES, string):
            raise DtypeError(
                f"record_defaults[{number}] is {dtype_name(dtype)}, which is not read from text.",
                fix="Use float32, float64, int32, int64 or string, and cast the result.",
            )
        value = array.reshape(-1)[0] if array.size else None
        columns.append(_Column(dtype, as_text(value, "a default") if array.size and dtype == string else value))
    return columns


def _delimiter(field_delim: Any) -> bytes:
    delimiter = as_text(field_delim, "field_delim")
    if len(delimiter) != 1:
        raise ArgumentError(
            f"field_delim is {field_delim!r}, which is {len(delimiter)} bytes.", fix='Give one character, such as ",".'
        )
    return delimiter


def _selected(select_cols: Any, columns: int) -> list[int]:
    if select_cols is None:
        return []
    chosen = np.asarray(select_cols).tolist()
    whole = isinstance(chosen, list) and all(type(one) is int and one >= 0 for one in chosen)
    if not whole or sorted(set(chosen)) != chosen or len(chosen) != columns:
        raise ArgumentError(
            f"select_cols is {select_cols!r} for {columns} record_defaults.",
            fix="Give the numbers of the wanted columns in rising order, as many as there are record_defaults.",
        )
    return chosen


def _fields(line: bytes, delimiter: bytes, quotes: bool, selected: list[int]) -> list[bytes]:
    """Returns the fields of a line that are wanted."""
    if b"\n" not in line and b"\r" not in line and not (quotes and b'"' in line):
        fields = line.split(delimiter) if line else []
    else:
        fields = _odd_fields(line, delimiter, quotes, selected[-1] + 1 if selected else len(line) + 1)
    return [fields[number] for number in selected if number < len(fields)] if selected else fields


def _odd_fields(line: bytes, delimiter: bytes, quotes: bool, most: int) -> list[bytes]:
    """Returns the fields of a line that has quotes or line ends; what comes after the first `most` is not looked at."""
    fields: list[bytes] = []
    place = 0
    while place < len(line) and len(fields) < most:
        if line[place : place + 1] in (b"\n", b"\r"):
            place += 1
        elif quotes and line[place : place + 1] == b'"':
            field, place = _quoted(line, place + 1, delimiter)
            fields.append(field)
        else:
            end = line.find(delimiter, place)
            field = line[place:] if end < 0 else line[place:end]
            if b"\n" in field or b"\r" in field or (quotes and b'"' in field):
                raise CsvError(
                    f"the field {field!r:.80} has a quote or a line end inside, but does not begin with a quote.",
                    fix="Strip the line ends, and write such fields in quotes; or give use_quote_delim=False.",
                )
            fields.append(field)
            place += len(field) + 1
    if len(fields) < most and line.endswith(delimiter):
        fields.append(b"")
    return fields


def _quoted(line: bytes, start: int, delimiter: bytes) -> tuple[bytes, int]:
    """Returns the field in quotes whose text begins at `start`, and where the next begins."""
    parts, place = [], start
    while True:
        end = line.find(b'"', place)
        if end < 0:
            raise CsvError("a field begins with a quote and never ends.", fix=_QUOTE_FIX)
        parts.append(line[place:end])
        after = line[end + 1 : end + 2]
        if after in (b"", delimiter):
            return b"".join(parts), end + 2
        if after != b'"':
            raise CsvError("a quote inside a quoted field is neither doubled nor its end.", fix=_QUOTE_FIX)
        parts.append(b'"')
        place = end + 2


class _Texts:
    """The fields of all columns of one dtype, one column after the other, and the values that they stand for.

    Args:
        texts: the fields.
        dtype: what they are read as.
        missing: a text that stands for a missing field, as an empty one does.
    """

    def __init__(self, texts: list[bytes], dtype: np.dtype, missing: bytes) -> None:
        self._texts = texts
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._absent = lengths == 0
        if missing:
            self._absent |= np.fromiter((text == missing for text in texts), bool, len(texts))
        self._wrong = np.zeros(len(texts), bool)
        if dtype == string:
            self._values = np.empty(len(texts), object)
            self._values[:] = texts
        else:
            from feedline.formats.number_text import read_numbers

            buffer = np.frombuffer(bytearray(b"".join(texts)), np.uint8)
            starts = np.cumsum(lengths) - lengths
            self._values, self._wrong = read_numbers(buffer, starts, lengths, ~self._absent, dtype)

    def column(self, part: slice, column: _Column, number: int, rank: int) -> np.ndarray:
        """Returns the values of one column.

        Args:
            part: which of the fields are the column's.
            column: the column.
            number: its number in the line.
            rank: how many dimensions the lines have.
        """
        values, absent, wrong = self._values[part], self._absent[part], self._wrong[part]
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            text = self._texts[part][row].decode(errors="replace")
            error = CsvError(
                f"field {number}, {text!r:.80}, is not a number that {dtype_name(column.dtype)} can hold.",
                fix="Mend the line, or give the column a default of another dtype; na_value names a text for missing "
                "values.",
            )
            raise _at_line(error, row, rank)
        if absent.any():
            if column.default is None:
                error = CsvError(
                    f"field {number} is empty, and its column has no default.", fix="Give a value in record_defaults."
                )
                raise _at_line(error, int(np.flatnonzero(absent)[0]), rank)
            values[absent] = column.default
        return values


def _at_line(error: CsvError, row: int, rank: int) -> CsvError:
    """Returns an error with the number of its line, where there are several."""
    if rank:
        error.row = row
        error.add_where(f"line {row} of the batch")
    return error
