import collections
import pathlib

import numpy as np
import pytest

import feedline as fl

Pair = collections.namedtuple("Pair", "x y")
slices = fl.Dataset.from_tensor_slices


def test_arrays_of_every_dtype() -> None:
    import ml_dtypes

    whole = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
    for name in [*whole, "bool", "float16", "float32", "float64", "complex64", "complex128"]:
        dataset = slices(np.array([[0, 1], [1, 0]], name))
        assert dataset.element_spec == fl.TensorSpec((2,), name)
        assert [row.dtype for row in dataset] == [np.dtype(name)] * 2
    assert slices(np.ones((2, 1), ml_dtypes.bfloat16))[0].dtype == ml_dtypes.bfloat16
    assert slices(np.array([1, 2], ">i4"))[1].dtype == np.dtype("<i4")
    assert slices(np.array([1, 2], ">i4"))[1] == 2


def test_structures() -> None:
    dataset = slices({"b": (np.arange(2), [0.5, 1.5]), "a": Pair(["p", "q"], None)})
    element = dataset[1]
    assert list(element) == ["b", "a"]
    assert element["b"][0] == 1
    assert element["b"][1].dtype == np.float32
    assert element["a"] == Pair(b"q", None)
    assert isinstance(element["a"], Pair)
    assert dataset.element_spec["a"] == Pair(fl.TensorSpec((), "string"), None)
    assert dataset.batch(2)[0]["a"].x.tolist() == [b"p", b"q"]


def test_text_of_every_kind_is_bytes() -> None:
    texts = [
        ["a\x00", "é"],
        [b"a\x00", "é".encode()],
        np.array(["a\x00", "é"], object),
        [b"a\x00", "é"],
    ]
    for values in texts:
        assert list(slices(values)) == [b"a\x00", "é".encode()]
    assert list(slices(np.array(["ab", "é"]))) == [b"ab", "é".encode()]
    assert list(slices(np.array([b"ab", b"c"]))) == [b"ab", b"c"]
    assert list(slices([pathlib.Path("a") / "b", pathlib.Path("c")])) == [b"a/b", b"c"]
    assert list(slices(["x", pathlib.Path("c")])) == [b"x", b"c"]
    long = [b"x" * 10_000_000, *[b""] * 1000]
    assert slices(long)[0] == long[0]
    assert slices([["a", "b"], ["c", "d"]])[1].tolist() == [b"c", b"d"]


def test_lists_of_numbers() -> None:
    assert slices([1, 2])[0].dtype == np.int32
    assert slices([1.0, 2])[0].dtype == np.float32
    assert slices([True, False])[0].dtype == np.bool_
    assert slices([[1, 2], [3, 4]])[1].tolist() == [3, 4]
    assert slices([(1, 2), (3, 4)])[1].tolist() == [3, 4]
    assert slices([np.float64(1), 2.0])[0].dtype == np.float64
    assert len(slices([])) == 0
    assert slices([(1, 2.5), (3, 4.5)])[0].dtype == np.float32


def test_lists_of_pairs_are_elements_where_they_are_no_array() -> None:
    pairs = [(np.arange(n, dtype=np.float32), n % 2) for n in (2, 3, 1)]
    dataset = slices(pairs)
    assert [(a.tolist(), int(b)) for a, b in dataset] == [(list(range(n)), n % 2) for n in (2, 3, 1)]
    assert dataset.element_spec == (fl.TensorSpec((None,), "float32"), fl.TensorSpec((), "int32"))
    assert [a.shape for a, _ in dataset.padded_batch(3)] == [(3, 3)]
    names = slices([("a.png", 3), ("b.png", 4)])
    assert [(name, int(label)) for name, label in names] == [(b"a.png", 3), (b"b.png", 4)]
    equal = slices([(np.zeros(2), 1), (np.zeros(2), 2)])
    assert equal.batch(2)[0][0].shape == (2, 2)
    named = slices([{"x": 1, "y": "a"}, {"x": 2, "y": "b"}])
    assert [(int(e["x"]), e["y"]) for e in named] == [(1, b"a"), (2, b"b")]
    with pytest.raises(fl.errors.StructureError, match="item 1"):
        slices([("a", 1), ("b", 1, 2)])
    with pytest.raises(fl.errors.DtypeError):
        slices([("a", 1), ("b", 1.5)])


def test_lists_of_arrays_of_different_lengths() -> None:
    dataset = slices(([np.arange(2), np.arange(0), np.arange(3)], [1, 2, 3]))
    assert [(a.tolist(), int(b)) for a, b in dataset] == [([0, 1], 1), ([], 2), ([0, 1, 2], 3)]
    assert dataset.element_spec[0] == fl.TensorSpec((None,), "int64")
    lists = slices([[1, 2], [], [3]])
    assert [(row.tolist(), row.dtype) for row in lists] == [([1, 2], np.int32), ([], np.int32), ([3], np.int32)]
    assert sorted(row.tolist() for row in lists.shuffle(3).repeat(2).batch(1).map(lambda b: b[0])) == [
        [],
        [],
        [1, 2],
        [1, 2],
        [3],
        [3],
    ]
    texts = slices([["a"], ["b", "c"]])
    assert [row.tolist() for row in texts] == [[b"a"], [b"b", b"c"]]
    with pytest.raises(fl.errors.DtypeError, match="float32"):
        slices([[1, 2], [1.5]])


def test_ragged_and_sparse() -> None:
    ragged = fl.RaggedTensor(np.arange(5), np.array([0, 2, 2, 5]))
    dataset = slices({"r": ragged, "n": np.arange(3)})
    assert [element["r"].tolist() for element in dataset] == [[0, 1], [], [2, 3, 4]]
    assert dataset.element_spec["r"] == fl.RaggedTensorSpec((None,), "int64", 0)
    got = {int(element["n"]): element["r"].tolist() for element in dataset.repeat(4).shuffle(12, seed=3)}
    assert got == {0: [0, 1], 1: [], 2: [2, 3, 4]}
    assert dataset.shuffle(3, seed=1).padded_batch(3)[0]["r"].shape == (3, 3)
    deep = slices(fl.RaggedTensor(ragged, [0, 1, 3]))
    assert deep.element_spec == fl.RaggedTensorSpec((None, None), "int64", 1)
    assert [row.to_list() for row in deep] == [[[0, 1]], [[], [2, 3, 4]]]
    sparse = fl.SparseTensor([[0, 1], [2, 0], [2, 2]], [5, 6, 7], [3, 3])
    assert [row.to_dense().tolist() for row in slices(sparse)] == [[0, 5, 0], [0, 0, 0], [6, 0, 7]]
    with pytest.raises(fl.errors.ArgumentError, match="order"):
        slices(fl.SparseTensor([[2, 0], [0, 1]], [5, 6], [3, 3]))
    with pytest.raises(fl.errors.ArgumentError, match="dense_shape"):
        slices(fl.SparseTensor([[7, 0]], [5], [3, 3]))


def test_pandas() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    assert slices(frame)[1].tolist() == [2, 1.5]
    assert slices(dict(frame))[1] == {"a": 2, "b": 1.5}
    assert slices((frame, frame["a"]))[0][1] == 1
    mixed = slices(frame.assign(c=["x", "y"]))
    assert mixed[1]["c"] == b"y"
    assert mixed[1]["a"].dtype == np.int64
    flags = slices(pd.DataFrame({"a": [1, 2], "b": [True, False]}))
    assert flags[0].tolist() == [1, 1]
    assert slices(pd.Series([1, 2], dtype="Int64"))[0].dtype == np.int64
    assert slices(pd.DataFrame({"a": pd.array([1, 2], dtype="Int32"), "b": [1, 2]}))[0].tolist() == [1, 1]
    assert slices(pd.Series(["a", "b"], dtype="category"))[1] == b"b"
    assert slices(pd.Index([3, 4]))[1] == 4
    assert np.isnan(slices(pd.Series([1.0, None]))[1])
    large = slices(pd.DataFrame({"a": [(1 << 53) + 1, 2], "b": [0.5, 1.5]}))
    assert int(large[0]["a"]) == (1 << 53) + 1  # a table of float64 would change it
    for series in (pd.Series(["a", None]), pd.Series([1, None], dtype="Int64")):
        with pytest.raises(fl.errors.DtypeError, match="row 1"):
            slices(series)
    with pytest.raises(fl.errors.StructureError, match="'a'"):
        slices(pd.DataFrame([[1, "x"]], columns=["a", "a"]))
    with pytest.raises(fl.errors.DtypeError, match="dates"):
        slices(pd.Series(pd.to_datetime(["2020-01-01"])))


def test_scikit_learn_bunches() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    image, label = slices(digits)[5]
    assert image.tolist() == digits.data[5].tolist()
    assert label == digits.target[5]
    with pytest.raises(fl.errors.StructureError, match="images"):
        slices(type(digits)(images=digits.images))


def test_arrays_of_frameworks() -> None:
    torch = pytest.importorskip("torch")
    assert slices(torch.arange(6).reshape(3, 2))[2].tolist() == [4, 5]
    jnp = pytest.importorskip("jax.numpy")
    assert slices({"a": jnp.arange(3)})[2]["a"].dtype == np.int32


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ((np.zeros(3), np.zeros(4)), fl.errors.UnequalLengthsError, r"component \[0\] has 3, component \[1\] has 4"),
        ({"x": np.zeros(3), "y": [1]}, fl.errors.UnequalLengthsError, r"\['x'\] has 3, component \['y'\] has 1"),
        (np.float32(3), fl.errors.ShapeError, "single value"),
        (3, fl.errors.ShapeError, "single value"),
        ("text", fl.errors.ShapeError, "single value"),
        ((np.zeros(3), 1), fl.errors.ShapeError, r"component \[1\]"),
        ((), fl.errors.StructureError, "no arrays"),
        ({}, fl.errors.StructureError, "no arrays"),
        ({1, 2}, fl.errors.DtypeError, "set"),
        ([object()], fl.errors.DtypeError, "object"),
        (["a", 1], fl.errors.DtypeError, "mixes text"),
        ([1, "a"], fl.errors.DtypeError, "mixes text"),
        (np.array([1, None], object), fl.errors.DtypeError, "one kind"),
        (np.array(["2020-01-01"], "M8[D]"), fl.errors.DtypeError, "dates"),
        (np.zeros(2, [("a", "i4")]), fl.errors.DtypeError, "structured"),
        (np.ma.masked_array([1, 2], [0, 1]), fl.errors.DtypeError, "masked"),
        ([1 << 63], fl.errors.DtypeError, "int64"),
        ([1.0, 1e300], fl.errors.DtypeError, "float32"),
        ([[[1], [2, 3]], [[1], [2]]], fl.errors.DtypeError, "different shapes"),
    ],
)
def test_bad_input(value, error, text) -> None:
    with pytest.raises(error, match=text) as caught:
        slices(value)
    assert caught.value.fix


def test_from_tensors() -> None:
    tensors = fl.Dataset.from_tensors
    assert len(tensors((1, 2))) == 1
    assert tensors([1, 2])[0].tolist() == [1, 2]
    assert tensors(b"a\x00")[0] == b"a\x00"
    assert tensors({"a": None, "b": 3})[0] == {"a": None, "b": 3}
    assert tensors({"a": [1.5]}).element_spec == {"a": fl.TensorSpec((1,), "float32")}
    assert tensors("x").element_spec == fl.TensorSpec((), "string")
    ragged = tensors(fl.RaggedTensor(np.arange(3), [0, 1, 3]))
    assert ragged.element_spec == fl.RaggedTensorSpec((2, None), "int64")
    assert [r.to_list() for r in ragged.repeat(2)] == [[[0], [1, 2]]] * 2
    assert [batch.shape for batch in tensors(np.zeros(2)).repeat(3).batch(2)] == [(2, 2), (1, 2)]
    with pytest.raises(fl.errors.DtypeError):
        tensors(object())


def test_a_dataset_does_not_change_what_it_was_given() -> None:
    array = np.zeros((4, 2))
    for dataset in (slices(array), slices(array).shuffle(4), fl.Dataset.from_tensors(array)):
        for _ in range(2):
            for element in dataset:
                element += 1
    assert (array == 0).all()


def test_empty() -> None:
    dataset = slices(np.zeros((0, 3), np.float32))
    assert list(dataset) == list(dataset.batch(2)) == list(dataset.shuffle(3)) == list(dataset.repeat(2)) == []
    assert len(dataset) == 0
    assert dataset.element_spec == fl.TensorSpec((3,), "float32")


def test_data_given_as_the_name_is_refused() -> None:
    with pytest.raises(fl.errors.ArgumentError, match=r"from_tensor_slices\(\(x, y\)\)"):
        fl.Dataset.from_tensor_slices(np.arange(3), np.arange(3))
    with pytest.raises(fl.errors.ArgumentError, match="one tuple"):
        fl.Dataset.from_tensors(np.arange(3), np.arange(3))
    with pytest.raises(fl.errors.ArgumentError, match="one dataset at a time"):
        fl.Dataset.range(2).concatenate(fl.Dataset.range(2), fl.Dataset.range(2))
    assert len(fl.Dataset.from_tensor_slices(np.arange(3), name="rows")) == 3


def test_datasets_of_a_list_are_elements() -> None:
    parts = [fl.Dataset.range(3), fl.Dataset.range(5, 7)]
    dataset = slices(parts)
    assert len(dataset) == 2
    assert [int(number) for number in dataset.flat_map(lambda part: part)] == [0, 1, 2, 5, 6]
    assert [int(number) for number in dataset.interleave(lambda part: part, cycle_length=2)] == [0, 5, 1, 6, 2]
    named = slices({"part": parts, "number": [7, 8]}).shuffle(2, seed=1)
    assert sorted((int(element["number"]), len(element["part"])) for element in named) == [(7, 3), (8, 2)]
    costly = [part.map(lambda number: number * 2) for part in parts]
    assert [int(number) for number in slices(costly).flat_map(lambda part: part)] == [0, 2, 4, 10, 12]
    with pytest.raises(fl.errors.StructureError, match="item 1"):
        slices([parts[0], parts[1].enumerate()])
    with pytest.raises(fl.errors.DtypeError):
        slices([parts[0], 1])


def test_datasets_of_a_list_as_in_tensorflow() -> None:
    tf = pytest.importorskip("tensorflow")

    def numbers(dataset_class):
        parts = dataset_class.from_tensor_slices([dataset_class.range(3), dataset_class.range(5, 7)])
        return [int(number) for number in parts.repeat(2).interleave(lambda part: part, cycle_length=3, block_length=2)]

    assert numbers(fl.Dataset) == numbers(tf.data.Dataset)
