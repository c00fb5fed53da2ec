"""Ragged and sparse tensors as arrays of JAX."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from feedline.errors import DtypeError
from feedline.jax.integers import check_integers
from feedline.ragged import RaggedTensor
from feedline.sparse import SparseTensor


def arrays_of(component: RaggedTensor | SparseTensor, device: Any = None, name: str = "a tensor") -> Any:
    """Returns a ragged tensor as (values, row_splits), a sparse one as `jax.experimental.sparse.BCOO`.

    Args:
        component: of numbers.
        device: where the arrays are wanted; None for JAX's default device.
        name: the component's name for messages.

    Raises:
        DtypeError: it is strings, or an integer does not fit the 32 bits that JAX has for it.
    """
    if component.dtype == object:
        raise DtypeError(f"{name} is strings, and JAX has none.", fix="Map the strings to numbers.")
    if isinstance(component, SparseTensor):
        from jax.experimental.sparse import BCOO

        values, indices = _put(component.values, device, name), _put(component.indices, device, name)
        return BCOO((values, indices), shape=component.shape)
    inner = component.values
    values = arrays_of(inner, device, name) if isinstance(inner, RaggedTensor) else _put(inner, device, name)
    return values, _put(component.row_splits, device, name)


def _put(array: np.ndarray, device: Any, name: str) -> jax.Array:
    check_integers(array, name)
    return jax.device_put(array, device)
