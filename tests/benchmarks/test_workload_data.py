"""The data of single workloads, and the guards that look at it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def w10():
    return importlib.import_module("benchmarks.workloads.w10")


def recipe(w10, seed=0, normalise=True, flips=True, window=None):
    """Returns a batch of crops of the cards, made by the recipe or not quite."""
    import cv2

    image_folder = importlib.import_module("benchmarks.image_folder")
    random, images = np.random.default_rng(seed), []
    for number in range(w10.BATCH):
        top, left, height, width = window or w10.random_window(random)
        cut = image_folder.card(number)[top : top + height, left : left + width].astype(np.float32)
        image = cv2.resize(cut, (w10.SIDE, w10.SIDE))
        image = image[:, ::-1] if flips and random.random() < 0.5 else image
        images.append((image - w10.MEAN) / w10.DEVIATION if normalise else image / 255)
    return {"0": np.array(images, np.float32), "1": np.zeros(w10.BATCH, np.int64)}


def test_a_crop_is_read_from_its_card(w10):
    window = (40, 30, 200, 260)
    images = recipe(w10, window=window)["0"]
    crop = importlib.import_module("benchmarks.card_crops").read_crop(images[5] * w10.DEVIATION + w10.MEAN)
    assert (crop.top, crop.left, crop.height, crop.width) == pytest.approx(window, abs=1)
    assert crop.blue == pytest.approx(40, abs=1)
    assert crop.residue < 1


def test_the_recipe_is_verified(w10):
    assert w10.COMPARE.check(recipe(w10)) is None
    wrong = {
        "normalised": recipe(w10, normalise=False),
        "by itself": recipe(w10, flips=False),
        "of the area": recipe(w10, window=(0, 0, 80, 80)),
        "labels": {**recipe(w10), "1": np.ones(w10.BATCH, np.int64)},
        "is no normalised crop of the file 0": {**recipe(w10), "0": recipe(w10)["0"][::-1]},
    }
    for says, batch in wrong.items():
        assert says in w10.COMPARE.check(batch)
    assert "by itself" in w10.COMPARE.check(recipe(w10, window=(40, 30, 200, 260)))


def test_image_folder_has_cards_first_and_every_photo(monkeypatch, tmp_path):
    data, image_folder = (importlib.import_module(f"benchmarks.{name}") for name in ("data", "image_folder"))
    monkeypatch.setattr(data, "DATA", tmp_path)
    monkeypatch.setattr(image_folder, "FOLDER", tmp_path / "folder")
    monkeypatch.setattr(image_folder, "listing", image_folder.listing.__wrapped__)
    (tmp_path / "jpg").mkdir()
    for number in range(3):
        (tmp_path / "jpg" / f"{number}.jpg").write_bytes(b"photo %d" % number)
    np.save(tmp_path / "labels.npy", np.array([4, 0, 4]))
    image_folder.make()
    paths, labels = image_folder.listing()
    assert labels.tolist() == [0] * image_folder.CARDS + [1, 2, 2]
    assert [Path(path).read_bytes() for path in paths[-3:]] == [b"photo 1", b"photo 0", b"photo 2"]


def test_short_records_are_the_same_by_number_and_in_order(monkeypatch, tmp_path):
    import feedline as fl

    data, short_records = (importlib.import_module(f"benchmarks.{name}") for name in ("data", "short_records"))
    monkeypatch.setattr(data, "DATA", tmp_path)
    monkeypatch.setenv(short_records.COUNT_VARIABLE, "1000")
    short_records.make()
    in_order = [np.frombuffer(record, np.uint8) for record in fl.TFRecordDataset(str(short_records.path()))]
    by_number = short_records.Records()
    assert len(by_number) == len(in_order) == 1000
    numbers = np.array([999, 0, 7])
    assert np.array_equal(by_number.rows(numbers), np.stack([in_order[number] for number in numbers]))
    assert np.array_equal(by_number[7], in_order[7])
    assert in_order[7][:8].view("<i8") == 7


def test_limit_of_the_short_records_refuses_a_damaged_one(monkeypatch, tmp_path):
    data, short_records = (importlib.import_module(f"benchmarks.{name}") for name in ("data", "short_records"))
    limit = importlib.import_module("benchmarks.limits.records")
    monkeypatch.setattr(data, "DATA", tmp_path)
    monkeypatch.setenv(short_records.COUNT_VARIABLE, "1000")
    short_records.make()
    assert next(limit.shuffled()) == 1000
    content = bytearray(short_records.path().read_bytes())
    content[50 * short_records.FRAME] ^= 1  # the length of a record
    short_records.path().write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        next(limit.shuffled())


@pytest.mark.parametrize(("free", "files"), [(1, 1), (10**12, 8)])
def test_large_set_is_one_file_eight_times_where_the_disk_is_full(monkeypatch, tmp_path, free, files):
    import feedline as fl

    memory = importlib.import_module("benchmarks.memory")
    monkeypatch.setattr(memory, "FOLDER", tmp_path)
    monkeypatch.setattr(memory, "FILE_RECORDS", 5)
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda folder: usage(free))
    memory.make()
    assert len(os.listdir(tmp_path)) == files
    labels = np.concatenate([label for _, label in memory.pipeline(fl, fl, shuffle=True)])
    expected = list(range(5)) * 8 if files == 1 else list(range(40))
    assert sorted(labels.tolist()) == sorted(expected)
    assert labels.tolist() != expected


def test_memory_of_a_session_is_that_of_its_processes():
    resources = importlib.import_module("benchmarks.resources")
    if not os.path.exists("/proc/self/smaps_rollup"):
        pytest.skip("this system does not say what is resident")
    mib, processes = resources.resident(os.getsid(0))
    assert processes >= 1
    assert mib > 5


def test_py_dataset_goes_through_every_epoch_once():
    peers = importlib.import_module("benchmarks.peers")
    elements = peers.OfElements(lambda position: (np.int64(position),), length=8, batch_size=4)
    dataset = elements.py_dataset(shuffle=True, processes=False)
    first, second = (np.concatenate([dataset[2 * epoch][0], dataset[2 * epoch + 1][0]]) for epoch in range(2))
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(8))
    assert first.tolist() != second.tolist()


def test_a_model_waits_from_the_end_of_the_step_before():
    training = importlib.import_module("benchmarks.training")
    # asked, there; the step before was done: in time, while the batch was made, long ago
    draws = [(1.0, 2.0), (3.0, 5.0), (6.0, 7.0)]
    assert training.waited(draws, [2.5, 4.0, 5.5]) == 0.0 + 1.0 + 1.0


TRAINING = """
import numpy as np
from benchmarks import training

def batches(count):
    for _ in range(count):
        yield np.zeros((4, 16, 16, 3), np.float32), np.zeros(4, np.int64)

answer = training.fit(batches(10**6), side=16, warm=0.0, seconds=0.05)
assert answer["samples"] % 4 == 0 < answer["samples"], answer
assert 0 <= answer["wait_share"] <= 1, answer
try:
    training.fit(batches(2), side=16, warm=0.0, seconds=60.0)
except RuntimeError as error:
    print(error)
"""


def test_training_counts_the_samples_of_its_steps():
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", TRAINING], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "must not end" in done.stdout
