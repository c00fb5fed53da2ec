"""What the tests of compat.tf share: evaluating an expression, and describing what comes out."""

from __future__ import annotations

import numpy as np
import pytest


def describe(value):
    """Returns what a value is, whichever library it is of, in what JSON can hold."""
    if isinstance(value, Exception):
        return {"error": True}
    if isinstance(value, list | tuple) and not hasattr(value, "as_list"):
        return {"kind": type(value).__name__, "parts": [describe(part) for part in value]}
    if hasattr(value, "to_list"):
        shape = [None if length is None else int(length) for length in value.shape]
        splits = [np.asarray(splits).dtype.name for splits in value.nested_row_splits]
        described = {"kind": "ragged", "dtype": dtype_of(value), "shape": shape, "splits": splits}
        return {**described, "values": listed(value.to_list())}
    if hasattr(value, "dense_shape"):
        return {
            "kind": "sparse",
            "parts": [describe(part) for part in (value.indices, value.values, value.dense_shape)],
        }
    if hasattr(value, "numpy"):
        array = np.asarray(value.numpy())
        return {"dtype": dtype_of(value), "shape": [int(n) for n in array.shape], "values": listed(array.tolist())}
    if isinstance(value, np.ndarray | np.generic):
        return {"kind": type(value).__name__, "values": listed(np.asarray(value).tolist())}
    return {"kind": type(value).__name__, "text": repr(value)}


def dtype_of(value):
    """Returns the name of a dtype as TensorFlow writes it."""
    return value.dtype.name.replace("object", "string")


def listed(value):
    """Returns nested lists with text in place of bytes, and pairs in place of complex numbers."""
    if isinstance(value, list):
        return [listed(part) for part in value]
    if isinstance(value, np.ndarray):
        return listed(value.tolist())
    if isinstance(value, bytes):
        return "b:" + value.decode("latin-1")
    if isinstance(value, complex):
        return [value.real, value.imag]
    return value if isinstance(value, bool | int | float | str) else float(value)


RAGGED = {
    "R2": "tf.ragged.constant([[1, 2, 5], [], [3]])",
    "F2": "tf.ragged.constant([[1.0, 2.5, 4.0], [], [3.0]])",
    "B2": "tf.ragged.constant([[True, False], [], [True]])",
    "R3": "tf.ragged.constant([[[1, 2], [3]], [[], [4, 5, 6], [7]]])",
    "D3": "tf.ragged.constant([[[1, 2], [3, 4]], [[5, 6]]], ragged_rank=1)",
    "S2": "tf.ragged.constant([['ab', 'c'], [], ['d']])",
    "S3": "tf.ragged.constant([[['a', 'b'], ['c']], [['d']]])",
}
"""Ragged tensors that the expressions know by name."""


def names_of(module):
    """Returns the names that expressions use, with `tf` being a module."""
    names = {"tf": module, "np": np, "C": module.constant, "S": module.strings, "R": module.RaggedTensor}
    return names | {name: eval(text, names) for name, text in RAGGED.items()}


def evaluate(module, expression):
    """Returns the description of an expression's value, with `tf` being a module."""
    if module not in _NAMES:
        _NAMES[module] = names_of(module)
    return outcome(lambda: eval(expression, dict(_NAMES[module])))


def outcome(compute):
    """Returns the description of what a function returns, or that it raises."""
    try:
        return describe(compute())
    except Exception as error:
        return describe(error)


_NAMES = {}


def agree(one, other):
    """Says whether two descriptions are the same, floats to six digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(agree(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(agree(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=2e-6, atol=1e-7, equal_nan=True))
    return type(one) is type(other) and one == other


@pytest.fixture(scope="session", name="evaluate")
def evaluate_fixture():
    return evaluate


@pytest.fixture(scope="session", name="names_of")
def names_of_fixture():
    return names_of


@pytest.fixture(scope="session", name="outcome")
def outcome_fixture():
    return outcome


@pytest.fixture(scope="session", name="agree")
def agree_fixture():
    return agree


@pytest.fixture(scope="session", name="describe")
def describe_fixture():
    return describe
