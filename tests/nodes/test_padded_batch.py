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


def sequences(lib, *lengths, shape=(None,), dtype=np.int64):
    """Returns sequences of these lengths, whose spec says that their length is not known."""

    def generate():
        for length in lengths:
            yield (
                np.arange(1, 1 + length * int(np.prod(shape[1:], dtype=int))).reshape(length, *shape[1:]).astype(dtype)
            )

    return lib.Dataset.from_generator(generate, output_signature=lib.TensorSpec(shape, dtype))


def words(lib):
    return lib.Dataset.from_generator(
        lambda: iter([["a"], ["b", "cd"], []]), output_signature=lib.TensorSpec((None,), lib.string)
    )


def pairs(lib):
    return lib.Dataset.zip({"x": sequences(lib, 1, 3, 2), "y": (lib.Dataset.range(3), words(lib))})


CASES = {
    "to the longest": (lambda lib: sequences(lib, 1, 3, 2).padded_batch(2), [[[1, 0, 0], [1, 2, 3]], [[1, 2]]]),
    "without remainder": (
        lambda lib: sequences(lib, 1, 3, 2).padded_batch(2, drop_remainder=True),
        [[[1, 0, 0], [1, 2, 3]]],
    ),
    "to a length": (
        lambda lib: sequences(lib, 1, 3).padded_batch(batch_size=2, padded_shapes=[4]),
        [[[1, 0, 0, 0], [1, 2, 3, 0]]],
    ),
    "to a length, a tuple": (
        lambda lib: sequences(lib, 1, 3).padded_batch(2, padded_shapes=(4,)),
        [[[1, 0, 0, 0], [1, 2, 3, 0]]],
    ),
    "to the longest, said": (
        lambda lib: sequences(lib, 1, 3).padded_batch(2, padded_shapes=[None]),
        [[[1, 0, 0], [1, 2, 3]]],
    ),
    "to the longest, -1": (
        lambda lib: sequences(lib, 1, 3).padded_batch(2, padded_shapes=[-1]),
        [[[1, 0, 0], [1, 2, 3]]],
    ),
    "with a value": (
        lambda lib: sequences(lib, 1, 3).padded_batch(2, padding_values=np.int64(-1)),
        [[[1, -1, -1], [1, 2, 3]]],
    ),
    "with Python's number": (
        lambda lib: sequences(lib, 1, 2, dtype=np.int32).padded_batch(2, padding_values=-1),
        [[[1, -1], [1, 2]]],
    ),
    "with infinity": (
        lambda lib: sequences(lib, 1, 2, dtype=np.float32).padded_batch(2, padding_values=float("inf")),
        [[[1.0, float("inf")], [1.0, 2.0]]],
    ),
    "two dimensions": (
        lambda lib: sequences(lib, 1, 2, shape=(None, 2)).padded_batch(2),
        [[[[1, 2], [0, 0]], [[1, 2], [3, 4]]]],
    ),
    "two dimensions, one given": (
        lambda lib: sequences(lib, 1, 2, shape=(None, 2)).padded_batch(2, padded_shapes=[None, 3]),
        [[[[1, 2, 0], [0, 0, 0]], [[1, 2, 0], [3, 4, 0]]]],
    ),
    "one shape, made larger": (
        lambda lib: lib.Dataset.from_tensor_slices([[1, 2], [3, 4]]).padded_batch(2, padded_shapes=[3]),
        [[[1, 2, 0], [3, 4, 0]]],
    ),
    "single values": (lambda lib: lib.Dataset.range(3).padded_batch(2), [[0, 1], [2]]),
    "single values, said": (lambda lib: lib.Dataset.range(3).padded_batch(2, padded_shapes=[]), [[0, 1], [2]]),
    "text": (lambda lib: words(lib).padded_batch(3), [[[b"a", b""], [b"b", b"cd"], [b"", b""]]]),
    "text with a value": (
        lambda lib: words(lib).padded_batch(3, padding_values="-"),
        [[[b"a", b"-"], [b"b", b"cd"], [b"-", b"-"]]],
    ),
    "structures": (
        lambda lib: pairs(lib).padded_batch(3),
        [{"x": [[1, 0, 0], [1, 2, 3], [1, 2, 0]], "y": ([0, 1, 2], [[b"a", b""], [b"b", b"cd"], [b"", b""]])}],
    ),
    "structures with shapes and values": (
        lambda lib: pairs(lib).padded_batch(
            3, {"x": [4], "y": ([], [None])}, padding_values={"x": np.int64(9), "y": (np.int64(0), "?")}
        ),
        [
            {
                "x": [[1, 9, 9, 9], [1, 2, 3, 9], [1, 2, 9, 9]],
                "y": ([0, 1, 2], [[b"a", b"?"], [b"b", b"cd"], [b"?", b"?"]]),
            }
        ],
    ),
    "of nothing": (lambda lib: sequences(lib).padded_batch(2), []),
    "bools": (
        lambda lib: sequences(lib, 1, 2, dtype=bool).padded_batch(2, padding_values=True),
        [[[True, True], [True, True]]],
    ),
    "larger than the dataset": (lambda lib: sequences(lib, 1, 2).padded_batch(10), [[[1, 0], [1, 2]]]),
}


@pytest.mark.parametrize("name", CASES)
def test_elements(name, listed, ours) -> None:
    build, expected = CASES[name]
    dataset = build(ours)
    assert listed(dataset) == listed(dataset) == expected


@pytest.mark.parametrize("name", CASES)
def test_as_in_tensorflow(name, agree) -> None:
    agree(CASES[name][0])


REFUSED = {
    "a shape smaller than the element": lambda lib: sequences(lib, 1, 3).padded_batch(2, padded_shapes=[2]),
    "a shape smaller than what is known": lambda lib: lib.Dataset.from_tensors([1, 2]).padded_batch(2, [1]),
    "another rank": lambda lib: sequences(lib, 1, 3).padded_batch(2, padded_shapes=[3, 3]),
    "another rank, known": lambda lib: lib.Dataset.range(3).padded_batch(2, padded_shapes=[None]),
    "another structure": lambda lib: pairs(lib).padded_batch(2, padded_shapes={"x": [4]}),
    "a value of another kind": lambda lib: sequences(lib, 1, 2).padded_batch(2, padding_values="a"),
    "a value of another dtype": lambda lib: sequences(lib, 1, 2).padded_batch(2, padding_values=np.float32(1)),
    "a value that is no single one": lambda lib: sequences(lib, 1, 2).padded_batch(2, padding_values=np.arange(2)),
    "batches of nothing": lambda lib: sequences(lib, 1, 2).padded_batch(0),
    "windows": lambda lib: lib.Dataset.range(4).window(2).padded_batch(2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name, ours) -> None:
    with pytest.raises(fl.errors.FeedlineError) as caught:
        list(REFUSED[name](ours))
    assert caught.value.fix
    assert "test_padded_batch.py:" in str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_what_tensorflow_refuses_too(name, agree) -> None:
    agree(REFUSED[name])


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "string", "bfloat16"])
@pytest.mark.parametrize("value", [None, 1])
@pytest.mark.parametrize("shape", [None, (None, 2), (9, 2), (None, 3)])
@pytest.mark.parametrize("lengths", [[3, 1, 0, 2, 5], [4, 4, 4, 4, 4], [0, 0]])
def test_sequences_of_a_generator_are_padded_as_those_of_a_map(dtype, value, shape, lengths) -> None:
    if value is not None and dtype in ("bool", "string"):
        value = {"bool": True, "string": b"x"}[dtype]
    as_dtype = fl.TensorSpec((), dtype).dtype

    def elements():
        for number, length in enumerate(lengths):
            rows = np.arange(2 * length).reshape(length, 2) + number
            yield (rows % 3).astype(str) if dtype == "string" else (rows % 3).astype(as_dtype)

    signed = fl.Dataset.from_generator(elements, output_signature=fl.TensorSpec((None, 2), dtype))
    mapped = fl.Dataset.range(len(lengths)).map(lambda n: list(elements())[int(n)])
    batches = [list(dataset.padded_batch(2, shape, value)) for dataset in (signed, mapped)]
    for batch, expected in zip(*batches, strict=True):
        np.testing.assert_array_equal(batch, expected, strict=True)


@pytest.mark.parametrize("lengths", [[1, 2, 3, 9, 1], [5, 1, 1, 1, 1], [1, 1, 1, 1, 5]])
def test_the_first_that_is_too_long_is_named(lengths) -> None:
    def elements():
        for length in lengths:
            yield np.zeros((length, 2), np.float32), length

    for first in (elements, lambda: iter(list(elements()))):
        dataset = fl.Dataset.from_generator(first).padded_batch(5, ((4, 2), ()))
        named = f"in element {lengths.index(max(lengths))}, longer than"
        with pytest.raises(fl.errors.ShapeError, match=named) as found:
            list(dataset)
        assert f"Pad to at least {max(lengths)}" in str(found.value)


def test_large_sequences_and_images_of_different_sizes() -> None:
    shapes = [(30, 70), (50, 10), (1, 90), (50, 90)]
    images = [np.full(shape, number + 1.0) for number, shape in enumerate(shapes)]
    for listed in (lambda: iter(images), lambda: iter([(image[:, :5], image) for image in images])):
        (batch,) = fl.Dataset.from_generator(listed).padded_batch(4)
        whole = batch if isinstance(batch, np.ndarray) else batch[1]
        assert whole.shape == (4, 50, 90)
        for padded, image in zip(whole, images, strict=True):
            assert padded.sum() == image.sum()
            np.testing.assert_array_equal(padded[: len(image), : image.shape[1]], image)
    long = [np.full((length, 700), length, np.float32) for length in (4, 2, 3)]
    (batch,) = fl.Dataset.from_generator(lambda: iter(long)).padded_batch(3, padding_values=-1.0)
    assert [row[:, 0].tolist() for row in batch] == [[4] * 4, [2, 2, -1, -1], [3, 3, 3, -1]]


def _lengths(lib):
    signature = lib.TensorSpec([None], np.float32)
    return lib.Dataset.from_generator(lambda: ([1.0] * length for length in (1, 4, 3, 2)), output_signature=signature)


LEARNT = {
    "a generator of lists": lambda lib: _lengths(lib).map(lambda row: row * 2).padded_batch(2),
    "beside arrays, which are of one length": lambda lib: (
        lib.Dataset.zip((_lengths(lib).map(lambda row: row * 2), lib.Dataset.from_tensor_slices(np.ones((4, 3)))))
        .enumerate()
        .take(3)
        .padded_batch(2)
    ),
    "a length that is given": lambda lib: _lengths(lib).map(lambda row: row * 2).padded_batch(2, [5]),
    "buckets": lambda lib: (
        _lengths(lib).map(lambda row: row * 2).bucket_by_sequence_length(lambda row: lib.size(row), [3], [2, 2])
    ),
}


@pytest.mark.parametrize("name", LEARNT)
def test_lengths_of_the_first_element_are_no_promise_as_in_tensorflow(name, agree) -> None:
    agree(LEARNT[name])


def test_lengths_in_the_spec() -> None:
    images = fl.Dataset.from_tensor_slices(np.ones((4, 3, 2)))
    assert images.padded_batch(2).element_spec.shape == (None, 3, 2)
    assert images.cache().shuffle(4).padded_batch(2, drop_remainder=True).element_spec.shape == (2, 3, 2)
    assert images.map(lambda image: image[:1]).padded_batch(2).element_spec.shape == (None, None, None)
    assert images.map(lambda image: image[:1]).padded_batch(2, [None, 2]).element_spec.shape == (None, None, 2)


def test_errors_of_the_spec_name_the_line_where_padded_batch_stands() -> None:
    named = fl.Dataset.range(3).map(lambda n: {"a": [n], "b": [n]})
    padded = named.padded_batch(2, padded_shapes={"a": [None]})  # here
    for asked in (padded, padded.take(1), padded.map(lambda batch: batch["a"])):
        with pytest.raises(fl.errors.StructureError, match="padded_shapes") as caught:
            asked.element_spec
        assert "# here" in str(caught.value)
        assert "padded_batch(2)" in str(caught.value)
        assert "asked" not in str(caught.value)


def test_what_users_of_tensorflow_catch() -> None:
    with pytest.raises(ValueError, match="padding_values") as caught:
        fl.Dataset.from_tensors(([1], [2])).padded_batch(2, padding_values=(1,))
    assert isinstance(caught.value, fl.errors.StructureError)
    with pytest.raises(fl.errors.DataLossError, match="longer than the padded shape"):
        list(rows(1, 3).padded_batch(2, [2]))
    with pytest.raises(fl.errors.DataLossError, match="longer than the padded shape"):
        fl.Dataset.from_tensors([1, 2, 3]).padded_batch(2, [2])
