"""FL100 and FL101: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import feedline as fl

Look = Callable[..., Any]


class TestRaises:
    def test_a_map(self, flagged: Look) -> None:
        def halve(number: np.int64) -> Any:
            if number == 77:
                raise ValueError("no half of 77")
            return number / 2

        finding = flagged(fl.Dataset.range(100).map(halve).batch(10), "FL100")
        assert finding.message == "halve() raised ValueError: no half of 77."
        assert finding.severity == "error"
        assert any("raise ValueError" in place for place in finding.where)
        assert finding.origin is not None
        assert finding.origin.filename == __file__

    def test_the_other_elements_are_looked_at(self, flagged: Look) -> None:
        def odd(number: np.int64) -> Any:
            return {1: 1}[int(number) % 2]

        ds = fl.Dataset.range(100).map(odd)
        assert "after looking at" in flagged(ds, "FL100").seen

    def test_a_generator(self, flagged: Look) -> None:
        def rows() -> Iterator[Any]:
            yield 1
            raise OSError("the disk is gone")

        assert "the disk is gone" in flagged(fl.Dataset.from_generator(rows).batch(1), "FL100").message

    def test_a_file_cut_short(self, flagged: Look, tmp_path: Any) -> None:
        path = tmp_path / "cut.tfrecord"
        with fl.io.TFRecordWriter(str(path)) as writer:
            for _ in range(10):
                writer.write(b"0123456789")
        path.write_bytes(path.read_bytes()[:-5])
        assert "cut.tfrecord" in str(flagged(fl.TFRecordDataset(str(path)).batch(2), "FL100"))

    def test_the_validation_data(self, flagged: Look, clean: Look) -> None:
        def halve(number: np.int64) -> Any:
            if number == 7:
                raise ValueError("no half of 7")
            return number / 2

        train, validation = fl.Dataset.range(20, 100).map(halve).batch(10), fl.Dataset.range(20).map(halve).batch(10)
        finding = flagged(train, "FL100", against=validation)
        assert finding.message == "the validation data: halve() raised ValueError: no half of 7."
        clean(train, "FL100", against=fl.Dataset.range(100, 120).map(halve).batch(10))

    def test_what_both_raise_is_told_once(self) -> None:
        train, validation = (fl.Dataset.range(8).map(lambda number: {}[int(number)]) for _ in range(2))
        assert train.check(against=validation, show=False).codes.count("FL100") == 1

    def test_errors_that_are_passed_over(self, clean: Look) -> None:
        ds = fl.Dataset.range(20).map(lambda number: {0: 1}[int(number) % 3]).ignore_errors()
        clean(ds, "FL100")


class TestNoElements:
    def test_a_filter_that_nothing_passes(self, flagged: Look) -> None:
        finding = flagged(fl.Dataset.range(50).filter(lambda number: number > 50).batch(4), "FL101")
        assert finding.message.startswith("filter(")

    def test_a_filter_that_nothing_has_passed_yet(self, flagged: Look, clean: Look) -> None:
        ds = fl.Dataset.range(10**12)
        finding = flagged(ds.filter(lambda number: number < 0).batch(4), "FL101")
        assert finding.severity == "warning"
        assert finding.message == "filter(<lambda>) has given no element so far."
        assert "of 1,000,000,000,000 elements came into it" in finding.seen
        clean(ds.filter(lambda number: number % 100 == 99).batch(4), "FL101")

    def test_a_batch_that_was_not_filled_in_time(self, clean: Look) -> None:
        def rows() -> Iterator[Any]:
            yield from range(10**9)

        ds = fl.Dataset.from_generator(rows, output_signature=fl.TensorSpec((), "int64"))
        clean(ds.prefetch(1).filter(lambda number: number >= 0).shuffle(100).batch(10**8), "FL101")

    def test_nothing_need_be_read(self, flagged: Look, clean: Look) -> None:
        ds = fl.Dataset.range(20)
        assert "fewer than 32" in flagged(ds.batch(32, drop_remainder=True), "FL101", sample=0).message
        clean(ds.batch(20, drop_remainder=True), "FL101", sample=0)

    def test_a_skip_beyond_the_end(self, flagged: Look) -> None:
        assert flagged(fl.Dataset.range(50).skip(50).batch(4), "FL101").message == "skip(50) gives no element."

    def test_no_whole_batch(self, flagged: Look, clean: Look) -> None:
        finding = flagged(fl.Dataset.range(20).batch(32, drop_remainder=True), "FL101")
        assert "fewer than 32" in finding.message
        clean(fl.Dataset.range(20).batch(32), "FL101")

    def test_no_validation_data(self, flagged: Look, clean: Look) -> None:
        train, rest = fl.Dataset.range(100).batch(32), fl.Dataset.range(100, 120)
        finding = flagged(train, "FL101", against=rest.batch(32, drop_remainder=True))
        assert finding.message.startswith("the validation data: drop_remainder leaves no batch")
        assert "val_loss" in finding.why
        clean(train, "FL101", against=rest.batch(32))

    def test_an_empty_generator(self, flagged: Look) -> None:
        flagged(fl.Dataset.from_generator(lambda: iter([])), "FL101")

    def test_an_error_is_told_as_one(self, clean: Look) -> None:
        clean(fl.Dataset.range(5).map(lambda number: {}[int(number)]), "FL101")
