"""FL606: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import feedline as fl
import feedline.keras

Look = Callable[..., Any]

SERIES = np.sin(np.arange(600) / 9).astype(np.float32)
WINDOWS = np.lib.stride_tricks.sliding_window_view(SERIES, 21)


def series() -> Any:
    return fl.Dataset.from_tensor_slices(SERIES)


def joined(window: Any) -> Any:
    return window.batch(21)


def cut(steps: Any) -> Any:
    return steps[:-1], steps[-1]


def windows() -> Any:
    return fl.Dataset.from_tensor_slices((WINDOWS[:, :20].copy(), WINDOWS[:, 20].copy()))


class TestBeforeWindows:
    def test_sliding_windows(self, flagged: Look) -> None:
        ds = series().shuffle(600).window(21, shift=1, drop_remainder=True).flat_map(joined).map(cut).batch(32)
        finding = flagged(ds, "FL606")
        assert finding.severity == "warning"
        assert finding.fix.startswith("Move .shuffle(600) behind .window(21)")

    def test_the_steps_are_in_fact_from_anywhere(self) -> None:
        numbers = fl.Dataset.range(600).shuffle(600, seed=1).window(21, shift=1, drop_remainder=True).flat_map(joined)
        assert not np.array_equal(np.diff(next(iter(numbers))), np.ones(20))

    @pytest.mark.parametrize("join", ["window", "batch"])
    def test_windows_one_after_the_other(self, join: str, flagged: Look) -> None:
        shuffled = series().shuffle(600)
        parts = shuffled.batch(21, drop_remainder=True)
        if join == "window":
            parts = shuffled.window(21, drop_remainder=True).flat_map(joined)
        assert "times less" in flagged(parts.map(cut).batch(8), "FL606").seen

    def test_elements_that_are_no_series(self, clean: Look) -> None:
        numbers = np.random.default_rng(0).normal(size=600).astype(np.float32)
        shuffled = fl.Dataset.from_tensor_slices(numbers).shuffle(600)
        clean(shuffled.window(21, drop_remainder=True).flat_map(joined).map(cut).batch(8), "FL606")

    def test_shuffled_windows(self, clean: Look) -> None:
        clean(series().window(21, shift=1, drop_remainder=True).flat_map(joined).map(cut).shuffle(600).batch(8), "FL6")

    def test_shuffled_files(self, clean: Look) -> None:
        def of_file(number: Any) -> Any:
            return fl.Dataset.from_tensor_slices(SERIES + number)

        ds = fl.Dataset.range(5).shuffle(5).flat_map(of_file).window(21, shift=1, drop_remainder=True)
        clean(ds.flat_map(joined).map(cut).batch(8), "FL606")

    def test_batches_of_a_shuffled_series(self, clean: Look) -> None:
        clean(series().shuffle(600).batch(32), "FL606")


class TestBeforeASplit:
    def parts(self, ds: Any) -> tuple[Any, Any]:
        shuffled = ds.shuffle(600, seed=1, reshuffle_each_iteration=False)
        return shuffled.skip(100).shuffle(400).batch(20), shuffled.take(100).batch(20)

    def test_windows_that_overlap(self, flagged: Look) -> None:
        train, validation = self.parts(windows())
        finding = flagged(train, "FL606", against=validation)
        assert "repeats the one before it, 1 step on" in finding.message

    def test_timeseries_dataset(self, flagged: Look) -> None:
        ds = feedline.keras.timeseries_dataset_from_array(
            SERIES[:-20], SERIES[20:], sequence_length=20, batch_size=None, shuffle=False
        )
        train, validation = self.parts(ds)
        flagged(train, "FL606", against=validation)

    def test_split_dataset(self, flagged: Look, clean: Look) -> None:
        left, right = feedline.keras.split_dataset(windows(), left_size=0.8, shuffle=True, seed=1)
        flagged(left.shuffle(400).batch(20), "FL606", against=right.batch(20))
        left, right = feedline.keras.split_dataset(windows(), left_size=0.8)
        clean(left.shuffle(400).batch(20), "FL606", against=right.batch(20))

    def test_elements_with_a_time(self, flagged: Look) -> None:
        rows = {"time": np.arange(600) * 60.0, "value": SERIES, "label": (SERIES > 0).astype(np.int64)}
        train, validation = self.parts(fl.Dataset.from_tensor_slices(rows))
        assert "rises from each element to the next" in flagged(train, "FL606", against=validation).message

    def test_split_by_time(self, clean: Look) -> None:
        ds = windows()
        clean(ds.take(400).shuffle(400).batch(20), "FL606", against=ds.skip(420).batch(20))

    def test_elements_that_are_no_series(self, clean: Look) -> None:
        rows = np.random.default_rng(0).normal(size=(600, 20)).astype(np.float32)
        train, validation = self.parts(fl.Dataset.from_tensor_slices((rows, np.arange(600) % 3)))
        clean(train, "FL606", against=validation)

    def test_windows_that_do_not_overlap(self, clean: Look) -> None:
        train, validation = self.parts(fl.Dataset.from_tensor_slices(np.sin(np.arange(6000) / 9).reshape(600, 10)))
        clean(train, "FL606", against=validation)


class TestStates:
    def model(self, stateful: bool) -> Any:
        layers = [keras.layers.LSTM(2, stateful=stateful), keras.layers.Dense(1)]
        model = keras.Sequential([keras.Input(batch_shape=(20, 20, 1)), *layers])
        model.compile(loss="mse")
        return model

    def test_a_state_and_a_shuffle(self, flagged: Look, clean: Look) -> None:
        ds = fl.Dataset.from_tensor_slices((WINDOWS[:500, :20, None].copy(), WINDOWS[:500, 20:].copy()))
        finding = flagged(ds.shuffle(500).batch(20), "FL606", model=self.model(stateful=True))
        assert "stateful=True" in finding.seen
        clean(ds.batch(20), "FL606", model=self.model(stateful=True))
        clean(ds.shuffle(500).batch(20), "FL606", model=self.model(stateful=False))


class TestDividedBeforehand:
    def parts(self, order: np.ndarray, cut: int = 480) -> tuple[Any, Any]:
        windows = WINDOWS[order]
        first, second = windows[:cut], windows[cut:]
        ours = fl.Dataset.from_tensor_slices((first[:, :20, None].copy(), first[:, 20].copy()))
        theirs = fl.Dataset.from_tensor_slices((second[:, :20, None].copy(), second[:, 20].copy()))
        return ours.shuffle(600).batch(20), theirs.batch(20)

    def test_at_random(self, flagged: Look) -> None:
        ours, theirs = self.parts(np.random.default_rng(0).permutation(len(WINDOWS)))
        finding = flagged(ours, "FL606", against=theirs)
        assert "divided at random" in finding.message
        assert "of 100 windows of 20 steps" in finding.seen

    def test_at_random_before_a_map(self, flagged: Look) -> None:
        order = np.random.default_rng(0).permutation(len(WINDOWS))
        parts = [
            fl.Dataset.from_tensor_slices(part.copy()).map(cut) for part in (WINDOWS[order[:480]], WINDOWS[order[480:]])
        ]
        flagged(parts[0].shuffle(480).batch(16), "FL606", against=parts[1].batch(16))

    def test_of_a_long_series(self, flagged: Look) -> None:
        series = np.cumsum(np.random.default_rng(1).normal(size=30_000)).astype(np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(series, 24)
        windows = windows[np.random.default_rng(0).permutation(len(windows))]
        ours, theirs = (fl.Dataset.from_tensor_slices(part.copy()) for part in (windows[:24_000], windows[24_000:]))
        flagged(ours.shuffle(24_000).map(cut).batch(16), "FL606", against=theirs.map(cut).batch(16))

    @pytest.mark.parametrize("order", ["by time", "a part from the middle"])
    def test_by_time(self, order: str, clean: Look) -> None:
        numbers = np.arange(len(WINDOWS))
        if order != "by time":
            numbers = np.concatenate([numbers[:200], numbers[300:], numbers[200:300]])
        ours, theirs = self.parts(numbers)
        clean(ours, "FL606", against=theirs)

    def test_windows_that_do_not_overlap(self, clean: Look) -> None:
        series = np.random.default_rng(0).normal(size=(600, 20)).astype(np.float32)
        ours, theirs = (fl.Dataset.from_tensor_slices(part) for part in (series[:500], series[500:]))
        clean(ours.shuffle(500).batch(20), "FL606", against=theirs.batch(20))

    def test_sparse_rows(self, clean: Look) -> None:
        rows = np.eye(24, dtype=np.float32)[np.random.default_rng(0).integers(0, 24, 600)]
        ours, theirs = (fl.Dataset.from_tensor_slices(part) for part in (rows[:500], rows[500:]))
        clean(ours.shuffle(500).batch(20), "FL606", against=theirs.batch(20))
