"""Tensors and strings of records are used where they lie, and give the bytes that the function gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import feedline as fl

RNG = np.random.default_rng(11)
STRING = fl.io.FixedLenFeature([], fl.string)


def written(path: Path, values: list[bytes], absent: int | None = None) -> str:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for number, value in enumerate(values):
            features = {"label": fl.train.Feature(int64_list=fl.train.Int64List(value=[number * 60]))}
            if number != absent:
                features["value"] = fl.train.Feature(bytes_list=fl.train.BytesList(value=[value]))
            writer.write(fl.train.Example(features=fl.train.Features(feature=features)).SerializeToString())
    return str(path)


def both(path: str, function) -> tuple[list, list, object]:
    """Returns the elements of a map on blocks and of one for each element, and the block function."""

    def called_for_each(record):
        if record is None:
            return None
        return function(record)

    dataset = fl.TFRecordDataset(path).map(function).batch(16)
    blocks = list(dataset)
    single = list(fl.TFRecordDataset(path).map(called_for_each).batch(16))
    (block_function,) = dataset._timings.block_functions.values()
    return blocks, single, block_function


def same(ours: list, theirs: list) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        for mine, yours in zip(one, other, strict=True):
            assert mine.dtype == yours.dtype
            assert mine.tolist() == yours.tolist()


def reading(dtype, then):
    features = {"value": STRING, "label": fl.io.FixedLenFeature([], fl.int64)}

    def read(record):
        parsed = fl.io.parse_single_example(record, features)
        return then(fl.io.parse_tensor(parsed["value"], dtype)), parsed["label"]

    return read


THEN = {
    "as it is": lambda tensor: tensor,
    "scaled": lambda tensor: fl.cast(tensor, fl.float32) / 255.0,
    "arithmetic": lambda tensor: tensor + tensor,
    "a row": lambda tensor: tensor[1],
}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "bool"])
@pytest.mark.parametrize("then", THEN)
def test_tensors_of_one_shape(tmp_path, dtype, then) -> None:
    tensors = [RNG.integers(0, 2 if dtype == "bool" else 100, (9, 7, 3)).astype(dtype) for _ in range(50)]
    path = written(tmp_path / "a", [fl.io.serialize_tensor(tensor) for tensor in tensors])
    ours, theirs, _ = both(path, reading(dtype, THEN[then]))
    same(ours, theirs)


def test_tensors_of_another_shape_or_way_of_writing(tmp_path) -> None:
    tensors = [np.full((4, 40), number, np.uint8) for number in range(40)]
    values = [fl.io.serialize_tensor(tensor) for tensor in tensors]
    values[20] = (
        b"\x08\x04\x12\x08\x12\x02\x08\x04\x12\x02\x08\x28" + b"\x22\xa0\x01" + bytes(160)
    )  # as others spell it
    values[33] = fl.io.serialize_tensor(np.full((4, 40), 9, np.uint8)) + b"\x12\x00"
    path = written(tmp_path / "a", values)
    ours, theirs, _ = both(path, reading("uint8", THEN["scaled"]))
    same(ours, theirs)


def test_a_tensor_of_another_dtype_is_told(tmp_path) -> None:
    values = [fl.io.serialize_tensor(np.zeros((4, 40), np.uint8)) for _ in range(40)]
    values[25] = fl.io.serialize_tensor(np.zeros((4, 40), np.int8))
    path = written(tmp_path / "a", values)
    with pytest.raises(fl.errors.DtypeError, match="int8") as caught:
        list(fl.TFRecordDataset(path).map(reading("uint8", THEN["scaled"])).batch(16))
    assert any("record 25" in place for place in caught.value.where)


def test_strings_that_are_given_on(tmp_path) -> None:
    path = written(tmp_path / "a", [bytes([number]) * number for number in range(40)])
    features = {"value": STRING}
    ours, theirs, function = both(path, lambda record: (fl.io.parse_single_example(record, features)["value"], record))
    same(ours, theirs)
    assert function.reason is None


def test_a_default_stands_in_for_a_string(tmp_path) -> None:
    path = written(tmp_path / "a", [b"x"] * 40, absent=21)
    features = {"value": fl.io.FixedLenFeature([], fl.string, b"none")}
    ours, theirs, function = both(path, lambda record: (fl.io.parse_single_example(record, features)["value"],))
    same(ours, theirs)
    assert function.reason is None
    assert np.concatenate([batch[0] for batch in ours])[21] == b"none"


def test_kept_tensors_do_not_change(tmp_path) -> None:
    tensors = [np.full((300, 300), number, np.uint8) for number in range(60)]
    path = written(tmp_path / "a", [fl.io.serialize_tensor(tensor) for tensor in tensors])
    kept = list(fl.TFRecordDataset(path).map(reading("uint8", THEN["as it is"])).repeat(2))
    assert [int(tensor[0, 0]) for tensor, _ in kept] == [*range(60), *range(60)]
    assert all((tensor == tensor[0, 0]).all() for tensor, _ in kept)
