"""Pipelines as people write them, run by TensorFlow and by feedline with the same code."""

import numpy as np
import pytest

import feedline.compat.tf as feedline_tf

tensorflow = pytest.importorskip("tensorflow")

PIPELINES = {}


def pipeline(function):
    PIPELINES[function.__name__] = function
    return function


@pipeline
def images_scaled(tf, folder):
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 6, 3), np.uint8)
    ds = tf.data.Dataset.from_tensor_slices((images, np.arange(5)))

    def scale(image, label):
        image = tf.image.resize(image, (4, 4)) / 255.0
        image = (image - tf.reduce_mean(image)) / tf.math.reduce_std(image)
        return image, tf.one_hot(label, 5)

    return ds.map(scale, num_parallel_calls=tf.data.AUTOTUNE).batch(2, drop_remainder=True)


@pipeline
def images_flipped_and_cropped(tf, folder):
    images = np.random.default_rng(1).random((4, 7, 9, 3), np.float32)

    def crop(image):
        shape = tf.shape(image)
        size = tf.minimum(shape[0], shape[1])
        top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
        image = image[top : top + size, left : left + size]
        image = tf.where(tf.reduce_max(image) > 0.99, tf.image.flip_left_right(image), image)
        return tf.clip_by_value(tf.image.adjust_brightness(image, 0.1), 0.0, 1.0)

    return tf.data.Dataset.from_tensor_slices(images).map(crop)


@pipeline
def words_padded(tf, folder):
    lines = tf.data.Dataset.from_tensor_slices(["the cat sat", "on", "the big red mat"])

    def encode(line):
        words = tf.strings.split(tf.strings.lower(line))
        return tf.strings.to_hash_bucket_fast(words, 50), tf.size(words)

    return lines.map(encode).padded_batch(2, padded_shapes=([None], []), padding_values=(tf.constant(-1, tf.int64), 0))


@pipeline
def words_cleaned(tf, folder):
    lines = tf.data.Dataset.from_tensor_slices(["It's <br /> good!", "  Bad, bad... "])

    def clean(line):
        line = tf.strings.regex_replace(tf.strings.lower(line), "<br />", " ")
        line = tf.strings.regex_replace(line, "[^a-z ]", "")
        return tf.strings.strip(line), tf.strings.length(line)

    return lines.map(clean)


@pipeline
def lines_of_a_table(tf, folder):
    path = folder / "table.txt"
    path.write_text("x,y\n1,2.5\n3,-1e2\n")

    def parse(line):
        parts = tf.strings.split(line, ",")
        return tf.strings.to_number(parts[0], tf.int32), tf.strings.to_number(parts[1])

    return tf.data.TextLineDataset([str(path)]).skip(1).map(parse)


@pipeline
def windows_of_a_series(tf, folder):
    ds = tf.data.Dataset.from_tensor_slices(np.arange(10, dtype=np.float32))
    ds = ds.window(4, shift=2, drop_remainder=True).flat_map(lambda window: window.batch(4))
    return ds.map(lambda window: (window[:-1], window[-1:])).batch(2)


@pipeline
def dicts_and_structures(tf, folder):
    ds = tf.data.Dataset.from_tensor_slices({"a": [1, 2, 3], "b": [[1.0], [2.0], [3.0]]})
    ds = ds.map(lambda e: ({"sum": tf.cast(e["a"], tf.float32) + e["b"][0], **e}, tf.cast(e["a"] > 1, tf.int64)))
    return ds.filter(lambda x, y: y > 0).batch(2)


@pipeline
def generators_whose_dtypes_the_signature_changes(tf, folder):
    def elements():
        for number in range(3):
            yield np.full((2, 2), number, np.float64), np.int64(number), f"n{number}"

    signature = (tf.TensorSpec((2, None), tf.float32), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.string))
    return tf.data.Dataset.from_generator(elements, output_signature=signature).batch(2)


@pipeline
def reduced_and_scanned(tf, folder):
    ds = tf.data.Dataset.range(6).map(lambda x: tf.cast(x, tf.float32))
    ds = ds.scan(tf.constant(0.0), lambda state, x: (state * 0.5 + x, state * 0.5 + x))
    total = ds.reduce(tf.constant(0.0), lambda state, x: state + x)
    return tf.data.Dataset.from_tensors(total).concatenate(ds)


@pipeline
def python_functions(tf, folder):
    def twice(x):
        return (x.numpy() * 2).astype(np.float32)

    def length(text):
        return np.int64(len(text))

    def both(text, x):
        doubled = tf.py_function(twice, [x], tf.float32)
        doubled.set_shape([])
        counted = tf.numpy_function(length, [text], tf.int64)
        return tf.ensure_shape(doubled, []), counted

    return tf.data.Dataset.from_tensor_slices((["a", "bcd"], [1.5, 2.5])).map(both)


@pipeline
def conditions(tf, folder):
    def choose(x):
        return tf.cond(x % 2 == 0, lambda: x * 10, lambda: -x), tf.where(x > 2, "big", "small")

    return tf.data.Dataset.range(5).map(choose)


@pipeline
def records(tf, folder):
    path = str(folder / "data.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for number in range(4):
            features = {
                "image": tf.train.Feature(
                    bytes_list=tf.train.BytesList(
                        value=[tf.io.encode_png(tf.fill([3, 2, 1], tf.cast(number * 40, tf.uint8))).numpy()]
                    )
                ),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[number])),
                "boxes": tf.train.Feature(float_list=tf.train.FloatList(value=[0.5] * number)),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    wanted = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64, default_value=0),
        "boxes": tf.io.VarLenFeature(tf.float32),
    }

    def parse(record):
        example = tf.io.parse_single_example(record, wanted)
        image = tf.cast(tf.image.decode_png(example["image"]), tf.float32) / 127.5 - 1
        return image, example["label"], tf.sparse.to_dense(example["boxes"])

    ds = tf.data.TFRecordDataset(path).map(parse)
    return ds.padded_batch(3, padded_shapes=([3, 2, 1], [], [None]))


@pipeline
def buckets(tf, folder):
    ds = tf.data.Dataset.from_tensor_slices([3, 1, 5, 2, 6]).map(lambda n: tf.range(n))
    return ds.bucket_by_sequence_length(lambda row: tf.shape(row)[0], [4], [2, 2])


@pipeline
def masks_and_stacks(tf, folder):
    def mask(row):
        kept = tf.boolean_mask(row, row > 2)
        first, rest = tf.split(row, [1, -1])
        return tf.stack([first[0], tf.reduce_sum(rest)]), tf.concat([kept, [0]], axis=0), tf.sort(row)[::-1]

    return tf.data.Dataset.from_tensor_slices([[5, 1, 3], [1, 2, 0]]).map(mask)


def flat(value):
    """Returns the components of an element, each as its dtype, shape and value."""
    if isinstance(value, dict):
        return [part for key in sorted(value) for part in flat(value[key])]
    if isinstance(value, tuple | list):
        return [part for each in value for part in flat(each)]
    array = np.asarray(value.numpy())
    return [(value.dtype.name.replace("object", "string"), array.shape, array)]


@pytest.mark.parametrize("name", PIPELINES)
def test_the_same_elements(name, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = [flat(element) for element in PIPELINES[name](tensorflow, tmp_path / "theirs")]
    ours = [flat(element) for element in PIPELINES[name](feedline_tf, tmp_path / "ours")]
    assert len(ours) == len(theirs) > 0
    for got, wanted in zip(ours, theirs, strict=True):
        assert [part[:2] for part in got] == [part[:2] for part in wanted]
        for (dtype, _, ours_array), (_, _, theirs_array) in zip(got, wanted, strict=True):
            if dtype.startswith("float"):
                np.testing.assert_allclose(ours_array, theirs_array, rtol=1e-5, atol=1e-6)
            else:
                np.testing.assert_array_equal(ours_array, theirs_array)


def test_there_are_enough_of_them():
    assert len(PIPELINES) >= 14


RETURNED = {
    "another dtype": (lambda value: value / 2.0, "float32"),
    "two for one": (lambda value: (value, value), "int64"),
    "two for a list of one": (lambda value: (value, value), ["int64"]),
    "one for a list of two": (lambda value: value, ["int64", "int64"]),
    "the dtype": (lambda value: value * 2, "int64"),
    "a list of one": (lambda value: [value], "int64"),
    "two for two": (lambda value: (value, value > 1), ["int64", "bool"]),
    "bytes": (lambda value: b"ab", "string"),
    "text": (lambda value: np.array(["a", "b"]), "string"),
}


@pytest.mark.parametrize("name", RETURNED)
def test_numpy_functions_are_held_to_their_dtypes(name):
    function, dtypes = RETURNED[name]
    outcomes = []
    for tf in (tensorflow, feedline_tf):
        wanted = [getattr(tf, dtype) for dtype in dtypes] if isinstance(dtypes, list) else getattr(tf, dtypes)
        try:
            ds = tf.data.Dataset.range(3).map(lambda x: tf.numpy_function(function, [x], wanted))  # noqa: B023
            outcomes.append(
                [np.asarray(part).tolist() for row in ds.as_numpy_iterator() for part in np.atleast_1d(row)]
            )
        except tf.errors.InvalidArgumentError:
            outcomes.append("refused")
    assert outcomes[1] == outcomes[0]


def test_the_number_of_elements_has_a_dtype_and_a_shape():
    for tf in (tensorflow, feedline_tf):
        count = tf.data.Dataset.range(3).cardinality()
        assert count.dtype == tf.int64
        assert count.shape == ()
        assert int(count) == int(count.numpy()) == 3


def test_errors_have_the_names_of_tensorflow():
    for tf in (tensorflow, feedline_tf):
        signature = tf.TensorSpec([None], tf.int32)
        rows = tf.data.Dataset.from_generator(lambda: iter([[1, 2, 3]]), output_signature=signature)
        with pytest.raises(tf.errors.DataLossError):
            list(rows.padded_batch(2, [2]))
        some = tf.data.Dataset.range(3).filter(lambda x: x > 0)
        with pytest.raises(tf.errors.FailedPreconditionError):
            list(some.apply(tf.data.experimental.assert_cardinality(3)))
        with pytest.raises(ValueError):  # noqa: PT011  # the message is each library's own
            tf.data.experimental.make_csv_dataset("none/*.csv", 2)
