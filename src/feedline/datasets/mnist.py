"""`keras.datasets.mnist`: 70,000 handwritten digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader

Pair = tuple[np.ndarray, np.ndarray]


def load_data(path: Any = "mnist.npz") -> tuple[Pair, Pair]:
    """Returns the training and the test images, with their labels.

    Args:
        path: a path, or a name within `~/.keras/datasets` (`$KERAS_HOME/datasets` where that is set).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 (n, 28, 28) of 0 to 255, and uint8 (n,) of 0 to 9.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it holds something else.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mnist.npz"
        >>> images, labels = np.zeros((2, 28, 28), np.uint8), np.arange(2, dtype=np.uint8)
        >>> np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
        >>> (x_train, y_train), (x_test, y_test) = load_data(path)
        >>> x_train.shape, y_train
        ((2, 28, 28), array([0, 1], dtype=uint8))
    """
    found = reader.find(path, [], "mnist", reader.TENSORFLOW + "mnist.npz")
    x_train, y_train, x_test, y_test = reader.read_npz(found, ["x_train", "y_train", "x_test", "y_test"])
    for images, labels, part in ((x_train, y_train, "train"), (x_test, y_test, "test")):
        reader.check_array(images, f"x_{part}", found, (None, 28, 28), "u")
        reader.check_array(labels, f"y_{part}", found, (None,), "u")
        reader.check_alike(images, labels, found)
    return (x_train, y_train), (x_test, y_test)
