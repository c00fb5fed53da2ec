"""parse_example and parse_single_example inside `map` read whole blocks at once, and nobody can tell."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.train import BytesList, Example, Feature, Features, FloatList, Int64List

FEATURES = {
    "number": fl.io.FixedLenFeature([], fl.int64),
    "pair": fl.io.FixedLenFeature([2], fl.float32),
    "text": fl.io.FixedLenFeature([], fl.string, default_value=b"none"),
}
COUNT = 100


def record(number: int, *, pair: int = 2) -> bytes:
    feature = {
        "number": Feature(int64_list=Int64List(value=[number])),
        "pair": Feature(float_list=FloatList(value=[number / 2] * pair)),
        "list": Feature(int64_list=Int64List(value=range(number % 4))),
    }
    if number % 3:
        feature["text"] = Feature(bytes_list=BytesList(value=[b"t%d" % number]))
    return Example(features=Features(feature=feature)).SerializeToString()


def write(path, records) -> str:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for data in records:
            writer.write(data)
    return str(path)


@pytest.fixture
def records(tmp_path) -> fl.Dataset:
    return fl.TFRecordDataset(write(tmp_path / "a.tfrecord", map(record, range(COUNT))))


def check(batches: list, size: int) -> None:
    numbers = np.concatenate([np.atleast_1d(batch["number"]) for batch in batches])
    assert numbers.tolist() == list(range(COUNT))
    for index, batch in enumerate(batches):
        start = index * size
        assert np.array_equal(np.reshape(batch["pair"], (-1, 2))[:, 0], np.atleast_1d(batch["number"]) / 2)
        texts = np.reshape(np.asarray(batch["text"], object), -1).tolist()
        assert texts == [b"t%d" % n if n % 3 else b"none" for n in range(start, min(start + size, COUNT))]


@pytest.mark.parametrize("calls", [None, 2])
def test_batches(records, calls) -> None:
    dataset = records.batch(7).map(lambda batch: fl.io.parse_example(batch, FEATURES), num_parallel_calls=calls)
    batches = list(dataset)
    check(batches, 7)
    assert {batch["pair"].dtype for batch in batches} == {np.dtype("float32")}
    check(list(dataset.unbatch()), 1)


@pytest.mark.parametrize("calls", [None, 2])
def test_single_records(records, calls) -> None:
    dataset = records.map(lambda data: fl.io.parse_single_example(data, FEATURES), num_parallel_calls=calls)
    check(list(dataset), 1)
    check(list(dataset.batch(9)), 9)


def test_the_same_dtypes_and_types_as_outside_a_dataset(records) -> None:
    types = []

    def parse(data):
        parsed = fl.io.parse_single_example(data, FEATURES)
        alone = fl.io.parse_single_example(bytes(bytearray(data)), FEATURES)
        types.append([(type(parsed[name]), type(alone[name])) for name in FEATURES])
        assert parsed["pair"].flags.writeable
        return parsed

    list(records.map(parse).batch(10))
    assert all(here is there for row in types for here, there in row)


def test_what_a_function_changes_is_its_own(records) -> None:
    def change(batch):
        first = fl.io.parse_example(batch, FEATURES)
        first["pair"] *= 0
        first["text"][:] = b""
        return fl.io.parse_example(batch, FEATURES)

    check(list(records.batch(10).map(change).batch(4).unbatch()), 10)

    def change_one(data):
        fl.io.parse_single_example(data, FEATURES)["pair"][:] = -1
        return fl.io.parse_single_example(data, FEATURES)

    check(list(records.map(change_one).batch(9)), 9)


def test_another_record_than_the_one_at_hand(records) -> None:
    other = record(1000)
    dataset = records.map(lambda data: fl.io.parse_single_example(other, FEATURES)["number"]).batch(10)
    assert np.concatenate(list(dataset)).tolist() == [1000] * COUNT
    part = records.batch(10).map(lambda batch: fl.io.parse_example(batch[3:5], FEATURES)["number"]).batch(10)
    assert part.get_single_element().tolist() == [[start + 3, start + 4] for start in range(0, COUNT, 10)]


def test_two_sets_of_features(records) -> None:
    def parse(batch):
        return (
            fl.io.parse_example(batch, {"number": FEATURES["number"]})["number"],
            fl.io.parse_example(batch, {"pair": FEATURES["pair"]})["pair"][:, 0],
            fl.io.parse_example(batch, {"list": fl.io.RaggedFeature(fl.int64)})["list"].row_lengths(),
        )

    numbers, halves, lengths = records.batch(10).map(parse).batch(10).get_single_element()
    assert numbers.reshape(-1).tolist() == list(range(COUNT))
    assert (halves * 2).reshape(-1).tolist() == list(range(COUNT))
    assert np.asarray(lengths).reshape(-1).tolist() == [number % 4 for number in range(COUNT)]


@pytest.mark.parametrize("calls", [None, 2])
@pytest.mark.parametrize("batched", [False, True])
def test_an_error_is_that_of_the_record_at_fault(tmp_path, calls, batched) -> None:
    path = write(tmp_path / "b.tfrecord", (record(n, pair=3 if n == 57 else 2) for n in range(COUNT)))
    dataset = fl.TFRecordDataset(path)
    if batched:
        dataset = dataset.batch(10).map(lambda batch: fl.io.parse_example(batch, FEATURES)["number"], calls)
    else:
        dataset = dataset.map(lambda data: fl.io.parse_single_example(data, FEATURES)["number"], calls)
    given = []
    with pytest.raises(fl.errors.FeatureLengthError, match="'pair'") as caught:
        given.extend(np.atleast_1d(numbers) for numbers in dataset.prefetch(20))
    given = [number for numbers in given for number in numbers.tolist()]
    assert given == list(range(50 if batched else 57))
    assert "record 57 of" in str(caught.value)
    assert path in str(caught.value)
