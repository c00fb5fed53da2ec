"""sparse_batch: elements of different lengths become sparse tensors."""

import numpy as np
import pytest

import feedline as fl


def rows(lib, *arrays, shape=(None,), dtype=np.int64):
    """Returns these arrays as elements, whose spec says that their lengths are not known."""

    def generate():
        yield from (np.array(array, dtype) for array in arrays)

    return lib.Dataset.from_generator(generate, output_signature=lib.TensorSpec(shape, dtype))


def table(lib, dtype=np.int64):
    return lib.Dataset.from_tensor_slices(np.arange(12, dtype=dtype).reshape(3, 2, 2))


CASES = {
    "rows": (
        lambda lib: rows(lib, [1, 0, 2], [], [5]).sparse_batch(2, [None]),
        [([[0, 0], [0, 1], [0, 2]], [1, 0, 2], [2, 3]), ([[0, 0]], [5], [1, 1])],
    ),
    "of a given length": (
        lambda lib: rows(lib, [1, 0], [3]).sparse_batch(batch_size=3, row_shape=[4]),
        [([[0, 0], [0, 1], [1, 0]], [1, 0, 3], [2, 4])],
    ),
    "a length that is no list": (lambda lib: rows(lib, [7]).sparse_batch(2, 3), [([[0, 0]], [7], [1, 3])]),
    "an array of lengths": (lambda lib: rows(lib, [7]).sparse_batch(2, np.array([3])), [([[0, 0]], [7], [1, 3])]),
    "of nothing": (lambda lib: rows(lib).sparse_batch(2, [None]), []),
    "of no elements, whatever the shape": (lambda lib: lib.Dataset.range(0).sparse_batch(2, [3, 3]), []),
    "empty rows": (lambda lib: rows(lib, [], []).sparse_batch(2, [None]), [([], [], [2, 0])]),
    "empty tables": (
        lambda lib: rows(lib, np.zeros((0, 3)), np.zeros((2, 0)), shape=(None, None)).sparse_batch(2, [None, None]),
        [([], [], [2, 2, 3])],
    ),
    "single values": (
        lambda lib: lib.Dataset.range(3).sparse_batch(2, []),
        [([[0], [1]], [0, 1], [2]), ([[0]], [2], [1])],
    ),
    "tables": (
        lambda lib: table(lib).take(1).sparse_batch(2, [None, 3]),
        [([[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]], [0, 1, 2, 3], [1, 2, 3])],
    ),
    "tables of different lengths": (
        lambda lib: rows(lib, [[1, 2]], [[3], [4]], shape=(None, None)).sparse_batch(2, [None, None]),
        [([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0]], [1, 2, 3, 4], [2, 2, 2])],
    ),
    "of unknown rank": (
        lambda lib: rows(lib, [1], [2, 3], shape=None).sparse_batch(2, [None]),
        [([[0, 0], [1, 0], [1, 1]], [1, 2, 3], [2, 2])],
    ),
    "text": (
        lambda lib: lib.Dataset.from_tensor_slices([["a", ""], ["b", "c"]]).sparse_batch(1, [3]),
        [([[0, 0], [0, 1]], [b"a", b""], [1, 3]), ([[0, 0], [0, 1]], [b"b", b"c"], [1, 3])],
    ),
    "bools": (
        lambda lib: rows(lib, [True], [False, True], dtype=np.bool_).sparse_batch(2, [None]),
        [([[0, 0], [1, 0], [1, 1]], [True, False, True], [2, 2])],
    ),
    "floats": (
        lambda lib: rows(lib, [0.5], [], dtype=np.float32).sparse_batch(2, [None]),
        [([[0, 0]], [0.5], [2, 1])],
    ),
    "for ever": (
        lambda lib: lib.Dataset.range(2).repeat().sparse_batch(1, []).take(3),
        [([[0]], [0], [1]), ([[0]], [1], [1]), ([[0]], [0], [1])],
    ),
    "and its rows again": (
        lambda lib: rows(lib, [1, 2], [], [5]).sparse_batch(2, [None]).unbatch(),
        [([[0], [1]], [1, 2], [2]), ([], [], [2]), ([[0]], [5], [1])],
    ),
    "batches of batches": (
        lambda lib: rows(lib, [1, 2], [5]).sparse_batch(1, [None]).batch(2),
        [([[0, 0, 0], [0, 0, 1], [1, 0, 0]], [1, 2, 5], [2, 1, 2])],
    ),
    "without those that do not fit": (
        lambda lib: rows(lib, [1], [2, 3, 4], [5]).sparse_batch(1, [2]).ignore_errors(),
        [([[0, 0]], [1], [1, 2]), ([[0, 0]], [5], [1, 2])],
    ),
    "of what a function makes": (
        lambda lib: lib.Dataset.range(2).map(lambda number: number + 1).sparse_batch(2, []),
        [([[0], [1]], [1, 2], [2])],
    ),
}

REFUSED = {
    "two components": lambda lib: lib.Dataset.from_tensor_slices(([1, 2], [3, 4])).sparse_batch(2, []),
    "a tuple of one": lambda lib: lib.Dataset.from_tensor_slices(([1, 2],)).sparse_batch(2, []),
    "a dict of one": lambda lib: lib.Dataset.from_tensor_slices({"a": [1, 2]}).sparse_batch(2, []),
    "a dataset within": lambda lib: lib.Dataset.range(4).window(2).sparse_batch(2, []),
    "sparse elements": lambda lib: rows(lib, [1], [2]).sparse_batch(1, [None]).sparse_batch(2, [None, None]),
    "ragged elements": lambda lib: lib.Dataset.from_tensors(lib.ragged(np.arange(3), [1, 2])).sparse_batch(2, [9, 9]),
    "a longer row": lambda lib: rows(lib, [1], [1, 2, 3]).sparse_batch(1, [2]),
    "a longer row of a known length": lambda lib: table(lib).sparse_batch(2, [None, 1]),
    "another rank": lambda lib: rows(lib, [1]).sparse_batch(2, [None, None]),
    "another rank than the first": lambda lib: rows(lib, [1], [[2]], shape=None).sparse_batch(2, [None]),
    "batches of none": lambda lib: lib.Dataset.range(3).sparse_batch(0, []),
    "batches of fewer than none": lambda lib: lib.Dataset.range(3).sparse_batch(-1, []),
    "batches of one and a half": lambda lib: lib.Dataset.range(3).sparse_batch(1.5, []),
    "no shape": lambda lib: lib.Dataset.range(3).sparse_batch(2, None),
    "text for a shape": lambda lib: rows(lib, [1]).sparse_batch(2, "2"),
    "a negative length": lambda lib: rows(lib, [1]).sparse_batch(2, [-2]),
    "a length that is no whole number": lambda lib: rows(lib, [1]).sparse_batch(2, [1.5]),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", [*CASES, *REFUSED])
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0] if name in CASES else REFUSED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(name, ours) -> None:
    with pytest.raises(fl.errors.FeedlineError) as caught:
        list(REFUSED[name](ours))
    assert "test_sparse_batch.py" in str(caught.value)
    assert caught.value.fix


def test_what_cannot_fit_is_refused_as_the_pipeline_is_built() -> None:
    with pytest.raises(fl.errors.ShapeError, match="dimension 1"):
        table(fl).sparse_batch(2, [None, 1])
    with pytest.raises(fl.errors.ShapeError, match="another rank"):
        table(fl).sparse_batch(2, [None])
    with pytest.raises(fl.errors.StructureError, match="one array"):
        fl.Dataset.range(3).enumerate().sparse_batch(2, [])


def test_an_error_names_the_element_and_its_source() -> None:
    dataset = fl.Dataset.from_tensor_slices([np.arange(1), np.arange(2), np.arange(5)]).sparse_batch(2, [3])
    with pytest.raises(fl.errors.ShapeError, match="element 2 has shape") as caught:
        list(dataset)
    assert "row_shape (3,) in dimension 0" in str(caught.value)


def test_rows_of_ragged_tensors_are_arrays() -> None:
    ragged = fl.RaggedTensor.from_row_lengths(np.arange(3), [1, 2])
    (batch,) = fl.Dataset.from_tensor_slices(ragged).sparse_batch(2, [None])
    assert batch.to_dense().tolist() == [[0, 0], [1, 2]]


def test_it_is_indexed_and_its_batches_do_not_change() -> None:
    dataset = fl.Dataset.range(10).sparse_batch(4, [])
    assert len(dataset) == 3
    assert dataset[2].values.tolist() == [8, 9]
    kept = list(dataset.prefetch(2).repeat(20))
    assert all(batch.values.tolist() in ([0, 1, 2, 3], [4, 5, 6, 7], [8, 9]) for batch in kept)
