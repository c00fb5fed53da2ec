"""The index of a large TFRecord file is kept for the next program, and believed only where it fits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import feedline as fl
from feedline.formats import index_store, open_file, tfrecord


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FEEDLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(index_store, "LEAST_RECORDS", 5)
    return tmp_path / "cache" / "index"


def write(path: Path, count: int = 50, longest: int = 300) -> str:
    with fl.io.TFRecordWriter(str(path)) as writer:
        for number in range(count):
            writer.write(bytes([number % 256]) * (number * 37 % longest))
    return str(path)


def fresh(path: str) -> tfrecord.RecordIndex:
    tfrecord._indexes.clear()
    return tfrecord.build_index(path)


def scans(monkeypatch) -> list:
    done = []
    scan = tfrecord._scan
    monkeypatch.setattr(tfrecord, "_scan", lambda *arguments: done.append(1) or scan(*arguments))
    return done


@pytest.mark.parametrize("longest", [200, 60_000])
def test_a_file_is_scanned_once(folder, tmp_path, monkeypatch, longest) -> None:
    path = write(tmp_path / "a.tfrecord", longest=longest)
    done = scans(monkeypatch)
    first, second = fresh(path), fresh(path)
    assert len(done) == 1
    assert np.array_equal(first.offsets, second.offsets)
    assert np.array_equal(first.lengths, second.lengths)
    assert tfrecord.read_records(second, [49, 0, 7]) == tfrecord.read_records(first, [49, 0, 7])
    assert [entry.suffix for entry in folder.iterdir()] == [".index"]


def test_a_file_that_has_changed_is_scanned_again(folder, tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "a.tfrecord")
    fresh(path)
    done = scans(monkeypatch)
    write(tmp_path / "a.tfrecord", count=60)
    assert len(fresh(path)) == 60
    os.utime(path, ns=(1, 1))
    assert len(fresh(path)) == 60
    assert len(done) == 2
    assert len(list(folder.iterdir())) == 1


def test_what_is_damaged_is_not_believed(folder, tmp_path) -> None:
    path = write(tmp_path / "a.tfrecord")
    wanted = fresh(path)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    version = open_file.open_file(path).version()
    assert index_store.load_lengths(wanted.path, version) is not None
    damaged = [whole[:length] for length in range(0, len(whole), 7)] + [whole + b"x", b""]
    for place in range(len(whole)):
        damaged.append(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
    for data in damaged:
        kept.write_bytes(data)
        assert index_store.load_lengths(wanted.path, version) is None
    assert np.array_equal(fresh(path).lengths, wanted.lengths)
    assert kept.read_bytes() == whole


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders")
def test_a_pipe_in_its_place_is_not_waited_for(folder, tmp_path) -> None:
    path = write(tmp_path / "a.tfrecord")
    expected = len(fresh(path))
    entry = next(folder.iterdir())
    entry.unlink()
    os.mkfifo(entry)
    assert len(fresh(path)) == expected


def test_an_index_of_another_file_at_its_place_is_not_believed(folder, tmp_path) -> None:
    one, other = write(tmp_path / "a.tfrecord"), write(tmp_path / "b.tfrecord", count=20)
    fresh(one)
    (kept,) = folder.iterdir()
    fresh(other)
    (another,) = set(folder.iterdir()) - {kept}
    another.write_bytes(kept.read_bytes())
    assert len(fresh(other)) == 20


def test_small_files_and_an_empty_setting_keep_nothing(folder, tmp_path, monkeypatch) -> None:
    fresh(write(tmp_path / "small.tfrecord", count=4))
    assert not folder.exists()
    monkeypatch.setenv("FEEDLINE_CACHE", "")
    assert len(fresh(write(tmp_path / "a.tfrecord"))) == 50
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(index_store, "LEAST_RECORDS", 5)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FEEDLINE_CACHE", str(tmp_path / "file"))
    assert len(fresh(write(tmp_path / "a.tfrecord"))) == 50


def test_the_oldest_go_when_they_are_too_many(folder, tmp_path, monkeypatch) -> None:
    fresh(write(tmp_path / "0.tfrecord"))
    (first,) = folder.iterdir()
    os.utime(first, (1, 1))
    monkeypatch.setattr(index_store, "_MOST_BYTES", 3 * first.stat().st_size)
    for number in range(1, 4):
        fresh(write(tmp_path / f"{number}.tfrecord"))
    assert not first.exists()
    assert len(list(folder.iterdir())) == 3


def test_a_full_disk_leaves_nothing_behind(folder, tmp_path, monkeypatch) -> None:
    def full(self, data):
        self.touch()
        raise OSError(28, "No space left on device")

    path = write(tmp_path / "a.tfrecord")
    monkeypatch.setattr(Path, "write_bytes", full)
    assert len(fresh(path)) == 50
    assert list(folder.iterdir()) == []


def test_the_next_program_finds_it(tmp_path) -> None:
    path = write(tmp_path / "a.tfrecord", count=30_000, longest=9)
    program = (
        "import sys, feedline as fl\nfrom feedline.formats import tfrecord\n"
        "scan = tfrecord._scan\ntfrecord._scan = lambda *a: print('scanned') or scan(*a)\n"
        f"print(len(fl.TFRecordDataset({path!r})), fl.TFRecordDataset({path!r})[29_999])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "FEEDLINE_CACHE": str(tmp_path / "cache")},
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert said[0][0] == "scanned"
    assert said[1] == said[0][1:]
    assert said[1][0].startswith("30000 ")


def test_another_file_of_the_same_size_and_time_is_scanned_again(folder, tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "a.tfrecord")
    before = os.stat(path)
    fresh(path)
    other = write(tmp_path / "b.tfrecord", longest=299)
    data = Path(other).read_bytes()[: before.st_size].ljust(before.st_size, b"\0")
    for change in (lambda: Path(path).write_bytes(data), lambda: os.replace(other, path)):
        done = scans(monkeypatch)
        change()
        os.truncate(path, before.st_size)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert os.stat(path).st_mtime_ns == before.st_mtime_ns
        with pytest.raises(fl.errors.CorruptRecordError):
            fresh(path)
        assert len(done) == 1
        monkeypatch.undo()
        monkeypatch.setenv("FEEDLINE_CACHE", str(folder.parent))
        monkeypatch.setattr(index_store, "LEAST_RECORDS", 5)


def test_the_index_of_an_older_feedline_is_not_believed(folder, tmp_path) -> None:
    path = write(tmp_path / "a.tfrecord")
    wanted = fresh(path)
    (kept,) = folder.iterdir()
    kept.write_bytes(b"FLINDEX1" + kept.read_bytes()[8:])
    assert np.array_equal(fresh(path).offsets, wanted.offsets)
    assert kept.read_bytes().startswith(b"FLINDEX2")


def test_many_programs_at_once(tmp_path) -> None:
    paths = [write(tmp_path / f"{number}.tfrecord", count=200, longest=99) for number in range(3)]
    program = (
        "import sys\nfrom feedline.formats import index_store, tfrecord\n"
        "index_store.LEAST_RECORDS = 1\nindex_store._MOST_BYTES = 600\n"  # each removes what the others have written
        "for _ in range(30):\n"
        "    for path in sys.argv[1:]:\n"
        "        tfrecord._indexes.clear()\n"
        "        index = tfrecord.build_index(path)\n"
        "        assert len(index) == 200 and index.lengths.sum() + 16 * 200 == index.file_size\n"
    )
    environment = {**os.environ, "FEEDLINE_CACHE": str(tmp_path / "cache")}
    running = [
        subprocess.Popen([sys.executable, "-c", program, *paths], env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    left = list((tmp_path / "cache" / "index").iterdir())
    assert all(entry.suffix == ".index" for entry in left)
    assert sum(entry.stat().st_size for entry in left) <= 900


@pytest.mark.parametrize("home", ["/dev/null", "/proc/no", "no folder"])
def test_a_home_that_cannot_be_written_to(tmp_path, home) -> None:
    path = write(tmp_path / "a.tfrecord", count=30_000, longest=2)
    environment = {
        name: value for name, value in os.environ.items() if name not in ("FEEDLINE_CACHE", "XDG_CACHE_HOME")
    }
    environment["HOME"] = str(tmp_path / "a.tfrecord" / "under a file") if home == "no folder" else home
    program = f"import feedline as fl; print(len(fl.TFRecordDataset({path!r})))"
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert run.stdout.strip() == "30000", run.stderr
