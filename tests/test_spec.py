import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import feedline as fl
from feedline.errors import ArgumentError, DtypeError
from feedline.spec import DatasetSpec, as_dtype, as_shape, dtype_name, merge_shapes, shape_allows, string

lengths = st.one_of(st.none(), st.integers(0, 4))
shapes = st.one_of(st.none(), st.lists(lengths, max_size=3).map(tuple))
known_shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@pytest.mark.parametrize(
    ("given_as", "name"),
    [
        ("float32", "float32"),
        (np.float64, "float64"),
        (np.dtype("uint8"), "uint8"),
        (fl.int64, "int64"),
        (bool, "bool"),
        (int, np.dtype(int).name),
        (float, "float64"),
        ("bfloat16", "bfloat16"),
        (ml_dtypes.bfloat16, "bfloat16"),
        ("complex64", "complex64"),
    ],
)
def test_a_dtype_may_be_given_in_many_ways(given_as, name) -> None:
    assert dtype_name(as_dtype(given_as)) == name


@pytest.mark.parametrize("given_as", ["string", bytes, str, object, np.dtype("S3"), np.dtype("U2"), np.str_, "S5"])
def test_all_text_is_the_one_dtype_of_strings(given_as) -> None:
    assert as_dtype(given_as) is string
    assert dtype_name(as_dtype(given_as)) == "string"


@pytest.mark.parametrize("library", ["tensorflow", "torch", "jax"])
def test_dtypes_of_frameworks_are_understood(library) -> None:
    module = pytest.importorskip(library)
    numbers = module.numpy if library == "jax" else module
    if library != "torch":
        assert as_dtype(numbers.float32) == fl.float32
        assert as_dtype(numbers.bfloat16) == np.dtype(ml_dtypes.bfloat16)
    if library == "tensorflow":
        assert as_dtype(module.string) is string


@pytest.mark.parametrize("wrong", ["flaot32", None, 3.5, "float31", [1]])
def test_what_is_no_dtype_is_refused_with_examples_of_some(wrong) -> None:
    with pytest.raises(DtypeError, match="is not a dtype") as caught:
        as_dtype(wrong)
    assert "float32" in caught.value.fix


def test_shapes_may_be_lists_numbers_and_have_open_lengths() -> None:
    assert as_shape([None, 3]) == as_shape((-1, 3)) == as_shape(np.array([-1, 3])) == (None, 3)
    assert as_shape(5) == as_shape(np.int64(5)) == (5,)
    assert as_shape(()) == ()
    assert as_shape(None) is None


@pytest.mark.parametrize("wrong", [(2.5,), "ab", [(1, 2)], object()])
def test_what_is_no_shape_is_refused(wrong) -> None:
    with pytest.raises(ArgumentError, match="is not a shape"):
        as_shape(wrong)


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ArgumentError, match="negative"):
        fl.TensorSpec((2, -3))


@given(shapes, known_shapes)
def test_a_shape_allows_what_agrees_in_every_known_length(shape, actual) -> None:
    expected = shape is None or (
        len(shape) == len(actual) and all(shape[axis] in (None, actual[axis]) for axis in range(len(actual)))
    )
    assert shape_allows(shape, actual) == expected


@given(shapes, shapes, known_shapes)
def test_merged_shapes_allow_whatever_either_allows(first, second, actual) -> None:
    merged = merge_shapes(first, second)
    assert merged == merge_shapes(second, first)
    assert merge_shapes(first, first) == first
    if shape_allows(first, actual) or shape_allows(second, actual):
        assert shape_allows(merged, actual)


def test_specs_that_say_the_same_are_equal_and_hash_alike() -> None:
    pairs = [
        (fl.TensorSpec([None, 3], "float32"), fl.TensorSpec((-1, 3), np.float32)),
        (fl.RaggedTensorSpec([2, None], fl.int32), fl.RaggedTensorSpec((2, None), "int32")),
        (fl.SparseTensorSpec([4], "string"), fl.SparseTensorSpec((4,), bytes)),
    ]
    for one, other in pairs:
        assert one == other
        assert hash(one) == hash(other)
    assert len({type(one) for one, _ in pairs}) == 3
    assert fl.TensorSpec((3,)) != fl.TensorSpec((4,))
    assert fl.TensorSpec((3,)) != fl.TensorSpec((3,), "float64")


def test_specs_cannot_be_changed() -> None:
    spec = fl.TensorSpec((3,))
    with pytest.raises(AttributeError):
        spec.shape = (4,)


def test_specs_are_printed_as_they_are_read() -> None:
    assert repr(fl.TensorSpec((None, 2), "uint8")) == "TensorSpec(shape=(None, 2), dtype=uint8)"
    assert repr(fl.TensorSpec((), bytes, name="path")) == "TensorSpec(shape=(), dtype=string, name='path')"
    assert repr(fl.RaggedTensorSpec((2, None))) == "RaggedTensorSpec(shape=(2, None), dtype=float32, ragged_rank=1)"
    assert repr(fl.SparseTensorSpec((5,), "int64")) == "SparseTensorSpec(shape=(5,), dtype=int64)"
    assert repr(DatasetSpec(fl.TensorSpec(()))) == "DatasetSpec(TensorSpec(shape=(), dtype=float32))"


def test_the_spec_of_a_dataset_as_a_component_has_the_place_of_one_value() -> None:
    spec = fl.Dataset.range(4).window(2).element_spec
    assert isinstance(spec, DatasetSpec)
    assert spec.shape == ()
    assert spec.element_spec == fl.TensorSpec((), "int64")


def test_specs_of_tensorflow_are_taken() -> None:
    tf = pytest.importorskip("tensorflow")
    spec = tf.TensorSpec((None, 2), tf.int32)
    (element,) = fl.Dataset.from_generator(lambda: iter([[[1, 2]]]), output_signature=spec)
    assert element.dtype == np.int32
    assert element.shape == (1, 2)
