"""The functions at the top of feedline (`cast`, `one_hot`) beside TensorFlow's, over dtypes, shapes and edge values."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")
sys.path.insert(0, str(Path(__file__).parent))

from grids.compare import DTYPES, Case, compare, signature_difference, value_of  # noqa: E402

import feedline as fl  # noqa: E402

SHAPES = [(), (0,), (3,), (2, 0, 3), (2, 3, 4)]
ALL = (*DTYPES, "complex64", "complex128")


def dtype_of(name: str) -> np.dtype:
    return np.dtype(tf.as_dtype(name).as_numpy_dtype)


def grid_cast() -> None:
    for source, target in itertools.product(ALL, ALL):
        if source.startswith("complex"):
            values = [
                (value_of("float64", shape) + 1j * value_of("float64", shape, 1)).astype(source) for shape in SHAPES
            ]
        elif "float" in source and "int" in target:
            # Beyond the range TensorFlow has one rule for most of an array and another for its last values.
            low = 0.0 if target.startswith("u") else -100.0
            values = [value_of(source, shape, low=low, high=100.0) for shape in SHAPES]
        else:
            values = [value_of(source, shape, low=0.1, high=60000.0) for shape in SHAPES]
        compare(fl.cast, tf.cast, [Case((value, dtype_of(target))) for value in values])
    python = [3, 2.5, True, [1, 2], [[1.5], [2.0]], [], [True, False], 1 << 40, (1, 2)]
    compare(fl.cast, tf.cast, [Case((value, dtype_of(target))) for value in python for target in ALL[:-2]])
    texts = [Case((value, dtype_of("int32"))) for value in (b"1", ["a"], np.array([b"x"], object))]
    compare(fl.cast, tf.cast, [*texts, Case(([1], np.dtype(object))), Case(([1], dtype_of("int32")))])
    compare(fl.cast, tf.cast, [Case((np.array([b"x"], object), np.dtype(object)))])


def grid_one_hot() -> None:
    indices = [value_of(name, shape) % 5 for name in ("uint8", "int32", "int64", "int8") for shape in SHAPES]
    indices += [np.array([-1, 5, 0], np.int64), [0, 2], [[1], [0]], 3, []]
    options = [{}, {"axis": 0}, {"axis": -1}, {"axis": 1}, {"axis": 9}, {"axis": -2}, {"on_value": 5, "off_value": -1}]
    options += [{"dtype": dtype_of(name)} for name in ("uint8", "float16", "int64", "bool", "complex64", "bfloat16")]
    options += [
        {"on_value": 2.5},
        {"off_value": 7},
        {"on_value": True, "off_value": False},
        {"on_value": b"y", "off_value": b"n"},
    ]
    options += [{"on_value": 1, "off_value": 0.5}, {"on_value": 2.5, "dtype": dtype_of("int32")}, {"on_value": [1, 2]}]
    options += [{"on_value": 1, "dtype": dtype_of("float32")}, {"name": "x"}]
    cases = [Case((one, depth), option) for one in indices for depth in (0, 1, 4) for option in options]
    cases += [Case((indices[1], depth)) for depth in (-1, 2.0, [3], np.int64(3), np.array(2, np.int32))]
    cases += [Case((bad, 3)) for bad in ([1.0], np.array([True]), ["a"])]
    # Of the default values 1 and 0 TensorFlow makes no bools.
    compare(fl.one_hot, tf.one_hot, cases, wider="Cannot convert 1 to EagerTensor of dtype bool")


GRIDS = {"cast": grid_cast, "one_hot": grid_one_hot}
FUNCTIONS = [
    name
    for name in fl.__all__
    if callable(getattr(fl, name)) and name.islower() and not isinstance(getattr(fl, name), type)
]


def test_every_function_has_a_grid():
    assert sorted(name for name in FUNCTIONS if not isinstance(getattr(fl, name), np.dtype)) == sorted(GRIDS)


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_equals_tensorflow(name):
    GRIDS[name]()


@pytest.mark.parametrize("name", sorted(GRIDS))
def test_arguments_are_those_of_tensorflow(name):
    assert signature_difference(getattr(fl, name), getattr(tf, name)) == ""
