"""Tables that a function refers to are copied as they lie, so that sums of them are the same bits."""

from __future__ import annotations

import numpy as np
import pytest

import feedline as fl
from feedline.plan import vectorise
from feedline.plan.constant_arrays import copy_as_it_lies

TABLE = np.random.default_rng(0).normal(size=(40, 31)).astype(np.float32)
ARRAYS = {
    "C": TABLE,
    "Fortran": np.asfortranarray(TABLE),
    "transposed": TABLE.T,
    "with gaps": TABLE[:, ::3],
    "backwards": TABLE[::-1, ::-2],
    "repeated": np.broadcast_to(TABLE[0], (9, 31)),
    "no values": TABLE[:0],
    "one": np.float32(3)[None],
    "fields": np.zeros(5, [("a", "u1"), ("b", "f4")])["b"],
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_copy_has_the_values_and_the_strides(name: str) -> None:
    array = ARRAYS[name]
    copy = copy_as_it_lies(array, 1 << 20)
    assert copy is not None
    assert copy.tobytes() == array.tobytes()
    assert not np.shares_memory(copy, array)
    assert array.size < 2 or copy.strides == array.strides


def test_what_is_spread_too_far_is_not_copied() -> None:
    assert copy_as_it_lies(np.zeros((1000, 1000))[::500, ::500], 1 << 20) is None


@pytest.mark.parametrize("name", ["Fortran", "transposed", "with gaps", "backwards"])
def test_sums_of_tables_are_those_of_single_elements(name: str, monkeypatch) -> None:
    table = ARRAYS[name]
    scales = np.ones(800, np.float32)
    scales[600:] = np.random.default_rng(1).normal(size=200)
    scales[:600] = 0
    dataset = fl.Dataset.from_tensor_slices(scales)
    dataset = dataset.map(lambda scale: (np.sum(scale * table), np.mean(table * scale), np.sum(table) * scale))
    dataset = dataset.batch(50)
    on_blocks = [[part.tobytes() for part in batch] for batch in dataset]
    monkeypatch.setattr(vectorise, "LEAST_ROWS", 1 << 40)
    assert on_blocks == [[part.tobytes() for part in batch] for batch in dataset]
