import gzip
import zlib

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, CsvError, FileFormatError, MissingFileError, NoFilesError

make = fl.experimental.make_csv_dataset


@pytest.fixture
def write(tmp_path):
    """Writes a CSV file, and returns its path."""

    def file(text: str, name: str = "a.csv") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return file


@pytest.fixture
def fruit(write):
    return write('name,grams,ripe\napple,150,1\nplum,32.5,0\n"fig, dried",,1\n')


def once(files, **arguments):
    """All records in one batch, in their order."""
    return make(files, 100, num_epochs=1, shuffle=False, **arguments).get_single_element()


def test_names_come_from_the_first_line_and_dtypes_from_the_records(fruit) -> None:
    features = once(fruit)
    assert list(features) == ["name", "grams", "ripe"]
    assert features["name"].tolist() == [b"apple", b"plum", b"fig, dried"]
    assert features["grams"].dtype == np.float32
    assert features["grams"].tolist() == [150, 32.5, 0]
    assert features["ripe"].dtype == np.int32


@pytest.mark.parametrize(
    ("texts", "dtype"),
    [
        (["1", "-2"], "int32"),
        (["1", str(1 << 31)], "int64"),
        (["1", "2.5"], "float32"),
        (["1", "1e39"], "float64"),
        (["1", "one"], "object"),
        (["", "1"], "int32"),
        ([str(1 << 63), "1"], "float32"),
    ],
)
def test_the_dtype_is_the_first_that_holds_every_record(write, texts, dtype) -> None:
    values = once(write("\n".join(["x,y", *(f"{text},0" for text in texts)]) + "\n"))["x"]
    assert values.dtype == np.dtype(dtype)


def test_only_so_many_records_are_looked_at(write) -> None:
    file = write("x\n" + "1\n" * 5 + "2.5\n")
    assert once(file)["x"].dtype == np.float32
    assert once(file, num_rows_for_inference=None)["x"].dtype == np.float32
    with pytest.raises(CsvError, match=r"2\.5"):
        once(file, num_rows_for_inference=3)


def test_the_label_is_taken_out_of_the_features(fruit) -> None:
    features, label = once(fruit, label_name="ripe")
    assert list(features) == ["name", "grams"]
    assert label.tolist() == [1, 0, 1]


def test_columns_are_chosen_by_name_or_number_and_keep_the_files_order(fruit) -> None:
    assert list(once(fruit, select_columns=["ripe", "name"])) == ["name", "ripe"]
    assert list(once(fruit, select_columns=[2, 0])) == ["name", "ripe"]


def test_defaults_fill_missing_fields_and_a_dtype_alone_asks_for_one(fruit) -> None:
    assert once(fruit, column_defaults=["?", -1.0, 0])["grams"].tolist() == [150, 32.5, -1]
    with pytest.raises(CsvError, match="missing"):
        once(fruit, column_defaults=["?", "float32", 0])


def test_na_value_stands_for_a_missing_field(write) -> None:
    assert once(write("x,y\n1,NA\n2,7\n"), na_value="NA")["y"].tolist() == [0, 7]


def test_without_a_header_the_names_must_be_given(write) -> None:
    file = write("1,2\n3,4\n")
    assert once(file, header=False, column_names=["a", "b"])["b"].tolist() == [2, 4]
    with pytest.raises(ArgumentError, match="no names"):
        once(file, header=False)


@pytest.mark.parametrize("kind", ["GZIP", "ZLIB"])
def test_compressed_files(tmp_path, kind) -> None:
    path = tmp_path / "a.csv.z"
    text = b"x,y\n1,a\n2,b\n"
    path.write_bytes(gzip.compress(text) if kind == "GZIP" else zlib.compress(text))
    features = once(str(path), compression_type=kind)
    assert features["x"].tolist() == [1, 2]
    assert features["y"].tolist() == [b"a", b"b"]


def test_another_delimiter_and_no_quotes(write) -> None:
    file = write('a;b\n"1;2\n')
    assert once(file, field_delim=";", use_quote_delim=False)["a"].tolist() == [b'"1']


def test_a_pattern_reads_the_files_in_the_order_of_their_names(write, tmp_path) -> None:
    for number in (2, 0, 1):
        write(f"x\n{number}\n", f"{number}.csv")
    assert once(str(tmp_path / "*.csv"))["x"].tolist() == [0, 1, 2]


def test_shuffled_records_are_all_there_and_the_seed_decides_their_order(write) -> None:
    file = write("x\n" + "".join(f"{number}\n" for number in range(50)))

    def order(seed):
        batches = make(file, 10, num_epochs=1, shuffle_seed=seed)
        return [number for batch in batches for number in batch["x"].tolist()]

    assert sorted(order(1)) == list(range(50))
    assert order(1) == order(1) != order(2)


def test_without_a_number_of_epochs_it_never_ends_and_all_batches_are_full(write) -> None:
    dataset = make(write("x\n1\n2\n3\n"), 2, shuffle=False)
    assert [batch["x"].tolist() for batch in dataset.take(4)] == [[1, 2], [3, 1], [2, 3], [1, 2]]
    assert len(list(make(write("x\n1\n2\n3\n"), 2, num_epochs=2))) == 3


def test_records_that_cannot_be_read_are_left_out_only_where_that_is_asked_for(write) -> None:
    file = write("x,y\n1,2\n3\n4,5\n")
    with pytest.raises(CsvError, match="1 fields where 2"):
        once(file)
    defaults = [0, 0]
    with pytest.warns(RuntimeWarning, match="1 record that cannot be read"):
        assert once(file, column_defaults=defaults, ignore_errors=True)["x"].tolist() == [1, 4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"label_name": "rype"}, "Did you mean 'ripe'"),
        ({"select_columns": ["nmae"]}, "Did you mean 'name'"),
        ({"select_columns": [3]}, "0 to 2"),
        ({"select_columns": ["name", 0]}, "once"),
        ({"select_columns": []}, "at least one"),
        ({"column_defaults": [0]}, "each wanted column"),
        ({"column_names": ["a", "a", "b"]}, "each another one"),
        ({"field_delim": ";;"}, "field_delim"),
        ({"compression_type": "ZIP"}, "GZIP"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_arguments_that_cannot_work_are_refused_as_the_dataset_is_made(fruit, arguments, words) -> None:
    with pytest.raises(ArgumentError) as caught:
        make(fruit, **{"batch_size": 2, **arguments})
    assert words in str(caught.value)


def test_files_that_are_not_there_or_not_alike_are_named(write, tmp_path, fruit) -> None:
    with pytest.raises(MissingFileError, match=r"none\.csv"):
        make(str(tmp_path / "none.csv"), 2)
    with pytest.raises(NoFilesError):
        make(str(tmp_path / "*.tsv"), 2)
    other = write("name,grams\nx,1\n", "b.csv")
    with pytest.raises(CsvError, match="others before it") as caught:
        make([fruit, other], 2)
    assert "b.csv" in str(caught.value)
    with pytest.raises(CsvError, match="empty"):
        make([fruit, write("", "c.csv")], 2)


def test_what_is_no_text_is_told_with_its_line(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x,y\n1,\xff\n")
    with pytest.raises(FileFormatError, match="cannot be read as text") as caught:
        make(str(path), 2)
    assert "a.csv" in str(caught.value)
    assert list(once(str(path), encoding="latin-1")) == ["x", "y"]
