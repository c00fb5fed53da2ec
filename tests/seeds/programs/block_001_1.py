# ruff: noqa: NPY002
"""Arrays in batches, in a loop."""

import numpy as np

import feedline.compat.tf as tf

images = np.random.rand(1000, 32, 32, 3)
classes = np.random.randint(0, 10, 1000)

dataset = tf.data.Dataset.from_tensor_slices((images, classes))

BATCH_SIZE = 32
dataset = dataset.batch(BATCH_SIZE)

seen = []
for some_images, some_classes in dataset:
    print(some_images.shape)
    seen.append((some_images, some_classes))
