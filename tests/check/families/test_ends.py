"""FL308 and FL309: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((200, 6), np.float32)
LABELS = np.random.default_rng(1).integers(0, 5, 200)


def table() -> Any:
    return fl.Dataset.from_tensor_slices((IMAGES, LABELS))


def rows() -> Iterator[Any]:
    yield from zip(IMAGES, LABELS, strict=True)


def rows_for_ever() -> Iterator[Any]:
    while True:
        yield from rows()


def rows_until_five() -> Iterator[Any]:
    turns = 0
    while True:
        yield from rows()
        turns += 1
        if turns == 5:
            break


def rows_until_return() -> Iterator[Any]:
    while True:
        for number, row in enumerate(rows()):
            if number == 150:
                return
            yield row


def rows_for_ever_with_inner_break() -> Iterator[Any]:
    while True:
        for number, row in enumerate(rows()):
            if number == 150:
                break
            yield row


class TestInfiniteWithoutSteps:
    def test_repeat(self, flagged: Look) -> None:
        finding = flagged(table().shuffle(200).repeat().batch(32), "FL308")
        assert finding.severity == "hint"
        assert finding.fix.startswith("Give fit steps_per_epoch=7, or leave out .repeat()")

    def test_a_stream_that_repeats(self, flagged: Look) -> None:
        flagged(fl.Dataset.from_generator(rows).shuffle(200).repeat().batch(32), "FL308")

    def test_generators_that_never_return(self, flagged: Look) -> None:
        flagged(fl.Dataset.from_generator(rows_for_ever).batch(32), "FL308")
        flagged(fl.Dataset.from_generator(lambda: rows_for_ever()).batch(32), "FL308")
        flagged(fl.Dataset.from_generator(rows_for_ever_with_inner_break).batch(32), "FL308")

    def test_generators_that_do(self, clean: Look) -> None:
        for function in (rows, rows_until_five, rows_until_return):
            clean(fl.Dataset.from_generator(function).batch(32), "FL308")

    def test_counting(self, flagged: Look, clean: Look) -> None:
        numbers = fl.Dataset.counter().map(lambda number: (np.float32(number), number % 2))
        flagged(numbers.batch(32), "FL308")
        clean(numbers.batch(32).take(10), "FL308")

    def test_the_steps_are_said(self, clean: Look) -> None:
        clean(table().shuffle(200).repeat().batch(32), "FL3", steps_per_epoch=7)

    def test_validation_data(self, flagged: Look, clean: Look) -> None:
        train, validation = table().shuffle(200).batch(32), table().batch(32)
        finding = flagged(train, "FL308", against=validation.repeat())
        assert finding.message == "the validation data have no end."
        assert finding.fix.startswith("Give fit validation_steps=7, or leave out .repeat()")
        clean(train, "FL308", against=validation)
        clean(train.repeat(), "FL308", against=validation.repeat(), steps_per_epoch=7)

    def test_an_end(self, clean: Look) -> None:
        clean(table().shuffle(200).repeat(3).batch(32), "FL3")
        clean(fl.Dataset.from_generator(rows_for_ever).take(500).batch(32), "FL308")


class TestCacheNeverFull:
    def test_a_take_behind_it(self, flagged: Look) -> None:
        finding = flagged(fl.Dataset.from_generator(rows).cache().take(50).shuffle(50).batch(32), "FL309")
        assert finding.fix == "Write .take(50) in front of .cache()."

    def test_a_take_of_batches(self, flagged: Look) -> None:
        flagged(fl.Dataset.from_generator(rows).cache().shuffle(200).batch(32).take(3), "FL309")

    def test_the_cache_is_in_fact_never_used(self) -> None:
        starts = []

        def counted() -> Iterator[int]:
            starts.append(1)
            yield from range(10)

        cut_short = fl.Dataset.from_generator(counted).cache().take(5)
        whole = fl.Dataset.from_generator(counted).take(5).cache()
        for ds, expected in ((cut_short, 2), (whole, 1)):
            starts.clear()
            for _ in range(2):
                list(ds)
            assert len(starts) == expected

    def test_endless(self, flagged: Look) -> None:
        ds = fl.Dataset.from_generator(rows).repeat().cache().batch(32)
        assert flagged(ds, "FL309").severity == "error"
        assert flagged(fl.Dataset.from_generator(rows_for_ever).cache().batch(32), "FL309").severity == "error"

    def test_a_take_in_front_of_it(self, clean: Look) -> None:
        clean(fl.Dataset.from_generator(rows).take(50).cache().shuffle(50).batch(32), "FL3")

    def test_repeated_behind_it(self, clean: Look) -> None:
        clean(fl.Dataset.from_generator(rows).cache().shuffle(200).repeat(2).batch(32).take(10), "FL309")

    def test_an_indexed_dataset(self, clean: Look) -> None:
        clean(table().cache().take(50).shuffle(50).batch(32), "FL3")

    def test_no_end_known(self, clean: Look) -> None:
        clean(fl.Dataset.from_generator(lambda: zip(IMAGES, itertools.cycle(LABELS), strict=False)).cache(), "FL309")
