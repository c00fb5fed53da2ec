"""The data sets of `keras.datasets`, read from the files that Keras keeps, or from a path that is given.

Nothing is downloaded: where a file is missing, the error says which, where it was looked for, and where to get it.
"""

from __future__ import annotations

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
