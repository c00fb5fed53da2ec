"""group_by_window and bucket_by_sequence_length."""

import numpy as np
import pytest

import feedline as fl


def rows(lib, *lengths):
    """Returns sequences of these lengths, as a stream whose spec has an unknown length."""
    return lib.Dataset.from_generator(
        lambda: (np.arange(1, length + 1) for length in lengths), output_signature=lib.TensorSpec((None,), np.int64)
    )


LENGTHS = (1, 5, 2, 6, 3, 9, 4, 2)

CASES = {
    "by parity": (
        lambda lib: lib.Dataset.range(10).group_by_window(lambda n: n % 2, lambda key, window: window.batch(5), 3),
        [[0, 2, 4], [1, 3, 5], [6, 8], [7, 9]],
    ),
    "batches smaller than windows": (
        lambda lib: lib.Dataset.range(10).group_by_window(
            key_func=lambda n: n % 3, reduce_func=lambda key, window: window.batch(2), window_size=4
        ),
        [[0, 3], [6, 9], [1, 4], [7], [2, 5], [8]],
    ),
    "the size is a function of the key": (
        lambda lib: lib.Dataset.range(12).group_by_window(
            lambda n: n % 3, lambda key, window: window.batch(10), window_size_func=lambda key: key + 1
        ),
        [[0], [3], [1, 4], [6], [2, 5, 8], [9], [7, 10], [11]],
    ),
    "the key in the result": (
        lambda lib: lib.Dataset.range(6).group_by_window(
            lambda n: n % 2 - 1,
            lambda key, window: lib.Dataset.zip((lib.Dataset.from_tensors(key).repeat(), window)),
            2,
        ),
        [(-1, 0), (-1, 2), (0, 1), (0, 3), (-1, 4), (0, 5)],
    ),
    "of pairs": (
        lambda lib: lib.Dataset.from_tensor_slices((np.arange(5), ["a", "b", "c", "d", "e"])).group_by_window(
            lambda n, text: n // 2, lambda key, window: window.batch(2), 2
        ),
        [([0, 1], [b"a", b"b"]), ([2, 3], [b"c", b"d"]), ([4], [b"e"])],
    ),
    "what is left comes in the order of the keys": (
        lambda lib: lib.Dataset.from_tensor_slices(np.array([5, 1, 3, 1, -2])).group_by_window(
            lambda n: n, lambda key, window: window.batch(9), 9
        ),
        [[-2], [1, 1], [3], [5]],
    ),
    "nothing of a window": (
        lambda lib: lib.Dataset.range(6).group_by_window(lambda n: n % 2, lambda key, window: window.skip(1), 2),
        [2, 3],
    ),
    "of nothing": (
        lambda lib: lib.Dataset.range(0).group_by_window(lambda n: n, lambda key, window: window.batch(2), 2),
        [],
    ),
    "buckets": (
        lambda lib: rows(lib, *LENGTHS).bucket_by_sequence_length(lambda row: lib.size(row), [3, 6], [2, 2, 2]),
        [
            [[1, 0], [1, 2]],
            [[1, 2, 3, 4, 5], [1, 2, 3, 0, 0]],
            [[1, 2, 3, 4, 5, 6, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
            [[1, 2]],
            [[1, 2, 3, 4]],
        ],
    ),
    "buckets, without remainder": (
        lambda lib: rows(lib, *LENGTHS).bucket_by_sequence_length(
            lambda row: lib.size(row), [3, 6], [2, 2, 2], drop_remainder=True
        ),
        [
            [[1, 0], [1, 2]],
            [[1, 2, 3, 4, 5], [1, 2, 3, 0, 0]],
            [[1, 2, 3, 4, 5, 6, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
        ],
    ),
    "buckets, other padding": (
        lambda lib: rows(lib, *LENGTHS).bucket_by_sequence_length(
            lambda row: lib.size(row), [4], [3, 3], padding_values=np.int64(-1)
        ),
        [
            [[1, -1, -1], [1, 2, -1], [1, 2, 3]],
            [[1, 2, 3, 4, 5, -1, -1, -1, -1], [1, 2, 3, 4, 5, 6, -1, -1, -1], [1, 2, 3, 4, 5, 6, 7, 8, 9]],
            [[1, 2]],
            [[1, 2, 3, 4]],
        ],
    ),
    "buckets, to a shape": (
        lambda lib: rows(lib, *LENGTHS).bucket_by_sequence_length(
            lambda row: lib.size(row), [4], [3, 3], padded_shapes=[10]
        ),
        [
            [[1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3, 0, 0, 0, 0, 0, 0, 0]],
            [[1, 2, 3, 4, 5, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]],
            [[1, 2, 0, 0, 0, 0, 0, 0, 0, 0]],
            [[1, 2, 3, 4, 0, 0, 0, 0, 0, 0]],
        ],
    ),
    "buckets, to the boundary": (
        lambda lib: rows(lib, 1, 2, 3, 4).bucket_by_sequence_length(
            lambda row: lib.size(row), [3, 7], [2, 2, 1], pad_to_bucket_boundary=True
        ),
        [[[1, 0], [1, 2]], [[1, 2, 3, 0, 0, 0], [1, 2, 3, 4, 0, 0]]],
    ),
    "buckets, no padding": (
        lambda lib: rows(lib, 2, 3, 2, 3, 3).bucket_by_sequence_length(
            lambda row: lib.size(row), [3], [2, 2], no_padding=True
        ),
        [[[1, 2], [1, 2]], [[1, 2, 3], [1, 2, 3]], [[1, 2, 3]]],
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


@pytest.mark.parametrize("build", [lambda lib: lib.Dataset.range(3), lambda lib: lib.Dataset.range(3).repeat()])
def test_cardinality(build, agree) -> None:
    agree(lambda lib: build(lib).group_by_window(lambda n: n % 2, lambda key, window: window.batch(2), 2).take(4))


def test_arguments_that_cannot_work() -> None:
    numbers = fl.Dataset.range(4)

    def key(n):
        return n % 2

    def batch(key, window):
        return window.batch(2)

    with pytest.raises(fl.errors.ArgumentError, match="window_size or window_size_func"):
        numbers.group_by_window(key, batch)
    with pytest.raises(fl.errors.ArgumentError, match="not both"):
        numbers.group_by_window(key, batch, 2, lambda key: 2)
    for size in (0, -1, 1.5):
        with pytest.raises(fl.errors.ArgumentError, match="window_size"):
            numbers.group_by_window(key, batch, size)
    with pytest.raises(fl.errors.StructureError, match="takes 1 argument, but is called with the key and the window"):
        numbers.group_by_window(key, lambda window: window, 2)
    with pytest.raises(fl.errors.StructureError, match="takes 2 arguments"):
        numbers.group_by_window(batch, batch, 2)
    with pytest.raises(fl.errors.ArgumentError, match="cannot be called"):
        numbers.group_by_window(2, batch, 2)
    with pytest.raises(fl.errors.ArgumentError, match="the window size for key 0 is 0"):
        list(numbers.group_by_window(key, batch, window_size_func=lambda key: np.int64(0)))
    with pytest.raises(fl.errors.DtypeError, match="whole number"):
        list(numbers.group_by_window(lambda n: n * 0.5, batch, 2))
    with pytest.raises(fl.errors.StructureError, match="not a dataset"):
        list(numbers.group_by_window(key, lambda key, window: 3, 2))


def test_buckets_that_cannot_work() -> None:
    sequences = fl.Dataset.from_tensor_slices([np.arange(3), np.arange(9)])
    with pytest.raises(fl.errors.ArgumentError, match="2 bucket_batch_sizes for 2"):
        sequences.bucket_by_sequence_length(len, [3, 5], [2, 2])
    with pytest.raises(fl.errors.ArgumentError, match="do not rise"):
        sequences.bucket_by_sequence_length(len, [5, 3], [2, 2, 2])
    with pytest.raises(fl.errors.ArgumentError, match="batch size"):
        sequences.bucket_by_sequence_length(len, [5], [2, 0])
    with pytest.raises(fl.errors.ShapeError, match="longer than the last bucket boundary"):
        list(sequences.bucket_by_sequence_length(len, [5], [1, 1], pad_to_bucket_boundary=True))
    with pytest.raises(fl.errors.DtypeError, match="a length is needed"):
        list(sequences.bucket_by_sequence_length(lambda row: row, [5], [1, 1]))
    with pytest.raises(fl.errors.ShapeError, match="longer than the padded shape"):
        list(sequences.bucket_by_sequence_length(len, [5], [1, 1], padded_shapes=[4]))


def test_every_element_goes_to_the_bucket_of_its_length() -> None:
    lengths = np.random.default_rng(1).integers(0, 40, 300)
    boundaries = [5, 10, 20]
    batches = fl.Dataset.from_tensor_slices([np.full(n, n) for n in lengths.tolist()]).bucket_by_sequence_length(
        len, boundaries, [8, 4, 2, 3]
    )
    found = []
    for batch in batches:
        got = [int((row != 0).sum()) for row in batch]
        assert len({int(np.searchsorted(boundaries, n, side="right")) for n in got}) == 1
        assert batch.shape[1] == max(got)
        found.extend(got)
    assert sorted(found) == sorted(lengths.tolist())
