import numpy as np
import pytest

import feedline as fl

Dataset = fl.Dataset


def test_it_counts_without_end() -> None:
    dataset = Dataset.counter()
    assert dataset.cardinality() == fl.INFINITE_CARDINALITY
    assert dataset.element_spec == fl.TensorSpec((), "int64")
    assert [int(number) for number in dataset.take(4)] == [0, 1, 2, 3]
    assert [int(number) for number in Dataset.counter(7, -3).skip(2).take(2)] == [1, -2]
    assert int(dataset[10**12]) == 10**12
    assert "indexed" in dataset.explain()
    with pytest.raises(fl.errors.InfiniteDatasetError):
        len(dataset)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", "float16", "float32", "float64"])
def test_dtypes_and_their_ends(dtype) -> None:
    numbers = list(Dataset.counter(1, 100, dtype).take(5))
    assert {number.dtype for number in numbers} == {np.dtype(dtype)}
    wanted = (np.arange(5) * 100 + 1).astype(dtype)
    assert np.array_equal(numbers, wanted)


def test_zip_with_it_is_enumerate() -> None:
    letters = Dataset.from_tensor_slices(["a", "b"])
    assert list(Dataset.zip(Dataset.counter(5), letters)) == [(5, b"a"), (6, b"b")]


@pytest.mark.parametrize(
    "arguments",
    [
        (1.5,),
        (0, 0.5),
        ("a",),
        (0, None),
        ([1, 2],),
        (300, 1, "uint8"),
        (-1, 1, "uint8"),
        (0, 1, "string"),
        (0, 1, "bool"),
    ],
)
def test_what_cannot_be_counted(arguments) -> None:
    with pytest.raises(fl.errors.ArgumentError):
        Dataset.counter(*arguments)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
@pytest.mark.parametrize("step", [-1, -100, -255])
def test_unsigned_numbers_that_count_down(dtype, step) -> None:
    wanted = [(3 + step * turn) % (1 << 8 * np.dtype(dtype).itemsize) for turn in range(6)]
    numbers = list(Dataset.counter(3, step, dtype).take(6))
    assert [int(number) for number in numbers] == wanted
    assert {number.dtype for number in numbers} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_unsigned_numbers_that_count_down_as_in_tensorflow(dtype) -> None:
    data = pytest.importorskip("tensorflow").data
    theirs = data.Dataset.counter(start=3, step=-1, dtype=dtype).take(6)
    ours = Dataset.counter(start=3, step=-1, dtype=dtype).take(6)
    assert [int(number) for number in ours] == [int(number) for number in theirs.as_numpy_iterator()]
