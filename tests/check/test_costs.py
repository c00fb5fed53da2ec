"""What steps take for an element: measured apart from each other, by a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.context import Context


def context_of(ds: Any, size: int = 64) -> Context:
    return Context(ds._node, size=size)


class TestCosts:
    def test_each_step_by_itself(self, clock: Any) -> None:
        def first(number: Any) -> Any:
            clock.work(0.002)
            return number

        def second(number: Any) -> Any:
            clock.work(0.003)
            clock.wait(0.004)
            return number

        context = context_of(fl.Dataset.range(100).map(first).map(second).batch(10))
        one, two = (context.sample.cost(node) for node in context.plan.maps)
        assert one is not None
        assert two is not None
        assert one.seconds == pytest.approx(0.002)
        assert one.busy_seconds == pytest.approx(0.002)
        assert two.seconds == pytest.approx(0.007)
        assert two.busy_seconds == pytest.approx(0.003)
        assert context.plan.batch is not None
        batch = context.sample.cost(context.plan.batch)
        assert batch is not None
        assert batch.seconds == pytest.approx(0)

    def test_a_stream(self, clock: Any) -> None:
        def numbers() -> Iterator[Any]:
            for number in range(100):
                clock.wait(0.001)
                yield np.int64(number)

        def half(number: Any) -> Any:
            clock.work(0.005)
            return number % 2 == 0

        context = context_of(fl.Dataset.from_generator(numbers).filter(half).batch(4))
        source, kept = (context.sample.cost(node) for node in context.plan.nodes[:2])
        assert source is not None
        assert kept is not None
        assert source.seconds == pytest.approx(0.001)
        assert source.busy_seconds == pytest.approx(0)
        assert kept.seconds == pytest.approx(0.01)  # two are looked at for each that is kept

    def test_the_first_call_does_not_count(self, clock: Any) -> None:
        calls = []

        def loads_a_library(number: Any) -> Any:
            calls.append(number)
            clock.work(1.0 if len(calls) == 1 else 0.001)
            return number

        context = context_of(fl.Dataset.range(100).map(loads_a_library).batch(10))
        cost = context.sample.cost(context.plan.maps[0])
        assert cost is not None
        assert cost.seconds == pytest.approx(0.001)

    def test_one_call_tells_nothing(self, clock: Any) -> None:
        context = context_of(fl.Dataset.from_tensors(np.zeros(4)).map(lambda x: x + 1))
        assert context.sample.cost(context.plan.maps[0]) is None

    def test_nothing_looked_at(self) -> None:
        context = context_of(fl.Dataset.range(100).map(lambda number: number + 1), size=0)
        assert context.sample.cost(context.plan.maps[0]) is None
        assert context.sample.given(context.plan.maps[0]) == 0

    def test_how_many_were_given(self) -> None:
        def numbers() -> Iterator[Any]:
            yield from np.arange(10)

        context = context_of(fl.Dataset.from_generator(numbers).filter(lambda number: number > 3))
        assert [context.sample.given(node) for node in context.plan.nodes] == [10, 6]


class TestBlocks:
    def test_why_a_map_is_not_run_on_blocks(self) -> None:
        def differs(number: Any) -> Any:
            return number + 1 if number > 2 else number

        context = context_of(fl.Dataset.range(100).map(differs).map(lambda number: number * 2).batch(10))
        first, second = context.plan.maps
        assert context.sample.not_on_blocks(first) == "it branches or loops"
        assert context.sample.not_on_blocks(second) == ""
