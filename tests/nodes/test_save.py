"""save and load: every structure and dtype comes back as it was. More stands in tests/dataset/test_storage.py."""

import collections
import dataclasses
from typing import Any

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "b a")


@dataclasses.dataclass
class Record:
    image: Any
    label: Any


ELEMENTS = {
    "numbers": lambda: fl.Dataset.range(5),
    "rows": lambda: fl.Dataset.from_tensor_slices(np.arange(12, dtype=np.float32).reshape(4, 3)),
    "text": lambda: fl.Dataset.from_tensor_slices(["a", "", "b\x00", "é"]),
    "rows of text": lambda: fl.Dataset.from_tensor_slices([["a", "b"], ["", "c"]]),
    "tuples": lambda: fl.Dataset.from_tensor_slices(([1, 2], ([3.5, 4.5], ["x", "y"]))),
    "dicts": lambda: fl.Dataset.from_tensor_slices({"b": [1, 2], "a": {"c": [True, False]}}),
    "None": lambda: fl.Dataset.from_tensor_slices(([1, 2], None)),
    "lengths that differ": lambda: fl.Dataset.range(4).map(lambda n: np.arange(n)),
    "ragged": lambda: fl.Dataset.from_tensors(fl.RaggedTensor(np.arange(3), [0, 1, 3])),
    "batches": lambda: fl.Dataset.range(7).batch(3),
    "nothing": lambda: fl.Dataset.range(0),
    "a stream": lambda: fl.Dataset.range(9).filter(lambda n: n % 2 == 0),
    "scalars": lambda: fl.Dataset.from_tensors((np.uint8(3), np.float16(1.5), np.complex64(1j), b"a")),
}


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_elements_come_back_as_they_were(name, compression, tmp_path, listed) -> None:
    dataset = ELEMENTS[name]()
    dataset.save(str(tmp_path / "saved"), compression=compression)
    loaded = fl.Dataset.load(str(tmp_path / "saved"))
    assert listed(loaded) == listed(dataset)
    assert loaded.element_spec == dataset.element_spec or name == "lengths that differ"
    if compression is None:
        assert len(loaded) == len(listed(dataset))


def test_classes_of_the_users_own(tmp_path) -> None:
    path = str(tmp_path / "saved")
    for dataset in (
        fl.Dataset.from_tensor_slices(Pair([1, 2], [3, 4])),
        fl.Dataset.from_tensor_slices(Record([1, 2], [3, 4])),
    ):
        dataset.save(path)
        loaded = list(fl.Dataset.load(path, element_spec=dataset.element_spec))
        assert [type(element) for element in loaded] == [type(element) for element in dataset]
        assert loaded == list(dataset)


def test_shard_functions(tmp_path) -> None:
    path = str(tmp_path / "saved")
    fl.Dataset.range(7).save(path, shard_func=lambda n: n % 3)
    assert [int(n) for n in fl.Dataset.load(path)] == list(range(7))
    for function, error, text in (
        (lambda n: n * 0.5, fl.errors.DtypeError, "whole number"),
        (lambda a, b: a, fl.errors.FeedlineError, "argument"),
        (lambda n: 1 // 0, fl.errors.UserFunctionError, "ZeroDivision"),
        (3, fl.errors.ArgumentError, "cannot be called"),
    ):
        with pytest.raises(error, match=text):
            fl.Dataset.range(7).save(path, shard_func=function)
    assert [int(n) for n in fl.Dataset.load(path)] == list(range(7))


@pytest.mark.parametrize("compression", ["SNAPPY", "ZIP", 3])
def test_bad_compressions(compression, tmp_path) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="compression"):
        fl.Dataset.range(3).save(str(tmp_path / "saved"), compression=compression)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_saved(tmp_path) -> None:
    with pytest.raises(fl.errors.InfiniteDatasetError, match="never end") as caught:
        fl.Dataset.range(3).repeat().save(str(tmp_path / "saved"))
    assert "save() at" in str(caught.value)
    with pytest.raises(fl.errors.FeedlineError):
        fl.Dataset.range(4).window(2).save(str(tmp_path / "saved"))
    assert not list(tmp_path.iterdir())
