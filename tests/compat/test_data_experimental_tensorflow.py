"""`tf.data.experimental` beside TensorFlow's: the same expressions give the same elements, or both raise."""

import itertools
import sqlite3

import numpy as np
import pytest

import feedline.compat.tf as feedline_tf

tensorflow = pytest.importorskip("tensorflow")

MOST = 12

EXPRESSIONS = """
listed(X.Counter(1, 2))
listed(X.Counter(dtype=tf.int32))
listed(X.from_list([1, 2, 3]))
listed(X.from_list([(1, 'a'), (2, 'b')]))
listed(X.from_list([[1, 2], [3]]))
listed(X.from_list([np.zeros(2), np.zeros(3)]))
listed(X.from_list([C(1), C(2)]))
listed(X.from_list([True, False]))
listed(X.from_list([{'x': 1.5}, {'x': 2}]))
listed(X.from_list([1, 'a']))
listed(X.from_list([1, (2,)]))
listed(X.from_list([]))
listed(X.from_list((1, 2)))
X.at(D.range(5), 3)
X.at(D.range(5), C(3, tf.int64))
X.at(D.range(5), 7)
X.at(D.range(5), -1)
listed(D.range(5).apply(X.map_and_batch(lambda x: x * 2, 2)))
listed(D.range(5).apply(X.map_and_batch(lambda x: x * 2, batch_size=2, drop_remainder=True)))
listed(D.range(4).apply(X.parallel_interleave(lambda x: D.from_tensors(x).repeat(x + 1), cycle_length=2)))
listed(D.range(4).apply(X.parallel_interleave(lambda x: D.from_tensors(x).repeat(x + 1), 3, block_length=2)))
listed(D.range(3).apply(X.copy_to_device('/cpu:0')))
listed(D.range(3).apply(X.prefetch_to_device('/cpu:0')))
listed(D.range(7).apply(X.group_by_reducer(lambda x: x % 3, X.Reducer(
    lambda k: C(0, tf.int64), lambda s, x: s + x, lambda s: s * 10))))
listed(D.range(7).apply(X.group_by_reducer(lambda x: -(x % 3), X.Reducer(
    lambda k: (k, C(0, tf.int64)), lambda s, x: (s[0], s[1] + x), lambda k, s: (k, s)))))
listed(D.range(7).enumerate().apply(X.group_by_reducer(lambda i, x: x % 3, X.Reducer(
    lambda k: C(0, tf.int64), lambda s, x: s + x[1], lambda s: s))))
listed(D.range(0).apply(X.group_by_reducer(lambda x: x % 3, X.Reducer(
    lambda k: C(0, tf.int64), lambda s, x: s + x, lambda s: s))))
listed(D.from_tensor_slices({'a': [1, 2]}).apply(X.pad_to_cardinality(4)))
listed(D.from_tensor_slices({'a': [[1, 2], [3, 4]], 's': ['x', 'y']}).apply(X.pad_to_cardinality(3, 'ok')))
listed(D.from_tensor_slices({'a': [1, 2]}).apply(X.pad_to_cardinality(1)))
listed(D.from_tensor_slices({'a': [1, 2]}).apply(X.pad_to_cardinality(4, 'a')))
listed(D.range(2).apply(X.pad_to_cardinality(4)))
listed(D.from_tensor_slices({'a': [1, 2]}).repeat().apply(X.pad_to_cardinality(4)))
listed(D.range(6).apply(X.assert_cardinality(6)))
listed(D.range(6).apply(X.assert_cardinality(5)))
listed(D.range(6).filter(lambda x: x > 2).apply(X.assert_cardinality(3)))
listed(D.range(6).filter(lambda x: x > 2).apply(X.assert_cardinality(5)))
listed(D.range(6).filter(lambda x: x > 2).apply(X.assert_cardinality(2)))
int(D.range(6).filter(lambda x: x > 2).apply(X.assert_cardinality(3)).cardinality())
listed(D.range(5).apply(X.dense_to_sparse_batch(2, [])))
listed(D.range(5).apply(X.dense_to_sparse_batch(batch_size=2, row_shape=[])))
listed(D.from_tensor_slices(tf.ragged.constant([[1], [2, 3]])).apply(X.dense_to_sparse_batch(0, [None])))
listed(D.range(3).apply(X.dense_to_ragged_batch(2, drop_remainder=True)))
listed(X.SqlDataset('sqlite', DB, 'select i, f, s from t', (tf.int64, tf.float64, tf.string)))
listed(X.SqlDataset('sqlite', DB, 'select i from t', tf.int64))
listed(X.SqlDataset('sqlite', DB, 'select i, b from t where i < 5', (tf.int8, tf.string)))
listed(X.SqlDataset('sqlite', DB, 'select n from t', (tf.bool,)))
listed(X.SqlDataset('sqlite', DB, 'select i from t', (tf.string,)))
listed(X.SqlDataset('sqlite', DB, 'select i, f from t', (tf.int64,)))
listed(X.SqlDataset('sqlite', DB, 'select i from nope', (tf.int64,)))
listed(X.SqlDataset('sqlite', DB, 'select f from t', (tf.float32,)))
listed(X.SqlDataset('mysql', DB, 'select i from t', (tf.int64,)))
listed(X.SqlDataset('sqlite', DB + 'none', 'select i from t', (tf.int64,)))
(X.TFRecordWriter(F + 'w').write(D.from_tensor_slices(['a', 'b'])), listed(tf.data.TFRecordDataset(F + 'w')))
X.TFRecordWriter(F + 'x').write(D.range(3))
listed(X.make_batched_features_dataset(F + 'r1', 2, FEATURES, num_epochs=1, shuffle=False))
listed(X.make_batched_features_dataset(F + 'r1', 2, FEATURES, num_epochs=1, shuffle=False, label_key='y'))
listed(X.make_batched_features_dataset(F + 'r1', 2, FEATURES, num_epochs=1, shuffle=False, label_key='z'))
listed(X.make_batched_features_dataset(F + 'r1', 2, FEATURES, num_epochs=2, shuffle=False))
listed(X.make_batched_features_dataset(F + 'r1', 2, FEATURES, shuffle=False))
listed(X.make_batched_features_dataset(F + 'r*', 3, FEATURES, num_epochs=1, shuffle=False))
listed(X.make_batched_features_dataset(F + 'r*', 3, FEATURES, num_epochs=1, shuffle=False, drop_final_batch=True))
listed(X.make_batched_features_dataset([F + 'r1', F + 'r2'], 3, FEATURES, num_epochs=1, shuffle=False,
    reader=tf.data.TFRecordDataset, reader_args=['']))
listed(tf.data.TFRecordDataset(F + 'r1').batch(3).apply(X.parse_example_dataset(FEATURES)))
listed(tf.data.TFRecordDataset(F + 'r1').batch(3).apply(X.parse_example_dataset(
    {**FEATURES, 'v': tf.io.VarLenFeature(tf.int64)}, num_parallel_calls=2)))
listed(tf.data.TFRecordDataset(F + 'r1').apply(X.parse_example_dataset(FEATURES)))
listed(D.range(3).batch(2).apply(X.parse_example_dataset(FEATURES)))
listed(D.range(3).apply(X.snapshot(F + 'sn')))
X.get_next_as_optional(iter(D.range(3))).has_value()
X.get_next_as_optional(iter(D.range(3))).get_value()
X.get_next_as_optional(iter(D.range(0))).has_value()
X.get_next_as_optional(iter(D.range(0))).get_value()
iter(D.range(3)).get_next_as_optional().get_value()
X.Optional.from_value(C(3)).get_value()
X.Optional.empty(tf.TensorSpec((), tf.int32)).has_value()
len(list(itertools.islice(X.RandomDataset(seed=3), 4)))
D.range(3).fingerprint().numpy().dtype.name
bool(D.range(3).fingerprint() == D.range(3).fingerprint())
bool(D.range(3).fingerprint() == D.range(4).fingerprint())
isinstance(iter(D.range(3)), tf.data.Iterator)
isinstance(D.range(3).as_numpy_iterator(), tf.data.NumpyIterator)
X.get_structure(D.range(3)).dtype.name
X.get_structure(iter(D.range(3))).dtype.name
"""

DIFFERENT = """
listed(X.SqlDataset('sqlite', DB, 'select m from t', (tf.int64,)))
listed(X.SqlDataset('sqlite', DB, 'select i from t', (tf.int32,)))
listed(X.SqlDataset('sqlite', DB, 'select s from t', (tf.int64,)))
"""
"""What TensorFlow makes 0 of without a word, and feedline refuses."""


def expressions(text):
    """Returns the expressions of a text; those that go on in the next line have it indented."""
    return text.strip().replace("\n    ", " ").splitlines()


def plain(value):
    """Returns an element as Python's own values, with dtypes."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if hasattr(value, "dense_shape"):
        return ["sparse", *(plain(part) for part in (value.indices, value.values, value.dense_shape))]
    if hasattr(value, "row_splits"):
        return ["ragged", value.to_list()]
    if hasattr(value, "numpy"):
        return (value.dtype.name.replace("object", "string"), np.asarray(value.numpy()).tolist())
    return value


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    connection = sqlite3.connect(folder / "a.db")
    connection.execute("CREATE TABLE t (i INTEGER, f REAL, s TEXT, b BLOB, n INTEGER, m INTEGER)")
    rows = [(1, 1.5, "a", b"x\xff", 0, None), (2**40, 2.0, "é", b"", 1, 2), (-3, 0.0, "", b"z", 0, 3)]
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    train = tensorflow.train
    for name, numbers in (("r1", range(5)), ("r2", range(10, 13))):
        with tensorflow.io.TFRecordWriter(str(folder / name)) as writer:
            for number in numbers:
                features = {
                    "a": train.Feature(int64_list=train.Int64List(value=[number])),
                    "y": train.Feature(float_list=train.FloatList(value=[number / 2])),
                    "v": train.Feature(int64_list=train.Int64List(value=list(range(number % 4)))),
                }
                writer.write(train.Example(features=train.Features(feature=features)).SerializeToString())
    return folder


def outcome(tf, expression, folder, own):
    """Returns what an expression gives with either library, None where it raises."""
    own.mkdir(exist_ok=True)
    for name in ("r1", "r2"):
        (own / name).write_bytes((folder / name).read_bytes())
    names = {
        "tf": tf, "D": tf.data.Dataset, "X": tf.data.experimental, "C": tf.constant, "np": np, "itertools": itertools,
        "listed": lambda dataset: [plain(element) for element in itertools.islice(dataset, MOST)],
        "DB": str(folder / "a.db"), "F": f"{own}/",
        "FEATURES": {
            "a": tf.io.FixedLenFeature([], tf.int64), "y": tf.io.FixedLenFeature([], tf.float32),
        },
    }  # fmt: skip
    raised = feedline_tf.errors.InvalidArgumentError if tf is feedline_tf else Exception
    try:
        return plain(eval(expression, names))
    except raised:
        return "raises"


@pytest.mark.parametrize("expression", expressions(EXPRESSIONS))
def test_the_same(expression, files, tmp_path):
    theirs = outcome(tensorflow, expression, files, tmp_path / "theirs")
    ours = outcome(feedline_tf, expression, files, tmp_path / "ours")
    assert ours == theirs


@pytest.mark.parametrize("expression", expressions(DIFFERENT))
def test_what_would_be_cast_silently_is_refused(expression, files, tmp_path):
    assert outcome(tensorflow, expression, files, tmp_path / "theirs") != "raises"
    assert outcome(feedline_tf, expression, files, tmp_path / "ours") == "raises"
