"""FL301 of floats: tables sorted by their target must be flagged, and series in time must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

DRAW = np.random.default_rng(0)
TABLE = DRAW.normal(size=(1000, 4)).astype(np.float32)
TARGET = TABLE.sum(axis=1)
ORDER = np.argsort(TARGET)
TIME = np.arange(1000)
RISING = np.cumsum(DRAW.random(1000)).astype(np.float32)
STEPS = np.diff(RISING, prepend=np.float32(0))


def pairs(inputs: Any, targets: Any) -> Any:
    return fl.Dataset.from_tensor_slices((inputs, targets))


class TestSortedTarget:
    def test_a_table(self, flagged: Look) -> None:
        finding = flagged(pairs(TABLE[ORDER], TARGET[ORDER]).batch(32), "FL301")
        assert finding.message.startswith("the elements come sorted by the number that is to be predicted")
        assert "y rises from -6.981 to 6.45, and never falls" in finding.seen
        assert finding.fix == "Write .shuffle(1_000) in front of .batch(32)."

    def test_falling_and_in_a_vector(self, flagged: Look) -> None:
        order = ORDER[::-1]
        assert "y falls" in flagged(pairs(TABLE[order], TARGET[order][:, None]).batch(32), "FL301").seen

    def test_images_by_age(self, flagged: Look) -> None:
        images = DRAW.random((200, 8, 8, 3), np.float32)
        flagged(pairs(images, np.sort(DRAW.uniform(0, 90, 200)).astype(np.float32)).batch(8), "FL301")

    def test_a_stream(self, flagged: Look) -> None:
        def rows() -> Iterator[Any]:
            yield from zip(TABLE[ORDER], TARGET[ORDER], strict=True)

        flagged(fl.Dataset.from_generator(rows).batch(32), "FL301")

    def test_shuffled(self, clean: Look) -> None:
        clean(pairs(TABLE[ORDER], TARGET[ORDER]).shuffle(1000).batch(32))
        clean(pairs(TABLE, TARGET).batch(32), "FL301")
        clean(pairs(TABLE[ORDER], TARGET[ORDER]).batch(32), "FL301", use="validation")

    @pytest.mark.parametrize(
        "inputs",
        [
            np.linspace(0, 10, 1000, dtype=np.float32)[:, None],
            {"time": TIME.astype(np.float32), "a": TABLE[:, 0]},
            np.stack([np.sin(TIME / 20), TABLE[:, 0]], axis=1).astype(np.float32),
            np.lib.stride_tricks.sliding_window_view(np.pad(RISING, (7, 0)), 8).copy(),
            np.lib.stride_tricks.sliding_window_view(np.pad(STEPS, (7, 0)), 8).copy(),
            np.array([f"day {day}" for day in TIME]),
        ],
        ids=["a line", "a time", "a season", "windows", "windows of what is added", "texts"],
    )
    def test_what_rises_with_time(self, clean: Look, inputs: Any) -> None:
        clean(pairs(inputs, RISING).batch(32), "FL301")
