# ruff: noqa: NPY002
"""A generator of single elements, in batches."""

import numpy as np

import feedline.compat.tf as tf


def elements():
    for _ in range(1000):
        image = np.random.rand(32, 32, 3)
        number = np.random.randint(0, 10)
        yield image, number


dataset = tf.data.Dataset.from_generator(
    elements,
    output_signature=(
        tf.TensorSpec(shape=(32, 32, 3), dtype=tf.float64),
        tf.TensorSpec(shape=(), dtype=tf.int32),
    ),
)

BATCH_SIZE = 32
dataset = dataset.batch(BATCH_SIZE)

seen = []
for some_images, some_classes in dataset:
    seen.append((some_images, some_classes))
