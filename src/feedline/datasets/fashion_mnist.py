"""`keras.datasets.fashion_mnist`: 70,000 pictures of clothes."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from feedline.datasets import reader

Pair = tuple[np.ndarray, np.ndarray]
PARTS = ("train", "t10k")


def load_data(path: Any = "fashion-mnist") -> tuple[Pair, Pair]:
    """Returns the training and the test images, with their labels.

    Args:
        path: the folder of the four files (`train-images-idx3-ubyte.gz` and so on): a path, or a name within
            `~/.keras/datasets` (`$KERAS_HOME/datasets` where that is set).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 (n, 28, 28) of 0 to 255, and uint8 (n,) of 0 to 9.

    Raises:
        MissingFileError: one of the files is not there; nothing is downloaded.
        FileFormatError: it holds something else.
    """
    pairs = []
    for part in PARTS:
        arrays = []
        for name, dimensions in ((f"{part}-images-idx3-ubyte.gz", 3), (f"{part}-labels-idx1-ubyte.gz", 1)):
            inner = os.path.join(os.fspath(path), name)
            found = reader.find(inner, [], "fashion_mnist", reader.TENSORFLOW + name)
            arrays.append(reader.read_idx(found, dimensions))
        images, labels = arrays
        reader.check_array(images, "images", found, (None, 28, 28), "u")
        reader.check_alike(images, labels, found)
        pairs.append((images, labels))
    return pairs[0], pairs[1]
