import sys
from collections import Counter

import numpy as np
import pytest

import feedline as fl
from feedline.cli.digits import CLASSES, DigitFile, count_digits, digit_files, pack
from feedline.errors import MissingPackageError

FEATURES = {
    "image": fl.io.FixedLenFeature([], fl.string),
    "label": fl.io.FixedLenFeature([], fl.int64),
    "path": fl.io.FixedLenFeature([], fl.string),
}


def test_the_digits_are_written_in_a_folder_for_each_class(tmp_path) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    files = list(digit_files(tmp_path))
    assert len(files) == count_digits() == len(digits.images)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [str(label) for label in range(CLASSES)]
    assert len(list(tmp_path.rglob("*.png"))) == len(files)
    for file, pixels, label in list(zip(files, digits.images, digits.target, strict=True))[::97]:
        assert file.label == label
        assert file.path.parent.name == str(label)
        image = fl.io.decode_png(fl.io.read_file(file.path))
        np.testing.assert_array_equal(image[..., 0], np.minimum(pixels * 16, 255))


def test_every_fifth_digit_of_each_class_is_held_out(tmp_path) -> None:
    pytest.importorskip("sklearn")
    files = list(digit_files(tmp_path))
    whole, held_out = Counter(file.label for file in files), Counter(file.label for file in files if file.held_out)
    assert held_out == {label: count // 5 for label, count in whole.items()}
    assert len({file.path for file in files}) == len(files)


def test_without_scikit_learn_there_is_an_error_and_no_file(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match="scikit-learn"):
        next(iter(digit_files(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_files_are_dealt_out_to_the_shards_in_turn(tmp_path) -> None:
    files = []
    for number in range(7):
        path = tmp_path / f"{number}.png"
        fl.io.write_file(path, bytes([number]))
        files.append(DigitFile(path, number, False))
    shards = pack(files, tmp_path / "records", "some", 3)
    assert [shard.name for shard in shards] == [f"some-{shard:05}-of-00003.tfrecord" for shard in range(3)]
    labels = []
    for shard in shards:
        parsed = [fl.io.parse_single_example(record, FEATURES) for record in fl.TFRecordDataset(shard)]
        assert all(each["image"] == bytes([each["label"]]) for each in parsed)
        assert all(each["path"].endswith(b"%d.png" % each["label"]) for each in parsed)
        labels.append([int(each["label"]) for each in parsed])
    assert labels == [[0, 3, 6], [1, 4], [2, 5]]
