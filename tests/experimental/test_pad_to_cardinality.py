"""pad_to_cardinality: elements of zeros behind a dataset's own."""

import numpy as np
import pytest

import feedline as fl
from feedline.errors import ArgumentError, ShapeError, StructureError

padded = fl.experimental.pad_to_cardinality


def test_elements_of_zeros_are_put_behind() -> None:
    rows = fl.Dataset.from_tensor_slices({"a": np.ones((2, 3), np.float32), "s": ["x", "y"]})
    elements = list(rows.apply(padded(4, mask_key="there")))
    assert [bool(element["there"]) for element in elements] == [True, True, False, False]
    assert [element["a"].tolist() for element in elements] == [[1, 1, 1]] * 2 + [[0, 0, 0]] * 2
    assert [element["s"] for element in elements] == [b"x", b"y", b"", b""]
    assert elements[3]["a"].dtype == np.float32
    assert len(rows.apply(padded(4))) == 4
    assert len(rows.apply(padded(2))) == 2


def test_what_cannot_be_filled_up_is_refused() -> None:
    rows = fl.Dataset.from_tensor_slices({"a": [1, 2]})
    with pytest.raises(ArgumentError, match="2 elements, more than 1"):
        rows.apply(padded(1))
    for dataset in (rows.repeat(), rows.filter(lambda element: True)):
        with pytest.raises(ArgumentError, match="number of elements is known"):
            dataset.apply(padded(5))
    with pytest.raises(StructureError, match="dicts"):
        fl.Dataset.range(2).apply(padded(5))
    unequal = fl.Dataset.from_tensor_slices({"a": [np.zeros(1), np.zeros(2)]})
    with pytest.raises(ShapeError, match=r"\['a'\]"):
        unequal.apply(padded(5))
    with pytest.raises(ArgumentError, match="cardinality"):
        padded(-1)
