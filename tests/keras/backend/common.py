"""What the checks share."""

# ruff: noqa: E402 (what Keras itself imports is noted before feedline is imported)
from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

LOADED_BY_KERAS = set(sys.modules)

import feedline as fl

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 4)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5], [3.0]], np.float32)).astype(np.float32)
CLASSES = (X[:, 0] > 0).astype(np.int64)

if BACKEND == "torch":
    import torch

    torch.set_num_threads(1)


def batches(*parts, size=32, **kwargs):
    """The dataset of these parts, batched."""
    data = parts if len(parts) > 1 else parts[0]
    return fl.Dataset.from_tensor_slices(data).batch(size, **kwargs)


def of_unknown_length(dataset):
    return dataset.filter(lambda *parts: True)


def linear(seed=1, built=True, **kwargs):
    layers = [keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed), **kwargs)]
    model = keras.Sequential([keras.Input((4,)), *layers] if built else layers)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def weights(model):
    return [np.asarray(w) for w in model.get_weights()]


class Seeing(keras.Sequential):
    """A model that keeps a copy of each x that it is given."""

    rows: list

    def _note(self, data):
        x = data[0] if isinstance(data, tuple | list) else data
        self.rows.append(np.array(keras.ops.convert_to_numpy(x)).reshape(-1).tolist())

    def train_step(self, *args):
        self._note(args[-1])
        return super().train_step(*args)

    def test_step(self, *args):
        self._note(args[-1])
        return super().test_step(*args)


def seeing(built=True):
    layers = [keras.layers.Dense(1)]
    model = Seeing([keras.Input((1,)), *layers] if built else layers)
    object.__setattr__(model, "rows", [])
    model.compile("sgd", "mse", run_eagerly=True, jit_compile=False)
    return model


@contextlib.contextmanager
def no_warning():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*(ran out of data|not writable)")
        yield


def flat(rows):
    return [number for row in rows for number in row]


def raises(kind, function, *words):
    try:
        function()
    except kind as error:
        message = str(error)
    else:
        raise AssertionError(f"{kind.__name__} was not raised")
    for word in words:
        assert word in message, f"{word!r} is not in:\n{message}"


def close_to(a, b, tolerance=1e-5):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def classifier(loss="sparse_categorical_crossentropy"):
    start = keras.initializers.GlorotUniform(1)
    layer = keras.layers.Dense(2, activation="softmax", kernel_initializer=start)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
    return model


def iter_of(values):
    yield from values


def quiet():
    """Waits until no worker of a pipeline is left; fails where one stays."""
    gc.collect()
    for thread in threading.enumerate():
        if "feedline" in thread.name.lower():
            thread.join(timeout=20)
            assert not thread.is_alive(), thread.name


class StopAt(keras.callbacks.Callback):
    def __init__(self, step, error=None):
        super().__init__()
        self.step, self.error = step, error

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.step:
            if self.error:
                raise self.error
            self.model.stop_training = True


def busy(dataset):
    return dataset.map(lambda x, y: (x + 0, y), num_parallel_calls=2).prefetch(2)


class Clock:
    """A clock that only the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Inline:
    """The least that a dataset must be: no threads, so that the clock moves only where the test says so."""

    def __init__(self, generate, spec, length):
        self.generate, self.element_spec, self.length = generate, spec, length
        self.node = fl.Dataset.range(1).node  # what errors say of the pipeline

    def __iter__(self):
        return self.generate()

    as_numpy_iterator = __iter__

    def cardinality(self):
        return self.length


class SlowStep(keras.callbacks.Callback):
    """Makes each training step three seconds longer."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def on_train_batch_end(self, batch, logs=None):
        self.clock.now += 3
