"""What TensorFlow keeps of a batch is never changed, and takes no copy where TensorFlow allows it."""

from __future__ import annotations

import os

import numpy as np
import pytest

import feedline as fl

tf = pytest.importorskip("tensorflow")
os.environ.setdefault("KERAS_BACKEND", "jax")
pytest.importorskip("keras")

X = np.arange(640 * 24 * 32, dtype=np.float32).reshape(640, 24, 32)


def dataset(calls: int | None) -> fl.Dataset:
    return fl.Dataset.from_tensor_slices(X).map(lambda row: row + 1, num_parallel_calls=calls).batch(64).prefetch(3)


@pytest.mark.parametrize("calls", [None, 4])
@pytest.mark.parametrize(
    "keep",
    [
        tf.convert_to_tensor,
        tf.constant,
        tf.Variable,
        lambda batch: tf.experimental.dlpack.from_dlpack(batch.__dlpack__()),
    ],
    ids=["convert_to_tensor", "constant", "Variable", "dlpack"],
)
def test_tensors_of_batches(calls, keep) -> None:
    kept = []
    for _ in range(3):
        for number, batch in enumerate(dataset(calls)):
            if number % 3:
                kept.append((number, keep(batch)))
    assert len(kept) >= 18
    for number, tensor in kept:
        np.testing.assert_array_equal(tensor.numpy(), X[number * 64 :][:64] + 1)


@pytest.mark.parametrize("calls", [None, 4])
def test_what_a_dataset_of_tensorflow_gives(calls) -> None:
    source = fl.keras.to_keras(dataset(calls))
    kept = []
    for _ in range(3):
        for number, batch in enumerate(source.get_tf_dataset()):
            if number % 3:
                kept.append((number, batch, batch[3:5]))
    assert len(kept) >= 18
    for number, batch, rows in kept:
        np.testing.assert_array_equal(batch.numpy(), X[number * 64 :][:64] + 1)
        np.testing.assert_array_equal(rows.numpy(), X[number * 64 :][3:5] + 1)


def test_dlpack_takes_the_memory_as_it_is() -> None:
    for batch in dataset(4):
        tensor = tf.experimental.dlpack.from_dlpack(batch.__dlpack__())
        batch[0, 0, 0] = -1
        assert float(tensor[0, 0, 0]) == -1
