"""W11: a user's function in pure Python that holds the GIL for about a millisecond, in batches of 32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.compare import Rule
from benchmarks.limits import cores, on_all_cores

TITLE = "a pure Python function that holds the GIL for about 1 ms (hashes words into tokens), shuffle, batch 32"
SHORT = "pure Python function of 1 ms"
LIMIT = "the function alone, in a process a core"
ABSENT = {"torch-bulk": "the function takes one element"}
COMPARE = Rule()
SHUFFLES = True
WARM = 5.0

DOCUMENTS, CHARACTERS, BATCH = 1000, 17_000, 32
TOKENS, VOCABULARY = 256, 30_000
_SPACE = ord(" ")


@cache
def documents() -> tuple[list[bytes], np.ndarray]:
    """Returns texts of random words and a class of each."""
    rng = np.random.default_rng(0)
    letters = rng.integers(ord("a"), ord("z") + 1, (DOCUMENTS, CHARACTERS), np.uint8)
    letters[rng.random(letters.shape) < 0.15] = _SPACE
    return [document.tobytes() for document in letters], rng.integers(0, 10, DOCUMENTS)


def tokenise(document: bytes) -> np.ndarray:
    """Returns the hash of each of the first words of a text, int32 of shape (TOKENS,); it reads the text to its end."""
    tokens, code = [], 0
    for character in document:
        if character != _SPACE:
            code = (code * 31 + character) % VOCABULARY
        elif code:
            tokens.append(code)
            code = 0
    padded = np.zeros(TOKENS, np.int32)
    padded[: len(tokens)] = tokens[:TOKENS]
    return padded


def load(position: int) -> peers.Element:
    texts, labels = documents()
    return tokenise(texts[position]), labels[position]


def load_batch(rows: np.ndarray) -> Any:
    """Returns a batch; SPDL's processes import it."""
    return peers.stack([load(row) for row in rows])


PEERS = peers.OfElements(load, DOCUMENTS, BATCH)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def process(document: Any, label: Any) -> Any:
        if library.__name__ == "tensorflow":  # where Python does not run by itself
            tokens = library.numpy_function(tokenise, [document], library.int32)
            return library.ensure_shape(tokens, [TOKENS]), label
        return tokenise(document), label

    dataset = data.Dataset.from_tensor_slices(documents())
    if shuffle:
        dataset = dataset.shuffle(DOCUMENTS)
    dataset = dataset.repeat().map(process, num_parallel_calls=data.AUTOTUNE)
    return dataset.batch(BATCH).prefetch(data.AUTOTUNE)


def spdl(shuffle: bool) -> Iterable[Any]:
    """SPDL: a process makes a whole batch, as it advises for what holds the GIL."""
    executor = ProcessPoolExecutor(peers.WORKERS, get_context("forkserver"))
    batches = peers.position_batches(DOCUMENTS, BATCH, shuffle)
    return peers.spdl_batches(batches, load_batch, peers.WORKERS, executor)


def _tokenise_unit(unit: int) -> int:
    for text in documents()[0][unit * BATCH : (unit + 1) * BATCH]:
        tokenise(text)
    return BATCH


def limit() -> Iterator[int]:
    executor = ProcessPoolExecutor(cores(), get_context("forkserver"))
    return on_all_cores(_tokenise_unit, DOCUMENTS // BATCH, cores(), executor)
