"""Batches of records, parsed and decoded on blocks, give what the function gives for each batch."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import feedline as fl

STRING, NUMBER = fl.io.FixedLenFeature([], fl.string), fl.io.FixedLenFeature([], fl.int64)
FEATURES = {"value": STRING, "label": NUMBER}


def written(path: Path, values: list[bytes], absent: int | None = None) -> str:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for number, value in enumerate(values):
            features = {"label": fl.train.Feature(int64_list=fl.train.Int64List(value=[number]))}
            if number != absent:
                features["value"] = fl.train.Feature(bytes_list=fl.train.BytesList(value=[value]))
            writer.write(fl.train.Example(features=fl.train.Features(feature=features)).SerializeToString())
    return str(path)


def numbers(count: int = 70, length: int = 900) -> list[bytes]:
    rng = np.random.default_rng(3)
    return [rng.integers(1, 100, length, np.uint8).tobytes() for _ in range(count)]


def parsed(then, features=None):
    features = FEATURES if features is None else features

    def read(records):
        values = fl.io.parse_example(records, features)
        return then(values["value"]), values["label"]

    return read


def both(dataset, function) -> tuple[list, list, object]:
    """Returns the batches of a map on blocks and of one for each batch, and the block function."""

    def called_for_each(records):
        if records is None:
            return None
        return function(records)

    blocks = dataset.map(function)
    ours = list(blocks)
    theirs = list(dataset.map(called_for_each))
    (block_function,) = blocks._timings.block_functions.values()
    return ours, theirs, block_function


def same(ours: list, theirs: list) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        for mine, yours in zip(one, other, strict=True):
            assert mine.dtype == yours.dtype
            assert mine.tolist() == yours.tolist()


THEN = {
    "as it is": lambda value: value,
    "bytes": lambda value: fl.io.decode_raw(value, "uint8"),
    "short integers": lambda value: fl.io.decode_raw(value, "int16"),
    "the other way round": lambda value: fl.io.decode_raw(value, "int16", False),
    "cut": lambda value: fl.io.decode_raw(value, "uint8", fixed_length=10),
    "computed on": lambda value: fl.cast(fl.io.decode_raw(value, "uint8"), "float32") / 255.0,
    "some of them": lambda value: value[1:3],
}


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("shuffled", [False, True])
def test_strings_of_batches(tmp_path, then, shuffled) -> None:
    files = [written(tmp_path / name, numbers()) for name in "ab"]
    dataset = fl.TFRecordDataset(files)
    dataset = dataset.shuffle(200, seed=4, reshuffle_each_iteration=False) if shuffled else dataset
    ours, theirs, block_function = both(dataset.batch(4), parsed(THEN[then]))
    same(ours, theirs)
    assert block_function.reason is None


def test_a_batch_of_records_itself(tmp_path) -> None:
    path = tmp_path / "a"
    with fl.io.TFRecordWriter(str(path)) as writer:
        for value in numbers():
            writer.write(value)
    dataset = fl.TFRecordDataset(str(path)).batch(5)
    blocks = dataset.map(lambda records: fl.io.decode_raw(records, "uint8"))
    assert [batch.tolist() for batch in blocks] == [[list(record) for record in batch] for batch in dataset]


def test_what_was_kept_does_not_change(tmp_path) -> None:
    path = written(tmp_path / "a", numbers(400))
    dataset = fl.TFRecordDataset(path).batch(4).map(parsed(THEN["bytes"]))
    kept = list(dataset)
    before = [value.copy() for value, _ in kept]
    for _ in range(3):
        list(dataset)
    assert all((value == copy).all() for (value, _), copy in zip(kept, before, strict=True))


def test_strings_that_are_absent_are_the_default(tmp_path) -> None:
    path = written(tmp_path / "a", numbers(), absent=37)
    features = {"value": fl.io.FixedLenFeature([], fl.string, default_value=bytes(900)), "label": NUMBER}
    ours, theirs, _ = both(fl.TFRecordDataset(path).batch(4), parsed(THEN["bytes"], features))
    same(ours, theirs)


def test_strings_of_another_length_are_told_of_where_they_are(tmp_path) -> None:
    values = numbers()
    values[37] = values[37][:450]
    dataset = fl.TFRecordDataset(written(tmp_path / "a", values)).batch(4).map(parsed(THEN["bytes"]))
    batches = iter(dataset)
    for _ in range(9):
        next(batches)
    with pytest.raises(fl.errors.TensorDecodeError, match="row 1 is 450 bytes long, row 0 is 900"):
        next(batches)


def test_a_file_among_them_is_told_of(tmp_path) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros(8))
    values = numbers(length=len(file.getvalue()))
    values[37] = file.getvalue()
    dataset = fl.TFRecordDataset(written(tmp_path / "a", values)).batch(4).map(parsed(THEN["bytes"]))
    with pytest.raises(fl.errors.FileFormatError, match=r"a whole npy file"):
        list(dataset)


def read_line(line):
    *numbers, label, name = fl.io.decode_csv(line, [0.0, 0.0, 0, "none"])
    return np.stack(numbers), label, name


def lines(path: Path, texts: list[str]) -> fl.Dataset:
    path.write_text("".join(f"{text}\n" for text in texts))
    return fl.TextLineDataset(str(path))


def test_lines_of_a_text(tmp_path) -> None:
    texts = [f"{number / 7},{number}.5,{number % 3},name {number}" for number in range(300)]
    texts[100:102] = [",,,", '1,2,3,"a, ""quoted"" name"']
    ours, theirs, block_function = both(lines(tmp_path / "a", texts), read_line)
    assert block_function.reason is None
    assert [[type(part) for part in element] for element in ours] == [[type(part) for part in one] for one in theirs]
    assert [[np.asarray(part).tolist() for part in one] for one in ours] == [
        [np.asarray(part).tolist() for part in one] for one in theirs
    ]


def test_a_line_that_cannot_be_read_is_told_of_where_it_is(tmp_path) -> None:
    texts = [f"{number},{number},{number},a" for number in range(300)]
    texts[200] = "1,2,three,b"
    came = []
    with pytest.raises(fl.errors.CsvError, match="three") as failure:
        came.extend(lines(tmp_path / "a", texts).map(read_line))
    assert len(came) == 200
    assert "line 200" in str(failure.value) or "element 200" in str(failure.value)
