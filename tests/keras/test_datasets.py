"""The same files, read by Keras itself: its own check of the files' hashes is switched off."""

import importlib.util
import pathlib

import numpy as np
import pytest

from feedline import datasets

keras = pytest.importorskip("keras")

_MADE = pathlib.Path(__file__).parents[1] / "datasets" / "test_datasets.py"
_spec = importlib.util.spec_from_file_location("made", _MADE)
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "datasets"
    folder.mkdir()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def get_file(fname, origin=None, cache_subdir="datasets", **_):
        return str(tmp_path / cache_subdir / fname)

    for name in datasets.__all__:
        monkeypatch.setattr(f"keras.src.datasets.{name}.get_file", get_file)
    return folder


def same(ours, theirs):
    for mine, other in zip(ours, theirs, strict=True):
        for a, b in zip(mine, other, strict=True):
            assert a.dtype == b.dtype
            assert a.tolist() == b.tolist()


WORDS = [
    {},
    {"num_words": 20},
    {"num_words": 30, "skip_top": 10, "oov_char": None},
    {"maxlen": 7, "seed": 3},
    {"start_char": None},
    {"start_char": None, "index_from": 0, "num_words": 40, "oov_char": 9},
]


@pytest.mark.parametrize("arguments", WORDS, ids=str)
def test_words(home, arguments):
    made.write_imdb(home / "imdb.npz")
    same(datasets.imdb.load_data(**arguments), keras.datasets.imdb.load_data(**arguments))
    np.savez(home / "reuters.npz", x=made.word_lists(30, 5), y=np.arange(30) % 7)
    for split in (0.2, 0.55):
        ours = datasets.reuters.load_data(test_split=split, **arguments)
        same(ours, keras.datasets.reuters.load_data(test_split=split, **arguments))


def test_images(home):
    made.write_mnist(home / "mnist.npz")
    same(datasets.mnist.load_data(), keras.datasets.mnist.load_data())
    made.write_fashion(home / "fashion-mnist")
    same(datasets.fashion_mnist.load_data(), keras.datasets.fashion_mnist.load_data())


def test_cifar(home):
    made.write_cifar100(home / "cifar-100-python-target" / "cifar-100-python")
    for label_mode in ("fine", "coarse"):
        same(datasets.cifar100.load_data(label_mode), keras.datasets.cifar100.load_data(label_mode))


@pytest.mark.parametrize("seed", [113, 0])
def test_housing(home, seed):
    for name, columns in (("california_housing", 8), ("boston_housing", 13)):
        x = np.random.default_rng(1).random((700, columns)).astype("float32" if columns == 8 else "float64")
        np.savez(home / f"{name}.npz", x=x, y=x[:, 0] * 7)
        ours, theirs = getattr(datasets, name), getattr(keras.datasets, name)
        same(ours.load_data(test_split=0.3, seed=seed), theirs.load_data(test_split=0.3, seed=seed))
    same(datasets.california_housing.load_data("small"), keras.datasets.california_housing.load_data("small"))
