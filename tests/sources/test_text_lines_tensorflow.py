"""TextLineDataset and FixedLengthRecordDataset against TensorFlow's."""

import gzip
import math
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import feedline as fl

tf = pytest.importorskip("tensorflow")

SETTINGS = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
COMPRESS = {"": bytes, "GZIP": gzip.compress, "ZLIB": zlib.compress}


def theirs(dataset):
    return list(dataset.as_numpy_iterator())


TEXT = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"\x00", b"bcd", b"\xff"]), max_size=12).map(b"".join)


@SETTINGS
@given(
    st.lists(TEXT, min_size=1, max_size=4),
    st.sampled_from(list(COMPRESS)),
    st.integers(1, 20),
    st.sampled_from([None, 1, 2, 3]),
)
def test_text_lines(tmp_path, texts, kind, buffer_size, turns) -> None:
    names = []
    for number, text in enumerate(texts):
        names.append(str(tmp_path / str(number)))
        (tmp_path / str(number)).write_bytes(COMPRESS[kind](text))
    wanted = tf.data.TextLineDataset(names, kind, buffer_size, turns)
    assert list(fl.TextLineDataset(names, kind, buffer_size, turns)) == theirs(wanted)


@SETTINGS
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(list(COMPRESS)),
    st.sampled_from([None, 1, 2, 3]),
    st.integers(1, 12),
)
def test_fixed_length_records(tmp_path, counts, size, header, footer, kind, turns, buffer_size) -> None:
    names = []
    for number, count in enumerate(counts):
        names.append(str(tmp_path / str(number)))
        data = bytes(range(header + count * size + footer))
        (tmp_path / str(number)).write_bytes(COMPRESS[kind](data))
    arguments = (names, size, header, footer, buffer_size, kind, turns)
    assert list(fl.FixedLengthRecordDataset(*arguments)) == theirs(tf.data.FixedLengthRecordDataset(*arguments))


@pytest.mark.parametrize("kind", list(COMPRESS))
@pytest.mark.parametrize("data", [b"", b"ab", b"abcd", b"abcde", b"HabcdF", b"HF", b"H"])
@pytest.mark.parametrize("around", [None, 1])
def test_sizes_that_do_not_fit_are_errors_in_both(tmp_path, kind, data, around) -> None:
    path = tmp_path / "a"
    path.write_bytes(COMPRESS[kind](data))
    arguments = (str(path), 2, around, around, None, kind)
    try:
        wanted = theirs(tf.data.FixedLengthRecordDataset(*arguments))
    except (tf.errors.InvalidArgumentError, tf.errors.InternalError, tf.errors.DataLossError):
        with pytest.raises(fl.errors.FileFormatError):
            list(fl.FixedLengthRecordDataset(*arguments))
    else:
        assert list(fl.FixedLengthRecordDataset(*arguments)) == wanted


@pytest.mark.parametrize("turns", [None, 1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["", "GZIP"])
def test_tfrecords_by_turns(tmp_path, turns, kind) -> None:
    names = []
    for number, count in enumerate((4, 0, 1, 7, 3)):
        names.append(str(tmp_path / str(number)))
        with fl.io.TFRecordWriter(names[-1], kind) as writer:
            for record in range(count):
                writer.write(b"%d-%d" % (number, record))
    wanted = theirs(tf.data.TFRecordDataset(names, kind, num_parallel_reads=turns))
    dataset = fl.TFRecordDataset(names, kind, num_parallel_reads=turns)
    assert list(dataset) == wanted
    assert sorted(dataset.shuffle(100)) == sorted(wanted)
    if not kind:
        assert [dataset[position] for position in range(len(dataset))] == wanted


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (4, 1), (1, 2, 2)])
@pytest.mark.parametrize("turns", [None, 2])
def test_nested_lists_of_file_names(tmp_path, shape, turns) -> None:
    names = []
    for number in range(math.prod(shape)):
        names.append(str(tmp_path / str(number)))
        with tf.io.TFRecordWriter(names[-1]) as writer:
            writer.write(b"\n%d\n%d" % (number, number))
    nested = np.array(names, object).reshape(shape).tolist()
    for kind, arguments in (
        ("TextLineDataset", {}),
        ("FixedLengthRecordDataset", {"record_bytes": 1}),
        ("TFRecordDataset", {}),
    ):
        wanted = theirs(getattr(tf.data, kind)(nested, num_parallel_reads=turns, **arguments))
        reader = getattr(fl, kind)
        assert list(reader(nested, num_parallel_reads=turns, **arguments)) == wanted
        assert list(reader(tuple(nested), num_parallel_reads=turns, **arguments)) == wanted
        assert list(reader(np.array(nested), num_parallel_reads=turns, **arguments)) == wanted
        assert list(reader(list(np.array(nested)), num_parallel_reads=turns, **arguments)) == wanted


def test_nested_lists_that_are_refused(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"abcd")
    path = str(tmp_path / "a")
    for nested in ([[path], path], [[path], [path, path]], [[[path]], [path]]):
        with pytest.raises((ValueError, TypeError)):
            tf.data.TextLineDataset(nested)
        with pytest.raises(fl.errors.ArgumentError, match="not lists of one length"):
            fl.TextLineDataset(nested)
    with pytest.raises(tf.errors.InvalidArgumentError, match="scalar or a vector"):
        tf.data.experimental.CsvDataset([[path]], [tf.string])
    with pytest.raises(fl.errors.ArgumentError, match="is not a path"):
        fl.CsvDataset([[path]], [fl.string])


def test_what_is_equal_of_the_rest(tmp_path) -> None:
    path = str(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"abcd")
    for ours_, wanted in (
        (fl.TextLineDataset(path), tf.data.TextLineDataset(path)),
        (fl.CsvDataset(path, [fl.string]), tf.data.experimental.CsvDataset(path, [tf.string])),
    ):
        assert ours_.cardinality() == wanted.cardinality().numpy()
    assert fl.CsvDataset(path, [fl.string, 0]).element_spec == (fl.TensorSpec((), "string"), fl.TensorSpec((), "int32"))
    spec = tf.data.experimental.CsvDataset(path, [tf.string, 0]).element_spec
    assert [part.dtype for part in spec] == [tf.string, tf.int32]


def test_counter(tmp_path) -> None:
    for arguments in (
        {},
        {"start": 5, "step": -2},
        {"start": 0.5, "step": 0.25, "dtype": "float32"},
        {"start": 126, "dtype": "int8"},
        {"start": 250, "step": 3, "dtype": "uint8"},
        {"start": 2**63 - 2, "dtype": "int64"},
        {"start": 2**64 - 2, "step": 1, "dtype": "uint64"},
    ):
        theirs_ = tf.data.Dataset.counter(**arguments | {"dtype": tf.as_dtype(arguments.get("dtype", "int64"))})
        dataset = fl.Dataset.counter(**arguments)
        assert dataset.cardinality() == theirs_.cardinality().numpy()
        assert dataset.element_spec.dtype == theirs_.element_spec.dtype.as_numpy_dtype
        assert list(dataset.take(9)) == theirs(theirs_.take(9))
