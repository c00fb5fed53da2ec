"""FL301 to FL304: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

IMAGES = np.random.default_rng(0).random((1000, 6), np.float32)
SORTED = np.repeat(np.arange(5), 200)
MIXED = np.random.default_rng(1).integers(0, 5, 1000)


def table(labels: Any, images: Any = IMAGES) -> Any:
    return fl.Dataset.from_tensor_slices((images, labels))


def stream(labels: Any) -> Any:
    def rows() -> Iterator[Any]:
        for number, label in enumerate(labels):
            yield np.full(3, number, np.float32), label

    return fl.Dataset.from_generator(rows)


class TestSortedWithoutShuffle:
    def test_sorted_table(self, flagged: Look) -> None:
        finding = flagged(table(SORTED).batch(32), "FL301")
        assert "y changes 4 times" in finding.seen
        assert finding.fix == "Write .shuffle(1_000) in front of .batch(32)."
        assert finding.origin is not None
        assert finding.origin.filename == __file__

    @pytest.mark.parametrize(
        "labels",
        [
            SORTED[:, None],
            np.eye(5, dtype=np.float32)[SORTED],
            SORTED.astype(np.float32),
            SORTED > 2,
            np.array([b"cat", b"dog", b"eel", b"fox", b"owl"], object)[SORTED],
        ],
        ids=["in a vector", "one-hot", "floats", "bools", "strings"],
    )
    def test_labels_of_any_kind(self, labels: Any, flagged: Look) -> None:
        flagged(table(labels).batch(32), "FL301")

    def test_labels_in_a_dict(self, flagged: Look, clean: Look) -> None:
        flagged(fl.Dataset.from_tensor_slices({"image": IMAGES, "label": SORTED}).batch(32), "FL301")
        clean(fl.Dataset.from_tensor_slices({"image": IMAGES, "label": MIXED}).batch(32), "FL3")

    def test_grouped_though_not_sorted(self, flagged: Look) -> None:
        grouped = np.tile(np.repeat(np.arange(5), 40), 5)
        assert "grouped" in flagged(table(grouped).batch(32), "FL301").message

    def test_labels_made_by_a_map(self, flagged: Look) -> None:
        flagged(table(SORTED).map(lambda image, label: (image, label % 2 + label)).batch(32), "FL301")

    def test_a_long_dataset_is_seen_as_a_whole(self, flagged: Look) -> None:
        labels = np.repeat(np.arange(10), 100_000)
        finding = flagged(table(labels, np.zeros((1_000_000, 1), np.float32)).batch(32), "FL301")
        assert "1,000,000 elements" in finding.seen
        assert "y changes 9 times" in finding.seen

    def test_a_sorted_stream(self, flagged: Look) -> None:
        flagged(stream(np.repeat(np.arange(3), 3000)).batch(32), "FL301")

    def test_a_generator_of_batches(self, flagged: Look) -> None:
        def batches() -> Iterator[Any]:
            for start in range(0, 1000, 50):
                yield IMAGES[start : start + 50], SORTED[start : start + 50]

        flagged(fl.Dataset.from_generator(batches), "FL301")

    def test_one_label_only(self, flagged: Look, clean: Look) -> None:
        assert flagged(stream(np.zeros(30_000, np.int64)).batch(32), "FL301").severity == "hint"
        clean(stream(np.zeros(4000, np.int64)).batch(32), "FL301")  # all of it was seen: there is no other label

    def test_files_shuffled_but_not_their_records(self, flagged: Look, tmp_path: Any) -> None:
        for label in range(4):
            with fl.io.TFRecordWriter(str(tmp_path / f"{label}.tfrecord")) as writer:
                for _ in range(200):
                    writer.write(bytes([label]))
        files = fl.Dataset.list_files(str(tmp_path / "*.tfrecord"))
        ds = files.flat_map(fl.TFRecordDataset).map(lambda record: (np.zeros(2, np.float32), record[0]))
        assert "in spite of shuffle" in flagged(ds.batch(32), "FL301").message

    def test_shuffled(self, clean: Look) -> None:
        clean(table(SORTED).shuffle(1000).batch(32), "FL3")

    def test_in_any_order(self, clean: Look) -> None:
        clean(table(MIXED).batch(32), "FL3")
        clean(stream(MIXED).batch(32), "FL3")

    def test_by_turns(self, clean: Look) -> None:
        clean(table(np.arange(1000) % 5).batch(32), "FL3")

    def test_rare_positives_in_any_order(self, clean: Look) -> None:
        clean(table((np.random.default_rng(2).random(1000) < 0.01).astype(np.int64)).batch(32), "FL3")

    def test_values_to_be_predicted(self, clean: Look) -> None:
        clean(table(np.random.default_rng(3).random(1000).astype(np.float32)).batch(32), "FL3")
        clean(table(np.arange(1000)).batch(32), "FL3")

    def test_no_labels(self, clean: Look) -> None:
        clean(fl.Dataset.from_tensor_slices(IMAGES).batch(32), "FL3")

    def test_validation_data(self, clean: Look) -> None:
        clean(table(SORTED).batch(32), "FL3", use="validation")

    def test_against_is_validation_data(self, clean: Look) -> None:
        clean(table(SORTED).shuffle(1000).batch(32), "FL3", against=table(SORTED, IMAGES + 2).batch(32))

    def test_sources_that_interleave_classes(self, clean: Look) -> None:
        classes = [stream(np.full(400, label)) for label in range(3)]
        clean(fl.Dataset.sample_from_datasets(classes, seed=1).batch(32), "FL3")


class TestBufferTooSmall:
    def test_smaller_than_a_run(self, flagged: Look) -> None:
        finding = flagged(stream(np.repeat(np.arange(4), 2000)).shuffle(500).batch(32), "FL302")
        assert "2,000 elements on average" in finding.seen

    def test_one_label_in_all_that_was_seen(self, flagged: Look) -> None:
        ds = stream(np.repeat(np.arange(2), 30_000)).shuffle(1000).batch(32)
        assert flagged(ds, "FL302").severity == "hint"

    def test_a_buffer_of_one(self, flagged: Look) -> None:
        flagged(stream(MIXED).shuffle(1).batch(32), "FL302")

    def test_the_widest_counts(self, clean: Look) -> None:
        clean(stream(np.repeat(np.arange(4), 300)).shuffle(10).shuffle(5000).batch(32), "FL3")

    def test_large_enough(self, clean: Look) -> None:
        clean(stream(np.repeat(np.arange(4), 2000)).shuffle(8000).batch(32), "FL3")
        clean(stream(np.repeat(np.arange(4), 2000)).shuffle(fl.UNKNOWN_CARDINALITY).batch(32), "FL3")

    def test_many_short_runs(self, clean: Look) -> None:
        clean(stream(np.tile(np.repeat(np.arange(4), 20), 50)).shuffle(1000).batch(32), "FL3")

    def test_an_indexed_dataset_is_shuffled_whole(self, clean: Look) -> None:
        clean(table(SORTED).shuffle(10).batch(32), "FL3")

    def test_in_any_order(self, clean: Look) -> None:
        clean(stream(MIXED).shuffle(64).batch(32), "FL3")


class TestShuffleAfterBatch:
    def test_batches_of_a_generator(self, flagged: Look, clean: Look) -> None:
        def batches(labels: Any) -> Any:
            def given() -> Iterator[Any]:
                for start in range(0, 1000, 20):
                    yield IMAGES[start : start + 20], labels[start : start + 20]

            signature = (fl.TensorSpec((None, 6), "float32"), fl.TensorSpec((None,), "int64"))
            return fl.Dataset.from_generator(given, output_signature=signature)

        finding = flagged(batches(SORTED).shuffle(50), "FL303")
        assert (
            finding.message == "the batches are shuffled, not the elements in them, which come sorted by their labels."
        )
        assert finding.fix.startswith("Write .unbatch().shuffle(10_000).batch(20) in place of .shuffle(50)")
        clean(batches(SORTED).shuffle(50), "FL302")
        clean(batches(MIXED).shuffle(50), "FL3")

    def test_nothing_need_be_read(self, flagged: Look, clean: Look) -> None:
        assert flagged(table(SORTED).batch(8).shuffle(30), "FL303", sample=0).severity == "hint"
        clean(table(SORTED).shuffle(30).batch(8), "FL3", sample=0)
        flagged(stream(MIXED).shuffle(1).batch(32), "FL302", sample=0)

    def test_sorted(self, flagged: Look) -> None:
        finding = flagged(table(SORTED).batch(32).shuffle(100), "FL303")
        assert finding.severity == "warning"
        assert finding.fix.startswith("Move .shuffle(100) in front of .batch(32)")

    def test_only_the_one_finding(self, clean: Look) -> None:
        clean(table(SORTED).batch(32).shuffle(100), "FL301")

    def test_in_any_order(self, flagged: Look) -> None:
        assert flagged(table(MIXED).batch(32).shuffle(100), "FL303").severity == "hint"

    def test_of_a_stream(self, flagged: Look) -> None:
        assert flagged(stream(np.repeat(np.arange(4), 500)).batch(32).shuffle(10), "FL303").severity == "warning"

    def test_shuffled_before_too(self, clean: Look) -> None:
        clean(table(SORTED).shuffle(1000).batch(32).shuffle(10), "FL3")

    def test_unbatched_again(self, clean: Look) -> None:
        clean(table(MIXED).batch(32).map(lambda x, y: (x * 2, y)).unbatch().shuffle(1000).batch(16), "FL3")

    def test_pieces_of_a_text(self, clean: Look, flagged: Look) -> None:
        text = fl.Dataset.from_tensor_slices(np.random.default_rng(0).integers(0, 40, 4000))
        pieces = text.batch(41, drop_remainder=True).map(lambda piece: (piece[:-1], piece[1:]))
        clean(pieces.shuffle(100).batch(16), "FL3")
        assert ".batch(16)" in flagged(pieces.batch(16).shuffle(100), "FL303").fix

    def test_validation_data(self, clean: Look) -> None:
        clean(table(MIXED).batch(32).shuffle(100), "FL3", use="validation")


class TestRepeatBeforeShuffle:
    @pytest.mark.parametrize("count", [None, 3])
    def test_repeated_first(self, count: int | None, flagged: Look) -> None:
        finding = flagged(table(MIXED).repeat(count).shuffle(100).batch(32), "FL304")
        assert "in this order" in finding.fix

    def test_with_a_map_between(self, flagged: Look) -> None:
        flagged(table(MIXED).repeat(2).map(lambda x, y: (x + 1, y)).shuffle(100).batch(32), "FL304")

    def test_repeated_last(self, clean: Look) -> None:
        clean(table(MIXED).shuffle(100).repeat(2).batch(32), "FL3")

    def test_once(self, clean: Look) -> None:
        clean(table(MIXED).repeat(1).shuffle(100).batch(32), "FL3")

    def test_classes_repeated_to_be_mixed(self, clean: Look) -> None:
        classes = [table(np.full(1000, label)).repeat(2) for label in range(2)]
        mixed = fl.Dataset.sample_from_datasets(classes, weights=[0.5, 0.5], seed=1)
        clean(mixed.shuffle(500).batch(32), "FL304")

    def test_files_repeated_and_read_by_turns(self, clean: Look) -> None:
        files = fl.Dataset.range(4).repeat(2)
        ds = files.interleave(lambda number: fl.Dataset.range(100).map(lambda row: (row, row % 2)), cycle_length=2)
        clean(ds.shuffle(500).batch(32), "FL304")
