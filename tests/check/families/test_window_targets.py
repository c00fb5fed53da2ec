"""FL613: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
SERIES = GENERATOR.normal(size=400).cumsum().astype(np.float32)
SEVERAL = GENERATOR.normal(size=(400, 3)).astype(np.float32)
SIZE = 12


def windows(series: Any = SERIES, size: int = SIZE) -> np.ndarray:
    cut = np.lib.stride_tricks.sliding_window_view(series, size, axis=0)
    return cut if cut.ndim == 2 else cut.swapaxes(1, 2)


def pairs(inputs: Any, targets: Any) -> Any:
    count = min(len(inputs), len(targets))
    return fl.Dataset.from_tensor_slices((inputs[:count], targets[:count])).shuffle(400).batch(32)


def test_the_last_step(flagged: Look) -> None:
    finding = flagged(pairs(windows(), windows()[:, -1]), "FL613")
    assert finding.severity == "error"
    assert finding.message == "the target of each window is its own last step."
    assert finding.seen.startswith("y = x[11] in all 389 elements")
    assert "Take the target 1 step later" in finding.fix


def test_the_fix_mends_it(clean: Look) -> None:
    clean(pairs(windows(), SERIES[SIZE:]), "FL")


def test_windows_that_the_plan_cuts(flagged: Look, clean: Look) -> None:
    def cut(size: int) -> Any:
        ds = fl.Dataset.from_tensor_slices(GENERATOR.normal(size=300)).window(size, shift=1, drop_remainder=True)
        return ds.flat_map(lambda window: window.batch(size))

    flagged(cut(12).map(lambda window: (window, window[-1])).batch(32), "FL613")
    clean(cut(13).map(lambda window: (window[:-1], window[-1])).batch(32), "FL613")
    clean(cut(13).map(lambda window: (window[:-1], window[1:])).batch(32), "FL613")
    clean(cut(12).map(lambda window: (window, window)).batch(32), "FL613")


def test_targets_of_a_time_series_that_are_the_series(flagged: Look, clean: Look) -> None:
    pytest.importorskip("keras")
    import feedline.keras

    def made(first: int) -> Any:
        return feedline.keras.timeseries_dataset_from_array(
            SEVERAL, SEVERAL[first:], sequence_length=SIZE, batch_size=16, shuffle=True
        )

    finding = flagged(made(0), "FL613")
    assert finding.message == "the target of each window is its own first step."
    assert "Take the target 12 steps later" in finding.fix
    assert "targets=data[12:] where it was data[0:]" in finding.fix
    assert "step 5." in flagged(made(5), "FL613").message
    clean(made(SIZE), "FL613")


def test_one_column_of_several(flagged: Look, clean: Look) -> None:
    finding = flagged(pairs(windows(SEVERAL), windows(SEVERAL)[:, -1, 2]), "FL613")
    assert finding.message == "the target of each window is its own last step, column 2."
    assert finding.seen.startswith("y = x[11, 2] in ")
    clean(pairs(windows(SEVERAL), SEVERAL[SIZE:, 2]), "FL613")


def test_targets_with_a_dimension_of_1(flagged: Look) -> None:
    flagged(pairs(windows(), windows()[:, -1:]), "FL613")
    flagged(pairs(windows(SEVERAL), windows(SEVERAL)[:, -1:]), "FL613")


@pytest.mark.parametrize("series", [np.arange(400.0), np.sin(np.arange(400) * np.pi / 6), np.arange(400) % 12.0])
def test_series_that_go_on_as_they_went(series: Any, clean: Look) -> None:
    series = series.astype(np.float32)
    clean(pairs(windows(series), series[SIZE:]), "FL613")


def test_series_that_stand_still(clean: Look) -> None:
    rows = np.repeat(GENERATOR.normal(size=(300, 1)).astype(np.float32), 10, axis=1)
    clean(pairs(rows, rows[:, -1]), "FL613")


def test_rows_of_a_table(flagged: Look, clean: Look) -> None:
    """Another rule tells of these."""
    rows = GENERATOR.normal(size=(300, 6)).astype(np.float32)
    clean(pairs(rows, rows[:, -1]), "FL613")
    flagged(pairs(rows, rows[:, -1]), "FL216")


def test_few_different_targets(clean: Look) -> None:
    steps = GENERATOR.integers(0, 3, (300, 9, 1))
    clean(pairs(steps, steps[:, -1, 0]), "FL613")
