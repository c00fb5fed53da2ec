"""Integers that JAX would cut."""

from __future__ import annotations

import jax
import numpy as np

from feedline.errors import DtypeError


def check_integers(array: np.ndarray | np.generic, name: str) -> None:
    """Checks that JAX keeps the values of an array of integers.

    JAX has no 64-bit integers unless told to: it cuts them to 32 bits without a word.

    Args:
        array: an array of any dtype.
        name: its name.

    Raises:
        DtypeError: a value does not fit what JAX makes of the dtype.

    Example:
        >>> check_integers(np.array([1, 2]), "y")
    """
    if array.dtype.kind not in "iu":
        return
    kept = jax.dtypes.canonicalize_dtype(array.dtype)
    if kept.itemsize == array.dtype.itemsize or not array.size:
        return
    fits = np.iinfo(kept)
    lowest, highest = array.min(), array.max()
    if lowest < fits.min or highest > fits.max:
        raise DtypeError(
            f"{name}, of dtype {array.dtype.name}, has values from {lowest} to {highest}, and JAX would cut them to "
            f"{fits.dtype.name}.",
            fix='Map the values to smaller ones, or call jax.config.update("jax_enable_x64", True) at the start of the '
            "program.",
        )
