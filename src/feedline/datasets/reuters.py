"""`keras.datasets.reuters`: 11,228 newswires of 46 topics."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader, sequences
from feedline.errors import ArgumentError

Pair = tuple[np.ndarray, np.ndarray]


def load_data(
    path: Any = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> tuple[Pair, Pair]:
    """Returns the training and the test newswires, as lists of word numbers, with their topics.

    The same as `keras.datasets.reuters.load_data` returns, in the same order.

    Args:
        path: a path, or a name within `~/.keras/datasets` (`$KERAS_HOME/datasets` where that is set).
        num_words: only word numbers below it are kept; None for all.
        skip_top: only word numbers from it on are kept.
        maxlen: only newswires shorter than it are kept; None for all.
        test_split: the share of the newswires that is for the test.
        seed: the seed of the order.
        start_char: the number that begins each newswire; None for none.
        oov_char: the number in place of words that are not kept; None to drop them.
        index_from: what is added to every word number.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: object arrays of lists of ints, and integers 0 to 45.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it holds something else.
        ArgumentError: `test_split` is not a share, or no newswire is shorter than `maxlen`.
    """
    if not 0 <= test_split <= 1:
        raise ArgumentError(f"test_split is {test_split!r}.", fix="Give a number from 0 to 1.")
    found = reader.find(path, [], "reuters", reader.TENSORFLOW + "reuters.npz")
    news, labels = reader.read_npz(found, ["x", "y"])
    sequences.check_sequences(news, labels, "x", found)
    news, labels = sequences.shuffled(news, labels, np.random.RandomState(seed))
    words = sequences.marked(news, start_char, index_from)
    if maxlen:
        words, labels = sequences.shorter_than(maxlen, words, labels)
    words = sequences.limited(words, num_words, skip_top, oov_char)
    count = int(len(words) * (1 - test_split))
    return (
        (sequences.as_objects(words[:count]), labels[:count]),
        (sequences.as_objects(words[count:]), labels[count:]),
    )


def get_word_index(path: Any = "reuters_word_index.json") -> dict[str, int]:
    """Returns the number of each word; in `load_data`'s newswires it is higher by `index_from`.

    Args:
        path: a path, or a name within `~/.keras/datasets`.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it is no JSON.
    """
    return reader.read_json(reader.find(path, [], "reuters", reader.TENSORFLOW + "reuters_word_index.json"))
