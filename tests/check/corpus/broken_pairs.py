"""Broken pipelines: inputs with the labels of others, and tables in the order of their target."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(400, 6)).astype(np.float32)


def a_header_among_the_labels(folder: pathlib.Path) -> Any:
    """The label file of the seeds, read with its header: each input has the label of the one before it."""
    (folder / "labels.csv").write_text("label\n" + "".join(f"{number % 4}\n" for number in range(400)))
    labels = fl.TextLineDataset(str(folder / "labels.csv")).map(lambda line: 0 if line == b"label" else int(line))
    features = fl.Dataset.from_tensor_slices(ROWS)
    ds = fl.Dataset.zip(features, labels)
    return ds.shuffle(400).batch(32).prefetch(2).check(show=False)


def outliers_left_out_of_the_inputs_alone(folder: pathlib.Path) -> Any:
    """The rows are filtered, their labels are not."""
    features = fl.Dataset.from_tensor_slices(ROWS).filter(lambda row: bool(np.abs(row).max() < 2))
    labels = fl.Dataset.from_tensor_slices(np.arange(400) % 3)
    ds = fl.Dataset.zip(features, labels)
    return ds.batch(32).prefetch(2).check(show=False)


def a_name_counted_on_once_too_often(folder: pathlib.Path) -> Any:
    """`image_017` with `label_018`: the names of the seeds, computed where the files are read."""
    for number in range(42):
        np.save(folder / f"image_{number:03}.npy", ROWS[number])
        np.save(folder / f"label_{number:03}.npy", np.int32(number % 3))

    def load(number: int) -> Any:
        image = fl.io.decode_npy(fl.io.read_file(str(folder / f"image_{number:03}.npy")))
        return image, fl.io.decode_npy(fl.io.read_file(str(folder / f"label_{number + 1:03}.npy")))

    ds = fl.Dataset.range(41).shuffle(41)
    ds = ds.map(load)
    return ds.batch(8).prefetch(2).check(show=False)


def houses_sorted_by_their_price(folder: pathlib.Path) -> Any:
    """A table that a database gave ORDER BY price, and that nothing shuffles."""
    prices = (ROWS @ np.array([3, 1, -2, 1, 0.5, 1], np.float32) + 10).astype(np.float32)
    order = np.argsort(prices)
    ds = fl.Dataset.from_tensor_slices((ROWS[order], prices[order]))
    ds = ds.batch(32)
    return ds.prefetch(2).check(show=False)


def sorted_batches_that_are_shuffled(folder: pathlib.Path) -> Any:
    """A generator gives batches of one class after the other; a shuffle behind it moves whole batches."""

    def batches() -> Iterator[Any]:
        for start in range(0, 400, 20):
            yield ROWS[start : start + 20], np.full(20, start // 100)

    signature = (fl.TensorSpec((None, 6), fl.float32), fl.TensorSpec((None,), fl.int64))
    ds = fl.Dataset.from_generator(batches, output_signature=signature)
    ds = ds.shuffle(20)
    return ds.prefetch(2).check(show=False)


def a_threshold_in_other_units(folder: pathlib.Path) -> Any:
    """Scores are from 0 to 1, and the filter asks for more than 50: nothing passes, of a million."""
    scores = np.linspace(0, 1, 1_000_000, dtype=np.float32)
    ds = fl.Dataset.from_tensor_slices(scores)
    ds = ds.filter(lambda score: score > 50)
    return ds.batch(32).prefetch(2).check(show=False)


BROKEN = [
    (a_header_among_the_labels, "FL108", "zip(features, labels)"),
    (outliers_left_out_of_the_inputs_alone, "FL108", "zip(features, labels)"),
    (a_name_counted_on_once_too_often, "FL107", "map(load)"),
    (houses_sorted_by_their_price, "FL301", "batch(32)"),
    (sorted_batches_that_are_shuffled, "FL303", "shuffle(20)"),
    (a_threshold_in_other_units, "FL101", "filter("),
]
"""The program, what must be found, and what is written on the line that the finding names."""
