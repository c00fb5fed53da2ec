"""FL404: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import feedline as fl
from feedline.check.families.cost import small_files
from feedline.check.families.cost.small_files import Reading, measured

Look = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("files")
    for number in range(1_000):
        (folder / f"{number:04}.bin").write_bytes(np.full(4, number, np.float32).tobytes())
    return folder


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Returns what says how long reading takes."""

    def takes(apart: float, packed: float, size: float = 16.0) -> None:
        monkeypatch.setattr(small_files, "measured", lambda paths: Reading(apart, packed, size, len(paths)))

    takes(2e-3, 1e-5)
    return takes


def decode(path: bytes) -> Any:
    return fl.io.decode_raw(fl.io.read_file(path), fl.float32)


def listed(folder: Any) -> Any:
    return fl.Dataset.list_files(str(folder / "*.bin"), seed=1)


class TestManySmallFiles:
    def test_a_thousand(self, flagged: Look, folder: Any, reading: Any) -> None:
        finding = flagged(listed(folder).map(decode, num_parallel_calls=2).batch(32).prefetch(2), "FL404")
        assert finding.severity == "hint"
        assert "1,000 small files" in finding.message
        assert finding.seen == (
            "16 bytes a file on average (32 were read); 2.0 ms to open and read one, 10.0 us for as many bytes of "
            "a large file: packed, an epoch's reading would take 10.0 ms instead of 2.0 s"
        )
        assert "TFRecordWriter" in finding.fix

    def test_with_labels(self, flagged: Look, folder: Any, reading: Any) -> None:
        paths = sorted(str(path) for path in folder.iterdir())
        ds = fl.Dataset.from_tensor_slices((paths, np.arange(1000) % 4)).shuffle(1000)
        flagged(ds.map(lambda path, label: (decode(path), label)).batch(32).prefetch(2), "FL404")

    def test_fewer(self, clean: Look, folder: Any, reading: Any) -> None:
        paths = sorted(str(path) for path in folder.iterdir())[:900]
        clean(fl.Dataset.from_tensor_slices(paths).map(decode).batch(32).prefetch(2), "FL404")

    def test_large_files(self, clean: Look, folder: Any, reading: Any) -> None:
        reading(2e-3, 1e-5, size=1e6)
        clean(listed(folder).map(decode, num_parallel_calls=2).batch(32).prefetch(2), "FL404")

    def test_files_that_are_read_as_quickly(self, clean: Look, folder: Any, reading: Any) -> None:
        reading(1e-5, 1e-5)
        clean(listed(folder).map(decode, num_parallel_calls=2).batch(32).prefetch(2), "FL404")

    def test_elements_that_cost_far_more(
        self, clean: Look, flagged: Look, folder: Any, reading: Any, clock: Any
    ) -> None:
        def costly(path: bytes) -> Any:
            clock.work(1e-3)
            return decode(path)

        ds = listed(folder).map(costly, num_parallel_calls=2).batch(32).prefetch(2)
        reading(1e-5, 1e-6)
        clean(ds, "FL404")
        reading(2e-4, 1e-6)
        flagged(ds, "FL404")

    def test_what_a_cache_keeps(self, clean: Look, folder: Any, reading: Any) -> None:
        clean(listed(folder).map(decode, num_parallel_calls=2).cache().batch(32).prefetch(2), "FL404")

    def test_texts_that_are_no_files(self, clean: Look, reading: Any) -> None:
        texts = [f"text {number}" for number in range(2000)]
        clean(fl.Dataset.from_tensor_slices(texts).batch(32).prefetch(2), "FL404")

    def test_files_of_records(self, flagged: Look, clean: Look, tmp_path: Any, reading: Any) -> None:
        with fl.io.TFRecordWriter(str(tmp_path / "0.tfrecord")) as writer:
            writer.write(b"12345678")
        paths = [str(tmp_path / f"{number}.tfrecord") for number in range(1000)]
        for path in paths[1:]:
            pathlib.Path(path).write_bytes((tmp_path / "0.tfrecord").read_bytes())
        ds = fl.TFRecordDataset(paths).shuffle(1000).batch(32).prefetch(2)
        assert "a few large files" in flagged(ds, "FL404").fix
        clean(fl.TFRecordDataset(paths[:100]).shuffle(100).batch(32).prefetch(2), "FL404")


class TestMeasured:
    def test_it_reads_the_files(self, folder: Any) -> None:
        found = measured([str(folder / f"{number:04}.bin") for number in range(8)])
        assert found is not None
        assert found.bytes == 16
        assert found.files == 8
        assert found.apart > 0
        assert found.packed > 0

    def test_files_that_are_gone(self, tmp_path: Any) -> None:
        assert measured([str(tmp_path / "gone")]) is None
