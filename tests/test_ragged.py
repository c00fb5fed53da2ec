import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, ShapeError, StructureError

rows_of_numbers = st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=5)
two_levels = st.lists(rows_of_numbers, min_size=1, max_size=4)


def ragged(rows: list[list[int]]) -> fl.RaggedTensor:
    return fl.RaggedTensor.from_rows([np.array(row, np.int64) for row in rows])


def twice_ragged(tables: list[list[list[int]]]) -> fl.RaggedTensor:
    return fl.RaggedTensor.from_rows([ragged(table) for table in tables])


@given(rows_of_numbers)
def test_rows_come_back_as_they_went_in(rows) -> None:
    tensor = ragged(rows)
    assert tensor.to_list() == rows
    assert [row.tolist() for row in tensor] == rows
    assert len(tensor) == len(rows)
    assert tensor.row_lengths().tolist() == [len(row) for row in rows]
    assert tensor.shape == (len(rows), None)
    assert tensor.ragged_rank == 1
    again = fl.RaggedTensor.from_row_lengths(tensor.values, tensor.row_lengths())
    assert again.to_list() == rows


@given(two_levels)
def test_two_ragged_dimensions(tables) -> None:
    tensor = twice_ragged(tables)
    assert tensor.to_list() == tables
    assert tensor.ragged_rank == 2
    assert tensor.shape == (len(tables), None, None)
    assert tensor.flat_values.tolist() == [number for table in tables for row in table for number in row]
    assert [len(splits) for splits in tensor.nested_row_splits] == [len(tables) + 1, sum(map(len, tables)) + 1]


@given(rows_of_numbers, st.integers(-7, 7), st.integers(-7, 7), st.sampled_from([None, 1, 2, -1, -3]))
def test_slices_are_those_of_a_list(rows, start, stop, step) -> None:
    assert ragged(rows)[start:stop:step].to_list() == rows[start:stop:step]


@given(rows_of_numbers)
def test_rows_by_number_are_those_of_a_list(rows) -> None:
    tensor = ragged(rows)
    for index in range(-len(rows), len(rows)):
        assert tensor[index].tolist() == rows[index]
    for index in (len(rows), -len(rows) - 1):
        with pytest.raises(IndexError, match=f"{len(rows)} rows"):
            tensor[index]


@settings(deadline=None, max_examples=50)
@given(two_levels, st.booleans(), st.sampled_from([None, 3]), st.sampled_from([None, 2]), st.sampled_from([None, -5]))
def test_dense_arrays_are_tensorflows(tables, deep, first, last, default) -> None:
    tf = pytest.importorskip("tensorflow")
    values = tables if deep else tables[0]
    tensor = twice_ragged(tables) if deep else ragged(tables[0])
    shape = None if first is None and last is None else (first, *[None] * deep, last)
    wanted = tf.ragged.constant(values, tf.int64, ragged_rank=1 + deep).to_tensor(default, shape=shape).numpy()
    got = tensor.to_tensor(default, shape)
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(got, wanted)


def test_rows_of_more_dimensions_stay_dense_within() -> None:
    tensor = fl.RaggedTensor.from_rows([np.ones((2, 3), np.float32), np.zeros((0, 3), np.float32)])
    assert tensor.shape == (2, None, 3)
    assert tensor.to_tensor(9).tolist() == [[[1, 1, 1], [1, 1, 1]], [[9, 9, 9], [9, 9, 9]]]
    with pytest.raises(ShapeError, match="more than their length"):
        fl.RaggedTensor.from_rows([np.ones((2, 3)), np.ones((2, 4))])


def test_strings_are_filled_up_with_empty_ones() -> None:
    tensor = fl.RaggedTensor(np.array([b"a", b"b\x00", b"c"], object), [0, 2, 3])
    assert tensor.to_tensor().tolist() == [[b"a", b"b\x00"], [b"c", b""]]


def test_numpy_is_dense_where_the_rows_have_one_length() -> None:
    assert ragged([[1, 2], [3, 4]]).numpy().tolist() == [[1, 2], [3, 4]]
    mixed = ragged([[1, 2], [3]]).numpy()
    assert mixed.dtype == object
    assert [row.tolist() for row in mixed] == [[1, 2], [3]]


def test_without_rows_it_is_empty() -> None:
    tensor = fl.RaggedTensor(np.zeros(0, np.int32), [0])
    assert len(tensor) == 0
    assert tensor.to_list() == []
    assert tensor.to_tensor().shape == (0, 0)
    assert len(fl.RaggedTensor.from_rows([])) == 0


@pytest.mark.parametrize("splits", [[], [1, 3], [0, 2], [0, 4, 3], [0, 4], [[0, 3]], [0, -1, 3]])
def test_row_splits_that_do_not_rise_to_the_number_of_values_are_refused(splits) -> None:
    with pytest.raises(ArgumentError, match="row_splits"):
        fl.RaggedTensor(np.arange(3), np.array(splits, np.int64))


def test_it_is_printed_with_its_rows() -> None:
    assert repr(ragged([[1], []])) == "RaggedTensor([[1], []], dtype=int64)"


@settings(deadline=None)
@given(two_levels, st.booleans(), st.sampled_from([None, -5]), st.sampled_from([None, 3]))
def test_padded_values_and_where_they_are(tables, deep, default, last) -> None:
    tensor = twice_ragged(tables) if deep else ragged(tables[0])
    shape = None if last is None else (None, *[None] * deep, last)
    dense, mask = tensor.to_padded(default, shape)
    np.testing.assert_array_equal(dense, tensor.to_tensor(default, shape))
    assert mask.dtype == np.bool_
    assert mask.shape == dense.shape
    assert dense[mask].tolist() == [
        number for table in (tables if deep else [tables[0]]) for row in table for number in row[:last]
    ]
    assert (dense[~mask] == (default or 0)).all()


def test_the_mask_has_no_more_dimensions_than_are_ragged() -> None:
    dense, mask = fl.RaggedTensor.from_rows([np.ones((2, 3)), np.ones((1, 3))]).to_padded(shape=(None, 4, None))
    assert dense.shape == (2, 4, 3)
    assert mask.tolist() == [[True, True, False, False], [True, False, False, False]]


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
def test_nested_tensors_of_pytorch_share_the_values(dtype) -> None:
    torch = pytest.importorskip("torch")
    tensor = fl.RaggedTensor(np.array([1, 0, 1, 1]).astype(dtype), [0, 2, 2, 4])
    nested = tensor.to_torch()
    assert nested.is_nested
    assert nested.layout is torch.jagged
    assert [row.tolist() for row in nested.unbind()] == tensor.to_list()
    assert nested.values().data_ptr() == tensor.values.ctypes.data
    assert [row.tolist() for row in tensor.to_torch("cpu").unbind()] == tensor.to_list()


def test_nested_tensors_without_rows_and_without_values() -> None:
    pytest.importorskip("torch")
    assert fl.RaggedTensor(np.zeros(0, np.float32), [0]).to_torch().size(0) == 0
    assert [row.tolist() for row in fl.RaggedTensor(np.zeros(0), [0, 0, 0]).to_torch().unbind()] == [[], []]
    rows = fl.RaggedTensor.from_rows([np.ones((2, 3)), np.ones((1, 3))]).to_torch()
    assert [row.shape for row in rows.unbind()] == [(2, 3), (1, 3)]


def test_nested_tensors_that_pytorch_does_not_have() -> None:
    pytest.importorskip("torch")
    with pytest.raises(StructureError, match=r"2 ragged dimensions(.|\n)*to_padded"):
        twice_ragged([[[1], [2, 3]], [[4]]]).to_torch()
    with pytest.raises(DtypeError, match="strings"):
        fl.RaggedTensor(np.array([b"a"], object), [0, 1]).to_torch()


def test_arrays_of_jax() -> None:
    jax = pytest.importorskip("jax")
    values, splits = ragged([[1, 2], [], [3]]).to_jax()
    assert isinstance(values, jax.Array)
    assert (values.tolist(), splits.tolist()) == ([1, 2, 3], [0, 2, 2, 3])
    (values, inner), outer = twice_ragged([[[1], [2, 3]], [[4]]]).to_jax(jax.devices("cpu")[0])
    assert (values.tolist(), inner.tolist(), outer.tolist()) == ([1, 2, 3, 4], [0, 1, 3, 4], [0, 2, 3])
    with pytest.raises(DtypeError, match="strings"):
        fl.RaggedTensor(np.array([b"a"], object), [0, 1]).to_jax()
    with pytest.raises(DtypeError, match="1099511627776"):
        ragged([[1 << 40]]).to_jax()
