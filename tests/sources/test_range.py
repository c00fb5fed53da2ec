import numpy as np
import pytest

import feedline as fl


@pytest.mark.parametrize(
    "arguments", [(5,), (2, 5), (0, 10, 3), (10, 0, -3), (5, 2), (0,), (-4, 4, 2), (2**40, 2**40 + 2)]
)
def test_as_pythons_range(arguments) -> None:
    dataset = fl.Dataset.range(*arguments)
    assert [int(number) for number in dataset] == list(range(*arguments))
    assert len(dataset) == len(range(*arguments))
    assert dataset.element_spec == fl.TensorSpec((), "int64")


def test_output_type() -> None:
    assert [number.dtype for number in fl.Dataset.range(2, output_type="uint8")] == [np.uint8] * 2
    assert [float(number) for number in fl.Dataset.range(2, output_type=fl.float32)] == [0.0, 1.0]
    assert len(fl.Dataset.range(256, output_type="uint8")) == 256


@pytest.mark.parametrize(
    ("arguments", "output_type"),
    [
        ((300,), "uint8"),
        ((-1, 2), "uint32"),
        ((3000,), "float16"),
        ((3,), "bool"),
        ((3,), "string"),
        ((1 << 63,), "int64"),
    ],
)
def test_what_a_dtype_cannot_hold_is_not_wrapped(arguments, output_type) -> None:
    with pytest.raises(fl.errors.ArgumentError):
        fl.Dataset.range(*arguments, output_type=output_type)


@pytest.mark.parametrize("arguments", [(), (1, 2, 3, 4), (1.5,), ("3",), (1, 2, 0), (None,)])
def test_bad_arguments(arguments) -> None:
    with pytest.raises(fl.errors.ArgumentError):
        fl.Dataset.range(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ((1 << 63) - 1,), (-(1 << 63), (1 << 63) - 1), (-(1 << 62), 1 << 62), (1 << 62, (1 << 63) - 1),
        ((1 << 63) - 3, (1 << 63) - 1), ((1 << 63) - 1, (1 << 63) - 3, -1), (-(1 << 63), (1 << 63) - 1, 1 << 60),
        (0, (1 << 63) - 1, 1 << 62), ((1 << 63) - 1, -(1 << 63), -(1 << 61)),
    ],
)  # fmt: skip
def test_numbers_up_to_the_ends_of_64_bits(arguments) -> None:
    dataset = fl.Dataset.range(*arguments)
    expected = range(*arguments)
    assert [int(number) for number in dataset.take(20)] == list(expected[:20])
    length = (expected.stop - expected.start + expected.step - (1 if expected.step > 0 else -1)) // expected.step
    assert dataset.cardinality() == (length if length <= 1 << 62 else fl.INFINITE_CARDINALITY)


def test_an_output_type_of_text_is_named_as_the_user_wrote_it() -> None:
    with pytest.raises(TypeError, match="cannot give string"):
        fl.Dataset.range(3, output_type=fl.string)
