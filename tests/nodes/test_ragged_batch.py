"""ragged_batch: elements keep their lengths."""

import numpy as np
import pytest

import feedline as fl


def rows(lib, *lengths, shape=(None,), dtype=np.int64):
    """Returns sequences of these lengths, whose spec says that their length is not known."""

    def generate():
        for length in lengths:
            yield np.ones((length, *shape[1:]), dtype) * length

    return lib.Dataset.from_generator(generate, output_signature=lib.TensorSpec(shape, dtype))


CASES = {
    "rows": (lambda lib: rows(lib, 2, 0, 3, 1, 4).ragged_batch(2), [[[2, 2], []], [[3, 3, 3], [1]], [[4, 4, 4, 4]]]),
    "without remainder": (lambda lib: rows(lib, 2, 0, 3).ragged_batch(2, drop_remainder=True), [[[2, 2], []]]),
    "row splits of 32 bits": (
        lambda lib: rows(lib, 2, 1).ragged_batch(batch_size=2, row_splits_dtype=np.int32),
        [[[2, 2], [1]]],
    ),
    "rows of rows": (lambda lib: rows(lib, 2, 1, shape=(None, 2)).ragged_batch(2), [[[[2, 2], [2, 2]], [[1, 1]]]]),
    "elements of one shape": (lambda lib: lib.Dataset.range(5).ragged_batch(2), [[0, 1], [2, 3], [4]]),
    "vectors of one length": (
        lambda lib: lib.Dataset.from_tensor_slices([[1, 2], [3, 4]]).ragged_batch(2),
        [[[1, 2], [3, 4]]],
    ),
    "of nothing": (lambda lib: rows(lib).ragged_batch(2), []),
    "some of the components": (
        lambda lib: lib.Dataset.zip(
            {"a": rows(lib, 2, 1, 0), "b": (lib.Dataset.range(3), rows(lib, 1, 1, 1))}
        ).ragged_batch(3),
        [{"a": [[2, 2], [1], []], "b": ([0, 1, 2], [[1], [1], [1]])}],
    ),
    "of ragged elements": (
        lambda lib: lib.Dataset.from_tensor_slices(lib.ragged(np.arange(6), [1, 0, 3, 2])).ragged_batch(3),
        [[[0], [], [1, 2, 3]], [[4, 5]]],
    ),
    "batches of ragged rows": (
        lambda lib: lib.Dataset.from_tensor_slices(lib.ragged(np.arange(6), [1, 0, 3, 2])).batch(3),
        [[[0], [], [1, 2, 3]], [[4, 5]]],
    ),
    "and its rows again": (lambda lib: rows(lib, 2, 0, 3).ragged_batch(2).unbatch(), [[2, 2], [], [3, 3, 3]]),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


def test_what_is_learnt_of_the_first_elements() -> None:
    mapped = fl.Dataset.range(1, 4).map(lambda n: np.arange(n))
    assert [batch.to_list() for batch in mapped.ragged_batch(2)] == [[[0], [0, 1]], [[0, 1, 2]]]
    late = fl.Dataset.range(100).map(lambda n: np.arange(2 if n < 99 else 3))
    with pytest.raises(fl.errors.ShapeError, match="cannot stand in one batch") as caught:
        list(late.ragged_batch(50))
    assert "output_signature" in caught.value.fix


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int16", "string", bool])
def test_arguments_that_cannot_work(dtype) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="row_splits_dtype"):
        fl.Dataset.range(3).ragged_batch(2, row_splits_dtype=dtype)
    for size in (0, -1, 1.5, None):
        with pytest.raises(fl.errors.ArgumentError, match="batch_size"):
            fl.Dataset.range(3).ragged_batch(size)


def test_elements_of_different_ranks() -> None:
    ranks = fl.Dataset.range(2).map(lambda n: np.zeros((2,) * (int(n) + 1)))
    with pytest.raises(fl.errors.FeedlineError):
        list(ranks.ragged_batch(2))
