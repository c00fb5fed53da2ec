"""make_csv_dataset against TensorFlow's."""

import gzip

import numpy as np
import pytest

import feedline as fl

tf = pytest.importorskip("tensorflow")


@pytest.fixture
def files(tmp_path):
    names = []
    for number in range(3):
        names.append(str(tmp_path / f"{number}.csv"))
        rows = [
            f'{row},{row * 0.5},{3 * 10**9 + row},"text, {row}",{"" if row % 3 else row}' for row in range(5 + number)
        ]
        with open(names[-1], "w") as file:
            file.write("\n".join(["id,half,large,name,sometimes", *rows]) + "\n")
    return names


def plain(element):
    features, label = element if isinstance(element, tuple) else (element, None)
    return (
        type(features).__name__,
        list(features),
        [(value.dtype.str, value.tolist()) for value in features.values()],
        (None if label is None else (label.dtype.str, label.tolist())),
    )


CASES = [
    {},
    {"label_name": "name"},
    {"label_name": "id", "select_columns": ["id", "name"]},
    {"select_columns": [3, 0]},
    {"column_defaults": ["int32", 0.5, tf.int64, "x", [7]]},
    {"column_names": list("abcde"), "label_name": "e"},
    {"num_parallel_reads": 2},
    {"num_parallel_reads": 5, "num_epochs": 2},
    {"num_rows_for_inference": 1},
    {"num_rows_for_inference": None},
    {"na_value": "1"},
    {"prefetch_buffer_size": 0},
    {"select_columns": ["half"], "column_defaults": ["float64"]},
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_without_shuffling_the_batches_are_the_same(files, case) -> None:
    arguments = {"batch_size": 4, "shuffle": False, "num_epochs": 1, **case}
    wanted = [
        plain(element) for element in tf.data.experimental.make_csv_dataset(files, **arguments).as_numpy_iterator()
    ]
    dataset = fl.experimental.make_csv_dataset(files, **arguments)
    assert [plain(element) for element in dataset] == wanted


def test_shuffled_the_records_are_the_same(files) -> None:
    for batch_size in (3, 100):
        ours = fl.experimental.make_csv_dataset(files, batch_size, num_epochs=1, shuffle_seed=4)
        theirs = tf.data.experimental.make_csv_dataset(files, batch_size, num_epochs=1).as_numpy_iterator()
        ours_, theirs_ = (
            [tuple(row) for batch in ds for row in zip(*batch.values(), strict=True)] for ds in (ours, theirs)
        )
        assert sorted(ours_) == sorted(theirs_)
        assert ours_ != sorted(ours_)
        again = fl.experimental.make_csv_dataset(files, batch_size, num_epochs=1, shuffle_seed=4)
        assert [tuple(row) for batch in again for row in zip(*batch.values(), strict=True)] == ours_


def test_for_ever_all_batches_are_full(files) -> None:
    ours = fl.experimental.make_csv_dataset(files, 7)
    assert ours.cardinality() == tf.data.experimental.make_csv_dataset(files, 7).cardinality().numpy()
    assert {len(batch["id"]) for batch in ours.take(20)} == {7}


def test_patterns_compression_and_errors_left_out(tmp_path) -> None:
    data = b"a,b\n1,2\nx\n3,4\n\n5,6,7\n8,9\n"
    (tmp_path / "a.csv").write_bytes(data)
    arguments = {"shuffle": False, "num_epochs": 1, "column_defaults": ["int32", "int32"], "ignore_errors": True}
    theirs = tf.data.experimental.make_csv_dataset(str(tmp_path / "*.csv"), 10, **arguments)
    wanted = [plain(element) for element in theirs.as_numpy_iterator()]
    with pytest.warns(RuntimeWarning, match="3 records that cannot be read"):
        assert [plain(e) for e in fl.experimental.make_csv_dataset(str(tmp_path / "*.csv"), 10, **arguments)] == wanted
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2.5\n3,1e300\n"))
    arguments = {"shuffle": False, "num_epochs": 1, "compression_type": "GZIP"}
    theirs = tf.data.experimental.make_csv_dataset(str(path), 10, **arguments)
    wanted = [plain(element) for element in theirs.as_numpy_iterator()]
    assert [plain(element) for element in fl.experimental.make_csv_dataset(path, 10, **arguments)] == wanted


VALUES = [
    "1",
    "-5",
    "2147483648",
    "9223372036854775808",
    "1.5",
    "1e39",
    "nan",
    "inf",
    "abc",
    "1_0",
    "",
    " 7 ",
    "-",
    "True",
]


def test_the_dtypes_that_are_learnt(tmp_path) -> None:
    names = [f"c{number}" for number in range(len(VALUES) ** 2)]
    pairs = [(first, second) for first in VALUES for second in VALUES]
    text = "\n".join([",".join(names), *(",".join(pair[row] for pair in pairs) for row in range(2))])
    path = tmp_path / "a.csv"
    path.write_text(text)
    arguments = {"batch_size": 1, "num_epochs": 1, "shuffle": False}
    theirs = tf.data.experimental.make_csv_dataset(str(path), **arguments).element_spec
    from feedline.experimental.make_csv_dataset import _CsvText

    ours = _CsvText([str(path)], ",", True, "", "utf-8").dtypes(len(names), None, "", True, 100)
    wanted = [np.dtype(spec.dtype.as_numpy_dtype) for spec in theirs.values()]
    assert dict(zip(pairs, ours, strict=True)) == dict(zip(pairs, wanted, strict=True))


def test_the_same_mistakes_are_errors(files, tmp_path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    (tmp_path / "uneven.csv").write_text("a,b\n1\n")
    (tmp_path / "empty.csv").write_text("")
    one = str(tmp_path / "other.csv")
    for names, arguments in (
        (files, {"label_name": "nothing"}),
        (files, {"select_columns": ["nothing"]}),
        (files, {"select_columns": [5]}),
        (files, {"select_columns": [0, "id"]}),
        (files, {"column_defaults": [0]}),
        (files, {"header": False}),
        ([*files, one], {}),
        (str(tmp_path / "twice.csv"), {}),
        (str(tmp_path / "uneven.csv"), {}),
        (str(tmp_path / "empty.csv"), {}),
        (str(tmp_path / "*.nothing"), {}),
        ([], {}),
    ):
        with pytest.raises((ValueError, tf.errors.OpError)):
            next(iter(tf.data.experimental.make_csv_dataset(names, 2, **arguments)))
        with pytest.raises(fl.errors.FeedlineError):
            next(iter(fl.experimental.make_csv_dataset(names, 2, **arguments)))


def test_plain_numbers_are_defaults_here_and_numbers_of_dtypes_there(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n,3\n4,5\n")
    arguments = {"column_defaults": [7, 1], "shuffle": False, "num_epochs": 1, "ignore_errors": True}
    (wanted,) = tf.data.experimental.make_csv_dataset(str(tmp_path / "a.csv"), 9, **arguments).as_numpy_iterator()
    (found,) = fl.experimental.make_csv_dataset(str(tmp_path / "a.csv"), 9, **arguments)
    assert (wanted["x"].tolist(), wanted["y"].dtype, wanted["y"].tolist()) == ([b"1", b"4"], "float32", [2, 5])
    assert (found["x"].dtype, found["x"].tolist()) == ("int32", [1, 7, 4])
    assert (found["y"].dtype, found["y"].tolist()) == ("int32", [2, 3, 5])


def test_the_spec_of_a_file_of_one_record(tmp_path) -> None:
    path = str(tmp_path / "one.csv")
    (tmp_path / "one.csv").write_text("a,b\n1,x\n")
    arguments = {"batch_size": 2, "num_epochs": 1, "shuffle": False}
    theirs = tf.data.experimental.make_csv_dataset(path, **arguments).element_spec
    ours = fl.experimental.make_csv_dataset(path, **arguments).element_spec
    assert {name: spec.shape for name, spec in ours.items()} == dict.fromkeys(theirs, (None,))
    assert [tuple(spec.shape) for spec in theirs.values()] == [(None,)] * 2
