import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

from feedline.keras.wait import EpochWait, WaitRecord


class Timeline:
    """A host that draws batches and sends steps off to a device that works them off one after the other."""

    def __init__(self, monkeypatch, ahead=0, before_step=False):
        self.now = 0.0
        self.device_free = 0.0
        self.starved = 0.0
        self.record = WaitRecord()
        self.ahead, self.before_step = ahead, before_step
        self.monkeypatch = monkeypatch

    def clock(self):
        return self.now

    def draw(self, seconds):
        asked = self.now
        self.now += seconds
        self.record.draw(asked, self.now)

    def epoch(self, loads, steps):
        """Runs an epoch of these loading and computing times; afterwards `starved` is what the device waited."""
        self.monkeypatch.setattr("feedline.keras.wait.perf_counter", self.clock)
        begin = self.device_free = self.now
        self.starved = 0.0
        self.record.begin_epoch()
        drawn = 0
        for number, step in enumerate(steps):
            if not self.before_step:
                self.record.step_begun()
            while drawn < min(len(loads), number + 1 + self.ahead):
                self.draw(loads[drawn])
                drawn += 1
            if self.before_step:
                self.record.step_begun()
            self.starved += max(0.0, self.now - self.device_free)
            self.device_free = max(self.now, self.device_free) + step
            host, self.now = self.now, self.device_free
            self.record.step_done(number)
            self.now = host
        self.now = self.device_free
        self.record.end_epoch()
        return self.device_free - begin


times = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=12)


@pytest.mark.parametrize("before_step", [False, True])
@pytest.mark.parametrize("ahead", [0, 1])
@settings(deadline=None, max_examples=60)
@given(times=times)
def test_a_wait_is_what_an_asynchronous_device_was_idle(before_step, ahead, times):
    with pytest.MonkeyPatch.context() as monkeypatch:
        timeline = Timeline(monkeypatch, ahead, before_step)
        loads, steps = zip(*times, strict=True)
        for epoch in range(2):
            total = timeline.epoch(loads, steps)
            wait = timeline.record.epochs[epoch]
            assert wait.exact
            assert wait.steps == len(loads)
            np.testing.assert_allclose(wait.waited_seconds, timeline.starved, atol=1e-9)
            np.testing.assert_allclose(wait.total_seconds, total, atol=1e-9)


def test_without_a_callback_the_whole_time_inside_next_counts(monkeypatch):
    clock = iter([0.0, 10.0])
    monkeypatch.setattr("feedline.keras.wait.perf_counter", lambda: next(clock))
    record = WaitRecord()
    record.begin_epoch()
    record.draw(1.0, 3.0)
    record.draw(5.0, 6.0)
    record.end_epoch()
    assert record.epochs == [EpochWait(3.0, 10.0, 2, exact=False)]
    assert record.epochs[0].share == 0.3


def test_a_first_batch_drawn_before_the_epoch_counts(monkeypatch):
    clock = iter([5.0, 10.0])
    monkeypatch.setattr("feedline.keras.wait.perf_counter", lambda: next(clock))
    record = WaitRecord()
    record.begin_epoch()
    record.draw(0.0, 5.0)
    record.end_epoch()
    assert record.epochs == [EpochWait(5.0, 10.0, 1)]


def test_an_epoch_without_batches_is_none():
    record = WaitRecord()
    record.end_epoch()
    record.begin_epoch()
    record.end_epoch()
    assert record.epochs == []
    assert record.measure_again() is None
    assert record.total().share == 0.0


def test_an_epoch_forgotten_leaves_nothing():
    record = WaitRecord()
    record.begin_epoch()
    record.draw(0.0, 1.0)
    record.forget_epoch()
    record.end_epoch()
    assert record.epochs == []
