"""make_csv_dataset: batches of the records of CSV files, as columns by name."""

from __future__ import annotations

import csv
import io
import itertools
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, cast

import numpy as np

from feedline import random
from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, CsvError, FileFormatError, nearest_name
from feedline.nodes.base import AUTOTUNE
from feedline.origin import user_origin
from feedline.readers.arguments import as_compression, as_turns
from feedline.readers.csv import as_columns, as_delimiter, as_text
from feedline.spec import float32, float64, int32, int64, string


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[int | str] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: str | None = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Dataset:
    """Returns the batches of the records of CSV files: a dict of columns, or (dict of columns, label).

    Args:
        file_pattern: a file, several, or glob patterns.
        batch_size: how many records a batch has. Batches are all full where `num_epochs` is None.
        column_names: the names of the columns; None to take them from the first line of each file.
        column_defaults: for each wanted column its default, or its dtype where a missing field is an error; None to
            take the dtypes from the first records (int32, int64, float32, float64 or string, the first that fits),
            with the defaults 0 and b"".
        label_name: the column that is the label; None for none.
        select_columns: the names or numbers of the wanted columns; None for all.
        field_delim: the character between fields.
        use_quote_delim: whether fields may be in quotes.
        na_value: a text that stands for a missing field, as empty ones do.
        header: whether the first line of each file holds the names of the columns.
        num_epochs: how often the records are gone through; None for ever.
        shuffle: whether files and records come in a random order.
        shuffle_buffer_size: how many records the buffer of the shuffle holds.
        shuffle_seed: the seed of that order.
        prefetch_buffer_size: how many batches are made ready ahead; None for `AUTOTUNE`.
        num_parallel_reads: how many files are read by turns; None or `AUTOTUNE` for one after the other.
        sloppy: not used; the order is the same each time.
        num_rows_for_inference: how many records are looked at for the dtypes; None for all.
        compression_type: None, "GZIP" or "ZLIB".
        ignore_errors: whether records that cannot be read are left out; each file's are told in a warning.
        encoding: how the text is encoded, of which the names and dtypes are learnt.

    Raises:
        NoFilesError: no file matches a pattern.
        MissingFileError: a file does not exist.
        ArgumentError: an argument cannot work.
        CsvError: a file's names differ from those of the others, or a record has another number of fields; or, while
            running, a record cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "fruit.csv"
        >>> _ = path.write_text("name,grams,ripe\\napple,150,1\\nplum,32.5,0\\n")
        >>> ds = fl.experimental.make_csv_dataset(path, 2, label_name="ripe", num_epochs=1, shuffle=False)
        >>> for features, label in ds:
        ...     print(features["name"], features["grams"], label)
        [b'apple' b'plum'] [150.   32.5] [1 0]
    """
    from feedline.sources.csv import Csv, CsvColumn
    from feedline.sources.files import existing_files

    files = sorted(existing_files(file_pattern))
    compression = as_compression(compression_type)
    text = _CsvText(files, as_delimiter(field_delim).decode(), bool(use_quote_delim), compression, encoding)
    if column_names is None:
        if not header:
            raise ArgumentError("the columns have no names.", fix="Give column_names, or header=True.")
        names = text.names()
    else:
        names = [str(name) for name in column_names]
    _check_distinct(names)
    selected = None if select_columns is None else _selected(select_columns, names)
    if column_defaults is not None:
        columns = as_columns(column_defaults, "column_defaults")
    else:
        dtypes = text.dtypes(len(names), selected, na_value, bool(header), num_rows_for_inference)
        columns = tuple(CsvColumn(dtype, b"" if dtype == string else dtype.type(0)) for dtype in dtypes)
    wanted = len(names) if selected is None else len(selected)
    if len(columns) != wanted:
        raise ArgumentError(
            f"column_defaults has {len(columns)} columns where {wanted} are wanted.",
            fix="Give a default or a dtype for each wanted column.",
        )
    if selected is not None:
        names = [names[number] for number in selected]
    if label_name is not None and label_name not in names:
        raise ArgumentError(f"there is no column {label_name!r} to be the label.", fix=_like(label_name, names))
    epochs = None if num_epochs is None else whole_number(num_epochs, "num_epochs", least=-1)
    seed = None if shuffle_seed is None else whole_number(shuffle_seed, "shuffle_seed")
    file_seed = (random.fresh_seed() if seed is None else seed) if shuffle and len(files) > 1 else None
    node = Csv(
        (),
        user_origin(),
        tuple(files),
        columns,
        compression,
        header=bool(header),
        delimiter=as_delimiter(field_delim),
        quotes=bool(use_quote_delim),
        na_value=as_text(na_value, "na_value"),
        selected=tuple(selected or ()),
        turns=as_turns(num_parallel_reads),
        file_seed=file_seed,
        skip_errors=bool(ignore_errors),
    )
    dataset = Dataset(node)
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, seed)
    if epochs != 1:
        dataset = dataset.repeat(epochs)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)
    dataset = dataset.map(_Named(tuple(names), label_name))
    return dataset.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)


class _Named:
    """Gives the columns of a record their names.

    Args:
        names: of the columns.
        label: the name of the label, None for none.
    """

    __name__ = "name_columns"

    def __init__(self, names: tuple[str, ...], label: str | None) -> None:
        self._names = names
        self._label = label

    def __call__(self, *columns: Any) -> Any:
        features = OrderedDict(zip(self._names, columns, strict=True))
        if self._label is None:
            return features
        label = features.pop(self._label)
        return features, label


def _check_distinct(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"several columns have the name {twice[0]!r}.", fix="Give column_names, each another one.")


def _like(name: Any, names: list[str]) -> str:
    nearest = nearest_name(str(name), names)
    return f"Did you mean {nearest!r}?" if nearest else f"The columns are {', '.join(map(repr, names))}."


def _selected(columns: Sequence[int | str], names: list[str]) -> list[int]:
    """Returns the numbers of columns that are given by name or number, rising."""
    numbers = []
    for column in columns:
        if isinstance(column, int | np.integer) and not isinstance(column, bool):
            if not 0 <= column < len(names):
                raise ArgumentError(
                    f"select_columns has the column {column}; there are {len(names)}.",
                    fix=f"Give numbers from 0 to {len(names) - 1}.",
                )
            numbers.append(int(column))
        elif column in names:
            numbers.append(names.index(column))
        else:
            raise ArgumentError(f"select_columns has {column!r:.60}, which is no column.", fix=_like(column, names))
    if len(set(numbers)) != len(numbers):
        raise ArgumentError("select_columns has a column twice.", fix="Give each column once.")
    if not numbers:
        raise ArgumentError("select_columns is empty.", fix="Give at least one column, or None for all.")
    return sorted(numbers)


class _CsvText:
    """The text of CSV files, from which names and dtypes of columns are learnt.

    Args:
        files: the files.
        delimiter: the character between fields.
        quotes: whether fields may be in quotes.
        compression: "", "GZIP" or "ZLIB".
        encoding: how the text is encoded.
    """

    def __init__(self, files: list[str], delimiter: str, quotes: bool, compression: str, encoding: str) -> None:
        self._files = files
        self._delimiter = delimiter
        self._quotes = quotes
        self._compression = compression
        self._encoding = encoding

    def _rows(self, path: str) -> Iterator[list[str]]:
        """Gives the records of a file."""
        with self._open(path) as file:
            reader = csv.reader(
                file, delimiter=self._delimiter, quoting=csv.QUOTE_MINIMAL if self._quotes else csv.QUOTE_NONE
            )
            while True:
                try:
                    row = next(reader, None)
                except (csv.Error, UnicodeDecodeError, OSError, EOFError, zlib.error) as error:
                    raise FileFormatError(
                        f"the file cannot be read as text: {error}.",
                        where=[f"line {reader.line_num + 1} of {path}"],
                        fix="Give the right encoding and compression_type; or column_names and column_defaults.",
                    ) from error
                if row is None:
                    return
                yield row

    def _open(self, path: str) -> io.TextIOBase:
        from feedline.formats.open_file import open_stream

        stream, _ = open_stream(path)
        if self._compression == "GZIP":
            import gzip

            stream = cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        elif self._compression == "ZLIB":
            with stream:
                stream = io.BytesIO(zlib.decompress(stream.read()))
        return io.TextIOWrapper(io.BufferedReader(cast(io.RawIOBase, stream)), encoding=self._encoding, newline="")

    def names(self) -> list[str]:
        """Returns the names in the first lines of the files.

        Raises:
            CsvError: a file is empty, or has other names than the first one.
        """
        first: list[str] = []
        for path in self._files:
            names = next(self._rows(path), None)
            if names is None:
                raise CsvError(
                    "the file is empty, but its first line is to hold the names of the columns.",
                    where=[path],
                    fix="Leave the file out, or give column_names.",
                )
            if first and names != first:
                raise CsvError(
                    f"the file has the columns {names}, others before it have {first}.",
                    where=[path],
                    fix="Give files with the same columns, or column_names and header=True.",
                )
            first = names
        return first

    def dtypes(
        self, columns: int, selected: list[int] | None, na_value: str, header: bool, most: int | None
    ) -> list[np.dtype]:
        """Returns the dtypes that hold what the first records have in their columns.

        Args:
            columns: how many there are.
            selected: those that are wanted, None for all.
            na_value: the text of a missing field.
            header: whether the first line of each file holds names.
            most: how many records are looked at, None for all.

        Raises:
            CsvError: a record has another number of fields.
        """
        wanted = range(columns) if selected is None else selected
        ranks = [-1] * len(wanted)
        for row in itertools.islice(self._data_rows(columns, header), most):
            for output, column in enumerate(wanted):
                if row[column] not in ("", na_value):
                    ranks[output] = _rank_of(row[column], max(0, ranks[output]))
        return [string if rank < 0 else _DTYPES[rank] for rank in ranks]

    def _data_rows(self, columns: int, header: bool) -> Iterator[list[str]]:
        for path in self._files:
            for number, row in enumerate(self._rows(path)):
                if number == 0 and header:
                    continue
                if len(row) != columns:
                    raise CsvError(
                        f"the record has {len(row)} fields where {columns} are expected.",
                        where=[f"record {number} of {path}"],
                        fix="Mend the file; or give column_defaults, and ignore_errors=True to leave such records out.",
                    )
                yield row


def _rank_of(text: str, least: int) -> int:
    """Returns the number of the first dtype, from `least` on, that holds what a text says."""
    return next(rank for rank in range(least, len(_DTYPES)) if _HOLDS[rank](text))


def _is_integer(bits: int) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        try:
            return -(1 << bits - 1) <= int(text) < 1 << bits - 1
        except ValueError:
            return False

    return holds


def _is_float(dtype: np.dtype) -> Callable[[str], bool]:
    def holds(text: str) -> bool:
        try:
            with np.errstate(over="ignore"):
                return bool(dtype.type(float(text)) < np.inf)
        except ValueError:
            return False

    return holds


_DTYPES = (int32, int64, float32, float64, string)
_HOLDS = (_is_integer(32), _is_integer(64), _is_float(float32), _is_float(float64), lambda text: True)
