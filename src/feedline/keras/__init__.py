"""Feedline for Keras 3: `model.fit(ds)`, `evaluate` and `predict` on the JAX, PyTorch and TensorFlow backends.

Importing this package teaches `keras.Model` to take a feedline dataset. `ds.to_keras()` is the same as an object.
"""

from __future__ import annotations

import os

from feedline.errors import MissingPackageError

try:
    import keras as _keras  # noqa: F401
except ModuleNotFoundError as _error:
    if _error.name == "keras":
        raise MissingPackageError.of("keras", "keras", "feedline.keras") from None
    raise MissingPackageError(
        f"keras cannot start: its backend ({os.environ.get('KERAS_BACKEND', 'tensorflow, unless configured')}) needs "
        f"{_error.name}, which is not installed.",
        fix="Set the environment variable KERAS_BACKEND to a backend that is installed (jax, torch or tensorflow) "
        "before keras is imported.",
    ) from _error

from feedline.keras.adapter import DatasetAdapter, to_keras
from feedline.keras.hook import enable
from feedline.keras.wait import DataWait, EpochWait

__all__ = ["DataWait", "DatasetAdapter", "EpochWait", "enable", "to_keras"]

enable()
