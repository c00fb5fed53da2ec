import os

import pytest

import feedline as fl


@pytest.fixture
def folder(tmp_path):
    for name in ("b.txt", "a.txt", "c.csv", "d.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "e.txt").mkdir()
    return tmp_path


def names(dataset) -> list[str]:
    return [os.path.basename(name).decode() for name in dataset]


def test_sorted_without_shuffle(folder) -> None:
    dataset = fl.Dataset.list_files(f"{folder}/*.txt", shuffle=False)
    assert names(dataset) == names(dataset) == ["a.txt", "b.txt", "d.txt"]
    assert len(dataset) == 3
    assert dataset.element_spec == fl.TensorSpec((), "string")
    several = [f"{folder}/*.csv", (folder / "?.txt"), f"{folder}/a*"]
    assert names(fl.Dataset.list_files(several, shuffle=False)) == ["a.txt", "b.txt", "c.csv", "d.txt"]
    assert names(fl.Dataset.list_files(os.fsencode(f"{folder}/[ab].txt"), shuffle=False)) == ["a.txt", "b.txt"]


def test_shuffled_anew_each_epoch(tmp_path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.txt").write_text("")
    for shuffle in (None, True):
        dataset = fl.Dataset.list_files(f"{tmp_path}/*.txt", shuffle=shuffle, seed=3)
        first, second = names(dataset), names(dataset)
        assert first != second
        assert sorted(first) == sorted(second) == [f"{number:02}.txt" for number in range(20)]
        assert names(fl.Dataset.list_files(f"{tmp_path}/*.txt", shuffle=shuffle, seed=3)) == first
    with pytest.raises(fl.errors.ArgumentError, match="seed"):
        fl.Dataset.list_files(f"{tmp_path}/*.txt", seed="a")


def test_names_that_are_not_utf8(tmp_path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff.txt"
    try:
        with open(odd, "w") as file:
            file.write("odd")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    dataset = fl.Dataset.list_files(f"{tmp_path}/*.txt", shuffle=False)
    assert list(dataset) == [odd]
    assert list(fl.Dataset.from_tensor_slices([os.fsdecode(odd)])) == [odd]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("{folder}/*.png", "holds 5 entries: a.txt, b.txt, c.csv, ..."),
        ("{folder}/none/*.png", "does not exist"),
        ("{folder}/*/*.png", "holds 5 entries"),
        ("{folder}/e.txt/*", "is empty"),
    ],
)
def test_no_match(folder, pattern, text) -> None:
    with pytest.raises(fl.errors.NoFilesError) as caught:
        fl.Dataset.list_files(pattern.format(folder=folder))
    assert text in str(caught.value)
    assert "no file matches" in str(caught.value)


@pytest.mark.parametrize("pattern", [3, None, [3], 1.5])
def test_bad_patterns(pattern) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="not a path"):
        fl.Dataset.list_files(pattern)
    with pytest.raises(fl.errors.NoFilesError):
        fl.Dataset.list_files([])


def test_missing_records_name_the_nearest_file(folder) -> None:
    with pytest.raises(fl.errors.MissingFileError, match=r"Did you mean .*b\.txt"):
        fl.TFRecordDataset(f"{folder}/bb.txt")
    with pytest.raises(fl.errors.MissingFileError, match="folder"):
        fl.TFRecordDataset(f"{folder}/none/a.tfrecord")
    with pytest.raises(fl.errors.NoFilesError):
        fl.TFRecordDataset([])
    with pytest.raises(fl.errors.NoFilesError):
        fl.TFRecordDataset(f"{folder}/*.tfrecord")
