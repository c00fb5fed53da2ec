import re

import pytest

pytest.importorskip("keras")

from feedline.errors import ArgumentError, DtypeError, InfiniteDatasetError, ShapeError, StructureError
from feedline.keras.check import (
    check_cardinality,
    check_class_weight,
    check_inputs,
    check_kinds,
    check_spec,
    components,
    split,
)
from feedline.spec import RaggedTensorSpec, SparseTensorSpec, TensorSpec

X = TensorSpec((None, 4))
Y = TensorSpec((None,), "int64")


@pytest.mark.parametrize(
    ("element", "parts"),
    [
        (X, (X, None, None)),
        ((X,), (X, None, None)),
        ((X, Y), (X, Y, None)),
        ((X, Y, Y), (X, Y, Y)),
        ({"a": X}, ({"a": X}, None, None)),
        (({"a": X}, {"b": Y}), ({"a": X}, {"b": Y}, None)),
    ],
)
def test_split(element, parts):
    assert split(element) == parts
    check_spec(element)


@pytest.mark.parametrize("element", [[X, Y], (), (X, X, X, Y)])
def test_split_refuses(element):
    with pytest.raises(StructureError):
        split(element)


def test_component_names():
    names = [name for name, _ in components(({"a": X, "b": (X, X)}, Y, None))]
    assert names == ["x['a']", "x['b'][0]", "x['b'][1]", "y"]


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ((X, TensorSpec((), "int64")), "y is a single value of dtype int64"),
        ((TensorSpec((28, 28)), TensorSpec((10,))), "x has 28, y has 10"),
        ({"a": X, "b": TensorSpec(())}, "x['b'] is a single value"),
    ],
)
def test_unbatched(element, words):
    with pytest.raises(ShapeError, match=re.escape(words)) as caught:
        check_spec(element)
    assert ".batch(32)" in caught.value.fix


def test_unknown_shapes_pass():
    check_spec((TensorSpec(None), TensorSpec((32, 2)), TensorSpec((None,))))


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_strings(backend):
    words = TensorSpec((None,), "string")
    with pytest.raises(DtypeError, match="x is strings"):
        check_kinds(words, backend, strings=False, string_inputs=False)
    with pytest.raises(DtypeError, match="y is strings"):
        check_kinds((X, words), backend, strings=False, string_inputs=True)
    for strings, string_inputs in [(True, False), (False, True)]:
        if backend == "tensorflow":
            check_kinds(words, backend, strings, string_inputs)
        else:
            with pytest.raises(DtypeError):
                check_kinds(words, backend, strings, string_inputs)


def test_ragged_and_sparse():
    ragged, sparse = RaggedTensorSpec((None, None)), SparseTensorSpec((None, 3))
    for component in (ragged, sparse):
        check_kinds((component, Y), "tensorflow", False, False)
    for component, backend, fix in [
        (ragged, "jax", 'ragged="pad"'),
        (ragged, "torch", 'ragged="pad"'),
        (sparse, "torch", 'sparse="dense"'),
    ]:
        with pytest.raises(StructureError) as caught:
            check_kinds((component, Y), backend, False, False)
        assert fix in caught.value.fix
    check_kinds((sparse, Y), "jax", False, False)
    with pytest.raises(StructureError, match="y is a sparse tensor"):
        check_kinds((X, sparse), "jax", False, False)
    check_kinds((RaggedTensorSpec((3,), "int32", 0), Y), "jax", False, False)  # a row of a ragged tensor is an array


def test_cardinality():
    check_cardinality(-1, 5, "fit", "steps_per_epoch")
    check_cardinality(-2, None, "fit", "steps_per_epoch")
    check_cardinality(3, None, "fit", "steps_per_epoch")
    with pytest.raises(InfiniteDatasetError, match="would never end"):
        check_cardinality(-1, None, "fit", "steps_per_epoch")
    with pytest.raises(ArgumentError, match="without a single batch"):
        check_cardinality(0, 5, "fit", "steps_per_epoch")


@pytest.mark.parametrize(("cardinality", "error"), [(-1, InfiniteDatasetError), (0, ArgumentError)])
def test_validation_data_is_blamed_and_not_evaluate(cardinality, error):
    with pytest.raises(error, match=re.escape("fit(validation_data=...)")) as caught:
        check_cardinality(cardinality, None, "evaluate", "validation_steps")
    assert "evaluate" not in caught.value.what


class Model:
    """The least that a built model is."""

    def __init__(self, *lengths):
        self.inputs = [TensorSpec((None, *lengths))]


@pytest.mark.parametrize(
    ("lengths", "shape", "words"),
    [
        ((4,), (4,), "not batched"),
        ((4, 1), (4, 1), "not batched"),
        ((28, 28, 1), (28, 28, 1), "not batched"),
        ((4,), (None, None, 4), "batched twice"),
        ((4, 1), (None, None, 4, 1), "batched twice"),
        ((1,), (2, 4, 1), "batched twice"),
        ((28, 28, 1), (None, None, 28, 28, 1), "batched twice"),
        # Keras adds or drops a last length of 1.
        ((1,), (1,), None),
        ((1,), (None,), None),
        ((1,), (None, 1, 1), None),
        ((4,), (None, 4, 1), None),
        ((4, 1), (None, 4), None),
        ((4,), (None, 4), None),
        ((None, 1), (7, 1), None),
        ((4,), None, None),
    ],
)
def test_shapes_beside_the_models_input(lengths, shape, words):
    spec = (TensorSpec(shape), Y)
    if words is None:
        check_inputs(Model(*lengths), spec)
        return
    with pytest.raises(ShapeError, match=words):
        check_inputs(Model(*lengths), spec)


def test_class_weight():
    check_class_weight({0: 1.0}, (X, Y))
    for given, spec in [([1.0], (X, Y)), ({"cat": 1.0}, (X, Y)), ({0: 1.0}, (X, Y, Y)), ({0: 1.0}, X)]:
        with pytest.raises(ArgumentError):
            check_class_weight(given, spec)
