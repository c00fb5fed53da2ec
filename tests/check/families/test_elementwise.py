"""FL408: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

ROWS = np.random.default_rng(0).random((1000, 8), np.float32)


@pytest.fixture
def branches(clock: Any) -> Callable[[Any], Any]:
    """Returns a function that takes 20 us and branches."""

    def branches(row: Any) -> Any:
        clock.work(20e-6)
        return row if row[0] < 0.5 else 1 - row

    return branches


def rows(times: int = 100) -> Any:
    return fl.Dataset.from_tensor_slices(ROWS).repeat(times)


class TestElementByElement:
    def test_a_branch(self, flagged: Look, branches: Any) -> None:
        finding = flagged(rows().map(branches).batch(32).prefetch(2), "FL408")
        assert finding.severity == "hint"
        assert finding.message == "map(branches) is called for each element by itself: it branches or loops."
        assert finding.seen.startswith("20.0 us for each element (measured on ")
        assert finding.seen.endswith("640.0 us for each batch, 2.0 s in each epoch, for arrays of 64 bytes")
        assert "np.where" in finding.fix
        assert "move .map(branches) behind .batch(32)" in finding.fix

    def test_parallel_calls_do_not_change_that(self, flagged: Look, branches: Any) -> None:
        flagged(rows().map(branches, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2), "FL408")

    def test_a_function_that_runs_on_blocks(self, clean: Look) -> None:
        clean(rows(100_000).map(lambda row: np.where(row < 0.5, row, 1 - row)).batch(32).prefetch(2), "FL408")

    def test_behind_the_batches(self, clean: Look, clock: Any) -> None:
        def branches(batch: Any) -> Any:
            clock.work(100e-6)
            return batch if len(batch) else 1 - batch

        clean(rows(10_000).batch(32).map(branches).prefetch(2), "FL408")

    def test_a_quick_epoch(self, clean: Look, branches: Any) -> None:
        clean(rows(10).map(branches).batch(32).prefetch(2), "FL4")

    def test_quick_batches(self, clean: Look, branches: Any) -> None:
        clean(rows().map(branches).batch(8).prefetch(2), "FL408")

    def test_an_element_with_work_of_its_own(self, clean: Look, clock: Any) -> None:
        def costly(row: Any) -> Any:
            clock.work(1e-3)
            return row if row[0] < 0.5 else 1 - row

        clean(rows().map(costly, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(2), "FL408")

    def test_large_arrays(self, clean: Look, branches: Any) -> None:
        large = np.zeros((600, 4000), np.float32)
        clean(fl.Dataset.from_tensor_slices(large).repeat(200).map(branches).batch(32).prefetch(2), "FL408")

    def test_another_library(self, clean: Look, clock: Any) -> None:
        def parse(text: bytes) -> Any:
            clock.work(20e-6)
            return np.array(json.loads(text), np.float32)

        texts = fl.Dataset.from_tensor_slices([b"[1, 2]"] * 600).repeat(200)
        clean(texts.map(parse).batch(32).prefetch(2), "FL408")

    def test_files(self, clean: Look, clock: Any, tmp_path: Any) -> None:
        path = str(tmp_path / "a")
        fl.io.write_file(path, b"1234")

        def read(name: bytes) -> Any:
            clock.work(20e-6)
            return fl.io.decode_raw(fl.io.read_file(name), fl.uint8)

        paths = fl.Dataset.from_tensor_slices([path] * 600).repeat(200)
        clean(paths.map(read, num_parallel_calls=2).batch(32).prefetch(2), "FL408")

    def test_parsing_of_single_records(self, flagged: Look, clock: Any) -> None:
        feature = fl.train.Feature(int64_list=fl.train.Int64List(value=[1]))
        record = fl.train.Example(features=fl.train.Features(feature={"a": feature})).SerializeToString()
        features = {"a": fl.io.FixedLenFeature([], fl.int64)}

        def parse(record: bytes) -> Any:
            clock.work(20e-6)
            return fl.io.parse_single_example(record, features)["a"]

        records = fl.Dataset.from_tensor_slices([record] * 600).repeat(200)
        finding = flagged(records.map(parse).batch(32).prefetch(2), "FL408")
        assert finding.fix == (
            "Move .map(parse) behind .batch(32), and have it take whole batches with "
            "fl.io.parse_example(records, features)."
        )

    @pytest.mark.parametrize(("which", "wanted"), [(0, "make a new array"), (1, "inner function outside")])
    def test_other_reasons(self, which: int, wanted: str, flagged: Look, clock: Any) -> None:
        def changes(row: Any) -> Any:
            clock.work(20e-6)
            row += 1
            return row

        def defines(row: Any) -> Any:
            def twice(value: Any) -> Any:
                return value + value

            clock.work(20e-6)
            return twice(row)

        function = (changes, defines)[which]
        assert wanted in flagged(rows().map(function).batch(32).prefetch(2), "FL408").fix
