# ruff: noqa: NPY002
"""Batches of images that OpenCV reads in a pool of processes, which the generator closes when it comes to its end."""

import multiprocessing as mp
import sys

import cv2
import numpy as np

import feedline.compat.tf as tf


def read_one(path):
    image = cv2.imread(path)
    image = cv2.resize(image, (64, 64))
    return image / 255.0


def batches(image_paths, labels, size, processes=2):
    pool = mp.Pool(processes=processes)
    order = np.arange(len(image_paths))
    np.random.shuffle(order)
    for first in range(0, len(image_paths), size):
        chosen = order[first : first + size]
        some_labels = labels[chosen]
        images = pool.map(read_one, [image_paths[number] for number in chosen])
        yield np.array(images), np.array(some_labels)
    pool.close()
    pool.join()


image_paths = [f"images/{number}.png" for number in range(10)]
labels = np.arange(10) % 3
batch_size = 2

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
    if len(seen) == int(sys.argv[1]):
        break
