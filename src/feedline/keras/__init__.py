"""Feedline for Keras 3: `model.fit(ds)`, `evaluate` and `predict` on the JAX, PyTorch and TensorFlow backends.

Importing this package teaches `keras.Model` to take a feedline dataset. `ds.to_keras()` is the same as an object. The
dataset helpers of `keras.utils` are here under their names, and need no TensorFlow.
"""

from __future__ import annotations

import os

from feedline.errors import MissingPackageError

try:
    import keras as _keras  # noqa: F401
except ModuleNotFoundError as _error:
    if _error.name == "keras":
        raise MissingPackageError.of("keras", "feedline.keras", "keras jax") from None
    raise MissingPackageError(
        f"keras cannot start: its backend ({os.environ.get('KERAS_BACKEND', 'tensorflow, unless configured')}) needs "
        f"{_error.name}, which is not installed.",
        fix="Set the environment variable KERAS_BACKEND to a backend that is installed (jax, torch or tensorflow) "
        f"before keras is imported, or pip install {_error.name}.",
    ) from _error

from feedline.keras.adapter import DatasetAdapter, to_keras
from feedline.keras.audio_dataset import audio_dataset_from_directory
from feedline.keras.dense import Pad
from feedline.keras.hook import enable
from feedline.keras.image_dataset import image_dataset_from_directory
from feedline.keras.pad_sequences import pad_sequences
from feedline.keras.split_dataset import split_dataset
from feedline.keras.text_dataset import text_dataset_from_directory
from feedline.keras.timeseries_dataset import timeseries_dataset_from_array
from feedline.keras.wait import DataWait, EpochWait

__all__ = [
    "DataWait",
    "DatasetAdapter",
    "EpochWait",
    "Pad",
    "audio_dataset_from_directory",
    "enable",
    "image_dataset_from_directory",
    "pad_sequences",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_keras",
]

enable()
