"""FL210 and FL211: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(4000, 6)).astype(np.float32)
LABELS = GENERATOR.integers(0, 5, 4000)
RARE = (np.arange(4000) % 25 == 0).astype(np.int64)


def table(labels: Any, first: int = 0) -> Any:
    rows = ROWS[first : first + len(labels)]
    return fl.Dataset.from_tensor_slices((rows, labels)).shuffle(4000, seed=3).batch(32)


def stream(labels: Any) -> Any:
    def rows() -> Iterator[Any]:
        for number, label in enumerate(labels):
            yield ROWS[number % 4000], label

    return fl.Dataset.from_generator(rows).batch(32)


class TestClassImbalance:
    def test_of_two_classes(self, flagged: Look) -> None:
        finding = flagged(table(RARE), "FL210", sample=4000)
        assert "96% of the labels are 0" in finding.message
        assert "0 3,840 times, 1 160 times" in finding.seen
        assert "class_weight={0: 0.521, 1: 12.5}" in finding.fix

    @pytest.mark.parametrize(
        "labels",
        [RARE[:, None], np.eye(2, dtype=np.float32)[RARE], RARE.astype(np.float32), RARE > 0],
        ids=["in a vector", "one-hot", "floats", "bools"],
    )
    def test_labels_of_any_kind(self, labels: Any, flagged: Look) -> None:
        flagged(table(labels), "FL210")

    def test_of_several_classes(self, flagged: Look) -> None:
        flagged(table(np.where(np.arange(4000) % 10, 2, LABELS)), "FL210")

    def test_almost_all(self, flagged: Look) -> None:
        labels = (np.arange(1000) % 250 == 0).astype(np.int64)
        inputs = np.random.default_rng(0).random((1000, 4), np.float32)
        ds = fl.Dataset.from_tensor_slices((inputs, labels)).shuffle(1000).batch(8)
        assert flagged(ds, "FL210", sample=1000).message.startswith("99.6% of the labels are 0")

    def test_of_a_stream(self, flagged: Look) -> None:
        flagged(stream(RARE), "FL210")

    def test_of_a_million(self, flagged: Look) -> None:
        labels = (GENERATOR.random(1_000_000) < 0.03).astype(np.int64)
        ds = fl.Dataset.from_tensor_slices((np.zeros((1_000_000, 1), np.float32), labels)).shuffle(1000).batch(32)
        assert "of 1,000,000 elements" in flagged(ds, "FL210").seen

    def test_sorted_and_large(self, clean: Look) -> None:
        labels = np.repeat(np.arange(10), 20_000)
        clean(fl.Dataset.from_tensor_slices((np.zeros((200_000, 1), np.float32), labels)).batch(32), "FL21")

    def test_weighted(self, clean: Look) -> None:
        weights = np.where(RARE == 1, 12.5, 0.5).astype(np.float32)
        clean(fl.Dataset.from_tensor_slices((ROWS, RARE, weights)).shuffle(4000).batch(32), "FL210")

    def test_mixed_by_weight(self, clean: Look) -> None:
        parts = [fl.Dataset.from_tensor_slices((ROWS[label == RARE], RARE[label == RARE])) for label in range(2)]
        mixed = fl.Dataset.sample_from_datasets([parts[0], parts[1].repeat()], weights=[0.95, 0.05], seed=1)
        clean(mixed.batch(32), "FL210")

    def test_a_rare_class_beside_others(self, clean: Look) -> None:
        clean(table(np.where(LABELS == 4, np.where(np.arange(4000) % 10, 0, 4), LABELS)), "FL210")

    def test_a_skew_that_is_usual(self, clean: Look) -> None:
        clean(table((np.arange(4000) % 5 == 0).astype(np.int64)), "FL210")

    def test_few_elements(self, clean: Look) -> None:
        clean(table(RARE[:50]), "FL210")

    def test_chance(self, clean: Look) -> None:
        """A share just below the bound is above it in every other part that is looked at."""
        for seed in range(6):
            labels = (np.random.default_rng(seed).random(30_000) < 0.101).astype(np.int64)
            clean(stream(labels), "FL210", sample=128)

    def test_validation_data(self, clean: Look) -> None:
        clean(table(RARE), "FL210", use="validation")

    def test_a_regression(self, clean: Look) -> None:
        clean(table(ROWS[:, 0]), "FL210")


class TestMissingClasses:
    def test_not_in_the_validation_data(self, flagged: Look) -> None:
        finding = flagged(table(LABELS[:3000]), "FL211", against=table(LABELS[3000:] % 4, 3000))
        assert finding.message == "class 4 comes in the training data and not in the validation data."

    def test_not_in_the_training_data(self, flagged: Look) -> None:
        finding = flagged(table(LABELS[:3000] % 3), "FL211", against=table(LABELS[3000:], 3000))
        assert finding.message == "classes 3, 4 come in the validation data and not in the training data."

    def test_asked_of_the_validation_data(self, flagged: Look) -> None:
        finding = flagged(
            table(LABELS[3000:] % 4, 3000), "FL211", against=table(LABELS[:3000]), use="validation"
        )  # fmt: skip
        assert finding.message == "class 4 comes in the training data and not in the validation data."

    def test_a_sorted_dataset_split_in_two(self, flagged: Look) -> None:
        ordered = fl.Dataset.from_tensor_slices((ROWS, np.sort(LABELS)))
        flagged(ordered.take(3200).shuffle(3200).batch(32), "FL211", against=ordered.skip(3200).batch(32))

    def test_one_class(self, flagged: Look) -> None:
        assert flagged(table(np.full(400, 3)), "FL211").message == "all labels are 3."

    def test_one_hot_places_that_are_never_used(self, flagged: Look) -> None:
        finding = flagged(table(np.eye(8, dtype=np.float32)[LABELS]), "FL211")
        assert finding.message == "classes 5, 6, 7 of the one-hot labels never come."

    def test_all_there(self, clean: Look) -> None:
        clean(table(LABELS[:3000]), "FL211", against=table(LABELS[3000:], 3000))
        clean(table(np.eye(5, dtype=np.float32)[LABELS]), "FL211")

    def test_chance(self, clean: Look) -> None:
        """A rare class may be missing in a small part."""
        rare = np.where(np.arange(4000) % 100 == 7, 5, LABELS)
        clean(table(rare[:3600]), "FL211", against=table(rare[3608:3700], 3608))
        for seed in range(20):
            mixed = np.random.default_rng(seed).permutation(rare)
            clean(table(mixed[:3900]), "FL211", against=table(mixed[3900:], 3900))

    def test_a_stream_that_is_shuffled_once_and_then_split(self, clean: Look, flagged: Look) -> None:
        rows = stream(np.repeat(np.arange(5), 200)).unbatch()
        flagged(rows.skip(200).batch(32), "FL211", against=rows.take(200).batch(32))
        once = rows.shuffle(1000, seed=1, reshuffle_each_iteration=False)
        clean(once.skip(200).batch(32), "FL211", against=once.take(200).batch(32))

    def test_a_sorted_stream_whose_end_was_not_seen(self, clean: Look) -> None:
        ordered = np.repeat(np.arange(5), 8000)
        clean(stream(ordered), "FL211", against=stream(GENERATOR.permutation(ordered)[:4000]))

    def test_a_rare_one_hot_place(self, clean: Look) -> None:
        rare = np.where(np.arange(4000) % 800 == 7, 5, LABELS)
        clean(table(np.eye(7, dtype=np.float32)[rare]), "FL211")

    def test_one_class_seen_of_many(self, clean: Look) -> None:
        labels = np.zeros(9000, np.int64)
        labels[8990:] = 1
        clean(stream(labels), "FL211")

    def test_dummy_labels_of_a_regression(self, clean: Look) -> None:
        keras = pytest.importorskip("keras")
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
        model.compile(loss="mse")
        clean(table(np.zeros(400, np.float32)), "FL211", model=model)
