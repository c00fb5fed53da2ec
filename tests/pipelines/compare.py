"""How the elements and specs of the two libraries are compared."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from pipelines.elements import parts_of

import feedline as fl

MOST = 40
"""How many elements of a pipeline are compared at the most."""


def plain(value: Any) -> Any:
    """Returns an element of either library as NumPy arrays, with what else it is made of told in tuples."""
    parts = parts_of(value)
    if parts is not None:
        names = tuple(sorted(value)) if isinstance(value, dict) else ()
        return (type(value).__name__, names, *(plain(part) for part in parts))
    if value is None or isinstance(value, bytes):
        return value
    if hasattr(value, "element_spec"):
        return ("dataset", *(plain(element) for element in itertools.islice(value, MOST)))
    if hasattr(value, "row_splits"):
        return ("ragged", plain(value.values), plain(value.row_splits))
    if hasattr(value, "dense_shape"):
        return ("sparse", plain(value.indices), plain(value.values), plain(value.dense_shape))
    if hasattr(value, "numpy"):
        value = value.numpy()
        return value if isinstance(value, bytes) else plain(value)
    array = np.asarray(value)
    return array.dtype.str, array.shape, array.tolist()


def same(theirs: Any, ours: Any) -> None:
    """Asserts that two elements, made plain, are alike; NaN is like NaN."""
    assert repr(ours) == repr(theirs), f"tf.data: {theirs!r:.1500}\nfeedline: {ours!r:.1500}"


def same_spec(theirs: Any, ours: Any, exact: bool) -> None:
    """Asserts that feedline's spec is TensorFlow's, or, unless exact, that it allows no more than TensorFlow's."""
    said = f"tf.data: {theirs}\nfeedline: {ours}"
    parts = parts_of(theirs)
    kind = type(theirs).__name__
    if parts is not None:
        assert type(ours) is type(theirs), said
        for a, b in zip(parts, parts_of(ours), strict=True):
            same_spec(a, b, exact)
    elif kind == "NoneTensorSpec":
        assert ours is None, said
    elif kind == "DatasetSpec":
        assert isinstance(ours, fl.spec.DatasetSpec), said
        same_spec(theirs.element_spec, ours.element_spec, exact)
    else:
        if kind == "TensorSpec" and not exact and getattr(ours, "ragged_rank", None) == 0:
            ours = fl.TensorSpec(ours.shape, ours.dtype)  # a row of a ragged tensor, which is an array
        assert type(ours).__name__ == kind, said
        dtype = theirs.dtype
        assert ours.dtype == (object if dtype.name == "string" else dtype.as_numpy_dtype), said
        if kind == "RaggedTensorSpec":
            assert ours.ragged_rank == theirs.ragged_rank, said
            assert ours.row_splits_dtype == theirs.row_splits_dtype.as_numpy_dtype, said
            theirs, shape = theirs._shape, ours.shape
        else:
            theirs, shape = theirs.shape, ours.shape
        if exact:
            assert shape == (None if theirs.rank is None else tuple(theirs)), said
        else:
            assert theirs.is_compatible_with(shape), said
