# ruff: noqa: NPY002
"""The files of block_002_1 by a plain Python generator of batches; the label is read by `decode_raw`."""

import numpy as np

import feedline.compat.tf as tf

image_paths = [f"data/images/image_{number:03}.png" for number in range(10)]
label_paths = [f"data/labels/label_{number:03}.npy" for number in range(10)]


def read_image(path):
    image = tf.io.read_file(path)
    image = tf.io.decode_png(image, channels=3)
    image = tf.image.convert_image_dtype(image, dtype=tf.float32)
    return tf.image.resize(image, [128, 128])


def read_label(path):
    label = tf.io.read_file(path)
    return tf.io.decode_raw(label, tf.int32)


def batches(image_paths, label_paths, size):
    count = len(image_paths)
    while True:
        order = np.random.permutation(count)
        for first in range(0, count, size):
            chosen = order[first : first + size]
            images = [read_image(path) for path in [image_paths[number] for number in chosen]]
            labels = [read_label(path) for path in [label_paths[number] for number in chosen]]
            yield np.stack(images), np.stack(labels)


generator = batches(image_paths, label_paths, 2)
for number, (images, labels) in enumerate(generator):
    print("images", images.shape)
    print("labels", labels.shape)
    if number == 1:
        break
