"""FL305, FL310 and FL311: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((600, 6), np.float32)
LABELS = np.random.default_rng(1).integers(0, 5, 600)


def table() -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES, LABELS))


class TestSameOrderEveryEpoch:
    def test_not_reshuffled(self, flagged: Look) -> None:
        finding = flagged(table().shuffle(600, reshuffle_each_iteration=False).batch(32), "FL305")
        assert finding.severity == "warning"
        assert "reshuffle_each_iteration=False" in finding.fix

    def test_a_part_that_is_not_shuffled_again(self, flagged: Look) -> None:
        shuffled = table().shuffle(600, seed=1, reshuffle_each_iteration=False)
        finding = flagged(shuffled.skip(100).batch(32), "FL305")
        assert finding.severity == "hint"
        assert finding.fix == "Write another .shuffle(500) behind .skip(100)."

    def test_a_part_that_is(self, clean: Look) -> None:
        shuffled = table().shuffle(600, seed=1, reshuffle_each_iteration=False)
        clean(shuffled.skip(100).shuffle(500).batch(32), "FL3")
        clean(shuffled.take(100).batch(32), "FL3", use="validation")

    def test_a_seed_alone(self, clean: Look) -> None:
        clean(table().shuffle(600, seed=7).batch(32), "FL3")

    def test_the_orders_are_in_fact_the_same_or_not(self) -> None:
        frozen = fl.Dataset.range(50).shuffle(50, reshuffle_each_iteration=False)
        assert [int(n) for n in frozen] == [int(n) for n in frozen]
        seeded = fl.Dataset.range(50).shuffle(50, seed=7)
        assert [int(n) for n in seeded] != [int(n) for n in seeded]


class TestShuffleBeforeCache:
    def test_in_memory(self, flagged: Look) -> None:
        finding = flagged(table().shuffle(600).cache().batch(32), "FL310")
        assert finding.fix == "Move .shuffle(600) behind .cache()."

    def test_in_a_file(self, flagged: Look, tmp_path: Any) -> None:
        flagged(table().shuffle(600).cache(str(tmp_path / "kept")).batch(32), "FL310")
        assert not list(tmp_path.iterdir())

    def test_batches_cached(self, flagged: Look) -> None:
        flagged(table().shuffle(600).batch(32).cache().prefetch(1), "FL310")

    def test_the_order_is_in_fact_frozen(self) -> None:
        ds = fl.Dataset.range(50).shuffle(50).cache()
        assert [int(n) for n in ds] == [int(n) for n in ds]

    def test_cached_first(self, clean: Look) -> None:
        clean(table().cache().shuffle(600).batch(32), "FL3")

    def test_shuffled_again(self, clean: Look) -> None:
        clean(table().shuffle(600).cache().shuffle(600).batch(32), "FL3")

    def test_validation_data(self, clean: Look) -> None:
        clean(table().shuffle(600).cache().batch(32), "FL3", use="validation")


class TestSplitAfterShuffle:
    def test_both_parts(self, flagged: Look) -> None:
        shuffled = table().shuffle(600)
        finding = flagged(shuffled.skip(100).batch(32), "FL311", against=shuffled.take(100).batch(32))
        assert finding.severity == "error"

    def test_the_parts_do_in_fact_mix(self) -> None:
        shuffled = fl.Dataset.range(50).shuffle(50)
        held_out, trained = shuffled.take(10), shuffled.skip(10)
        first = {int(number) for number in held_out}
        epochs = [{int(number) for number in trained} for _ in range(3)]
        assert any(first & epoch for epoch in epochs)

    def test_parts_of_batches(self, flagged: Look) -> None:
        batches = table().shuffle(600).batch(32)
        flagged(batches.skip(4), "FL311", against=batches.take(4))

    def test_shuffled_files(self, flagged: Look, tmp_path: Any) -> None:
        for number in range(10):
            (tmp_path / f"{number}.txt").write_text("a")
        files = fl.Dataset.list_files(str(tmp_path / "*.txt"))
        flagged(files.skip(2).map(fl.io.read_file), "FL311", against=files.take(2).map(fl.io.read_file))

    def test_the_same_data_shuffled_twice(self, flagged: Look) -> None:
        def part(which: Callable[[Any], Any]) -> Any:
            return which(table().shuffle(600, reshuffle_each_iteration=False)).batch(32)

        train, validation = part(lambda ds: ds.skip(100)), part(lambda ds: ds.take(100))
        assert "shuffled apart" in flagged(train, "FL311", against=validation).message

    def test_the_same_data_in_one_order(self, clean: Look) -> None:
        def shuffled() -> Any:
            return table().shuffle(600, seed=3, reshuffle_each_iteration=False)

        train = shuffled().skip(100).shuffle(500).batch(32)
        clean(train, "FL3", against=shuffled().take(100).batch(32))

    def test_one_part_alone(self, flagged: Look) -> None:
        assert flagged(table().shuffle(600).skip(100).batch(32), "FL311").severity == "warning"
        assert flagged(table().shuffle(600).take(100).batch(32), "FL311").severity == "hint"

    @pytest.mark.parametrize("steps", ["skip", "take"])
    def test_split_and_then_shuffled(self, steps: str, clean: Look) -> None:
        parts = {"skip": table().skip(100), "take": table().take(100)}
        clean(parts[steps].shuffle(600).batch(32), "FL3")

    def test_frozen_by_a_cache(self, clean: Look) -> None:
        kept = table().shuffle(600).cache()
        clean(kept.skip(100).shuffle(500).batch(32), "FL3", against=kept.take(100).batch(32))

    def test_a_limit_to_the_number_of_batches(self, clean: Look) -> None:
        clean(table().shuffle(600).batch(32).take(5), "FL3")
        clean(table().shuffle(600).repeat().batch(32).take(50), "FL3")

    def test_a_take_of_all(self, clean: Look) -> None:
        clean(table().shuffle(600).take(-1).batch(32), "FL3")
        clean(table().shuffle(600).take(600).batch(32), "FL3")

    def test_other_data(self, clean: Look) -> None:
        other = fl.Dataset.from_tensor_slices((IMAGES[:100] + 1, LABELS[:100]))
        clean(table().shuffle(600).batch(32), "FL3", against=other.shuffle(100).take(50).batch(32))
