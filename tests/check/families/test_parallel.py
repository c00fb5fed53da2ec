"""FL402, FL403 and FL405: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.families.cost import parallel

Look = Callable[..., Any]


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "available_cores", lambda: 8)


@pytest.fixture
def load(clock: Any) -> Callable[[Any], Any]:
    """Returns a function that takes 1 ms of an operation that lets go of the lock."""

    def load(number: Any) -> Any:
        clock.work(1e-3)
        return number

    return load


@pytest.fixture
def python(clock: Any) -> Callable[[Any], Any]:
    """Returns a function that takes 1 ms of Python code."""

    def python(number: Any) -> Any:
        for _ in range(50):
            clock.work(20e-6)
        return number

    return python


def numbers(count: int = 10_000) -> Any:
    return fl.Dataset.range(count)


def with_executor(ds: Any, executor: str) -> Any:
    options = fl.Options()
    options.executor = executor
    return ds.with_options(options)


class TestNoPrefetch:
    def test_costly_batches(self, flagged: Look, load: Any) -> None:
        finding = flagged(numbers().map(load).batch(32), "FL402")
        assert finding.severity == "hint"
        assert finding.seen == "32.0 ms for each batch, of which 32.0 ms in map(load); 10.0 s in each epoch"
        assert finding.fix == "Write .prefetch(fl.AUTOTUNE) at the very end, behind .batch(32)."

    def test_with_prefetch(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load).batch(32).prefetch(1), "FL402")

    def test_a_prefetch_in_front_of_the_batches(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load).prefetch(8).batch(32), "FL402")

    def test_parallel_calls_work_ahead(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load, num_parallel_calls=4).batch(32), "FL402")

    def test_quick_batches(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load).batch(4), "FL402")

    def test_a_quick_epoch(self, clean: Look, load: Any) -> None:
        clean(numbers(900).map(load).batch(32), "FL402")
        clean(numbers(900).map(load).batch(32), "FL403")

    def test_arrays_in_memory(self, clean: Look) -> None:
        clean(fl.Dataset.from_tensor_slices(np.zeros((5000, 8), np.float32)).shuffle(5000).batch(32), "FL4")

    def test_what_a_cache_keeps(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load).cache().batch(32), "FL402")

    def test_what_comes_behind_a_cache(self, flagged: Look, load: Any) -> None:
        flagged(numbers().cache().map(load).batch(32), "FL402")

    def test_a_stream(self, flagged: Look, clean: Look, clock: Any) -> None:
        def rows() -> Iterator[Any]:
            for number in range(2000):
                clock.wait(1e-3)
                yield np.int64(number)

        ds = fl.Dataset.from_generator(rows)
        finding = flagged(ds.batch(32), "FL402")
        assert "32.0 ms for each batch" in finding.seen
        clean(ds.batch(32).prefetch(2), "FL402")
        clean(ds.prefetch(32).shuffle(100).batch(32), "FL402")

    def test_what_is_behind_a_prefetch_of_a_stream(self, flagged: Look, clock: Any, load: Any) -> None:
        def rows() -> Iterator[Any]:
            yield from np.arange(2000)

        flagged(fl.Dataset.from_generator(rows).prefetch(32).shuffle(100).map(load).batch(32), "FL402")

    def test_what_the_user_asked_for(self, clean: Look, load: Any) -> None:
        clean(with_executor(numbers().map(load).batch(32), "inline"), "FL402")

    def test_validation_data(self, flagged: Look, load: Any) -> None:
        flagged(numbers().map(load).batch(32), "FL402", use="validation")


class TestSequentialDecode:
    def test_a_costly_map(self, flagged: Look, load: Any) -> None:
        finding = flagged(numbers().map(load).batch(32).prefetch(2), "FL403")
        assert finding.message == "map(load) is computed by one core of 8."
        assert finding.seen.startswith("1.0 ms for each element (measured on ")
        assert finding.seen.endswith("), 32.0 ms for each batch, 10.0 s in each epoch")
        assert ".map(load, num_parallel_calls=fl.AUTOTUNE)" in finding.fix

    @pytest.mark.parametrize("calls", [1, 4, fl.AUTOTUNE])
    def test_with_a_number(self, calls: int, clean: Look, load: Any) -> None:
        clean(numbers().map(load, num_parallel_calls=calls).batch(32).prefetch(2), "FL403")

    def test_a_decoder_is_named(self, flagged: Look, clock: Any) -> None:
        png = fl.io.encode_png(np.zeros((4, 4, 3), np.uint8))

        def decode(contents: bytes) -> Any:
            clock.work(1e-3)
            return fl.io.decode_png(contents)

        finding = flagged(fl.Dataset.from_tensor_slices([png] * 2000).map(decode).batch(32).prefetch(2), "FL403")
        assert finding.message == "map(decode) decodes by one core of 8."
        assert finding.seen.endswith("it calls fl.io.decode_png")

    def test_a_lambda(self, flagged: Look, clock: Any) -> None:
        ds = numbers().map(lambda number: (clock.work(1e-3), number)[1]).batch(32).prefetch(2)
        assert ".map(..., num_parallel_calls=fl.AUTOTUNE)" in flagged(ds, "FL403").fix

    def test_waiting_for_files(self, flagged: Look, clock: Any) -> None:
        def read(number: Any) -> Any:
            clock.wait(1e-3)
            return number

        flagged(numbers().map(read).batch(32).prefetch(2), "FL403")

    def test_one_core(self, clean: Look, load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parallel, "available_cores", lambda: 1)
        clean(numbers().map(load).batch(32).prefetch(2), "FL403")

    def test_quick_batches(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load).batch(4).prefetch(2), "FL403")

    def test_a_function_that_needs_the_order(self, clean: Look, clock: Any) -> None:
        generator = np.random.default_rng(0)

        def noisy(number: Any) -> Any:
            clock.work(1e-3)
            return number + generator.random()

        total = 0

        def running(number: Any) -> Any:
            nonlocal total
            clock.work(1e-3)
            total += 1
            return number + total

        clean(numbers().map(noisy).batch(32).prefetch(2), "FL403")
        clean(numbers().map(running).batch(32).prefetch(2), "FL403")

    def test_what_a_cache_keeps(self, clean: Look, flagged: Look, load: Any) -> None:
        clean(numbers(20_000).map(load).cache().batch(32).prefetch(2), "FL403")
        finding = flagged(numbers(40_000).map(load).cache().batch(32).prefetch(2), "FL403")
        assert finding.seen.endswith("40.0 s once, to fill the cache")

    def test_a_map_of_batches(self, flagged: Look, clock: Any) -> None:
        def load(numbers: Any) -> Any:
            clock.work(8e-3)
            return numbers

        finding = flagged(numbers(32_000).batch(32).map(load).prefetch(2), "FL403")
        assert finding.seen.startswith("8.0 ms for each batch (measured on ")


class TestHoldsTheLock:
    def test_without_parallel_calls(self, flagged: Look, clean: Look, python: Any) -> None:
        ds = numbers().map(python).batch(32).prefetch(2)
        finding = flagged(ds, "FL405")
        assert "100 % of it is Python code; 8 cores" in finding.seen
        assert finding.fix.startswith("Write .map(python, num_parallel_calls=fl.AUTOTUNE)")
        clean(ds, "FL403")

    def test_processes_are_taken_where_they_may_be(self, clean: Look, python: Any) -> None:
        clean(numbers().map(python, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2), "FL405")
        clean(numbers().map(python, num_parallel_calls=4).batch(32).prefetch(2), "FL405")

    def test_threads_were_asked_for(self, flagged: Look, clean: Look, python: Any, load: Any) -> None:
        def parallel_map(function: Any, executor: str) -> Any:
            ds = numbers().map(function, num_parallel_calls=4).batch(32).prefetch(2)
            return with_executor(ds, executor)

        assert "Leave options.executor = 'threads' out" in flagged(parallel_map(python, "threads"), "FL405").fix
        clean(parallel_map(python, "processes"), "FL405")
        clean(parallel_map(load, "threads"), "FL405")

    def test_processes_were_asked_for_without_parallel_calls(self, flagged: Look, python: Any) -> None:
        ds = with_executor(numbers().map(python).batch(32).prefetch(2), "processes")
        assert "num_parallel_calls=fl.AUTOTUNE" in flagged(ds, "FL405").fix

    def test_what_lets_go_of_it(self, clean: Look, load: Any) -> None:
        clean(numbers().map(load).batch(32).prefetch(2), "FL405")

    def test_a_quick_function(self, clean: Look, clock: Any) -> None:
        def quick(number: Any) -> Any:
            for _ in range(5):
                clock.work(20e-6)
            return number

        clean(numbers(100_000).map(quick).batch(128).prefetch(2), "FL405")

    def test_one_core(self, clean: Look, python: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parallel, "available_cores", lambda: 1)
        clean(numbers().map(python).batch(32).prefetch(2), "FL405")
