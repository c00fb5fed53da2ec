"""`keras.datasets.imdb`: 50,000 film reviews, good or bad."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader, sequences

Pair = tuple[np.ndarray, np.ndarray]


def load_data(
    path: Any = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> tuple[Pair, Pair]:
    """Returns the training and the test reviews, as lists of word numbers, with their labels.

    The same as `keras.datasets.imdb.load_data` returns, in the same order.

    Args:
        path: a path, or a name within `~/.keras/datasets` (`$KERAS_HOME/datasets` where that is set).
        num_words: only word numbers below it are kept; None for all.
        skip_top: only word numbers from it on are kept.
        maxlen: only reviews shorter than it are kept; None for all.
        seed: the seed of the order.
        start_char: the number that begins each review; None for none.
        oov_char: the number in place of words that are not kept; None to drop them.
        index_from: what is added to every word number.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: object arrays of lists of ints, and integers 0 or 1.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it holds something else.
        ArgumentError: no review is shorter than `maxlen`.
    """
    found = reader.find(path, [], "imdb", reader.TENSORFLOW + "imdb.npz")
    x_train, y_train, x_test, y_test = reader.read_npz(found, ["x_train", "y_train", "x_test", "y_test"])
    random = np.random.RandomState(seed)
    pairs = []
    for reviews, labels, name in ((x_train, y_train, "x_train"), (x_test, y_test, "x_test")):
        sequences.check_sequences(reviews, labels, name, found)
        reviews, labels = sequences.shuffled(reviews, labels, random)
        words = sequences.marked(reviews, start_char, index_from)
        if maxlen:
            words, labels = sequences.shorter_than(maxlen, words, labels)
        pairs.append((words, labels))
    (train, train_labels), (test, test_labels) = pairs
    both = sequences.limited(train + test, num_words, skip_top, oov_char)
    count = len(train)
    return (sequences.as_objects(both[:count]), train_labels), (sequences.as_objects(both[count:]), test_labels)


def get_word_index(path: Any = "imdb_word_index.json") -> dict[str, int]:
    """Returns the number of each word; in `load_data`'s reviews it is higher by `index_from`.

    Args:
        path: a path, or a name within `~/.keras/datasets`.

    Raises:
        MissingFileError: there is no such file; nothing is downloaded.
        FileFormatError: it is no JSON.
    """
    return reader.read_json(reader.find(path, [], "imdb", reader.TENSORFLOW + "imdb_word_index.json"))
