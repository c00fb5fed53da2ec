"""FL102, FL103 and FL104: what must be flagged, and close neighbours that must not."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

import feedline as fl

Look = Callable[..., Any]

ROWS = np.random.default_rng(0).random((40, 12), np.float32)
LABEL = fl.io.FixedLenFeature([], fl.int64)
ROW = fl.io.FixedLenFeature([12], fl.float32)


def feature(value: Any) -> Any:
    if isinstance(value, bytes):
        return fl.train.Feature(bytes_list=fl.train.BytesList(value=[value]))
    numbers = np.atleast_1d(value)
    if numbers.dtype.kind == "f":
        return fl.train.Feature(float_list=fl.train.FloatList(value=numbers.tolist()))
    return fl.train.Feature(int64_list=fl.train.Int64List(value=numbers.tolist()))


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Callable[..., str]:
    """Returns a function that writes dicts as the records of a file, and returns its name."""

    def written(records: Iterable[dict[str, Any]], name: str = "train.tfrecord") -> str:
        path = str(tmp_path / name)
        with fl.io.TFRecordWriter(path) as writer:
            for record in records:
                features = fl.train.Features(feature={key: feature(value) for key, value in record.items()})
                writer.write(fl.train.Example(features=features).SerializeToString())
        return path

    return written


def plain() -> list[dict[str, Any]]:
    return [{"row": row, "label": number % 3} for number, row in enumerate(ROWS)]


def parsed(path: str, features: dict[str, Any]) -> Any:
    def parse(record: bytes) -> Any:
        found = fl.io.parse_single_example(record, features)
        return {name: value.to_dense() if hasattr(value, "to_dense") else value for name, value in found.items()}

    return fl.TFRecordDataset(path).map(parse).batch(4)


class TestFeatureAbsent:
    def test_misspelt(self, flagged: Look, clean: Look, write: Look) -> None:
        ds = parsed(write(plain()), {"row": ROW, "lable": LABEL})
        finding = flagged(ds, "FL102")
        assert finding.message == "feature 'lable' is parsed, and none of the records has it."
        assert finding.fix == "Write 'label' in place of 'lable'."
        assert finding.seen == "all 40 records that were looked at hold 'label' (int64), 'row' (float)"
        assert any("parse_single_example" in place for place in finding.where), "the line that parses"
        assert any("record 0 of" in place and "train.tfrecord" in place for place in finding.where)
        clean(ds, "FL100")
        clean(ds, "FL1", ignore="FL102")

    @pytest.mark.filterwarnings("ignore:the feature 'imaeg'")
    def test_a_long_default_is_not_shown(self, flagged: Look, write: Look) -> None:
        image = fl.io.FixedLenFeature([], fl.string, default_value=bytes(1000))
        path = write({"image": bytes([number]), "label": number % 3} for number in range(40))
        finding = flagged(parsed(path, {"imaeg": image, "label": LABEL}), "FL102")
        assert "the default of 1,000 bytes stands in for it" in finding.message

    @pytest.mark.filterwarnings("ignore:the feature 'lable'")
    def test_misspelt_with_a_default(self, flagged: Look, write: Look) -> None:
        features = {"row": ROW, "lable": fl.io.FixedLenFeature([], fl.int64, 0)}
        finding = flagged(parsed(write(plain()), features), "FL102")
        assert finding.severity == "error"
        assert "the default 0 stands in for it everywhere" in finding.message

    def test_in_a_local_dict_of_batches(self, flagged: Look, write: Look) -> None:
        def parse(records: Any) -> Any:
            features = {"row": ROW, "Label": LABEL}
            return fl.io.parse_example(records, features)

        assert "'label'" in flagged(fl.TFRecordDataset(write(plain())).batch(4).map(parse), "FL102").fix

    def test_a_longer_name(self, flagged: Look, write: Look) -> None:
        records = [{"image/encoded": b"a", "image/class/label": 3} for _ in range(8)]
        finding = flagged(parsed(write(records), {"label": LABEL}), "FL102")
        assert "Write 'image/class/label' in place of 'label'" in finding.fix

    def test_an_optional_one_like_none(self, flagged: Look, write: Look) -> None:
        features = {"row": ROW, "label": LABEL, "weight": fl.io.FixedLenFeature([], fl.float32, 1.0)}
        assert flagged(parsed(write(plain()), features), "FL102").severity == "warning"

    def test_nothing_that_is_like_it(self, flagged: Look, write: Look) -> None:
        finding = flagged(parsed(write(plain()), {"mask": fl.io.FixedLenFeature([], fl.string)}), "FL102")
        assert finding.fix.startswith("Name one that the records have")

    def test_a_list_of_a_sequence_example(self, flagged: Look, clean: Look, tmp_path: pathlib.Path) -> None:
        words = fl.train.FeatureList(feature=[feature(number) for number in range(5)])
        lists = fl.train.FeatureLists(feature_list={"words": words})
        context = fl.train.Features(feature={"label": feature(1)})
        path = str(tmp_path / "texts.tfrecord")
        with fl.io.TFRecordWriter(path) as writer:
            for _ in range(6):
                writer.write(fl.train.SequenceExample(context=context, feature_lists=lists).SerializeToString())
        finding = flagged(parsed(path, {"words": fl.io.FixedLenFeature([5], fl.int64)}), "FL102")
        assert "parse_single_sequence_example" in finding.fix

        def parse(name: str) -> Any:
            lists = {name: fl.io.FixedLenSequenceFeature([], fl.int64)}
            return lambda record: fl.io.parse_single_sequence_example(record, {"label": LABEL}, lists)

        assert "'words'" in flagged(fl.TFRecordDataset(path).map(parse("word")).batch(2), "FL102").fix
        clean(fl.TFRecordDataset(path).map(parse("words")).batch(2), "FL1")

    def test_read_as_a_dataset_of_features(self, flagged: Look, write: Look) -> None:
        path = write(plain())
        ds = fl.TFRecordDataset(path).batch(4).apply(fl.experimental.parse_example_dataset({"lable": LABEL}))
        assert "'label'" in flagged(ds, "FL102").fix
        assert "'label'" in flagged(fl.TFRecordDataset(path, features={"lable": LABEL}).batch(4), "FL102").fix

    def test_in_a_dataset_for_each_file(self, flagged: Look, clean: Look, write: Look, tmp_path: pathlib.Path) -> None:
        for number in range(3):
            write(plain(), f"part_{number}.tfrecord")

        def dataset(name: str) -> Any:
            def parse(record: bytes) -> Any:
                return fl.io.parse_single_example(record, {name: LABEL})

            files = fl.Dataset.list_files(str(tmp_path / "part_*"))
            return files.interleave(lambda file: fl.TFRecordDataset(file).map(parse)).batch(4)

        assert "'label'" in flagged(dataset("lable"), "FL102").fix
        clean(dataset("lable"), "FL100")
        clean(dataset("label"), "FL1")

    def test_all_is_there(self, clean: Look, write: Look) -> None:
        clean(parsed(write(plain()), {"row": ROW, "label": LABEL}), "FL1")
        clean(parsed(write(plain()), {"label": LABEL}), "FL1")


class TestFeatureType:
    def test_another_dtype(self, flagged: Look, clean: Look, write: Look) -> None:
        ds = parsed(write(plain()), {"row": ROW, "label": fl.io.FixedLenFeature([], fl.float32)})
        finding = flagged(ds, "FL103")
        assert finding.message == "feature 'label' was written as int64 and is parsed as float32."
        assert finding.fix == "Write 'label': fl.io.FixedLenFeature([], fl.int64), then fl.cast(value, fl.float32)."
        clean(ds, "FL100")
        clean(ds, "FL1", ignore="FL103")

    def test_another_length(self, flagged: Look, write: Look) -> None:
        records = [{"image": np.zeros(784, np.float32)} for _ in range(8)]
        ds = parsed(write(records), {"image": fl.io.FixedLenFeature([28, 27], fl.float32)})
        finding = flagged(ds, "FL103")
        assert finding.message == "feature 'image' holds 784 values where the shape [28, 27] takes 756."
        assert finding.fix == "Write 'image': fl.io.FixedLenFeature([28, 28], fl.float32)."

    def test_lengths_that_differ(self, flagged: Look, clean: Look, write: Look) -> None:
        path = write({"words": np.arange(1, 3 + number % 7)} for number in range(30))
        finding = flagged(parsed(path, {"words": fl.io.FixedLenFeature([8], fl.int64)}), "FL103")
        assert "VarLenFeature" in finding.fix
        ragged = fl.TFRecordDataset(path).batch(4)
        clean(ragged.map(lambda r: fl.io.parse_example(r, {"words": fl.io.RaggedFeature(fl.int64)})), "FL1")

    def test_one_record_of_another_length(self, flagged: Look, write: Look) -> None:
        records = plain()
        records[17]["row"] = records[17]["row"][:11]
        finding = flagged(parsed(write(records), {"row": ROW, "label": LABEL}), "FL103")
        assert finding.seen == "12 values in 39, 11 values in 1 of the 40 records that were looked at"
        assert any("record 17 of" in place for place in finding.where)

    def test_bytes_in_place_of_numbers(self, flagged: Look, write: Look) -> None:
        path = write({"row": row.astype(np.float64).tobytes()} for row in ROWS)
        fix = flagged(parsed(path, {"row": ROW}), "FL103").fix
        assert "fl.io.FixedLenFeature([], fl.string), then fl.io.decode_raw(value, fl.float64)" in fix

    def test_an_image_in_place_of_numbers(self, flagged: Look, write: Look) -> None:
        path = write({"image": fl.io.encode_png(np.zeros((8, 8, 3), np.uint8))} for _ in range(6))
        fix = flagged(parsed(path, {"image": fl.io.FixedLenFeature([192], fl.int64)}), "FL103").fix
        assert "then fl.io.decode_png(value)" in fix

    def test_a_varlen_feature(self, flagged: Look, clean: Look, write: Look) -> None:
        path = write(plain())
        flagged(parsed(path, {"label": fl.io.VarLenFeature(fl.float32)}), "FL103")
        clean(parsed(path, {"label": fl.io.VarLenFeature(fl.int64)}), "FL1")

    def test_two_writers(self, flagged: Look, write: Look) -> None:
        records = plain()
        for record in records[20:]:
            record["label"] = float(record["label"])
        finding = flagged(parsed(write(records), {"row": ROW, "label": LABEL}), "FL103")
        assert finding.seen.startswith("float in 20 of the 40 records")
        assert "as int64_list" in finding.fix


class TestBytesOfNumbers:
    @pytest.fixture
    def read(self, write: Look) -> Callable[..., Any]:
        def dataset(stored: list[bytes], decode: Any) -> Any:
            features = {"row": fl.io.FixedLenFeature([], fl.string)}

            def parse(record: bytes) -> Any:
                return decode(fl.io.parse_single_example(record, features)["row"])

            return fl.TFRecordDataset(write({"row": each} for each in stored)).map(parse).batch(4)

        return dataset

    def test_a_tensor_of_another_dtype(self, flagged: Look, clean: Look, read: Look) -> None:
        stored = [fl.io.serialize_tensor(row) for row in ROWS]
        ds = read(stored, lambda value: fl.io.parse_tensor(value, fl.float64))
        assert "fl.io.parse_tensor(value, fl.float32)" in flagged(ds, "FL103").fix
        clean(ds, "FL100")
        clean(read(stored, lambda value: fl.io.parse_tensor(value, fl.float32)), "FL1")

    def test_of_twice_the_size(self, flagged: Look, clean: Look, read: Look) -> None:
        stored = [row.astype(np.float64).tobytes() for row in ROWS]
        ds = read(stored, lambda value: fl.io.decode_raw(value, fl.float32).reshape(3, 4))
        finding = flagged(ds, "FL103")
        assert finding.message == "96 bytes are 24 values of float32, and the shape [3, 4] takes 12."
        assert "fl.io.decode_raw(value, fl.float64)" in finding.fix
        clean(ds, "FL100")
        clean(read(stored, lambda value: fl.io.decode_raw(value, fl.float64).reshape(3, 4)), "FL1")

    def test_of_another_shape(self, flagged: Look, read: Look) -> None:
        stored = [np.zeros((28, 28), np.uint8).tobytes() for _ in range(8)]
        ds = read(stored, lambda value: fl.io.decode_raw(value, fl.uint8).reshape(28, 27))
        assert "Write [28, 28] in place of [28, 27]" in flagged(ds, "FL103").fix

    @pytest.mark.parametrize(
        ("written", "read_as"),
        [("float64", "float32"), ("int32", "float32"), ("int64", "float32"), ("float32", "int32"), ("int64", "int32")],
    )
    def test_without_a_word(self, flagged: Look, clean: Look, read: Look, written: str, read_as: str) -> None:
        values = ROWS if written.startswith("float") else np.arange(1, 481).reshape(40, 12)
        stored = [row.astype(written).tobytes() for row in values]
        ds = read(stored, lambda value: fl.io.decode_raw(value, read_as))
        finding = flagged(ds, "FL103")
        assert finding.message == f"bytes of {written} values are read as {read_as}."
        clean(read(stored, lambda value: fl.io.decode_raw(value, written)), "FL103")

    @pytest.mark.parametrize(
        ("written", "read_as"),
        [("int32", "int64"), ("float32", "float64"), ("float32", "uint8"), ("uint8", "int32"), ("uint8", "float32")],
    )
    def test_by_twos_fours_or_parts(self, flagged: Look, clean: Look, read: Look, written: str, read_as: str) -> None:
        generator = np.random.default_rng(0)
        if written == "uint8":
            light = np.cumsum(np.cumsum(generator.normal(size=(40, 16, 16, 3)), axis=1), axis=2)
            rows = np.clip(light * 4 + 128, 0, 255)
        else:
            rows = generator.normal(size=(40, 32)) * (1 if written == "float32" else 50)
        stored = [row.astype(written).tobytes() for row in rows]
        ds = read(stored, lambda value: fl.io.decode_raw(value, read_as))
        assert flagged(ds, "FL103").message == f"bytes of {written} values are read as {read_as}."
        clean(ds, "FL201")  # what is NaN of it comes from that, and from no division
        clean(read(stored, lambda value: fl.io.decode_raw(value, written)), "FL1")

    @pytest.mark.parametrize("kind", ["times", "prices", "keys", "hashes", "grey", "few values"])
    def test_values_that_look_like_others(self, kind: str, clean: Look, read: Look) -> None:
        generator = np.random.default_rng(0)
        rows = {
            "times": 1.7e9 + generator.random((40, 32)),
            "prices": generator.integers(0, 10_000, (40, 32)) / 100,
            "keys": generator.integers(10**17, 10**18, (40, 32)),
            "hashes": generator.integers(-(2**31), 2**31, (40, 32)).astype(np.int32),
            "grey": generator.integers(52, 75, (40, 256)).astype(np.uint8),
            "few values": generator.integers(0, 5, (40, 64)).astype(np.float32),
        }[kind]
        stored = [row.tobytes() for row in rows]
        clean(read(stored, lambda value: fl.io.decode_raw(value, rows.dtype)), "FL103")

    @pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
    def test_floats_of_any_size(self, clean: Look, read: Look, scale: float) -> None:
        rows = np.random.default_rng(1).normal(size=(40, 32)).astype(np.float32) * np.float32(scale)
        rows[:, ::5] = 0
        clean(read([row.tobytes() for row in rows], lambda value: fl.io.decode_raw(value, fl.float32)), "FL103")

    def test_one_hot_integers(self, clean: Look, read: Look) -> None:
        stored = [np.eye(12, dtype=np.int32)[2 * (number % 6)].tobytes() for number in range(40)]
        clean(read(stored, lambda value: fl.io.decode_raw(value, fl.int32)), "FL103")


class TestFeatureInSomeRecords:
    def test_a_default_stands_in(self, flagged: Look, write: Look) -> None:
        records = [record if number % 4 else {"row": record["row"]} for number, record in enumerate(plain())]
        finding = flagged(
            parsed(write(records), {"row": ROW, "label": fl.io.FixedLenFeature([], fl.int64, 0)}), "FL104"
        )
        assert finding.severity == "warning"
        assert finding.seen == "missing in 10 of the 40 records that were looked at (25%)"
        assert any("record 0 of" in place for place in finding.where)

    def test_parsing_raises(self, flagged: Look, clean: Look, write: Look) -> None:
        records = plain()
        del records[31]["label"]
        ds = parsed(write(records), {"row": ROW, "label": LABEL})
        finding = flagged(ds, "FL104")
        assert finding.severity == "error"
        assert any("record 31 of" in place for place in finding.where)
        clean(ds, "FL100")

    def test_another_name_in_some_files(self, flagged: Look, write: Look) -> None:
        new = write(plain(), "new.tfrecord")
        old = write(({"row": row, "labels": 1} for row in ROWS), "old.tfrecord")
        features = {"row": ROW, "label": fl.io.VarLenFeature(fl.int64)}
        ds = fl.TFRecordDataset([new, old]).batch(4).map(lambda records: fl.io.parse_example(records, features)["row"])
        finding = flagged(ds, "FL104")
        assert finding.severity == "warning"
        assert "'labels'" in finding.seen

    def test_lists_left_out_where_they_are_empty(self, flagged: Look, write: Look) -> None:
        records = [{"row": row, "tags": np.arange(number % 3)} for number, row in enumerate(ROWS)]
        left_out = [record if len(record["tags"]) else {"row": record["row"]} for record in records]
        features = {"row": ROW, "tags": fl.io.VarLenFeature(fl.int64)}
        assert flagged(parsed_rows(write(left_out), features), "FL104").severity == "hint"

    def test_lists_that_are_empty(self, clean: Look, write: Look) -> None:
        records = [{"row": row, "tags": np.arange(number % 3)} for number, row in enumerate(ROWS)]
        features = {"row": ROW, "tags": fl.io.VarLenFeature(fl.int64)}
        clean(parsed_rows(write(records), features), "FL1")

    def test_a_default_that_no_record_needs(self, clean: Look, write: Look) -> None:
        clean(parsed(write(plain()), {"row": ROW, "label": fl.io.FixedLenFeature([], fl.int64, 0)}), "FL1")


def parsed_rows(path: str, features: dict[str, Any]) -> Any:
    return fl.TFRecordDataset(path).map(lambda record: fl.io.parse_single_example(record, features)["row"]).batch(4)
