"""FL212: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import feedline as fl

Look = Callable[..., Any]

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (3000, 12, 12, 1)).astype(np.uint8)
LABELS = GENERATOR.integers(0, 4, 3000)
ROWS = GENERATOR.normal(size=(3000, 6)).astype(np.float32)


def arrays(start: int, stop: int, rows: Any = IMAGES) -> Any:
    return fl.Dataset.from_tensor_slices((rows[start:stop], LABELS[start:stop]))


def stream(start: int, stop: int) -> Any:
    def rows() -> Iterator[Any]:
        yield from zip(IMAGES[start:stop], LABELS[start:stop], strict=True)

    return fl.Dataset.from_generator(rows)


def scaled(image: Any, label: Any) -> Any:
    return fl.cast(image, fl.float32) / 255, label


def augmented(image: Any, label: Any) -> Any:
    return fl.image.random_flip_left_right(fl.cast(image, fl.float32) / 255), label


def trained_on(ds: Any) -> Any:
    return ds.shuffle(500).map(augmented).batch(32).prefetch(2)


def records(path: Path, start: int, stop: int) -> Any:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for image in IMAGES[start:stop]:
            writer.write(image.tobytes())
    ds = fl.TFRecordDataset(str(path))
    return ds.map(lambda record: (fl.io.decode_raw(record, fl.uint8).reshape(12, 12, 1), record[0] % 4))


def pictures(folder: Path, numbers: range, prefix: str = "") -> Any:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{prefix}{number}.png").write_bytes(fl.io.encode_png(IMAGES[number]))

    def load(path: bytes) -> Any:
        return fl.cast(fl.io.decode_png(fl.io.read_file(path)), fl.float32) / 255, np.int64(0)

    return fl.Dataset.list_files(str(folder / "*.png")).map(load).batch(8)


class TestOneSource:
    def test_take_and_skip_that_overlap(self, flagged: Look) -> None:
        whole = arrays(0, 3000)
        finding = flagged(trained_on(whole.skip(400)), "FL212", against=whole.take(500).map(scaled).batch(32))
        assert finding.message == "100 of 500 elements of the validation data are in the training data too."
        assert "all were compared" in finding.seen
        assert any("element 400 of from_tensor_slices, which is row 400" in place for place in finding.where)

    def test_the_whole_for_training(self, flagged: Look) -> None:
        whole = arrays(0, 3000)
        finding = flagged(trained_on(whole), "FL212", against=whole.take(500).map(scaled).batch(32))
        assert "all 500 elements" in finding.message

    def test_the_dataset_itself(self, flagged: Look) -> None:
        ds = arrays(0, 3000).map(scaled).batch(32)
        flagged(ds, "FL212", against=ds)

    def test_a_split(self, clean: Look) -> None:
        whole = arrays(0, 3000)
        clean(trained_on(whole.skip(500)), "FL212", against=whole.take(500).map(scaled).batch(32))
        clean(trained_on(whole.shard(5, 0)), "FL212", against=whole.shard(5, 3).batch(32))

    def test_a_split_by_batches(self, clean: Look, flagged: Look) -> None:
        batches = arrays(0, 3000).batch(10)
        clean(batches.skip(50).map(augmented), "FL212", against=batches.take(50).map(scaled))
        flagged(batches.skip(40).map(augmented), "FL212", against=batches.take(50).map(scaled))

    def test_a_split_of_one_order(self, clean: Look) -> None:
        whole = arrays(0, 3000).shuffle(3000, seed=5, reshuffle_each_iteration=False)
        clean(trained_on(whole.skip(500)), "FL212", against=whole.take(500).map(scaled).batch(32))

    def test_repeated(self, clean: Look) -> None:
        whole = arrays(0, 3000)
        clean(trained_on(whole.skip(500).repeat(3)), "FL212", against=whole.take(500).batch(32))
        clean(trained_on(whole.skip(500).repeat()), "FL212", against=whole.take(500).batch(32))

    def test_a_split_by_number(self, clean: Look) -> None:
        def keep(train: bool) -> Any:
            ds = arrays(0, 3000).enumerate()
            return ds.filter(lambda number, element: (number % 5 > 0) == train).map(lambda number, element: element)

        clean(trained_on(keep(True)), "FL212", against=keep(False).batch(32))

    def test_a_stream_split(self, clean: Look) -> None:
        clean(trained_on(stream(0, 3000).skip(500)), "FL212", against=stream(0, 3000).take(500).batch(32))


class TestByContent:
    def test_hidden_by_shuffling_and_augmentation(self, flagged: Look) -> None:
        finding = flagged(
            trained_on(arrays(0, 2500)), "FL212", against=arrays(2400, 3000).map(scaled).batch(32), sample=2500
        )
        assert finding.message.startswith("100 of 600 elements")
        assert "all 600 elements of the validation data with all 2,500 elements of the training data" in finding.seen
        assert any(place == "training: element 2,400, which is row 2400 of the arrays" for place in finding.where)

    def test_asked_of_the_validation_data(self, flagged: Look) -> None:
        finding = flagged(
            arrays(2400, 3000).map(scaled).batch(32),
            "FL212",
            against=trained_on(arrays(0, 2500)),
            use="validation",
            sample=2500,
        )
        assert finding.message.startswith("100 of 600 elements of the validation data")

    def test_streams(self, flagged: Look) -> None:
        finding = flagged(
            trained_on(stream(0, 2500)), "FL212", against=stream(2400, 3000).map(scaled).batch(32), sample=2500
        )
        assert "all 600 elements" in finding.seen

    def test_a_table(self, flagged: Look, clean: Look) -> None:
        flagged(arrays(0, 2500, ROWS).shuffle(99).batch(32), "FL212", against=arrays(2480, 3000, ROWS).batch(32))
        clean(arrays(0, 2500, ROWS).shuffle(99).batch(32), "FL212", against=arrays(2500, 3000, ROWS).batch(32))

    def test_texts(self, flagged: Look, clean: Look) -> None:
        words = [f"sentence {number} about {number * 7919 % 1000} things, as long as a sentence is, with {row}" for
                 number, row in enumerate(ROWS[:, 0].tolist())]  # fmt: skip
        texts = np.array([word.encode() for word in words], object)
        flagged(arrays(0, 2500, texts).shuffle(99).batch(32), "FL212", against=arrays(2400, 3000, texts).batch(32))
        clean(arrays(0, 2500, texts).shuffle(99).batch(32), "FL212", against=arrays(2500, 3000, texts).batch(32))

    def test_records(self, flagged: Look, clean: Look, tmp_path: Path) -> None:
        train = records(tmp_path / "train.tfrecord", 0, 2500)
        flagged(trained_on(train), "FL212", against=records(tmp_path / "some.tfrecord", 2300, 2900).batch(32))
        clean(trained_on(train), "FL212", against=records(tmp_path / "other.tfrecord", 2500, 3000).batch(32))

    def test_arrays_against_records(self, flagged: Look, tmp_path: Path) -> None:
        flagged(trained_on(arrays(0, 2500)), "FL212", against=records(tmp_path / "v", 2400, 2900).batch(32))

    def test_more_than_are_looked_at(self, flagged: Look) -> None:
        rows = GENERATOR.normal(size=(100_000, 6)).astype(np.float32)
        labels = np.arange(100_000) % 3
        train = fl.Dataset.from_tensor_slices((rows[:90_000], labels[:90_000])).shuffle(100).batch(32)
        held = fl.Dataset.from_tensor_slices((rows[89_000:], labels[89_000:])).batch(32)
        assert "of the training data" in flagged(train, "FL212", against=held).seen

    def test_none_in_common(self, clean: Look) -> None:
        clean(trained_on(arrays(0, 2500)), "FL212", against=arrays(2500, 3000).map(scaled).batch(32))
        clean(trained_on(stream(0, 2500)), "FL212", against=stream(2500, 3000).map(scaled).batch(32))

    def test_a_few_as_most_datasets_have(self, clean: Look) -> None:
        clean(trained_on(arrays(0, 2501)), "FL212", against=arrays(2500, 3000).map(scaled).batch(32))

    def test_elements_that_are_often_the_same(self, clean: Look) -> None:
        small = GENERATOR.integers(0, 3, (3000, 5))
        clean(arrays(0, 2500, small).shuffle(99).batch(32), "FL212", against=arrays(2500, 3000, small).batch(32))
        for seed in range(20):
            wide = np.random.default_rng(seed).integers(0, 12, (3000, 5))  # about one in a hundred comes twice
            clean(arrays(0, 2500, wide).shuffle(99).batch(32), "FL212", against=arrays(2500, 3000, wide).batch(32))

    def test_short_texts(self, clean: Look) -> None:
        texts = np.array([b"yes", b"no", b"maybe", b"why not"], object)[LABELS]
        clean(arrays(0, 2500, texts).shuffle(99).batch(32), "FL212", against=arrays(2500, 3000, texts).batch(32))

    def test_black_images_in_both(self, clean: Look) -> None:
        some = IMAGES.copy()
        some[::20] = 0
        clean(trained_on(arrays(0, 2500, some)), "FL212", against=arrays(2500, 3000, some).batch(32))

    def test_inputs_that_share_one_component(self, clean: Look) -> None:
        user = ROWS[LABELS]  # each user is in both

        def rated(start: int, stop: int) -> Any:
            inputs = {"user": user[start:stop], "item": IMAGES[start:stop]}
            return fl.Dataset.from_tensor_slices((inputs, LABELS[start:stop])).batch(32)

        clean(rated(0, 2500), "FL212", against=rated(2500, 3000))


class TestFiles:
    def test_the_same_paths(self, flagged: Look, tmp_path: Path) -> None:
        ds = pictures(tmp_path / "all", range(40))
        other = fl.Dataset.list_files(str(tmp_path / "all" / "1*.png")).map(lambda path: (path, 0)).batch(8)
        finding = flagged(ds, "FL212", against=other)
        assert "all 11 files of the validation data" in finding.message
        assert any("1.png is in both lists" in place for place in finding.where)

    def test_copies(self, flagged: Look, tmp_path: Path) -> None:
        ds = pictures(tmp_path / "train", range(60))
        other = pictures(tmp_path / "validation", range(50, 80), "copy_")
        finding = flagged(ds, "FL212", against=other)
        assert "10 of 30 files of the validation data" in finding.message
        assert any("has the same content as" in place for place in finding.where)

    def test_others(self, clean: Look, tmp_path: Path) -> None:
        clean(pictures(tmp_path / "a", range(60)), "FL212", against=pictures(tmp_path / "b", range(60, 90)))
