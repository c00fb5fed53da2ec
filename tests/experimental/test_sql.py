"""SqlDataset: the rows that a query to a SQLite database gives."""

import sqlite3

import pytest

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, FileFormatError, MissingFileError

SqlDataset = fl.experimental.SqlDataset


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "a ? b%20.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (i INTEGER, f REAL, s TEXT, b BLOB, n INTEGER)")
    rows = [(1, 1.5, "a", b"x\xff", 0), (2**40, 2.0, "é", b"", None), (-3, 7.0, "c", b"z", 1)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def rows(dataset):
    return [tuple(part if isinstance(part, bytes) else part.item() for part in row) for row in dataset]


def test_rows_in_the_dtypes_that_are_asked_for(database) -> None:
    dataset = SqlDataset("sqlite", database, "SELECT i, f, s, b FROM t", ("int64", "float64", "string", fl.string))
    wanted = [(1, 1.5, b"a", b"x\xff"), (2**40, 2.0, "é".encode(), b""), (-3, 7.0, b"c", b"z")]
    assert rows(dataset) == rows(dataset) == wanted
    assert dataset.element_spec == (
        fl.TensorSpec((), "int64"), fl.TensorSpec((), "float64"), fl.TensorSpec((), "string"),
        fl.TensorSpec((), "string"),
    )  # fmt: skip
    assert dataset.cardinality() == fl.UNKNOWN_CARDINALITY


def test_numbers_that_fit_become_what_is_asked_for(database) -> None:
    query = "SELECT f, i, n, i FROM t WHERE f = 7.0"
    (row,) = SqlDataset("sqlite", database, query, ("int32", "float64", "bool", "string"))
    assert [part if isinstance(part, bytes) else part.item() for part in row] == [7, -3.0, True, b"-3"]
    assert row[0].dtype == "int32"


def test_a_single_column_and_other_structures(database) -> None:
    single = SqlDataset("sqlite", str(database), "SELECT i FROM t", "int64")
    assert [int(number) for number in single] == [1, 2**40, -3]
    named = SqlDataset(b"sqlite", str(database).encode(), b"SELECT s FROM t", {"text": "string"})
    assert [element["text"] for element in named] == [b"a", "é".encode(), b"c"]
    assert [int(number) for number in SqlDataset("sqlite", f"file:{database.parent}/x?mode=memory", "SELECT 5", "int8")]


@pytest.mark.parametrize(
    ("query", "dtype", "words"),
    [
        ("SELECT n FROM t", "int64", "column n of row 1.*NULL|NULL"),
        ("SELECT i FROM t", "int32", "1099511627776"),
        ("SELECT i FROM t", "uint8", "1099511627776"),
        ("SELECT i FROM t WHERE i < 0", "uint8", "-3"),
        ("SELECT f FROM t", "int32", "1.5"),
        ("SELECT s FROM t", "int64", "b'a'"),
        ("SELECT i FROM t", "bool", "1099511627776"),
    ],
)
def test_nothing_is_cast_silently(database, query, dtype, words) -> None:
    with pytest.raises(DtypeError, match=words) as caught:
        list(SqlDataset("sqlite", database, query, (dtype,)))
    assert "column" in str(caught.value)
    assert str(database) in str(caught.value)
    assert caught.value.fix


def test_mistakes(database, tmp_path) -> None:
    with pytest.raises(ArgumentError, match="driver_name"):
        SqlDataset("mysql", database, "SELECT 1", ("int64",))
    with pytest.raises(ArgumentError, match="float32"):
        SqlDataset("sqlite", database, "SELECT f FROM t", ("float32",))
    with pytest.raises(MissingFileError, match="none"):
        SqlDataset("sqlite", tmp_path / "none.db", "SELECT 1", ("int64",))
    with pytest.raises(ArgumentError, match="2 columns"):
        list(SqlDataset("sqlite", database, "SELECT i, f FROM t", ("int64",)))
    with pytest.raises(FileFormatError, match="no such table"):
        list(SqlDataset("sqlite", database, "SELECT i FROM nope", ("int64",)))
    (tmp_path / "text.db").write_text("this is no database" * 100)
    with pytest.raises(FileFormatError, match="not a database"):
        list(SqlDataset("sqlite", tmp_path / "text.db", "SELECT 1 FROM t", ("int64",)))
    with pytest.raises(FileFormatError, match="readonly"):
        list(SqlDataset("sqlite", database, "DELETE FROM t RETURNING i", ("int64",)))
    assert len(list(SqlDataset("sqlite", database, "SELECT i FROM t", ("int64",)))) == 3
