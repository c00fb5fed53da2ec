"""`Dataset.check` itself: that it changes nothing, uses nothing up, looks everywhere, and says what it saw."""

from __future__ import annotations

import collections
import gc
import queue
import random as python_random
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.context import Context
from feedline.errors import ArgumentError

LABELS = np.arange(2000) % 4


def table() -> Any:
    return fl.Dataset.from_tensor_slices((np.zeros((2000, 4), np.float32), LABELS))


class TestNothingChanges:
    def test_the_next_epoch_is_the_first(self) -> None:
        ds, other = (fl.Dataset.range(20).shuffle(20, seed=3) for _ in range(2))
        ds.check(show=False)
        assert [int(number) for number in ds] == [int(number) for number in other]

    @pytest.mark.parametrize("indexed", [True, False])
    def test_caches_stay_empty(self, indexed: bool) -> None:
        calls: list[int] = []

        def noted(number: np.int64) -> np.int64:
            calls.append(int(number))
            return number

        source = fl.Dataset.range(30) if indexed else fl.Dataset.range(30).filter(lambda number: number >= 0)
        ds = source.map(noted).cache().batch(4)
        ds.check(show=False)
        calls.clear()
        list(ds)
        assert calls == list(range(30))

    @pytest.mark.parametrize("indexed", [True, False])
    def test_nothing_is_stored(self, indexed: bool, tmp_path: Any) -> None:
        source = fl.Dataset.range(30) if indexed else fl.Dataset.range(30).filter(lambda number: number >= 0)
        for ds in (source.cache(str(tmp_path / "cache")), source.snapshot(str(tmp_path / "snapshot"))):
            ds.batch(4).check(show=False)
        assert list(tmp_path.iterdir()) == []

    def test_what_is_stored_is_read(self, tmp_path: Any) -> None:
        numbers = [1]
        ds = fl.Dataset.range(30).map(lambda number: number + numbers[0]).cache(str(tmp_path / "cache"))
        list(ds)
        numbers[0] = None  # type: ignore[call-overload]
        assert ds.check(show=False).ok

    def test_global_generators_are_put_back(self) -> None:
        def noisy(number: np.int64) -> Any:
            return np.random.rand() + python_random.random() + fl.random.uniform(()) + number  # noqa: NPY002

        ds = fl.Dataset.range(100).map(noisy)
        np.random.seed(5)  # noqa: NPY002
        python_random.seed(5)
        fl.random.set_seed(5)
        expected = np.random.rand(), python_random.random(), fl.random.uniform(())  # noqa: NPY002
        np.random.seed(5)  # noqa: NPY002
        python_random.seed(5)
        fl.random.set_seed(5)
        ds.check(show=False)
        assert (np.random.rand(), python_random.random(), fl.random.uniform(())) == expected  # noqa: NPY002
        fl.random.set_seed(None)

    def test_the_users_generators_are_put_back(self) -> None:
        generator = np.random.default_rng(7)

        class Noise:
            def __init__(self) -> None:
                self.generator = np.random.default_rng(8)

            def __call__(self, number: np.int64) -> Any:
                return self.generator.random() + number

        noise = Noise()
        ds = fl.Dataset.range(100).map(lambda number: generator.random() + number).map(noise)
        ds.check(show=False)
        assert generator.random() == np.random.default_rng(7).random()
        assert noise.generator.random() == np.random.default_rng(8).random()

    def test_the_timings_are_those_of_training(self) -> None:
        ds = table().batch(32)
        ds.check(show=False)
        assert ds.report().stages == ()

    def test_the_spec_is_that_of_the_first_element(self) -> None:
        def grow(number: np.int64) -> Any:
            return np.zeros(3 + int(number), np.float32)

        ds, other = (fl.Dataset.range(1000).map(grow) for _ in range(2))
        ds.check(show=False)
        assert ds.element_spec == other.element_spec

    def test_no_thread_is_left(self) -> None:
        before = threading.active_count()
        table().map(lambda x, y: (x, y), num_parallel_calls=4).batch(8).prefetch(2).check(show=False)
        assert threading.active_count() == before


class TestNothingIsUsedUp:
    def check(self, ds: Any) -> None:
        report = ds.check(show=False)
        assert "can be gone through only once" in report.not_seen
        assert "FL100" not in report.rules
        assert "FL308" in report.rules
        assert "no element looked at" in report.summary()

    def test_a_generator_object(self) -> None:
        numbers = (number for number in range(100))
        self.check(fl.Dataset.from_generator(lambda: numbers).batch(4))
        self.check(fl.Dataset.from_generator(lambda: (number * 2 for number in numbers)).batch(4))
        assert next(numbers) == 0

    def test_a_function_that_returns_it(self) -> None:
        rows = [iter(range(100))]

        def given() -> Iterator[int]:
            return rows[0]

        self.check(fl.Dataset.from_generator(given).batch(4))
        assert next(rows[0]) == 0

    def test_a_cursor(self) -> None:
        connection = sqlite3.connect(":memory:")
        connection.execute("create table numbers (number integer)")
        connection.executemany("insert into numbers values (?)", [(number,) for number in range(50)])
        cursor = connection.execute("select number from numbers")

        def rows() -> Iterator[Any]:
            for (number,) in cursor:
                yield number

        self.check(fl.Dataset.from_generator(rows).batch(4))
        assert cursor.fetchone() == (0,)

    def test_an_open_file(self, tmp_path: Any) -> None:
        path = tmp_path / "numbers.txt"
        path.write_text("1\n2\n3\n")
        with path.open() as lines:
            self.check(fl.Dataset.from_generator(lambda: map(int, lines)).batch(2))
            assert lines.readline() == "1\n"

    def test_an_object_that_holds_one(self) -> None:
        class Reader:
            def __init__(self) -> None:
                self.rows = iter(range(100))

            def __call__(self) -> Iterator[int]:
                yield from self.rows

            def read(self) -> Iterator[int]:
                yield from self.rows

        reader = Reader()
        self.check(fl.Dataset.from_generator(reader).batch(4))
        self.check(fl.Dataset.from_generator(reader.read).batch(4))
        assert next(reader.rows) == 0

    def test_a_map_that_draws_from_one(self) -> None:
        labels = iter(range(100))
        self.check(fl.Dataset.range(100).map(lambda number: (number, next(labels))).batch(4))
        assert next(labels) == 0

    def test_queues(self) -> None:
        for numbers in (queue.Queue(), queue.SimpleQueue(), queue.PriorityQueue()):
            for number in range(50):
                numbers.put(number)

            def rows(numbers: Any = numbers) -> Iterator[int]:
                while not numbers.empty():
                    yield numbers.get()

            self.check(fl.Dataset.from_generator(rows).batch(4))
            assert numbers.qsize() == 50

    def test_what_elements_are_taken_out_of(self) -> None:
        waiting, numbers = collections.deque(range(50)), list(range(50))

        def rows() -> Iterator[int]:
            while waiting:
                yield waiting.popleft()

        self.check(fl.Dataset.from_generator(rows).batch(4))
        self.check(fl.Dataset.range(50).map(lambda number: number + numbers.pop()).batch(4))
        assert len(waiting) == len(numbers) == 50

    def test_a_list_of_its_own_is_looked_at(self) -> None:
        numbers = list(range(50))

        def rows() -> Iterator[int]:
            left = list(numbers)
            while left:
                yield left.pop()

        assert "all 50 elements" in fl.Dataset.from_generator(rows).batch(4).check(show=False).seen

    def test_a_query_that_is_asked_anew_is_looked_at(self) -> None:
        connection = sqlite3.connect(":memory:")
        connection.execute("create table numbers (number integer)")
        connection.executemany("insert into numbers values (?)", [(number,) for number in range(50)])

        def rows() -> Iterator[Any]:
            for (number,) in connection.execute("select number from numbers"):
                yield number

        assert "all 50 elements" in fl.Dataset.from_generator(rows).batch(4).check(show=False).seen


class TestWhatIsLookedAt:
    def test_all_of_a_short_dataset(self) -> None:
        assert fl.Dataset.range(100).batch(10).check(show=False).seen == "all 100 elements"

    def test_a_long_one_from_end_to_end(self) -> None:
        seen: list[int] = []

        def noted(number: np.int64) -> Any:
            seen.append(int(number))
            return [number][0]

        ds = fl.Dataset.range(100_000).map(noted).batch(10)
        report = ds.check(show=False, sample=200)
        assert report.seen.endswith("of 100,000 elements")
        assert len(set(seen)) < 300
        assert min(seen) == 0
        assert max(seen) == 99_999
        parts = np.histogram(seen, bins=10, range=(0, 100_000))[0]
        assert (parts > 5).all()

    def test_the_first_of_a_stream(self) -> None:
        started: list[int] = []

        def rows() -> Iterator[int]:
            for number in range(100_000):
                started.append(number)
                yield number

        report = fl.Dataset.from_generator(rows).shuffle(50_000).batch(10).check(show=False, sample=100)
        assert report.seen == "the first 100 elements"
        assert len(started) < 1000  # the shuffle's buffer is not filled

    def test_none(self) -> None:
        def raises(number: np.int64) -> Any:
            raise AssertionError

        report = fl.Dataset.range(100).map(raises).repeat().check(show=False, sample=0)
        assert report.codes == ("FL308",)
        assert report.not_seen == "sample is 0"

    def test_a_slow_map_is_given_up_in_time(self) -> None:
        def slow(number: np.int64) -> Any:
            calls.append(number)
            event.wait(0.2)
            return [number][0]

        calls: list[Any] = []
        event = threading.Event()
        report = fl.Dataset.range(10_000).map(slow).batch(1024).check(show=False)
        assert 1 <= len(calls) < 100
        assert report.ok

    def test_compiling_does_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from feedline.check import looking

        compiled = 0.0
        monkeypatch.setattr(looking, "seconds_compiling", lambda: compiled)
        budget = looking.Budget(0.0, 1)
        assert budget.spent
        compiled = 1000.0
        assert not budget.spent
        budget.memory = 0
        assert budget.spent

    def test_a_filter_that_nothing_passes_of_endless_data(self) -> None:
        ds = fl.Dataset.counter().filter(lambda number: number < 0).batch(2)
        assert ds.check(show=False).seen == "the first 0 elements"

    def test_what_a_function_changes_in_place(self) -> None:
        def halved(x: np.ndarray, y: np.ndarray) -> Any:
            x -= 1
            return x, y

        from feedline.check.context import Context

        context = Context(table().map(halved).batch(8).node)
        before, after = context.sample.pairs(context.plan.maps[0])[0]
        assert before[0].max() == 0
        assert after[0].max() == -1


class TestArguments:
    def test_codes_that_do_not_exist(self) -> None:
        with pytest.raises(ArgumentError, match="no such rule") as caught:
            table().check(ignore=["FL300"])
        assert "Did you mean 'FL3" in caught.value.fix
        with pytest.raises(ArgumentError) as caught:
            table().check(ignore="sorted-without-shufle")
        assert "'sorted-without-shuffle'" in caught.value.fix
        with pytest.raises(ArgumentError):
            table().check(ignore=["fl3"])
        with pytest.raises(ArgumentError):
            table().check(ignore=[3])  # type: ignore[list-item]

    @pytest.mark.parametrize(
        "arguments",
        [
            {"use": "test"},
            {"sample": -1},
            {"sample": 0.5},
            {"against": 3},
            {"model": 3},
            {"steps_per_epoch": 0},
            {"show": 2},
        ],
    )
    def test_values_that_cannot_work(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(ArgumentError):
            table().check(**arguments)

    def test_a_function_that_makes_a_model(self) -> None:
        with pytest.raises(ArgumentError, match="not a Keras model") as caught:
            table().check(model=lambda: None)
        assert caught.value.fix.startswith("Call it")

    @pytest.mark.parametrize("ignore", ["FL306", "FL30", "FL3", "FL", ["FL306"], ("FL1", "FL306"), "batch-of-one"])
    def test_silenced(self, ignore: Any) -> None:
        report = table().shuffle(2000).batch(1).check(show=False, ignore=ignore)
        assert "FL306" not in report.codes
        assert "FL306" in report.silenced
        assert "FL306" not in report.rules


def test_what_was_looked_at_is_let_go_of() -> None:
    images = np.random.default_rng(0).normal(size=(300, 32, 32, 3)).astype(np.float32)
    labels = np.arange(300) % 5
    ds = (
        fl.Dataset.from_tensor_slices((images, labels))
        .map(lambda image, label: (image + 1, label))
        .shuffle(300)
        .batch(32)
    )
    gc.collect()
    gc.disable()  # what only the collector finds would keep memory for long
    try:
        before = {id(each) for each in gc.get_objects() if isinstance(each, Context)}
        ds.check(show=False, against=ds)
        left = [each for each in gc.get_objects() if isinstance(each, Context) and id(each) not in before]
        assert not any(vars(each) for each in left)
    finally:
        gc.enable()
