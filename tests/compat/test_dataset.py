"""Datasets whose elements are tensors."""

import collections
import itertools
import pathlib

import numpy as np
import pytest

import feedline as fl
import feedline.compat.tf as tf


def test_elements_are_tensors_and_functions_get_tensors():
    seen = []

    def function(number, text):
        seen.append((type(number), type(text), number.shape, text.dtype))
        return {"number": number + 1, "text": text + "!"}

    ds = tf.data.Dataset.from_tensor_slices(([1, 2], ["a", "b"])).map(function)
    elements = list(ds)
    assert set(seen) == {(tf.Tensor, tf.Tensor, (), np.dtype(object))}
    assert [(e["number"].numpy(), e["text"].numpy()) for e in elements] == [(2, b"a!"), (3, b"b!")]
    assert elements[0]["number"].dtype == tf.int32


def test_every_method_gives_a_dataset_of_the_same_kind():
    ds = tf.data.Dataset.range(4)
    made = [
        ds.map(lambda x: x), ds.filter(lambda x: x > 0), ds.batch(2), ds.padded_batch(2), ds.shuffle(2), ds.repeat(),
        ds.take(1), ds.skip(1), ds.shard(2, 0), ds.cache(), ds.prefetch(1), ds.enumerate(), ds.concatenate(ds),
        ds.apply(lambda each: each.take(1)), tf.data.Dataset.zip((ds, ds)), ds.window(2), ds.unique(),
        ds.flat_map(lambda x: tf.data.Dataset.from_tensors(x)), tf.data.Dataset.from_tensors(1),
        tf.data.Dataset.from_generator(lambda: iter([1]), output_signature=tf.TensorSpec([], tf.int32)),
        tf.data.Dataset.sample_from_datasets([ds, ds]), ds.with_options(tf.data.Options()), ds.ragged_batch(2),
        ds.interleave(lambda x: tf.data.Dataset.from_tensors(x)), ds.batch(2).rebatch(1),
        ds.batch(2).unbatch(), ds.scan(np.int64(0), lambda s, x: (s, x)), ds.take_while(lambda x: x < 2),
        ds.ignore_errors(), ds.group_by_window(lambda x: x, lambda key, part: part.batch(2), 2),
    ]  # fmt: skip
    for each in made:
        assert isinstance(each, tf.data.Dataset), each
        assert isinstance(each, fl.Dataset), each


def test_no_method_of_feedlines_dataset_is_left_out():
    from feedline.compat.tf.data.dataset import _AS_THEY_ARE, Dataset, public_methods

    left = {name for name, _ in public_methods() if name not in vars(Dataset)}
    assert {name for name in left if not name.startswith("to_")} <= _AS_THEY_ARE | {"dtype", "shape"}


def test_functions_of_every_kind_get_tensors():
    kinds = []

    def noted(*values):
        kinds.extend(type(value) for value in values)
        return values[-1]

    ds = tf.data.Dataset.range(1, 7)
    list(ds.filter(lambda x: noted(x) > 2))
    list(ds.flat_map(lambda x: tf.data.Dataset.from_tensors(noted(x))))
    list(ds.interleave(lambda x: tf.data.Dataset.from_tensors(noted(x)), cycle_length=2))
    list(ds.scan(tf.constant(0, tf.int64), lambda state, x: (state + noted(state, x), x)))
    list(ds.take_while(lambda x: noted(x) < 3))
    list(ds.group_by_window(lambda x: noted(x) % 2, lambda key, part: part.batch(noted(key) + 3), window_size=3))
    list(ds.bucket_by_sequence_length(lambda x: tf.cast(noted(x), tf.int32), [3], [2, 2]))
    total = ds.reduce(tf.constant(0, tf.int64), lambda state, x: state + noted(state, x))
    assert set(kinds) == {tf.Tensor}
    assert len(kinds) > 30
    assert type(total) is tf.Tensor
    assert total.numpy() == 21
    windows = ds.window(2).map(lambda part: (noted(part), part)[1].batch(2).get_single_element())
    assert [window.numpy().tolist() for window in windows] == [[1, 2], [3, 4], [5, 6]]
    assert tf.data.Dataset in set(kinds)


def test_classes_of_datasets_are_functions_too(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"{name}1\n{name}2\n")
    files = tf.data.Dataset.list_files(str(tmp_path / "*"), shuffle=False)
    lines = files.interleave(tf.data.TextLineDataset, cycle_length=2)
    assert [line.numpy() for line in lines] == [b"a1", b"b1", b"a2", b"b2"]
    pairs = tf.data.Dataset.from_tensor_slices([[1, 2], [3, 4]]).flat_map(tf.data.Dataset.from_tensor_slices)
    assert [number.numpy() for number in pairs] == [1, 2, 3, 4]


def test_structures_keep_their_kind():
    Pair = collections.namedtuple("Pair", "image label")
    kinds = []

    def function(pair):
        kinds.append(type(pair))
        return collections.OrderedDict(b=pair.label, a=pair.image), None

    ds = tf.data.Dataset.from_tensor_slices(Pair([1, 2], ["x", "y"])).map(function)
    (inner, nothing), _ = ds
    assert set(kinds) == {Pair}
    assert type(inner) is collections.OrderedDict
    assert (inner["b"].numpy(), nothing) == (b"x", None)


def test_numpy_iterators_are_plain():
    ds = tf.data.Dataset.from_tensor_slices((np.arange(2.0), ["a", "b"])).batch(2)
    ((numbers, texts),) = ds.as_numpy_iterator()
    assert type(numbers) is type(texts) is np.ndarray


def test_ragged_and_sparse_go_through():
    ds = tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1, 2], [3], []])).map(lambda row: row + 1)
    (batch,) = ds.ragged_batch(3)
    assert isinstance(batch, tf.RaggedTensor)
    assert batch.to_list() == [[2, 3], [4], []]
    doubled = ds.ragged_batch(3).map(lambda ragged: ragged * 2)
    assert next(iter(doubled)).to_tensor().numpy().tolist() == [[4, 6], [8, 0], [0, 0]]
    sparse = tf.SparseTensor([[0, 1], [1, 0]], [5, 6], [2, 2])
    dense = tf.data.Dataset.from_tensor_slices(sparse).map(lambda row: tf.sparse.to_dense(row))
    assert [row.numpy().tolist() for row in dense] == [[0, 5], [6, 0]]


def test_iterators():
    ds = tf.data.Dataset.range(2)
    iterator = iter(ds)
    assert [iterator.get_next().numpy(), next(iterator).numpy()] == [0, 1]
    with pytest.raises(tf.errors.OutOfRangeError):
        iterator.get_next()
    iterator = iter(ds)
    iterator.close()
    assert list(iterator) == []


def test_lengths():
    ds = tf.data.Dataset.range(5)
    assert ds.cardinality().numpy() == 5
    assert type(ds.cardinality().numpy()) is np.int64
    assert ds.repeat().cardinality() == tf.data.INFINITE_CARDINALITY
    assert ds.filter(lambda x: x > 1).cardinality().numpy() == tf.data.UNKNOWN_CARDINALITY
    assert len(ds.batch(2)) == 3
    assert tf.data.experimental.cardinality(ds) == 5
    assert type(ds[1]) is tf.Tensor
    assert ds[tf.constant(-1)].numpy() == 4


def test_arguments_may_be_tensors():
    ds = tf.data.Dataset.range(tf.constant(10, tf.int64)).shuffle(tf.constant(3), seed=1)
    ds = ds.skip(tf.constant(2)).take(tf.constant(6)).batch(tf.constant(4))
    assert [len(batch) for batch in ds] == [4, 2]


def test_epochs_count_on():
    ds = tf.data.Dataset.range(20).shuffle(20, seed=3)
    first, second = ([int(x) for x in ds] for _ in range(2))
    assert sorted(first) == sorted(second)
    assert first != second
    plain = fl.Dataset.range(20).shuffle(20, seed=3)
    assert [int(x) for x in plain] == first
    assert [int(x) for x in plain] == second


def test_random_numbers_follow_the_element():
    tf.random.set_seed(5)
    ds = tf.data.Dataset.range(10).map(lambda x: tf.random.uniform([2]), num_parallel_calls=tf.data.AUTOTUNE)
    once = [x.numpy().tolist() for x in ds.take(10)]
    assert len({tuple(x) for x in once}) == 10
    tf.random.set_seed(None)


def test_errors_name_the_users_line():
    with pytest.raises(fl.errors.ArgumentError):
        tf.data.Dataset.range(3).batch(0)
    ds = tf.data.Dataset.range(3).map(lambda x: tf.reshape(x, [2, 2]))
    with pytest.raises(fl.errors.ShapeError) as caught:
        list(ds)
    message = str(caught.value)
    assert message.count("test_dataset.py:") == 2
    assert "map(<lambda>)" in message
    assert "compat" not in message.replace("feedline.compat.tf", "").replace("tests/compat", "")


def test_generators():
    def elements(count, text):
        assert type(count) is np.int32
        for number in range(count):
            yield tf.constant([number] * 2), text

    ds = tf.data.Dataset.from_generator(
        elements, args=(2, "a"), output_signature=(tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.string))
    )
    assert [(a.numpy().tolist(), b.numpy()) for a, b in ds] == [([0, 0], b"a"), ([1, 1], b"a")]
    old = tf.data.Dataset.from_generator(lambda: iter([1, 2]), tf.int64, tf.TensorShape([]))
    assert [number.numpy() for number in old] == [1, 2]


def test_records_and_lines(tmp_path):
    path = str(tmp_path / "two.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for number in range(2):
            feature = {"n": tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))}
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
    ds = tf.data.TFRecordDataset([path])
    assert isinstance(ds, tf.data.Dataset)
    wanted = {"n": tf.io.FixedLenFeature([], tf.int64), "m": tf.io.VarLenFeature(tf.string)}
    parsed = list(ds.map(lambda record: tf.io.parse_single_example(record, wanted)))
    assert [element["n"].numpy() for element in parsed] == [0, 1]
    assert isinstance(parsed[0]["m"], tf.SparseTensor)
    (batch,) = ds.batch(2).map(lambda records: tf.io.parse_example(records, {"n": wanted["n"]}))
    assert batch["n"].numpy().tolist() == [0, 1]
    (tmp_path / "text").write_text("one\ntwo\n")
    lines = tf.data.TextLineDataset(tf.constant([str(tmp_path / "text")])).skip(1)
    assert [line.numpy() for line in lines] == [b"two"]
    blocks = tf.data.FixedLengthRecordDataset(str(tmp_path / "text"), 4)
    assert [block.numpy() for block in blocks] == [b"one\n", b"two\n"]
    (tmp_path / "table.csv").write_text("1,a\n2,b\n")
    rows = tf.data.experimental.CsvDataset(str(tmp_path / "table.csv"), [tf.int32, tf.string])
    assert [(a.numpy(), b.numpy()) for a, b in rows] == [(1, b"a"), (2, b"b")]


def test_csv_batches(tmp_path):
    (tmp_path / "table.csv").write_text("x,y\n1,a\n2,b\n")
    ds = tf.data.experimental.make_csv_dataset(str(tmp_path / "table.csv"), 2, shuffle=False, num_epochs=1)
    (batch,) = ds
    assert isinstance(ds, tf.data.Dataset)
    assert batch["x"].numpy().tolist() == [1, 2]


def test_older_names():
    ds = tf.data.Dataset.range(6)
    experimental = tf.data.experimental
    assert len(list(ds.apply(experimental.unique()))) == 6
    assert [x.numpy() for x in ds.batch(3).apply(experimental.unbatch())] == list(range(6))
    assert len(list(ds.apply(experimental.shuffle_and_repeat(3, 2)))) == 12
    assert [i.numpy() for i, _ in ds.apply(experimental.enumerate_dataset(4))] == [4, 5, 6, 7, 8, 9]
    assert len(ds.apply(experimental.assert_cardinality(6))) == 6
    with pytest.raises(fl.errors.ArgumentError, match="6 elements, and 5 were asserted"):
        ds.apply(experimental.assert_cardinality(5))
    taken = ds.apply(experimental.take_while(lambda x: x < 2))
    assert [x.numpy() for x in taken] == [0, 1]
    batches = ds.apply(experimental.group_by_window(lambda x: x % 2, lambda key, part: part.batch(3), 3))
    assert [batch.numpy().tolist() for batch in batches] == [[0, 2, 4], [1, 3, 5]]
    assert experimental.get_single_element(ds.take(1)).numpy() == 0
    assert len(list(ds.apply(experimental.prefetch_to_device("/gpu:0")))) == 6
    mixed = experimental.sample_from_datasets([ds, ds], [0.5, 0.5], seed=1)
    assert len(list(mixed)) == 12
    chosen = experimental.choose_from_datasets([ds, ds.map(lambda x: -x)], tf.data.Dataset.range(2).repeat(2))
    assert [x.numpy() for x in chosen] == [0, 0, 1, -1]


def test_python_and_numpy_functions_in_map():
    def by_numpy(path, number):
        assert type(path) is bytes
        assert isinstance(number, np.int64)
        return np.full((2, 2), number, np.float32), len(path)

    def read(path, number):
        image, length = tf.numpy_function(by_numpy, [path, number], [tf.float32, tf.int64])
        image.set_shape([None, None])
        return image, length

    ds = tf.data.Dataset.from_tensor_slices((["a", "bc"], np.array([7, 8]))).map(read)
    assert [(image.numpy().tolist()[0], length.numpy()) for image, length in ds] == [([7, 7], 1), ([8, 8], 2)]
    ds = tf.data.Dataset.range(2).map(lambda x: tf.py_function(lambda y: y.numpy() * 2, [x], tf.int64))
    assert [x.numpy() for x in ds] == [0, 2]
    with pytest.raises(fl.errors.DtypeError, match="by_three"):
        tf.numpy_function(by_three, [1.0], tf.int32)


def by_three(value):
    return value / 3


def test_files_as_pipelines_read_them(tmp_path):
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.full((6, 8, 3), 60 * number, np.uint8)
            (tmp_path / name / f"{number}.png").write_bytes(fl.io.encode_png(pixels))
    names = np.array(sorted(item.name for item in tmp_path.iterdir()))

    def label_of(path):
        parts = tf.strings.split(path, "/")
        return tf.argmax(tf.cast(parts[-2] == names, tf.int32))

    def read(path):
        image = tf.io.decode_png(tf.io.read_file(path), channels=3)
        return tf.image.resize(image, [4, 4]) / 255.0, label_of(path)

    ds = tf.data.Dataset.list_files(str(tmp_path / "*/*.png"), shuffle=False).map(read, tf.data.AUTOTUNE).batch(4)
    images, labels = next(iter(ds))
    assert images.shape == (4, 4, 4, 3)
    assert images.dtype == tf.float32
    assert labels.numpy().tolist() == [0, 0, 1, 1]
    assert tf.io.gfile.glob(str(tmp_path / "cats/*")) == sorted(map(str, pathlib.Path(tmp_path / "cats").iterdir()))


def test_results_may_be_kept_and_buffers_are_not_shared():
    buffer = np.zeros(3)

    def fill(x):
        buffer[:] = x.numpy()
        return tf.convert_to_tensor(buffer)

    assert [x.numpy()[0] for x in list(tf.data.Dataset.range(4).map(fill))] == [0, 1, 2, 3]
    same = list(tf.data.Dataset.from_tensor_slices(np.arange(8.0).reshape(4, 2)).map(lambda x: x))
    assert [x.numpy().tolist() for x in same] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    kept = list(tf.data.Dataset.range(6).batch(2).repeat(3))
    assert [batch.numpy().tolist() for batch in kept] == [[0, 1], [2, 3], [4, 5]] * 3


def test_an_infinite_dataset_is_left_early():
    ds = tf.data.Dataset.range(3).repeat().prefetch(tf.data.AUTOTUNE)
    assert [x.numpy() for x in itertools.islice(ds, 7)] == [0, 1, 2, 0, 1, 2, 0]


def test_callable_objects_are_functions():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, x):
            assert type(x) is tf.Tensor
            return x * self.factor

    ds = tf.data.Dataset.range(3).map(Scale(2))
    assert [x.numpy() for x in ds] == [0, 2, 4]
    assert "map(Scale)" in repr(ds)
    assert "map(double)" in repr(ds.map(double))


def double(x):
    return x * 2


def test_keras_layers_and_arrays_of_frameworks_in_map():
    jnp = pytest.importorskip("jax.numpy")
    ds = tf.data.Dataset.from_tensor_slices([[1.0, 2.0]]).map(lambda x: jnp.asarray(x) + 1)
    assert [x.numpy().tolist() for x in ds] == [[2.0, 3.0]]


def test_tables(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    ds = tf.data.Dataset.from_tensor_slices((dict(frame), tf.constant([0, 1])))
    rows = [(row["a"].numpy(), row["b"].numpy(), label.numpy()) for row, label in ds]
    assert rows == [(1, b"x", 0), (2, b"y", 1)]


ELEMENTWISE = [
    lambda ds: ds.map(lambda x, y, z: x),
    lambda ds: ds.map(lambda x: x),
    lambda ds: ds.filter(lambda x: True),
    lambda ds: ds.flat_map(lambda x: tf.data.Dataset.range(2)),
    lambda ds: ds.reduce(0, lambda x: x),
]


@pytest.mark.parametrize("step", ELEMENTWISE)
def test_a_function_of_a_wrong_number_of_arguments_is_refused_where_it_is_written(step):
    ds = tf.data.Dataset.from_tensor_slices(([1, 2], [3, 4]))
    with pytest.raises(fl.errors.StructureError, match=r"the lambda in \w+\(.* takes \d argument") as caught:
        step(ds)
    assert isinstance(caught.value, TypeError)
    assert "test_dataset.py:" in str(caught.value)
