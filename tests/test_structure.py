import collections

import numpy as np
import pytest

import feedline as fl
from feedline import structure

Pair = collections.namedtuple("Pair", "x y")


def test_flatten_and_back() -> None:
    element = {"b": (1, [2, 3]), "a": Pair(None, {"z": 4})}
    leaves, treedef = structure.flatten(element)
    assert leaves == [4, 1, [2, 3]]
    assert structure.unflatten(treedef, leaves) == element
    assert list(structure.unflatten(treedef, leaves)) == ["b", "a"]
    assert structure.component_names(treedef) == [
        "component ['a'][1]['z']",
        "component ['b'][0]",
        "component ['b'][1]",
    ]
    assert structure.component_names(structure.flatten(3)[1]) == ["the element"]


@pytest.mark.parametrize(
    "other",
    [1, (1,), (1, 2, 3), {"a": 1}, (1, (2, 3)), (1, {"a": 2}), (1, None), None, [1, 2], Pair(1, 2), (Pair(1, 2), 1)],
)
def test_another_structure_is_an_error(other) -> None:
    treedef = structure.flatten((1, 2))[1]
    with pytest.raises(fl.errors.StructureError, match="someone gave"):
        structure.flatten_as(treedef, other, "someone")
    assert structure.flatten_as(treedef, (3, [4, 5]), "someone") == [3, [4, 5]]


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (True, "bool", True), (-(1 << 31), "int32", -(1 << 31)), (0.1, "float32", np.float32(0.1)),
        (1j, "complex128", 1j),
        (float("inf"), "float32", np.inf), ([1, 2.5], "float32", [1, 2.5]), ((1, 2), "int32", [1, 2]),
        ([np.int8(1)], "int8", [1]), ([True], "bool", [True]), ([], "float32", []), (np.uint8(3), "uint8", 3),
        (np.array(3.0), "float64", 3.0), (range(3), "int32", [0, 1, 2]), ([[float("nan")]], "float32", [[np.nan]]),
        (1 << 31, "int64", 1 << 31), (-(1 << 31) - 1, "int64", -(1 << 31) - 1), ([0, 1 << 31], "int64", [0, 1 << 31]),
    ],
)  # fmt: skip
def test_numbers_become_what_tensorflow_makes_of_them(value, dtype, expected) -> None:
    component = structure.as_component(value)
    assert component.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(component, expected)


@pytest.mark.parametrize("text", [b"a\x00", "a\x00", np.bytes_(b"ab"), np.str_("ab"), "", b"\xff"])
def test_text_becomes_bytes(text) -> None:
    expected = text.encode() if isinstance(text, str) else bytes(text)
    assert structure.as_component(text) == expected
    assert structure.as_component([text, text]).tolist() == [expected, expected]
    assert type(structure.as_component(text)) is bytes


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1, [1 << 63], [0, -(1 << 63) - 1], 1e39, [-1e39]])
def test_numbers_that_do_not_fit(value) -> None:
    with pytest.raises(fl.errors.DtypeError, match=r"does not fit (int64|float32)"):
        structure.as_component(value)


def test_specs() -> None:
    assert structure.spec_of(b"a") == fl.TensorSpec((), "string")
    assert structure.spec_of(fl.RaggedTensor(np.zeros(2), [0, 2])) == fl.RaggedTensorSpec((1, None), "float64")
    assert structure.spec_of(fl.SparseTensor([[0]], [1.0], [3])) == fl.SparseTensorSpec((3,), "float64")
    merged = structure.merge_specs(fl.TensorSpec((1, 2), "int32"), fl.TensorSpec((1, 3), "int32"))
    assert merged == fl.TensorSpec((1, None), "int32")
    for shape in ((2.5,), "ab", (1, "a"), {"a": 1}):
        with pytest.raises(fl.errors.ArgumentError, match="not a shape"):
            fl.TensorSpec(shape, "int32")


def test_dtypes_that_are_none() -> None:
    for dtype in ("floot32", "", None, 3, "float33"):
        with pytest.raises(fl.errors.DtypeError, match="is not a dtype"):
            fl.TensorSpec((), dtype)
