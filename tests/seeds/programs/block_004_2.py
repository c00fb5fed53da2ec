# ruff: noqa: NPY002
"""Batches of images that OpenCV reads and resizes in a generator."""

import cv2
import numpy as np

import feedline.compat.tf as tf


def batches(image_paths, labels, size, img_size=(64, 64)):
    order = np.arange(len(image_paths))
    np.random.shuffle(order)
    for first in range(0, len(image_paths), size):
        chosen = order[first : first + size]
        images = []
        for number in chosen:
            image = cv2.imread(image_paths[number])
            image = cv2.resize(image, img_size)
            images.append(image / 255.0)
        yield np.array(images), np.array(labels[chosen])


image_paths = [f"images/{number}.png" for number in range(10)]
labels = np.arange(10) % 3
batch_size = 4

dataset = tf.data.Dataset.from_generator(
    lambda: batches(image_paths, labels, batch_size),
    output_signature=(
        tf.TensorSpec(shape=(None, 64, 64, 3), dtype=tf.float32),
        tf.TensorSpec(shape=(None,), dtype=tf.int32),
    ),
)
dataset = dataset.prefetch(tf.data.AUTOTUNE)

seen = []
for some_images, some_labels in dataset:
    seen.append((some_images, some_labels))
