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
    assert names(dataset) == names(dataset) == ["a.txt", "b.txt", "d.txt", "e.txt"]
    assert len(dataset) == 4
    assert dataset.element_spec == fl.TensorSpec((), "string")
    several = [f"{folder}/*.csv", (folder / "?.txt"), f"{folder}/a*"]
    assert names(fl.Dataset.list_files(several, shuffle=False)) == [
        "a.txt", "a.txt", "b.txt", "c.csv", "d.txt", "e.txt",
    ]  # fmt: skip
    assert names(fl.Dataset.list_files(os.fsencode(f"{folder}/[ab].txt"), shuffle=False)) == ["a.txt", "b.txt"]


PATTERNS = {
    "*.txt": ["./.h.txt", "./a.txt", "./b.txt", "./dir.txt", "./gone.txt", "./link.txt", "./q?.txt"],
    "*": ["./.dot", "./.h.txt", "./a.txt", "./b.txt", "./dir.txt", "./gone.txt", "./link.txt", "./linked", "./q?.txt",
          "./sub", "./we[i]rd"],
    "**": None, "*/": None,
    "*/*": ["./.dot/x", "./dir.txt/in", "./linked/.h", "./linked/c", "./linked/deep", "./sub/.h", "./sub/c",
            "./sub/deep"],
    "**/c": ["./linked/c", "./sub/c"],
    "*/*/*": ["./linked/deep/z", "./sub/deep/z"],
    "sub/*": ["sub/.h", "sub/c", "sub/deep"],
    "./sub/*": ["./sub/.h", "./sub/c", "./sub/deep"],
    "s*/c": ["./sub/c"],
    ".*": ["./.dot", "./.h.txt"],
    "sub": ["sub"], "a.txt": ["a.txt"], "./a.txt": ["./a.txt"], "sub/../a.txt": ["sub/../a.txt"],
    "gone.txt": [], "linked/c": ["linked/c"],
    "?.txt": ["./a.txt", "./b.txt"],
    "[ab].txt": ["./a.txt", "./b.txt"], "[!a].txt": ["./b.txt"], "[^a].txt": ["./b.txt"],
    "[a-c].txt": ["./a.txt", "./b.txt"], "[]a].txt": ["./a.txt"], "[c-a].txt": [],
    "we[[]i]rd": ["./we[i]rd"], "we\\[i\\]rd": ["./we[i]rd"], "q\\?.txt": ["./q?.txt"], "we[i]rd": [],
    "a.txt/*": [], "*.TXT": [], "{a,b}.txt": [], "*/../a.txt": [], "none": [], "": [],
}  # fmt: skip


@pytest.fixture
def odd_folder(tmp_path, monkeypatch):
    for name in (
        ".h.txt",
        "a.txt",
        "b.txt",
        "dir.txt/in",
        "sub/c",
        "sub/.h",
        ".dot/x",
        "sub/deep/z",
        "we[i]rd",
        "q?.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link.txt").symlink_to("a.txt")
    (tmp_path / "gone.txt").symlink_to("nothing")
    (tmp_path / "linked").symlink_to("sub")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_a_pattern_matches(odd_folder, pattern, absolute) -> None:
    """Folders and hidden files too; the expected names were read off TensorFlow 2.21."""
    expected = PATTERNS["*"] if pattern in ("**", "*/") else PATTERNS[pattern]
    if expected is None or (absolute and not pattern):
        return
    if absolute:
        pattern = f"{odd_folder}/{pattern}"
        fixed = pattern.startswith(f"{odd_folder}/./")
        expected = [f"{odd_folder}/{name if fixed else name.removeprefix('./')}" for name in expected]
    if not expected:
        with pytest.raises(fl.errors.NoFilesError):
            fl.Dataset.list_files(pattern)
    else:
        assert [name.decode() for name in fl.Dataset.list_files(pattern, shuffle=False)] == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_match_as_in_tensorflow(odd_folder, pattern) -> None:
    tf = pytest.importorskip("tensorflow")

    def listed(lib, given):
        try:
            return list(lib.list_files(given, shuffle=False).as_numpy_iterator())
        except (fl.errors.NoFilesError, tf.errors.InvalidArgumentError):
            return []

    for given in (pattern, f"{odd_folder}/{pattern}", [pattern, "b*"]):
        assert listed(fl.Dataset, given) == listed(tf.data.Dataset, given)


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
