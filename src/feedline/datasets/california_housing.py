"""`keras.datasets.california_housing`: prices of houses in 20,640 districts."""

from __future__ import annotations

from typing import Any

from feedline.datasets.housing import Pair, load_table
from feedline.errors import ArgumentError

ROWS = {"small": 600, "large": None}


def load_data(
    version: str = "large", path: Any = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Pair, Pair]:
    """Returns the training and the test districts, with their median prices.

    The same as `keras.datasets.california_housing.load_data` returns, in the same order.

    Args:
        version: "large" for all districts, "small" for 600.
        path: a path, or a name within `~/.keras/datasets` (`$KERAS_HOME/datasets` where that is set).
        test_split: the share of the districts that is for the test.
        seed: the seed of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: floats (n, 8) and (n,), the prices in dollars.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it holds something else.
        ArgumentError: there is no such `version`, or `test_split` is not a share.
    """
    if version not in ROWS:
        raise ArgumentError(f"version is {version!r}.", fix='Give "large" or "small".')
    return load_table(path, "california_housing", 8, ROWS[version], test_split, seed)
