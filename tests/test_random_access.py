"""Whatever can be read by position is, and is shuffled over all of it: files of images, records and arrays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import feedline as fl

COUNT = 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Images of 5x4 in three folders, one for each class, whose first value is their number."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(COUNT):
        image = np.full((5, 4, 3), number, np.uint8)
        fl.io.write_file(folder / f"class {number % 3}" / f"{number:03}.png", fl.io.encode_png(image))
    return folder


def read_image(name: bytes) -> np.ndarray:
    return fl.io.decode_png(fl.io.read_file(name))


def arrays(folder: Path) -> Iterator[tuple[str, fl.Dataset]]:
    values = np.arange(COUNT, dtype=np.int64)[:, None].repeat(3, 1)
    np.save(folder / "a.npy", values)
    np.savez(folder / "a.npz", x=values)
    yield "npy", fl.Dataset.from_tensor_slices(np.load(folder / "a.npy", mmap_mode="r"))
    yield "npz", fl.Dataset.from_tensor_slices(fl.io.open_npz(folder / "a.npz")["x"])


def records(folder: Path) -> Iterator[tuple[str, fl.Dataset]]:
    names = []
    for number in range(COUNT):  # more files than are kept open
        names.append(str(folder / f"{number}.bin"))
        fl.io.write_file(names[-1], b"HEADER" + bytes([number]) * 8 + b"FOOT")
    fixed = fl.FixedLengthRecordDataset(names, 8, header_bytes=6, footer_bytes=4)
    yield "fixed length", fixed.map(lambda record: fl.io.decode_raw(record, fl.uint8))
    with fl.io.TFRecordWriter(folder / "a.tfrecord") as writer:
        for number in range(COUNT):
            writer.write(bytes([number]) * 8)
    yield "TFRecord", fl.TFRecordDataset(folder / "a.tfrecord").map(lambda record: fl.io.decode_raw(record, fl.uint8))


def all_sources(folder: Path, images: Path) -> dict[str, fl.Dataset]:
    found = dict([*arrays(folder), *records(folder)])
    found["images"] = fl.Dataset.list_files(f"{images}/*/*.png", shuffle=False).map(read_image, num_parallel_calls=2)
    return found


@pytest.mark.parametrize("kind", ["npy", "npz", "fixed length", "TFRecord", "images"])
def test_shuffles_are_over_all_elements(tmp_path, folder, kind) -> None:
    dataset = all_sources(tmp_path, folder)[kind]
    assert len(dataset) == COUNT
    numbers = [int(element.flat[0]) for element in dataset]
    assert sorted(numbers) == list(range(COUNT))
    for position in (0, COUNT - 1, 17):
        assert int(dataset[position].flat[0]) == numbers[position]
    shuffled = dataset.shuffle(4, seed=1)  # a buffer of 4 would leave every element near its place
    assert shuffled.node.indexed
    assert "streamed" not in shuffled.batch(8).explain()
    epochs = [[int(element.flat[0]) for element in shuffled] for _ in range(2)]
    assert epochs[0] != epochs[1]
    for epoch in epochs:
        assert sorted(epoch) == list(range(COUNT))
        moved = [abs(epoch.index(number) - numbers.index(number)) for number in range(COUNT)]
        assert max(moved) > COUNT / 2
        assert np.mean(moved) > COUNT / 5


@pytest.mark.parametrize("kind", ["npy", "npz", "fixed length", "TFRecord", "images"])
def test_an_iteration_goes_on_at_its_position_without_reading_what_came_before(tmp_path, folder, kind) -> None:
    read = []

    def noted(element: np.ndarray) -> np.ndarray:
        read.append(int(element.flat[0]))
        return element

    def build() -> fl.Dataset:
        return all_sources(tmp_path, folder)[kind].map(noted).shuffle(9, seed=2)

    iterator = iter(build())
    for _ in range(60):
        next(iterator)
    state = iterator.state_dict()
    rest = [int(element.flat[0]) for element in iterator]
    read.clear()
    again = iter(build())
    again.load_state_dict(state)
    assert [int(element.flat[0]) for element in again] == rest
    assert len(read) <= 30 + 3  # a spec, and the proof that the function runs on blocks, look at an element each


def test_image_folders_of_keras(folder) -> None:
    program = f"""
import feedline as fl, feedline.keras
dataset = fl.keras.image_dataset_from_directory({str(folder)!r}, image_size=(5, 4), batch_size=6, seed=3, verbose=False)
assert dataset.class_names == ["class 0", "class 1", "class 2"]
assert dataset.node.indexed and "streamed" not in dataset.explain()
epochs = []
for _ in range(2):
    numbers, labels = [], []
    for images, classes in dataset:
        numbers += images[:, 0, 0, 0].astype(int).tolist()
        labels += classes.tolist()
    assert labels == [number % 3 for number in numbers]
    epochs.append(numbers)
assert epochs[0] != epochs[1] and all(sorted(epoch) == list(range({COUNT})) for epoch in epochs)
moved = [abs(epochs[0].index(number) - number) for number in range({COUNT})]
assert max(moved) > {COUNT} / 2
assert len({{number % 3 for number in epochs[0][:12]}}) == 3
"""
    pytest.importorskip("keras")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
