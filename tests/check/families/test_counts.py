"""FL108: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

NUMBERS = range(30)
IMAGES = [f"images/image_{number:03}.png" for number in NUMBERS]
LABELS = [f"labels/label_{number:03}.npy" for number in NUMBERS]
VALUES = np.random.default_rng(0).random((30, 6), np.float32)


@pytest.fixture
def folders(tmp_path: pathlib.Path) -> pathlib.Path:
    for path in (*IMAGES, *LABELS):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    return tmp_path


@pytest.fixture
def lines(tmp_path: pathlib.Path) -> Callable[..., Any]:
    def written(name: str, count: int, head: str = "") -> Any:
        (tmp_path / name).write_text(head + "".join(f"{number},{number % 3}\n" for number in range(count)))
        return fl.TextLineDataset(str(tmp_path / name))

    return written


def zipped(*datasets: Any) -> Any:
    return fl.Dataset.zip(*datasets).batch(4)


def given(count: int) -> Any:
    def numbers() -> Iterator[Any]:
        yield from np.arange(count)

    return fl.Dataset.from_generator(numbers, output_signature=fl.TensorSpec((), "int64"))


class TestWhatIsKnown:
    def test_arrays(self, flagged: Look) -> None:
        labels = fl.Dataset.from_tensor_slices(np.arange(29) % 3)
        finding = flagged(fl.Dataset.zip(fl.Dataset.from_tensor_slices(VALUES), labels).batch(4), "FL108")
        assert finding.severity == "warning"
        assert "30 of from_tensor_slices and 29 of from_tensor_slices" in finding.message
        assert finding.seen == "zip ends after 29 elements, and 1 is never used"

    def test_files(self, flagged: Look, folders: pathlib.Path) -> None:
        (folders / LABELS[29]).unlink()
        images = fl.Dataset.list_files(f"{folders}/images/*.png", shuffle=False)
        labels = fl.Dataset.list_files(f"{folders}/labels/*.npy", shuffle=False)
        finding = flagged(fl.Dataset.zip(images, labels).batch(4), "FL108")
        assert "without a partner: 'image_029.png'" in finding.seen

    def test_equal(self, clean: Look) -> None:
        labels = fl.Dataset.from_tensor_slices(np.arange(30) % 3)
        clean(fl.Dataset.zip(fl.Dataset.from_tensor_slices(VALUES), labels).batch(4), "FL108")

    @pytest.mark.parametrize(
        "longer",
        [
            lambda ds: fl.Dataset.range(1000),
            lambda ds: fl.Dataset.counter(),
            lambda ds: fl.Dataset.from_tensor_slices(VALUES[:7]).repeat(9),
            lambda ds: fl.Dataset.from_tensor_slices(VALUES[:7]).repeat(),
            lambda ds: ds.skip(1),
            lambda ds: fl.Dataset.from_generator(lambda: iter(range(99))),
        ],
        ids=["a range", "a counter", "repeated", "for ever", "of its own", "a generator"],
    )
    def test_longer_as_it_may_be(self, clean: Look, longer: Any) -> None:
        ds = fl.Dataset.from_tensor_slices(VALUES)
        clean(fl.Dataset.zip(ds, longer(ds)).batch(4), "FL108")


class TestWhatIsCounted:
    def test_a_header_in_the_file_of_labels(self, flagged: Look, lines: Any) -> None:
        finding = flagged(zipped(lines("a.csv", 100), lines("b.csv", 100, "label\n").map(len)), "FL108")
        assert finding.message == "datasets of different length are zipped: 100 of TextLineDataset and 101 of map(len)."
        assert finding.fix.startswith("If the first line of the longer one is a header, leave it out: .skip(1).")
        flagged(zipped(fl.Dataset.from_tensor_slices(VALUES), lines("c.csv", 30, "label\n")), "FL108")

    def test_a_header_that_is_left_out(self, clean: Look, lines: Any) -> None:
        values = fl.Dataset.from_tensor_slices(VALUES)
        clean(zipped(values, lines("a.csv", 30, "label\n").skip(1)), "FL108")
        clean(zipped(values, lines("a.csv", 30, "label\n").filter(lambda line: line != b"label")), "FL108")

    def test_listed_files_with_a_text(self, flagged: Look, clean: Look, folders: pathlib.Path, lines: Any) -> None:
        images = fl.Dataset.list_files(f"{folders}/images/*.png", shuffle=False)
        flagged(zipped(images, lines("a.csv", 31)), "FL108")
        clean(zipped(images, lines("b.csv", 30)), "FL108")

    def test_csv_with_a_text(self, flagged: Look, lines: Any, tmp_path: pathlib.Path) -> None:
        lines("a.csv", 100)
        records = fl.experimental.CsvDataset(str(tmp_path / "a.csv"), ["float32", "int32"])
        finding = flagged(zipped(records, lines("b.csv", 90)), "FL108")
        assert finding.seen == "zip ends after 90 elements, and 10 are never used"

    def test_generators(self, flagged: Look, clean: Look) -> None:
        flagged(zipped(given(100), given(97)), "FL108")
        flagged(zipped(given(1000), given(997)), "FL108")
        clean(zipped(given(100), given(100)), "FL108")

    def test_more_pieces_than_labels(self, flagged: Look, clean: Look) -> None:
        pieces = fl.Dataset.from_tensor_slices(np.ones((10, 11, 4), np.float32)).flat_map(
            lambda rows: fl.Dataset.from_tensor_slices(rows)
        )
        labels = np.arange(110) % 2
        flagged(zipped(pieces, fl.Dataset.from_tensor_slices(labels[:100])), "FL108")
        clean(zipped(pieces, fl.Dataset.from_tensor_slices(labels)), "FL108")

    def test_one_without_end(self, clean: Look) -> None:
        def noise() -> Iterator[Any]:
            while True:
                yield np.float32(0.5)

        endless = fl.Dataset.from_generator(noise, output_signature=fl.TensorSpec((), "float32"))
        clean(zipped(fl.Dataset.from_tensor_slices(VALUES), endless), "FL108")
        clean(zipped(given(100), endless), "FL108")

    def test_a_text_with_its_next_lines(self, clean: Look, lines: Any, tmp_path: pathlib.Path) -> None:
        lines("a.csv", 100)
        first, second = (fl.TextLineDataset(str(tmp_path / "a.csv")) for _ in range(2))
        clean(zipped(first, second.skip(1)), "FL108")

    def test_what_can_be_gone_through_only_once(self, clean: Look) -> None:
        numbers = iter(range(100))
        once = fl.Dataset.from_generator(lambda: numbers, output_signature=fl.TensorSpec((), "int64"))
        clean(zipped(once, given(97)), "FL108")
        assert next(numbers) == 0


class TestWhatIsLeftOut:
    def test_on_one_side(self, flagged: Look) -> None:
        values = fl.Dataset.from_tensor_slices(VALUES).filter(lambda row: row[0] < 0.5)
        labels = fl.Dataset.from_tensor_slices(np.arange(30) % 3)
        left = int((VALUES[:, 0] < 0.5).sum())
        finding = flagged(zipped(values, labels), "FL108")
        assert finding.severity == "error"
        assert f"{left} of 30 elements were left" in finding.seen
        assert "Zip first" in finding.fix
        assert flagged(zipped(values, labels), "FL108", sample=0).severity == "warning"
        flagged(zipped(labels, values), "FL108")

    def test_behind_the_zip(self, clean: Look) -> None:
        values = fl.Dataset.from_tensor_slices(VALUES)
        labels = fl.Dataset.from_tensor_slices(np.arange(30) % 3)
        clean(fl.Dataset.zip(values, labels).filter(lambda row, label: row[0] < 0.5).batch(4), "FL108")

    def test_nothing(self, clean: Look) -> None:
        values = fl.Dataset.from_tensor_slices(VALUES).filter(lambda row: row[0] < 5)
        clean(zipped(values, fl.Dataset.from_tensor_slices(np.arange(30) % 3)), "FL108")

    def test_what_was_not_of_one_number_before(self, clean: Look) -> None:
        values = fl.Dataset.from_tensor_slices(VALUES).filter(lambda row: row[0] < 0.5)
        left = int((VALUES[:, 0] < 0.5).sum())
        clean(zipped(values, fl.Dataset.from_tensor_slices(np.arange(left) % 3)), "FL108")

    def test_of_one_dataset_by_class(self, clean: Look) -> None:
        ds = fl.Dataset.range(100)
        odd = ds.filter(lambda number: number % 2 == 1)
        clean(zipped(odd, ds.filter(lambda number: number % 2 == 0)), "FL108")
