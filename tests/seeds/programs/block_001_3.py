# ruff: noqa: NPY002
"""Augmentation in `map`, then batches made ahead."""

import numpy as np

import feedline.compat.tf as tf

images = np.random.rand(1000, 32, 32, 3)
classes = np.random.randint(0, 10, 1000)

dataset = tf.data.Dataset.from_tensor_slices((images, classes))


def augment(image, number):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_brightness(image, max_delta=0.2)
    image = tf.image.convert_image_dtype(image, dtype=tf.float32)
    return image, number


BATCH_SIZE = 32
dataset = dataset.map(augment).batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)

seen = []
for some_images, some_classes in dataset:
    seen.append((some_images, some_classes))
