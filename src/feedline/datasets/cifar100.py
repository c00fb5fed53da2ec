"""`keras.datasets.cifar100`: 60,000 small photographs of 100 classes, in 20 groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader
from feedline.errors import ArgumentError

Pair = tuple[np.ndarray, np.ndarray]
URL = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
NAMES = (
    "cifar-100-python-target",
    "cifar-100-python",
    "cifar-100-python-target_archive",
    "cifar-100-python.tar.gz",
)


def load_data(label_mode: str = "fine", path: Any = None, data_format: str = "channels_last") -> tuple[Pair, Pair]:
    """Returns the training and the test images, with their labels.

    Args:
        label_mode: "fine" for the 100 classes, "coarse" for the 20 groups.
        path: the unpacked folder, or the `.tar.gz` itself: a path, or a name within `~/.keras/datasets`
            (`$KERAS_HOME/datasets` where that is set). None for the names that Keras' versions use there.
        data_format: "channels_last", or "channels_first" for (n, 3, 32, 32).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 (n, 32, 32, 3) of 0 to 255, and int64 (n, 1), as in Keras.

    Raises:
        MissingFileError: a file is not there; nothing is downloaded.
        FileFormatError: it holds something else.
        ArgumentError: there is no such `label_mode` or `data_format`.
    """
    if label_mode not in ("fine", "coarse"):
        raise ArgumentError(f"label_mode is {label_mode!r}.", fix='Give "fine" or "coarse".')
    found = reader.find(path, NAMES, "cifar100", URL)
    pairs = []
    for batch in reader.read_batches(found, ["train", "test"]):
        images, labels = reader.cifar_images(batch, found, f"{label_mode}_labels")
        pairs.append((reader.laid_out(images, data_format), labels.astype(np.int64)[:, None]))
    return pairs[0], pairs[1]
