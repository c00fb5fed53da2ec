import importlib.util

import numpy as np
import pytest

import feedline as fl
from feedline.cli import digits_model
from feedline.cli.digits import DigitFile, pack
from feedline.cli.digits_model import augment, build_model, choose_backend, parse, training_dataset
from feedline.errors import ArgumentError, MissingPackageError


@pytest.fixture
def installed(monkeypatch):
    """Sets which packages are found."""

    def choose(*names: str) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in names else None)

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return choose


@pytest.fixture
def shards(tmp_path):
    files = []
    for number in range(70):
        path = tmp_path / f"{number}.png"
        fl.io.write_file(path, fl.io.encode_png(np.full((8, 8, 1), number, np.uint8)))
        files.append(DigitFile(path, number % 10, False))
    return pack(files, tmp_path, "some", 2)


@pytest.mark.parametrize(
    ("packages", "chosen"),
    [(["torch", "jax", "tensorflow"], "jax"), (["tensorflow", "torch"], "torch"), (["tensorflow"], "tensorflow")],
)
def test_the_first_backend_that_is_installed_is_chosen(packages, chosen, installed, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "")  # so that it is put back afterwards
    monkeypatch.delenv("KERAS_BACKEND")
    installed("keras", *packages)
    assert choose_backend() == chosen
    assert digits_model.os.environ["KERAS_BACKEND"] == chosen


def test_the_users_choice_is_kept(installed, monkeypatch) -> None:
    installed("keras", "jax", "torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert choose_backend() == "torch"


@pytest.mark.parametrize("packages", [(), ("jax",), ("keras",)])
def test_what_is_missing_is_named_with_a_command_that_works_from_a_clone_too(packages, installed) -> None:
    installed(*packages)
    with pytest.raises(MissingPackageError, match="is not installed") as caught:
        choose_backend()
    assert caught.value.fix.startswith("pip install ")
    assert "feedline" not in caught.value.fix


def test_a_chosen_backend_must_be_installed_and_able_to_train(installed, monkeypatch) -> None:
    installed("keras", "jax")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(MissingPackageError, match="KERAS_BACKEND=torch needs torch"):
        choose_backend()
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    with pytest.raises(ArgumentError, match="'numpy'"):
        choose_backend()


def test_a_record_becomes_an_image_from_0_to_1_and_its_label(shards) -> None:
    for record, number in zip(fl.TFRecordDataset(shards[1]), range(1, 70, 2), strict=True):
        image, label = parse(record)
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, np.full((8, 8, 1), number / 255), rtol=1e-6)
        assert label == number % 10


def test_augmented_images_stay_images(shards) -> None:
    image = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    for _ in range(20):
        other, label = augment(image, np.int64(3))
        assert other.shape == (8, 8, 1)
        assert other.dtype == np.float32
        assert 0 <= other.min() <= other.max() <= 1
        assert label == 3


def test_training_batches_hold_every_digit_once_an_epoch_in_another_order(shards) -> None:
    dataset = training_dataset(shards)
    assert len(dataset) == 2
    epochs = [[label for _, labels in dataset for label in labels.tolist()] for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(number % 10 for number in range(70))
    assert epochs[0] != epochs[1]


def test_test_batches_are_the_records_in_their_order(shards) -> None:
    ((images, labels),) = digits_model.test_dataset(shards[:1])
    np.testing.assert_array_equal(labels, np.arange(0, 70, 2) % 10)
    np.testing.assert_allclose(images[:, 0, 0, 0], np.arange(0, 70, 2) / 255, rtol=1e-6)


def test_the_same_seed_builds_the_same_model(monkeypatch) -> None:
    pytest.importorskip("jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip("keras")
    first, second, other = (build_model(seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert build_model(1).output_shape == (None, 10)
