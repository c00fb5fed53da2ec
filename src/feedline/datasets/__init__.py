"""The data sets of `keras.datasets`, read from the files that Keras keeps, or from a path that is given.

Nothing is downloaded: where a file is missing, the error says which, where it was looked for, and where to get it.
"""

from __future__ import annotations

from typing import Any

from feedline.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)
from feedline.errors import no_such_name

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]


def __getattr__(name: str) -> Any:
    raise no_such_name("feedline.datasets", name, __all__)
