"""CsvDataset."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedline.dataset import Dataset
from feedline.dataset.base import whole_number
from feedline.errors import ArgumentError, DtypeError
from feedline.origin import user_origin
from feedline.readers.arguments import as_chunk, as_compression, as_files
from feedline.spec import as_dtype, dtype_name, float32, float64, int32, int64, string
from feedline.structure import as_component, component_dtype

if TYPE_CHECKING:
    from feedline.sources.csv import CsvColumn

DTYPES = (float32, float64, int32, int64, string)


class CsvDataset(Dataset):
    """The records of CSV files: a tuple of one scalar for each column that is wanted.

    This is `tf.data.experimental.CsvDataset`. Records end with a line feed, a carriage return, or both; a quoted field
    may hold delimiters, line ends and doubled quotes (RFC 4180). White space around numbers does not count.

    Args:
        filenames: a file, several, glob patterns, or a dataset of names, which is read once, here.
        record_defaults: for each wanted column its default, a scalar or an array of one value; or its dtype (int32,
            int64, float32, float64 or string), or an empty array, where a missing field is an error.
        compression_type: None, "GZIP" or "ZLIB".
        buffer_size: how many bytes are read at a time; None for 1 MB.
        header: whether the first record of each file is left out.
        field_delim: the character between fields.
        use_quote_delim: whether fields may be in quotes; if not, a quote is a character like others.
        na_value: a text that stands for a missing field, as empty ones do.
        select_cols: the numbers of the wanted columns, from 0, rising; None for all.
        exclude_cols: the numbers of the columns that are not wanted, rising.

    Raises:
        ArgumentError: an argument cannot work.
        DtypeError: a dtype cannot be read from text.
        MissingFileError: a file does not exist.
        NoFilesError: a pattern matches nothing.
        CsvError: while running: a record has too few or too many fields, or one that cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> import feedline as fl
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "prices.csv"
        >>> _ = path.write_text('name,price\\nbread,2.5\\n"cake, small",\\n')
        >>> [(name, float(price)) for name, price in fl.CsvDataset(path, [fl.string, 0.0], header=True)]
        [(b'bread', 2.5), (b'cake, small', 0.0)]
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Sequence[Any],
        compression_type: str | None = None,
        buffer_size: int | None = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Sequence[int] | None = None,
        exclude_cols: Sequence[int] | None = None,
    ) -> None:
        from feedline.sources.csv import CHUNK, Csv

        columns = as_columns(record_defaults, "record_defaults")
        selected = _rising(select_cols, "select_cols")
        excluded = _rising(exclude_cols, "exclude_cols")
        if selected and excluded:
            raise ArgumentError("select_cols and exclude_cols are both given.", fix="Give one of them.")
        if selected and len(selected) != len(columns):
            raise ArgumentError(
                f"select_cols has {len(selected)} columns and record_defaults has {len(columns)}.",
                fix="Give a default or a dtype for each selected column.",
            )
        node = Csv(
            (), user_origin(), as_files(filenames, nested=False), columns, as_compression(compression_type),
            as_chunk(buffer_size, CHUNK, least=1), bool(header), as_delimiter(field_delim), bool(use_quote_delim),
            as_text(na_value, "na_value"), selected, excluded,
        )  # fmt: skip
        super().__init__(node)


def as_columns(defaults: Any, argument: str) -> tuple[CsvColumn, ...]:
    """Returns the columns that a list of defaults and dtypes describes.

    Args:
        defaults: the list.
        argument: how the user knows it.

    Raises:
        ArgumentError: there are none, or a default has several values.
        DtypeError: a dtype cannot be read from text.
    """
    if isinstance(defaults, str | bytes | dict) or not isinstance(defaults, Sequence | np.ndarray):
        raise ArgumentError(
            f"{argument} is {defaults!r:.60}.", fix="Give a list: a dtype or a default for each column."
        )
    if len(defaults) == 0:
        raise ArgumentError(f"{argument} is empty.", fix="Give a dtype or a default for each column.")
    return tuple(_column(value, f"{argument}[{number}]") for number, value in enumerate(defaults))


def _column(value: Any, name: str) -> CsvColumn:
    from feedline.sources.csv import CsvColumn

    dtype = _dtype_given(value)
    if dtype is not None:
        return CsvColumn(_checked(dtype, name))
    component = as_component(value)
    dtype = _checked(component_dtype(component), name)
    values = np.asarray(component, dtype).reshape(-1) if np.ndim(component) <= 1 else None
    if values is None or len(values) > 1:
        raise ArgumentError(
            f"{name} is an array of shape {np.shape(component)}.", fix="Give one value, or none where it is required."
        )
    return CsvColumn(dtype, values[0] if len(values) else None)


def _dtype_given(value: Any) -> np.dtype | None:
    """Returns the dtype where a dtype was given, and None where a value was."""
    if value is float:
        return float32  # as in TensorFlow
    if isinstance(value, str):
        return as_dtype(value) if value in {dtype_name(dtype) for dtype in DTYPES} else None
    if isinstance(value, np.dtype | type) or hasattr(value, "as_numpy_dtype"):
        return as_dtype(value)
    return None


def _checked(dtype: np.dtype, name: str) -> np.dtype:
    if dtype not in DTYPES:
        raise DtypeError(
            f"{name} is {dtype_name(dtype)}, which is not read from CSV.",
            fix="Use float32, float64, int32, int64 or string; cast in map().",
        )
    return dtype


def _rising(columns: Any, name: str) -> tuple[int, ...]:
    if columns is None:
        return ()
    numbers = tuple(whole_number(column, f"a column of {name}", least=0) for column in np.asarray(columns).tolist())
    if any(second <= first for first, second in itertools.pairwise(numbers)):
        raise ArgumentError(
            f"{name} is {list(numbers)}.", fix="Give the numbers of columns in rising order, each once."
        )
    if numbers and numbers[-1] >= 1 << 20:
        raise ArgumentError(f"{name} has the column {numbers[-1]}.", fix="Give the numbers of columns that there are.")
    return numbers


def as_text(value: Any, name: str) -> bytes:
    """Returns an argument that is text as bytes.

    Raises:
        ArgumentError: it is not text.
    """
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise ArgumentError(f"{name} is {value!r:.60}, which is not text.", fix="Give a str.")


def as_delimiter(field_delim: Any) -> bytes:
    """Returns the byte between fields.

    Raises:
        ArgumentError: it is not one byte.
    """
    delimiter = as_text(field_delim, "field_delim")
    if len(delimiter) != 1:
        raise ArgumentError(
            f"field_delim is {field_delim!r}, which is {len(delimiter)} bytes.", fix='Give one character, such as ",".'
        )
    return delimiter
