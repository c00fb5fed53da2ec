# ruff: noqa: NPY002
"""Batches of arrays out of a generator that shuffles."""

import numpy as np

import feedline.compat.tf as tf


def batches(values, classes, size):
    order = np.arange(len(values))
    np.random.shuffle(order)
    for first in range(0, len(values), size):
        chosen = order[first : first + size]
        yield values[chosen], classes[chosen]


data = np.random.rand(1000, 32, 32, 3)
labels = np.random.randint(0, 10, 1000)
batch_size = 32

dataset = tf.data.Dataset.from_generator(
    lambda: batches(data, labels, batch_size),
    output_signature=(
        tf.TensorSpec(shape=(None, 32, 32, 3), dtype=tf.float64),
        tf.TensorSpec(shape=(None,), dtype=tf.int32),
    ),
)
dataset = dataset.prefetch(tf.data.AUTOTUNE)

seen = []
for some_data, some_labels in dataset:
    seen.append((some_data, some_labels))
