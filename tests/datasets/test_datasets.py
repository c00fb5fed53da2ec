"""Reading small files of the formats that Keras keeps, made here."""

import gzip
import io
import json
import os
import pickle
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline.datasets
from feedline.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    pickled,
    reuters,
)
from feedline.errors import ArgumentError, FeedlineError, FileFormatError, MissingFileError

RANDOM = np.random.default_rng(0)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder in which Keras would keep its files."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    return tmp_path / "keras" / "datasets"


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)


def write_mnist(path):
    labels = np.arange(5, dtype=np.uint8)
    np.savez(path, x_train=images(5), y_train=labels, x_test=images(3, 1), y_test=labels[:3])


def word_lists(count, seed):
    random = np.random.default_rng(seed)
    array = np.empty(count, object)
    array[:] = [random.integers(1, 50, length).tolist() for length in random.integers(1, 12, count)]
    return array


def write_imdb(path):
    arrays = {"x_train": word_lists(20, 1), "y_train": np.arange(20) % 2, "x_test": word_lists(10, 2)}
    np.savez(path, y_test=np.arange(10) % 2, **arrays)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes()))


def write_fashion(folder):
    folder.mkdir()
    for part, count in (("train", 4), ("t10k", 2)):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images(count))
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", np.arange(count, dtype=np.uint8))


def batch(count, seed, keys=("labels",)):
    """Returns a pickle like CIFAR's: of Python 2, with text as bytes."""
    random = np.random.default_rng(seed)
    content = {b"data": random.integers(0, 256, (count, 3072), np.uint8), b"batch_label": b"a batch"}
    content |= {key.encode(): random.integers(0, 10, count).tolist() for key in keys}
    return pickle.dumps(content, protocol=3)


def write_cifar10(folder):
    folder.mkdir(parents=True)
    for number in range(1, 6):
        (folder / f"data_batch_{number}").write_bytes(batch(2, number))
    (folder / "test_batch").write_bytes(batch(3, 6))


def write_cifar100(folder):
    folder.mkdir(parents=True)
    for seed, name in enumerate(("train", "test")):
        (folder / name).write_bytes(batch(4 - seed, seed, ("fine_labels", "coarse_labels")))


def test_mnist(home, tmp_path):
    write_mnist(home / "mnist.npz")
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    np.testing.assert_array_equal(x_train, images(5))
    assert (x_train.dtype, y_train.tolist(), x_test.shape, y_test.shape) == (
        np.uint8,
        [0, 1, 2, 3, 4],
        (3, 28, 28),
        (3,),
    )
    write_mnist(tmp_path / "other.npz")
    for path in (tmp_path / "other.npz", str(tmp_path / "other.npz")):
        np.testing.assert_array_equal(mnist.load_data(path)[0][0], x_train)


def test_a_path_within_the_current_folder(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_mnist(tmp_path / "here.npz")
    assert mnist.load_data("here.npz")[1][0].shape == (3, 28, 28)


def test_a_folder_is_not_to_be_deleted(home, tmp_path):
    with pytest.raises(ArgumentError, match="path is a folder") as caught:
        mnist.load_data(tmp_path)
    assert "delete" not in caught.value.fix


def test_fashion_mnist(home, tmp_path):
    write_fashion(home / "fashion-mnist")
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    np.testing.assert_array_equal(x_train, images(4))
    assert (y_train.tolist(), x_test.shape, y_test.tolist()) == ([0, 1, 2, 3], (2, 28, 28), [0, 1])
    np.testing.assert_array_equal(fashion_mnist.load_data(home / "fashion-mnist")[0][0], x_train)


@pytest.mark.parametrize("place", ["cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"])
def test_cifar10(home, place):
    write_cifar10(home / place)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert (x_train.shape, x_train.dtype, y_train.shape, y_train.dtype) == (
        (10, 32, 32, 3),
        np.uint8,
        (10, 1),
        np.uint8,
    )
    assert (x_test.shape, y_test.shape) == ((3, 32, 32, 3), (3, 1))
    first = np.random.default_rng(1).integers(0, 256, (2, 3072), np.uint8)
    assert x_train[1, 0, 5].tolist() == [first[1, 5], first[1, 1024 + 5], first[1, 2048 + 5]]
    channels_first, _ = cifar10.load_data(data_format="channels_first")
    np.testing.assert_array_equal(channels_first[0].transpose(0, 2, 3, 1), x_train)
    with pytest.raises(ArgumentError, match="data_format"):
        cifar10.load_data(data_format="first")


def test_cifar100_from_the_archive(home, tmp_path):
    write_cifar100(tmp_path / "cifar-100-python")
    with tarfile.open(tmp_path / "cifar-100-python.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "cifar-100-python", "cifar-100-python")
    (x_train, fine), (x_test, _) = cifar100.load_data(path=tmp_path / "cifar-100-python.tar.gz")
    assert (x_train.shape, fine.shape, fine.dtype, x_test.shape) == ((4, 32, 32, 3), (4, 1), np.int64, (3, 32, 32, 3))
    (same, coarse), _ = cifar100.load_data("coarse", tmp_path / "cifar-100-python")
    np.testing.assert_array_equal(same, x_train)
    assert coarse.tolist() != fine.tolist()
    with pytest.raises(ArgumentError, match="label_mode"):
        cifar100.load_data("finest")


def test_imdb_and_its_words(home):
    write_imdb(home / "imdb.npz")
    (home / "imdb_word_index.json").write_text(json.dumps({"the": 1, "é": 2}))
    (x_train, y_train), (x_test, y_test) = imdb.load_data()
    assert (len(x_train), len(y_train), len(x_test), len(y_test)) == (20, 20, 10, 10)
    assert all(isinstance(words, list) and words[0] == 1 for words in x_train)
    (small, _), _ = imdb.load_data(num_words=20, skip_top=5, oov_char=None)
    assert {word for words in small for word in words} <= set(range(5, 20))
    (short, labels), _ = imdb.load_data(maxlen=6)
    assert max(map(len, short)) == 5
    assert len(labels) == len(short) < 20
    with pytest.raises(ArgumentError, match="maxlen"):
        imdb.load_data(maxlen=1)
    assert imdb.get_word_index() == {"the": 1, "é": 2}


def test_lists_of_one_length_stay_lists(home):
    array = np.empty(4, object)
    array[:] = [[1, 2]] * 4
    np.savez(home / "reuters.npz", x=array, y=np.arange(4))
    (x_train, _), (x_test, _) = reuters.load_data(test_split=0.5)
    assert x_train.shape == x_test.shape == (2,)


def test_housing(home):
    for module, name, columns in (
        (california_housing, "california_housing", 8),
        (boston_housing, "boston_housing", 13),
    ):
        x = np.arange(700.0 * columns).reshape(700, columns)
        np.savez(home / f"{name}.npz", x=x, y=x[:, 0])
        (x_train, y_train), (x_test, _) = module.load_data(test_split=0.25)
        assert (x_train.shape, x_test.shape) == ((525, columns), (175, columns))
        np.testing.assert_array_equal(x_train[:, 0], y_train)
        assert sorted(y_train) != y_train.tolist()
        with pytest.raises(ArgumentError, match="test_split"):
            module.load_data(test_split=1.0)
    (small, _), _ = california_housing.load_data("small", test_split=0)
    assert small.shape == (600, 8)
    with pytest.raises(ArgumentError, match="version"):
        california_housing.load_data("medium")


MODULES = [boston_housing, california_housing, cifar10, cifar100, fashion_mnist, imdb, mnist, reuters]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rsplit(".", 1)[1])
def test_a_missing_file_is_named_with_where_to_get_it(module, home):
    with pytest.raises(MissingFileError) as caught:
        module.load_data()
    said = str(caught.value)
    assert str(home) in said
    assert "https://" in said
    assert "load_data(path=...)" in said
    with pytest.raises(MissingFileError, match="/nowhere/at/all"):
        module.load_data(path="/nowhere/at/all")


@pytest.mark.parametrize("module", [imdb, reuters])
def test_a_missing_word_index(module, home):
    with pytest.raises(MissingFileError, match=r"word_index\.json"):
        module.get_word_index()
    name = module.__name__.rsplit(".", 1)[1]
    (home / f"{name}_word_index.json").write_text("{")
    with pytest.raises(FileFormatError, match="JSON"):
        module.get_word_index()


def test_wrong_contents(home):
    x, y = images(3), np.arange(3, dtype=np.uint8)
    wrong = [
        ({"x_train": x, "y_train": y, "x_test": x}, "no array 'y_test'"),
        ({"x_train": x, "y_train": y[:2], "x_test": x, "y_test": y}, "3 examples and 2 labels"),
        ({"x_train": x[:, :27], "y_train": y, "x_test": x, "y_test": y}, "(any, 28, 28) was expected"),
        ({"x_train": x / 2, "y_train": y, "x_test": x, "y_test": y}, "float64"),
    ]
    for arrays, words in wrong:
        np.savez(home / "mnist.npz", **arrays)
        with pytest.raises(FileFormatError) as caught:
            mnist.load_data()
        assert words in str(caught.value)
        assert "mnist.npz" in str(caught.value)
    words = np.empty(3, object)
    for items in ([[1, 2], "text", [3]], [[1, "2"], [1], [3]], [np.arange(3), [1], [2]]):
        words[:] = items
        np.savez(home / "reuters.npz", x=words, y=np.arange(3))
        with pytest.raises(FileFormatError, match="not a list of numbers"):
            reuters.load_data()


class Harmful:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return (os.mkdir, (str(self.folder),))


def test_a_pickle_cannot_run_code(home, tmp_path):
    words = np.empty(2, object)
    words[:] = [[1], Harmful(tmp_path / "made")]
    np.savez(tmp_path / "reuters.npz", x=words, y=np.arange(2))
    with pytest.raises(FileFormatError, match="it was not run"):
        reuters.load_data(tmp_path / "reuters.npz")
    folder = tmp_path / "cifar"
    write_cifar10(folder)
    (folder / "data_batch_2").write_bytes(pickle.dumps(Harmful(tmp_path / "made")))
    with pytest.raises(FileFormatError, match="it was not run"):
        cifar10.load_data(folder)
    assert not (tmp_path / "made").exists()


def test_cut_short_and_missing_parts(home, tmp_path):
    write_mnist(home / "mnist.npz")
    whole = (home / "mnist.npz").read_bytes()
    for end in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (home / "mnist.npz").write_bytes(whole[:end])
        with pytest.raises(FileFormatError, match="npz"):
            mnist.load_data()
    write_fashion(home / "fashion-mnist")
    path = home / "fashion-mnist" / "t10k-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for contents in (whole[:-9], whole[:20], b"", gzip.compress(bytes(20)), gzip.compress(gzip.decompress(whole)[:-1])):
        path.write_bytes(contents)
        with pytest.raises(FileFormatError):
            fashion_mnist.load_data()
    path.unlink()
    with pytest.raises(MissingFileError, match="t10k-images"):
        fashion_mnist.load_data()
    write_cifar10(tmp_path / "cifar")
    (tmp_path / "cifar" / "test_batch").unlink()
    with pytest.raises(MissingFileError, match="test_batch"):
        cifar10.load_data(tmp_path / "cifar")
    (tmp_path / "cifar" / "test_batch").write_bytes(pickle.dumps([1]))
    with pytest.raises(FileFormatError, match="not a dict"):
        cifar10.load_data(tmp_path / "cifar")
    (tmp_path / "cifar.tar.gz").write_bytes(b"no archive")
    with pytest.raises(FileFormatError, match="tar"):
        cifar10.load_data(tmp_path / "cifar.tar.gz")


def test_one_list_many_times(home, at_most):
    """A small file whose lists are all the same one: each would become a list of its own."""
    for count, fails in ((20, False), (100_000, True)):
        array = np.empty(count, object)
        array[:] = [list(range(10_000))] * count
        np.savez(home / "reuters.npz", x=array, y=np.zeros(count, np.int64))
        if not fails:
            assert len(reuters.load_data(test_split=0)[0][0]) == count
            continue
        with at_most(64), pytest.raises(FileFormatError, match="the same lists again and again"):
            reuters.load_data()


def test_labels_that_are_lists_of_one_list(home, at_most):
    write_cifar10(home / "cifar-10-batches-py")
    labels: list = [0] * 1000
    for _ in range(3):
        labels = [labels] * 1000
    content = {b"data": np.zeros((1000, 3072), np.uint8), b"labels": labels}
    (home / "cifar-10-batches-py" / "data_batch_2").write_bytes(pickle.dumps(content, protocol=3))
    with at_most(256), pytest.raises(FileFormatError, match="'labels' are not numbers"):
        cifar10.load_data()


def test_a_key_that_is_no_text(home):
    write_cifar10(home / "cifar-10-batches-py")
    (home / "cifar-10-batches-py" / "test_batch").write_bytes(batch(3, 6).replace(b"labels", b"label\xff"))
    with pytest.raises(FileFormatError, match="'labels' are not"):
        cifar10.load_data()


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 1 << 30), st.integers(0, 255), st.sampled_from(["array", "objects", "batch"]))
def test_damaged_pickles(position, value, kind):
    pickles = {
        "array": pickle.dumps(np.arange(6.0).reshape(2, 3)),
        "objects": pickle.dumps(word_lists(4, 0)),
        "batch": batch(1, 0)[:200] + batch(1, 0)[-200:],
    }
    contents = bytearray(pickles[kind])
    contents[position % len(contents)] = value
    try:
        found = pickled.load(io.BytesIO(bytes(contents)), "bytes")
    except pickle.UnpicklingError:
        return
    assert not isinstance(found, np.ndarray) or repr(found)  # every value of it can be looked at


def test_pickled_arrays_of_all_kinds():
    for array in (
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.zeros((0, 4), np.uint8),
        np.array(5, np.float16),
        np.array([True, False]),
        word_lists(3, 1),
    ):
        for protocol in (3, 4):  # those that NumPy and the makers of the data sets have used
            found = pickled.load(io.BytesIO(pickle.dumps(array, protocol)))
            np.testing.assert_array_equal(found, array)
            assert found.dtype == array.dtype.newbyteorder("=")
    for refused in (np.array(["a"]), np.zeros(2, "i4,f4"), np.array(["2020"], "M8[D]"), 1 + np.zeros(2, complex)):
        with pytest.raises(pickle.UnpicklingError, match="dtype"):
            pickled.load(io.BytesIO(pickle.dumps(refused)))


def test_no_error_but_feedlines(home):
    """Every byte of a small npz of objects, changed."""
    array = np.empty(1, object)
    array[:] = [[1, 2]]
    np.savez(home / "reuters.npz", x=array, y=np.arange(1))
    whole = (home / "reuters.npz").read_bytes()
    for position in range(0, len(whole), 3):
        (home / "reuters.npz").write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            reuters.load_data(test_split=0)
        except FeedlineError:
            continue


def test_a_name_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(
        AttributeError, match=r"feedline\.datasets has no 'mnst'; did you mean feedline\.datasets\.mnist"
    ):
        feedline.datasets.mnst
    with pytest.raises(AttributeError, match=r"^feedline\.datasets has no 'zzzz'$"):
        feedline.datasets.zzzz
