import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import feedline as fl
from feedline.errors import DtypeError, ShapeError

tables = hnp.arrays(np.int64, hnp.array_shapes(max_dims=3, max_side=4, min_side=0), elements=st.integers(-1, 1))


def sparse(table: np.ndarray) -> fl.SparseTensor:
    places = np.argwhere(table)
    return fl.SparseTensor(places, table[tuple(places.T)], table.shape)


@given(tables)
def test_the_dense_array_comes_back(table) -> None:
    tensor = sparse(table)
    assert tensor.shape == table.shape
    assert tensor.dtype == table.dtype
    np.testing.assert_array_equal(tensor.to_dense(), table)
    np.testing.assert_array_equal(tensor.to_dense(7), np.where(table == 0, 7, table))


@given(
    st.lists(
        hnp.arrays(np.int64, st.tuples(st.integers(0, 3), st.integers(0, 3)), elements=st.integers(-1, 1)),
        min_size=1,
        max_size=4,
    )
)
def test_a_stack_is_as_wide_as_its_widest_row(rows) -> None:
    stacked = fl.SparseTensor.stack([sparse(row) for row in rows])
    shape = np.max([row.shape for row in rows], axis=0)
    assert stacked.shape == (len(rows), *shape)
    for dense, row in zip(stacked.to_dense(), rows, strict=True):
        wanted = np.zeros(shape, np.int64)
        wanted[: row.shape[0], : row.shape[1]] = row
        np.testing.assert_array_equal(dense, wanted)
    in_order = stacked.indices.tolist()
    assert in_order == sorted(in_order)


def test_rows_of_different_ranks_are_not_stacked() -> None:
    with pytest.raises(ShapeError, match="ranks"):
        fl.SparseTensor.stack([sparse(np.ones(2)), sparse(np.ones((2, 2)))])


def test_strings_are_empty_where_there_is_no_value() -> None:
    tensor = fl.SparseTensor([[1]], np.array([b"x\x00"], object), [3])
    assert tensor.to_dense().tolist() == [b"", b"x\x00", b""]


def test_a_batch_of_rows_of_several_lengths_is_as_long_as_the_longest_as_tensorflow_joins_them() -> None:
    tf = pytest.importorskip("tensorflow")
    rows = [np.array([0, 5, 0]), np.array([1, 0]), np.array([], np.int64)]
    signature = fl.SparseTensorSpec([None], "int64")
    (ours,) = fl.Dataset.from_generator(lambda: map(sparse, rows), output_signature=signature).batch(3)
    parts = [tf.sparse.from_dense(tf.constant(row[None], tf.int64)) for row in rows]
    theirs = tf.sparse.concat(0, parts, expand_nonconcat_dims=True)
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_array_equal(ours.indices, theirs.indices.numpy())
    np.testing.assert_array_equal(ours.values, theirs.values.numpy())


def test_it_is_printed_with_its_size() -> None:
    assert repr(sparse(np.eye(2, dtype=np.int64))) == "SparseTensor(2 values, dense_shape=(2, 2), dtype=int64)"


@settings(deadline=None)
@given(tables)
def test_sparse_tensors_of_pytorch(table) -> None:
    pytest.importorskip("torch")
    tensor = sparse(table).to_torch()
    assert tensor.is_sparse
    assert tuple(tensor.shape) == table.shape
    np.testing.assert_array_equal(tensor.to_dense().numpy(), table)


@settings(deadline=None, max_examples=20)
@given(tables)
def test_sparse_arrays_of_jax(table) -> None:
    pytest.importorskip("jax")
    array = sparse(table).to_jax()
    assert array.shape == table.shape
    assert array.nse == (table != 0).sum()
    np.testing.assert_array_equal(np.asarray(array.todense()), table)


def test_strings_are_nothing_for_frameworks() -> None:
    tensor = fl.SparseTensor([[1]], np.array([b"x"], object), [3])
    for package, convert in (("torch", tensor.to_torch), ("jax", tensor.to_jax)):
        pytest.importorskip(package)
        with pytest.raises(DtypeError, match="strings"):
            convert()


@pytest.mark.parametrize("place", [[0, 3], [2, 0], [-1, 0]])
def test_values_outside_of_the_shape_are_not_given_to_pytorch(place) -> None:
    pytest.importorskip("torch")
    with pytest.raises(ShapeError, match="has a value at"):
        fl.SparseTensor([place], [1], [2, 3]).to_torch()


@given(tables.filter(lambda table: table.ndim and len(table)))
def test_the_first_rows(table) -> None:
    for rows in range(len(table) + 1):
        np.testing.assert_array_equal(sparse(table).head(rows).to_dense(), table[:rows])
