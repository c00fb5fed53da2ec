"""Random numbers, files, errors, text and decorators."""

import io

import numpy as np
import pytest

import feedline as fl
import feedline.compat.tf as tf


@pytest.fixture(autouse=True)
def no_seed():
    yield
    tf.random.set_seed(None)


def test_a_seed_makes_the_same_numbers():
    for draw in (
        lambda: tf.random.uniform([3]), lambda: tf.random.normal([3], 5.0, 2.0),
        lambda: tf.random.shuffle([1, 2, 3, 4, 5]),
        lambda: tf.random.truncated_normal([3]), lambda: tf.random.uniform([3], 0, 100, tf.int64),
    ):  # fmt: skip
        tf.random.set_seed(7)
        first, other = draw(), draw()
        tf.random.set_seed(7)
        assert draw().numpy().tolist() == first.numpy().tolist() != other.numpy().tolist()


def test_the_distributions():
    tf.random.set_seed(1)
    uniform = tf.random.uniform([20000], -1.0, 3.0)
    assert uniform.dtype == tf.float32
    assert -1 <= uniform.numpy().min() < -0.99
    assert 2.99 < uniform.numpy().max() < 3
    assert abs(uniform.numpy().mean() - 1) < 0.05
    normal = tf.random.normal((20000,), 5.0, 2.0, tf.float64)
    assert normal.dtype == tf.float64
    assert abs(normal.numpy().mean() - 5) < 0.1
    assert abs(normal.numpy().std() - 2) < 0.1
    truncated = tf.random.truncated_normal([20000], 1.0, 3.0)
    assert np.abs(truncated.numpy() - 1).max() <= 6
    assert abs(truncated.numpy().std() - 3 * 0.8796) < 0.1
    whole = tf.random.uniform([1000], maxval=3, dtype=tf.int32)
    assert whole.dtype == tf.int32
    assert set(whole.numpy().tolist()) == {0, 1, 2}
    assert sorted(tf.random.shuffle([[1, 1], [2, 2], [3, 3]]).numpy()[:, 0].tolist()) == [1, 2, 3]


def test_stateless_numbers_follow_from_the_seed_alone():
    for draw in (
        lambda seed: tf.random.stateless_uniform([4], seed), lambda seed: tf.random.stateless_normal([4], seed),
        lambda seed: tf.random.stateless_uniform([4], seed, 0, 1000, tf.int32),
    ):  # fmt: skip
        assert draw((1, 2)).numpy().tolist() == draw(tf.constant([1, 2])).numpy().tolist()
        assert draw((1, 2)).numpy().tolist() != draw((2, 1)).numpy().tolist()
    numbers = tf.random.stateless_uniform([20000], (1, 2), 2.0, 3.0).numpy()
    assert 2 <= numbers.min() < 2.01
    assert 2.99 < numbers.max() < 3
    with pytest.raises(fl.errors.ArgumentError, match="seed"):
        tf.random.stateless_uniform([1], 5)
    with pytest.raises(fl.errors.ArgumentError, match="maxval"):
        tf.random.stateless_uniform([1], (1, 2), dtype=tf.int32)
    with pytest.raises(fl.errors.ArgumentError, match="scalar"):
        tf.random.shuffle(1)


def test_files(tmp_path):
    gfile = tf.io.gfile
    folder = gfile.join(str(tmp_path), tf.constant("a"), "b")
    gfile.makedirs(folder)
    gfile.makedirs(folder)
    with gfile.GFile(folder + "/x.txt", "w") as file:
        file.write("text")
    with gfile.GFile(tf.constant(folder + "/x.txt"), "rb") as file:
        assert file.read() == b"text"
    assert gfile.exists(folder)
    assert gfile.isdir(folder)
    assert not gfile.isdir(folder + "/x.txt")
    gfile.copy(folder + "/x.txt", folder + "/y.txt")
    with pytest.raises(FileExistsError):
        gfile.copy(folder + "/x.txt", folder + "/y.txt")
    with pytest.raises(FileExistsError):
        gfile.rename(folder + "/x.txt", folder + "/y.txt")
    gfile.rename(folder + "/x.txt", folder + "/y.txt", overwrite=True)
    assert gfile.listdir(folder) == ["y.txt"]
    assert gfile.glob([folder + "/*.txt", folder + "/none"]) == [folder + "/y.txt"]
    assert [names for _, _, names in gfile.walk(str(tmp_path))] == [[], [], ["y.txt"]]
    gfile.remove(folder + "/y.txt")
    gfile.mkdir(folder + "/c")
    gfile.rmtree(str(tmp_path / "a"))
    assert gfile.listdir(str(tmp_path)) == []
    with pytest.raises(fl.errors.ArgumentError, match="gs://bucket"):
        gfile.exists("gs://bucket/file")


def test_errors_have_tensorflows_names(tmp_path):
    with pytest.raises(tf.errors.NotFoundError):
        tf.io.read_file(str(tmp_path / "none"))
    with pytest.raises(tf.errors.NotFoundError):
        tf.data.TFRecordDataset(str(tmp_path / "none"))
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.reshape([1, 2], [3])
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.io.decode_png(b"no image")
    path = tmp_path / "cut.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"record")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(tf.errors.DataLossError):
        list(tf.data.TFRecordDataset(str(path)))
    with pytest.raises(tf.errors.UnknownError):
        list(tf.data.Dataset.range(1).map(lambda x: {}["x"]))
    for name in tf.errors.__all__:
        assert issubclass(getattr(tf.errors, name), Exception)


def test_text_and_bytes():
    assert tf.compat.as_bytes("é") == "é".encode()
    assert tf.compat.as_text(tf.constant("é")) == "é"
    assert tf.compat.as_str(b"a") == "a"
    with pytest.raises(fl.errors.DtypeError):
        tf.compat.as_bytes(1)


def test_print():
    stream = io.StringIO()
    tf.print("a", tf.constant([1, 2]), tf.constant("b"), 3, output_stream=stream)
    assert stream.getvalue() == "a [1 2] b 3\n"


def test_decorators_change_nothing():
    @tf.function
    def first(x):
        return x + 1

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)], jit_compile=True)
    def second(x):
        return x + 2

    @tf.autograph.experimental.do_not_convert
    def third(x):
        return x + 3

    assert [function(tf.constant(0)).numpy() for function in (first, second, third)] == [1, 2, 3]
    assert first.__name__ == "first"


def test_io_and_image_take_and_give_tensors(tmp_path):
    image = tf.constant(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    name = tf.constant(str(tmp_path / "x.png"))
    assert tf.io.write_file(name, tf.io.encode_png(image)) is None
    for decoded in (tf.io.decode_png(tf.io.read_file(name)), tf.image.decode_image(tf.io.read_file(name))):
        assert type(decoded) is tf.Tensor
        np.testing.assert_array_equal(decoded, image)
    resized = tf.image.resize(image, tf.constant([2, 2]), method=tf.image.ResizeMethod.NEAREST_NEIGHBOR)
    assert resized.dtype == tf.uint8
    assert resized.shape == [2, 2, 3]
    dy, dx = tf.image.image_gradients(tf.cast(image, tf.float32)[tf.newaxis])
    assert type(dy) is type(dx) is tf.Tensor
    raised = [tf.image.random_flip_left_right, lambda x: tf.image.random_crop(x, [2, 2, 3]), tf.image.rot90]
    assert all(type(function(image)) is tf.Tensor for function in raised)
    assert tf.io.serialize_tensor(image).dtype == tf.string
    assert tf.io.decode_png is tf.io.decode_png


def test_assertions_say_what_is_wrong():
    with pytest.raises(fl.errors.ArgumentError, match=r"sizes: x must be equal to y, and at \[1\] they are"):
        tf.debugging.assert_equal([1, 2], [1, 3], message="sizes")
    with pytest.raises(fl.errors.ArgumentError, match="NaN"):
        tf.debugging.check_numerics([float("nan")], "loss")
    with pytest.raises(fl.errors.ArgumentError, match="x must be below y, and they are 2 and 1"):
        tf.debugging.assert_less(tf.constant(2), 1)
    with pytest.raises(fl.errors.ArgumentError, match=r"x must be above 0, and at \[1, 0\] it is -3\.0"):
        tf.debugging.assert_positive([[1.0], [-3.0]])
    with pytest.raises(fl.errors.ArgumentError, match="False: 7"):
        tf.debugging.Assert(False, [7])


def test_bad_arguments_of_control_functions():
    with pytest.raises(fl.errors.ArgumentError, match="shape"):
        tf.cond(tf.constant([True, False]), lambda: 1, lambda: 2)
    with pytest.raises(fl.errors.ArgumentError, match="needs true_fn"):
        tf.cond(True, lambda: 1)
    with pytest.raises(fl.errors.ArgumentError, match="no condition"):
        tf.case([(tf.constant(False), lambda: 1)])
    with pytest.raises(fl.errors.StructureError, match="2 variables for 1"):
        tf.while_loop(lambda i: i < 1, lambda i: (i, i), [tf.constant(0)])
    with pytest.raises(fl.errors.StructureError, match="2 values"):
        tf.py_function(lambda: (1, 2), [], [tf.int32])
    with pytest.raises(fl.errors.ArgumentError, match="rows"):
        tf.map_fn(lambda x: x, (tf.constant([1]), tf.constant([1, 2])))


def test_sound():
    header = b"RIFF" + (44).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    form = b"".join(n.to_bytes(size, "little") for n, size in ((1, 2), (1, 2), (8000, 4), (16000, 4), (2, 2), (16, 2)))
    samples = np.array([0, 16384, -32768, 0], "<i2").tobytes()
    audio, rate = tf.audio.decode_wav(tf.constant(header + form + b"data" + (8).to_bytes(4, "little") + samples))
    assert audio.numpy().tolist() == [[0.0], [0.5], [-1.0], [0.0]]
    assert rate.numpy() == 8000
