import numpy as np
import pytest

import feedline as fl


def lists(dataset) -> list:
    return [element.tolist() for element in dataset]


def stream(*elements):
    return fl.Dataset.from_generator(lambda: iter(elements))


def test_remainder_and_drop_remainder() -> None:
    for source in (fl.Dataset.range(7), stream(*np.arange(7))):
        assert lists(source.batch(3)) == [[0, 1, 2], [3, 4, 5], [6]]
        assert lists(source.batch(3, drop_remainder=True)) == [[0, 1, 2], [3, 4, 5]]
        assert lists(source.batch(7)) == [list(range(7))]
        assert lists(source.batch(8)) == [list(range(7))]
        assert lists(source.batch(8, drop_remainder=True)) == []
    assert [len(fl.Dataset.range(n).batch(3)) for n in (0, 1, 3, 4)] == [0, 1, 1, 2]
    assert [len(fl.Dataset.range(n).batch(3, drop_remainder=True)) for n in (0, 1, 3, 4)] == [0, 0, 1, 1]


@pytest.mark.parametrize("calls", [None, 2])
def test_smaller_batches_keep_their_place_in_any_order(calls) -> None:
    batches = fl.Dataset.range(10).batch(3)
    expected = lists(batches)
    ordered = batches.map(lambda batch: batch, calls)
    assert lists(ordered.repeat(5)) == expected * 5
    assert lists(ordered.repeat(5).batch(1).take(20).map(lambda batch: batch[0])) == expected * 5
    shuffled = lists(ordered.shuffle(4, seed=1).repeat(20))
    for turn in range(20):
        assert sorted(shuffled[4 * turn : 4 * turn + 4]) == expected
    assert [9] in shuffled[:3] + shuffled[4:7]
    # all in one block: batch 3 (of one element) between others
    wide = batches.shuffle(4, seed=2).repeat(3).map(lambda batch: np.array([batch.sum(), len(batch)])).batch(12)
    sums = np.concatenate([*wide])
    assert sorted(sums.tolist()) == sorted([[3, 3], [12, 3], [21, 3], [9, 1]] * 3)


def test_batches_of_batches() -> None:
    assert [b.shape for b in fl.Dataset.range(12).batch(2).batch(3)] == [(3, 2), (3, 2)]
    assert [b.shape for b in stream(*range(12)).batch(2).batch(3)] == [(3, 2), (3, 2)]
    for source in (fl.Dataset.range(5), stream(*range(5))):
        with pytest.raises(fl.errors.ShapeError, match="element 2"):
            list(source.batch(2).batch(3))
        with pytest.raises(fl.errors.ShapeError, match="element 2"):
            list(source.batch(2).batch(3, drop_remainder=True))
        assert [b.shape for b in source.batch(2, True).batch(3)] == [(2, 2)]
        assert list(source.batch(2, True).batch(3, True)) == []


def test_structures_and_dtypes() -> None:
    dataset = fl.Dataset.from_tensor_slices(
        {"x": np.arange(6, dtype=np.float16).reshape(3, 2), "y": (["a", "b", "c"], np.array([True, False, True]))}
    )
    first, second = dataset.batch(2)
    assert first["x"].dtype == np.float16
    assert first["x"].shape == (2, 2)
    assert first["y"][0].tolist() == [b"a", b"b"]
    assert first["y"][0].dtype == object
    assert second["y"][1].tolist() == [True]
    assert dataset.batch(2).element_spec == {
        "x": fl.TensorSpec((None, 2), "float16"),
        "y": (fl.TensorSpec((None,), "string"), fl.TensorSpec((None,), "bool")),
    }
    assert dataset.batch(2, drop_remainder=True).element_spec["x"] == fl.TensorSpec((2, 2), "float16")


def test_text_stays_bytes_of_any_length() -> None:
    assert fl.Dataset.from_tensors(b"abc\x00").repeat(3).batch(3).get_single_element().tolist() == [b"abc\x00"] * 3
    dataset = stream("a", "bcd", b"e\x00").map(lambda text: text + b"!")
    assert lists(dataset.batch(3)) == [[b"a!", b"bcd!", b"e\x00!"]]


def test_ragged_and_sparse() -> None:
    ragged = fl.RaggedTensor(fl.RaggedTensor(np.arange(6), [0, 1, 3, 3, 6]), [0, 2, 4])
    (batch,) = fl.Dataset.from_tensor_slices(ragged).batch(2)
    assert batch.to_list() == [[[0], [1, 2]], [[], [3, 4, 5]]]
    sparse = fl.SparseTensor([[0, 1], [2, 0]], [5, 6], [3, 2])
    first, second = fl.Dataset.from_tensor_slices(sparse).batch(2)
    assert first.to_dense().tolist() == [[0, 5], [0, 0]]
    assert second.to_dense().tolist() == [[6, 0]]


@pytest.mark.parametrize("calls", [None, 3])
def test_different_shapes_are_an_error_with_both_shapes(calls) -> None:
    dataset = fl.Dataset.range(9).map(lambda n: {"a": np.zeros(2 if n == 7 else 1)}, calls).batch(3)
    iterator = iter(dataset)
    assert next(iterator)["a"].shape == (3, 1)
    assert next(iterator)["a"].shape == (3, 1)
    with pytest.raises(fl.errors.ShapeError) as caught:
        next(iterator)
    text = str(caught.value)
    assert "['a'] has shape (2,) in element 7 but (1,) in element 6" in text
    assert "padded_batch" in text
    assert "test_batch.py:" in text


def test_bad_arguments() -> None:
    for size in (0, -1, 2.0, "3", None, True):
        with pytest.raises(fl.errors.ArgumentError, match="batch_size"):
            fl.Dataset.range(3).batch(size)
    assert len(fl.Dataset.range(3).batch(np.int64(2))) == 2


def test_empty() -> None:
    assert list(fl.Dataset.range(0).batch(2)) == []
    assert list(stream().batch(2)) == []


def test_batches_are_the_users_to_change() -> None:
    array = np.arange(6)
    dataset = fl.Dataset.from_tensor_slices(array).batch(3)
    for batch in dataset:
        batch += 100
    assert array.tolist() == list(range(6))
    assert lists(dataset) == [[0, 1, 2], [3, 4, 5]]


def test_a_batch_larger_than_the_dataset_costs_no_more_than_the_dataset() -> None:
    assert [batch.tolist() for batch in fl.Dataset.range(3).batch(10**17)] == [[0, 1, 2]]
    assert list(fl.Dataset.range(3).batch(10**17, drop_remainder=True)) == []


def test_batch_sizes_beyond_memory() -> None:
    for size in (1 << 40, 1 << 62, (1 << 63) - 1):
        assert [batch.tolist() for batch in fl.Dataset.range(3).batch(size)] == [[0, 1, 2]]
    assert fl.Dataset.range(3).batch(1 << 40).batch(1 << 40).get_single_element().tolist() == [[0, 1, 2]]
    with pytest.raises(fl.errors.ArgumentError, match="no memory holds"):
        next(iter(fl.Dataset.range(3).repeat().batch(1 << 62)))


def _rows(lib, repeats=1):
    """Returns the rows of a ragged tensor, out of a step that knows them only as it runs."""
    ragged = lib.Dataset.from_tensors(lib.ragged(np.arange(6), [1, 2, 0, 3])).repeat(repeats)
    return ragged.flat_map(lambda rows: lib.Dataset.from_tensor_slices(rows))


def _deep_rows(lib):
    ragged = lib.ragged(lib.ragged(np.arange(6), [1, 2, 0, 3]), [2, 2])
    return lib.Dataset.from_tensors(ragged).flat_map(lambda rows: lib.Dataset.from_tensor_slices(rows))


ROWS_OF_RAGGED_TENSORS = {
    "flat_map": lambda lib: _rows(lib).batch(2),
    "drop_remainder": lambda lib: _rows(lib).batch(3, drop_remainder=True),
    "interleave": lambda lib: (
        lib.Dataset.from_tensors(lib.ragged(np.arange(3), [1, 2]))
        .repeat(2)
        .interleave(lambda rows: lib.Dataset.from_tensor_slices(rows), cycle_length=2)
        .batch(3)
    ),
    "unbatch after map": lambda lib: (
        lib.Dataset.from_tensors(lib.ragged(np.arange(3), [1, 2])).map(lambda rows: rows).unbatch().batch(2)
    ),
    "steps between": lambda lib: _rows(lib, 2).filter(lambda row: lib.size(row) > 0).take(5).cache().batch(2),
    "beside a map": lambda lib: lib.Dataset.zip((_rows(lib), lib.Dataset.range(4).map(lambda n: n + 1))).batch(2),
    "deep": lambda lib: _deep_rows(lib).batch(2),
    "deep, rebatched": lambda lib: _deep_rows(lib).rebatch(3),
    "deep, unbatched": lambda lib: _deep_rows(lib).unbatch().batch(2),
    "in windows": lambda lib: _rows(lib).window(2).flat_map(lambda window: window.batch(2)),
    "in groups": lambda lib: (
        _rows(lib).enumerate().group_by_window(lambda n, row: n % 2, lambda key, window: window.batch(2), 2)
    ),
    "after another": lambda lib: (
        lib.Dataset.from_tensors(lib.ragged(np.arange(3), [1, 2])).unbatch().concatenate(_rows(lib)).batch(3)
    ),
    "within another": lambda lib: lib.Dataset.range(2).flat_map(lambda n: _rows(lib)).batch(3),
    "no rows of one": lambda lib: (
        lib.Dataset.range(2).flat_map(lambda n: lib.Dataset.from_tensor_slices([[1, 2], [3, 4]])).batch(3)
    ),
    "through a function": lambda lib: _rows(lib).map(lambda row: row).batch(2),
}


@pytest.mark.parametrize("name", ROWS_OF_RAGGED_TENSORS)
def test_rows_of_ragged_tensors_as_in_tensorflow(name, agree) -> None:
    agree(ROWS_OF_RAGGED_TENSORS[name], cardinality="map" not in name)


def test_batches_of_rows_of_ragged_tensors_are_what_their_spec_promises(ours) -> None:
    dataset = _rows(ours).batch(2)
    assert isinstance(dataset.element_spec, fl.RaggedTensorSpec)
    for _ in range(2):
        assert [batch.to_list() for batch in dataset] == [[[0], [1, 2]], [[], [3, 4, 5]]]


def test_rows_of_ragged_tensors_out_of_a_cache_of_another_program(ours, tmp_path) -> None:
    for _ in range(2):
        batches = list(_rows(ours).cache(tmp_path / "rows").batch(2))
        assert [batch.to_list() for batch in batches] == [[[0], [1, 2]], [[], [3, 4, 5]]]


def test_a_generator_is_not_started_to_find_out_whether_its_rows_are_ragged() -> None:
    started = []

    def numbers():
        started.append(1)
        yield np.arange(4)

    assert lists(fl.Dataset.from_generator(numbers).flat_map(fl.Dataset.from_tensor_slices).batch(3)) == [
        [0, 1, 2],
        [3],
    ]
    assert len(started) == 1
