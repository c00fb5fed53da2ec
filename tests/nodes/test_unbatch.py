"""unbatch and rebatch: rows of batches, and batches of another size."""

import collections

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "b a")


def numbers(lib, count=7, size=3):
    return lib.Dataset.range(count).batch(size)


CASES = {
    "unbatch": (lambda lib: numbers(lib).unbatch(), [0, 1, 2, 3, 4, 5, 6]),
    "unbatch of batches of batches": (lambda lib: numbers(lib, 6, 2).batch(3).unbatch(), [[0, 1], [2, 3], [4, 5]]),
    "unbatch of pairs": (
        lambda lib: lib.Dataset.zip((lib.Dataset.range(5), lib.Dataset.range(5, 10))).batch(2).unbatch(),
        [(0, 5), (1, 6), (2, 7), (3, 8), (4, 9)],
    ),
    "unbatch of a namedtuple with None": (
        lambda lib: lib.Dataset.from_tensors(Pair([1, 2], None)).unbatch(),
        [Pair(b=1, a=None), Pair(b=2, a=None)],
    ),
    "unbatch of dicts": (
        lambda lib: lib.Dataset.from_tensor_slices({"x": [[1, 2], [3, 4]], "y": [["a", "b"], ["c", "d"]]}).unbatch(),
        [{"x": 1, "y": b"a"}, {"x": 2, "y": b"b"}, {"x": 3, "y": b"c"}, {"x": 4, "y": b"d"}],
    ),
    "unbatch of nothing": (lambda lib: lib.Dataset.range(0).batch(2).unbatch(), []),
    "unbatch of batches without rows": (lambda lib: lib.Dataset.from_tensors(np.zeros((0, 2))).unbatch(), []),
    "unbatch of ragged batches": (
        lambda lib: lib.Dataset.from_tensors(lib.ragged(np.arange(6), [1, 0, 3, 2])).unbatch(),
        [[0], [], [1, 2, 3], [4, 5]],
    ),
    "unbatch of batches of known size": (
        lambda lib: numbers(lib, 6, 3).batch(2, drop_remainder=True).unbatch(),
        [[0, 1, 2], [3, 4, 5]],
    ),
    "rebatch to smaller": (lambda lib: numbers(lib, 8, 4).rebatch(2), [[0, 1], [2, 3], [4, 5], [6, 7]]),
    "rebatch to larger": (lambda lib: numbers(lib).rebatch(5), [[0, 1, 2, 3, 4], [5, 6]]),
    "rebatch to larger, without remainder": (
        lambda lib: numbers(lib).rebatch(5, drop_remainder=True),
        [[0, 1, 2, 3, 4]],
    ),
    "rebatch by turns": (
        lambda lib: numbers(lib, 12, 4).rebatch([2, 1, 3]),
        [[0, 1], [2], [3, 4, 5], [6, 7], [8], [9, 10, 11]],
    ),
    "rebatch by turns, without remainder": (
        lambda lib: numbers(lib, 12, 5).rebatch([4, 3], drop_remainder=True),
        [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9, 10]],
    ),
    "rebatch with a size of nothing": (
        lambda lib: numbers(lib, 4, 2).rebatch([1, 0]),
        [[0], [], [1], [], [2], [], [3], []],
    ),
    "rebatch by name": (
        lambda lib: numbers(lib).rebatch(batch_size=np.int64(4), drop_remainder=False),
        [[0, 1, 2, 3], [4, 5, 6]],
    ),
    "rebatch of pairs": (
        lambda lib: lib.Dataset.zip((lib.Dataset.range(5), lib.Dataset.range(5, 10))).batch(3).rebatch(2),
        [([0, 1], [5, 6]), ([2, 3], [7, 8]), ([4], [9])],
    ),
    "rebatch of nothing": (lambda lib: lib.Dataset.range(0).batch(2).rebatch(3), []),
    "rebatch of what has no end": (
        lambda lib: lib.Dataset.range(3).repeat().batch(4).rebatch(3).take(3),
        [[0, 1, 2], [0, 1, 2], [0, 1, 2]],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


@pytest.mark.parametrize("method", [lambda ds: ds.unbatch(), lambda ds: ds.rebatch(2)], ids=["unbatch", "rebatch"])
@pytest.mark.parametrize("known", [True, False])
def test_what_has_no_rows(method, known) -> None:
    def learnt(dataset):
        return dataset if known else dataset.map(lambda *parts: parts if len(parts) > 1 else parts[0])

    single = learnt(fl.Dataset.range(3))
    with pytest.raises(fl.errors.ShapeError, match="no rows"):
        list(method(single))
    with pytest.raises(fl.errors.ShapeError, match="no rows"):
        list(method(learnt(fl.Dataset.from_tensors(([1, 2], 3)))))
    with pytest.raises(fl.errors.ShapeError, match=r"component \[0\] has 2, component \[1\] has 3"):
        list(method(learnt(fl.Dataset.from_tensors(([1, 2], [1, 2, 3])))))


@pytest.mark.parametrize("size", [0, -1, 1.5, [0], [0, 0], [2, -1], "2", None])
def test_sizes_that_cannot_work(size) -> None:
    with pytest.raises(fl.errors.ArgumentError, match="batch"):
        fl.Dataset.range(4).batch(2).rebatch(size)


def test_rows_of_rows_of_different_lengths() -> None:
    dataset = fl.Dataset.from_tensor_slices([np.zeros((1, 3)), np.zeros((2, 3)), np.zeros((0, 3))])
    assert [row.shape for row in dataset.unbatch()] == [(3,)] * 3
    assert [batch.shape for batch in dataset.rebatch(2)] == [(2, 3), (1, 3)]


def test_a_batch_that_cannot_be_computed() -> None:
    def fail(batch):
        if 4 in batch:
            raise ValueError("refused")
        return batch

    dataset = fl.Dataset.range(9).batch(3).map(fail).unbatch()
    assert [int(n) for n in dataset.ignore_errors()] == [0, 1, 2, 6, 7, 8]


def test_values_of_rows_of_ragged_tensors() -> None:
    ragged = fl.RaggedTensor.from_row_lengths(np.arange(6), [2, 0, 1, 3])
    values = fl.Dataset.from_tensor_slices(ragged).unbatch()
    assert [int(value) for value in values] == list(range(6))
    assert [batch.tolist() for batch in values.batch(4)] == [[0, 1, 2, 3], [4, 5]]
    assert [batch.tolist() for batch in values.padded_batch(4)] == [[0, 1, 2, 3], [4, 5]]
    rows = fl.Dataset.from_tensors(ragged).unbatch().unbatch()
    assert [int(value) for value in rows] == list(range(6))
    assert [batch.tolist() for batch in fl.Dataset.from_tensor_slices(ragged).rebatch(4)] == [[0, 1, 2, 3], [4, 5]]
