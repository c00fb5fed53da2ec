"""SqlDataset: the rows that a query to a SQLite database gives."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import numpy as np

from feedline.dataset import Dataset
from feedline.errors import ArgumentError, DtypeError, FileFormatError, MissingFileError
from feedline.sources.files import path_text
from feedline.spec import TensorSpec, as_dtype, dtype_name, string
from feedline.structure import flatten

_DTYPES = ("string", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool", "float64")


class SqlDataset(Dataset):
    """The rows that a query to a SQLite database gives; each epoch asks anew.

    Other databases are read with their own package in `Dataset.from_generator`.

    Args:
        driver_name: "sqlite".
        data_source_name: the database's file.
        query: the query.
        output_types: the dtype of each column, as a tuple: string, bool, float64 or integers of up to 64 bits.

    Raises:
        ArgumentError: there is no such driver, or dtype.
        MissingFileError: the file does not exist.
        FileFormatError: while running: the file is no database, or the query fails.
        DtypeError: while running: a value is NULL, or not of its column's dtype.

    Example:
        >>> import pathlib, sqlite3, tempfile
        >>> import feedline as fl
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "fruit.db"
        >>> with sqlite3.connect(path) as connection:
        ...     _ = connection.execute("CREATE TABLE fruit (name TEXT, grams INTEGER)")
        ...     _ = connection.execute("INSERT INTO fruit VALUES ('apple', 150), ('plum', 33)")
        >>> ds = fl.experimental.SqlDataset("sqlite", path, "SELECT name, grams FROM fruit", ("string", "int32"))
        >>> [(name, int(grams)) for name, grams in ds]
        [(b'apple', 150), (b'plum', 33)]
    """

    def __init__(self, driver_name: Any, data_source_name: Any, query: Any, output_types: Any) -> None:
        if driver_name not in ("sqlite", b"sqlite"):
            raise ArgumentError(
                f"driver_name is {driver_name!r:.60}.",
                fix='Give "sqlite"; other databases are read with their own package in Dataset.from_generator.',
            )
        leaves, treedef = flatten(output_types)
        dtypes = [as_dtype(leaf) for leaf in leaves]
        for dtype in dtypes:
            if dtype_name(dtype) not in _DTYPES:
                raise ArgumentError(
                    f"output_types has {dtype_name(dtype)}.", fix=f"Use {', '.join(_DTYPES)}, and cast in map."
                )
        path = path_text(data_source_name)
        if not path.startswith("file:") and not os.path.exists(path):
            raise MissingFileError(f"there is no database {path}.", fix="Check the path.")
        rows = _Rows(path, path_text(query), output_types, dtypes)
        signature = treedef.unflatten([TensorSpec((), dtype) for dtype in dtypes])
        super().__init__(Dataset.from_generator(rows, output_signature=signature).node)


class _Rows:
    """Gives the rows of a query.

    Args:
        path: the database.
        query: the query.
        output_types: the structure of an element.
        dtypes: of the columns.
    """

    __name__ = "query"

    def __init__(self, path: str, query: str, output_types: Any, dtypes: list[np.dtype]) -> None:
        self.path = path
        self.query = query
        self.treedef = flatten(output_types)[1]
        self.dtypes = dtypes

    def __call__(self) -> Iterator[Any]:
        name = self.path if self.path.startswith("file:") else f"file:{quote(os.path.abspath(self.path))}?mode=ro"
        number = 0
        try:
            with closing(sqlite3.connect(name, uri=True, check_same_thread=False)) as connection:
                connection.text_factory = bytes
                cursor = connection.execute(self.query)
                columns = [description[0] for description in cursor.description or ()]
                if len(columns) != len(self.dtypes):
                    raise ArgumentError(
                        f"the query gives {len(columns)} columns, and output_types has {len(self.dtypes)}.",
                        fix="Give one dtype for each column.",
                    )
                for number, row in enumerate(cursor):
                    values = [
                        _as_value(value, dtype, column, number, self.path)
                        for value, dtype, column in zip(row, self.dtypes, columns, strict=True)
                    ]
                    yield self.treedef.unflatten(values)
        except sqlite3.Error as error:
            raise FileFormatError(
                f"the database says: {error}.",
                where=[f"row {number} of {self.path}"],
                fix="Mend the query, or the file.",
            ) from error


def _as_value(value: Any, dtype: np.dtype, column: str, number: int, path: str) -> Any:
    where = [f"column {column} of row {number} of {path}"]
    if value is None:
        raise DtypeError(
            f"the value is NULL where {dtype_name(dtype)} is needed.",
            where=where,
            fix=f"Leave such rows out, or say what stands for it: COALESCE({column}, ...) in the query.",
        )
    if dtype == string:
        return value if isinstance(value, bytes) else str(value).encode()
    kind, given = dtype.kind, type(value)
    fits = given in (int, float) and (
        kind == "f"
        or (kind == "b" and value in (0, 1))
        or (kind in "iu" and value == int(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max)
    )
    if not fits:
        raise DtypeError(
            f"the value is {value!r:.60}, which is no {dtype_name(dtype)}.",
            where=where,
            fix="Give the column another dtype, or CAST it in the query.",
        )
    return dtype.type(value)
