"""What `california_housing` and `boston_housing` share: a table of numbers, shuffled and split."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader
from feedline.errors import ArgumentError

Pair = tuple[np.ndarray, np.ndarray]


def load_table(
    path: Any, data_set: str, columns: int, rows: int | None, test_split: float, seed: int
) -> tuple[Pair, Pair]:
    """Returns the training and the test rows, with their targets.

    Args:
        path: a path, or a name within Keras' folder.
        data_set: the data set's name.
        columns: how many numbers a row has.
        rows: how many rows to use; None for all.
        test_split: the share of the rows that is for the test.
        seed: the seed of NumPy's `RandomState`, which shuffles the rows first.
    """
    if not 0 <= test_split < 1:
        raise ArgumentError(f"test_split is {test_split!r}.", fix="Give a number from 0 to below 1.")
    found = reader.find(path, [], data_set, f"{reader.TENSORFLOW}{data_set}.npz")
    x, y = reader.read_npz(found, ["x", "y"])
    reader.check_array(x, "x", found, (None, columns), "f")
    reader.check_array(y, "y", found, (None,), "f")
    reader.check_alike(x, y, found)
    x, y = x[:rows], y[:rows]
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    count = int(len(x) * (1 - test_split))
    return (x[order[:count]], y[order[:count]]), (x[order[count:]], y[order[count:]])
