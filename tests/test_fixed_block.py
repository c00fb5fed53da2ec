import numpy as np
import pytest

import feedline as fl
from feedline.fixed_block import FixedBlockBuilder, is_fixed
from feedline.structure import flatten

SPECS = (fl.TensorSpec((2,), "float32"), fl.TensorSpec((), "uint8"))


def builder(capacity: int, specs=SPECS, convert=None) -> FixedBlockBuilder:
    treedef = flatten(tuple(specs))[1]

    def refuse(value):
        raise AssertionError(f"{value!r} should have gone straight to its place")

    return FixedBlockBuilder(capacity, specs, [convert or refuse] * len(specs), treedef)


@pytest.mark.parametrize(
    ("specs", "fixed"),
    [
        (SPECS, True),
        ((), True),
        ((fl.TensorSpec((), "bool"), fl.TensorSpec((3, 4), "complex64")), True),
        ((fl.TensorSpec((None,)),), False),
        ((fl.TensorSpec(None),), False),
        ((fl.TensorSpec((), "string"),), False),
        ((fl.TensorSpec((), "bfloat16"),), False),
        ((fl.RaggedTensorSpec((2, None)),), False),
        ((*SPECS, fl.SparseTensorSpec((2,))), False),
    ],
)
def test_only_numbers_of_known_shapes_are_fixed(specs, fixed) -> None:
    assert is_fixed(specs) is fixed


def test_elements_become_rows_of_one_array_a_component() -> None:
    building = builder(5)
    for number in range(3):
        building.append_leaves([np.full(2, number, np.float32), number])
    assert building.length == 3
    block = building.block()
    assert block.length == 3
    assert [column.dtype.name for column in block.columns] == ["float32", "uint8"]
    assert block.columns[0].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert block.columns[1].tolist() == [0, 1, 2]
    image, label = block.row(1)
    assert image.tolist() == [1, 1]
    assert label == 1


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (fl.TensorSpec((), "uint8"), 256),
        (fl.TensorSpec((), "uint8"), -1),
        (fl.TensorSpec((), "uint8"), True),
        (fl.TensorSpec((), "uint8"), 1.0),
        (fl.TensorSpec((), "float32"), 1),
        (fl.TensorSpec((), "int64"), 1 << 63),
        (fl.TensorSpec((2,), "int32"), np.zeros(2, np.int64)),
        (fl.TensorSpec((2,), "int32"), np.zeros((1, 2), np.int32)),
        (fl.TensorSpec((2,), "int32"), np.zeros((), np.int32)),
        (fl.TensorSpec((2,), "int32"), [1, 2]),
    ],
)
def test_what_is_not_plainly_right_is_looked_at_by_the_converter(spec, value) -> None:
    looked_at = []

    def convert(given):
        looked_at.append(given)
        return np.zeros(spec.shape, spec.dtype)

    building = builder(1, [spec], convert)
    building.append_leaves([value])
    assert looked_at == [value] or looked_at[0] is value
    assert building.length == 1


def test_an_element_that_is_refused_leaves_its_row_free() -> None:
    def refuse(value):
        raise ValueError("no")

    building = builder(2, SPECS, refuse)
    building.append_leaves([np.zeros(2, np.float32), 7])
    with pytest.raises(ValueError, match="no"):
        building.append_leaves([np.ones(2, np.float32), "seven"])
    building.append_leaves([np.full(2, 3, np.float32), 8])
    assert building.block().columns[1].tolist() == [7, 8]
    assert building.block().columns[0].tolist() == [[0, 0], [3, 3]]


def test_large_elements_make_small_blocks() -> None:
    assert builder(1_000, [fl.TensorSpec((1 << 20,), "float64")]).capacity == 8
    assert builder(1_000, [fl.TensorSpec((1 << 24,), "float64")]).capacity == 2
    assert builder(1_000, [fl.TensorSpec((0,), "float64")]).capacity == 1_000


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_through_a_generator_values_are_those_without_a_signature(batch_size) -> None:
    def elements():
        for number in range(70):
            yield np.full(2, number, np.float32), number

    plain = list(fl.Dataset.from_generator(elements).batch(batch_size))
    fixed = list(fl.Dataset.from_generator(elements, output_signature=SPECS).batch(batch_size))
    assert len(plain) == len(fixed)
    for (x, y), (fixed_x, fixed_y) in zip(plain, fixed, strict=True):
        np.testing.assert_array_equal(x, fixed_x)
        np.testing.assert_array_equal(y, fixed_y)
        assert fixed_y.dtype == np.uint8
