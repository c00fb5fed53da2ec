"""Ragged and sparse batches as arrays; what models make of them is checked in backend/composites.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("keras")

import feedline as fl
from feedline.errors import ArgumentError, DtypeError, ShapeError, StructureError
from feedline.keras import Pad
from feedline.structure import component_shape, map_structure, spec_of

lengths = st.lists(st.integers(0, 4), min_size=1, max_size=6)


def rows_of(counts, dtype="int64", *inner):
    return [np.arange(1, 1 + count * int(np.prod(inner))).reshape(count, *inner).astype(dtype) for count in counts]


def dataset(*parts, size=4):
    """The dataset of these parts in batches, ragged where they are lists of rows."""
    columns = map_lists(fl.RaggedTensor.from_rows, parts if len(parts) > 1 else parts[0])
    return fl.Dataset.from_tensor_slices(columns).batch(size)


def map_lists(function, part):
    if isinstance(part, tuple):
        return tuple(map_lists(function, each) for each in part)
    if isinstance(part, dict):
        return {name: map_lists(function, each) for name, each in part.items()}
    return function(part) if isinstance(part, list) else part


def given_to_keras(data, **arguments):
    adapter = data.to_keras(**arguments)
    return adapter.spec, list(adapter.get_numpy_iterator())


def fits(spec, batch):
    assert isinstance(spec, fl.TensorSpec)
    assert spec.dtype == batch.dtype
    assert fl.spec.shape_allows(spec.shape, batch.shape)
    return True


@settings(deadline=None, max_examples=60)
@given(lengths, st.sampled_from([1, 2, 5]), st.sampled_from([0, -1, 7]))
def test_batches_are_as_long_as_their_longest_row(counts, multiple_of, value) -> None:
    spec, batches = given_to_keras(dataset(rows_of(counts, "int16", 2)), ragged=Pad(value, multiple_of))
    plain = list(dataset(rows_of(counts, "int16", 2)))
    for batch, rows in zip(batches, plain, strict=True):
        assert fits(spec, batch)
        longest = max(1, *(len(row) for row in rows), 0)
        assert batch.shape == (len(rows), -(-longest // multiple_of) * multiple_of, 2)
        for got, row in zip(batch, rows, strict=True):
            assert np.array_equal(got[: len(row)], row)
            assert (got[len(row) :] == value).all()


@settings(deadline=None, max_examples=40)
@given(lengths, st.booleans(), st.sampled_from([(), (3,)]))
def test_labels_that_are_filled_up_weigh_nothing(counts, weighted, inner) -> None:
    labels = rows_of(counts, "float32", *inner)
    parts = [labels] if not weighted else [labels, rows_of(counts, "float32")]
    data = dataset(np.arange(len(counts)), *parts)
    spec, batches = given_to_keras(data, ragged=Pad(value=9))
    for (x, y, weight), (x_before, y_before, *weight_before) in zip(batches, data, strict=True):
        assert all(map(fits, spec, (x, y, weight)))
        assert np.array_equal(x, x_before)
        assert y.shape[-1] == (inner or (1,))[0]
        there = np.arange(y.shape[1]) < y_before.row_lengths()[:, None]
        assert (y[~there] == 0).all()
        assert np.array_equal(y[there].reshape(-1), y_before.values.reshape(-1))
        assert (weight[~there] == 0).all()
        assert np.array_equal(weight[there], weight_before[0].values if weighted else np.ones(there.sum()))


def test_several_labels_of_which_one_is_ragged() -> None:
    tags = rows_of([2, 1], "int32")
    data = dataset(np.arange(2), {"tags": tags, "kind": np.array([5, 6])})
    _, ((_, y, weight),) = given_to_keras(data, ragged="pad")
    assert y["tags"].tolist() == [[[1], [2]], [[1], [0]]]
    assert weight["tags"].tolist() == [[1, 1], [1, 0]]
    assert y["kind"].tolist() == [5, 6]
    assert weight["kind"].tolist() == [1, 1]
    weights = {"tags": np.array([0.5, 2.0]), "kind": np.array([3.0, 4.0])}
    _, ((_, _, weight),) = given_to_keras(
        dataset(np.arange(2), {"tags": tags, "kind": np.array([5, 6])}, weights), ragged="pad"
    )
    assert weight["tags"].tolist() == [[0.5, 0.5], [2.0, 0.0]]
    assert weight["kind"].tolist() == [3, 4]
    one = dataset(np.arange(2), {"tags": tags, "kind": np.array([5, 6])}, np.ones(2))
    with pytest.raises(StructureError, match="another structure than y"):
        one.to_keras(ragged="pad")


def test_two_ragged_dimensions() -> None:
    tables = fl.RaggedTensor.from_rows([fl.RaggedTensor(np.arange(1, 4), [0, 1, 3]), fl.RaggedTensor([9], [0, 1])])
    data = fl.Dataset.from_tensors((tables, tables))
    spec, ((x, y, weight),) = given_to_keras(data, ragged=Pad(-1))
    assert x.tolist() == [[[1, -1], [2, 3]], [[9, -1], [-1, -1]]]
    assert y.shape == (2, 2, 2, 1)
    assert weight.tolist() == [[[1, 0], [1, 1]], [[1, 0], [0, 0]]]
    assert all(map(fits, spec, (x, y, weight)))


def test_sparse_components_are_dense_where_it_is_asked_for() -> None:
    dense = np.diag([1.0, 2.0, 3.0])
    data = fl.Dataset.from_tensor_slices(dense).sparse_batch(2, [3]).map(lambda x: (x, x))
    spec, batches = given_to_keras(data, sparse="dense")
    assert np.concatenate([x for x, _ in batches]).tolist() == dense.tolist()
    assert np.concatenate([y for _, y in batches]).tolist() == dense.tolist()
    assert all(map(fits, spec, batches[0]))


def test_what_is_dense_stays_as_it_is() -> None:
    data = fl.Dataset.from_tensor_slices({"a": np.arange(4), "b": np.ones((4, 2))}).batch(2)
    plain, asked = data.to_keras(), data.to_keras(ragged="pad", sparse="dense")
    assert asked.spec == plain.spec == data.element_spec
    for one, other in zip(plain.get_numpy_iterator(), asked.get_numpy_iterator(), strict=True):
        assert map_structure(component_shape, one) == map_structure(component_shape, other)
        assert map_structure(spec_of, one) == map_structure(spec_of, other)


def test_strings_are_filled_up_with_empty_ones() -> None:
    texts = fl.Dataset.from_tensors(fl.RaggedTensor(np.array([b"a", b"b", b"c"], object), [0, 2, 3]))
    _, (batch,) = given_to_keras(texts, ragged="pad", strings=True)
    assert batch.tolist() == [[b"a", b"b"], [b"c", b""]]


@pytest.mark.parametrize(("value", "dtype"), [(0.5, "int32"), (-1, "uint8"), (300, "uint8"), ("a", "int8"), (1j, "f4")])
def test_values_that_inputs_cannot_hold(value, dtype) -> None:
    with pytest.raises(DtypeError, match="x is to be filled up with"):
        dataset(rows_of([1, 2], dtype)).to_keras(ragged=Pad(value))


def test_a_value_need_not_be_one_of_the_labels() -> None:
    _, ((x, y, _),) = given_to_keras(dataset(rows_of([1, 2], "float32"), rows_of([2, 1], "uint8")), ragged=Pad(-1.5))
    assert x[0].tolist() == [1, -1.5]
    assert y[1].tolist() == [[1], [0]]


@pytest.mark.parametrize("multiple_of", [0, -1, 1.5, True, "8", None])
def test_multiples(multiple_of) -> None:
    with pytest.raises(ArgumentError, match="multiple_of"):
        Pad(multiple_of=multiple_of)


@pytest.mark.parametrize("arguments", [{"ragged": True}, {"ragged": "dense"}, {"sparse": True}, {"sparse": "pad"}])
def test_arguments_that_are_nothing(arguments) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(arguments))} is"):
        dataset(rows_of([1, 2])).to_keras(**arguments)


def test_weights_that_do_not_go_with_ragged_labels() -> None:
    labels = rows_of([1, 2], "float32")
    with pytest.raises(StructureError, match="one for each row, or ragged"):
        dataset(np.arange(2), labels, np.ones((2, 3))).to_keras(ragged="pad")
    uneven = dataset(np.arange(2), labels, rows_of([2, 1], "float32")).to_keras(ragged="pad")
    with pytest.raises(ShapeError, match="other lengths than y"):
        next(uneven.get_numpy_iterator())


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 70), st.integers(2, 6))
def test_sparse_batches_for_jax_come_in_few_sizes(count, columns) -> None:
    pytest.importorskip("jax")
    table = np.zeros((20, columns), np.float32)
    table.reshape(-1)[: min(count, table.size)] = np.arange(1, 1 + min(count, table.size))
    places = np.argwhere(table)
    tensor = fl.SparseTensor(places, table[tuple(places.T)], table.shape)
    adapter = fl.Dataset.from_tensors(tensor).to_keras()
    (batch,) = adapter.get_jax_iterator()
    assert batch.nse in (16, 32, 64, 128)
    assert batch.nse < 2 * max(16, len(places))
    assert np.array_equal(np.asarray(batch.todense()), table)
