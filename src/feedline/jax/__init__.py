"""Feedline for JAX: `ds.to_jax()` gives arrays, on the CPU without a copy, on other devices ahead of time."""

from __future__ import annotations

from feedline.errors import MissingPackageError

try:
    import jax as _jax  # noqa: F401
except ModuleNotFoundError as _error:
    if _error.name != "jax":
        raise
    raise MissingPackageError.of("jax", "to_jax()") from None

from feedline.jax.batches import JaxBatches
from feedline.jax.composites import arrays_of

__all__ = ["JaxBatches", "arrays_of"]
