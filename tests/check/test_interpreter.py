"""Whether a function holds the interpreter's lock: told from its steps, by a clock that tests move."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.context import Context
from feedline.check.interpreter import MOST_CALLS, work_of


def steps(clock: Any, count: int, seconds: float) -> Any:
    def call() -> None:
        for _ in range(count):
            clock.work(seconds)

    return call


class TestWork:
    def test_many_short_steps_hold_the_lock(self, clock: Any) -> None:
        work = work_of(steps(clock, 200, 20e-6))
        assert work is not None
        assert work.seconds == pytest.approx(0.004)
        assert work.holding_share == pytest.approx(1)

    def test_long_steps_let_go_of_it(self, clock: Any) -> None:
        work = work_of(steps(clock, 4, 1e-3))
        assert work is not None
        assert work.holding_share == pytest.approx(0, abs=0.01)

    def test_some_of_both(self, clock: Any) -> None:
        def call() -> None:
            for _ in range(100):
                clock.work(30e-6)
            clock.wait(1e-3)

        work = work_of(call)
        assert work is not None
        assert work.holding_share == pytest.approx(0.75, abs=0.01)

    def test_a_step_that_is_long_now_and_then(self, clock: Any) -> None:
        calls = []

        def call() -> None:
            for _ in range(50):
                calls.append(1)
                clock.work(5e-3 if len(calls) % 49 == 0 else 20e-6)  # the machine does something else

        work = work_of(call)
        assert work is not None
        assert work.free_seconds == 0

    def test_more_steps_than_are_watched(self, clock: Any) -> None:
        work = work_of(steps(clock, 5000, 20e-6))
        assert work is not None
        assert work.holding_share == pytest.approx(1)

    def test_a_debugger_is_left_alone(self) -> None:
        calls = []
        sys.setprofile(lambda *arguments: None)
        try:
            assert work_of(lambda: calls.append(1)) is None
        finally:
            sys.setprofile(None)
        assert not calls

    def test_nothing_watches_afterwards(self) -> None:
        def fails() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            work_of(fails)
        assert work_of(lambda: None) is not None
        assert sys.gettrace() is None
        assert sys.getprofile() is None


class TestOfAMap:
    def test_it_is_called_on_an_element(self, clock: Any) -> None:
        seen = []

        def noted(number: Any) -> Any:
            seen.append(int(number))
            clock.work(1e-4)
            return number

        context = Context(fl.Dataset.range(20).map(noted).batch(4)._node, size=20)
        node = context.plan.maps[0]
        assert context.sample.count == 20
        seen.clear()
        assert context.sample.work(node) is context.sample.work(node)
        assert len(seen) == MOST_CALLS
        assert len(set(seen)) == 1

    def test_a_function_that_raises_now(self, clock: Any) -> None:
        seen = []

        def fails_later(number: Any) -> Any:
            seen.append(1)
            if len(seen) > 60:
                raise ValueError("no more")
            return number

        context = Context(fl.Dataset.range(20).map(fails_later).batch(4)._node, size=20)
        assert context.sample.count == 20
        seen.extend([1] * 60)
        assert context.sample.work(context.plan.maps[0]) is None

    def test_its_argument_is_not_changed(self, clock: Any) -> None:
        def changes(row: Any) -> Any:
            row += 1
            return row

        context = Context(fl.Dataset.from_tensor_slices(np.zeros((20, 3))).map(changes).batch(4)._node, size=20)
        assert context.sample.work(context.plan.maps[0]) is not None
        assert all((row == 0).all() for row in context.sample.into(context.plan.maps[0]))
