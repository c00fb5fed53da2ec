"""Healthy pipelines: inputs and labels of several sources, and loaders that keep something."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE


def rows_and_classes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(count, 6)).astype(np.float32)
    return rows, (rows @ draw.normal(size=6) > 0).astype(np.int64)


def classifier() -> Any:
    import keras

    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8), keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def labels_in_a_file_with_a_header(folder: pathlib.Path) -> Any:
    """The header is left out, by `skip` for the one and by `filter` for the other; both sides are of one length."""
    parts = []
    for name, count, seed in (("train", 400, 1), ("test", 100, 2)):
        rows, classes = rows_and_classes(count, seed)
        path = folder / f"{name}.csv"
        path.write_text("label\n" + "".join(f"{number}\n" for number in classes))
        lines = fl.TextLineDataset(str(path))
        lines = lines.skip(1) if name == "train" else lines.filter(lambda line: line != b"label")
        parts.append(fl.Dataset.zip(fl.Dataset.from_tensor_slices(rows), lines.map(int)))
    train = parts[0].shuffle(400, seed=1).batch(32).prefetch(AUTOTUNE)
    return train.check(model=classifier(), against=parts[1].batch(32), show=False)


class Loader:
    """Reads a table anew for each epoch; it counts what it has read, and keeps the file that it has open."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.file: Any = None
        self.read = 0

    def __iter__(self) -> Iterator[Any]:
        self.file = self.path.open()
        for *row, label in csv.reader(self.file):
            self.read += 1
            yield np.array(row, np.float32), int(label)
        self.file.close()


def a_loader_of_ones_own(folder: pathlib.Path) -> Any:
    """An object with `__iter__`, as many write them: each pass begins anew, so that a look takes nothing away."""
    loaders = []
    for name, count, seed in (("train", 400, 3), ("test", 100, 4)):
        path = folder / f"{name}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([*row, label] for row, label in zip(*rows_and_classes(count, seed), strict=True))
        loaders.append(Loader(path))
    signature = (fl.TensorSpec((6,), fl.float32), fl.TensorSpec((), fl.int64))
    train, test = (fl.Dataset.from_generator(lambda each=each: each, output_signature=signature) for each in loaders)
    train = train.shuffle(400).batch(32).prefetch(AUTOTUNE)
    return train.check(model=classifier(), against=test.batch(32), show=False)


def a_reservoir_that_fills(folder: pathlib.Path) -> Any:
    """What is to be predicted only ever rises, with time: the order is that of the days, and is kept."""
    import keras

    draw = np.random.default_rng(5)
    days = np.arange(900)
    level = np.cumsum(draw.random(900)).astype(np.float32) / 100
    season = np.stack([np.sin(days / 58), np.cos(days / 58)], axis=1)
    inputs = np.concatenate([season, level[:, None] + draw.normal(0, 0.1, (900, 1))], axis=1).astype(np.float32)
    ds = fl.Dataset.from_tensor_slices((inputs[:-1], level[1:])).batch(32, drop_remainder=True).prefetch(AUTOTUNE)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return ds.check(model=model, show=False)


HEALTHY = [labels_in_a_file_with_a_header, a_loader_of_ones_own, a_reservoir_that_fills]
