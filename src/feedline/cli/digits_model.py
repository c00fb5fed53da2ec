"""The pipeline and the model of `feedline demo`. `keras` is imported by `build_model`, once its backend is chosen."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import feedline as fl
from feedline.cli.digits import CLASSES
from feedline.errors import ArgumentError, MissingPackageError

BATCH_SIZE = 64
_BACKENDS = ("jax", "torch", "tensorflow")

_FEATURES = {
    "image": fl.io.FixedLenFeature([], fl.string),
    "label": fl.io.FixedLenFeature([], fl.int64),
}


def choose_backend() -> str:
    """Returns the backend that Keras will use: the user's choice, or the first that is installed.

    Raises:
        MissingPackageError: Keras, or every backend, is missing.
        ArgumentError: the user's choice is a backend that cannot train.
    """
    if importlib.util.find_spec("keras") is None:
        raise MissingPackageError.of("keras", "feedline demo", "keras jax")
    if "KERAS_BACKEND" not in os.environ:
        installed = [name for name in _BACKENDS if importlib.util.find_spec(name) is not None]
        if not installed:
            raise MissingPackageError.of("JAX, PyTorch or TensorFlow", "feedline demo", "jax")
        os.environ["KERAS_BACKEND"] = installed[0]
    backend = os.environ["KERAS_BACKEND"]
    if backend not in _BACKENDS:
        raise ArgumentError(
            f"KERAS_BACKEND is {backend!r}, with which the demo cannot train.",
            fix=f"Set it to one of {', '.join(_BACKENDS)}, or not at all.",
        )
    if importlib.util.find_spec(backend) is None:
        raise MissingPackageError.of(backend, f"KERAS_BACKEND={backend}")
    return backend


def parse(record: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns image (8, 8, 1), float32 of 0..1, and label of a serialised Example."""
    features = fl.io.parse_single_example(record, _FEATURES)
    image = fl.io.decode_png(features["image"], channels=1)
    return fl.image.convert_image_dtype(image, fl.float32), features["label"]


def augment(image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the image moved by up to a pixel, with another contrast and brightness."""
    image = fl.image.resize_with_crop_or_pad(image, 10, 10)
    image = fl.image.random_crop(image, (8, 8, 1))
    image = fl.image.random_contrast(image, 0.8, 1.2)
    return np.clip(fl.image.random_brightness(image, 0.1), 0.0, 1.0), label


def training_dataset(files: list[Path]) -> fl.Dataset:
    """Returns the shuffled, augmented batches of the records in `files`."""
    return (
        fl.TFRecordDataset(files)
        .map(parse, num_parallel_calls=fl.AUTOTUNE)
        .cache()
        .shuffle(2_000)
        .map(augment, num_parallel_calls=fl.AUTOTUNE)
        .batch(BATCH_SIZE)
        .prefetch(fl.AUTOTUNE)
    )


def test_dataset(files: list[Path]) -> fl.Dataset:
    """Returns the batches of the records in `files`, in their order."""
    return fl.TFRecordDataset(files).map(parse, num_parallel_calls=fl.AUTOTUNE).batch(256).prefetch(fl.AUTOTUNE)


@contextlib.contextmanager
def _without_greetings() -> Iterator[None]:
    """Keeps off the terminal what TensorFlow's libraries say while they are loaded; errors are exceptions."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def build_model(seed: int) -> Any:
    """Returns a compiled convolutional network for images (8, 8, 1)."""
    with _without_greetings():
        import keras

    # keras.utils.set_random_seed would import TensorFlow wherever it is installed, whatever the backend.
    random.seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
