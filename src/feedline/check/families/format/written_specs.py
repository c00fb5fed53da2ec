"""The signature that a generator's elements have, as the user would write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedline.errors import FeedlineError
from feedline.ragged import RaggedTensor
from feedline.sources.converter import Converter
from feedline.sparse import SparseTensor
from feedline.spec import TensorSpec, dtype_name, shape_allows, string
from feedline.structure import as_component, component_dtype, component_shape, flatten


def written_signature(elements: Sequence[Any], asked: Any = None) -> str:
    """Returns the signature that all elements have, lengths that differ being None; "" where they have none in common.

    Args:
        elements: as a generator gives them: lists count as arrays.
        asked: the signature that they should have had: what all elements fit is left as it is. None for none.

    Example:
        >>> written_signature([(np.zeros(3), 1), (np.zeros(4), 2)])
        '(fl.TensorSpec((None,), fl.float64), fl.TensorSpec((), fl.int32))'
        >>> written_signature([{"size": 2.5}], {"size": TensorSpec((), "int32")})
        '{"size": fl.TensorSpec((), fl.float32)}'
    """
    if not elements:
        return ""
    treedef = flatten(elements[0])[1]
    columns: list[list[Any]] = [[] for _ in range(treedef.num_leaves)]
    for element in elements:
        leaves, tree = flatten(element)
        if tree != treedef:
            return ""
        for column, leaf in zip(columns, leaves, strict=True):
            column.append(leaf)
    wanted: list[Any] = [None] * len(columns)
    if asked is not None and flatten(asked)[1] == treedef:
        wanted = flatten(asked)[0]
    try:
        specs = [_spec(column, spec) for column, spec in zip(columns, wanted, strict=True)]
    except (FeedlineError, ValueError, TypeError):
        return ""
    return "" if None in specs else _written(treedef.unflatten(specs))


def _spec(values: list[Any], asked: Any) -> str | None:
    arrays = [as_component(value) for value in values]
    if any(isinstance(array, RaggedTensor | SparseTensor) for array in arrays):
        return None
    shapes = [component_shape(array) for array in arrays]
    if len({len(shape) for shape in shapes}) != 1:
        return None
    shape: Any = tuple(axis[0] if len(set(axis)) == 1 else None for axis in zip(*shapes, strict=True))
    dtype = _dtype(values, arrays, asked)
    if isinstance(asked, TensorSpec) and all(shape_allows(asked.shape, each) for each in shapes):
        shape = asked.shape
    return None if dtype is None else f"fl.TensorSpec({shape}, fl.{dtype_name(dtype)})"


def _dtype(values: list[Any], arrays: list[Any], asked: Any) -> np.dtype | None:
    """Returns the dtype that was asked for, where that holds all values; else the one that does."""
    if isinstance(asked, TensorSpec):
        convert = Converter(TensorSpec(None, asked.dtype), "it", True)
        try:
            for value in values:
                convert(value)
            return asked.dtype
        except FeedlineError:
            pass
    dtypes = {component_dtype(array) for array in arrays}
    if string in dtypes:
        return string if len(dtypes) == 1 else None
    return np.result_type(*dtypes)


def _written(structure: Any) -> str:
    if isinstance(structure, dict):
        return "{" + ", ".join(f'"{key}": {_written(value)}' for key, value in structure.items()) + "}"
    if isinstance(structure, tuple):
        inside = ", ".join(map(_written, structure))
        return f"({inside},)" if len(structure) == 1 else f"({inside})"
    return str(structure)
