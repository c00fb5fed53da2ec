"""What `imdb` and `reuters` do to their lists of word numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.datasets import reader
from feedline.errors import ArgumentError, FileFormatError

_REPEATED = 1 << 18  # words: a file may name one list many times, and each becomes a list of its own


def check_sequences(sequences: np.ndarray, labels: np.ndarray, name: str, path: str) -> None:
    """Checks that there are lists of numbers, and a label for each.

    Raises:
        FileFormatError: there is something else.
    """
    reader.check_array(sequences, name, path, (None,), "O")
    reader.check_array(labels, f"labels of {name!r}", path, (None,), "iu")
    reader.check_alike(sequences, labels, path)
    lists = [words for words in sequences if isinstance(words, list)]
    distinct = {id(words): len(words) for words in lists}
    if sum(map(len, lists)) > sum(distinct.values()) + _REPEATED:
        raise FileFormatError(
            f"{path!r} is not the file it should be: {name!r} has the same lists again and again.",
            fix="Delete it and get it again.",
        )
    for index, words in enumerate(sequences):
        if not isinstance(words, list) or not set(map(type, words)) <= {int}:
            raise FileFormatError(
                f"{path!r} is not the file it should be: item {index} of {name!r} is not a list of numbers.",
                fix="Delete it and get it again.",
            )


def shuffled(sequences: np.ndarray, labels: np.ndarray, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Returns both in one random order, drawn as Keras does."""
    order = np.arange(len(sequences))
    random.shuffle(order)
    return sequences[order], labels[order]


def marked(sequences: Any, start_char: int | None, index_from: int | None) -> list[list[int]]:
    """Returns sequences whose words are counted from `index_from` on, after a mark for the start."""
    start = [] if start_char is None else [start_char]
    offset = index_from or 0
    return [start + [word + offset for word in words] for words in sequences]


def shorter_than(maxlen: int, sequences: list[list[int]], labels: np.ndarray) -> tuple[list[list[int]], np.ndarray]:
    """Returns the sequences that are shorter than `maxlen`, with their labels."""
    kept = [index for index, words in enumerate(sequences) if len(words) < maxlen]
    if not kept:
        raise ArgumentError(f"no sequence is shorter than maxlen={maxlen}.", fix="Give a larger maxlen.")
    return [sequences[index] for index in kept], labels[kept]


def limited(sequences: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None) -> list[list[int]]:
    """Returns sequences with `oov_char` in place of words beyond `num_words` or below `skip_top`; None drops them."""
    limit = num_words or max((max(words) for words in sequences if words), default=0)
    if oov_char is None:
        return [[word for word in words if skip_top <= word < limit] for words in sequences]
    return [[word if skip_top <= word < limit else oov_char for word in words] for words in sequences]


def as_objects(sequences: list[list[int]]) -> np.ndarray:
    """Returns an object array (n,) of lists, also where they all have one length."""
    array = np.empty(len(sequences), object)
    array[:] = sequences
    return array
