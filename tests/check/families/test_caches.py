"""FL401: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.families.cost import caches

Look = Callable[..., Any]


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "allowed_memory", lambda: 1 << 20)


def pictures(count: int) -> Any:
    return fl.Dataset.range(count).map(lambda number: np.full((16, 16), number % 256, np.uint8))


def scaled(image: np.ndarray) -> np.ndarray:
    wide = np.empty(image.shape, np.float32)
    wide[...] = image
    return wide / 255


class TestCacheLargerThanMemory:
    def test_of_more_than_memory(self, flagged: Look) -> None:
        finding = flagged(pictures(6000).cache().batch(8), "FL401")
        assert finding.severity == "warning"
        assert finding.seen == ("6,000 elements of 256 bytes each: 1.5 MB; this program may use 1.0 MB of memory")
        assert '.cache("' in finding.fix

    def test_of_less(self, clean: Look) -> None:
        clean(pictures(2000).cache().batch(8), "FL401")

    def test_some_memory_is_left_for_the_model(self, flagged: Look, clean: Look) -> None:
        flagged(pictures(3500).cache().batch(8), "FL401")
        clean(pictures(3000).cache().batch(8), "FL401")

    def test_it_fits_in_front_of_a_cast(self, flagged: Look) -> None:
        finding = flagged(pictures(2000).map(scaled).cache().batch(8), "FL401")
        assert finding.fix.startswith("Move .cache() in front of .map(scaled), where it takes 500.0 KB.")

    def test_in_front_of_a_cast(self, clean: Look) -> None:
        clean(pictures(2000).cache().map(scaled).batch(8), "FL401")

    def test_records_are_smaller_than_what_is_in_them(self, flagged: Look, tmp_path: Any) -> None:
        path = str(tmp_path / "numbers")
        with fl.io.TFRecordWriter(path) as writer:
            for number in range(300):
                writer.write(bytes([number % 256]))

        def spread(record: bytes) -> np.ndarray:
            return np.full(1000, record[0], np.float32)

        finding = flagged(fl.TFRecordDataset(path).map(spread).cache().batch(8), "FL401")
        assert "in front of .map(spread)" in finding.fix

    def test_batches(self, flagged: Look, clean: Look) -> None:
        flagged(pictures(6000).batch(8).cache(), "FL401")
        clean(pictures(2000).batch(8).cache(), "FL401")

    def test_a_repeat_behind_it_costs_nothing(self, clean: Look) -> None:
        clean(pictures(2000).cache().repeat(10).batch(8), "FL401")

    def test_on_disk(self, clean: Look, tmp_path: Any) -> None:
        clean(pictures(6000).cache(str(tmp_path / "kept")).batch(8), "FL401")

    def test_the_memory_budget(self, flagged: Look, clean: Look) -> None:
        def with_budget(count: int) -> Any:
            options = fl.Options()
            options.memory_budget = 4 << 20
            return pictures(count).cache().batch(8).with_options(options)

        assert "options.memory_budget is 4.0 MB" in flagged(with_budget(20_000), "FL401").seen
        clean(with_budget(6000), "FL401")

    def test_together_with_the_validation_data(self, flagged: Look, clean: Look) -> None:
        ds, other = pictures(2000).cache().batch(8), pictures(2000).cache().batch(8)
        clean(ds, "FL401")
        assert "all caches together, 1000.0 KB" in flagged(ds, "FL401", against=other).seen
        clean(ds, "FL401", against=ds)

    def test_a_stream_of_unknown_length(self, clean: Look) -> None:
        def rows() -> Iterator[Any]:
            for _ in range(600):
                yield np.zeros(1000, np.float32)

        clean(fl.Dataset.from_generator(rows).cache().batch(8), "FL401")
