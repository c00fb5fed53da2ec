"""`keras.datasets.cifar10`: 60,000 small photographs of 10 classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader

Pair = tuple[np.ndarray, np.ndarray]
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
NAMES = (
    "cifar-10-batches-py-target",
    "cifar-10-batches-py",
    "cifar-10-batches-py-target_archive",
    "cifar-10-batches-py.tar.gz",
    "cifar-10-python.tar.gz",
)


def load_data(path: Any = None, data_format: str = "channels_last") -> tuple[Pair, Pair]:
    """Returns the training and the test images, with their labels.

    Args:
        path: the unpacked folder, or the `.tar.gz` itself: a path, or a name within `~/.keras/datasets`
            (`$KERAS_HOME/datasets` where that is set). None for the names that Keras' versions use there.
        data_format: "channels_last", or "channels_first" for (n, 3, 32, 32).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 (n, 32, 32, 3) of 0 to 255, and uint8 (n, 1) of 0 to 9.

    Raises:
        MissingFileError: a file is not there; nothing is downloaded.
        FileFormatError: it holds something else.
        ArgumentError: there is no such `data_format`.
    """
    found = reader.find(path, NAMES, "cifar10", URL)
    members = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    parts = [reader.cifar_images(batch, found, "labels") for batch in reader.read_batches(found, members)]
    x_train = np.concatenate([images for images, _ in parts[:5]])
    y_train = np.concatenate([labels for _, labels in parts[:5]])
    x_test, y_test = parts[5]
    return (
        (reader.laid_out(x_train, data_format), y_train[:, None]),
        (reader.laid_out(x_test, data_format), y_test[:, None]),
    )
