import gzip
import pathlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import feedline as fl

SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
ERRORS = fl.errors


def until_error(dataset) -> tuple[list, Exception | None]:
    got = []
    try:
        for element in dataset:
            got.append(element)
    except ERRORS.FeedlineError as error:
        return got, error
    return got, None


def write(tmp_path: pathlib.Path, data: bytes) -> pathlib.Path:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    return path


def test_dtypes_defaults_and_required_fields(tmp_path) -> None:
    path = write(tmp_path, b'1,2,3.5,4.5,text\n,,,,\n NA ,NA,NA,"NA",NA\n')
    defaults = [np.int32(-1), np.int64(-2), np.float32(-3), np.float64(-4), "none"]
    rows = list(fl.CsvDataset(path, defaults).take(2))
    assert rows == [(1, 2, 3.5, 4.5, b"text"), (-1, -2, -3, -4, b"none")]
    assert [value.dtype for value in rows[0][:4]] == ["int32", "int64", "float32", "float64"]
    assert list(fl.CsvDataset(path, ["none", *defaults[1:]], na_value="NA"))[2] == (b" NA ", -2, -3, -4, b"none")
    for required in ([np.array([], np.int32)], [fl.int32], ["int32"], [np.int32]):
        with pytest.raises(ERRORS.CsvError, match=r"is empty, and its column has no default(.|\n)*column 0 .*line 2"):
            list(fl.CsvDataset(path, required, select_cols=[0]))
    assert fl.CsvDataset(path, [fl.string, 0.0, [7]], select_cols=[0, 2, 4]).element_spec == (
        fl.TensorSpec((), "string"),
        fl.TensorSpec((), "float32"),
        fl.TensorSpec((), "int32"),
    )


def test_quotes_line_ends_and_delimiters(tmp_path) -> None:
    path = write(tmp_path, b'"a ""b"", c","line\r\nend"\r"",\'x\'\n"last",2')
    assert list(fl.CsvDataset(path, [b"-", b"-"])) == [(b'a "b", c', b"line\r\nend"), (b"-", b"'x'"), (b"last", b"2")]
    path = write(tmp_path, b'a";"b\tc;d\n')
    assert list(fl.CsvDataset(path, [b"", b""], field_delim="\t", use_quote_delim=False)) == [(b'a";"b', b"c;d")]


def test_columns(tmp_path) -> None:
    path = write(tmp_path, b"a,1,2,x\nb,3,4,y\n")
    assert list(fl.CsvDataset(path, [0, ""], select_cols=[2, 3])) == [(2, b"x"), (4, b"y")]
    assert list(fl.CsvDataset(path, ["", 0], exclude_cols=[1, 3])) == [(b"a", 2), (b"b", 4)]
    assert [batch[0].tolist() for batch in fl.CsvDataset(path, [0], select_cols=[1]).batch(2)] == [[1, 3]]


def test_several_files_headers_and_buffers(tmp_path) -> None:
    names = []
    for number in range(3):
        names.append(tmp_path / f"{number}.csv")
        names[-1].write_bytes(b'"name,\n",n\n' + b"".join(b"%d,%d\n" % (number, row) for row in range(number)))
    for size in (1, 7, None):
        dataset = fl.CsvDataset(names, [0, 0], header=True, buffer_size=size)
        assert list(dataset) == [(1, 0), (2, 0), (2, 1)]
        assert list(dataset) == [(1, 0), (2, 0), (2, 1)]
    assert len(list(fl.CsvDataset(str(tmp_path / "*.csv"), [0, 0], header=True).repeat(2).batch(2))) == 3


def test_errors_say_line_column_and_name(tmp_path) -> None:
    path = write(tmp_path, b'id,"price"\n1,"a\nb"\n2\n3,c,4\nx,d\n5,"e"f"\n6,g"\n7,"h')
    dataset = fl.CsvDataset(path, [fl.int32, fl.string], header=True)
    stream = dataset.node.open(0, None)
    found = []
    while True:
        try:
            block = stream.next(100)
        except ERRORS.CsvError as error:
            found.append(str(error))
            continue
        if block is None:
            break
        assert list(block.plain().columns[1]) == [b"a\nb"]
    wanted = [
        ("line 4 of", "1 fields where 2"),
        ("line 5 of", "3 fields where 2"),
        ("column 0 ('id') of line 6 of", "'x' is not a number that int32"),
        ("column 1 ('price') of line 7 of", "neither doubled nor its end"),
        ("column 1 ('price') of line 8 of", "does not begin with a quote has one inside"),
        ("column 1 ('price') of line 9 of", "the file ends before"),
    ]
    for text, (place, reason) in zip(found, wanted, strict=True):
        assert place in text
        assert reason in text
        assert str(path) in text
    with pytest.raises(ERRORS.CsvError, match=r"CsvDataset at .*test_csv.py"):
        list(dataset)


def test_good_records_come_before_the_error(tmp_path) -> None:
    path = write(tmp_path, b"".join(b"%d\n" % number for number in range(1000)) + b"bad\n" + b"5\n")
    got, error = until_error(fl.CsvDataset(path, [fl.int32], buffer_size=64))
    assert [int(number) for (number,) in got] == list(range(1000))
    assert "line 1001 of" in str(error)
    got, error = until_error(fl.CsvDataset(path, [fl.int32]).batch(10))
    assert [number for (numbers,) in got for number in numbers.tolist()] == list(range(1000))
    assert "line 1001 of" in str(error)


def test_an_error_in_map_names_file_and_record(tmp_path) -> None:
    path = write(tmp_path, b"1\n2\n0\n")
    with pytest.raises(ERRORS.UserFunctionError, match=r"record 2 of .*a\.csv"):
        list(fl.CsvDataset(path, [fl.int32]).map(lambda number: 1 // int(number)))


def test_empty_and_missing_files(tmp_path) -> None:
    path = write(tmp_path, b"")
    assert list(fl.CsvDataset(path, [0])) == []
    with pytest.raises(ERRORS.CsvError, match="the file is empty, but its first line"):
        list(fl.CsvDataset(path, [0], header=True))
    with pytest.raises(ERRORS.MissingFileError):
        fl.CsvDataset(tmp_path / "b.csv", [0])
    write(tmp_path, gzip.compress(b"1\n"))
    with pytest.raises(ERRORS.FileFormatError, match='compression_type="GZIP"'):
        list(fl.CsvDataset(path, [0]))
    assert list(fl.CsvDataset(path, [0], "GZIP")) == [(1,)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"record_defaults": []}, "empty"),
        ({"record_defaults": "int32"}, "Give a list"),
        ({"record_defaults": 3}, "Give a list"),
        ({"record_defaults": [[1, 2]]}, "shape"),
        ({"record_defaults": [[[1]]]}, "shape"),
        ({"record_defaults": ["int8", np.int8(3)]}, "int8"),
        ({"record_defaults": [np.bool_(True)]}, "bool"),
        ({"field_delim": ""}, "0 bytes"),
        ({"field_delim": ";;"}, "2 bytes"),
        ({"field_delim": "é"}, "2 bytes"),
        ({"field_delim": 3}, "not text"),
        ({"na_value": 0}, "not text"),
        ({"buffer_size": 0}, "buffer_size"),
        ({"select_cols": [1], "exclude_cols": [0]}, "both"),
        ({"select_cols": [1, 0], "record_defaults": [0, 0]}, "rising"),
        ({"select_cols": [1, 1], "record_defaults": [0, 0]}, "rising"),
        ({"select_cols": [-1]}, "at least 0"),
        ({"select_cols": [1 << 40]}, "1099511627776"),
        ({"select_cols": [0, 1]}, "record_defaults has 1"),
        ({"exclude_cols": [2, 1]}, "rising"),
        ({"compression_type": "BZ2"}, "BZ2"),
    ],
)
def test_arguments_that_cannot_work(tmp_path, arguments, message) -> None:
    path = write(tmp_path, b"1\n")
    with pytest.raises((ERRORS.ArgumentError, ERRORS.DtypeError), match=message):
        fl.CsvDataset(path, **{"record_defaults": [0], **arguments})


@SETTINGS
@given(st.binary(max_size=60), st.integers(1, 9), st.booleans())
def test_any_bytes_are_read_or_told(tmp_path, data, chunk, quotes) -> None:
    path = write(tmp_path, data)
    for columns in ([fl.float32, ""], [np.int64(0)], [0.0, "", 0]):
        stream = fl.CsvDataset(path, columns, buffer_size=chunk, use_quote_delim=quotes).node.open(0, None)
        for _ in range(200):
            try:
                if stream.next(5) is None:
                    break
            except ERRORS.FileFormatError:
                continue
        else:
            raise AssertionError("it does not end")


@SETTINGS
@given(st.lists(st.lists(st.text('ab,;"\n\r ', max_size=6), min_size=2, max_size=2), max_size=8), st.integers(1, 30))
def test_what_pythons_writer_writes_is_read(tmp_path, rows, chunk) -> None:
    import csv
    import io

    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    path = write(tmp_path, text.getvalue().encode())
    assert [[a.decode(), b.decode()] for a, b in fl.CsvDataset(path, ["", ""], buffer_size=chunk)] == rows


def test_many_records_many_columns(tmp_path) -> None:
    generator = np.random.default_rng(2)
    table = generator.integers(-(10**6), 10**6, (3000, 40))
    np.savetxt(tmp_path / "a.csv", table, "%d", ",")
    got = next(iter(fl.CsvDataset(tmp_path / "a.csv", ["int32"] * 40).batch(5000)))
    assert np.array_equal(np.stack(got, axis=1), table)


def test_a_field_longer_than_the_buffer(tmp_path) -> None:
    long = b"x" * 300_000
    path = write(tmp_path, b'1,"' + long + b'"\n2,' + long + b"\n")
    assert list(fl.CsvDataset(path, [0, ""], buffer_size=1000)) == [(1, long), (2, long)]
