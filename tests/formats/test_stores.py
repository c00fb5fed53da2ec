"""Files in stores: fsspec's memory:// for all that works, a store of our own for what goes wrong, and file://."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import feedline as fl
from feedline.formats import index_store, store_file, tfrecord
from feedline.formats.stores import is_url, local_name

_spec = importlib.util.spec_from_file_location("watched_store", Path(__file__).parent / "watched_store.py")
watched_store = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watched_store)

fsspec = watched_store.fsspec
RECORDS, WatchedStore, write_records = watched_store.RECORDS, watched_store.WatchedStore, watched_store.write_records
read_bytes, stores, folder = watched_store.read_bytes, watched_store.stores, watched_store.folder


# What works.


def test_names() -> None:
    for url in ("gs://b/a", "s3://b", "memory://a", "simplecache::gs://b/a", "HTTPS://host/a"):
        assert is_url(url)
    for path in ("/a/b", "a", "C://a", "file:///a", "local:///a", "", "://", "a b://c"):
        assert not is_url(path)
    assert local_name("file://localhost/a%25b") == "/a%b"
    assert local_name("file:///a b") == "/a b"
    assert local_name("/a%25b") == "/a%25b"


def test_whole_files(folder) -> None:
    fl.io.write_file(f"{folder}/new/folders/a.bin", b"\0hello")
    assert fl.io.read_file(f"{folder}/new/folders/a.bin") == b"\0hello"
    fl.io.write_file(f"{folder}/new/folders/a.bin", "text")
    assert fl.io.read_file(f"{folder}/new/folders/a.bin".encode()) == b"text"
    assert fl.io.read_file(np.array(f"{folder}/new/folders/a.bin".encode(), object)) == b"text"
    fl.io.write_file(f"{folder}/empty", b"")
    assert fl.io.read_file(f"{folder}/empty") == b""
    listed = [name.decode() for name in fl.io.matching_files(f"{folder}/new/folders/*")]
    assert [name.rpartition("/")[2] for name in listed] == ["a.bin"]  # nothing temporary is left


def test_records_are_indexed(folder) -> None:
    paths = [write_records(f"{folder}/{number}.tfrecord", RECORDS[number::2]) for number in range(2)]
    both = [*RECORDS[0::2], *RECORDS[1::2]]
    dataset = fl.TFRecordDataset(paths)
    assert dataset.node.indexed
    assert len(dataset) == 500
    assert list(dataset) == both
    assert dataset[300] == both[300]
    shuffled = list(dataset.shuffle(500, seed=1).batch(32).unbatch())
    assert shuffled != both
    assert sorted(shuffled) == sorted(both)
    assert list(fl.TFRecordDataset(f"{folder}/*.tfrecord")) == both
    assert list(fl.TFRecordDataset(paths, num_parallel_reads=2)) == RECORDS
    assert sorted(dataset.map(len, num_parallel_calls=4).prefetch(2)) == sorted(map(len, RECORDS))


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_compressed_records_are_streamed(folder, compression) -> None:
    path = write_records(f"{folder}/a.tfrecord.z", compression=compression)
    assert list(fl.TFRecordDataset(path, compression)) == RECORDS
    with pytest.raises(fl.errors.FileFormatError, match=rf"(?i){compression}(.|\n)*a\.tfrecord\.z"):
        list(fl.TFRecordDataset(path))


def test_records_of_one_length(folder) -> None:
    paths = []
    for number in range(3):
        fl.io.write_file(f"{folder}/{number}.bin", b"HEAD" + bytes(range(number * 20, number * 20 + 20)) + b"F")
        paths.append(f"{folder}/{number}.bin")
    dataset = fl.FixedLengthRecordDataset(paths, 4, header_bytes=4, footer_bytes=1)
    assert dataset.node.indexed
    want = [bytes(range(start, start + 4)) for start in range(0, 60, 4)]
    assert list(dataset) == want
    assert sorted(dataset.shuffle(15, seed=3)) == want
    fl.io.write_file(f"{folder}/3.bin", b"HEAD123F")
    with pytest.raises(fl.errors.FileFormatError, match=r"3 bytes too many(.|\n)*3\.bin"):
        len(fl.FixedLengthRecordDataset(f"{folder}/3.bin", 4, header_bytes=4, footer_bytes=1))


def test_text_and_tables(folder) -> None:
    fl.io.write_file(f"{folder}/a.csv", "name,grams\nbread,2.5\ncake,\n")
    assert list(fl.TextLineDataset(f"{folder}/a.csv")) == [b"name,grams", b"bread,2.5", b"cake,"]
    rows = fl.CsvDataset(f"{folder}/a.csv", [fl.string, 0.0], header=True)
    assert [(name, float(grams)) for name, grams in rows] == [(b"bread", 2.5), (b"cake", 0.0)]
    made = fl.experimental.make_csv_dataset(f"{folder}/*.csv", 2, num_epochs=1, shuffle=False)
    assert next(iter(made))["name"].tolist() == [b"bread", b"cake"]


def test_lists_of_files(folder) -> None:
    for name in ("b.png", "a.png", ".hidden.png", "deep/c.png", "deep/d.jpg", "deep/er/e.png"):
        fl.io.write_file(f"{folder}/{name}", name)

    def names(pattern: str) -> list[str]:
        base = local_name(folder)
        listed = [name.decode() for name in fl.Dataset.list_files(f"{folder}/{pattern}", shuffle=False)]
        assert all(name.startswith(base + "/") for name in listed)
        return [name[len(base) + 1 :] for name in listed]

    assert names("*.png") == [".hidden.png", "a.png", "b.png"]
    assert names("[ab].png") == ["a.png", "b.png"]
    assert names("*/*.png") == ["deep/c.png"]
    assert names("deep/*") == ["deep/c.png", "deep/d.jpg", "deep/er"]
    assert names("a.png") == ["a.png"]
    contents = fl.Dataset.list_files([f"{folder}/*/*.png", f"{folder}/a*"], shuffle=False).map(fl.io.read_file)
    assert list(contents) == [b"a.png", b"deep/c.png"]
    assert contents.node.indexed
    assert [name.decode() for name in fl.io.matching_files([f"{folder}/b*"])] == [f"{local_name(folder)}/b.png"]


def test_images_are_read_from_stores(folder) -> None:
    for number in range(6):
        image = np.full((4, 5, 3), number, np.uint8)
        fl.io.write_file(f"{folder}/{number % 2}/{number}.png", fl.io.encode_png(image))
    dataset = fl.Dataset.list_files(f"{folder}/*/*.png", seed=1).map(
        lambda name: fl.io.decode_png(fl.io.read_file(name)), num_parallel_calls=2
    )
    batch = dataset.batch(6).get_single_element()
    assert sorted(batch[:, 0, 0, 0]) == list(range(6))
    assert "streamed" not in dataset.batch(6).explain()


# What is asked of a store.


def test_the_index_is_kept_for_the_next_program_however_few_records(monkeypatch) -> None:
    path = write_records("watched://data/a.tfrecord", RECORDS[:30])
    first = tfrecord.build_index(path)
    tfrecord._indexes.clear()
    WatchedStore.asked.clear()
    again = tfrecord.build_index(path)
    assert np.array_equal(again.offsets, first.offsets)
    assert {what[0] for what in WatchedStore.asked} == {"info"}
    write_records(path, [*RECORDS[:29], RECORDS[29][::-1]])  # the same size, another version
    WatchedStore.asked.clear()
    tfrecord.build_index(path)
    assert {what[0] for what in WatchedStore.asked} == {"info", "read"}
    assert index_store.load_lengths("watched://data/other", first and store_file.StoreFile(path).version()) is None


# Writing.


@pytest.mark.parametrize("folder", ["memory://data", "watched://data"])
def test_a_record_file_appears_only_whole(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = f"{folder}/a.tfrecord"
    write_records(path, RECORDS[:3])
    writer = fl.io.TFRecordWriter(path)
    for record in RECORDS:
        writer.write(record)
    writer.flush()
    assert list(fl.TFRecordDataset(path)) == RECORDS[:3]
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    writer.close()
    assert list(fl.TFRecordDataset(path)) == RECORDS
    with pytest.raises(fl.errors.DtypeError), fl.io.TFRecordWriter(path) as writer:
        writer.write("no bytes")
    assert list(fl.TFRecordDataset(path)) == RECORDS
    assert list((tmp_path / "temporary").iterdir()) == []
    listed = [name.decode() for name in fl.io.matching_files(f"{folder}/*")]
    assert listed == [path]


def test_what_a_store_refuses_is_an_error_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    write_records("watched://data/a.tfrecord", RECORDS[:3])
    writer = fl.io.TFRecordWriter("watched://data/a.tfrecord")
    writer.write(b"new")
    monkeypatch.setattr(WatchedStore, "failure", RuntimeError("403 Forbidden"))
    with pytest.raises(fl.errors.WriteError, match=r"watched://data/a\.tfrecord could not be written: 403 Forbidden"):
        writer.close()
    with pytest.raises(fl.errors.WriteError, match="403"):
        fl.io.write_file("watched://data/b", b"x")
    monkeypatch.setattr(WatchedStore, "failure", None)
    assert list(fl.TFRecordDataset("watched://data/a.tfrecord")) == RECORDS[:3]
    assert [entry for entry in tmp_path.iterdir() if entry.name.startswith("feedline-")] == []
    with pytest.raises(fl.errors.ArgumentError, match="closed"):
        writer.write(b"more")


class RenamingStore(WatchedStore):
    """A store that shows files while they are written, and can rename them."""

    protocol = "renaming"
    store: ClassVar[dict] = {}
    pseudo_dirs: ClassVar[list] = [""]
    renamed: ClassVar[list] = []

    def mv(self, path1, path2, **options):
        self.renamed.append((path1, path2))
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        self.store[path2] = self.store.pop(path1)


def test_a_store_that_can_rename_gets_files_under_another_name_first(monkeypatch) -> None:
    fsspec.register_implementation("renaming", RenamingStore, clobber=True)
    monkeypatch.setattr(RenamingStore, "store", {})
    write_records("renaming://data/a.tfrecord")
    fl.io.write_file("renaming://data/b.txt", b"x")
    assert [after for _, after in RenamingStore.renamed] == ["renaming://data/a.tfrecord", "renaming://data/b.txt"]
    assert all(".partial" in before for before, _ in RenamingStore.renamed)
    listed = [name.decode() for name in fl.io.matching_files("renaming://data/*")]
    assert listed == ["renaming://data/a.tfrecord", "renaming://data/b.txt"]
    assert list(fl.TFRecordDataset("renaming://data/a.tfrecord")) == RECORDS


# What goes wrong.


@pytest.mark.parametrize(
    "reads",
    [
        fl.io.read_file,
        fl.TFRecordDataset,
        lambda path: fl.FixedLengthRecordDataset(path, 4),
        fl.TextLineDataset,
        lambda path: fl.CsvDataset(path, ["int32"]),
        tfrecord.build_index,
        lambda path: list(tfrecord.iterate_records(path, "GZIP")),
    ],
)
def test_a_missing_file_is_named_with_the_nearest_that_is_there(reads) -> None:
    write_records("memory://data/train.tfrecord")
    with pytest.raises(fl.errors.MissingFileError, match=r"trian\.tfrecord(.|\n)*Did you mean memory://data/train\.tf"):
        reads("memory://data/trian.tfrecord")
    with pytest.raises(fl.errors.MissingFileError, match=r"there is no file memory://no/such/file"):
        reads("memory://no/such/file")


def test_folders_are_no_files() -> None:
    write_records("memory://data/deep/a.tfrecord")
    with pytest.raises(fl.errors.FileFormatError, match="is a folder"):
        fl.io.read_file("memory://data/deep")
    with pytest.raises(fl.errors.ArgumentError, match="is a folder"):
        len(fl.TFRecordDataset("memory://data/deep"))
    with pytest.raises(fl.errors.ArgumentError, match="is a folder"):
        list(fl.TextLineDataset("memory://data/deep"))


def test_patterns_that_match_nothing() -> None:
    write_records("memory://data/a.tfrecord")
    for make in (fl.TFRecordDataset, fl.Dataset.list_files):
        with pytest.raises(fl.errors.NoFilesError, match=r"data/\*\.png(.|\n)*holds 1 entries: a\.tfrecord"):
            make("memory://data/*.png")
        with pytest.raises(fl.errors.NoFilesError, match="not there"):
            make("memory://nowhere/*.png")
    with pytest.raises(fl.errors.NoFilesError):
        fl.Dataset.list_files("memory://data/[z-a]*")


def test_what_stays_on_this_machine() -> None:
    dataset = fl.Dataset.range(3)
    for keeps in (dataset.save, dataset.cache, dataset.snapshot, fl.Dataset.load):
        with pytest.raises(fl.errors.ArgumentError, match="in a store"):
            keeps("memory://data/kept")
    with pytest.raises(fl.errors.ArgumentError, match="in a store"):
        fl.io.open_npz("memory://data/a.npz")


def said_without(module: str, url: str) -> str:
    program = f"""
import sys
sys.modules[{module!r}] = None
import feedline as fl
for use in (fl.TFRecordDataset, fl.io.read_file, fl.Dataset.list_files, fl.io.TFRecordWriter,
            lambda url: fl.io.write_file(url, b"")):
    try:
        use({url!r})
    except fl.errors.MissingPackageError as error:
        print(error)
"""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("module", "url", "install"),
    [
        ("fsspec", "gs://bucket/a*", "pip install fsspec gcsfs"),
        ("fsspec", "memory://a*", "pip install fsspec"),
        ("gcsfs", "gs://bucket/a*", "pip install gcsfs"),
        ("s3fs", "s3://bucket/a*", "pip install s3fs"),
        ("adlfs", "abfs://bucket/a*", "pip install adlfs"),
        ("paramiko", "sftp://host/a*", "pip install paramiko"),
    ],
)
def test_what_is_missing_is_told_with_what_to_install(module, url, install) -> None:
    said = said_without(module, url)
    assert said.count(install) == 5, said
    assert said.count(f"a file at {url.removesuffix('a*')}") == 5


def test_an_unknown_kind_of_store() -> None:
    with pytest.raises(fl.errors.ArgumentError, match=r"memry://a(.|\n)*Did you mean memory://"):
        fl.io.read_file("memry://a")
    with pytest.raises(fl.errors.ArgumentError, match="available_protocols"):
        fl.TFRecordDataset("qwxyz://a")


def test_files_of_this_machine_do_not_need_fsspec(tmp_path) -> None:
    program = f"""
import sys
sys.modules["fsspec"] = None
import feedline as fl
fl.io.write_file("file://{tmp_path}/a.txt", "hello")
print(fl.io.read_file("file://{tmp_path}/a.txt"), list(fl.TextLineDataset("file://{tmp_path}/*.txt")))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "b'hello' [b'hello']"
    assert Path(tmp_path, "a.txt").read_text() == "hello"


def test_fsspec_is_loaded_only_for_stores(tmp_path) -> None:
    write_records(str(tmp_path / "a.tfrecord"))
    program = (
        f"import sys, feedline as fl; len(fl.TFRecordDataset({str(tmp_path / 'a.tfrecord')!r})); "
        "print('fsspec' in sys.modules)"
    )
    environment = {**os.environ, "FEEDLINE_CACHE": ""}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.strip() == "False"
