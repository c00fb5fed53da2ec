import numpy as np
import pytest

import feedline as fl


def rows(*lengths):
    return fl.Dataset.from_tensor_slices([np.arange(1, length + 1) for length in lengths])


def test_pads_to_the_longest_of_each_batch() -> None:
    assert [batch.tolist() for batch in rows(1, 3, 2).padded_batch(2)] == [[[1, 0, 0], [1, 2, 3]], [[1, 2]]]
    assert [batch.shape for batch in rows(1, 3, 2).padded_batch(2, drop_remainder=True)] == [(2, 3)]
    assert [batch.shape for batch in rows(0, 0).padded_batch(2)] == [(2, 0)]


def test_in_any_order_each_batch_is_padded_by_itself() -> None:
    dataset = rows(1, 2, 3, 4, 5).padded_batch(2)
    for batch in dataset.shuffle(3, seed=1).repeat(4):
        assert batch.shape in ((2, 2), (2, 4), (1, 5))
    assert sorted(batch.shape for batch in dataset.repeat(2)) == [(1, 5)] * 2 + [(2, 2)] * 2 + [(2, 4)] * 2


def test_shapes_and_values() -> None:
    assert rows(1, 2).padded_batch(2, [3], -1).get_single_element().tolist() == [[1, -1, -1], [1, 2, -1]]
    assert rows(1, 2).padded_batch(2, padded_shapes=(None,)).get_single_element().shape == (2, 2)
    named = rows(1, 2).map(lambda row: {"row": row, "label": np.float32(len(row)), "text": b"a" * len(row)})
    batch = named.padded_batch(2, {"row": [4], "label": [], "text": []}, {"row": 9, "label": None, "text": "x"})
    element = batch.get_single_element()
    assert element["row"].tolist() == [[1, 9, 9, 9], [1, 2, 9, 9]]
    assert element["label"].tolist() == [1, 2]
    assert batch.element_spec["row"] == fl.TensorSpec((None, 4), "int64")
    squares = fl.Dataset.from_tensor_slices([np.ones((1, 2)), np.ones((2, 1))])
    assert squares.padded_batch(2).get_single_element().tolist() == [[[1, 1], [0, 0]], [[1, 0], [1, 0]]]
    texts = fl.Dataset.range(2).map(lambda n: np.array([b"a"] * (int(n) + 1), object))
    assert texts.padded_batch(2).get_single_element().tolist() == [[b"a", b""], [b"a", b"a"]]


@pytest.mark.parametrize(
    ("shapes", "error", "text"),
    [
        ([2], fl.errors.ShapeError, "longer than the padded shape"),
        ([None, None], fl.errors.ShapeError, "padded_shapes says"),
        ({"a": [3]}, fl.errors.ArgumentError, "not a shape"),
        ([2.5], fl.errors.ArgumentError, "not a shape"),
    ],
)
def test_shapes_that_do_not_fit(shapes, error, text) -> None:
    with pytest.raises(error, match=text):
        list(rows(1, 3).padded_batch(2, shapes))


def test_structures_that_do_not_fit() -> None:
    pairs = rows(1, 2).map(lambda row: (row, row))
    for shapes in (([3],), {"a": [3], "b": [3]}):
        with pytest.raises(fl.errors.StructureError, match="padded_shapes"):
            list(pairs.padded_batch(2, shapes))
    named = rows(1, 2).map(lambda row: {"a": row, "b": row})
    for values in ({"a": 1}, {"a": 1, "c": 2}, (1, 2)):
        with pytest.raises(fl.errors.StructureError, match="padding_values"):
            list(named.padded_batch(2, padding_values=values))


@pytest.mark.parametrize("value", [0.5, "a", np.float32(1), 1 << 70, True, [1, 2]])
def test_values_of_another_dtype(value) -> None:
    with pytest.raises((fl.errors.DtypeError, fl.errors.StructureError)):
        list(rows(1, 2).padded_batch(2, padding_values=value))


def test_values_that_do_not_fit_floats_and_bools() -> None:
    floats = rows(1, 2).map(lambda row: row.astype(np.float16))
    assert floats.padded_batch(2, padding_values=float("inf")).get_single_element()[0, 1] == np.inf
    assert floats.padded_batch(2, padding_values=2).get_single_element()[0, 1] == 2
    with pytest.raises(fl.errors.DtypeError):
        list(floats.padded_batch(2, padding_values=1e9))
    with pytest.raises(fl.errors.DtypeError):
        list(rows(1, 2).map(lambda row: row > 0).padded_batch(2, padding_values=1))


def test_ragged_and_different_ranks_are_errors() -> None:
    ragged = fl.Dataset.from_tensors(fl.RaggedTensor(np.arange(2), [0, 2]))
    with pytest.raises(fl.errors.ArgumentError, match="to_tensor"):
        list(ragged.padded_batch(2))
    ranks = fl.Dataset.range(2).map(lambda n: np.zeros((1,) * (int(n) + 1)))
    with pytest.raises(fl.errors.ShapeError, match="element 1"):
        list(ranks.padded_batch(2))
    with pytest.raises(fl.errors.ArgumentError, match="batch_size"):
        rows(1).padded_batch(0)
