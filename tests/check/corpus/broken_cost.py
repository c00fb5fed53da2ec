"""Broken pipelines: what costs far more than it needs to. All costs are far beyond those that the rules tell."""

from __future__ import annotations

import pathlib
import time
from typing import Any

import numpy as np

import feedline as fl

ROWS = np.random.default_rng(0).random((4000, 16), np.float32)
CLASSES = np.random.default_rng(1).integers(0, 4, 4000)
IMAGES = np.random.default_rng(2).integers(0, 256, (24, 12, 16, 3)).astype(np.uint8)


def a_cache_of_fifty_million_photos(folder: pathlib.Path) -> Any:
    """All decoded photos are kept in memory, as float32: document 000, which begins with memory that does not suffice.

    https://github.com/tensorflow/tensorflow/issues/45609
    """

    def photo(number: Any) -> Any:
        return np.resize(ROWS[number % 4000], (96, 96, 3)) * np.float32((10 + number % 90) / 100)

    ds = fl.Dataset.range(50_000_000).map(photo, num_parallel_calls=fl.AUTOTUNE)
    ds = ds.cache()
    return ds.batch(32).prefetch(2).check(show=False)


def a_network_drive_waited_for(folder: pathlib.Path) -> Any:
    """Each batch is begun when the model asks for it: documents 000 and 001, which recommend prefetch."""

    def load(number: Any) -> Any:
        time.sleep(0.003)  # as a file on a network drive may take
        return np.full(8, number, np.float32)

    ds = fl.Dataset.range(100_000)
    ds = ds.map(load)
    return ds.batch(32).check(show=False)


def one_core_decodes_and_the_others_wait(folder: pathlib.Path) -> Any:
    """A map without num_parallel_calls: https://github.com/tensorflow/models/issues/10214"""
    photo = fl.io.encode_png(np.random.default_rng(2).integers(0, 256, (160, 160, 3)).astype(np.uint8))

    def decode(number: Any) -> Any:
        time.sleep(0.003)
        image = np.roll(fl.io.decode_png(photo, channels=3), (number // 160, number), axis=(0, 1))
        return fl.cast(image, fl.float32) / 255, number % 7

    ds = fl.Dataset.range(100_000)
    ds = ds.map(decode)
    return ds.batch(32).prefetch(fl.AUTOTUNE).check(show=False)


def thousands_of_small_files(folder: pathlib.Path) -> Any:
    """A sample in a file of its own, and thousands of them: documents 000 and 002."""
    for number in range(1_500):
        (folder / f"{number:05}.bin").write_bytes(ROWS[number].tobytes())

    def load(path: bytes) -> Any:
        return fl.io.decode_raw(fl.io.read_file(path), fl.float32)

    files = fl.Dataset.list_files(str(folder / "*.bin"), seed=1)
    return files.map(load, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2).check(show=False)


def python_code_in_threads(folder: pathlib.Path) -> Any:
    """A tokenizer in plain Python, in threads that wait for each other.

    https://github.com/tensorflow/tensorflow/issues/14448
    https://github.com/tensorflow/tensorflow/issues/44274
    """

    def checksum(number: Any) -> Any:
        total = 0
        for value in range(20_000):
            total = (total * 31 + value) % 65_521
        return np.float32(total + number)

    options = fl.Options()
    options.executor = "threads"
    ds = fl.Dataset.range(100_000)
    ds = ds.map(checksum, num_parallel_calls=8)
    return ds.batch(32).prefetch(fl.AUTOTUNE).with_options(options).check(show=False)


def numpys_own_float64(folder: pathlib.Path) -> Any:
    """np.random.rand gives float64, which goes through the pipeline as it is.

    Document 000, block 3; document 001, blocks 1 and 2; document 004, block 1.
    """
    features = np.random.default_rng(3).random((400, 32, 32, 3))
    dataset = fl.Dataset.from_tensor_slices((features, CLASSES[:400]))
    return dataset.shuffle(400).batch(32).prefetch(fl.AUTOTUNE).check(show=False)


def photos_decoded_in_full_to_be_made_small(folder: pathlib.Path) -> Any:
    """Photos of a camera are decoded to full size and resized: document 000, block 1, does so in a generator."""
    for number in range(24):
        photo = np.kron(IMAGES[number], np.ones((40, 40, 1), np.uint8))
        (folder / f"{number:03}.jpg").write_bytes(fl.io.encode_jpeg(photo))

    def load(path: bytes) -> Any:
        image = fl.io.decode_jpeg(fl.io.read_file(path), channels=3)
        return fl.image.resize(image, [96, 96]) / 255

    files = fl.Dataset.list_files(str(folder / "*.jpg"), seed=1)
    files = files.map(load, num_parallel_calls=fl.AUTOTUNE)
    return files.batch(8).prefetch(2).check(show=False)


def a_loop_over_the_columns_of_each_row(folder: pathlib.Path) -> Any:
    """What NumPy does for a whole batch at once is done by a loop for each value.

    https://github.com/tensorflow/tensorflow/issues/15694
    """

    def mirrored(row: Any) -> Any:
        values = []
        for value in row:
            values.append(value if value < 0.5 else 1 - value)
        return np.array(values, np.float32)

    ds = fl.Dataset.from_tensor_slices(ROWS).shuffle(4000).repeat(250)
    ds = ds.map(mirrored, num_parallel_calls=fl.AUTOTUNE)
    return ds.batch(256).prefetch(2).check(show=False)


BROKEN = [
    (a_cache_of_fifty_million_photos, "FL401", "cache()"),
    (a_network_drive_waited_for, "FL402", "map(load)"),
    (one_core_decodes_and_the_others_wait, "FL403", "map(decode)"),
    (thousands_of_small_files, "FL404", "list_files("),
    (python_code_in_threads, "FL405", "map(checksum"),
    (numpys_own_float64, "FL406", "from_tensor_slices((features"),
    (photos_decoded_in_full_to_be_made_small, "FL407", "map(load"),
    (a_loop_over_the_columns_of_each_row, "FL408", "map(mirrored"),
]
"""The program, what must be found, and what is written on the line that the finding names."""
