from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

import feedline as fl

ARRAYS = {
    "x_train": np.arange(60, dtype=np.float32).reshape(20, 3),
    "y_train": np.arange(20),
    "fortran": np.asfortranarray(np.arange(12).reshape(4, 3)),
    "big": np.arange(5, dtype=">i4"),
    "empty": np.zeros((0, 3)),
    "scalar": np.array(2.5),
    "text": np.array(["a", "bé"]),
}


@pytest.fixture(params=[np.savez, np.savez_compressed], ids=["plain", "compressed"])
def path(request, tmp_path):
    request.param(tmp_path / "a.npz", **ARRAYS)
    return tmp_path / "a.npz"


def test_every_array_comes_as_numpy_reads_it(path) -> None:
    opened = fl.io.open_npz(path)
    with np.load(path) as theirs:
        assert list(opened) == list(theirs)
        for name in theirs:
            want = np.array([b"a", "bé".encode()], object) if name == "text" and opened[name].dtype == object else None
            np.testing.assert_array_equal(opened[name], theirs[name] if want is None else want)


def test_what_is_stored_plain_stays_in_the_file(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", **ARRAYS)
    opened = fl.io.open_npz(str(tmp_path / "a.npz"))
    assert isinstance(opened["x_train"], np.memmap)
    assert isinstance(opened["fortran"], np.memmap)
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)
    assert not any(isinstance(array, np.memmap) for array in fl.io.open_npz(tmp_path / "a.npz").values())


def test_datasets_of_some_of_its_arrays(path) -> None:
    digits = fl.io.open_npz(path)
    dataset = fl.Dataset.from_tensor_slices((digits["x_train"], digits["y_train"])).shuffle(20, seed=0).batch(6)
    assert len(dataset) == 4
    for x, y in dataset:
        np.testing.assert_array_equal(x, ARRAYS["x_train"][y])
    for name in ("fortran", "big", "empty"):
        np.testing.assert_array_equal(list(fl.Dataset.from_tensor_slices(digits[name])), ARRAYS[name].tolist())
    assert list(fl.Dataset.from_tensor_slices(digits["text"])) == [b"a", "bé".encode()]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_has_opened_is_a_dict_of_its_arrays(tmp_path, save) -> None:
    save(tmp_path / "a.npz", x=ARRAYS["x_train"], y=ARRAYS["y_train"])
    with np.load(tmp_path / "a.npz") as opened:
        dataset = fl.Dataset.from_tensor_slices(opened).batch(20)
        label, both = fl.Dataset.from_tensor_slices((np.arange(20), opened)).batch(20).get_single_element()
    batch = dataset.get_single_element()
    assert list(batch) == ["x", "y"]
    np.testing.assert_array_equal(batch["x"], ARRAYS["x_train"])
    np.testing.assert_array_equal(both["y"], label)
    with pytest.raises(fl.errors.ArgumentError, match=r"closed(.|\n)*open_npz"):
        fl.Dataset.from_tensor_slices(opened)


def test_what_is_only_in_memory(tmp_path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.arange(3))
    buffer.seek(0)
    assert [int(row["x"]) for row in fl.Dataset.from_tensor_slices(np.load(buffer))] == [0, 1, 2]


def test_arrays_of_different_lengths_are_named(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x_train=np.zeros(3), x_test=np.zeros(2))
    with pytest.raises(fl.errors.UnequalLengthsError, match="x_test"):
        fl.Dataset.from_tensor_slices(np.load(tmp_path / "a.npz"))


def test_files_that_are_none(tmp_path) -> None:
    with pytest.raises(fl.errors.MissingFileError, match=r"a\.npz"):
        fl.io.open_npz(tmp_path / "a.npz")
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(fl.errors.FileFormatError, match=r"not an \.npz file(.|\n)*np\.load"):
        fl.io.open_npz(tmp_path / "a.npy")
    np.savez(tmp_path / "a.npz", x=np.array([{}, []], object))
    with pytest.raises(fl.errors.TensorDecodeError, match=r"pickled(.|\n)*x\.npy in"):
        fl.io.open_npz(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(fl.errors.TensorDecodeError, match=r"notes\.txt in"):
        fl.io.open_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_is_an_error_or_gives_the_values(tmp_path, save) -> None:
    save(tmp_path / "a.npz", x=np.arange(300), y=np.ones((4, 5)))
    whole = (tmp_path / "a.npz").read_bytes()
    rng = np.random.default_rng(0)
    found = 0
    for number in range(300):
        damaged = bytearray(whole)
        if number % 3:
            damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        else:
            del damaged[rng.integers(len(whole)) :]
        (tmp_path / "b.npz").write_bytes(damaged)
        try:
            for array in fl.io.open_npz(tmp_path / "b.npz").values():
                np.array(array)
        except fl.errors.FileFormatError:
            found += 1
    assert found > 100
