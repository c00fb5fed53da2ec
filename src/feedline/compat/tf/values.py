"""Values on their way between users and feedline: tensors on the one side, plain NumPy on the other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from feedline import ragged, sparse
from feedline.compat.tf.convert import to_array
from feedline.compat.tf.ragged_tensor import RaggedTensor, as_plain_ragged, as_ragged_value
from feedline.compat.tf.sparse_tensor import SparseTensor, as_plain_sparse
from feedline.compat.tf.tensor import Tensor, as_tensor, plain_array
from feedline.nested import DatasetComponent
from feedline.nodes.arity import CALLS, function_name
from feedline.strings import PackedStrings
from feedline.structure import flatten


def wrapped(value: Any) -> Any:
    """Returns a value of feedline's with tensors in place of arrays, in any structure."""
    kind = type(value)
    if kind is np.ndarray:
        return value.view(Tensor)
    if kind is tuple:
        return tuple([wrapped(part) for part in value])
    if kind is dict:
        return {key: wrapped(part) for key, part in value.items()}
    if kind is bytes or kind is bool or isinstance(value, np.generic):
        return as_tensor(value)
    if kind is int or kind is float:
        return as_tensor(to_array(value))
    if kind is list:
        return [wrapped(part) for part in value]
    if kind is PackedStrings:
        return as_tensor(value.array())
    if isinstance(value, Tensor | RaggedTensor | SparseTensor):
        return value
    if isinstance(value, ragged.RaggedTensor):
        return as_ragged_value(value)
    if isinstance(value, sparse.SparseTensor):
        return SparseTensor(value.indices, value.values, value.dense_shape)
    if isinstance(value, DatasetComponent):
        from feedline.compat.tf.data.dataset import as_dataset

        return as_dataset(value)
    return _each(value, wrapped)


_SIMPLE = {bool, int, float, str, bytes}
"""What lists hold that have nothing to be made plain; they may be long."""


def plain(value: Any) -> Any:
    """Returns a user's value with plain arrays, NumPy scalars and bytes in place of tensors, in any structure."""
    kind = type(value)
    if kind is Tensor:
        return plain_array(value) if value.ndim else plain_array(value)[()]
    if kind is tuple:
        return tuple([plain(part) for part in value])
    if kind is dict:
        return {key: plain(part) for key, part in value.items()}
    if kind is list:
        return value if _SIMPLE.issuperset(map(type, value)) else [plain(part) for part in value]
    if isinstance(value, RaggedTensor):
        return as_plain_ragged(value)
    if isinstance(value, SparseTensor):
        return as_plain_sparse(value)
    if kind is np.ndarray or value is None:
        return value
    return _each(value, plain)


def _each(value: Any, function: Callable[[Any], Any]) -> Any:
    """Returns a structure of another kind, such as a named tuple, with a function of its components in their place.

    What is no structure stays as it is.
    """
    leaves, treedef = flatten(value)
    if len(leaves) == 1 and leaves[0] is value:
        return value
    return treedef.unflatten([function(leaf) for leaf in leaves])


def on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a user's function as feedline calls it: given tensors, its result made plain."""

    @functools.wraps(function, updated=())
    def called(*args: Any) -> Any:
        return plain(function(*[wrapped(value) for value in args]))

    called.__name__ = function_name(function)
    setattr(called, CALLS, function)
    return called


def on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function of feedline's as users call it: given tensors, its result made tensors."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        args = tuple([plain(value) for value in args])
        if kwargs:
            kwargs = {name: plain(value) for name, value in kwargs.items()}
        return wrapped(function(*args, **kwargs))

    return called
