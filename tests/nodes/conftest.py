"""How a transformation is compared with tf.data's: the same function builds a dataset with either library."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import feedline as fl

MOST = 60
"""How many elements are looked at: some datasets have no end."""


def plain(value: Any, dtypes: bool = False) -> Any:
    """Returns an element as Python's own values; with dtypes, an array is (dtype, values)."""
    if isinstance(value, tuple):
        parts = [plain(part, dtypes) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, dict):
        return {key: plain(value[key], dtypes) for key in sorted(value)}
    if value is None or isinstance(value, bytes):
        return value
    if hasattr(value, "__tf_flatten__"):
        return (type(value).__name__, *(plain(part, dtypes) for part in value.__tf_flatten__()[1]))
    if hasattr(value, "element_spec"):
        return [plain(element, dtypes) for element in itertools.islice(value, MOST)]
    if hasattr(value, "row_splits"):
        splits = np.asarray(value.row_splits).dtype
        rows = value.to_list()
        return ("ragged", str(value.dtype.name), str(splits), rows) if dtypes else rows
    if hasattr(value, "dense_shape"):
        return tuple(plain(part, dtypes) for part in (value.indices, value.values, value.dense_shape))
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, bytes):
        return value
    array = np.asarray(value)
    return (array.dtype.str, array.shape, array.tolist()) if dtypes else array.tolist()


def plain_spec(spec: Any) -> Any:
    """Returns a spec of either library as a text."""
    if isinstance(spec, tuple):
        return tuple(plain_spec(part) for part in spec)
    if isinstance(spec, dict):
        return {key: plain_spec(spec[key]) for key in sorted(spec)}
    if spec is None or type(spec).__name__ == "NoneTensorSpec":
        return None
    if hasattr(spec, "__tf_flatten__"):
        return tuple(plain_spec(part) for part in spec.__tf_flatten__()[1])
    if hasattr(spec, "element_spec"):
        return ("dataset", plain_spec(spec.element_spec))
    shape = spec.shape
    if hasattr(shape, "as_list"):
        shape = None if shape.rank is None else tuple(shape.as_list())
    kind = type(spec).__name__ if getattr(spec, "ragged_rank", 1) else "TensorSpec"
    dtype = "string" if spec.dtype == object else spec.dtype.name
    return (kind, shape, dtype)


@pytest.fixture
def listed() -> Callable[[Any], list]:
    """Returns what lists the elements of a dataset as Python's own values."""
    return lambda dataset: [plain(element) for element in itertools.islice(dataset, MOST)]


@pytest.fixture
def tensorflow() -> Any:
    """Returns tf.data by the names that feedline has."""
    tf = pytest.importorskip("tensorflow")
    return SimpleNamespace(
        tf=tf,
        Dataset=tf.data.Dataset,
        TensorSpec=tf.TensorSpec,
        RaggedTensorSpec=tf.RaggedTensorSpec,
        AUTOTUNE=tf.data.AUTOTUNE,
        Options=tf.data.Options,
        string=tf.string,
        cast=tf.cast,
        ragged=tf.RaggedTensor.from_row_lengths,
        size=tf.size,
    )


def feedline() -> Any:
    """Returns what the functions of the tables take as the library."""
    return SimpleNamespace(
        Dataset=fl.Dataset,
        TensorSpec=fl.TensorSpec,
        RaggedTensorSpec=fl.RaggedTensorSpec,
        AUTOTUNE=fl.AUTOTUNE,
        Options=fl.Options,
        string=fl.string,
        cast=fl.cast,
        ragged=fl.RaggedTensor.from_row_lengths,
        size=lambda array: np.int32(np.size(array)),
    )


@pytest.fixture
def ours() -> Any:
    """Returns feedline by the same names."""
    return feedline()


@pytest.fixture
def agree(tensorflow) -> Callable[..., None]:
    """Returns what checks that both libraries give the same elements, dtypes, specs and cardinality, or both refuse."""

    def outcome(build: Callable[[Any], Any], library: Any) -> tuple[Any, list, Exception | None]:
        dataset, elements = None, []
        try:
            dataset = build(library)
            for element in itertools.islice(dataset, MOST):
                elements.append(plain(element, dtypes=True))
        except Exception as error:
            return dataset, elements, error
        return dataset, elements, None

    def check(build: Callable[[Any], Any], spec: bool = True, cardinality: bool = True) -> None:
        plain_build = tensorflow.tf.autograph.experimental.do_not_convert(build)
        theirs, their_elements, their_error = outcome(plain_build, tensorflow)
        ours, our_elements, our_error = outcome(build, feedline())
        assert our_elements == their_elements
        assert (our_error is None) == (their_error is None), (our_error, their_error)
        if our_error is not None:
            assert isinstance(our_error, fl.errors.FeedlineError), our_error
            return
        if spec and their_elements:  # feedline learns the spec of what a function makes from the first element
            assert plain_spec(ours.element_spec) == plain_spec(theirs.element_spec)
        if cardinality:
            known = int(theirs.cardinality())
            also = len(our_elements) if known == fl.UNKNOWN_CARDINALITY else known  # feedline may know more
            assert ours.cardinality() in (known, also)

    return check
