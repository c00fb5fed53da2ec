"""Arrays mapped by np.load(mmap_mode="r") stay in their files: nothing is copied or read through the map."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import feedline as fl
from feedline.formats import stored_array as module
from feedline.formats.stored_array import StoredArray, stored_array


@pytest.fixture(params=[16 << 20, 0], ids=["read at once", "row by row"])
def at_once(request, monkeypatch) -> int:
    monkeypatch.setattr(module, "_AT_ONCE_BYTES", request.param)
    return request.param


def mapped(folder: Path, array: np.ndarray, name: str = "x.npy") -> np.memmap:
    np.save(folder / name, array)
    return np.load(folder / name, mmap_mode="r")


def test_the_source_keeps_the_file_and_not_the_values(tmp_path) -> None:
    array = mapped(tmp_path, np.arange(8000 * 1000, dtype=np.float64).reshape(8000, 1000))
    for _ in fl.Dataset.from_tensor_slices(array[:50]).shuffle(50, seed=0).batch(10):
        pass  # what is loaded on first use does not count
    tracemalloc.start()
    try:
        dataset = fl.Dataset.from_tensor_slices({"x": array, "y": np.arange(8000)})
        shuffled = dataset.shuffle(8000, seed=0).batch(10)
        total = sum(len(batch["y"]) for batch in shuffled)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (column,) = (column for column in dataset.node.columns if isinstance(column, StoredArray))
    assert column.path == str(tmp_path / "x.npy")
    assert total == 8000
    assert most < array.nbytes / 3
    assert dataset.node.indexed
    assert "shuffle" in shuffled.explain()
    assert "streamed" not in shuffled.explain()


VIEWS = {
    "all": lambda array: array,
    "rows": lambda array: array[7:31],
    "every third row": lambda array: array[::3],
    "some columns": lambda array: array[:, 2:5],
    "one column": lambda array: array[:, 3],
    "one row": lambda array: array[4:5],
    "a view of a view": lambda array: array[5:][3:20:2],
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<i8", ">u2", "?", "<c8", "<f2"])
def test_values(tmp_path, at_once, view, dtype) -> None:
    plain = np.arange(40 * 6 * 2).reshape(40, 6, 2).astype(dtype)
    array = VIEWS[view](mapped(tmp_path, plain))
    stored = stored_array(array)
    if view != "some columns":
        assert stored is not None
    dataset = fl.Dataset.from_tensor_slices(array)
    want = VIEWS[view](plain).astype(np.dtype(dtype).newbyteorder("="))
    assert dataset.element_spec == fl.TensorSpec(want.shape[1:], want.dtype)
    assert len(dataset) == len(want)
    for epoch in (dataset, dataset.batch(7).unbatch()):
        rows = list(epoch)
        assert all(np.asarray(row).dtype == want.dtype for row in rows)
        np.testing.assert_array_equal(rows, want)
    for index in (0, len(want) - 1, -1):
        np.testing.assert_array_equal(dataset[index], want[index])
    order = np.random.default_rng(1).permutation(len(want))
    if stored is not None:
        np.testing.assert_array_equal(stored.rows(order), want[order])
        np.testing.assert_array_equal(stored.rows(np.array([0, 0])), want[[0, 0]])
        assert stored.rows(order[:0]).shape == (0, *want.shape[1:])


LEFT_ALONE = {
    "Fortran order": lambda folder: mapped(folder, np.asfortranarray(np.arange(60.0).reshape(10, 6))),
    "backwards": lambda folder: mapped(folder, np.arange(60.0).reshape(10, 6))[::-1],
    "transposed": lambda folder: mapped(folder, np.arange(60.0).reshape(10, 6)).T,
    "text": lambda folder: mapped(folder, np.array(["a", "bcd", "ef"])),
    "empty": lambda folder: mapped(folder, np.zeros((4, 0))),
    "repeated": lambda folder: np.broadcast_to(mapped(folder, np.arange(6.0)), (5, 6), subok=True),
}


@pytest.mark.parametrize("kind", LEFT_ALONE)
def test_what_does_not_lie_row_by_row_is_read_through_the_map(tmp_path, kind) -> None:
    array = LEFT_ALONE[kind](tmp_path)
    want = np.array([text.encode() for text in array], object) if kind == "text" else np.array(array)
    got = list(fl.Dataset.from_tensor_slices(array).batch(3).unbatch())
    assert len(got) == len(want)
    for row, expected in zip(got, want, strict=True):
        np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("mode", ["r+", "c"])
def test_what_may_be_written_to_is_read_as_it_is_now(tmp_path, mode) -> None:
    mapped(tmp_path, np.arange(10.0))
    array = np.load(tmp_path / "x.npy", mmap_mode=mode)
    dataset = fl.Dataset.from_tensor_slices(array)
    array[3] = -1
    assert [float(value) for value in dataset][:5] == [0, 1, 2, -1, 4]


def test_a_map_of_a_raw_file(tmp_path, at_once) -> None:
    np.arange(50, dtype=np.int16).tofile(tmp_path / "raw")
    array = np.memmap(tmp_path / "raw", np.int16, "r", offset=4, shape=(12, 4))
    assert stored_array(array).offset == 4
    np.testing.assert_array_equal(list(fl.Dataset.from_tensor_slices(array)), np.arange(2, 50).reshape(12, 4))


def test_offsets_beyond_a_page(tmp_path, at_once) -> None:
    np.arange(300_000, dtype=np.int32).tofile(tmp_path / "raw")
    array = np.memmap(tmp_path / "raw", np.int32, "r", offset=70_000 * 4, shape=(100, 10))[20:30]
    np.testing.assert_array_equal(list(fl.Dataset.from_tensor_slices(array)), np.arange(70_200, 70_300).reshape(10, 10))


def test_a_file_that_is_cut_off_is_an_error_and_not_the_end_of_the_process(tmp_path) -> None:
    program = f"""
import os, numpy as np, feedline as fl
from feedline.formats import stored_array
stored_array._AT_ONCE_BYTES = 0
np.save({str(tmp_path / "x.npy")!r}, np.zeros((5000, 100)))
dataset = fl.Dataset.from_tensor_slices(np.load({str(tmp_path / "x.npy")!r}, mmap_mode="r"))
next(iter(dataset))
os.truncate({str(tmp_path / "x.npy")!r}, 10_000)
try:
    list(dataset.batch(100))
except fl.errors.TruncatedRecordError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "the file changed while it was read: it had 4000128 bytes" in run.stdout
    assert "from_tensor_slices at" in run.stdout


def test_a_file_that_is_written_anew_is_an_error(tmp_path, at_once) -> None:
    dataset = fl.Dataset.from_tensor_slices(mapped(tmp_path, np.zeros((50, 3))))
    (tmp_path / "other").write_bytes((tmp_path / "x.npy").read_bytes())
    os.utime(tmp_path / "other", ns=(1, 1))
    os.replace(tmp_path / "other", tmp_path / "x.npy")
    with pytest.raises(fl.errors.CorruptRecordError, match="changed"):
        next(iter(dataset))


def test_a_file_that_is_deleted_before_is_read_through_the_map(tmp_path) -> None:
    array = mapped(tmp_path, np.arange(30.0).reshape(10, 3))
    (tmp_path / "x.npy").unlink()
    np.testing.assert_array_equal(list(fl.Dataset.from_tensor_slices(array)), np.arange(30.0).reshape(10, 3))


def test_it_is_pickled_by_its_file(tmp_path, at_once) -> None:
    array = mapped(tmp_path, np.random.default_rng(0).random((5000, 64)))
    dataset = fl.Dataset.from_tensor_slices((array, array[:, 0])).batch(16)
    next(iter(dataset))  # what is kept while reading does not travel
    data = pickle.dumps(dataset)
    assert len(data) < 4000
    program = "import sys, pickle; print(sum(float(x.sum()) for x, _ in pickle.loads(sys.stdin.buffer.read())))"
    run = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    assert float(run.stdout) == pytest.approx(float(np.sum(array)))


def test_a_state_tells_data_in_files_apart_by_few_rows(tmp_path, monkeypatch) -> None:
    first = mapped(tmp_path, np.arange(5000.0).reshape(500, 10))
    other = mapped(tmp_path, np.arange(5000.0).reshape(500, 10) + 1, "other.npy")
    read = []
    rows = StoredArray.rows

    def build(array: np.ndarray):
        return iter(fl.Dataset.from_tensor_slices(array).shuffle(500, seed=1).batch(9))

    iterator = build(first)
    for _ in range(3):
        next(iterator)
    monkeypatch.setattr(StoredArray, "rows", lambda self, at: (read.append(len(at)), rows(self, at))[1])
    state = iterator.state_dict()
    assert 0 < max(read) < 500
    monkeypatch.undo()
    (tmp_path / "x.npy").rename(tmp_path / "moved.npy")
    again = build(np.load(tmp_path / "moved.npy", mmap_mode="r"))
    again.load_state_dict(state)
    np.testing.assert_array_equal(next(again), next(iterator))
    for different in (other, first[:499], first[:, :9]):
        with pytest.raises(fl.errors.StateError):
            build(different).load_state_dict(state)


def test_maps_and_threads(tmp_path, at_once) -> None:
    array = mapped(tmp_path, np.arange(2000 * 50, dtype=np.float32).reshape(2000, 50))
    dataset = fl.Dataset.from_tensor_slices(array).shuffle(2000, seed=2)
    doubled = dataset.map(lambda row: row * 2, num_parallel_calls=4).batch(64).prefetch(3)
    got = np.concatenate(list(doubled))
    np.testing.assert_array_equal(np.sort(got[:, 0]), array[:, 0] * 2)
    np.testing.assert_array_equal(got, np.concatenate(list(fl.Dataset.from_tensor_slices(np.array(array))
        .shuffle(2000, seed=2).map(lambda row: row * 2).batch(64))))  # fmt: skip


def test_rows_that_were_given_may_be_changed(tmp_path, at_once) -> None:
    dataset = fl.Dataset.from_tensor_slices(mapped(tmp_path, np.arange(30.0).reshape(10, 3))).batch(4)
    for _ in range(2):
        for batch in dataset:
            batch[...] = -1
    np.testing.assert_array_equal(np.concatenate(list(dataset)), np.arange(30.0).reshape(10, 3))
