"""TFRecordWriter of datasets."""

import pytest

import feedline as fl
from feedline.errors import ArgumentError, DtypeError


@pytest.mark.parametrize("compression", [None, "", "GZIP", "ZLIB"])
def test_elements_become_records(tmp_path, compression) -> None:
    path = tmp_path / "words"
    words = fl.Dataset.from_tensor_slices(["a", "b", ""])
    fl.experimental.TFRecordWriter(path, compression).write(words.map(lambda word: word * 2))
    assert list(fl.TFRecordDataset(path, compression)) == [b"aa", b"bb", b""]


def test_what_are_no_strings_is_refused_and_nothing_is_written(tmp_path) -> None:
    writer = fl.experimental.TFRecordWriter(str(tmp_path / "words"))
    words = fl.Dataset.from_tensor_slices(["a", "b"])
    for dataset in (fl.Dataset.range(3), words.batch(2), words.enumerate()):
        with pytest.raises(DtypeError, match="single strings") as caught:
            writer.write(dataset)
        assert "test_record_writer.py" in str(caught.value)
    with pytest.raises(ArgumentError, match="dataset"):
        writer.write([b"a"])
    failing = words.map(lambda word: word if word == b"a" else 1 // 0)
    with pytest.raises(fl.errors.UserFunctionError):
        writer.write(failing)
    assert list(tmp_path.iterdir()) == []
