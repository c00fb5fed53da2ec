"""FL202: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.integers(0, 3, 4000)
ROWS = GENERATOR.normal(size=(4000, 6)).astype(np.float32)


def arrays(values: Any, count: int = 4000) -> Any:
    labels = LABELS[:count]
    return fl.Dataset.from_tensor_slices((values, labels)).shuffle(4000).batch(32)


def with_column(values: Any) -> np.ndarray:
    rows = ROWS.copy()
    rows[:, 3] = values
    return rows


@pytest.mark.parametrize("value", [0.0, 3.7])
def test_a_column(value: float, flagged: Look) -> None:
    finding = flagged(arrays(with_column(value)), "FL202")
    assert finding.message == "column 3 of x never changes."
    assert "1 of 6 columns are so" in finding.seen


def test_several_columns(flagged: Look) -> None:
    rows = with_column(1.5)
    rows[:, 5] = 2.5
    assert flagged(arrays(rows), "FL202").message == "columns 3, 5 of x never change."


@pytest.mark.parametrize(
    "values",
    [np.zeros(4000, np.float32), np.full(4000, -1), np.full(4000, b"", object), np.zeros((4000, 20), np.int64)],
)
def test_a_feature_that_is_its_default(values: Any, flagged: Look) -> None:
    finding = flagged(arrays({"age": ROWS[:, 0], "income": values}), "FL202")
    assert "x['income'] is" in finding.message


def test_a_feature_of_a_stream(flagged: Look) -> None:
    def rows() -> Iterator[Any]:
        for number in range(4000):
            yield {"sound": np.zeros(64, np.float32), "row": ROWS[number]}, LABELS[number]

    flagged(fl.Dataset.from_generator(rows).batch(32), "FL202")


def test_all_change(clean: Look) -> None:
    clean(arrays(ROWS), "FL202")
    clean(arrays({"age": ROWS[:, 0], "name": np.array([b"a", b"b", b"c"], object)[LABELS]}), "FL202")


def test_a_rare_value(clean: Look) -> None:
    """What differs in one of a thousand elements is the same in all 512 that are looked at as often as not."""
    for seed in range(10):
        rare = np.random.default_rng(seed).random(4000) < 0.002
        clean(arrays(with_column(np.where(rare, 1.0, 0.25))), "FL202")
        clean(arrays({"row": ROWS, "defaults": rare.astype(np.int64)}), "FL202")


def test_one_hot_columns_that_are_not_used(clean: Look) -> None:
    hot = np.eye(12, dtype=np.float32)[LABELS]
    clean(arrays(hot), "FL202")
    clean(arrays(np.concatenate([ROWS, hot], axis=1)), "FL202")
    standardised = (hot - 1 / 12) / 0.28
    clean(arrays(np.concatenate([ROWS, standardised], axis=1)), "FL202")


def test_sparse_columns(clean: Look) -> None:
    sparse = np.where(GENERATOR.random((4000, 40)) < 0.1, GENERATOR.random((4000, 40)), 0).astype(np.float32)
    sparse[:, 7] = 0
    clean(arrays(sparse), "FL202")


def test_borders_of_pictures(clean: Look) -> None:
    pictures = np.zeros((1000, 28, 28), np.float32)
    pictures[:, 4:-4, 4:-4] = GENERATOR.random((1000, 20, 20))
    for values in (pictures, pictures[..., None], pictures.reshape(1000, -1), pictures[:, ::4, ::4].reshape(1000, -1)):
        clean(arrays(values, 1000), "FL202")


def test_words_that_begin_alike(clean: Look) -> None:
    words = GENERATOR.integers(1, 500, (4000, 12))
    words[:, 0], words[:, -1] = 101, 0
    clean(arrays(words), "FL202")


def test_what_is_meant_to_be_so(clean: Look) -> None:
    inputs = {
        "words": GENERATOR.integers(1, 500, (4000, 12)),
        "attention_mask": np.ones((4000, 12), np.int64),
        "token_type_ids": np.zeros((4000, 12), np.int64),
        "initial_state": np.zeros((4000, 8), np.float32),
        "is_new": np.zeros(4000, bool),
    }
    clean(arrays(inputs), "FL202")


def test_the_first_elements_of_a_stream(clean: Look) -> None:
    def rows() -> Iterator[Any]:
        for number in range(4000):
            yield {"month": number // 1000, "row": ROWS[number]}, LABELS[number]

    clean(fl.Dataset.from_generator(rows).batch(32), "FL202")


def test_few_elements(clean: Look) -> None:
    clean(arrays(with_column(0.5)[:40], 40), "FL202")
