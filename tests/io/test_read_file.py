"""`read_file`, `write_file` and `matching_files`."""

import os
import pathlib
import threading

import numpy as np
import pytest

from feedline.errors import DtypeError, FileFormatError, MissingFileError, ShapeError, WriteError
from feedline.io.matching_files import matching_files
from feedline.io.read_file import read_file
from feedline.io.write_file import write_file


@pytest.mark.parametrize("size", [0, 1, 4096, 3_000_000])
def test_reads_what_was_written(tmp_path, size):
    contents = np.random.default_rng(0).bytes(size)
    path = tmp_path / "a.bin"
    write_file(path, contents)
    assert read_file(path) == contents


def test_every_kind_of_name(tmp_path):
    path = tmp_path / "ä.bin"
    path.write_bytes(b"x")
    text = str(path)
    for name in (text, os.fsencode(text), path, np.str_(text), np.bytes_(os.fsencode(text)), np.array(text)):
        assert read_file(name) == b"x"
    assert read_file(np.array(os.fsencode(text), object)) == b"x"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_pipes_are_read_to_their_end(tmp_path):
    path, contents = tmp_path / "pipe", os.urandom(200_000)
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: pathlib.Path(path).write_bytes(contents))
    writer.start()
    assert read_file(path) == contents
    writer.join()


def test_a_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "train_images.png").write_bytes(b"")
    with pytest.raises(MissingFileError, match=r"no file '.*train_image\.png'") as caught:
        read_file(tmp_path / "train_image.png")
    assert caught.value.fix == f"Did you mean {str(tmp_path / 'train_images.png')!r}?"
    assert isinstance(caught.value, FileNotFoundError)


def test_a_missing_folder_names_what_exists(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        read_file(tmp_path / "no" / "such" / "a.png")
    assert f"{str(tmp_path)!r} exists" in caught.value.fix


def test_a_relative_path_names_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingFileError) as caught:
        read_file("a.png")
    assert repr(str(tmp_path)) in caught.value.fix


def test_what_is_no_readable_file(tmp_path):
    with pytest.raises(FileFormatError, match="is a folder"):
        read_file(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MissingFileError):
        read_file(tmp_path / "file" / "below")
    with pytest.raises(MissingFileError):
        read_file("a\0b")
    with pytest.raises(MissingFileError):
        read_file("")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(FileFormatError, match="may not be read"):
        read_file(path)


def test_what_is_no_name():
    with pytest.raises(ShapeError, match="one file name"):
        read_file(np.array(["a", "b"]))
    with pytest.raises(DtypeError, match="was given an int"):
        read_file(3)
    with pytest.raises(DtypeError):
        read_file(None)


def test_writing_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "new" / "folder" / "a"
    write_file(path, b"one")
    write_file(str(path), "zwei, ä")
    assert path.read_bytes() == "zwei, ä".encode()
    assert os.listdir(path.parent) == ["a"]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_file(path, b"old")

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(WriteError, match="No space left"):
        write_file(path, b"new")
    assert os.listdir(tmp_path) == ["a"]
    assert path.read_bytes() == b"old"


def test_writing_what_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError):
        write_file(tmp_path / "file" / "below", b"")
    with pytest.raises(DtypeError, match="writes bytes"):
        write_file(tmp_path / "a", np.zeros(3))
    with pytest.raises(DtypeError):
        write_file(tmp_path / "a", None)
    assert os.listdir(tmp_path) == ["file"]


def test_matching_files(tmp_path):
    for name in ("b.png", "a.png", ".c.png", "a.jpg", "d/e.png"):
        write_file(tmp_path / name, b"")
    base = os.fsencode(tmp_path)
    assert matching_files(f"{tmp_path}/*.png").tolist() == [base + b"/.c.png", base + b"/a.png", base + b"/b.png"]
    assert matching_files([f"{tmp_path}/d/*", f"{tmp_path}/a.???"]).tolist() == [
        base + b"/a.jpg",
        base + b"/a.png",
        base + b"/d/e.png",
    ]
    assert matching_files(tmp_path / "none").shape == (0,)
