"""FL213: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
LONG_TAIL = np.clip(GENERATOR.lognormal(3, 1, 500), 1, 2000).astype(int)
EVEN = GENERATOR.integers(80, 120, 500)


def sequences(lengths: Any, key: str = "") -> Any:
    def rows() -> Iterator[Any]:
        for number, length in enumerate(lengths):
            words = np.full(length, 1 + number % 7, np.int64)
            yield {key: words} if key else words, number % 2

    return fl.Dataset.from_generator(rows)


def numbers_in(fix: str, argument: str) -> list[int]:
    found = re.search(rf"{argument}=\[([0-9, ]+)\]", fix)
    assert found is not None
    return [int(number) for number in found.group(1).split(",")]


def padding_of(ds: Any) -> float:
    used = total = 0
    for words, _ in ds:
        used, total = used + int((words > 0).sum()), total + words.size
    return 1 - used / total


def test_a_long_tail(flagged: Look) -> None:
    finding = flagged(sequences(LONG_TAIL).shuffle(500).padded_batch(32), "FL213")
    assert f"the longest {LONG_TAIL.max():,}" in finding.seen
    assert any(f"element {LONG_TAIL.argmax()}" in place for place in finding.where)


def test_the_fix_mends_it(flagged: Look, clean: Look) -> None:
    ds = sequences(LONG_TAIL).shuffle(500, seed=1)
    fix = flagged(ds.padded_batch(32), "FL213").fix
    boundaries, sizes = numbers_in(fix, "bucket_boundaries"), numbers_in(fix, "bucket_batch_sizes")
    bucketed = ds.bucket_by_sequence_length(lambda x, y: len(x), boundaries, sizes)
    assert padding_of(bucketed) < 0.5 * padding_of(ds.padded_batch(32))
    clean(bucketed, "FL213")


def test_padded_to_one_length(flagged: Look) -> None:
    ds = sequences(EVEN).padded_batch(32, padded_shapes=([1000], []))
    assert "all are padded to 1,000" in flagged(ds, "FL213").seen


def test_a_feature_of_a_dict(flagged: Look) -> None:
    assert "len(x['words'])" in flagged(sequences(LONG_TAIL, "words").padded_batch(32), "FL213").fix


def test_an_indexed_dataset(flagged: Look) -> None:
    rows = [np.ones(length, np.float32) for length in LONG_TAIL]
    ds = fl.Dataset.from_tensor_slices(rows).shuffle(500).padded_batch(32)
    flagged(ds, "FL213")


def test_about_one_length(clean: Look) -> None:
    clean(sequences(EVEN).shuffle(500).padded_batch(32), "FL213")


def test_sorted_by_length(clean: Look) -> None:
    clean(sequences(np.sort(LONG_TAIL)).padded_batch(32), "FL213")


def test_few_elements(clean: Look) -> None:
    clean(sequences(LONG_TAIL[:40]).padded_batch(32), "FL213")


def test_bucketed(clean: Look) -> None:
    ds = sequences(LONG_TAIL).shuffle(500)
    clean(ds.bucket_by_sequence_length(lambda x, y: len(x), [15, 30, 60, 120], [32, 32, 16, 8, 2]), "FL213")


def test_ragged_batches(clean: Look) -> None:
    clean(sequences(LONG_TAIL).shuffle(500).ragged_batch(32), "FL213")


def test_cut(clean: Look) -> None:
    ds = sequences(np.maximum(LONG_TAIL, 30)).map(lambda x, y: (x[:40], y)).shuffle(500)
    clean(ds.padded_batch(32), "FL213")
