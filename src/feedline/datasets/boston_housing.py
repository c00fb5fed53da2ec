"""`keras.datasets.boston_housing`: prices of houses in 506 districts.

Keras warns of it: one of its columns assumes that racial segregation influences prices.
"""

from __future__ import annotations

from typing import Any

from feedline.datasets.housing import Pair, load_table


def load_data(path: Any = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Pair, Pair]:
    """Returns the training and the test districts, with their median prices.

    The same as `keras.datasets.boston_housing.load_data` returns, in the same order.

    Args:
        path: a path, or a name within `~/.keras/datasets` (`$KERAS_HOME/datasets` where that is set).
        test_split: the share of the districts that is for the test.
        seed: the seed of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: floats (n, 13) and (n,), the prices in thousands of dollars.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it holds something else.
        ArgumentError: `test_split` is not a share.
    """
    return load_table(path, "boston_housing", 13, None, test_split, seed)
